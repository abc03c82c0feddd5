"""The public page that recognises a document of the platform, or does not (A-37)."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from convergence.trust.core import Answer, Asked, read_asked
from convergence.trust.selectors import find_answer
from convergence.trust.throttle import is_over_limit, seconds_left
from convergence.trust.uploads import UPLOAD_MAX, ForgettingUploadHandler, HashedUpload
from convergence.ui.caching import share
from convergence.ui.views import render_error

SHARED_FOR = 3600  # seconds; the page before any question
PROBLEMS = {
    "missing": "Choisissez le fichier à vérifier.",
    "too_big": "Ce fichier dépasse 64 Mo : aucun document de la plateforme n’est aussi gros.",
    "nothing": "Indiquez la référence ou l’empreinte à vérifier.",
}


# No token: nothing changes, nobody is recognised, and a token would put a cookie and the session into a public page. It
# would also make the middleware read the file before this view says that it must not be kept.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def verification(request: HttpRequest) -> HttpResponse:
    """Ask by reference or hash (GET), or with the file itself when the browser cannot hash it (POST)."""
    is_question = request.method == "POST" or "reference" in request.GET or "empreinte" in request.GET
    if not is_question:
        return share(request, _render(request), seconds=SHARED_FOR)
    now = timezone.now()
    if is_over_limit(get_adapter().get_client_ip(request), at=now):
        response = render_error(request, 429)
        response["Retry-After"] = str(seconds_left(now))
        return response
    if request.method == "POST":
        return _answer_file(request)
    asked = read_asked(request.GET.get("empreinte") or request.GET.get("reference") or "")
    if not asked:
        return _render(request, problem="nothing", status=422)
    return _render(request, asked=asked)


def _answer_file(request: HttpRequest) -> HttpResponse:
    request.upload_handlers = [ForgettingUploadHandler(request)]
    upload = cast("HashedUpload | None", request.FILES.get("fichier"))
    if upload is None:
        return _render(request, problem="missing", status=422)
    if upload.is_too_big:
        return _render(request, problem="too_big", status=422)
    return redirect(f"{reverse('trust:verification')}?{urlencode({'empreinte': upload.sha256})}#answer")


def _render(
    request: HttpRequest,
    *,
    asked: Asked | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    found: Answer | None = find_answer(asked, today=timezone.localdate()) if asked else None
    response = render(
        request,
        "trust/verification.html",
        {
            "asked": asked,
            "answer": found,
            "page_url": reverse("listing:service_detail", args=[*found.page[::-1]]) if found and found.page else "",
            "problem": problem,
            "problem_text": PROBLEMS.get(problem, ""),
            "max_bytes": UPLOAD_MAX,
        },
        status=status,
    )
    if asked:
        response["X-Robots-Tag"] = "noindex"
    return response
