import json

import pytest
from django.test import Client
from django.urls import reverse

from convergence.accounts.enums import MembershipType, Role
from convergence.notifications.models import Notification
from questionnaires.models import Answer
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.models import Enrolment
from tests.factories import make_agent, make_member
from tests.questionnaires.factories import QUIET, answer, finish, make_enrolment, orient, row

pytestmark = pytest.mark.django_db

#: What the page posts for QUIET, with the versions of a page that shows no answer.
TYPED = {**QUIET, **{f"{code}-version": "0" for code in [*QUIET, "Q2", "Q4", "Q7", "Q8", "Q9", "Q14"]}}


def page(enrolment):
    return reverse("enrolment:orientation_detail", args=[enrolment.pk])


def autosave(client, enrolment, *, versions=None, **fields):
    data = {f"{code}-version": (versions or {}).get(code, "0") for code in fields}
    return client.post(
        reverse("enrolment:orientation_save", args=[enrolment.pk]), {**data, **fields, "_fields": list(fields)}
    )


def hidden(html):
    """Codes of the questions that the page keeps hidden."""
    return [part.split('"')[0] for part in html.split('data-question="')[1:] if " hidden>" in part.split("\n")[0]]


# -- who, when


@pytest.mark.rule("BR-028")
def test_before_the_convention_the_page_says_why_it_is_closed(client):
    enrolment = make_enrolment(is_open=False)
    client.force_login(make_member(enrolment.product.organisation))

    response = client.get(page(enrolment))

    assert response.status_code == 403
    assert "quand votre convention a été validée" in response.content.decode()
    assert client.post(page(enrolment), TYPED).status_code == 403
    assert autosave(client, enrolment, Q1="oui").status_code == 422
    assert not Answer.objects.exists()


@pytest.mark.parametrize("name", ["orientation_detail", "questionnaire_list", "orientation_confirm"])
def test_a_stranger_and_an_expert_find_nothing(client, enrolment, name):
    address = reverse(f"enrolment:{name}", args=[enrolment.pk])
    for user in (make_member(make_enrolment().product.organisation), make_agent(Role.EXPERT, "rgpd")):
        client.force_login(user)
        assert client.get(address).status_code == 404
    client.logout()
    assert client.get(address).status_code == 302


def test_the_listing_team_reads_and_writes_nothing(client, enrolment):
    client.force_login(make_agent(Role.LISTING_TEAM))

    html = client.get(page(enrolment)).content.decode()

    assert "data-autosave-url" not in html
    assert "Enregistrer comme brouillon" not in html
    assert client.post(page(enrolment), TYPED).status_code == 403
    assert autosave(client, enrolment, Q1="oui").status_code == 403


@pytest.mark.rule("BR-066")
def test_a_contributor_sees_why_validating_is_not_offered_and_cannot(client, enrolment, contributor):
    html = client.get(page(enrolment)).content.decode()
    assert 'value="validate"' not in html
    assert "Seuls un mandataire" in html

    response = client.post(page(enrolment), {**TYPED, "action": "validate"})

    assert response.status_code == 403
    assert row(enrolment.response, "orientation").state == "draft"


def test_a_closed_enrolment_is_read_only(client, enrolment, editor):
    from convergence.audit import workflow

    workflow.fire(enrolment, "close", actor=None)
    assert enrolment.state == EnrolmentState.CLOSED

    assert "ne changent plus" in client.get(page(enrolment)).content.decode()
    assert autosave(client, enrolment, Q1="oui").status_code == 422
    assert client.post(page(enrolment), TYPED).status_code == 422
    assert not Answer.objects.exists()


# -- without scripts


@pytest.mark.rule("BR-041")
def test_the_draft_button_shows_the_questions_that_appeared(client, enrolment, editor):
    assert "Q2" in hidden(client.get(page(enrolment)).content.decode())

    response = client.post(page(enrolment), {**TYPED, "Q1": "oui", "action": "save"})

    assert response.status_code == 302
    assert response.url.endswith("#field-Q2")
    html = client.get(page(enrolment)).content.decode()
    assert "Q2" not in hidden(html)
    assert "1\u00a0question de plus à renseigner" in html
    assert row(enrolment.response, "orientation").state == "draft"


@pytest.mark.rule("BR-044")
def test_validating_too_early_keeps_the_answers_and_links_each_question_left(client, enrolment, editor):
    response = client.post(page(enrolment), {**TYPED, "Q1": "oui", "Q6": "", "action": "validate"})

    html = response.content.decode()
    assert response.status_code == 422
    assert 'href="#field-Q2"' in html
    assert 'href="#field-Q6"' in html
    assert Answer.objects.get(code="Q1").value == "oui"
    assert row(enrolment.response, "orientation").state == "draft"


