"""What the rest of the instruction asks about the tests of a file."""

from __future__ import annotations

from django.urls import reverse

from convergence.kernel.errors import Blocker
from referencing.candidature.core.standing import EDITOR, TESTS
from referencing.candidature.enums import EDITOR_FILLS_STATES, LIVE_CAMPAIGN_STATES, CampaignState
from referencing.candidature.models import Candidature, TestCampaign, TestSlot

#: The service exchanges nothing: no campaign, and nothing to wait for (BR-130).
NOT_REQUIRED = "not_required"
#: It exchanges, and no campaign was opened.
MISSING = "missing"


def newest_campaign(candidature: Candidature) -> TestCampaign | None:
    return TestCampaign.objects.filter(candidature=candidature).newest_first().first()


def campaign_standing(candidature: Candidature) -> str:
    """`not_required`, `missing`, or the state of the newest campaign; at most one query."""
    if not candidature.has_exchange:
        return NOT_REQUIRED
    campaign = newest_campaign(candidature)
    return campaign.state if campaign else MISSING


def campaign_holder(candidature: Candidature) -> str:
    """Who holds the ball of the live campaign (`editor`, `tests`), empty when none is live."""
    if not candidature.has_exchange:
        return ""
    campaign = TestCampaign.objects.filter(candidature=candidature).live().first()
    return holder_of(campaign) if campaign else ""


def holder_of(campaign: TestCampaign) -> str:
    """As `campaign_holder`, for a campaign at hand; asks for slots only while the raccordement is being planned."""
    if campaign.state not in LIVE_CAMPAIGN_STATES:
        return ""
    if campaign.state in EDITOR_FILLS_STATES:
        return EDITOR
    if campaign.state == CampaignState.CONNECTION_PLANNED:
        open_slots = TestSlot.objects.filter(campaign=campaign, cancelled_at__isnull=True)
        slots = list(open_slots.values_list("from_editor", "booked_at"))
        waits_for_editor = slots and not any(from_editor or booked_at for from_editor, booked_at in slots)
        return EDITOR if waits_for_editor else TESTS
    return TESTS


def find_running_tests(candidature: Candidature) -> list[Blocker]:
    """What bars any conclusion: a campaign that neither passed, failed nor was cancelled (T24b, A-20)."""
    standing = campaign_standing(candidature)
    if standing not in LIVE_CAMPAIGN_STATES:
        return []
    return [
        Blocker(
            "tests_running",
            "Une campagne de tests de connexion est en cours : elle doit réussir, échouer ou être annulée.",
            reverse("candidature:campaign_detail", args=[candidature.pk]),
        )
    ]


def find_test_blockers(candidature: Candidature) -> list[Blocker]:
    """What the tests keep from being concluded favourably, scheduled or transmitted; nothing without exchange (BR-136)."""
    standing = campaign_standing(candidature)
    if standing in (NOT_REQUIRED, CampaignState.PASSED):
        return []
    said = CampaignState(standing).label if standing != MISSING else "aucune campagne ouverte"
    return [
        Blocker(
            "tests_not_passed",
            f"Les tests de connexion ne sont pas réussis ({said[0].lower()}{said[1:]}).",
            reverse("candidature:campaign_detail", args=[candidature.pk]),
        )
    ]
