import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.kernel.errors import TransitionRefused
from questionnaires.models import DefinitionVersion
from questionnaires.selectors import recovered_codes
from questionnaires.services import import_definition, publish_definition
from referencing.candidature.services.prelisting import leave
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.inheritance import choose, choose_each, offer_for, release, take_over
from referencing.enrolment.models import Enrolment
from tests.dossier.white_label import attach, make_distributor, make_solution
from tests.factories import UserFactory, make_member
from tests.questionnaires.factories import AT, answer, grid_text, orient, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def solution():
    return make_solution()


@pytest.fixture
def distributor(solution):
    return make_distributor(solution)


def fresh(enrolment):
    return Enrolment.objects.select_related("response__definition", "product__organisation").get(pk=enrolment.pk)


def refused(**choice):
    with pytest.raises(TransitionRefused) as refusal:
        choose(**choice)
    return [each.code for each in refusal.value.blockers]


@pytest.mark.rule("A-23", "BR-195", "BR-196", "BR-199")
def test_an_offer_is_a_list_of_codes_that_the_verifier_froze(solution, distributor):
    enrolment, _ = distributor

    assert solution.pre_listing.offer == {"recoverable": ["A06.1.2", "DEV.1.2"], "specific": ["DEV.1.1"]}
    offer = offer_for(fresh(enrolment))
    assert offer is not None
    assert (offer.recoverable, offer.specific, offer.is_open) == ({"A06.1.2", "DEV.1.2"}, {"DEV.1.1"}, True)
    assert (offer.solution, offer.producer) == (
        solution.enrolment.label,
        solution.enrolment.product.organisation.name,
    )


def test_an_offer_is_one_query_and_none_outside_white_labels(solution, distributor, django_assert_num_queries):
    enrolment = fresh(distributor[0])
    with django_assert_num_queries(1):
        assert offer_for(enrolment)
    producer = fresh(solution.enrolment)
    with django_assert_num_queries(0):
        assert offer_for(producer) is None


def test_nothing_is_offered_before_the_producer_accepts(solution):
    enrolment, manager = make_distributor(solution, is_accepted=False)

    assert offer_for(fresh(enrolment)) is None
    assert refused(enrolment_id=enrolment.pk, code="A06.1.2", recovered=True, actor=manager) == ["not_attached"]


@pytest.mark.rule("BR-194")
def test_acceptance_replaces_what_may_be_and_leaves_the_specific_alone(solution):
    enrolment, manager = make_distributor(solution, is_accepted=False)
    orient(enrolment.response)
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})
    answer(enrolment.response, "ethique", {"DEV.1.1": {"compliance": "conforme", "number": "80"}})
    enrolment.attachment_requests.all().delete()

    attach(enrolment, solution, manager)

    assert set(recovered_codes(enrolment.response)) == {"A06.1.2", "DEV.1.2"}
    ethics = row(enrolment.response, "ethique")
    assert (ethics.answered, ethics.total) == (2, 2)
    assert enrolment.response.answers.get(code="A06.1.2").value == {"level": "3"}


@pytest.mark.rule("BR-196")
def test_a_distributor_answers_itself_and_recovers_again(distributor):
    enrolment, manager = distributor
    orient(enrolment.response)

    assert choose(enrolment_id=enrolment.pk, code="A06.1.2", recovered=False, actor=manager) == ("A06.1.2",)
    assert row(enrolment.response, "interoperabilite").answered == 0
    assert choose(enrolment_id=enrolment.pk, code="A06.1.2", recovered=True, actor=manager) == ("A06.1.2",)
    assert row(enrolment.response, "interoperabilite").answered == 1


