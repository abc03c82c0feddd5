"""Two habits of every request: agents have a second factor, and refused login forms answer 422."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

#: What an agent without second factor may still open: enrolling, proving who one is, leaving.
ENROLMENT_PAGES = frozenset(
    {
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "account_email_verification_sent",
        "account_confirm_email",
        "account_logout",
        "healthz",
        "readyz",
        "metrics",
    }
)


class SecondFactorMiddleware:
    """Send an agent without second factor to enrolment, whatever the page (domain.md §4 roles, back office)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponseBase | None:
        user = request.user
        if not user.is_authenticated or not user.access.lacks_second_factor:  # type: ignore[union-attr]
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in ENROLMENT_PAGES:
            return None
        return HttpResponseRedirect(reverse("mfa_activate_totp"))


class RefusedFormMiddleware:
    """Answer 422 when a form of the login library is refused, as our own pages do; the library answers 200."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        view = request.resolver_match.func if request.resolver_match else None
        if request.method == "POST" and response.status_code == 200 and _is_library(view):
            form = (response.context_data or {}).get("form")
            if form is not None and form.is_bound and form.errors:
                response.status_code = 422
        return response


def _is_library(view: object) -> bool:
    return getattr(view, "__module__", "").startswith("allauth.")
