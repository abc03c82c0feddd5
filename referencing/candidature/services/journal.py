"""The file’s timeline: one door for writing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from convergence.audit.services import record
from referencing.candidature.models import Candidature, CandidatureEvent

if TYPE_CHECKING:
    from convergence.accounts.models import User


def tell(
    candidature: Candidature,
    kind: str,
    *,
    actor: User | None,
    internal: bool = False,
    subject: models.Model | None = None,
    criterion: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> CandidatureEvent:
    """Add an event to the timeline and mark the file as changed, in the caller’s transaction.

    With `subject`, also write the journal line `<model>.<kind>` about that row: for what is not a transition, since
    `workflow.fire` writes its own. `internal` events are never shown to the editor.
    """
    now = timezone.now()
    candidature.last_event_at = now
    Candidature.objects.filter(pk=candidature.pk).update(last_event_at=now)
    if subject is not None:
        record(f"{subject._meta.model_name}.{kind}", subject=subject, actor=actor, reason=reason, data=data)
    return CandidatureEvent.objects.create(
        candidature=candidature,
        at=now,
        actor=actor,
        kind=kind,
        is_internal=internal,
        criterion=criterion,
        data={**(data or {}), **({"reason": reason} if reason else {})},
    )
