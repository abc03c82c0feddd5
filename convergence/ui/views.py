"""The component page for staff, confirmation pages, and the pages of errors."""

from __future__ import annotations

from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.decorators import user_passes_test
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse

from convergence.ui import examples
from convergence.ui.chrome import bare_chrome
from convergence.ui.values import Action


@user_passes_test(lambda user: user.is_active and user.is_staff)
def component_list(request: HttpRequest) -> HttpResponse:
    """Every component in every state; posting shows the form refused (422), as real pages do."""
    form = examples.ExampleForm(request.POST or None, request.FILES or None)
    refused = request.method == "POST" and not form.is_valid()
    context = {"form": form, "refused_form": examples.refused_form(), **examples.values()}
    return TemplateResponse(request, "ui/component_list.html", context, status=422 if refused else 200)


def render_confirmation(request: HttpRequest, action: Action, *, cancel_url: str, status: int = 200) -> HttpResponse:
    """The page twin of a confirmation modal: the same sentence, the same button, a way back."""
    return TemplateResponse(request, "ui/confirm.html", {"action": action, "cancel_url": cancel_url}, status=status)


def render_error(request: HttpRequest, status: int, **context: Any) -> HttpResponse:
    """An error page without session or database: brand, what happened, what to do, a code for support."""
    code = structlog.contextvars.get_contextvars().get("request_id", "")
    values = {
        "chrome": bare_chrome(),
        "support_code": code,
        "contact": settings.CONVERGENCE["CONTACT_EMAIL"],
        **context,
    }
    return HttpResponse(render_to_string(f"{status}.html", values), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render_error(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render_error(request, 403, is_csrf=False)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render_error(request, 404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return render_error(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    return render_error(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is too old or cookies are refused; people need to know how to go on, not the technical reason."""
    return render_error(request, 403, is_csrf=True)


def service_unavailable(request: HttpRequest) -> HttpResponse:
    response = render_error(request, 503)
    response["Retry-After"] = "300"
    return response
