"""The page of an evaluation questionnaire: what it says, what it saves, what it refuses, without scripts."""

import gzip
import json

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from convergence.accounts.enums import MembershipType, Role
from convergence.notifications.models import Notification
from questionnaires.models import Answer
from questionnaires.services import (
    confirm_deposit,
    import_definition,
    open_orientation,
    open_response,
    publish_definition,
    validate,
)
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.models import Enrolment
from tests.enrolment.answering.containers import filled_container
from tests.enrolment.answering.own_grid import guide_answers, wide_grid
from tests.factories import make_agent, make_member
from tests.questionnaires.factories import FULL_ACCESS, answer, deposit, finish, make_enrolment, orient, row

pytestmark = pytest.mark.django_db

NAMES = ["questionnaire_form", "questionnaire_results"]


@pytest.fixture
def enrolment(enrolment):
    orient(enrolment.response, Q10="oui", Q3=["mesures"])
    return enrolment


def page(enrolment, code="interoperabilite"):
    return reverse("enrolment:questionnaire_form", args=[enrolment.pk, code])


def post(client, enrolment, code="interoperabilite", *, action="save", versions=None, **fields):
    """What the page sends: `A06.1.2="2"`, comments as `A06.1.2-comment`."""
    criteria = {name.removesuffix("-comment").removesuffix("-value") for name in fields["typed"]}
    data = {f"{criterion}-version": (versions or {}).get(criterion, "0") for criterion in criteria}
    return client.post(page(enrolment, code), {**data, **fields["typed"], "action": action})


def autosave(client, enrolment, code="interoperabilite", *, version="0", **fields):
    typed = fields["typed"]
    criterion = next(iter(typed)).removesuffix("-comment").removesuffix("-value")
    data = {f"{criterion}-version": version, **typed, "_fields": list(typed)}
    return client.post(reverse("enrolment:questionnaire_save", args=[enrolment.pk, code]), data)


def value_of(enrolment, criterion):
    return Answer.objects.get(response=enrolment.response, code=criterion).value


# -- who, when


def test_before_the_orientation_the_page_says_why_it_is_closed(client):
    enrolment = make_enrolment()
    client.force_login(make_member(enrolment.product.organisation))

    response = client.get(page(enrolment))

    assert response.status_code == 403
    assert "Validez d’abord le questionnaire d’orientation" in response.content.decode()
    assert post(client, enrolment, typed={"A06.1.2": "2"}).status_code == 403
    assert autosave(client, enrolment, typed={"A06.1.2": "2"}).status_code == 422
    assert not Answer.objects.filter(code="A06.1.2").exists()


@pytest.mark.rule("BR-045")
def test_a_questionnaire_that_does_not_apply_says_so(client, enrolment, editor):
    response = client.get(page(enrolment, "securite-echanges"))
    assert response.status_code == 403
    assert "ne s’applique pas à votre produit" in response.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_and_an_expert_find_nothing(client, enrolment, name):
    address = reverse(f"enrolment:{name}", args=[enrolment.pk, "interoperabilite"])
    for user in (make_member(make_enrolment().product.organisation), make_agent(Role.EXPERT, "rgpd")):
        client.force_login(user)
        assert client.get(address).status_code == 404
        assert post(client, enrolment, typed={"A06.1.2": "2"}).status_code == 404
        assert autosave(client, enrolment, typed={"A06.1.2": "2"}).status_code == 404
    client.logout()
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_questionnaire_is_not_found(client, enrolment, editor, name):
    assert client.get(reverse(f"enrolment:{name}", args=[enrolment.pk, "inconnu"])).status_code == 404


def test_the_listing_team_reads_and_writes_nothing(client, enrolment):
    client.force_login(make_agent(Role.LISTING_TEAM))

    html = client.get(page(enrolment, "ethique")).content.decode()

    assert "data-autosave-url" not in html
    assert 'type="submit" name="action"' not in html
    assert 'type="file"' not in html
    assert post(client, enrolment, typed={"A06.1.2": "2"}).status_code == 403
    assert autosave(client, enrolment, typed={"A06.1.2": "2"}).status_code == 403


