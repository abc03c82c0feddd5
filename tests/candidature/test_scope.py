import json

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from convergence.accounts.enums import MembershipType
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import CandidatureState, Holder, RequestState
from referencing.candidature.models import Candidature, ComplementRequest
from referencing.candidature.services import reduce_scope, send_answers
from referencing.candidature.services.scope import find_reduction, list_exchanges
from referencing.dossier.models import Addendum
from referencing.dossier.services import generate_dossier
from referencing.dossier.verification import verify_reference
from tests.candidature.asking import LEVELS, OTHER, ask, write
from tests.candidature.factories import make_candidature
from tests.dossier.factories import make_signed_enrolment
from tests.factories import OrganisationFactory, make_member
from tests.questionnaires.factories import finish, orient

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchanging():
    """A file that exchanges measures and documents; on the small grid, Q3 names the exchanges and Q13 opens them."""
    enrolment, manager = make_signed_enrolment()
    orient(enrolment.response, Q3=["mesures", "documents"], Q13="oui", Q14="Lecture")
    finish(enrolment.response, "interoperabilite", {LEVELS: {"level": "2"}, OTHER: {"level": "1"}})
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    candidature, _ = make_candidature(made=(dossier, manager), has_exchange=True)
    candidature.enrolment.demarche.settings = {"exchange": {"question": "Q3", "gate": "Q13"}}
    candidature.enrolment.demarche.save()
    return candidature, manager


def codes_of(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


@pytest.mark.rule("A-19")
def test_what_falls_away_is_what_the_grid_does_not_show_any_more(exchanging):
    candidature, _ = exchanging

    part = find_reduction(candidature, ["mesures"])
    whole = find_reduction(candidature, ["mesures", "documents"])

    assert [code for code, _ in part.removed] == [OTHER]
    assert (part.kept, part.has_exchange) == (("documents",), True)
    assert [code for code, _ in whole.removed] == [OTHER]
    assert (whole.kept, whole.has_exchange) == ((), False)
    assert {row["code"]: row["value"] for row in whole.orientation} == {"Q3": None, "Q13": "non"}


@pytest.mark.rule("A-19", "BR-114")
def test_giving_up_one_exchange_freezes_an_addendum(exchanging, django_capture_on_commit_callbacks):
    candidature, editor = exchanging
    before = bytes(candidature.dossier.payload)

    with django_capture_on_commit_callbacks(execute=True):
        addendum = reduce_scope(candidature_id=candidature.pk, given_up=["mesures"], reason="Plus tard.", actor=editor)

    candidature.refresh_from_db()
    candidature.dossier.refresh_from_db()
    assert bytes(candidature.dossier.payload) == before
    assert candidature.has_exchange
    assert candidature.state == CandidatureState.EVALUATION
    assert [each.code for each in load_criteria(candidature)] == [LEVELS]
    assert json.loads(bytes(addendum.payload))["given_up"] == ["mesures"]
    assert verify_reference(addendum.reference).outcome == "intact"
    assert list_exchanges(candidature) == [("documents", "documents")]
    assert Notification.objects.filter(recipient=candidature.referent, content__contains="périmètre").exists()


@pytest.mark.rule("A-19")
def test_nothing_left_means_no_exchange_and_no_question_on_what_left(exchanging):
    candidature, editor = exchanging
    request = ask(candidature, LEVELS, OTHER)
    write(request, LEVELS, actor=editor)
    send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    reduce_scope(candidature_id=candidature.pk, given_up=["mesures", "documents"], reason="Plus tard.", actor=editor)

    candidature.refresh_from_db()
    assert not candidature.has_exchange
    request.refresh_from_db()
    assert request.state == RequestState.ANSWERED
    with pytest.raises(TransitionRefused) as refusal:
        reduce_scope(candidature_id=candidature.pk, given_up=["mesures"], reason="Encore.", actor=editor)
    assert codes_of(refusal) == ["no_exchange"]


@pytest.mark.rule("A-19")
def test_a_request_only_on_what_left_ends_without_answer(exchanging):
    candidature, editor = exchanging
    ask(candidature, OTHER)

    reduce_scope(candidature_id=candidature.pk, given_up=["mesures"], reason="Plus tard.", actor=editor)

    assert ComplementRequest.objects.get().state == RequestState.ENDED


def test_refusals_are_told_at_once(exchanging):
    candidature, editor = exchanging

    with pytest.raises(TransitionRefused) as nothing:
        reduce_scope(candidature_id=candidature.pk, given_up=[], reason=" ", actor=editor)
    with pytest.raises(TransitionRefused) as unknown:
        reduce_scope(candidature_id=candidature.pk, given_up=["agenda"], reason="x", actor=editor)

    assert codes_of(nothing) == ["given_up", "reason"]
    assert codes_of(unknown) == ["given_up"]
    assert not Addendum.objects.exists()


def test_whoever_commits_the_organisation_reduces(exchanging):
    candidature, _ = exchanging
    contributor = make_member(candidature.enrolment.product.organisation, MembershipType.SALARIE)

    for person in (contributor, candidature.referent):
        with pytest.raises(PermissionDenied):
            reduce_scope(candidature_id=candidature.pk, given_up=["mesures"], reason="x", actor=person)
    with pytest.raises(Candidature.DoesNotExist):
        reduce_scope(
            candidature_id=candidature.pk, given_up=["mesures"], reason="x", actor=make_member(OrganisationFactory())
        )


def test_the_page_shows_the_consequences_then_asks(client, exchanging):
    candidature, editor = exchanging
    client.force_login(editor)
    address = reverse("candidature:scope_reduce", args=[candidature.pk])

    shown = client.get(address)
    refused = client.post(address, {"reason": ""})
    asked = client.post(address, {"given_up": ["mesures", "documents"], "reason": "Plus tard."})
    assert not Addendum.objects.exists()
    done = client.post(address, {"given_up": ["mesures", "documents"], "reason": "Plus tard.", "confirmed": "1"})

    assert shown.status_code == 200
    assert refused.status_code == 422
    assert OTHER in asked.content.decode()
    assert "tests de connexion sont annulés" in asked.content.decode()
    assert done.url == reverse("candidature:addendum_detail", args=[candidature.pk, 1])
    assert "Critères retirés" in client.get(done.url).content.decode()
    client.force_login(candidature.referent)
    assert client.get(address).status_code == 403


@pytest.mark.rule("A-19")
def test_what_left_keeps_nobody_busy(exchanging):
    candidature, editor = exchanging
    ask(candidature, LEVELS)
    candidature.refresh_from_db()
    before = candidature.waiting_for

    reduce_scope(candidature_id=candidature.pk, given_up=["mesures"], reason="Plus tard.", actor=editor)

    candidature.refresh_from_db()
    assert (before, candidature.waiting_for) == (Holder.LISTING_TEAM, Holder.EDITOR)
