"""Calls of the outside signature provider: authenticated by HMAC, acted on once (BR-030)."""

from __future__ import annotations

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from convergence.documents.providers.base import ProviderError, WebhookRefused
from convergence.kernel.errors import TransitionRefused
from referencing.convention.services import outside_provider, provider_name, receive_provider_event
from referencing.convention.services.handing import YOUSIGN

logger = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def yousign_webhook(request: HttpRequest) -> HttpResponse:
    """204 once understood (also the second time), 403 when it is not the provider, 503 so that it tries again."""
    if provider_name() != YOUSIGN:
        raise Http404("yousign")
    try:
        event = outside_provider().parse_webhook(request.headers, request.body)
    except WebhookRefused:
        return HttpResponse(status=403)
    try:
        receive_provider_event(event)
    except ProviderError as error:
        logger.warning("signature_provider_failed", event_id=event.id, detail=error.detail)
        return HttpResponse(status=503)
    except TransitionRefused as refusal:
        logger.error("signed_document_not_kept", event_id=event.id, reasons=[each.code for each in refusal.blockers])
        return HttpResponse(status=503)
    return HttpResponse(status=204)
