from __future__ import annotations

from typing import Any

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from convergence.audit.models import AuditEntry


def record(
    action: str,
    *,
    subject: models.Model,
    actor: AbstractBaseUser | None,
    source: str = "",
    target: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one line of the journal in the caller's transaction; `actor=None` is the platform itself (BR-117)."""
    return AuditEntry.objects.create(
        action=action,
        actor_id=actor.pk if actor else None,
        actor_label=str(actor) if actor else "",
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        source=source,
        target=target,
        reason=reason,
        data=data or {},
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
