"""What people do around evidence: pins on its pages, and the secret answers that go with a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.kernel.errors import Blocker, TransitionRefused
from questionnaires.grids import compiled_grid
from questionnaires.models import Answer
from questionnaires.services import read_secret
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.enums import OPEN_STATES
from referencing.candidature.models import Candidature, EvidencePin
from referencing.candidature.rules import can_instruct
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.candidature.services.reviewing import UnknownCriterion

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def add_pin(
    *,
    candidature_id: UUID,
    criterion: str,
    sha256: str,
    entry: int | None,
    page: int,
    x: int,
    y: int,
    note: str,
    is_internal: bool,
    actor: User,
) -> EvidencePin:
    """Pin a note on a place of a page (thousandths). In an encrypted container, or on the evidence of an answer that was
    recovered, it stays between agents.

    Raises Candidature.DoesNotExist, UnknownCriterion (no such criterion, or evidence of another), PermissionDenied or
    TransitionRefused.
    """
    candidature = lock_file(candidature_id, actor)
    about = find_criterion(load_criteria(candidature, opened=True), criterion)
    if about is None or all(each.sha256 != sha256 for each in about.evidence):
        raise UnknownCriterion(criterion)
    if not can_instruct(actor, candidature):
        raise PermissionDenied("add_pin")
    blockers = []
    if candidature.state not in OPEN_STATES:
        blockers.append(Blocker("wrong_state", "Cette candidature est close : on n’y pose plus de repère."))
    if not note.strip():
        blockers.append(Blocker("note", "Écrivez la note du repère.", "#id_pin_note"))
    if not (0 <= x <= 1000 and 0 <= y <= 1000):
        blockers.append(Blocker("place", "Une position va de 0 à 1000.", "#id_pin_x"))
    if blockers:
        raise TransitionRefused(blockers)
    pin: EvidencePin = EvidencePin.objects.create(
        candidature=candidature,
        criterion=criterion,
        sha256=sha256,
        entry=entry,
        page=page,
        x=x,
        y=y,
        note=note.strip(),
        is_internal=is_internal or entry is not None or about.recovered is not None,
        author=actor,
        created_at=timezone.now(),
    )
    tell(candidature, "pin_added", actor=actor, internal=pin.is_internal, subject=pin, criterion=criterion)
    return pin


@transaction.atomic
def settle_pin(*, candidature_id: UUID, pin_id: int, actor: User) -> EvidencePin:
    """What the pin points at is settled; asked again, it is not after all. Raises EvidencePin.DoesNotExist too."""
    candidature = lock_file(candidature_id, actor)
    pin = EvidencePin.objects.select_for_update().get(candidature=candidature, pk=pin_id)
    if not can_instruct(actor, candidature):
        raise PermissionDenied("settle_pin")
    if pin.resolved_at is None:
        pin.resolved_at, pin.resolved_by = timezone.now(), actor
    else:
        pin.resolved_at, pin.resolved_by = None, None
    pin.save(update_fields=["resolved_at", "resolved_by"])
    kind = "pin_resolved" if pin.resolved_at else "pin_reopened"
    tell(candidature, kind, actor=actor, internal=pin.is_internal, subject=pin, criterion=pin.criterion)
    return pin


def show_secrets(*, candidature: Candidature, actor: User) -> list[tuple[str, str]]:
    """(label, secret in clear) as they are now, for the file’s experts and the listing team; each is journalled (A-10).

    They are not frozen with the dossier: the editor may change them at any time. Raises PermissionDenied.
    """
    if not can_instruct(actor, candidature):
        raise PermissionDenied("show_secrets")
    response = candidature.enrolment.response
    questions = compiled_grid(response.definition).grid.questions
    given = Answer.objects.filter(response=response, code__in=questions).exclude(secret="").order_by("code")
    return [
        (questions[code].label, read_secret(response=response, question=code, actor=actor))
        for code in given.values_list("code", flat=True)
    ]
