"""A remark of the final workbook contested by the editor, judged by the lead (X6, A-20)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import connection_notices as notices
from referencing.candidature.core.workbook import can_take
from referencing.candidature.enums import CampaignState, Ruling, TestResult
from referencing.candidature.models import TestCampaign, TestDispute, TestLine
from referencing.candidature.rules import is_tests_lead
from referencing.candidature.services import standing
from referencing.candidature.services.connection.campaigns import find_contribution_blockers, lock_campaign, move
from referencing.candidature.services.connection.facts import facts_of
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from convergence.accounts.models import User


def is_disputable(line: TestLine) -> bool:
    """A remark, or a result that is not OK, was written there."""
    return line.final_by_id is not None and bool(line.final_remark or line.final_result not in ("", TestResult.OK))


@transaction.atomic
def dispute_line(*, campaign_id: UUID, code: str, reason: str, actor: User) -> TestDispute:
    """Contest what the final workbook says of a line, during the raccordement. Raises TestLine.DoesNotExist."""
    campaign = lock_campaign(campaign_id, actor)
    line: TestLine = campaign.lines.kept().get(code=code)
    now = timezone.now()

    def guard() -> Iterable[Blocker]:
        if not reason.strip():
            yield Blocker("reason", "Dites pourquoi vous contestez cette remarque.", "#id_reason")
        if not is_disputable(line):
            yield Blocker("no_remark", f"{code} ne porte aucune remarque à contester.")
        former = line.disputes.order_by("-disputed_at").first()
        if former and former.judged_at is None:
            yield Blocker("already_disputed", f"La remarque de {code} est déjà contestée.")
        elif former and (former.result, former.remark) == (line.final_result, line.final_remark):
            yield Blocker("already_judged", f"La contestation de cette remarque de {code} est déjà tranchée.")

    move(
        campaign,
        "dispute",
        actor=actor,
        event="tests_line_disputed",
        guard=guard,
        reason=reason.strip(),
        data={"lines": [code]},
        at=now,
    )
    assert line.final_by_id is not None  # noqa: S101 - the guard saw a remark
    dispute = TestDispute.objects.create(
        line=line,
        result=line.final_result,
        remark=line.final_remark,
        remark_by_id=line.final_by_id,
        reason=reason.strip(),
        disputed_by=actor,
        disputed_at=now,
    )
    transaction.on_commit(partial(notices.line_disputed, dispute, campaign))
    return dispute


def may_judge(user: User, dispute: TestDispute) -> bool:
    """A lead, and not whoever wrote the remark."""
    return bool(is_tests_lead(user, dispute)) and user.pk != dispute.remark_by_id


@transaction.atomic
def judge_dispute(*, dispute_id: UUID, ruling: str, note: str, result: str, actor: User) -> TestDispute:
    """Uphold the remark, or lift it with the result that the line then takes; the last one resumes the raccordement.

    Raises PermissionDenied for anybody but a lead and for the author of the remark, TestDispute.DoesNotExist.
    """
    seen = (
        TestDispute.objects.only("line__campaign_id")
        .select_related("line")
        .get(pk=dispute_id, line__campaign__in=TestCampaign.objects.visible_to(actor))
    )
    campaign = lock_campaign(seen.line.campaign_id, actor)
    dispute = TestDispute.objects.select_for_update().get(pk=dispute_id)
    line: TestLine = campaign.lines.with_visuals().get(pk=dispute.line_id)
    if not may_judge(actor, dispute):
        raise PermissionDenied("judge_dispute")
    blockers = find_contribution_blockers(campaign, actor)
    if campaign.state != CampaignState.REMARK_DISPUTED or dispute.judged_at:
        blockers.append(Blocker("wrong_state", "Cette contestation est déjà tranchée."))
    if ruling not in Ruling.values:
        blockers.append(Blocker("ruling", "Choisissez de maintenir ou de lever la remarque.", "#id_ruling"))
    if not note.strip():
        blockers.append(Blocker("note", "Indiquez le motif de la décision.", "#id_note"))
    if ruling == Ruling.OVERTURNED and (not result or not can_take(facts_of(line), result)):
        blockers.append(Blocker("result", "Choisissez le résultat que prend la ligne.", "#id_result"))
    if blockers:
        raise TransitionRefused(blockers)
    now = timezone.now()
    dispute.ruling, dispute.note, dispute.judged_by, dispute.judged_at = ruling, note.strip(), actor, now
    dispute.save(update_fields=["ruling", "note", "judged_by", "judged_at"])
    if ruling == Ruling.OVERTURNED:
        line.final_result, line.final_remark, line.final_by = (
            result,
            note.strip() if result != TestResult.OK else "",
            actor,
        )
        line.version += 1
        line.saved_by, line.saved_at = actor, now
        line.save(update_fields=["final_result", "final_remark", "final_by", "version", "saved_by", "saved_at"])
    tell(
        campaign.candidature,
        "tests_dispute_judged",
        actor=actor,
        subject=dispute,
        reason=note.strip(),
        data={"campaign": campaign.number, "lines": [line.code], "ruling": ruling},
    )
    if not TestDispute.objects.filter(line__campaign=campaign, judged_at__isnull=True).exists():
        workflow.fire(campaign, "settle", actor=actor, at=now)
    standing.refresh(campaign.candidature)
    transaction.on_commit(partial(notices.dispute_judged, dispute, campaign, line))
    return dispute
