import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from convergence.kernel.errors import TransitionRefused
from referencing.dossier.readers import read_payload
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import Api, Direction
from referencing.enrolment.exchange import find_exchange_blockers, list_pairs, save_exchange_scope
from referencing.enrolment.models import ExchangeScope
from tests.dossier.factories import make_signed_enrolment
from tests.factories import OrganisationFactory, make_member
from tests.questionnaires.factories import finish, orient

pytestmark = pytest.mark.django_db

PAIR = (Api.MEASURES, Direction.READ)
COMPLETE = {
    "purpose": "suivi",
    "necessity": "Afficher les mesures au soignant.",
    "access": "À la demande de l’usager.",
    "retention": "Trois mois.",
    "security": "Chiffrement de bout en bout.",
    "consent_text": "Nous lirons vos mesures avec votre accord.",
}


@pytest.fixture
def exchanging():
    """An enrolment whose validated orientation exchanges data and reads measures (question Q3 stands for the real one)."""
    enrolment, manager = make_signed_enrolment()
    enrolment.demarche.settings = {"exchange": {"question": "Q3"}}
    enrolment.demarche.save()
    orient(enrolment.response, Q13="oui", Q14="oui")
    enrolment.response.orientation = {**enrolment.response.orientation, "Q3": ["mesures-lecture"]}
    enrolment.response.save()
    return enrolment, manager


@pytest.mark.rule("A-11")
def test_pairs_follow_the_validated_orientation():
    enrolment, _ = make_signed_enrolment()
    enrolment.demarche.settings = {"exchange": {"question": "Q14"}}

    pairs = list_pairs(enrolment, {"Q14": ["documents-ecriture", "mesures-lecture", "autre"]})

    assert pairs == [(Api.MEASURES, Direction.READ), (Api.DOCUMENTS, Direction.WRITE)]
    assert list_pairs(enrolment, {}) == []


@pytest.mark.rule("BR-118", "A-11")
@pytest.mark.parametrize("field", COMPLETE)
def test_each_part_of_the_description_is_mandatory(exchanging, field):
    enrolment, manager = exchanging
    save_exchange_scope(enrolment_id=enrolment.pk, values=[(PAIR, COMPLETE | {field: ""})], actor=manager)

    (blocker,) = find_exchange_blockers(enrolment, {"Q3": ["mesures-lecture"]})

    assert blocker.anchor.endswith("#mesures-lecture")
    assert "Mesures de santé (lecture)" in blocker.message


@pytest.mark.rule("BR-118")
def test_dossier_of_a_product_that_exchanges_waits_for_the_description(exchanging):
    enrolment, manager = exchanging
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert [blocker.code for blocker in refusal.value.blockers] == ["exchange_scope"]


@pytest.mark.rule("A-11")
def test_description_is_frozen_with_the_dossier(exchanging):
    enrolment, manager = exchanging
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    save_exchange_scope(enrolment_id=enrolment.pk, values=[(PAIR, COMPLETE)], actor=manager)

    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    save_exchange_scope(enrolment_id=enrolment.pk, values=[(PAIR, COMPLETE | {"retention": "Dix ans."})], actor=manager)

    (scope,) = read_payload(dossier)["exchange_scope"]
    assert {name: scope[name] for name in COMPLETE} == COMPLETE
    assert (scope["api"], scope["direction"]) == ("mesures", "lecture")


@pytest.mark.rule("BR-119")
def test_database_refuses_a_purpose_outside_the_law(exchanging):
    enrolment, _ = exchanging
    with pytest.raises(IntegrityError, match="exchange_scope_purpose_allowed"), transaction.atomic():
        ExchangeScope.objects.create(enrolment=enrolment, api="mesures", direction="lecture", purpose="recherche")


def test_stranger_describes_nothing(exchanging):
    enrolment, _ = exchanging
    stranger = make_member(OrganisationFactory())

    with pytest.raises((PermissionDenied, type(enrolment).DoesNotExist)):
        save_exchange_scope(enrolment_id=enrolment.pk, values=[(PAIR, COMPLETE)], actor=stranger)