def test_a_wrong_answer_is_told_beside_its_field_and_nothing_typed_is_lost(client, enrolment, editor):
    response = client.post(
        page(enrolment), {**TYPED, "Q9": "aide", "Q7": "douze", "Q8": "32/13/2024", "Q4": "https://exemple.fr"}
    )

    html = response.content.decode()
    assert response.status_code == 422
    for typed in ('value="aide"', 'value="douze"', 'value="32/13/2024"'):
        assert typed in html
    assert html.count('href="#field-Q9"') >= 1
    assert "adresse e-mail complète" in html
    assert set(Answer.objects.values_list("code", flat=True)) == {*QUIET, "Q4"}


@pytest.mark.parametrize(
    ("code", "typed", "kept"),
    [("Q7", "1 234,5", "1234.5"), ("Q8", "8/7/2024", "2024-07-08"), ("Q8", "2024-07-08", "2024-07-08")],
)
def test_figures_and_dates_are_read_as_people_write_them(client, enrolment, editor, code, typed, kept):
    client.post(page(enrolment), {**TYPED, code: typed})

    assert Answer.objects.get(code=code).value == kept
    assert client.post(page(enrolment), {**TYPED, code: typed}).status_code in (302, 409)


@pytest.mark.rule("A-13")
def test_a_stale_page_shows_both_texts_then_overwrites_when_sent_again(client, enrolment, editor):
    answer(enrolment.response, Q4="https://collegue.example", actor=editor)

    response = client.post(page(enrolment), {**TYPED, "Q4": "https://moi.example"})

    html = response.content.decode()
    assert response.status_code == 409
    assert "collegue" in html
    assert 'value="https://moi.example"' in html
    assert 'name="Q4-version" value="1"' in html
    assert Answer.objects.get(code="Q1").value == "non"  # the other answers are kept
    again = {**TYPED, **{f"{code}-version": "1" for code in [*QUIET, "Q4"]}, "Q4": "https://moi.example"}
    assert client.post(page(enrolment), again).status_code == 302
    assert Answer.objects.get(code="Q4").value == "https://moi.example"


@pytest.mark.rule("A-10")
def test_a_saved_secret_is_not_sent_back(client, enrolment, editor):
    client.post(page(enrolment), {**TYPED, "Q6": "demo / Zq8"})

    html = client.get(page(enrolment)).content.decode()
    assert "Zq8" not in html
    assert "Enregistré le" in html
    refused = client.post(page(enrolment), {**TYPED, "Q6": "demo / Zq9", "Q6-version": "1", "Q9": "aide"})
    assert "Zq9" not in refused.content.decode()
    client.post(page(enrolment), {**TYPED, "Q6": "", "Q6-version": "2"})
    assert Answer.objects.get(code="Q6").secret  # left empty: unchanged


@pytest.mark.rule("BR-040")
def test_validating_opens_the_questionnaires(client, enrolment, editor):
    response = client.post(page(enrolment), {**TYPED, "action": "validate"})

    assert response.url == reverse("enrolment:questionnaire_list", args=[enrolment.pk])
    assert row(enrolment.response, "interoperabilite").state == "to_complete"


@pytest.mark.rule("BR-065")
def test_asking_for_a_validation_tells_the_validators(
    client, enrolment, contributor, django_capture_on_commit_callbacks
):
    organisation = enrolment.product.organisation
    manager = make_member(organisation)
    validator = make_member(organisation, MembershipType.SALARIE, is_validator=True)
    make_member(organisation, MembershipType.SALARIE)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(page(enrolment), {**TYPED, "action": "request"})

    assert row(enrolment.response, "orientation").state == "validation_requested"
    told = Notification.objects.filter(kind="Validation demandée")
    assert {each.recipient for each in told} == {manager, validator}