def test_a_frozen_enrolment_keeps_its_answers_and_says_why(client, enrolment, editor):
    Enrolment.objects.filter(pk=enrolment.pk).update(state=EnrolmentState.CLOSED)

    response = post(client, enrolment, typed={"A06.1.2": "2"})

    assert response.status_code == 422
    assert "ne changent plus" in response.content.decode()
    assert not Answer.objects.filter(code="A06.1.2").exists()


# -- what it says


@pytest.mark.rule("BR-080")
def test_each_criterion_says_its_nature_its_minimum_and_why_it_shows(client, enrolment, editor):
    html = client.get(page(enrolment)).content.decode()

    option, obligation = html.split('id="field-A06.1.2"')
    assert "Option</span>" in option
    assert "Aucun niveau minimum requis pour cette démarche" in option
    assert (
        "Affiché parce que vous avez répondu « Oui » à la question 10".replace("« Oui »", "«\u00a0Oui\u00a0»") in option
    )
    assert "Obligation</span>" in obligation
    assert "Niveaux acceptés\u00a0: Niveau non applicable, Maturité moyenne ou Maturité forte" in obligation
    assert "Affiché pour tous les services." in obligation
    assert "critère de démonstration" in option


def test_levels_offer_not_applicable_only_where_the_grid_does(client, enrolment, editor):
    html = client.get(page(enrolment)).content.decode()
    assert html.count("Niveau non applicable<") == 1
    assert html.count("Maturité très faible<") == 3
    assert "Nationales" in html


@pytest.mark.parametrize("code", ["interoperabilite", "ethique", "rgpd"])
def test_query_count_does_not_depend_on_what_is_answered(client, enrolment, editor, django_assert_num_queries, code):
    expected = 7 if code == "interoperabilite" else 8
    with django_assert_num_queries(expected):
        client.get(page(enrolment, code))
    answer(
        enrolment.response, "ethique", {"DEV.1.2": {"compliance": "conforme"}, "DEV.1.1": {"compliance": "conforme"}}
    )
    answer(enrolment.response, "interoperabilite", {"A06.1.1": {"level": "0"}, "A06.1.2": {"level": "2"}})
    for _ in range(3):
        deposit(enrolment.response, "DEV.1.2", "declaration")
        deposit(enrolment.response, "RGPD.1", "cgu")
    with django_assert_num_queries(expected):
        client.get(page(enrolment, code))


# -- saving


@pytest.mark.rule("BR-060", "BR-064")
def test_a_draft_may_be_incomplete_and_below_the_minimum(client, enrolment, editor):
    response = post(client, enrolment, typed={"A06.1.2": "1", "A06.1.2-comment": "En cours"})

    assert response.status_code == 302
    assert value_of(enrolment, "A06.1.2") == {"level": "1"}
    assert row(enrolment.response, "interoperabilite").state == "draft"
    html = client.get(page(enrolment)).content.decode()
    assert 'name="A06.1.2" value="1" id="A06.1.2-1" checked' in html
    assert "En cours</textarea>" in html
    assert "1/3 critères évalués" in html


@pytest.mark.rule("BR-063")
def test_a_level_that_is_not_offered_is_refused_and_the_rest_is_kept(client, enrolment, editor):
    response = post(
        client,
        enrolment,
        typed={"A06.1.1": "na", "A06.1.1-comment": "Rien à dire", "A06.1.2": "2", "A06.1.2-comment": ""},
    )

    html = response.content.decode()
    assert response.status_code == 422
    assert "Ce niveau n’est pas proposé pour ce critère." in html
    assert "data-error-summary" in html
    assert "Rien à dire</textarea>" in html
    assert value_of(enrolment, "A06.1.2") == {"level": "2"}
    assert not Answer.objects.filter(code="A06.1.1").exists()


