"""The life of a campaign: opened, keys, recette, raccordement, end; who may do what in which state (X1–X9, A-20)."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from evidence.errors import UploadRefused
from referencing.candidature import models
from referencing.candidature.enums import LIVE_CAMPAIGN_STATES, CampaignState, CandidatureState, Holder
from referencing.candidature.services import (
    campaign_standing,
    cancel_campaign,
    find_test_blockers,
    open_campaign,
    standing,
    withdraw,
)
from referencing.candidature.services.connection import campaigns, disputes, slots
from referencing.candidature.services.connection.lines import LineChange, save_lines
from tests.candidature.campaigns import make_campaign, make_ended
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db
_minutes = count(1)


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


# -- opening, and what the rest of the instruction is told


@pytest.mark.rule("BR-130")
def test_file_without_exchange_has_no_campaign_and_nothing_waits_for_tests():
    candidature, _ = make_candidature(complete=False)

    assert open_campaign(candidature, make_agent(Role.LISTING_TEAM)) is None
    assert not models.TestCampaign.objects.exists()
    assert campaign_standing(candidature) == "not_required"
    assert find_test_blockers(candidature) == []


@pytest.mark.rule("BR-136")
@pytest.mark.parametrize("state", LIVE_CAMPAIGN_STATES)
def test_tests_that_are_not_passed_block_a_favourable_conclusion(state):
    tested = make_campaign(state)

    (blocker,) = find_test_blockers(tested.candidature)

    assert blocker.code == "tests_not_passed"
    assert blocker.anchor.endswith("/tests/")


@pytest.mark.rule("BR-136")
def test_passed_tests_block_nothing_and_a_file_without_campaign_is_told():
    tested = make_campaign(CampaignState.PASSED)
    alone, _ = make_candidature(complete=False, has_exchange=True)

    assert find_test_blockers(tested.candidature) == []
    assert campaign_standing(tested.candidature) == CampaignState.PASSED
    assert campaign_standing(alone) == "missing"
    assert "aucune campagne ouverte" in find_test_blockers(alone)[0].message


def test_opening_tells_the_tests_team_and_the_timeline(django_capture_on_commit_callbacks):
    agent = make_agent(Role.TESTS)
    with django_capture_on_commit_callbacks(execute=True):
        tested = make_campaign()

    assert Notification.objects.filter(recipient=agent, kind="Tests de connexion").count() == 1
    event = tested.candidature.events.get(kind="tests_opened")
    assert event.data["scope"][0]["api"] == "mesures"


def test_second_campaign_is_refused_while_one_is_live_or_passed():
    tested = make_campaign(CampaignState.PASSED)

    with pytest.raises(TransitionRefused) as refusal:
        open_campaign(tested.candidature, tested.lead)

    assert codes(refusal) == ["campaign_exists"]
    now = timezone.now()
    with pytest.raises(IntegrityError, match="test_campaign_one_per_candidature"), transaction.atomic():
        models.TestCampaign.objects.create(
            candidature=tested.candidature, number=2, opened_at=now, moved_at=now, opened_by=tested.lead
        )


@pytest.mark.rule("A-20")
@pytest.mark.parametrize("ended", [CampaignState.FAILED, CampaignState.CANCELLED])
def test_new_campaign_follows_a_failed_or_cancelled_one(ended):
    tested = make_ended(ended)

    campaign = campaigns.reopen_campaign(
        candidature_id=tested.candidature.pk, reason="Appariement corrigé.", actor=tested.coach
    )

    assert (campaign.number, campaign.state) == (2, CampaignState.UNIT_SELF_CHECK)
    assert campaign_standing(tested.candidature) == CampaignState.UNIT_SELF_CHECK


def test_new_campaign_lists_every_reason_against_it():
    tested = make_ended(CampaignState.FAILED)
    with pytest.raises(TransitionRefused) as refusal:
        campaigns.reopen_campaign(candidature_id=tested.candidature.pk, reason=" ", actor=tested.coach)

    assert codes(refusal) == ["reason"]
    with pytest.raises(PermissionDenied):
        campaigns.reopen_campaign(candidature_id=tested.candidature.pk, reason="Encore", actor=tested.manager)


@pytest.mark.rule("A-16")
@pytest.mark.parametrize("state", LIVE_CAMPAIGN_STATES)
def test_every_live_campaign_is_cancelled_with_its_file(state):
    tested = make_campaign(state)

    cancelled = cancel_campaign(tested.candidature, tested.manager, "Candidature retirée.")

    assert cancelled is not None
    assert (cancelled.state, cancelled.close_reason) == (CampaignState.CANCELLED, "Candidature retirée.")
    assert cancel_campaign(tested.candidature, tested.manager, "Encore") is None


# -- who holds the ball


@pytest.mark.parametrize(
    ("state", "holder"),
    [
        (CampaignState.UNIT_SELF_CHECK, "tests"),
        (CampaignState.KEYS_SENT, "editor"),
        (CampaignState.E2E_RUNNING, "editor"),
        (CampaignState.ACCEPTANCE_SUBMITTED, "tests"),
        (CampaignState.E2E_REDO, "editor"),
        (CampaignState.CONNECTION_PLANNED, "tests"),
        (CampaignState.CONNECTION_RUNNING, "tests"),
        (CampaignState.REMARK_DISPUTED, "tests"),
        (CampaignState.PASSED, ""),
    ],
)
def test_campaign_says_who_must_act(state, holder):
    tested = make_campaign(state)

    assert standing.load_facts(tested.candidature).tests == holder


def test_ball_goes_to_the_editor_once_a_slot_is_proposed():
    tested = make_campaign(CampaignState.CONNECTION_PLANNED)
    models.ThemeReview.objects.filter(candidature=tested.candidature).update(concluded_at=timezone.now())

    propose(tested, tested.coach)

    tested.candidature.refresh_from_db()
    assert tested.candidature.waiting_for == Holder.EDITOR


# -- the matrix: for each transition, the states and the people it is open to


def propose(tested, actor, **changes):
    values = {
        "campaign_id": tested.campaign.pk,
        "starts_at": timezone.now() + timedelta(days=2, minutes=next(_minutes)),
        "minutes": 60,
        "place": "https://visio.example/1",
        "actor": actor,
    }
    return slots.propose_slot(**{**values, **changes})


ACTIONS = {
    "declare_unit_tests": lambda t, actor: campaigns.declare_unit_tests(
        campaign_id=t.campaign.pk, comment="Faits", upload=None, actor=actor
    ),
    "send_keys": lambda t, actor: campaigns.send_keys(
        campaign_id=t.campaign.pk, to="Camille", channel="safe", on=timezone.now(), actor=actor
    ),
    "submit_acceptance": lambda t, actor: (
        t.fill_recette(),
        campaigns.submit_acceptance(campaign_id=t.campaign.pk, actor=actor),
    ),
    "send_back": lambda t, actor: (
        t.campaign.lines.filter(code="APP-01").update(redo_reason="À refaire"),
        campaigns.send_back(campaign_id=t.campaign.pk, actor=actor),
    ),
    "accept": lambda t, actor: campaigns.accept_acceptance(campaign_id=t.campaign.pk, modalities="Visio", actor=actor),
    "start_connection": lambda t, actor: (
        models.TestSlot.objects.create(
            campaign=t.campaign,
            starts_at=timezone.now() + timedelta(days=9),
            ends_at=timezone.now() + timedelta(days=10),
            from_editor=False,
            proposed_by=t.coach,
            proposed_at=timezone.now(),
            booked_by=t.manager,
            booked_at=timezone.now(),
        ),
        campaigns.start_connection(campaign_id=t.campaign.pk, actor=actor),
    ),
    "dispute": lambda t, actor: (
        t.campaign.lines.filter(code="APP-05").update(final_result="ko", final_remark="Non", final_by=t.coach),
        disputes.dispute_line(campaign_id=t.campaign.pk, code="APP-05", reason="Si", actor=actor),
    ),
    "complete": lambda t, actor: (
        t.fill_final(),
        campaigns.complete_campaign(campaign_id=t.campaign.pk, actor=actor),
    ),
    "fail": lambda t, actor: campaigns.fail_campaign(campaign_id=t.campaign.pk, reason="Sans suite.", actor=actor),
    "cancel": lambda t, actor: campaigns.cancel_campaign_by_hand(
        campaign_id=t.campaign.pk, reason="À reprendre.", actor=actor
    ),
}
TARGETS = {
    "declare_unit_tests": CampaignState.UNIT_SELF_CHECK,
    "send_keys": CampaignState.KEYS_SENT,
    "submit_acceptance": CampaignState.ACCEPTANCE_SUBMITTED,
    "send_back": CampaignState.E2E_REDO,
    "accept": CampaignState.CONNECTION_PLANNED,
    "start_connection": CampaignState.CONNECTION_RUNNING,
    "dispute": CampaignState.REMARK_DISPUTED,
    "complete": CampaignState.PASSED,
    "fail": CampaignState.FAILED,
    "cancel": CampaignState.CANCELLED,
}
ALLOWED = {
    "declare_unit_tests": [CampaignState.UNIT_SELF_CHECK],
    "send_keys": [CampaignState.UNIT_SELF_CHECK],
    "submit_acceptance": [CampaignState.E2E_RUNNING, CampaignState.E2E_REDO],
    "send_back": [CampaignState.ACCEPTANCE_SUBMITTED],
    "accept": [CampaignState.ACCEPTANCE_SUBMITTED],
    "start_connection": [CampaignState.CONNECTION_PLANNED],
    "dispute": [CampaignState.CONNECTION_RUNNING, CampaignState.REMARK_DISPUTED],
    "complete": [CampaignState.CONNECTION_RUNNING],
    "fail": [
        CampaignState.KEYS_SENT,
        CampaignState.E2E_RUNNING,
        CampaignState.E2E_REDO,
        CampaignState.ACCEPTANCE_SUBMITTED,
        CampaignState.CONNECTION_PLANNED,
        CampaignState.CONNECTION_RUNNING,
    ],
    "cancel": LIVE_CAMPAIGN_STATES,
}
PEOPLE = {
    "mandataire": lambda t: t.manager,
    "contributeur": lambda t: make_member(t.candidature.enrolment.product.organisation, MembershipType.SALARIE),
    "tests": lambda t: t.coach,
    "lead": lambda t: t.lead,
    "listing_team": lambda t: make_agent(Role.LISTING_TEAM),
    "support": lambda t: make_agent(Role.SUPPORT),
}
MAY = {
    "declare_unit_tests": {"mandataire", "contributeur"},
    "send_keys": {"tests", "lead"},
    "submit_acceptance": {"mandataire"},
    "send_back": {"tests", "lead"},
    "accept": {"tests", "lead"},
    "start_connection": {"tests", "lead"},
    "dispute": {"mandataire"},
    "complete": {"tests", "lead"},
    "fail": {"lead"},
    "cancel": {"lead"},
}


@pytest.mark.rule("A-20", "BR-135")
@pytest.mark.parametrize("state", [*LIVE_CAMPAIGN_STATES, CampaignState.PASSED])
def test_each_transition_is_open_in_its_states_only(state):
    tested = make_campaign(state)
    actors = {name: tested.lead if "lead" in people else tested.manager for name, people in MAY.items()}
    for name in ALLOWED:
        if name == "dispute" and not tested.campaign.lines.exists():
            continue  # there is no line to contest yet
        with transaction.atomic():
            before = AuditEntry.objects.count()
            if state in ALLOWED[name]:
                ACTIONS[name](tested, actors[name])
                assert tested.refresh().state == TARGETS[name], name
                assert AuditEntry.objects.count() > before, name
            else:
                with pytest.raises(TransitionRefused) as refusal:
                    ACTIONS[name](tested, actors[name])
                assert codes(refusal) == ["wrong_state"], name
            transaction.set_rollback(True)
        tested.refresh()


@pytest.mark.rule("BR-135")
@pytest.mark.parametrize("name", MAY)
def test_each_transition_is_open_to_its_people_only(name):
    tested = make_campaign(ALLOWED[name][-1])
    for person, find in PEOPLE.items():
        with transaction.atomic():
            if person in MAY[name]:
                ACTIONS[name](tested, find(tested))
            else:
                with pytest.raises(PermissionDenied):
                    ACTIONS[name](tested, find(tested))
            transaction.set_rollback(True)
        tested.refresh()


@pytest.mark.parametrize("name", ALLOWED)
def test_stranger_reaches_no_campaign(name):
    tested = make_campaign(ALLOWED[name][0])

    with pytest.raises((models.TestCampaign.DoesNotExist, models.Candidature.DoesNotExist)):
        ACTIONS[name](tested, make_member(OrganisationFactory()))


def test_nothing_moves_once_the_file_left_evaluation():
    tested = make_campaign(CampaignState.ACCEPTANCE_SUBMITTED)
    withdraw(candidature_id=tested.candidature.pk, actor=tested.manager)
    tested.candidature.refresh_from_db()
    assert tested.candidature.state == CandidatureState.WITHDRAWN

    listing = make_agent(Role.LISTING_TEAM)
    with pytest.raises((TransitionRefused, PermissionDenied, models.TestCampaign.DoesNotExist)):
        campaigns.accept_acceptance(campaign_id=tested.campaign.pk, modalities="Visio", actor=listing)


# -- each step’s own rules


@pytest.mark.rule("BR-131")
def test_keys_are_sent_though_unit_tests_were_never_declared():
    tested = make_campaign(CampaignState.KEYS_SENT)

    assert tested.campaign.unit_declared_at is None


def test_unit_tests_keep_their_evidence():
    tested = make_campaign()

    campaigns.declare_unit_tests(
        campaign_id=tested.campaign.pk, comment="Rapport joint", upload=pdf("rapport.pdf"), actor=tested.manager
    )

    assert tested.refresh().unit_comment == "Rapport joint"
    assert tested.campaign.files.get(line=None).file.name == "rapport.pdf"


def test_refused_evidence_of_unit_tests_declares_nothing():
    tested = make_campaign()

    with pytest.raises(UploadRefused):
        campaigns.declare_unit_tests(
            campaign_id=tested.campaign.pk, comment="", upload=pdf("rapport.exe"), actor=tested.manager
        )

    assert tested.refresh().unit_declared_at is None


def test_keys_event_records_who_when_and_by_which_channel(django_capture_on_commit_callbacks):
    tested = make_campaign()
    with django_capture_on_commit_callbacks(execute=True):
        campaigns.send_keys(
            campaign_id=tested.campaign.pk,
            to="Camille Durand",
            channel="phone",
            on=timezone.now() - timedelta(hours=1),
            actor=tested.coach,
        )

    campaign = tested.refresh()
    assert (campaign.keys_sent_to, campaign.keys_channel, campaign.coach) == ("Camille Durand", "phone", tested.coach)
    told = Notification.objects.get(recipient=tested.manager, kind="Tests de connexion")
    assert "Camille Durand (téléphone)" in told.content


def test_keys_refuse_an_empty_addressee_and_a_future_date_together():
    tested = make_campaign()

    with pytest.raises(TransitionRefused) as refusal:
        campaigns.send_keys(
            campaign_id=tested.campaign.pk,
            to=" ",
            channel="safe",
            on=timezone.now() + timedelta(days=1),
            actor=tested.coach,
        )

    assert codes(refusal) == ["to", "on"]
    assert not tested.campaign.lines.exists()


@pytest.mark.rule("BR-132")
def test_cahier_holds_appariement_and_the_chosen_interfaces_in_their_direction():
    tested = make_campaign(CampaignState.KEYS_SENT, pairs=[("documents", "ecriture"), ("mesures", "lecture")])

    sections = {line.code.rpartition("-")[0] for line in tested.campaign.lines.all()}

    assert sections == {"APP", "MES-L", "DOC-E"}
    assert tested.campaign.catalogue_version


@pytest.mark.rule("BR-132")
def test_text_of_a_line_is_fixed_in_the_database():
    tested = make_campaign(CampaignState.KEYS_SENT)

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        tested.campaign.lines.filter(code="APP-01").update(expected="Autre chose")


@pytest.mark.rule("BR-133")
def test_incomplete_recette_is_refused_with_every_line():
    tested = make_campaign(CampaignState.E2E_RUNNING)
    tested.fill_recette()
    models.TestFile.objects.filter(line__code="APP-01").update(removed_at=timezone.now())
    tested.campaign.lines.filter(code="APP-05").update(result="")
    tested.campaign.lines.filter(code="APP-06").update(result="ko", comment="")

    with pytest.raises(TransitionRefused) as refusal:
        campaigns.submit_acceptance(campaign_id=tested.campaign.pk, actor=tested.manager)

    assert [blocker.anchor for blocker in refusal.value.blockers] == ["#line-APP-01", "#line-APP-05", "#line-APP-06"]
    assert tested.refresh().state == CampaignState.E2E_RUNNING


@pytest.mark.rule("BR-134")
def test_lines_sent_back_return_to_redo_and_only_these_open():
    tested = make_campaign(CampaignState.E2E_REDO)

    line = tested.line("APP-02")
    assert (line.is_to_redo, line.result, line.comment) == (True, "", "Vérifié")
    saved = save_lines(
        campaign_id=tested.campaign.pk,
        changes={
            "APP-02": LineChange({"result": "ok"}, line.version),
            "APP-03": LineChange({"result": "ko"}, tested.line("APP-03").version),
        },
        actor=tested.manager,
    )

    assert saved.changed == ["APP-02"]
    assert list(saved.refused) == ["APP-03"]


@pytest.mark.rule("BR-134")
def test_second_recette_shows_what_was_redone_and_forgets_nothing():
    tested = make_campaign(CampaignState.E2E_REDO)
    tested.campaign.lines.filter(code="APP-02").update(result="ok")

    campaigns.submit_acceptance(campaign_id=tested.campaign.pk, actor=tested.manager)

    line = tested.line("APP-02")
    assert (line.is_to_redo, line.redo_reason, line.former_reason) == (False, "", "La date du lien manque.")
    entry = AuditEntry.objects.get(action="testcampaign.send_back")
    assert entry.data == {"lines": ["APP-02"], "results": {"APP-02": "ok"}}


def test_send_back_needs_a_line_and_acceptance_needs_none():
    tested = make_campaign(CampaignState.ACCEPTANCE_SUBMITTED)

    with pytest.raises(TransitionRefused) as refusal:
        campaigns.send_back(campaign_id=tested.campaign.pk, actor=tested.coach)
    assert codes(refusal) == ["no_line"]

    tested.campaign.lines.filter(code="APP-04").update(redo_reason="À refaire")
    with pytest.raises(TransitionRefused) as refusal:
        campaigns.accept_acceptance(campaign_id=tested.campaign.pk, modalities="", actor=tested.coach)
    assert codes(refusal) == ["modalities", "line_to_redo"]


def test_raccordement_waits_for_a_booked_slot():
    tested = make_campaign(CampaignState.CONNECTION_PLANNED)
    propose(tested, tested.coach)

    with pytest.raises(TransitionRefused) as refusal:
        campaigns.start_connection(campaign_id=tested.campaign.pk, actor=tested.coach)

    assert codes(refusal) == ["no_slot"]


def test_passed_needs_every_mandatory_line_ok():
    tested = make_campaign(CampaignState.CONNECTION_RUNNING)
    tested.fill_final()
    tested.campaign.lines.filter(code="APP-01").update(final_result="ko", final_remark="Échoue")
    tested.campaign.lines.filter(code="APP-09").update(final_result="na", final_remark="Un seul usager par appareil")
    tested.campaign.lines.filter(code="MES-L-05").update(final_result="")

    with pytest.raises(TransitionRefused) as refusal:
        campaigns.complete_campaign(campaign_id=tested.campaign.pk, actor=tested.coach)

    assert [blocker.anchor for blocker in refusal.value.blockers] == ["#line-APP-01", "#line-MES-L-05"]


@pytest.mark.rule("A-20")
def test_failure_is_motivated_and_told_to_both_editor_and_referent(django_capture_on_commit_callbacks):
    tested = make_campaign(CampaignState.CONNECTION_RUNNING)

    with pytest.raises(TransitionRefused) as refusal:
        campaigns.fail_campaign(campaign_id=tested.campaign.pk, reason="  ", actor=tested.lead)
    assert codes(refusal) == ["reason"]

    with django_capture_on_commit_callbacks(execute=True):
        campaigns.fail_campaign(campaign_id=tested.campaign.pk, reason="Rien ne s’apparie.", actor=tested.lead)
    told = Notification.objects.filter(content__contains="Rien ne s’apparie.")
    assert {each.recipient for each in told} == {tested.manager, tested.candidature.referent}


def test_coach_is_named_by_the_lead_or_by_oneself():
    tested = make_campaign()
    other = make_agent(Role.TESTS)

    campaigns.assign_coach(campaign_id=tested.campaign.pk, coach_id=tested.coach.pk, actor=tested.coach)
    assert tested.refresh().coach == tested.coach
    campaigns.assign_coach(campaign_id=tested.campaign.pk, coach_id=other.pk, actor=tested.lead)
    assert tested.refresh().coach == other
    with pytest.raises(PermissionDenied):
        campaigns.assign_coach(campaign_id=tested.campaign.pk, coach_id=other.pk, actor=tested.coach)
    with pytest.raises(TransitionRefused) as refusal:
        campaigns.assign_coach(campaign_id=tested.campaign.pk, coach_id=tested.manager.pk, actor=tested.lead)
    assert codes(refusal) == ["coach"]
