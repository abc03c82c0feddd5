from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, transaction
from django.utils import timezone

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from evidence.enums import ScanState
from questionnaires.access import AccessPolicy
from questionnaires.models import Validation
from questionnaires.selectors import load_overview, load_results, load_validated
from questionnaires.services import (
    Change,
    archive_deposit,
    confirm_deposit,
    request_validation,
    save_answers,
    validate,
)
from tests.factories import UserFactory
from tests.questionnaires.factories import FULL_ACCESS, answer, deposit, finish, make_response, orient, row

pytestmark = pytest.mark.django_db

CONTRIBUTOR = AccessPolicy(owner_key="test:1", may_read=True, may_write=True)


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


def ask(response, questionnaire, access=FULL_ACCESS, actor=None):
    return request_validation(
        response=response,
        questionnaire=questionnaire,
        actor=actor or UserFactory(),
        at=timezone.now(),
        access=access,
    )


@pytest.mark.rule("BR-064")
def test_one_unanswered_criterion_forbids_validating_but_not_the_draft():
    response = orient(make_response(), Q10="oui")

    assert answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}}).state == "draft"
    with pytest.raises(TransitionRefused) as refusal:
        finish(response, "interoperabilite")

    assert [blocker.anchor for blocker in refusal.value.blockers] == ["#field-A06.1.1-level"]
    assert row(response, "interoperabilite").state == "draft"


@pytest.mark.rule("BR-066")
def test_a_contributor_cannot_validate():
    response = orient(make_response())
    answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    with pytest.raises(PermissionDenied):
        validate(
            response=response,
            questionnaire="interoperabilite",
            actor=UserFactory(),
            at=timezone.now(),
            access=CONTRIBUTOR,
        )

    assert row(response, "interoperabilite").state == "draft"


@pytest.mark.rule("BR-065")
def test_a_contributor_asks_for_a_validation():
    response = orient(make_response())
    answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}}, access=CONTRIBUTOR)

    asked = ask(response, "interoperabilite", CONTRIBUTOR)

    assert (asked.questionnaire, asked.title) == ("interoperabilite", "Interopérabilité")
    assert row(response, "interoperabilite").state == "validation_requested"
    assert finish(response, "interoperabilite").state == "done"


@pytest.mark.rule("BR-065")
def test_asking_for_a_validation_of_an_incomplete_questionnaire_lists_what_is_left():
    response = orient(make_response())

    with pytest.raises(TransitionRefused) as refusal:
        ask(response, "interoperabilite")

    assert codes(refusal) == ["missing_level"]


@pytest.mark.rule("BR-068")
def test_each_validation_adds_a_line_to_the_history_that_never_changes():
    response = orient(make_response())
    author = UserFactory()
    save_answers(
        response=response,
        questionnaire="interoperabilite",
        changes={"A06.1.2": Change(value={"level": "0"}, comment="Rien encore")},
        actor=author,
        at=timezone.now(),
        access=FULL_ACCESS,
    )
    finish(response, "interoperabilite")
    finish(response, "interoperabilite", {"A06.1.2": {"level": "3"}})

    results = load_results(response, "interoperabilite")
    assert [(entry.number, entry.is_reached) for entry in results.history] == [(2, True), (1, False)]
    first = Validation.objects.get(questionnaire__response=response, questionnaire__code="interoperabilite", number=1)
    assert first.content["answers"] == {"A06.1.2": {"value": {"level": "0"}, "comment": "Rien encore", "evidence": []}}
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Validation.objects.filter(pk=first.pk).update(content={})
    entries = AuditEntry.objects.filter(action="questionnaireresponse.validate").about(
        row(response, "interoperabilite")
    )
    assert [entry.data["number"] for entry in entries] == [1, 2]