@pytest.mark.rule("BR-064")
def test_validating_lists_every_criterion_left_and_keeps_what_was_typed(client, enrolment, editor):
    response = post(client, enrolment, action="validate", typed={"A06.1.2": "2", "A06.1.2-comment": "Fait"})

    html = response.content.decode()
    assert response.status_code == 422
    assert 'href="#field-A06.1.1-level"' in html
    assert 'href="#field-A06.1.3-level"' in html
    assert "Fait</textarea>" in html
    assert value_of(enrolment, "A06.1.2") == {"level": "2"}
    assert row(enrolment.response, "interoperabilite").state == "draft"


@pytest.mark.rule("BR-068")
def test_validating_keeps_a_line_of_history_and_goes_back_to_the_list(client, enrolment, editor):
    typed = {"A06.1.1": "0", "A06.1.2": "2", "A06.1.3": "1"}
    typed |= {f"{code}-comment": "" for code in typed}

    response = post(client, enrolment, action="validate", typed=typed)

    assert response.url == reverse("enrolment:questionnaire_list", args=[enrolment.pk])
    done = row(enrolment.response, "interoperabilite")
    assert (done.state, done.is_reached) == ("done", True)
    kept = done.validations.get()
    assert (kept.by, kept.content["answers"]["A06.1.2"]["value"]) == (editor, {"level": "2"})


@pytest.mark.rule("BR-061", "BR-062")
@pytest.mark.parametrize(("obligation", "reached"), [("2", True), ("1", False)])
def test_an_option_never_decides_the_result_an_obligation_does(client, enrolment, editor, obligation, reached):
    typed = {"A06.1.1": "0", "A06.1.2": obligation, "A06.1.3": "1"}
    typed |= {f"{code}-comment": "" for code in typed}
    post(client, enrolment, action="validate", typed=typed)
    assert row(enrolment.response, "interoperabilite").is_reached is reached


@pytest.mark.rule("BR-065")
def test_asking_for_a_validation_tells_the_validators(client, enrolment, django_capture_on_commit_callbacks):
    validator = make_member(enrolment.product.organisation, MembershipType.SALARIE, is_validator=True)
    contributor = make_member(enrolment.product.organisation, MembershipType.SALARIE)
    client.force_login(contributor)
    typed = {"A06.1.1": "0", "A06.1.2": "2", "A06.1.3": "1"}
    typed |= {f"{code}-comment": "" for code in typed}

    with django_capture_on_commit_callbacks(execute=True):
        response = post(client, enrolment, action="request", typed=typed)
        client.post(page(enrolment), {"action": "request"})  # pressed twice: nothing more

    assert response.status_code == 302
    assert row(enrolment.response, "interoperabilite").state == "validation_requested"
    told = Notification.objects.filter(recipient=validator)
    assert told.count() == 1
    assert not Notification.objects.filter(recipient=contributor).exists()


@pytest.mark.rule("BR-066")
def test_a_contributor_without_the_right_cannot_validate(client, enrolment, contributor):
    finish(
        enrolment.response,
        "interoperabilite",
        {"A06.1.1": {"level": "0"}, "A06.1.2": {"level": "2"}, "A06.1.3": {"level": "1"}},
    )
    html = client.get(page(enrolment)).content.decode()
    assert 'value="validate"' not in html
    assert "Seuls un mandataire" in html

    assert client.post(page(enrolment), {"action": "validate"}).status_code == 403
    assert row(enrolment.response, "interoperabilite").validations.count() == 1


def test_the_form_survives_hostile_text_to_the_letter(client, enrolment, editor):
    hostile = "\n</textarea><script>alert(1)</script> = ' \" &amp; 𝕊\n\nfin"
    post(client, enrolment, typed={"A06.1.2": "1", "A06.1.2-comment": hostile})
    html = client.get(page(enrolment)).content.decode()
    assert "<script>alert" not in html
    assert Answer.objects.get(code="A06.1.2").comment == hostile.strip()


