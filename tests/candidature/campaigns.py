"""Campaigns of connection tests in the state that a test needs, brought there by the services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pgtrigger
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.kernel.canonical import canonical_json
from evidence.services import keep_generated
from referencing.candidature.enums import CampaignState
from referencing.candidature.models import Candidature, TestCampaign, TestDispute, TestFile, TestLine
from referencing.candidature.services import open_campaign, standing
from referencing.candidature.services.connection import campaigns, disputes, slots
from referencing.candidature.services.connection.lines import LineChange, save_lines
from referencing.dossier.models import Dossier
from referencing.dossier.readers import read_payload
from referencing.enrolment.enums import Api, Direction
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

#: What the file exchanges unless a test says otherwise.
PAIRS = [("mesures", "lecture")]


def give_scope(dossier: Dossier, pairs: list[tuple[str, str]]) -> None:
    """Make the frozen dossier exchange these interfaces and directions (the small grid asks nothing of exchanges)."""
    content = read_payload(dossier)
    content["has_exchange"] = True
    content["exchange_scope"] = [
        {
            "api": api,
            "api_text": str(Api(api).label),
            "direction": direction,
            "direction_text": str(Direction(direction).label),
            "purpose": "prevention",
            "purpose_text": "Prévention",
            "necessity": "L’usager retrouve ses mesures.",
            "access": "À sa demande.",
            "retention": "Jusqu’à la fermeture du compte.",
            "security": "Échanges chiffrés.",
            "consent_text": "Vous autorisez cet échange.",
        }
        for api, direction in pairs
    ]
    with pgtrigger.ignore("dossier.Dossier:dossier_frozen"):
        Dossier.objects.filter(pk=dossier.pk).update(payload=canonical_json(content))
    dossier.refresh_from_db()


@dataclass
class Tested:
    """A file that exchanges data, its campaign in some state, and the people of both sides."""

    campaign: TestCampaign
    manager: User
    coach: User
    lead: User

    @property
    def candidature(self) -> Candidature:
        return self.campaign.candidature

    def refresh(self) -> TestCampaign:
        self.campaign = TestCampaign.objects.with_file().get(pk=self.campaign.pk)
        return self.campaign

    def line(self, code: str) -> TestLine:
        return self.campaign.lines.get(code=code)

    def fill_recette(self) -> None:
        """Every line OK, with its visual; written as the editor would have, without the antivirus of each file."""
        now = timezone.now()
        self.campaign.lines.update(result="ok", comment="Vérifié", saved_by=self.manager, saved_at=now)
        visual = keep_generated(content=f"%PDF-1.7 {self.campaign.pk}".encode(), name="ecran.pdf", code="pdf")
        for line in self.campaign.lines.filter(needs_visual=True):
            TestFile.objects.create(campaign=self.campaign, line=line, file=visual, added_by=self.manager, added_at=now)

    def fill_final(self) -> None:
        self.campaign.lines.update(final_result="ok", final_by=self.coach)


def make_campaign(
    state: CampaignState = CampaignState.UNIT_SELF_CHECK, *, pairs: list[tuple[str, str]] | None = None, **fields: Any
) -> Tested:
    """A campaign brought to `state` by the services, one after the other. `fields` go to the product."""
    candidature, manager = make_candidature(complete=False, has_exchange=True, **fields)
    give_scope(candidature.dossier, PAIRS if pairs is None else pairs)
    coach, lead = make_agent(Role.TESTS), make_agent(Role.TESTS_LEAD)
    campaign = open_campaign(candidature, make_agent(Role.LISTING_TEAM))
    assert campaign is not None
    standing.refresh(candidature)
    tested = Tested(campaign, manager, coach, lead)
    for reached, step in STEPS.items():
        if tested.refresh().state == state:
            break
        if reached == CampaignState.E2E_REDO and state != reached:
            continue  # a recette is not always sent back
        step(tested)
        if reached == state:
            break
    assert tested.refresh().state == state
    return tested


def _send_keys(tested: Tested) -> None:
    campaigns.send_keys(
        campaign_id=tested.campaign.pk, to="Camille Durand", channel="safe", on=timezone.now(), actor=tested.coach
    )


def _begin(tested: Tested) -> None:
    change = LineChange({"result": "ok"}, version=1)
    save_lines(campaign_id=tested.campaign.pk, changes={"APP-04": change}, actor=tested.manager)


def _submit(tested: Tested) -> None:
    tested.fill_recette()
    campaigns.submit_acceptance(campaign_id=tested.campaign.pk, actor=tested.manager)


def _send_back(tested: Tested) -> None:
    line = tested.line("APP-02")
    change = LineChange({"redo_reason": "La date du lien manque."}, version=line.version)
    save_lines(campaign_id=tested.campaign.pk, changes={"APP-02": change}, actor=tested.coach)
    campaigns.send_back(campaign_id=tested.campaign.pk, actor=tested.coach)


def _accept(tested: Tested) -> None:
    campaigns.accept_acceptance(campaign_id=tested.campaign.pk, modalities="Par visioconférence.", actor=tested.coach)


def _start(tested: Tested) -> None:
    slot = slots.propose_slot(
        campaign_id=tested.campaign.pk,
        starts_at=timezone.now() + timedelta(days=3),
        minutes=60,
        place="https://visio.example/1",
        actor=tested.coach,
    )
    slots.book_slot(slot_id=slot.pk, actor=tested.manager)
    campaigns.start_connection(campaign_id=tested.campaign.pk, actor=tested.coach)


def _dispute(tested: Tested) -> None:
    line = tested.line("APP-03")
    change = LineChange({"final_result": "ko", "final_remark": "Le refus n’est pas pris en compte."}, line.version)
    save_lines(campaign_id=tested.campaign.pk, changes={"APP-03": change}, actor=tested.coach)
    disputes.dispute_line(
        campaign_id=tested.campaign.pk, code="APP-03", reason="Le refus est bien pris en compte.", actor=tested.manager
    )


def _pass(tested: Tested) -> None:
    for dispute in TestDispute.objects.filter(line__campaign=tested.campaign, judged_at__isnull=True):
        disputes.judge_dispute(
            dispute_id=dispute.pk, ruling="overturned", note="Constaté.", result="ok", actor=tested.lead
        )
    tested.fill_final()
    campaigns.complete_campaign(campaign_id=tested.campaign.pk, actor=tested.coach)


def _fail(tested: Tested) -> None:
    campaigns.fail_campaign(campaign_id=tested.campaign.pk, reason="Le service ne s’apparie pas.", actor=tested.lead)


#: What leads to each state from the one before; FAILED and CANCELLED are reached by `make_ended`.
STEPS: dict[CampaignState, Callable[[Tested], None]] = {
    CampaignState.KEYS_SENT: _send_keys,
    CampaignState.E2E_RUNNING: _begin,
    CampaignState.ACCEPTANCE_SUBMITTED: _submit,
    CampaignState.E2E_REDO: _send_back,
    CampaignState.CONNECTION_PLANNED: _accept,
    CampaignState.CONNECTION_RUNNING: _start,
    CampaignState.REMARK_DISPUTED: _dispute,
    CampaignState.PASSED: _pass,
}


def make_ended(state: CampaignState, **fields: Any) -> Tested:
    """A campaign that failed, or was cancelled with its file still evaluated."""
    tested = make_campaign(CampaignState.KEYS_SENT, **fields)
    if state == CampaignState.FAILED:
        _fail(tested)
    else:
        campaigns.cancel_campaign_by_hand(campaign_id=tested.campaign.pk, reason="À reprendre.", actor=tested.lead)
    tested.refresh()
    return tested
