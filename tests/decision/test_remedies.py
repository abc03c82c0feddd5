"""Remedies and courts: receivable at any time, interrupting within two months, and what each answer does (A-33, BR-179)."""

from __future__ import annotations

from datetime import timedelta

import pgtrigger
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit import workflow
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.decision import services
from referencing.decision.core.delays import add_months
from referencing.decision.enums import Outcome
from referencing.decision.models import Appeal, Decision, Suit
from referencing.decision.selectors import current_decision
from referencing.decision.services.remedies import court_limit, remedy_limit
from tests.candidature.factories import make_candidature
from tests.decision.factories import make_notified, make_sanction, make_signatory, make_signed, today
from tests.factories import make_agent, make_member

pytestmark = pytest.mark.django_db


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def age(decision: Decision, days: int) -> Decision:
    """As if the act had been signed and notified so many days ago."""
    then = timezone.now() - timedelta(days=days)
    with pgtrigger.ignore():
        Decision.objects.filter(pk=decision.pk).update(notified_at=then, signed_on=timezone.localdate(then))
    return Decision.objects.get(pk=decision.pk)


def lodge(decision, actor, **fields):
    values = {"kind": "gracious", "text": "Nous contestons ce motif.", **fields}
    return services.lodge_appeal(decision_id=decision.pk, actor=actor, **values)


def answer(appeal, actor, outcome, text="Parce que."):
    return services.answer_appeal(appeal_id=appeal.pk, outcome=outcome, answer=text, actor=actor)


def file_state(decision) -> str:
    return Candidature.objects.get(pk=decision.candidature_id).state


@pytest.mark.rule("BR-179", "A-33", "T36")
def test_remedy_within_two_months_interrupts(commit, mailoutbox):
    decision, ministry, manager = make_notified()

    with commit():
        appeal = lodge(decision, manager)

    assert (appeal.state, appeal.is_interrupting, appeal.lodged_on) == ("lodged", True, today())
    assert appeal.silence_on == add_months(today(), 2)
    assert court_limit(decision, [appeal]) is None
    assert any(each.to == [ministry.email] and "recours à examiner" in each.subject for each in mailoutbox)


@pytest.mark.rule("A-33")
def test_late_remedy_is_receivable_and_interrupts_nothing():
    decision, _, manager = make_notified()
    decision = age(decision, 75)

    appeal = lodge(decision, manager)

    assert appeal.state == "lodged"
    assert not appeal.is_interrupting
    assert court_limit(decision, [appeal]) == remedy_limit(decision) < today()


@pytest.mark.rule("A-33")
def test_without_told_remedies_no_limit_runs():
    decision, _, manager = make_notified()
    decision = age(decision, 400)
    with pgtrigger.ignore():
        Decision.objects.filter(pk=decision.pk).update(remedies="")

    assert lodge(decision, manager).is_interrupting
    assert remedy_limit(Decision.objects.get(pk=decision.pk)) is None


@pytest.mark.rule("A-33")
def test_ministry_records_a_letter_on_its_day():
    decision, ministry, _ = make_notified()
    decision = age(decision, 30)
    day = today() - timedelta(days=10)

    appeal = lodge(decision, ministry, lodged_on=day, author_name="Me Dupont", kind="hierarchical")

    assert (appeal.is_by_letter, appeal.lodged_on, appeal.author_name) == (True, day, "Me Dupont")
    assert appeal.is_interrupting


def test_remedy_refused_says_every_reason():
    decision, ministry, manager = make_notified()
    lodge(decision, manager)

    with pytest.raises(TransitionRefused) as refusal:
        lodge(decision, manager, text=" ")
    assert codes(refusal) == ["open_appeal", "text"]
    with pytest.raises(TransitionRefused) as refusal:
        lodge(decision, ministry, kind="autre", lodged_on=today() + timedelta(days=1))
    assert codes(refusal) == ["kind", "lodged_on", "author_name"]


def test_editor_takes_note_before_contesting():
    decision, _, manager = make_signed("refusal")

    with pytest.raises(TransitionRefused) as refusal:
        lodge(decision, manager)

    assert codes(refusal) == ["wrong_state"]


def test_only_who_commits_the_organisation_lodges():
    decision, _, _ = make_notified()
    contributor = make_member(decision.enrolment.product.organisation, MembershipType.SALARIE)

    for person in (contributor, make_agent(Role.LISTING_TEAM), make_agent(Role.CNAM)):
        with pytest.raises(PermissionDenied):
            lodge(decision, person)
    with pytest.raises(Decision.DoesNotExist):
        lodge(decision, make_member(make_candidature(complete=False)[0].enrolment.product.organisation))