def test_a_comment_that_is_too_long_is_refused_and_shown_again(client, enrolment, editor):
    response = post(client, enrolment, typed={"A06.1.2": "2", "A06.1.2-comment": "a" * 10_001})
    html = response.content.decode()
    assert response.status_code == 422
    assert "raccourcissez-le" in html
    assert "a" * 10_001 in html


# -- two colleagues


@pytest.mark.rule("A-13")
def test_a_stale_save_shows_both_texts_and_sending_again_keeps_mine(client, enrolment, editor):
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})

    typed = {"A06.1.2": "1", "A06.1.2-comment": "Le mien"}
    response = post(client, enrolment, typed=typed)

    html = response.content.decode()
    assert response.status_code == 409
    theirs, mine = strip_tags(html).split("Texte enregistré")[1].split("Votre texte")
    assert "Maturité forte" in theirs
    assert "Maturité faible" in mine
    assert "Le mien" in mine
    assert 'name="A06.1.2-version" value="1"' in html
    assert value_of(enrolment, "A06.1.2") == {"level": "3"}

    assert post(client, enrolment, typed=typed, versions={"A06.1.2": "1"}).status_code == 302
    assert value_of(enrolment, "A06.1.2") == {"level": "1"}


@pytest.mark.rule("A-13")
def test_a_stale_autosave_answers_409_with_both_texts_and_the_current_version(client, enrolment, editor):
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})
    response = autosave(client, enrolment, typed={"A06.1.2": "1"})
    assert response.status_code == 409
    assert json.loads(response["X-Autosave-Versions"]) == {"A06.1.2-version": "1"}
    assert "Texte enregistré" in response.content.decode()


# -- autosave


def test_autosave_keeps_only_what_changed_and_answers_with_the_panel(client, enrolment, editor):
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    response = autosave(client, enrolment, version="1", typed={"A06.1.2-comment": "Voir le plan"})

    content = response.json()
    assert response.status_code == 200
    assert content["versions"] == {"A06.1.2-version": "2"}
    assert "1/3 critères évalués" in content["progress"]
    assert "Brouillon" in content["badge"]
    kept = Answer.objects.get(code="A06.1.2")
    assert (kept.value, kept.comment) == ({"level": "2"}, "Voir le plan")


def test_autosave_tells_what_is_refused_then_what_is_mended(client, enrolment, editor):
    refused = autosave(client, enrolment, "ethique", typed={"DEV.1.1-value": "beaucoup"})
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == ["DEV.1.1-value"]

    mended = autosave(client, enrolment, "ethique", typed={"DEV.1.1-value": "72,5"})
    assert mended.status_code == 200
    assert "DEV.1.1-value" in mended.json()["mended"]
    assert value_of(enrolment, "DEV.1.1") == {"number": "72.5"}


# -- compliance (SC-16)


@pytest.mark.rule("BR-079")
@pytest.mark.parametrize("measured", ["0", "12,5", "100"])
def test_conformity_to_the_ecoscore_needs_a_value_whatever_it_is(client, enrolment, editor, measured):
    typed = {"DEV.1.1": "conforme", "DEV.1.1-value": "", "DEV.1.1-comment": ""}
    response = post(client, enrolment, "ethique", action="validate", typed=typed)
    assert response.status_code == 422
    assert 'href="#field-DEV.1.1-value"' in response.content.decode()

    typed["DEV.1.1-value"] = measured
    response = post(client, enrolment, "ethique", action="validate", typed=typed, versions={"DEV.1.1": "1"})
    assert 'href="#field-DEV.1.1' not in response.content.decode()
    assert f'value="{measured}"' in client.get(page(enrolment, "ethique")).content.decode()


