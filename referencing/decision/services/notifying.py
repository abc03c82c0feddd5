"""Notification with proof: at the first consultation, or by registered letter (A-32, BR-160, BR-179)."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.services.journal import tell
from referencing.decision import notices
from referencing.decision.core.delays import PRESUMPTION, presumed_on
from referencing.decision.enums import DecisionState, Way
from referencing.decision.models import Decision, NotificationProof, RegisteredLetter
from referencing.decision.rules import can_commit, can_decide
from referencing.decision.services.locking import lock_decision

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def open_decision(*, decision_id: UUID, actor: User) -> Decision:
    """Take note of an act, for the organisation: the first time, it is notified to it (A-32). Later, nothing changes.

    Raises Decision.DoesNotExist, or PermissionDenied for who does not commit the organisation.
    """
    decision = lock_decision(decision_id, actor)
    if not can_commit(actor, decision):
        raise PermissionDenied("open_decision")
    if decision.state != DecisionState.SIGNED:
        return decision
    membership = actor.access.memberships[decision.enrolment.product.organisation_id]
    notify(
        decision,
        way=Way.CONSULTATION,
        at=timezone.now(),
        actor=actor,
        person=actor,
        person_quality=str(membership.get_type_display()),
    )
    return decision


@transaction.atomic
def record_letter(
    *, decision_id: UUID, sent_on: date, tracking: str, actor: User, received_on: date | None = None
) -> RegisteredLetter:
    """Keep a registered letter; received, it notifies the act of that day, else the day of presumption will (A-32)."""
    decision = lock_decision(decision_id, actor)
    if not can_decide(actor):
        raise PermissionDenied("record_letter")
    if blockers := find_letter_blockers(decision, sent_on=sent_on, tracking=tracking, received_on=received_on):
        raise TransitionRefused(blockers)
    letter = RegisteredLetter.objects.create(
        decision=decision,
        sent_on=sent_on,
        tracking=tracking.strip(),
        received_on=received_on,
        recorded_by=actor,
        recorded_at=timezone.now(),
    )
    record("decision.record_letter", subject=decision, actor=actor, data={"tracking": letter.tracking})
    if received_on is not None:
        notify(decision, way=Way.RECEIPT, at=_morning(received_on), actor=actor, letter=letter)
    return letter


def find_letter_blockers(
    decision: Decision, *, sent_on: date, tracking: str, received_on: date | None
) -> list[Blocker]:
    blockers = []
    today = timezone.localdate()
    if decision.state != DecisionState.SIGNED:
        blockers.append(Blocker("wrong_state", "Cette décision n’attend pas de notification."))
    if not tracking.strip():
        blockers.append(Blocker("tracking", "Indiquez le numéro de suivi de la lettre.", "#id_tracking"))
    if sent_on > today:
        blockers.append(Blocker("sent_on", "Indiquez une date d’envoi passée.", "#id_sent_on"))
    elif decision.signed_on and sent_on < decision.signed_on:
        blockers.append(Blocker("sent_on", "La lettre part après la signature de l’acte.", "#id_sent_on"))
    if received_on is not None and not sent_on <= received_on <= today:
        blockers.append(
            Blocker("received_on", "La date de réception suit l’envoi et n’est pas à venir.", "#id_received_on")
        )
    return blockers


def presume_notifications(*, at: datetime) -> int:
    """Notify what was sent by registered letter 15 days ago and that nobody consulted since. Returns how many.

    The day is that of the presumption, not of the run: an outage changes nothing. Runs again safely.
    """
    last = timezone.localdate(at) - PRESUMPTION
    due = RegisteredLetter.objects.awaiting().filter(sent_on__lte=last, received_on__isnull=True)
    done = 0
    for letter in due.order_by("sent_on", "pk"):
        with transaction.atomic():
            decision = lock_decision(letter.decision_id, None)
            if decision.state != DecisionState.SIGNED:
                continue  # consulted meanwhile, or an earlier letter of the same act
            notify(decision, way=Way.PRESUMED, at=_morning(presumed_on(letter.sent_on)), actor=None, letter=letter)
            done += 1
    return done


def notify(
    decision: Decision,
    *,
    way: Way,
    at: datetime,
    actor: User | None,
    person: User | None = None,
    person_quality: str = "",
    letter: RegisteredLetter | None = None,
) -> NotificationProof:
    """Write the proof with the transition. The caller has locked the act."""
    proof = NotificationProof(
        decision=decision,
        way=way,
        at=at,
        person=person,
        person_name=person.get_full_name() if person else "",
        person_quality=person_quality,
        letter=letter,
        sha256=decision.sha256,
        recorded_at=timezone.now(),
    )
    workflow.fire(
        decision,
        "notify",
        actor=actor,
        data={"way": way, "person": proof.person_name, "letter": letter.tracking if letter else ""},
        at=at,
    )
    proof.save(force_insert=True)
    if decision.candidature is not None:
        told = {"decision": decision.number, "act": decision.get_kind_display()}
        tell(decision.candidature, "decision_notified", actor=actor, data=told)
    transaction.on_commit(partial(notices.decision_notified, decision))
    return proof


def _morning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
