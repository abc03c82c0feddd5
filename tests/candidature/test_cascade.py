"""What follows when a producer’s answers move: which distributors, which criteria, what each must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit import workflow
from referencing.candidature.core.cascade import Cause, Duty, Effect, Held, Solution, Stage, count_duties, find_effects
from referencing.candidature.core.criteria import EffectiveCriterion, Evidence, content_hash
from referencing.candidature.selectors.cascade import load_cascade
from referencing.candidature.services.prelisting import leave
from referencing.enrolment.enums import AttachmentState, PreListingState
from referencing.enrolment.models import AttachmentRequest, PreListing
from tests.candidature.asking import LEVELS, OTHER, in_days
from tests.candidature.recovering import SECRET, ask, make_producer, make_recovered_file
from tests.factories import make_agent

ON = date(2026, 11, 30)


def criterion(code, *, level="2", evidence=()):
    made = EffectiveCriterion(
        code=code,
        title=code,
        theme="t",
        theme_title="T",
        kind="levels",
        section="",
        objective="",
        nature="option",
        levels=(),
        acceptable=(),
        because=(),
        value_label="",
        answer={"level": level},
        comment="",
        is_reached=True,
        evidence=tuple(evidence),
    )
    return replace(made, content_sha256=content_hash(made))


def solution(**fields):
    values = {
        "frozen": {"A": criterion("A"), "B": criterion("B")},
        "offered": ("A", "B"),
        "specific": ("S",),
        "is_standing": True,
    }
    return Solution(**(values | fields))


def test_nothing_is_due_while_everything_stands():
    assert find_effects(Held(Stage.APPLIED, {"A", "B"}), solution(), on=ON) == []


@pytest.mark.rule("BR-200")
def test_what_applies_to_the_distributor_alone_is_the_distributors_to_answer():
    held = Held(Stage.ANSWERING, {"A"}, applicable={"A", "B", "S", "N"})

    assert find_effects(held, solution(), on=ON) == [Effect("N", Cause.NOT_OFFERED, Duty.DISTRIBUTOR_ANSWERS)]


@pytest.mark.rule("A-23")
@pytest.mark.parametrize(
    ("stage", "duty"),
    [
        (Stage.ANSWERING, Duty.DISTRIBUTOR_ANSWERS),
        (Stage.FROZEN, Duty.DISTRIBUTOR_ANSWERS),
        (Stage.APPLIED, Duty.VERIFIER_WARNED),
        (Stage.LISTED, Duty.REVIEW_DUE),
    ],
)
def test_the_end_of_a_pre_listing_asks_each_stage_its_own(stage, duty):
    found = find_effects(Held(stage, {"A"}), solution(is_standing=False), on=ON)

    assert found == [Effect("A", Cause.ENDED, duty)]


@pytest.mark.rule("OQ-20")
def test_a_newer_pre_listing_says_which_answers_changed_and_which_are_gone():
    newer = {"A": criterion("A", level="3"), "B": criterion("B")}
    replaced = solution(is_standing=False, newer=newer, newer_offered=("A",))

    waiting = find_effects(Held(Stage.FROZEN, {"A", "B"}), replaced, on=ON)
    same = find_effects(Held(Stage.LISTED, {"B"}), replace(replaced, newer_offered=("A", "B")), on=ON)

    assert waiting == [
        Effect("A", Cause.CHANGED, Duty.DISTRIBUTOR_REFREEZES),
        Effect("B", Cause.GONE, Duty.DISTRIBUTOR_ANSWERS),
    ]
    assert same == []


def test_expired_evidence_is_the_producers_to_renew():
    old = Evidence("a.pdf", "0" * 64, 1, type="audit", deposited_at="2025-01-01T10:00:00+00:00")
    aged = solution(frozen={"A": criterion("A", evidence=[old])}, ages={("A", "audit"): 365})

    assert find_effects(Held(Stage.APPLIED, {"A"}), aged, on=ON) == [Effect("A", Cause.EXPIRED, Duty.PRODUCER_RENEWS)]
    assert find_effects(Held(Stage.APPLIED, {"A"}), aged, on=date(2025, 6, 1)) == []


@pytest.mark.rule("A-25")
def test_questions_say_who_answers_and_duties_are_counted_by_criterion():
    held = Held(Stage.APPLIED, {"A", "B"}, questions={"A": Cause.ASKED, "B": Cause.LAPSED})

    found = find_effects(held, solution(is_standing=False), on=ON)

    assert count_duties(found) == {
        Duty.PRODUCER_ANSWERS: 1,
        Duty.DISTRIBUTOR_ANSWERS: 1,
        Duty.VERIFIER_WARNED: 2,
    }


# -- the map


def attach(candidature, producer, *, state=AttachmentState.ACCEPTED):
    enrolment = candidature.enrolment
    return AttachmentRequest.objects.create(
        enrolment=enrolment,
        pre_listing=producer.pre_listing,
        state=state,
        told_organisation=enrolment.product.organisation.name,
        told_product=enrolment.product.name,
        requested_by=candidature.applied_by,
        requested_at=timezone.now(),
        expires_on=in_days(30),
    )


@pytest.fixture
def solution_with_one():
    producer = make_producer()
    candidature, editor, referent = make_recovered_file(producer, LEVELS, OTHER)
    attach(candidature, producer)
    return producer, candidature, editor, referent


@pytest.mark.django_db
def test_the_map_for_producer_and_verifier_and_for_nobody_else(client, solution_with_one):
    producer, candidature, editor, referent = solution_with_one
    ask(candidature)
    page = reverse("candidature:pre_listing_map", args=[producer.pre_listing.pk])

    client.force_login(producer.manager)
    seen = client.get(page).content.decode()
    assert candidature.enrolment.product.name in seen
    assert "Question posée pendant l’instruction" in seen
    assert SECRET not in seen
    assert str(candidature.pk) not in seen
    client.force_login(referent)
    assert str(candidature.pk) in client.get(page).content.decode()
    client.force_login(editor)
    assert client.get(page).status_code == 404


@pytest.mark.django_db
@pytest.mark.rule("A-23", "BR-204")
def test_a_withdrawn_pre_listing_warns_of_the_running_file_and_keeps_its_values(solution_with_one):
    producer = solution_with_one[0]
    assert load_cascade(producer.pre_listing, on=ON).distributors[0].effects == ()

    leave(pre_listing_id=producer.pre_listing.pk, step="withdraw", reason="Fin de vie.", actor=producer.manager)

    producer.pre_listing.refresh_from_db()
    (found,) = load_cascade(producer.pre_listing, on=ON).distributors
    assert found.stage is Stage.APPLIED
    assert found.recovered == (LEVELS, OTHER)
    assert {(each.cause, each.duty) for each in found.effects} == {(Cause.ENDED, Duty.VERIFIER_WARNED)}


@pytest.mark.django_db
@pytest.mark.rule("OQ-20")
def test_a_newer_dossier_of_the_producer_flags_what_it_changes(solution_with_one):
    producer = solution_with_one[0]
    other = make_producer()  # its dossier, pre-listed anew for the same solution, answers alike
    old = producer.pre_listing
    team = make_agent(Role.LISTING_TEAM)
    workflow.fire(old, "replace", actor=team, at=timezone.now())
    PreListing.objects.create(
        enrolment=old.enrolment,
        dossier_id=other.candidature.dossier_id,
        dossier_reference=other.candidature.dossier.reference,
        dossier_sha256=other.candidature.dossier.sha256,
        offer={"recoverable": [LEVELS], "specific": []},
        pre_listed_by=team,
        pre_listed_at=timezone.now(),
    )
    old.refresh_from_db()
    assert old.state == PreListingState.REPLACED

    (found,) = load_cascade(old, on=ON).distributors

    assert found.effects == (Effect(OTHER, Cause.GONE, Duty.VERIFIER_WARNED),)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_map_asks_as_much_for_one_as_for_three(django_assert_num_queries, count):
    producer = make_producer()
    for _ in range(count):
        attach(make_recovered_file(producer)[0], producer)
    pre_listing = PreListing.objects.select_related("enrolment__response__definition").get(pk=producer.pre_listing.pk)
    load_cascade(pre_listing, on=ON + timedelta(days=1))

    with django_assert_num_queries(7):
        load_cascade(pre_listing, on=ON + timedelta(days=1))