@pytest.mark.rule("A-33")
def test_two_months_of_silence_reject_on_that_day_once():
    decision, ministry, _ = make_notified()
    decision = age(decision, 120)
    lodged = today() - timedelta(days=100)
    appeal = lodge(decision, ministry, lodged_on=lodged, author_name="Me Dupont")

    assert services.reject_silent(at=timezone.now() - timedelta(days=60)) == 0
    assert services.reject_silent(at=timezone.now()) == 1
    assert services.reject_silent(at=timezone.now()) == 0

    appeal.refresh_from_db()
    assert (appeal.state, appeal.ended_on) == ("silently_rejected", add_months(lodged, 2))
    assert court_limit(decision, [appeal]) == add_months(appeal.ended_on, 2)
    assert Decision.objects.get(pk=decision.pk).state == "notified"


@pytest.mark.rule("A-33")
def test_silent_rejection_may_still_be_answered():
    decision, ministry, _ = make_notified()
    decision = age(decision, 120)
    appeal = lodge(decision, ministry, lodged_on=today() - timedelta(days=100), author_name="Me Dupont")
    services.reject_silent(at=timezone.now())

    assert answer(appeal, ministry, Outcome.INSTRUCTION).state == "granted"
    assert file_state(decision) == CandidatureState.EVALUATION


@pytest.mark.rule("T37", "A-33")
def test_rejected_remedy_leaves_the_act():
    decision, ministry, manager = make_notified()

    answered = answer(lodge(decision, manager), ministry, Outcome.REJECTED)

    assert (answered.state, answered.outcome, answered.ended_on) == ("rejected", "rejected", today())
    assert Decision.objects.get(pk=decision.pk).state == "notified"
    assert file_state(decision) == CandidatureState.REFUSED


@pytest.mark.rule("T37", "A-33")
@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.INSTRUCTION, CandidatureState.EVALUATION),
        (Outcome.COMMISSION, CandidatureState.READY_COMMISSION),
        (Outcome.RECONSIDERED, CandidatureState.MINISTER),
    ],
)
def test_granted_remedy_annuls_the_refusal_and_takes_the_file_up_again(outcome, state):
    decision, ministry, manager = make_notified()

    answered = answer(lodge(decision, manager), ministry, outcome)

    assert (answered.state, answered.outcome) == ("granted", outcome)
    assert Decision.objects.get(pk=decision.pk).state == "annulled"
    assert file_state(decision) == state


@pytest.mark.rule("T37", "A-33")
def test_reconsidered_file_gets_a_new_decision():
    decision, ministry, manager = make_notified()
    answer(lodge(decision, manager), ministry, Outcome.RECONSIDERED)

    again = services.draft_decision(
        kind="refusal", enrolment_id=decision.enrolment_id, candidature_id=decision.candidature_id, actor=ministry
    )
    signed = services.sign_decision(decision_id=again.pk, signatory=make_signatory(), signed_on=today(), actor=ministry)

    assert signed.number != decision.number
    assert file_state(decision) == CandidatureState.REFUSED


@pytest.mark.rule("A-33")
def test_file_does_not_come_back_beside_another_open_one():
    decision, ministry, manager = make_notified()
    appeal = lodge(decision, manager)
    make_candidature(CandidatureState.APPLIED, dossier=decision.candidature.dossier)

    with pytest.raises(TransitionRefused) as refusal:
        answer(appeal, ministry, Outcome.INSTRUCTION)

    assert codes(refusal) == ["open_candidature"]
    assert Decision.objects.get(pk=decision.pk).state == "notified"


@pytest.mark.rule("A-33")
def test_cancelled_sanction_is_followed_from_above(monkeypatch, without_listings):
    listing, ministry, manager = make_notified("listing")
    draft = make_sanction("suspension", about=listing, actor=ministry)
    sanction = services.sign_decision(
        decision_id=draft.pk, signatory=make_signatory(), signed_on=today(), actor=ministry
    )
    services.open_decision(decision_id=sanction.pk, actor=manager)
    heard = []
    monkeypatch.setitem(workflow._followers, "decision.annul", [lambda row, **_: heard.append(row.pk)])

    answer(lodge(sanction, manager), ministry, Outcome.CANCELLED)

    assert heard == [sanction.pk]
    assert Decision.objects.get(pk=sanction.pk).state == "annulled"
    assert current_decision(listing.enrolment) == listing


def test_outcome_that_does_not_suit_the_act_is_refused():
    decision, ministry, manager = make_notified()
    appeal = lodge(decision, manager)

    with pytest.raises(TransitionRefused) as refusal:
        answer(appeal, ministry, Outcome.CANCELLED, text=" ")
    assert codes(refusal) == ["outcome", "answer"]
    with pytest.raises(PermissionDenied):
        answer(appeal, make_agent(Role.LISTING_TEAM), Outcome.REJECTED)


