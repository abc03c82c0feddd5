"""Drafts: what an opinion allows, where texts and exchanges come from, visa and back (A-31, A-32, BR-157)."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.enums import CandidatureState
from referencing.commission.models import Reservation
from referencing.decision import services
from referencing.decision.models import Decision
from referencing.dossier.models import AddendumKind
from referencing.dossier.services import freeze_addendum
from tests.candidature.factories import make_candidature
from tests.decision.factories import (
    REMEDIES,
    add_reservation,
    give_opinion,
    make_decidable,
    make_draft,
    make_session,
)
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def draft(candidature, kind, actor, **fields):
    return services.draft_decision(
        kind=kind, enrolment_id=candidature.enrolment_id, candidature_id=candidature.pk, actor=actor, **fields
    )


@pytest.mark.rule("A-31", "A-32")
def test_draft_copies_exchanges_and_templates(ministry):
    candidature, _ = make_decidable(pairs=[("mesures", "lecture"), ("documents", "ecriture")])

    decision = draft(candidature, "listing", ministry)

    assert (decision.state, decision.kind, decision.number) == ("draft", "listing", None)
    assert [(row["api"], row["direction"], row["purpose"], row["data"]) for row in decision.scope] == [
        ("mesures", "lecture", "prevention", "Mesures de santé"),
        ("documents", "ecriture", "prevention", "Documents de santé"),
    ]
    assert decision.reasons == "Le service remplit les conditions."
    assert decision.opinion.kind == "favourable"
    assert AuditEntry.objects.filter(action="decision.draft").count() == 1


@pytest.mark.rule("A-31")
def test_exchanges_given_up_in_an_addendum_are_left_out(ministry):
    candidature, manager = make_decidable(pairs=[("mesures", "lecture"), ("documents", "ecriture")])
    freeze_addendum(
        dossier=candidature.dossier,
        kind=AddendumKind.SCOPE_REDUCTION,
        content={"given_up": ["mesures-lecture"], "orientation": []},
        files=[],
        actor=manager,
        at=candidature.applied_at,
    )

    assert [row["api"] for row in draft(candidature, "listing", ministry).scope] == ["documents"]


@pytest.mark.rule("A-01", "BR-179")
def test_refusal_has_the_reasons_of_the_opinion_and_remedies(ministry):
    candidature, _ = make_decidable("unfavourable")

    decision = draft(candidature, "refusal", ministry)

    assert decision.reasons == "Une condition n’est pas remplie.\n\nVu."
    assert decision.remedies == REMEDIES
    assert decision.scope == []


@pytest.mark.rule("BR-157", "A-01")
def test_unfavourable_opinion_leaves_the_refusal_only(ministry):
    candidature, _ = make_decidable("unfavourable")

    with pytest.raises(TransitionRefused) as refusal:
        draft(candidature, "listing", ministry)

    assert codes(refusal) == ["unfavourable"]
    assert draft(candidature, "refusal", ministry).kind == "refusal"


@pytest.mark.rule("A-30", "BR-158")
def test_open_suspensive_reservation_leaves_the_refusal_only(ministry):
    candidature, _ = make_decidable("with_suspensive")
    reservation = add_reservation(candidature.opinions.get())

    with pytest.raises(TransitionRefused) as refusal:
        draft(candidature, "listing", ministry)
    assert codes(refusal) == ["open_suspensive"]

    Reservation.objects.filter(pk=reservation.pk).update(state="lifted")
    assert draft(candidature, "listing", ministry).kind == "listing"


@pytest.mark.rule("A-30")
def test_suspensive_reservation_answered_in_a_newer_opinion_no_longer_bars(ministry):
    candidature, _ = make_decidable("with_suspensive")
    add_reservation(candidature.opinions.get())
    give_opinion(candidature, "favourable")

    assert draft(candidature, "listing", ministry).opinion.kind == "favourable"


def test_file_without_opinion_is_not_decided(ministry):
    candidature, _ = make_candidature(CandidatureState.MINISTER, complete=False)

    with pytest.raises(TransitionRefused) as refusal:
        draft(candidature, "refusal", ministry)

    assert codes(refusal) == ["opinion"]


def test_file_that_was_not_transmitted_is_not_decided(ministry):
    candidature, _ = make_candidature(CandidatureState.OPINION, complete=False)
    give_opinion(candidature)

    with pytest.raises(TransitionRefused) as refusal:
        draft(candidature, "listing", ministry)

    assert codes(refusal) == ["wrong_state"]


def test_one_draft_per_file(ministry):
    candidature, _ = make_decidable()
    first = draft(candidature, "listing", ministry)

    with pytest.raises(TransitionRefused) as refusal:
        draft(candidature, "refusal", ministry)
    assert codes(refusal) == ["draft_exists"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            kind="refusal", enrolment=candidature.enrolment, candidature=candidature, drafted_by=ministry
        )

    services.drop(decision_id=first.pk, actor=ministry, reason="Erreur")
    assert draft(candidature, "refusal", ministry).state == "draft"


@pytest.mark.rule("A-32")
def test_session_gets_one_draft_per_file_of_the_kind_that_its_opinion_allows(ministry):
    session = make_session()
    favourable, _ = make_decidable(session=session)
    unfavourable, _ = make_decidable("unfavourable", session=session)
    elsewhere, _ = make_decidable()
    done, _ = make_decidable(session=session)
    draft(done, "refusal", ministry)

    made, refused = services.draft_session(session_id=session.pk, actor=ministry)

    assert {(each.candidature_id, each.kind) for each in made} == {
        (favourable.pk, "listing"),
        (unfavourable.pk, "refusal"),
    }
    assert refused == []
    assert not Decision.objects.filter(candidature=elsewhere).exists()
    assert services.draft_session(session_id=session.pk, actor=ministry) == ([], [])


@pytest.mark.parametrize("role", [Role.LISTING_TEAM, Role.SECRETARY, Role.CNAM, Role.PRESIDENT])
@pytest.mark.rule("A-01")
def test_only_the_ministry_drafts_on_a_file(role):
    candidature, _ = make_decidable()

    with pytest.raises(PermissionDenied):
        draft(candidature, "listing", make_agent(role))
    with pytest.raises(PermissionDenied):
        services.draft_session(session_id=candidature.opinions.get().point.session_id, actor=make_agent(role))


def test_draft_changes_its_kind_within_what_the_opinion_allows(ministry):
    candidature, _ = make_decidable(pairs=[("mesures", "lecture")])
    decision = draft(candidature, "listing", ministry)

    changed = services.update_draft(
        decision_id=decision.pk, actor=ministry, kind="refusal", reasons="Non.", remedies="Deux mois."
    )
    assert (changed.kind, changed.scope, changed.reasons) == ("refusal", [], "Non.")
    with pytest.raises(TransitionRefused) as refusal:
        services.update_draft(decision_id=decision.pk, actor=ministry, kind="renewal", reasons="", remedies="")
    assert codes(refusal) == ["kind"]


@pytest.mark.rule("A-32")
def test_visa_fixes_the_draft_until_it_is_taken_back():
    decision, ministry, _ = make_draft()

    endorsed = services.endorse(decision_id=decision.pk, actor=ministry)
    assert (endorsed.state, endorsed.endorsed_by) == ("endorsed", ministry)
    with pytest.raises(TransitionRefused) as refusal:
        services.update_draft(decision_id=decision.pk, actor=ministry, kind="listing", reasons="", remedies="")
    assert codes(refusal) == ["wrong_state"]

    again = services.rework(decision_id=decision.pk, actor=ministry)
    assert (again.state, again.endorsed_by, again.endorsed_at) == ("draft", None, None)


@pytest.mark.rule("A-01")
def test_adverse_draft_without_reasons_or_remedies_gets_no_visa():
    decision, ministry, _ = make_draft("refusal")
    services.update_draft(decision_id=decision.pk, actor=ministry, kind="refusal", reasons=" ", remedies="")

    with pytest.raises(TransitionRefused) as refusal:
        services.endorse(decision_id=decision.pk, actor=ministry)

    assert codes(refusal) == ["reasons", "remedies"]


def test_dropped_draft_ends():
    decision, ministry, _ = make_draft()

    dropped = services.drop(decision_id=decision.pk, actor=ministry)

    assert dropped.state == "dropped"
    assert dropped.ended_at is not None
    with pytest.raises(TransitionRefused) as refusal:
        services.endorse(decision_id=decision.pk, actor=ministry)
    assert codes(refusal) == ["wrong_state"]
    assert dropped.candidature.state == CandidatureState.MINISTER


def test_draft_is_seen_by_the_ministry_alone():
    decision, ministry, manager = make_draft()

    assert Decision.objects.visible_to(ministry).get() == decision
    for person in (manager, make_agent(Role.LISTING_TEAM), make_agent(Role.CNAM), make_agent(Role.EXPERT, "rgpd")):
        assert not Decision.objects.visible_to(person).exists()


def test_kind_that_does_not_exist_is_refused(ministry):
    candidature, _ = make_decidable()

    with pytest.raises(TransitionRefused) as refusal:
        draft(candidature, "", ministry)

    assert codes(refusal) == ["kind"]
    assert not Decision.objects.exists()