@pytest.mark.rule("A-08", "BR-047")
def test_changing_a_validated_orientation_shows_the_consequences_first(
    client, enrolment, editor, django_capture_on_commit_callbacks
):
    colleague = make_member(enrolment.product.organisation)
    orient(enrolment.response)
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    versions = {f"{code}-version": "1" for code in QUIET}

    response = client.post(page(enrolment), {**TYPED, **versions, "Q10": "oui", "action": "validate"})

    confirm = reverse("enrolment:orientation_confirm", args=[enrolment.pk])
    assert response.url == confirm
    shown = client.get(confirm)
    assert "A06.1.1 Cadre d’interopérabilité" in shown.content.decode()
    assert "reviendra à « A compléter »" in shown.content.decode()
    assert row(enrolment.response, "interoperabilite").state == "done"
    assert client.post(confirm, {"token": "autre"}).status_code == 409
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(confirm, {"token": shown.context["token"]}).status_code == 302
    assert row(enrolment.response, "interoperabilite").state == "to_complete"
    told = Notification.objects.filter(kind="Orientation modifiée")
    assert [each.recipient for each in told] == [colleague]


def test_without_consequences_there_is_nothing_to_confirm(client, enrolment, editor):
    response = client.get(reverse("enrolment:orientation_confirm", args=[enrolment.pk]))
    assert response.url == page(enrolment)


# -- autosave


@pytest.mark.rule("BR-041", "BR-042", "BR-051")
def test_autosave_tells_what_is_visible_and_the_progress(client, enrolment, editor):
    response = autosave(client, enrolment, Q1="oui")

    content = response.json()
    assert response.status_code == 200
    assert content["versions"] == {"Q1-version": "1"}
    assert content["visible"][:2] == ["Q1", "Q2"]
    assert content["appeared"] == 1
    assert "1/6" in content["progress"]
    assert content["saved_at"]
    assert "Q2" not in autosave(client, enrolment, Q1="non", versions={"Q1": "1"}).json()["visible"]


def test_autosave_keeps_what_is_right_and_tells_what_is_not(client, enrolment, editor):
    response = autosave(client, enrolment, Q9="aide", Q10="oui", Q3=["mesures", "aucune"])

    content = response.json()
    assert response.status_code == 422
    assert set(content["errors"]) == {"Q9", "Q3"}
    assert [*Answer.objects.values_list("code", flat=True)] == ["Q10"]


def test_autosave_reads_an_emptied_group_of_boxes(client, enrolment, editor):
    answer(enrolment.response, Q3=["mesures"])
    data = {"Q3-version": "1", "_fields": "Q3"}

    client.post(reverse("enrolment:orientation_save", args=[enrolment.pk]), data)

    assert Answer.objects.get(code="Q3").value is None


@pytest.mark.rule("A-13")
def test_autosave_of_a_stale_answer_gets_both_texts_and_the_versions(client, enrolment, editor):
    answer(enrolment.response, Q4="https://collegue.example", actor=editor)

    response = autosave(client, enrolment, Q4="https://moi.example", Q10="oui")

    assert response.status_code == 409
    assert "collegue" in response.content.decode()
    assert "moi" in response.content.decode()
    assert json.loads(response["X-Autosave-Versions"]) == {"Q4-version": "1", "Q10-version": "1"}


def test_autosave_without_session_is_a_redirect_to_the_login(client, enrolment):
    assert autosave(client, enrolment, Q1="oui").status_code == 302


def test_autosave_wants_a_csrf_token(enrolment, editor):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(editor)
    assert autosave(strict, enrolment, Q1="oui").status_code == 403


def test_autosave_of_hostile_names_changes_nothing(client, enrolment, editor):
    data = {"_fields": ["Q99", "__class__", "Q1-version"], "Q99": "oui", "__class__": "x", "Q1-version": "٣"}
    response = client.post(reverse("enrolment:orientation_save", args=[enrolment.pk]), data)

    assert response.status_code == 200
    assert not Answer.objects.exists()


@pytest.mark.parametrize("answered", [1, 4])
def test_autosave_costs_the_same_whatever_is_answered(client, enrolment, editor, django_assert_num_queries, answered):
    answer(enrolment.response, values=dict(list(QUIET.items())[:answered]))

    with django_assert_num_queries(11):  # ten, and the savepoint of the test
        assert autosave(client, enrolment, Q4="https://exemple.fr").status_code == 200


@pytest.mark.parametrize("answered", [1, 4])
def test_the_page_costs_the_same_whatever_is_answered(client, enrolment, editor, django_assert_num_queries, answered):
    answer(enrolment.response, values=dict(list(QUIET.items())[:answered]))

    with django_assert_num_queries(8):
        client.get(page(enrolment))


def test_a_reader_of_a_locked_place_stays_a_reader(enrolment):
    from referencing.enrolment.answering.policy import policy_for

    fresh = Enrolment.objects.get(pk=enrolment.pk)
    access = policy_for(fresh, make_agent(Role.LISTING_TEAM))
    assert (access.may_read, access.may_write, access.may_validate) == (True, False, False)