@pytest.mark.rule("BR-067")
def test_results_show_the_last_validation_and_the_draft():
    response = orient(make_response())
    finish(response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    answer(response, "interoperabilite", {"A06.1.2": {"level": "0"}})

    (result,) = load_results(response, "interoperabilite").sections[0].criteria

    assert (result.validated.level, result.draft.level) == ("2", "0")
    assert result.is_reached is True
    assert result.shows_recommendation  # 2 stands below the recommended 3


@pytest.mark.rule("BR-060", "BR-061", "BR-062")
@pytest.mark.parametrize(("level", "reached"), [("na", True), ("0", False), ("1", False), ("2", True), ("3", True)])
def test_the_questionnaire_is_reached_when_obligations_are_at_an_acceptable_level(level, reached):
    response = orient(make_response(), Q10="oui")

    done = finish(response, "interoperabilite", {"A06.1.1": {"level": "0"}, "A06.1.2": {"level": level}})

    assert (done.state, done.is_reached) == ("done", reached)


@pytest.mark.rule("BR-070", "BR-079", "A-12")
def test_conforme_needs_its_value_and_its_evidence():
    response = orient(make_response())
    answer(response, "ethique", {"DEV.1.1": {"compliance": "conforme"}, "DEV.1.2": {"compliance": "conforme"}})

    with pytest.raises(TransitionRefused) as refusal:
        finish(response, "ethique")

    assert codes(refusal) == ["missing_value", "missing_evidence"]
    assert str(row(response, "ethique").answered) == "0"
    deposit(response, "DEV.1.2", "declaration")
    done = finish(response, "ethique", {"DEV.1.1": {"number": Decimal("12")}})
    assert (done.answered, done.total, done.is_reached) == (2, 2, True)


@pytest.mark.rule("BR-071", "A-12")
def test_non_conforme_needs_no_evidence_and_is_not_reached():
    response = orient(make_response())

    done = finish(
        response, "ethique", {"DEV.1.1": {"compliance": "non_conforme"}, "DEV.1.2": {"compliance": "non_conforme"}}
    )

    assert (done.state, done.is_reached) == ("done", False)


@pytest.mark.rule("A-12")
def test_infected_evidence_forbids_validating():
    response = orient(make_response())
    answer(
        response,
        "ethique",
        {"DEV.1.1": {"compliance": "non_conforme"}, "DEV.1.2": {"compliance": "conforme"}},
    )
    blob = deposit(response, "DEV.1.2", "declaration").file.blob
    set_scan_state(blob, ScanState.INFECTED)

    with pytest.raises(TransitionRefused) as refusal:
        finish(response, "ethique")

    assert codes(refusal) == ["infected_evidence"]


def set_scan_state(blob, state):
    from convergence.audit import workflow

    blob.refresh_from_db()
    if blob.state != ScanState.PENDING:
        workflow.fire(blob, "request_scan", actor=None, at=timezone.now())
    workflow.fire(blob, f"mark_{state}", actor=None, at=timezone.now(), scanner="essai", detail="Eicar")


@pytest.mark.rule("BR-075", "A-12")
def test_a_documents_questionnaire_counts_its_required_types():
    response = orient(make_response())
    deposit(response, "RGPD.1", "cgu")
    rgpd = row(response, "rgpd")
    assert (rgpd.answered, rgpd.total, rgpd.state) == (1, 3, "draft")

    with pytest.raises(TransitionRefused) as refusal:
        finish(response, "rgpd")

    assert [blocker.anchor for blocker in refusal.value.blockers] == [
        "#field-RGPD.1-evidence-questionnaire",
        "#field-RGPD.1-evidence-aipd",
    ]


@pytest.mark.rule("BR-074")
def test_an_unconfirmed_single_deposit_does_not_count():
    response = orient(make_response())
    loaded = deposit(response, "RGPD.1", "questionnaire")
    assert row(response, "rgpd").answered == 0

    with pytest.raises(TransitionRefused, match="confirmez le dépôt"):
        finish(response, "rgpd")

    confirm_deposit(deposit=loaded, actor=UserFactory(), at=timezone.now(), access=FULL_ACCESS)
    assert row(response, "rgpd").answered == 1


@pytest.mark.rule("BR-073")
def test_archiving_the_only_file_of_a_required_type_asks_a_new_validation():
    response = orient(make_response())
    values = {"DEV.1.1": {"compliance": "non_conforme"}, "DEV.1.2": {"compliance": "conforme"}}
    only = deposit(response, "DEV.1.2", "declaration")
    done = finish(response, "ethique", values)
    assert done.is_current
    assert done.validation.content["answers"]["DEV.1.2"]["evidence"][0]["sha256"] == only.file.blob.sha256

    archive_deposit(deposit=only, actor=UserFactory(), at=timezone.now(), access=FULL_ACCESS)

    changed = row(response, "ethique")
    assert (changed.state, changed.is_current, changed.answered) == ("draft", False, 1)
    assert "ethique" in {tile.code for tile in load_overview(response).missing}
    with pytest.raises(TransitionRefused):
        finish(response, "ethique")


@pytest.mark.rule("BR-073")
def test_archiving_one_of_two_files_leaves_the_validation():
    response = orient(make_response())
    first = deposit(response, "DEV.1.2", "declaration")
    deposit(response, "DEV.1.2", "declaration")
    finish(response, "ethique", {"DEV.1.1": {"compliance": "non_conforme"}, "DEV.1.2": {"compliance": "conforme"}})

    archive_deposit(deposit=first, actor=UserFactory(), at=timezone.now(), access=FULL_ACCESS)

    assert row(response, "ethique").is_current


@pytest.mark.rule("BR-093", "A-08")
def test_only_what_is_validated_enters_the_validated_content():
    response = orient(make_response())
    finish(response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    answer(response, "interoperabilite", {"A06.1.2": {"level": "0"}})
    answer(response, "ethique", {"DEV.1.2": {"compliance": "conforme"}})
    answer(response, Q10="oui")  # a draft of the orientation changes nothing

    content = load_validated(response)

    by_code = {each.code: each for each in content.questionnaires}
    assert by_code["interoperabilite"].answers["A06.1.2"]["value"] == {"level": "2"}
    assert by_code["interoperabilite"].criteria == ("A06.1.2",)
    assert by_code["ethique"].answers == {}
    assert content.orientation["Q10"] == "non"
    assert not by_code["securite-echanges"].applicable
    overview = load_overview(response)
    assert [tile.code for tile in overview.newer_drafts] == ["orientation", "interoperabilite"]
    assert overview.missing_core == ()  # urbanisation shows no criterion: it satisfies core


@pytest.mark.rule("BR-040")
def test_validating_an_evaluation_before_the_orientation_is_refused():
    response = make_response()

    with pytest.raises(TransitionRefused) as refusal:
        finish(response, "interoperabilite")

    assert codes(refusal) == ["orientation_first"]


def test_validating_costs_the_same_whatever_is_answered(django_assert_max_num_queries):
    response = orient(make_response())
    answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    with django_assert_max_num_queries(12):
        finish(response, "interoperabilite")
