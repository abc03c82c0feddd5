"""A final measure fills DEV.1.1 and leaves its report as evidence (BR-079)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.kernel.errors import TransitionRefused
from ecoscore.models import Result
from questionnaires.models import Answer, Deposit
from referencing.enrolment.ecoscore import CRITERION, use_final_measure
from referencing.enrolment.models import Enrolment
from tests.ecoscore.factories import final_result, make_application, make_final, make_intermediate
from tests.factories import make_agent, make_member
from tests.questionnaires import factories
from tests.questionnaires.factories import FULL_ACCESS, make_enrolment, orient, row

pytestmark = pytest.mark.django_db

EVIDENCE = "            evidence: [{code: rapport-ecoscore, label: Rapport, formats: [pdf]}]\n"


@pytest.fixture
def enrolment(monkeypatch):
    """On the small grid, with the report that the real one expects."""
    line = "            value: {type: number, label: Écoscore, unit: /100}\n"
    text = factories.grid_text()
    assert line in text
    monkeypatch.setattr(factories, "grid_text", lambda name="answering": text.replace(line, line + EVIDENCE))
    enrolment = make_enrolment()
    orient(enrolment.response)
    return enrolment


@pytest.fixture
def editor(enrolment):
    return make_member(enrolment.product.organisation)


def use(enrolment, editor, *results, at=None):
    return use_final_measure(
        enrolment_id=enrolment.pk, result_ids=[each.pk for each in results], actor=editor, at=at or timezone.now()
    )


def codes(refusal):
    return [each.code for each in refusal.value.blockers]


@pytest.mark.rule("BR-079")
def test_a_final_measure_fills_value_comment_and_evidence(enrolment, editor):
    result = final_result(make_final(make_application(enrolment.product)))

    value = use(enrolment, editor, result)

    answer = Answer.objects.get(response=enrolment.response, code=CRITERION)
    assert answer.value == {"compliance": "conforme", "number": str(value)}
    assert value == result.ecoscore
    assert result.sha256 in answer.comment
    assert "énergie estimée" in answer.comment
    deposit = Deposit.objects.active().get(response=enrolment.response, criterion=CRITERION)
    assert deposit.evidence_type == "rapport-ecoscore"
    assert deposit.file.name.endswith(f"{result.sha256[:8]}.pdf")
    assert deposit.file.blob.format == "pdf"


@pytest.mark.rule("BR-079")
def test_any_value_is_accepted_and_none_is_not(enrolment, editor):
    """The worst écoscore may be « Conforme »; without a value the questionnaire is not validated."""
    from questionnaires.services import validate

    factories.answer(enrolment.response, "ethique", {CRITERION: {"compliance": "conforme"}})
    factories.deposit(enrolment.response, "DEV.1.2", "declaration")
    factories.answer(enrolment.response, "ethique", {"DEV.1.2": {"compliance": "conforme"}})

    def finish():
        validate(
            response=enrolment.response, questionnaire="ethique", actor=editor, at=timezone.now(), access=FULL_ACCESS
        )

    with pytest.raises(TransitionRefused) as refusal:
        finish()
    assert "missing_value" in codes(refusal)

    result = final_result(make_final(make_application(enrolment.product), weight=60))
    assert use(enrolment, editor, result) < 50
    finish()
    assert row(enrolment.response, "ethique").is_current


def test_the_same_measure_again_changes_nothing_and_the_next_one_replaces_the_report(enrolment, editor):
    application = make_application(enrolment.product)
    first = final_result(make_final(application))
    use(enrolment, editor, first)
    use(enrolment, editor, first)
    assert Deposit.objects.filter(criterion=CRITERION).count() == 1

    second = final_result(make_final(application, weight=3, measured_version="2.2"))
    use(enrolment, editor, second, at=timezone.now() + timedelta(seconds=1))

    active = Deposit.objects.active().get(criterion=CRITERION)
    assert active.file.name.endswith(f"{second.sha256[:8]}.pdf")
    assert Deposit.objects.filter(criterion=CRITERION).count() == 2
    assert Answer.objects.get(code=CRITERION).value["number"] == str(second.ecoscore)


def test_a_teleconsultation_is_the_mean_of_its_two_journeys(enrolment, editor):
    patient = final_result(make_final(make_application(enrolment.product, name="Patient")))
    professional = final_result(make_final(make_application(enrolment.product, name="Professionnel"), weight=8))

    value = use(enrolment, editor, patient, professional)

    assert abs(value * 2 - (patient.ecoscore + professional.ecoscore)) <= 2
    assert Deposit.objects.active().filter(criterion=CRITERION).count() == 2
    assert "Moyenne des deux parcours" in Answer.objects.get(code=CRITERION).comment


def test_two_measures_of_different_benches_have_no_mean(enrolment, editor):
    patient = final_result(make_final(make_application(enrolment.product, name="Patient")))
    other = final_result(make_final(make_application(enrolment.product, name="Professionnel"), version="banc-2"))

    with pytest.raises(TransitionRefused) as refusal:
        use(enrolment, editor, patient, other)

    assert codes(refusal) == ["not_comparable"]
    assert not Answer.objects.filter(code=CRITERION).exists()


def test_every_reason_is_said_at_once(enrolment, editor):
    """An intermediate result, of another product of the same organisation."""
    from tests.factories import ProductFactory

    other = ProductFactory(organisation=enrolment.product.organisation)
    result = Result.objects.get(measure=make_intermediate(make_application(other)))

    with pytest.raises(TransitionRefused) as refusal:
        use(enrolment, editor, result)

    assert codes(refusal) == ["other_product", "not_final"]
    assert "intermédiaire ne se reprend pas" in str(refusal.value)


def test_nothing_chosen_and_unknown_measures_are_refused(enrolment, editor):
    with pytest.raises(TransitionRefused) as refusal:
        use(enrolment, editor)
    assert codes(refusal) == ["nothing_chosen"]

    foreign = final_result(make_final())
    with pytest.raises(TransitionRefused) as refusal:
        use(enrolment, editor, foreign)
    assert codes(refusal) == ["unknown_result"]


def test_before_the_orientation_the_criterion_is_closed():
    enrolment = make_enrolment()
    editor = make_member(enrolment.product.organisation)
    result = final_result(make_final(make_application(enrolment.product)))

    with pytest.raises(TransitionRefused) as refusal:
        use(enrolment, editor, result)

    assert codes(refusal) == ["closed"]


def test_the_listing_team_reads_and_does_not_fill(enrolment):
    team = make_agent(Role.LISTING_TEAM)
    result = final_result(make_final(make_application(enrolment.product)))

    with pytest.raises(PermissionDenied):
        use(enrolment, team, result)
    with pytest.raises(Enrolment.DoesNotExist):
        use(enrolment, make_member(make_application().product.organisation), result)


@pytest.mark.rule("BR-079")
def test_the_page_offers_final_measures_and_fills_the_criterion(client, enrolment):
    contributor = make_member(enrolment.product.organisation, MembershipType.SALARIE)
    client.force_login(contributor)
    form = reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"])
    address = reverse("enrolment:ecoscore_choose", args=[enrolment.pk])
    assert address in client.get(form).content.decode()
    assert "Aucune mesure finale" in client.get(address).content.decode()

    result = final_result(make_final(make_application(enrolment.product)))
    assert f'value="{result.pk}"' in client.get(address).content.decode()
    refused = client.post(address, {})
    assert refused.status_code == 422
    assert "Choisissez une mesure finale." in refused.content.decode()
    assert client.post(address, {"results": ["nimporte", str(uuid4())]}).status_code == 422

    response = client.post(address, {"results": [str(result.pk)]})
    assert response.status_code == 302
    page = client.get(form).content.decode()
    assert f'value="{result.ecoscore}"' in page
    assert result.sha256[:8] in page