@pytest.mark.parametrize("text", ["beaucoup", "NaN", "1e999999", "1,2,3", "-"])
def test_a_value_that_is_not_a_number_is_refused_beside_its_field(client, enrolment, editor, text):
    typed = {"DEV.1.1": "conforme", "DEV.1.1-value": text, "DEV.1.1-comment": "Mesuré"}
    response = post(client, enrolment, "ethique", typed=typed)
    html = response.content.decode()
    assert response.status_code == 422
    assert "fr-input-group--error" in html
    assert f'value="{text}"' in html
    assert Answer.objects.get(code="DEV.1.1").comment == "Mesuré"


@pytest.mark.rule("BR-071", "BR-070")
def test_conform_needs_each_required_evidence_and_not_conform_needs_none(client, enrolment, editor):
    typed = {"DEV.1.2": "conforme", "DEV.1.2-comment": ""}
    response = post(client, enrolment, "ethique", action="validate", typed=typed)
    html = response.content.decode()
    assert 'href="#field-DEV.1.2-evidence-declaration"' in html
    assert 'href="#field-DEV.1.2-evidence-plan"' not in html

    typed = {f"DEV.1.{number}": "non_conforme" for number in (1, 2, 3)}
    typed |= {f"{code}-comment": "" for code in typed} | {"DEV.1.1-value": ""}
    response = post(client, enrolment, "ethique", action="validate", typed=typed, versions={"DEV.1.2": "1"})
    assert response.status_code == 302
    assert row(enrolment.response, "ethique").state == "done"


# -- the last one (SC-19)


@pytest.mark.rule("BR-095")
def test_the_last_validation_offers_to_generate_the_dossier(client, editor):
    enrolment = make_enrolment()
    client.force_login(make_member(enrolment.product.organisation))
    orient(enrolment.response)
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    finish(enrolment.response, "ethique", {code: {"compliance": "non_conforme"} for code in ("DEV.1.1", "DEV.1.2")})
    response = enrolment.response
    assert row(response, "urbanisation").state == "not_applicable"
    finish_rgpd(enrolment)
    answer(response, "interoperabilite", {"A06.1.2": {"level": "3"}})

    redirected = post(
        client, enrolment, action="validate", versions={"A06.1.2": "2"}, typed={"A06.1.2": "3", "A06.1.2-comment": ""}
    )

    assert redirected.url == reverse("enrolment:questionnaire_list", args=[enrolment.pk]) + "?termine"
    html = client.get(redirected.url).content.decode()
    assert 'id="questionnaires-done"' in html
    assert reverse("dossier:dossier_generate", args=[enrolment.pk]) in html
    assert "data-modal-open" in html


def finish_rgpd(enrolment):
    user = make_member(enrolment.product.organisation)
    access = policy_for(enrolment, user)
    single = deposit(enrolment.response, "RGPD.1", "questionnaire", actor=user, access=access)
    confirm_deposit(deposit=single, actor=user, at=timezone.now(), access=access)
    deposit(enrolment.response, "RGPD.1", "cgu", actor=user, access=access)
    container = filled_container(enrolment, user)
    deposit(enrolment.response, "RGPD.1", "aipd", upload=container, actor=user, access=access)
    finish(enrolment.response, "rgpd")


# -- size (P2, P5)


def make_wide(count):
    enrolment = make_enrolment()
    definition = import_definition(text=wide_grid(count), actor=None)
    publish_definition(definition=definition, actor=None, at=timezone.now())
    response = open_response(definition=definition)
    open_orientation(response=response)
    enrolment.response = response
    enrolment.save()
    answer(response, values=guide_answers())
    validate(
        response=response,
        questionnaire="orientation",
        actor=enrolment.product.owner,
        at=timezone.now(),
        access=FULL_ACCESS,
    )
    return enrolment


@pytest.mark.parametrize("count", [1, 30, 150])
def test_query_count_does_not_depend_on_the_number_of_criteria(client, django_assert_num_queries, count):
    enrolment = make_wide(count)
    client.force_login(make_member(enrolment.product.organisation))
    with django_assert_num_queries(7):
        response = client.get(page(enrolment))
    assert response.content.decode().count('class="ui-criterion"') == count
    assert len(gzip.compress(response.content, 6)) <= 60 * 1024
