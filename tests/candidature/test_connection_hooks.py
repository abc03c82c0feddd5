"""Where the tests meet the rest of the instruction: admission, withdrawal, reduction of the scope, conclusion, interests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.kernel.errors import TransitionRefused
from referencing.candidature import models
from referencing.candidature.enums import CampaignState, CandidatureState, Proposal
from referencing.candidature.services import withdraw
from referencing.candidature.services.admission import declare_admissible
from referencing.candidature.services.conclusion import find_conclusion_blockers
from referencing.candidature.services.connection import campaigns, slots
from referencing.candidature.services.connection.lines import LineChange, save_lines
from referencing.candidature.services.ending import close_children
from referencing.candidature.services.interests import declare_interests
from tests.candidature.campaigns import PAIRS, give_scope, make_campaign, make_ended
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

THREADS = 8


@pytest.mark.django_db
class TestFile:
    @pytest.mark.rule("BR-130")
    @pytest.mark.parametrize("has_exchange", [True, False])
    def test_admission_opens_a_campaign_for_a_file_that_exchanges_only(self, has_exchange, monkeypatch):
        agent = make_agent(Role.LISTING_TEAM)
        candidature, _ = make_candidature(
            CandidatureState.ADMISSIBILITY, complete=False, has_exchange=has_exchange, referent=agent
        )
        give_scope(candidature.dossier, PAIRS if has_exchange else [])
        path = "referencing.candidature.services.admission.find_admissible_blockers"
        monkeypatch.setattr(path, lambda candidature: [])  # the checklist is another topic

        declare_admissible(candidature_id=candidature.pk, actor=agent)

        assert models.TestCampaign.objects.filter(candidature=candidature).count() == has_exchange

    @pytest.mark.rule("A-16")
    def test_withdrawal_cancels_the_campaign(self):
        tested = make_campaign(CampaignState.ACCEPTANCE_SUBMITTED)

        withdraw(candidature_id=tested.candidature.pk, actor=tested.manager, reason="Projet arrêté")

        assert tested.refresh().state == CampaignState.CANCELLED
        assert tested.campaign.close_reason == "Projet arrêté"

    @pytest.mark.rule("A-16")
    def test_end_of_the_file_cancels_the_campaign(self):
        tested = make_campaign(CampaignState.KEYS_SENT)

        close_children(candidature=tested.candidature, actor=None, reason="Candidature abandonnée")

        assert tested.refresh().state == CampaignState.CANCELLED

    @pytest.mark.rule("A-19")
    def test_reduction_of_the_scope_drops_its_lines_from_a_live_campaign(self):
        tested = make_campaign(CampaignState.E2E_RUNNING, pairs=[("mesures", "lecture"), ("documents", "ecriture")])

        campaigns.narrow_campaign(tested.candidature, ["documents-ecriture"], tested.manager, "Moins d’échanges")

        assert [entry["api"] for entry in tested.refresh().scope] == ["mesures"]
        assert not tested.campaign.lines.kept().filter(code__startswith="DOC").exists()
        tested.fill_recette()
        campaigns.submit_acceptance(campaign_id=tested.campaign.pk, actor=tested.manager)
        assert tested.refresh().state == CampaignState.ACCEPTANCE_SUBMITTED

    @pytest.mark.rule("A-19")
    def test_file_that_gives_up_every_exchange_has_its_campaign_cancelled(self):
        tested = make_campaign(CampaignState.E2E_RUNNING)
        tested.candidature.has_exchange = False

        campaigns.narrow_campaign(tested.candidature, ["mesures-lecture"], tested.manager, "Plus d’échange")

        assert tested.refresh().state == CampaignState.CANCELLED

    @pytest.mark.rule("BR-136", "A-20")
    @pytest.mark.parametrize(
        ("state", "favourable", "unfavourable"),
        [
            (CampaignState.E2E_RUNNING, True, True),
            (CampaignState.FAILED, True, False),
            (CampaignState.CANCELLED, True, False),
            (CampaignState.PASSED, False, False),
        ],
    )
    def test_tests_bar_a_favourable_conclusion_and_while_they_run_any(self, state, favourable, unfavourable):
        is_ended = state in (CampaignState.FAILED, CampaignState.CANCELLED)
        tested = make_ended(state) if is_ended else make_campaign(state)

        def is_barred(proposal):
            found = {blocker.code for blocker in find_conclusion_blockers(tested.candidature, proposal)}
            return bool(found & {"tests_not_passed", "tests_running"})

        assert is_barred(Proposal.FAVOURABLE) == favourable
        assert is_barred(Proposal.UNFAVOURABLE) == unfavourable


@pytest.mark.django_db
@pytest.mark.rule("A-21")
class TestInterests:
    def link(self, tested) -> InterestLine:
        organisation = tested.candidature.enrolment.product.organisation
        return InterestLine(
            organisation_id=organisation.pk, name=organisation.name, nature=Nature.PAID_EXPERTISE, detail="Conseil"
        )

    def test_member_of_the_team_without_declaration_does_nothing(self):
        tested = make_campaign()
        newcomer = make_agent(Role.TESTS, has_declared=False)

        with pytest.raises(TransitionRefused):
            campaigns.send_keys(
                campaign_id=tested.campaign.pk, to="Camille", channel="safe", on=timezone.now(), actor=newcomer
            )
        with pytest.raises(TransitionRefused):
            campaigns.assign_coach(campaign_id=tested.campaign.pk, coach_id=newcomer.pk, actor=tested.lead)

    def test_link_declared_later_takes_the_coach_off_and_closes_the_file_to_them(self):
        tested = make_campaign(CampaignState.CONNECTION_RUNNING)

        declare_interests(person=tested.coach, lines=[self.link(tested)], at=timezone.now())

        assert tested.refresh().coach is None
        change = LineChange({"final_result": "ok"}, tested.line("APP-01").version)
        with pytest.raises(models.TestCampaign.DoesNotExist):
            save_lines(campaign_id=tested.campaign.pk, changes={"APP-01": change}, actor=tested.coach)


def race(service: Callable[..., Any], **arguments: Any) -> list[str]:
    """Every thread at once, each with its own connection: `won` or the codes of the refusal."""
    barrier = Barrier(THREADS)

    def run(_: int) -> str:
        try:
            barrier.wait(timeout=30)
            service(**arguments)
        except TransitionRefused as refusal:
            return ",".join(blocker.code for blocker in refusal.blockers)
        else:
            return "won"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(pool.map(run, range(THREADS)))


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_one_of_eight_opens_the_next_campaign(self):
        tested = make_ended(CampaignState.FAILED)

        results = race(
            campaigns.reopen_campaign, candidature_id=tested.candidature.pk, reason="Corrigé", actor=tested.coach
        )

        assert results == sorted(["won", *["campaign_exists"] * (THREADS - 1)])
        assert models.TestCampaign.objects.count() == 2

    def test_one_of_eight_books_the_slot(self):
        tested = make_campaign(CampaignState.CONNECTION_PLANNED)
        slot = slots.propose_slot(
            campaign_id=tested.campaign.pk,
            starts_at=timezone.now() + timedelta(days=3),
            minutes=60,
            place="https://visio.example/1",
            actor=tested.coach,
        )

        results = race(slots.book_slot, slot_id=slot.pk, actor=tested.manager)

        assert results == sorted(["won", *["slot_booked"] * (THREADS - 1)])
        assert AuditEntry.objects.filter(action="testslot.tests_slot_booked").count() == 1

    def test_one_of_eight_sends_the_keys_and_the_cahier_is_made_once(self):
        tested = make_campaign()

        results = race(
            campaigns.send_keys,
            campaign_id=tested.campaign.pk,
            to="Camille",
            channel="safe",
            on=timezone.now(),
            actor=tested.coach,
        )

        assert results == sorted(["won", *["wrong_state"] * (THREADS - 1)])
        codes = list(tested.campaign.lines.values_list("code", flat=True))
        assert len(codes) == len(set(codes))

    def test_one_of_eight_writes_a_line_and_the_others_see_both_texts(self):
        tested = make_campaign(CampaignState.E2E_RUNNING)
        version = tested.line("APP-05").version
        barrier = Barrier(THREADS)

        def write(number: int) -> int:
            try:
                barrier.wait(timeout=30)
                change = LineChange({"comment": f"Texte {number}"}, version)
                saved = save_lines(campaign_id=tested.campaign.pk, changes={"APP-05": change}, actor=tested.manager)
                return len(saved.changed)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(THREADS) as pool:
            assert sum(pool.map(write, range(THREADS))) == 1
