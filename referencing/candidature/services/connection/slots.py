"""Slots of raccordement: one side proposes, the other books; either may cancel (X5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import connection_notices as notices
from referencing.candidature.enums import SLOT_STATES
from referencing.candidature.models import TestCampaign, TestSlot
from referencing.candidature.rules import can_fill_tests, is_tests_team
from referencing.candidature.services import standing
from referencing.candidature.services.connection.campaigns import find_contribution_blockers, lock_campaign
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from convergence.accounts.models import User


def is_of_editor(user: User, campaign: TestCampaign) -> bool:
    """Which side the person speaks for. Raises PermissionDenied for whoever speaks for neither."""
    if can_fill_tests(user, campaign):
        return True
    if is_tests_team(user, campaign):
        return False
    raise PermissionDenied("slots")


def _require_open(campaign: TestCampaign, actor: User) -> list[Blocker]:
    if campaign.state not in SLOT_STATES:
        return [Blocker("wrong_state", "Un créneau se fixe après l’acceptation du dossier de recette.")]
    return find_contribution_blockers(campaign, actor)


def _refuse(blockers: Iterable[Blocker]) -> None:
    if found := list(blockers):
        raise TransitionRefused(found)


def _tell(slot: TestSlot, kind: str, actor: User, reason: str = "") -> None:
    candidature = slot.campaign.candidature
    data = {"campaign": slot.campaign.number, "starts_at": slot.starts_at.isoformat()}
    tell(candidature, kind, actor=actor, subject=slot, reason=reason, data=data)
    standing.refresh(candidature)


@transaction.atomic
def propose_slot(*, campaign_id: UUID, starts_at: datetime, minutes: int, place: str, actor: User) -> TestSlot:
    """Propose a moment to the other side. Raises PermissionDenied, TransitionRefused with every reason."""
    campaign = lock_campaign(campaign_id, actor)
    from_editor, now = is_of_editor(actor, campaign), timezone.now()
    blockers = _require_open(campaign, actor)
    if starts_at <= now:
        blockers.append(Blocker("past", "Ce créneau est passé.", "#id_day"))
    if minutes <= 0:
        blockers.append(Blocker("minutes", "Indiquez une durée.", "#id_minutes"))
    if TestSlot.objects.filter(campaign=campaign, starts_at=starts_at, cancelled_at__isnull=True).exists():
        blockers.append(Blocker("slot_exists", "Ce créneau est déjà proposé.", "#id_day"))
    _refuse(blockers)
    slot = TestSlot.objects.create(
        campaign=campaign,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        place=place.strip(),
        from_editor=from_editor,
        proposed_by=actor,
        proposed_at=now,
    )
    _tell(slot, "tests_slot_proposed", actor)
    transaction.on_commit(partial(notices.slot_proposed, slot))
    return slot


def _lock_slot(slot_id: UUID, actor: User) -> TestSlot:
    """Raises TestSlot.DoesNotExist for a stranger’s."""
    campaigns = TestCampaign.objects.visible_to(actor)
    seen = TestSlot.objects.only("campaign_id").get(pk=slot_id, campaign__in=campaigns)
    campaign = lock_campaign(seen.campaign_id, actor)
    slot = TestSlot.objects.select_for_update().get(pk=slot_id)
    slot.campaign = campaign
    return slot


@transaction.atomic
def book_slot(*, slot_id: UUID, actor: User) -> TestSlot:
    """Book what the other side proposed; the other open proposals fall. Of two who book at once one wins."""
    slot = _lock_slot(slot_id, actor)
    campaign, now = slot.campaign, timezone.now()
    blockers = _require_open(campaign, actor)
    if is_of_editor(actor, campaign) == slot.from_editor:
        blockers.append(Blocker("own_proposal", "L’autre partie réserve le créneau que vous avez proposé."))
    if slot.cancelled_at:
        blockers.append(Blocker("slot_cancelled", "Ce créneau n’est plus proposé."))
    elif slot.booked_at:
        blockers.append(Blocker("slot_booked", "Ce créneau est déjà réservé."))
    elif slot.starts_at <= now:
        blockers.append(Blocker("past", "Ce créneau est passé : proposez-en un autre."))
    _refuse(blockers)
    slot.booked_by, slot.booked_at = actor, now
    slot.save(update_fields=["booked_by", "booked_at"])
    others = TestSlot.objects.filter(campaign=campaign, booked_at__isnull=True, cancelled_at__isnull=True)
    others.update(cancelled_at=now, cancelled_by=actor, cancel_reason="Un autre créneau a été retenu.")
    _tell(slot, "tests_slot_booked", actor)
    transaction.on_commit(partial(notices.slot_booked, slot))
    return slot


@transaction.atomic
def cancel_slot(*, slot_id: UUID, reason: str, actor: User) -> TestSlot:
    """Take back a proposal, or give up a booked moment, with a reason; a new one is then proposed."""
    slot = _lock_slot(slot_id, actor)
    campaign, now = slot.campaign, timezone.now()
    is_of_editor(actor, campaign)
    blockers = _require_open(campaign, actor)
    if slot.cancelled_at:
        blockers.append(Blocker("slot_cancelled", "Ce créneau est déjà annulé."))
    elif slot.booked_at and slot.starts_at <= now:
        blockers.append(Blocker("past", "Ce créneau a commencé : il ne s’annule plus."))
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez le motif.", "#id_reason"))
    _refuse(blockers)
    slot.cancelled_by, slot.cancelled_at, slot.cancel_reason = actor, now, reason.strip()
    slot.save(update_fields=["cancelled_by", "cancelled_at", "cancel_reason"])
    _tell(slot, "tests_slot_cancelled", actor, reason.strip())
    transaction.on_commit(partial(notices.slot_cancelled, slot))
    return slot
