"""The component page for staff, confirmation pages, and the pages of errors."""

from __future__ import annotations

from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.decorators import user_passes_test
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from convergence.ui import autosave, examples
from convergence.ui.chrome import bare_chrome
from convergence.ui.values import Action


@user_passes_test(lambda user: user.is_active and user.is_staff)
def component_list(request: HttpRequest) -> HttpResponse:
    """Every component in every state; posting shows the form refused (422), as real pages do."""
    form = examples.ExampleForm(request.POST or None, request.FILES or None)
    refused = request.method == "POST" and not form.is_valid()
    context = {
        "form": form,
        "refused_form": examples.refused_form(),
        "answer": request.session.get("ui_answer", {"version": 1, "text": ""}),
        **examples.values(),
    }
    return TemplateResponse(request, "ui/component_list.html", context, status=422 if refused else 200)


@require_POST
@user_passes_test(lambda user: user.is_active and user.is_staff)
def component_autosave(request: HttpRequest) -> HttpResponse:
    """The other end of the autosave example: one answer kept in the session, a stale version refused with both texts."""
    answer = request.session.get("ui_answer", {"version": 1, "text": ""})
    text = "\n".join(autosave.changed_fields(request).get("text", [""]))
    status, html = 200, ""
    if request.POST.get("text-version") != str(answer["version"]):
        values = {"label": "Votre réponse", "theirs": answer["text"], "mine": text, "actor": "une autre page"}
        status, html = 409, render_to_string("components/conflict.html", {**values, "at": timezone.now()})
    else:
        answer = {"version": answer["version"] + 1, "text": text}
        request.session["ui_answer"] = answer
        html = format_html('<p id="autosave-length" hx-swap-oob="true">{} caractères enregistrés</p>', len(text))
    return autosave.saved(at=timezone.now(), versions={"text-version": answer["version"]}, html=html, status=status)


def render_confirmation(request: HttpRequest, action: Action, *, cancel_url: str, status: int = 200) -> HttpResponse:
    """The page twin of a confirmation modal: the same sentence, the same button, a way back."""
    return TemplateResponse(request, "ui/confirm.html", {"action": action, "cancel_url": cancel_url}, status=status)


def render_error(request: HttpRequest, status: int, *, is_bare: bool = False, **values: Any) -> HttpResponse:
    """What happened, what to do, a code for support; around it the person's own frame when there is one.

    With `is_bare` neither session nor database is touched: for pages whose cause may be just that.
    """
    values["support_code"] = structlog.contextvars.get_contextvars().get("request_id", "")
    values["contact"] = settings.CONVERGENCE["CONTACT_EMAIL"]
    if is_bare or not hasattr(request, "user"):
        return HttpResponse(render_to_string(f"{status}.html", {"chrome": bare_chrome(), **values}), status=status)
    return render(request, f"{status}.html", values, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render_error(request, 400, is_bare=True)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render_error(request, 403, is_csrf=False)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render_error(request, 404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return render_error(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    return render_error(request, 500, is_bare=True)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is too old or cookies are refused; people need to know how to go on, not the technical reason."""
    return render_error(request, 403, is_csrf=True)


def service_unavailable(request: HttpRequest) -> HttpResponse:
    response = render_error(request, 503, is_bare=True)
    response["Retry-After"] = "300"
    return response