@pytest.mark.rule("BR-195", "BR-199", "BR-200")
def test_what_is_specific_or_not_offered_is_refused_with_every_reason(distributor):
    enrolment, manager = distributor

    with pytest.raises(TransitionRefused) as refusal:
        choose_each(enrolment_id=enrolment.pk, codes=["DEV.1.1", "DEV.1.3", "RGPD.1"], recovered=True, actor=manager)

    assert [(each.code, each.anchor) for each in refusal.value.blockers] == [
        ("specific", "#field-DEV.1.1"),
        ("not_offered", "#field-DEV.1.3"),
        ("not_offered", "#field-RGPD.1"),
    ]


@pytest.mark.rule("BR-200")
def test_a_criterion_that_the_producer_was_not_asked_must_be_answered(distributor):
    enrolment, _ = distributor
    orient(enrolment.response, Q3=["mesures"])

    interoperability = row(enrolment.response, "interoperabilite")
    assert (interoperability.answered, interoperability.total) == (1, 2)
    assert "A06.1.3" not in recovered_codes(enrolment.response)


def test_only_members_choose(distributor, solution):
    enrolment, _ = distributor

    with pytest.raises(Enrolment.DoesNotExist):
        choose(enrolment_id=enrolment.pk, code="A06.1.2", recovered=False, actor=solution.manager)
    with pytest.raises(Enrolment.DoesNotExist):
        choose(enrolment_id=enrolment.pk, code="A06.1.2", recovered=False, actor=UserFactory())


def test_an_agent_reads_and_does_not_choose(distributor, solution):
    verifier = solution.pre_listing.pre_listed_by

    with pytest.raises(PermissionDenied):
        choose(enrolment_id=distributor[0].pk, code="A06.1.2", recovered=False, actor=verifier)


def test_a_closed_enrolment_refuses(distributor):
    enrolment, manager = distributor
    Enrolment.objects.filter(pk=enrolment.pk).update(state=EnrolmentState.CLOSED)

    assert refused(enrolment_id=enrolment.pk, code="A06.1.2", recovered=False, actor=manager) == ["locked"]


def test_a_suspended_solution_gives_nothing_more(distributor, solution):
    enrolment, manager = distributor
    choose(enrolment_id=enrolment.pk, code="A06.1.2", recovered=False, actor=manager)
    verifier = solution.pre_listing.pre_listed_by
    leave(pre_listing_id=solution.pre_listing.pk, step="suspend", reason="Vérification", actor=verifier)

    assert refused(enrolment_id=enrolment.pk, code="A06.1.2", recovered=True, actor=manager) == ["suspended"]


@pytest.mark.rule("A-23")
def test_a_release_gives_every_criterion_back(distributor):
    enrolment, manager = distributor
    orient(enrolment.response)

    left = release(enrolment=enrolment, why="Pré-référencement révoqué", actor=None, at=timezone.now())

    assert sorted(left) == ["A06.1.2", "DEV.1.2"]
    assert recovered_codes(enrolment.response) == {}
    assert enrolment.response.recovered == {}
    assert row(enrolment.response, "interoperabilite").answered == 0
    assert release(enrolment=enrolment, why="", actor=manager, at=timezone.now()) == ()


@pytest.mark.rule("OQ-25")
def test_an_answer_to_another_text_is_not_recovered(solution):
    enrolment, manager = make_distributor(solution, is_accepted=False)
    text = grid_text().replace('version: "essai"', 'version: "essai-2"').replace("Terminologies", "Vocabulaires")
    newer = import_definition(text=text, actor=None)
    publish_definition(definition=newer, actor=None, at=AT)
    enrolment.response.definition = DefinitionVersion.objects.get(pk=newer.pk)
    enrolment.response.save(update_fields=["definition"])

    taken = take_over(enrolment=enrolment, pre_listing=solution.pre_listing, actor=manager, at=timezone.now())

    assert taken == ("DEV.1.2",)


def test_colleagues_choose_for_their_organisation(distributor):
    enrolment, _ = distributor
    colleague = make_member(enrolment.product.organisation)

    assert choose(enrolment_id=enrolment.pk, code="A06.1.2", recovered=False, actor=colleague) == ("A06.1.2",)
