"""Addresses for the machines that watch: alive, ready, figures."""

import hmac
import os
import sys
from collections.abc import Callable
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from kombu.exceptions import KombuError

from convergence.ui import views


def check_database() -> None:
    """One round trip with the application's own role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_broker() -> None:
    """Reach the broker; the folder broker has to be writable."""
    if settings.CELERY_BROKER_URL == "filesystem://":
        folder = settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"]
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(f"{folder} is not writable")
        return
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=3)


def check_storage() -> None:
    """Write and delete a few bytes in the private file storage."""
    name = default_storage.save(f"readiness/{uuid4()}", ContentFile(b"ready"))
    default_storage.delete(name)


FAILURES = (DatabaseError, OSError, KombuError, BotoCoreError, ClientError)
CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "storage": check_storage,
}


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, broker and storage work, else 503 with the parts that do not (no detail for strangers)."""
    parts = {}
    for name, check in CHECKS.items():
        try:
            check()
        except FAILURES:
            parts[name] = "unavailable"
        else:
            parts[name] = "ok"
    ready = set(parts.values()) == {"ok"}
    return JsonResponse({"status": "ready" if ready else "unavailable", "parts": parts}, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures for who holds `METRICS_TOKEN`; without a token the page does not exist."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 with a time to try again when the database is away: monitoring must tell the two apart."""
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, OperationalError):
            return views.service_unavailable(request)
        error = error.__cause__ or error.__context__
    return views.server_error(request)
