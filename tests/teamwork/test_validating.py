"""« À valider »: the queue of the valideurs, the differences, the validation of what was read."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from questionnaires.models import QuestionnaireResponse, Validation
from questionnaires.services import archive_deposit, request_validation
from questionnaires.services.recovery import recover
from referencing.teamwork.services import LinkClosed
from tests.factories import ProductFactory, make_agent, make_member
from tests.questionnaires.factories import FULL_ACCESS, answer, deposit, finish, make_enrolment, orient
from tests.teamwork.factories import LEVELS, make_link, make_proposal, make_team

pytestmark = pytest.mark.django_db

QUEUE = "/a-valider/"


def ask(enrolment, actor, code="interoperabilite") -> None:
    request_validation(
        response=enrolment.response, questionnaire=code, actor=actor, at=timezone.now(), access=FULL_ACCESS
    )


def asked(level="2"):
    enrolment, manager, colleague = make_team()
    answer(enrolment.response, "interoperabilite", {LEVELS: {"level": level}}, actor=colleague)
    ask(enrolment, colleague)
    return enrolment, manager, colleague


def review(enrolment, code="interoperabilite") -> str:
    return reverse("teamwork:validation_review", args=[enrolment.pk, code])


@pytest.mark.rule("BR-066")
def test_those_who_may_validate_see_the_queue_of_all_their_products(client):
    enrolment, manager, colleague = asked()
    organisation = enrolment.product.organisation
    validator = make_member(organisation, MembershipType.SALARIE, is_validator=True)
    stranger = make_member(ProductFactory().organisation)

    def shown(person) -> int:
        client.force_login(person)
        return len(client.get(QUEUE).context["rows"])

    assert [shown(person) for person in (manager, validator, colleague, stranger)] == [1, 1, 0, 0]
    assert shown(make_agent(Role.LISTING_TEAM)) == 0


def test_the_owner_of_a_product_sees_its_questionnaires(client):
    enrolment, _, colleague = asked()
    product = enrolment.product
    product.owner = colleague
    product.save(update_fields=["owner"])
    client.force_login(colleague)

    assert len(client.get(QUEUE).context["rows"]) == 1


def test_the_home_page_leads_to_the_queue(client):
    _, manager, _ = asked()
    client.force_login(manager)

    content = client.get("/").content.decode()

    assert "1\u00a0questionnaire attend votre validation" in content
    assert f'href="{QUEUE}"' in content


def test_the_notification_leads_to_the_differences(client, django_capture_on_commit_callbacks):
    enrolment, manager, colleague = make_team()
    client.force_login(colleague)
    posted = {f"{LEVELS}-version": "0", LEVELS: "2", f"{LEVELS}-comment": "", "action": "request"}

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("enrolment:questionnaire_form", args=[enrolment.pk, "interoperabilite"]), posted)

    assert Notification.objects.get(recipient=manager).link == review(enrolment)


def test_levels_comments_and_evidence_are_compared_with_the_last_validation(client):
    enrolment, manager, colleague = make_team()
    first = deposit(enrolment.response, "DEV.1.2", "declaration")
    conform = {"DEV.1.1": {"compliance": "conforme", "number": 12}, "DEV.1.2": {"compliance": "conforme"}}
    finish(enrolment.response, "ethique", conform)
    answer(enrolment.response, "ethique", {"DEV.1.1": {"number": 34}})
    archive_deposit(deposit=first, actor=colleague, at=timezone.now(), access=FULL_ACCESS)
    second = deposit(enrolment.response, "DEV.1.2", "declaration")
    ask(enrolment, colleague, "ethique")
    client.force_login(manager)

    response = client.get(review(enrolment, "ethique"))

    score, evidence = response.context["differences"]
    assert (score["before"], score["after"]) == ("Conforme (12\u00a0/100)", "Conforme (34\u00a0/100)")
    assert evidence["added"] == [("Déclaration d’accessibilité", second.file.name)]
    assert evidence["gone"] == [("Déclaration d’accessibilité", first.file.name)]
    assert not evidence["changes_value"]
    assert client.get(QUEUE).context["rows"][0].cells[3] == "1\u00a0réponse, 2\u00a0preuves"


def test_a_first_validation_shows_everything_as_new(client):
    enrolment, manager, _ = asked()
    client.force_login(manager)

    content = client.get(review(enrolment)).content.decode()

    assert "n’a jamais été validé" in content
    assert "Maturité moyenne" in content


def test_validating_what_was_read(client):
    enrolment, manager, _ = asked()
    client.force_login(manager)
    seen = client.get(review(enrolment)).context["seen"]

    response = client.post(review(enrolment), {"seen": seen})

    assert (response.status_code, response.url) == (302, QUEUE)
    assert Validation.objects.get(questionnaire__code="interoperabilite").by == manager
    assert client.get(QUEUE).context["rows"] == []


def test_what_changed_while_it_was_read_is_not_validated(client):
    enrolment, manager, colleague = asked()
    client.force_login(manager)
    seen = client.get(review(enrolment)).context["seen"]
    answer(enrolment.response, "interoperabilite", {LEVELS: {"level": "0"}}, actor=colleague)

    response = client.post(review(enrolment), {"seen": seen})

    assert response.status_code == 422
    assert "ont changé pendant que vous lisiez" in response.content.decode()
    assert not Validation.objects.filter(questionnaire__code="interoperabilite").exists()


@pytest.mark.rule("BR-066")
def test_a_contributor_reads_the_differences_and_validates_nothing(client):
    enrolment, _, colleague = asked()
    client.force_login(colleague)
    page = client.get(review(enrolment))

    assert page.status_code == 200
    assert 'name="seen"' not in page.content.decode()
    assert client.post(review(enrolment), {"seen": page.context["seen"]}).status_code == 403


def test_the_orientation_is_validated_on_its_own_page(client):
    enrolment, manager, colleague = make_team()
    answer(enrolment.response, values={"Q10": "oui"}, actor=colleague)
    ask(enrolment, colleague, "orientation")
    client.force_login(manager)

    page = client.get(review(enrolment, "orientation"))

    (difference,) = page.context["differences"]
    assert (difference["before"], difference["after"]) == ("Non", "Oui")
    assert client.post(review(enrolment, "orientation"), {}).url.endswith("/orientation/")
    assert QuestionnaireResponse.objects.get(code="orientation").state == "validation_requested"


def test_secret_answers_are_never_compared(client):
    enrolment, manager, colleague = make_team()
    answer(enrolment.response, values={"Q6": "autre compte", "Q10": "oui"}, actor=colleague)
    ask(enrolment, colleague, "orientation")
    client.force_login(manager)

    page = client.get(review(enrolment, "orientation"))

    assert [each["code"] for each in page.context["differences"]] == ["Q10"]
    assert "autre compte" not in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_query_count_is_constant(client, django_assert_num_queries, count):
    enrolment, manager, _ = asked()
    for _ in range(count - 1):
        other = make_enrolment(ProductFactory(organisation=enrolment.product.organisation))
        orient(other.response)
        answer(other.response, "interoperabilite", {LEVELS: {"level": "3"}})
        ask(other, manager)
    client.force_login(manager)

    with django_assert_num_queries(8):
        response = client.get(QUEUE)

    assert len(response.context["rows"]) == count


@pytest.mark.rule("A-24")
def test_a_recovered_answer_says_where_it_comes_from_and_nothing_more(client):
    enrolment, manager, colleague = make_team()
    finish(enrolment.response, "interoperabilite", {LEVELS: {"level": "2"}})
    recover(response=enrolment.response, codes=[LEVELS], source=uuid4(), actor=manager, at=timezone.now())
    ask(enrolment, colleague)
    client.force_login(manager)

    (difference,) = client.get(review(enrolment)).context["differences"]

    assert difference["choice_after"] == "Réponse de l’éditeur producteur (confidentielle)"
    assert (difference["before"], difference["after"]) == ("Maturité moyenne", "(sans réponse)")


@pytest.mark.rule("BR-194")
def test_no_proposal_is_asked_for_what_the_producer_answers():
    enrolment, manager, _ = make_team()
    _, token = make_link(enrolment, manager, LEVELS)
    recover(response=enrolment.response, codes=[LEVELS], source=uuid4(), actor=manager, at=timezone.now())

    with pytest.raises(TransitionRefused) as refusal:
        make_link(enrolment, manager, LEVELS)
    assert [blocker.code for blocker in refusal.value.blockers] == ["recovered"]
    with pytest.raises(LinkClosed):
        make_proposal(token, value={"level": "2"})
