"""Suits before the courts, as the ministry records them, and what a judgment does (A-33)."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.enums import CandidatureState
from referencing.candidature.services import standing
from referencing.candidature.services.journal import tell
from referencing.decision import notices
from referencing.decision.enums import DecisionKind, DecisionState, SuitState
from referencing.decision.models import Decision, Suit
from referencing.decision.rules import can_decide
from referencing.decision.selectors.current import BEARING_KINDS
from referencing.decision.services.locking import lock_decision
from referencing.decision.services.remedies import CONTESTABLE_STATES, WAYS, find_return_blockers, send_back

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

STEPS = ("suspend", "reject", "annul", "end")
#: Calendar days before the day of an injunction on which the ministry is reminded.
REMIND_DAYS = 7


@transaction.atomic
def record_suit(
    *, decision_id: UUID, court: str, case_number: str, claimant: str, lodged_on: date, actor: User
) -> Suit:
    """Keep a suit that the ministry was told of. Raises PermissionDenied or TransitionRefused with every reason."""
    decision = lock_decision(decision_id, actor)
    if not can_decide(actor):
        raise PermissionDenied("record_suit")
    blockers = [
        Blocker(name, message, f"#id_{name}")
        for name, value, message in (
            ("court", court, "Indiquez la juridiction."),
            ("case_number", case_number, "Indiquez le numéro de l’affaire."),
            ("claimant", claimant, "Indiquez le requérant."),
        )
        if not value.strip()
    ]
    if decision.state not in CONTESTABLE_STATES:
        blockers.append(Blocker("wrong_state", "Cette décision n’est plus en vigueur."))
    if lodged_on > timezone.localdate():
        blockers.append(Blocker("lodged_on", "Indiquez une date passée.", "#id_lodged_on"))
    if blockers:
        raise TransitionRefused(blockers)
    suit: Suit = Suit(
        decision=decision,
        court=court.strip(),
        case_number=case_number.strip(),
        claimant=claimant.strip(),
        lodged_on=lodged_on,
        recorded_by=actor,
        recorded_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            suit.save(force_insert=True)
    except IntegrityError as error:
        raise TransitionRefused(
            [Blocker("case_number", "Cette affaire est déjà enregistrée.", "#id_case_number")]
        ) from error
    record("suit.record", subject=suit, actor=actor, data={"decision": decision.number})
    return suit


@transaction.atomic
def record_ruling(
    *,
    suit_id: UUID,
    step: str,
    ruling: str,
    ruled_on: date,
    actor: User,
    injunction: str = "",
    injunction_due_on: date | None = None,
) -> Suit:
    """Record what the court said and do it: suspend the act, resume it, annul it (A-33).

    `step` is one of STEPS. An annulled favourable act takes its file with it; what stands in the catalogue is withdrawn by
    the stage that follows. Raises PermissionDenied or TransitionRefused with every reason.
    """
    suit = lock_suit(suit_id, actor)
    decision = suit.decision
    if not can_decide(actor):
        raise PermissionDenied("record_ruling")
    blockers = []
    if step not in STEPS:
        blockers.append(Blocker("step", "Choisissez le sens de la décision de justice.", "#id_step_0"))
    if not ruling.strip():
        blockers.append(Blocker("ruling", "Résumez la décision de justice.", "#id_ruling"))
    if not suit.lodged_on <= ruled_on <= timezone.localdate():
        blockers.append(
            Blocker("ruled_on", "La décision de justice suit la requête et n’est pas à venir.", "#id_ruled_on")
        )
    if injunction.strip() and (injunction_due_on is None or injunction_due_on < ruled_on):
        blockers.append(
            Blocker("injunction_due_on", "Une injonction porte une date d’exécution.", "#id_injunction_due_on")
        )
    if step == "suspend" and decision.state != DecisionState.NOTIFIED:
        blockers.append(Blocker("decision", "Seule une décision notifiée et en vigueur peut être suspendue."))
    if blockers:
        raise TransitionRefused(blockers)
    if injunction.strip():
        suit.injunction, suit.injunction_due_on = injunction.strip(), injunction_due_on
    was_suspended = suit.state == SuitState.SUSPENDED
    workflow.fire(suit, step, actor=actor, ruling=ruling.strip(), on=ruled_on)
    _apply(suit, step, was_suspended=was_suspended, actor=actor)
    transaction.on_commit(partial(notices.court_ruled, suit))
    return suit


def _apply(suit: Suit, step: str, *, was_suspended: bool, actor: User) -> None:
    decision, now = suit.decision, timezone.now()
    reason = f"{suit}{'' if not suit.ruled_on else f', {suit.ruled_on:%d/%m/%Y}'}"
    if step == "suspend":
        workflow.fire(decision, "court_suspend", actor=actor, reason=reason)
    elif step == "annul":
        workflow.fire(decision, "annul", actor=actor, reason=reason, at=now)
        candidature = decision.candidature
        if (
            decision.kind in BEARING_KINDS
            and candidature is not None
            and candidature.state in (CandidatureState.APPROVED, CandidatureState.LISTED)
        ):
            workflow.fire(candidature, "rescind", actor=actor, reason=reason, at=now)
            standing.refresh(candidature)
    elif was_suspended and decision.state == DecisionState.COURT_SUSPENDED:
        others = Suit.objects.filter(decision=decision, state=SuitState.SUSPENDED).exclude(pk=suit.pk)
        if not others.exists():
            workflow.fire(decision, "court_resume", actor=actor, reason=reason)
    if decision.candidature is not None:
        tell(decision.candidature, f"court_{step}", actor=actor, data={"decision": decision.number})


@transaction.atomic
def execute_injunction(*, suit_id: UUID, executed_on: date, actor: User) -> Suit:
    """Say that what the court ordered was done."""
    suit = lock_suit(suit_id, actor)
    if not can_decide(actor):
        raise PermissionDenied("execute_injunction")
    if not suit.injunction or suit.injunction_executed_on:
        raise TransitionRefused([Blocker("wrong_state", "Aucune injonction n’attend d’être exécutée.")])
    if executed_on > timezone.localdate() or (suit.ruled_on and executed_on < suit.ruled_on):
        raise TransitionRefused(
            [
                Blocker(
                    "executed_on", "Indiquez une date passée, postérieure à la décision de justice.", "#id_executed_on"
                )
            ]
        )
    suit.injunction_executed_on = executed_on
    suit.save(update_fields=["injunction_executed_on"])
    record("suit.execute_injunction", subject=suit, actor=actor)
    return suit


def remind_injunctions(*, at: datetime) -> int:
    """Tell the ministry once that the day of an injunction is near, and once that it is past (A-33). Returns how many.

    After an outage both may be due: the later one alone is sent.
    """
    today, count = timezone.localdate(at), 0
    waiting = Suit.objects.to_remind(on=today, days=REMIND_DAYS).order_by("injunction_due_on", "pk")
    for pk in waiting.values_list("pk", flat=True):
        with transaction.atomic():
            locked = Suit.objects.to_remind(on=today, days=REMIND_DAYS).select_related("decision").locked()
            suit = locked.filter(pk=pk).first()
            if suit is None or suit.injunction_due_on is None:
                continue
            is_overdue = suit.injunction_due_on < today
            suit.injunction_reminded_at = suit.injunction_reminded_at or at
            if is_overdue:
                suit.injunction_overdue_at = at
            suit.save(update_fields=["injunction_reminded_at", "injunction_overdue_at"])
            transaction.on_commit(
                partial(notices.injunction_due, suit, due_on=suit.injunction_due_on, is_overdue=is_overdue)
            )
            count += 1
    return count


@transaction.atomic
def resume_file(*, decision_id: UUID, outcome: str, reason: str, actor: User) -> Decision:
    """After a refusal was annulled by a court: the file goes back to the instruction, to the commission or to the minister."""
    decision = lock_decision(decision_id, actor)
    if not can_decide(actor):
        raise PermissionDenied("resume_file")
    blockers = find_return_blockers(decision.candidature)
    if decision.state != DecisionState.ANNULLED or decision.kind not in (DecisionKind.REFUSAL, DecisionKind.LISTING):
        blockers.append(Blocker("wrong_state", "Seul le dossier d’une décision annulée est repris."))
    if outcome not in WAYS:
        blockers.append(Blocker("outcome", "Choisissez où le dossier reprend.", "#id_outcome_0"))
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez pourquoi le dossier est repris.", "#id_reason"))
    if blockers or decision.candidature is None:
        raise TransitionRefused(blockers)
    send_back(decision.candidature, outcome, actor=actor, reason=reason.strip())
    return decision


def lock_suit(suit_id: UUID, actor: User) -> Suit:
    decision = lock_decision(Suit.objects.visible_to(actor).values_list("decision", flat=True).get(pk=suit_id), actor)
    suit: Suit = Suit.objects.locked().get(pk=suit_id)
    suit.decision = decision
    return suit
