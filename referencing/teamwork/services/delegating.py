"""Who answers what, until when, and who is reminded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from convergence.accounts.enums import MembershipState
from convergence.accounts.models import User
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from questionnaires.core import Grid
from questionnaires.models import ORIENTATION
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.enums import EnrolmentState
from referencing.teamwork import notices
from referencing.teamwork.core import Scope
from referencing.teamwork.models import Delegation
from referencing.teamwork.selectors import load_standings
from referencing.teamwork.services.locking import find_enrolment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from referencing.enrolment.models import Enrolment

#: Days before the day on which an answer is expected that its person hears of it again.
SOON_DAYS = 2
#: A day that passed longer ago is nobody's news any more.
LATE_DAYS = 30
BATCH = 500


@transaction.atomic
def delegate(
    *,
    enrolment_id: UUID,
    scope: Scope,
    assignee_id: UUID,
    due_on: date | None,
    actor: User,
    at: datetime,
    message: str = "",
) -> Delegation:
    """Entrust a part of the answers to a colleague, in the place of whoever had it; the colleague is told.

    Raises DoesNotExist, PermissionDenied, TransitionRefused with every reason.
    """
    enrolment = find_enrolment(enrolment_id, actor)
    assignee = User.objects.in_organisation(enrolment.product.organisation).filter(pk=assignee_id).first()
    blockers = list(_find_blockers(enrolment, scope, assignee, due_on, actor, at=at))
    if blockers or assignee is None:
        raise TransitionRefused(blockers)
    same = Delegation.objects.standing().filter(
        enrolment=enrolment, questionnaire=scope.questionnaire, section=scope.section, criterion=scope.criterion
    )
    same.update(ended_at=at, ended_by=actor)
    delegation = Delegation.objects.create(
        enrolment=enrolment,
        questionnaire=scope.questionnaire,
        section=scope.section,
        criterion=scope.criterion,
        assignee=assignee,
        due_on=due_on,
        message=message.strip(),
        created_by=actor,
        created_at=at,
    )
    data = {"part": scope.write(), "assignee": str(assignee), "due_on": due_on.isoformat() if due_on else ""}
    record("delegation.delegate", subject=delegation, actor=actor, data=data)
    if assignee != actor:
        transaction.on_commit(partial(notices.delegated, delegation))
    return delegation


def _find_blockers(
    enrolment: Enrolment, scope: Scope, assignee: User | None, due_on: date | None, actor: User, *, at: datetime
) -> Iterator[Blocker]:
    if locked := policy_for(enrolment, actor).locked_reason:
        yield Blocker("locked", locked)
    if not is_part_of(load_standings([enrolment])[enrolment.pk].grid, scope):
        yield Blocker("unknown_part", "Choisissez une partie des questionnaires de ce produit.", "#id_part")
    if assignee is None:
        message = "Cette personne ne fait pas partie de votre structure, ou n’en fait plus partie."
        yield Blocker("stranger", message, "#id_assignee")
    if due_on is not None and due_on < timezone.localdate(at):
        yield Blocker("past_day", "Choisissez un jour à venir.", "#id_due_on")


def is_part_of(grid: Grid, scope: Scope) -> bool:
    """Whether the grid has this questionnaire, section or criterion; the orientation is entrusted as a whole."""
    if scope.questionnaire == ORIENTATION:
        return not scope.section and not scope.criterion
    for questionnaire in grid.questionnaires:
        if questionnaire.code == scope.questionnaire:
            sections = {section.code for section in questionnaire.sections}
            codes = {criterion.code for criterion in questionnaire.criteria()}
            return scope.section in {"", *sections} and scope.criterion in {"", *codes}
    return False


@transaction.atomic
def end_delegation(*, delegation_id: UUID, actor: User, at: datetime) -> Delegation:
    """Take a part back; ending twice changes nothing. Raises DoesNotExist."""
    delegation = (Delegation.objects.visible_to(actor).select_for_update(of=("self",)).select_related("assignee")).get(
        pk=delegation_id
    )
    if delegation.ended_at is None:
        delegation.ended_at, delegation.ended_by = at, actor
        delegation.save(update_fields=["ended_at", "ended_by"])
        record("delegation.end", subject=delegation, actor=actor, data={"part": delegation.scope.write()})
        if actor != delegation.assignee:
            transaction.on_commit(partial(notices.delegation_ended, delegation, actor=actor))
    return delegation


@transaction.atomic
def remind_delegations(*, at: datetime) -> int:
    """Remind each person once before the day and once after it, for what is not answered yet. Returns how many were told.

    Run by beat; two runs at once remind nobody twice.
    """
    today = timezone.localdate(at)
    soon, oldest = today + timedelta(days=SOON_DAYS), today - timedelta(days=LATE_DAYS)
    due = list(
        Delegation.objects.to_remind(today=today, soon=soon, oldest=oldest)
        .filter(
            enrolment__state=EnrolmentState.ACTIVE,
            assignee__is_active=True,
            assignee__memberships__organisation=F("enrolment__product__organisation"),  # who left is told nothing more
            assignee__memberships__state=MembershipState.ACTIVE,
        )
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("assignee", "created_by", "enrolment__product__organisation", "enrolment__response__definition")
        .defer("enrolment__response__definition__source")
        .order_by("due_on", "pk")[:BATCH]
    )
    standings = load_standings({each.enrolment_id: each.enrolment for each in due}.values())
    told = 0
    for delegation in due:
        standing = standings[delegation.enrolment_id]
        if standing.is_answered(delegation.scope):
            continue
        is_late = delegation.due_on is not None and delegation.due_on < today
        field = "late_reminded_at" if is_late else "soon_reminded_at"
        setattr(delegation, field, at)
        delegation.save(update_fields=[field])
        transaction.on_commit(
            partial(notices.delegation_due, delegation, count=standing.count(delegation.scope), is_late=is_late)
        )
        told += 1
    return told
