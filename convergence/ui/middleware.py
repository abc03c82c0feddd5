"""Maintenance: while the flag file exists (or the setting is on) every page answers 503, health checks excepted."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from convergence.ui.views import service_unavailable

# Probes and styles must go on: a load balancer would otherwise stop the server, and the page would come naked.
OPEN_PREFIXES = ("/healthz", "/readyz", "/metrics")


class MaintenanceMiddleware:
    """`MAINTENANCE = True`, or `touch var/maintenance` (`MAINTENANCE_FILE`) without a restart."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if self._is_on() and not request.path.startswith((*OPEN_PREFIXES, settings.STATIC_URL)):
            return service_unavailable(request)
        return self.get_response(request)

    @staticmethod
    def _is_on() -> bool:
        return bool(settings.MAINTENANCE) or Path(settings.MAINTENANCE_FILE).exists()