def test_remedy_withdrawn_by_the_editor_ends():
    decision, ministry, manager = make_notified()
    appeal = lodge(decision, manager)

    assert services.withdraw_appeal(appeal_id=appeal.pk, actor=manager).state == "withdrawn"
    with pytest.raises(TransitionRefused) as refusal:
        answer(appeal, ministry, Outcome.REJECTED)
    assert codes(refusal) == ["wrong_state"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Appeal.objects.update(text="Autre")


def sue(decision, actor, **fields):
    values = {
        "court": "Tribunal administratif de Paris",
        "case_number": "2612345",
        "claimant": "Alizé Santé",
        "lodged_on": today(),
        **fields,
    }
    return services.record_suit(decision_id=decision.pk, actor=actor, **values)


def rule(suit, actor, step, **fields):
    values = {"ruling": "Vu.", "ruled_on": today(), **fields}
    return services.record_ruling(suit_id=suit.pk, step=step, actor=actor, **values)


@pytest.mark.rule("A-33")
def test_suit_suspends_nothing_by_itself():
    decision, ministry, _ = make_notified()

    suit = sue(decision, ministry)

    assert suit.state == "pending"
    assert Decision.objects.get(pk=decision.pk).state == "notified"
    with pytest.raises(TransitionRefused) as refusal:
        sue(decision, ministry)
    assert codes(refusal) == ["case_number"]


@pytest.mark.rule("A-33")
def test_court_suspends_then_rejects_and_the_act_resumes():
    decision, ministry, _ = make_notified("listing")
    suit = sue(decision, ministry)

    rule(suit, ministry, "suspend")
    assert Decision.objects.get(pk=decision.pk).state == "court_suspended"
    assert current_decision(decision.enrolment) is None

    rule(suit, ministry, "reject")
    assert Decision.objects.get(pk=decision.pk).state == "notified"
    assert current_decision(decision.enrolment) == decision


@pytest.mark.rule("A-33")
def test_act_suspended_twice_resumes_with_the_last_suit():
    decision, ministry, _ = make_notified("listing")
    first, second = sue(decision, ministry), sue(decision, ministry, case_number="2")
    rule(first, ministry, "suspend")
    with pgtrigger.ignore():
        Suit.objects.filter(pk=second.pk).update(state="suspended")

    rule(first, ministry, "end")
    assert Decision.objects.get(pk=decision.pk).state == "court_suspended"
    rule(second, ministry, "reject")
    assert Decision.objects.get(pk=decision.pk).state == "notified"


@pytest.mark.rule("A-33")
@pytest.mark.parametrize("state", [CandidatureState.APPROVED, CandidatureState.LISTED])
def test_annulled_listing_takes_its_file_with_it(state):
    decision, ministry, _ = make_notified("listing")
    if state == CandidatureState.LISTED:
        Candidature.objects.filter(pk=decision.candidature_id).update(state=state)

    rule(sue(decision, ministry), ministry, "annul")

    assert Decision.objects.get(pk=decision.pk).state == "annulled"
    assert file_state(decision) == CandidatureState.RESCINDED
    assert current_decision(decision.enrolment) is None


@pytest.mark.rule("A-33")
def test_injunction_is_followed_until_it_is_executed():
    decision, ministry, _ = make_notified()
    suit = rule(
        sue(decision, ministry),
        ministry,
        "annul",
        injunction="Réexaminer la demande",
        injunction_due_on=today() + timedelta(days=60),
    )
    assert Suit.objects.with_open_injunction().get() == suit
    assert file_state(decision) == CandidatureState.REFUSED

    services.resume_file(decision_id=decision.pk, outcome=Outcome.RECONSIDERED, reason="Injonction", actor=ministry)
    services.execute_injunction(suit_id=suit.pk, executed_on=today(), actor=ministry)

    assert file_state(decision) == CandidatureState.MINISTER
    assert not Suit.objects.with_open_injunction().exists()
    with pytest.raises(TransitionRefused) as refusal:
        services.execute_injunction(suit_id=suit.pk, executed_on=today(), actor=ministry)
    assert codes(refusal) == ["wrong_state"]


def test_ruling_refused_says_every_reason():
    decision, ministry, _ = make_signed("refusal")
    suit = sue(decision, ministry)

    with pytest.raises(TransitionRefused) as refusal:
        rule(suit, ministry, "suspend", ruling="", ruled_on=today() + timedelta(days=1), injunction="Faire")

    assert codes(refusal) == ["ruling", "ruled_on", "injunction_due_on", "decision"]
    with pytest.raises(PermissionDenied):
        rule(suit, make_agent(Role.LISTING_TEAM), "annul")


def test_file_of_a_standing_act_is_not_resumed():
    decision, ministry, _ = make_notified()

    with pytest.raises(TransitionRefused) as refusal:
        services.resume_file(decision_id=decision.pk, outcome="", reason="", actor=ministry)

    assert codes(refusal) == ["wrong_state", "outcome", "reason"]
