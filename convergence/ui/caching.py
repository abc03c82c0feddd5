"""Pages that are the same for everybody who is not logged in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers


def share(request: HttpRequest, response: HttpResponse, *, seconds: int) -> HttpResponse:
    """Let browsers and proxies keep a public page; one that shows the frame of a person stays private (`no-store`)."""
    patch_vary_headers(response, ("Cookie",))
    if not request.user.is_authenticated:
        response["Cache-Control"] = f"public, max-age={seconds}"
    return response
