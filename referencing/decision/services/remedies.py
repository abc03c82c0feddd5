"""Remedies before the administration: lodged, answered, or left to silence (T36, T37, A-33, BR-179)."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.errors import UploadRefused
from evidence.services import Examined, keep
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services import standing
from referencing.candidature.services.journal import tell
from referencing.decision import notices
from referencing.decision.core.delays import (
    AppealFacts,
    interrupts,
    last_court_day,
    last_remedy_day,
    silence_day,
)
from referencing.decision.core.kinds import possible_outcomes
from referencing.decision.enums import ANSWERABLE_STATES, AppealKind, AppealState, DecisionState, Outcome
from referencing.decision.models import Appeal, Decision
from referencing.decision.rules import can_commit, can_decide
from referencing.decision.services.locking import lock_decision

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: An act of which the editor may complain.
CONTESTABLE_STATES = [DecisionState.SIGNED, DecisionState.NOTIFIED, DecisionState.COURT_SUSPENDED]
#: Transition of the file that each outcome fires.
WAYS = {Outcome.INSTRUCTION: "resume", Outcome.COMMISSION: "re_examine", Outcome.RECONSIDERED: "reconsider"}


def remedy_limit(decision: Decision) -> date | None:
    """Last day of the first two months; None while the act is not notified, or when it told of no remedy (R.421-5)."""
    notified_on = timezone.localdate(decision.notified_at) if decision.notified_at else None
    return last_remedy_day(notified_on, has_remedies=bool(decision.remedies.strip()))


def court_limit(decision: Decision, appeals: list[Appeal]) -> date | None:
    """Last day to go to court, remedies counted."""
    facts = [AppealFacts(each.lodged_on, each.ended_on) for each in appeals if each.state != AppealState.NEW]
    return last_court_day(remedy_limit(decision), facts)


@transaction.atomic
def lodge_appeal(
    *,
    decision_id: UUID,
    kind: str,
    text: str,
    actor: User,
    lodged_on: date | None = None,
    author_name: str = "",
    upload: Examined | None = None,
) -> Appeal:
    """Lodge a remedy: the editor on the page, today; the ministry for one received by letter, on its day (T36).

    Never refused as late: the row says whether it interrupts the limit to go to court (A-33). Raises Decision.DoesNotExist,
    PermissionDenied, or TransitionRefused with every reason.
    """
    decision = lock_decision(decision_id, actor)
    is_by_letter = bool(can_decide(actor)) and not can_commit(actor, decision)
    if not is_by_letter and not can_commit(actor, decision):
        raise PermissionDenied("lodge_appeal")
    today = timezone.localdate()
    day = (lodged_on if is_by_letter else None) or today
    blockers = find_lodging_blockers(decision, kind=kind, text=text, is_by_letter=is_by_letter)
    if day > today or (decision.signed_on and day < decision.signed_on):
        blockers.append(Blocker("lodged_on", "Indiquez une date passée, postérieure à la décision.", "#id_lodged_on"))
    if is_by_letter and not author_name.strip():
        blockers.append(Blocker("author_name", "Indiquez qui forme le recours.", "#id_author_name"))
    if blockers:
        raise TransitionRefused(blockers)
    document = None
    if upload is not None:
        try:
            document = keep(examined=upload, actor=actor)
        except UploadRefused as refusal:
            raise TransitionRefused(refusal.problems) from refusal
    appeal: Appeal = Appeal(
        decision=decision,
        kind=kind,
        text=text.strip(),
        document=document,
        lodged_by=actor,
        is_by_letter=is_by_letter,
        author_name=author_name.strip() if is_by_letter else actor.get_full_name(),
        lodged_on=day,
        recorded_at=timezone.now(),
        is_interrupting=interrupts(day, remedy_limit(decision)),
        silence_on=silence_day(day),
    )
    workflow.fire(appeal, "lodge", actor=actor, data={"decision": decision.number, "kind": kind})
    if decision.candidature is not None:
        tell(decision.candidature, "appeal_lodged", actor=actor, data={"decision": decision.number})
    transaction.on_commit(partial(notices.appeal_lodged, appeal))
    return appeal


def find_lodging_blockers(decision: Decision, *, kind: str, text: str, is_by_letter: bool) -> list[Blocker]:
    blockers = []
    states = CONTESTABLE_STATES if is_by_letter else CONTESTABLE_STATES[1:]
    if decision.state not in states:
        blockers.append(Blocker("wrong_state", "Cette décision ne peut pas faire l’objet d’un recours."))
    if kind not in AppealKind.values:
        blockers.append(Blocker("kind", "Choisissez la nature du recours.", "#id_kind_0"))
    elif Appeal.objects.open().filter(decision=decision, kind=kind).exists():
        blockers.append(Blocker("open_appeal", "Un recours de cette nature est déjà en cours d’examen.", "#id_kind_0"))
    if not text.strip():
        blockers.append(Blocker("text", "Exposez les motifs du recours.", "#id_text"))
    return blockers


@transaction.atomic
def answer_appeal(*, appeal_id: UUID, outcome: str, answer: str, actor: User) -> Appeal:
    """Answer a remedy, also after a silent rejection, and do what the answer says (T37, A-33).

    Rejected: the act stands. Otherwise it is annulled, and the file goes back to the instruction, to the commission or to
    the minister; for a sanction, the stage above gives back what it took. Raises PermissionDenied or TransitionRefused.
    """
    appeal = lock_appeal(appeal_id, actor)
    decision = appeal.decision
    if not can_decide(actor):
        raise PermissionDenied("answer_appeal")
    now = timezone.now()
    blockers = find_answer_blockers(appeal, outcome=outcome, answer=answer)
    values: dict[str, Any] = {"by": actor, "at": now, "on": timezone.localdate(now), "answer": answer.strip()}
    if outcome == Outcome.REJECTED:
        workflow.fire(appeal, "reject", actor=actor, guard=lambda: blockers, **values)
    else:
        workflow.fire(appeal, "grant", actor=actor, guard=lambda: blockers, outcome=outcome, **values)
        workflow.fire(decision, "annul", actor=actor, reason=f"{appeal.get_kind_display()} accueilli", at=now)
        if outcome in WAYS and decision.candidature is not None:
            send_back(decision.candidature, outcome, actor=actor, reason=answer.strip())
    if decision.candidature is not None:
        tell(
            decision.candidature,
            "appeal_answered",
            actor=actor,
            data={"decision": decision.number, "appeal_outcome": outcome},
        )
    transaction.on_commit(partial(notices.appeal_answered, appeal))
    return appeal


def find_answer_blockers(appeal: Appeal, *, outcome: str, answer: str) -> list[Blocker]:
    blockers = []
    decision = appeal.decision
    if appeal.state not in ANSWERABLE_STATES:
        blockers.append(Blocker("wrong_state", "Ce recours n’attend plus de réponse."))
    if outcome not in possible_outcomes(decision.kind):
        blockers.append(Blocker("outcome", "Choisissez une suite possible pour cette décision.", "#id_outcome_0"))
    elif outcome != Outcome.REJECTED:
        if decision.state not in CONTESTABLE_STATES:
            blockers.append(Blocker("wrong_state", "Cette décision n’est plus en vigueur."))
        if outcome in WAYS:
            blockers += find_return_blockers(decision.candidature)
    if not answer.strip():
        blockers.append(Blocker("answer", "Motivez la réponse au recours.", "#id_answer"))
    return blockers


def find_return_blockers(candidature: Candidature | None) -> list[Blocker]:
    """Why a decided file cannot be taken up again."""
    if candidature is None or candidature.state not in (CandidatureState.REFUSED, CandidatureState.RESCINDED):
        return [Blocker("file", "Le dossier de cette décision ne peut pas être repris.")]
    if Candidature.objects.open().filter(enrolment=candidature.enrolment_id).exclude(pk=candidature.pk).exists():
        return [
            Blocker("open_candidature", "Une autre candidature de ce produit est en cours : elle seule peut avancer.")
        ]
    return []


def send_back(candidature: Candidature, outcome: str, *, actor: User, reason: str) -> None:
    """Take a decided file up again where the outcome says; the caller has locked it and checked."""
    workflow.fire(candidature, WAYS[Outcome(outcome)], actor=actor, reason=reason)
    tell(candidature, f"sent_back_{outcome}", actor=actor)
    standing.refresh(candidature)


@transaction.atomic
def withdraw_appeal(*, appeal_id: UUID, actor: User) -> Appeal:
    """The editor gives its remedy up."""
    appeal = lock_appeal(appeal_id, actor)
    workflow.fire(appeal, "withdraw", actor=actor, on=timezone.localdate())
    transaction.on_commit(partial(notices.appeal_withdrawn, appeal))
    return appeal


def reject_silent(*, at: datetime) -> int:
    """Reject what was left two months without an answer, on the day when silence said so. Runs again safely (A-33)."""
    done = 0
    due = Appeal.objects.silent(on=timezone.localdate(at)).order_by("silence_on", "pk").values_list("pk", flat=True)
    for appeal_id in due:
        with transaction.atomic():
            appeal = lock_appeal(appeal_id, None)
            if appeal.state != AppealState.LODGED:
                continue  # answered meanwhile
            workflow.fire(appeal, "reject_silently", actor=None, on=appeal.silence_on)
            transaction.on_commit(partial(notices.appeal_silently_rejected, appeal))
            done += 1
    return done


def lock_appeal(appeal_id: UUID, actor: User | None) -> Appeal:
    """The remedy that the actor may see (any for the system), locked after its file and its act."""
    visible = Appeal.objects.visible_to(actor) if actor else Appeal.objects.all()
    decision = lock_decision(visible.values_list("decision", flat=True).get(pk=appeal_id), actor)
    appeal: Appeal = Appeal.objects.locked().get(pk=appeal_id)
    appeal.decision = decision
    return appeal
