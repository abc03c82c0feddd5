from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from questionnaires.access import AccessPolicy
from questionnaires.models import Answer, Response
from questionnaires.selectors import load_orientation
from questionnaires.services import Change, read_secret, save_answers
from tests.factories import UserFactory
from tests.questionnaires.factories import (
    FULL_ACCESS,
    QUIET,
    answer,
    deposit,
    finish,
    make_response,
    orient,
    row,
)

pytestmark = pytest.mark.django_db


def save(response, changes, *, questionnaire="orientation", actor=None, access=FULL_ACCESS):
    return save_answers(
        response=response,
        questionnaire=questionnaire,
        changes=changes,
        actor=actor or UserFactory(),
        at=timezone.now(),
        access=access,
    )


def journal(subject):
    return list(AuditEntry.objects.about(subject))


# -- one save


@pytest.mark.rule("BR-041")
def test_a_condition_that_becomes_true_makes_its_question_appear_and_count():
    response = make_response()
    assert load_orientation(response).progress.total == 5

    result = answer(response, Q1="oui")

    assert result.appeared == ("Q2",)
    assert (result.progress.answered, result.progress.total) == (1, 6)
    assert (row(response, "orientation").answered, row(response, "orientation").total) == (1, 6)


@pytest.mark.rule("BR-042")
def test_a_condition_that_becomes_false_masks_the_answer_and_keeps_it():
    response = make_response()
    answer(response, Q1="oui", Q2="iia")

    result = answer(response, Q1="non")

    assert result.disappeared == ("Q2",)
    assert (result.progress.answered, result.progress.total) == (1, 5)
    assert Answer.objects.get(response=response, code="Q2").value == "iia"
    orient(response)
    assert "Q2" not in response.orientation
    assert "Q2" not in row(response, "orientation").validation.content["answers"]
    assert answer(response, Q1="oui").progress.answered == 6  # shown again, it is back


def test_only_changed_answers_are_written_and_a_save_is_one_line_of_journal():
    response = make_response()
    first = answer(response, Q1="oui", Q3=["mesures"])
    again = answer(response, Q1="oui", Q3=["documents"])

    assert first.saved == ("Q1", "Q3")
    assert again.saved == ("Q3",)
    assert again.versions == {"Q1": 1, "Q3": 2}
    entries = journal(row(response, "orientation"))
    assert [entry.action for entry in entries[-2:]] == ["questionnaireresponse.save_draft"] * 2
    assert entries[-1].data["answers"] == {"Q3": {"version": 2, "value": ["documents"], "comment": ""}}


def test_saving_nothing_new_changes_neither_state_nor_journal():
    response = orient(make_response())
    before = len(journal(row(response, "orientation")))

    result = answer(response, values=QUIET)

    assert result.saved == ()
    assert row(response, "orientation").state == "done"
    assert len(journal(row(response, "orientation"))) == before


def test_emptying_an_answer_counts_it_as_not_given():
    response = make_response()
    answer(response, Q3=["mesures"], Q4="https://exemple.fr")

    result = answer(response, Q3=[], Q4="")

    assert result.saved == ("Q3", "Q4")
    assert result.progress.answered == 0
    assert Answer.objects.get(response=response, code="Q3").value is None or not result.evaluation.answered


# -- types


@pytest.mark.parametrize(
    ("code", "value", "kept"),
    [
        ("Q1", "oui", "oui"),
        ("Q3", ["documents", "mesures"], ["mesures", "documents"]),
        ("Q4", " https://exemple.fr/ ", "https://exemple.fr/"),
        ("Q7", Decimal("1234.50"), "1234.50"),
        ("Q8", "2024-07-08", "2024-07-08"),
        ("Q9", "aide@exemple.fr", "aide@exemple.fr"),
    ],
)
def test_each_type_is_kept_exactly_and_read_back(code, value, kept):
    response = make_response()

    assert answer(response, values={code: value}).refused == {}

    assert Answer.objects.get(response=response, code=code).value == kept
    view = next(view for view in load_orientation(response).questions if view.code == code)
    assert (view.value, view.is_answered) == (kept, True)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("Q1", "peut-être"),
        ("Q1", True),
        ("Q2", "iv"),
        ("Q3", "mesures"),
        ("Q4", "exemple"),
        ("Q4", "javascript:alert(1)"),
        ("Q7", "douze"),
        ("Q7", Decimal("1e999999")),
        ("Q7", Decimal("NaN")),
        ("Q7", Decimal("1." + "1" * 40)),
        ("Q8", "2024-02-31"),
        ("Q9", "aide"),
        ("Q14", "x" * 10_001),
        ("Q14", "nul\x00"),
        ("Q99", "oui"),
        ("A06.1.1", {"level": "1"}),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_alone(code, value):
    response = make_response()

    result = answer(response, values={code: value, "Q10": "non"})

    assert list(result.refused) == [code]
    assert result.refused[code].endswith(".") or "exemple" in result.refused[code]
    assert list(Answer.objects.values_list("code", flat=True)) == ["Q10"]


@pytest.mark.rule("BR-043")
def test_the_exclusive_choice_with_another_is_refused():
    response = make_response()

    result = answer(response, Q3=["mesures", "aucune"])

    assert "ne se coche pas avec un autre choix" in result.refused["Q3"]
    assert answer(response, Q3=["aucune"]).saved == ("Q3",)


@pytest.mark.rule("BR-063")
def test_a_level_that_is_not_offered_is_refused():
    response = orient(make_response(), Q10="oui")

    result = answer(response, "interoperabilite", {"A06.1.1": {"level": "na"}, "A06.1.2": {"level": "na"}})

    assert list(result.refused) == ["A06.1.1"]
    assert result.saved == ("A06.1.2",)


def test_parts_of_a_criterion_change_apart():
    response = orient(make_response())
    answer(response, "ethique", {"DEV.1.1": {"compliance": "conforme"}})
    answer(response, "ethique", {"DEV.1.1": {"number": Decimal("72.5")}})

    assert Answer.objects.get(response=response, code="DEV.1.1").value == {"compliance": "conforme", "number": "72.5"}
    answer(response, "ethique", {"DEV.1.1": {"number": None}})
    assert Answer.objects.get(response=response, code="DEV.1.1").value == {"compliance": "conforme"}


@pytest.mark.parametrize("number", [Decimal("0"), "0", "72.50", Decimal("1e2")])
def test_a_number_of_a_criterion_is_kept_exactly(number):
    response = orient(make_response())

    answer(response, "ethique", {"DEV.1.1": {"compliance": "conforme", "number": number}})
    answer(response, "ethique", {"DEV.1.1": {"compliance": "non_conforme"}})

    kept = Answer.objects.get(code="DEV.1.1").value["number"]
    assert kept == {"0": "0", "72.50": "72.50", "1E+2": "100"}[str(number)]


@pytest.mark.parametrize(
    "value",
    [
        {"number": "douze"},
        {"number": Decimal("1e999999")},
        {"compliance": "peut-être"},
        {"level": "2"},
        {"autre": "x"},
        "conforme",
        ["conforme"],
    ],
)
def test_a_wrong_part_of_a_criterion_is_refused_and_the_kept_answer_stays(value):
    response = orient(make_response())
    answer(response, "ethique", {"DEV.1.1": {"compliance": "conforme", "number": Decimal("72.5")}})

    result = answer(response, "ethique", {"DEV.1.1": value})

    assert list(result.refused) == ["DEV.1.1"]
    assert Answer.objects.get(code="DEV.1.1").value == {"compliance": "conforme", "number": "72.5"}


def test_a_comment_changes_without_the_value():
    response = orient(make_response())
    answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    save(response, {"A06.1.2": Change(comment="SNOMED\r\nLOINC")}, questionnaire="interoperabilite")

    kept = Answer.objects.get(response=response, code="A06.1.2")
    assert (kept.value, kept.comment, kept.version) == ({"level": "2"}, "SNOMED\nLOINC", 2)


# -- two colleagues


@pytest.mark.rule("A-13")
def test_a_stale_answer_comes_back_with_both_texts_and_the_others_are_kept():
    response = orient(make_response(), Q13="oui", Q14="Des mesures")
    colleague = UserFactory(first_name="Alix", last_name="Martin")
    save(response, {"Q14": Change(value="Des documents", base_version=1)}, actor=colleague)

    result = save(
        response,
        {"Q14": Change(value="Un agenda", base_version=1), "Q4": Change(value="https://exemple.fr", base_version=0)},
    )

    (stale,) = result.conflicts
    assert (stale.code, stale.theirs, stale.mine, stale.by, stale.version) == (
        "Q14",
        "Des documents",
        "Un agenda",
        "Alix Martin",
        2,
    )
    assert result.saved == ("Q4",)
    assert result.versions == {"Q14": 2, "Q4": 1}
    assert Answer.objects.get(response=response, code="Q14").value == "Des documents"
    assert save(response, {"Q14": Change(value="Un agenda", base_version=2)}).saved == ("Q14",)


@pytest.mark.rule("A-13")
def test_the_same_text_twice_is_no_conflict():
    response = make_response()
    save(response, {"Q10": Change(value="oui", base_version=0)})

    result = save(response, {"Q10": Change(value="oui", base_version=0)})

    assert (result.conflicts, result.saved) == ((), ())


@pytest.mark.rule("A-13")
def test_an_answer_written_by_two_who_saw_none_is_stale_for_the_second():
    response = make_response()
    save(response, {"Q10": Change(value="oui", base_version=0)})

    assert [each.theirs for each in save(response, {"Q10": Change(value="non", base_version=0)}).conflicts] == ["oui"]


# -- secrets


@pytest.mark.rule("A-10")
def test_a_secret_is_encrypted_and_appears_nowhere():
    response = make_response()
    secret = "identifiant / Zq8-motdepasse"
    orient(response, Q6=secret)

    kept = Answer.objects.get(response=response, code="Q6")
    assert kept.value is None
    assert kept.secret
    with connection.cursor() as cursor:
        for table in (
            "questionnaires_answer",
            "questionnaires_response",
            "questionnaires_validation",
            "audit_auditentry",
        ):
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", ["%Zq8%"])
            assert cursor.fetchone() == (0,), table
    view = next(view for view in load_orientation(response).questions if view.code == "Q6")
    assert (view.value, view.is_answered) == (None, True)


@pytest.mark.rule("A-10")
def test_a_secret_whose_key_was_lost_can_be_given_again(settings):
    response = make_response()
    settings.FIELD_ENCRYPTION_KEYS = ["an old key that left the ring"]
    answer(response, Q6="ancien")
    settings.FIELD_ENCRYPTION_KEYS = ["the key of today, long enough"]

    assert answer(response, Q6="nouveau").saved == ("Q6",)
    assert read_secret(response=response, question="Q6", actor=UserFactory()) == "nouveau"


@pytest.mark.rule("A-10")
def test_reading_a_secret_is_journalled():
    response = make_response()
    answer(response, Q6="demo / secret")
    expert = UserFactory()

    assert read_secret(response=response, question="Q6", actor=expert) == "demo / secret"

    (entry,) = AuditEntry.objects.filter(action="answer.read_secret")
    assert (entry.actor, entry.data) == (expert, {"question": "Q6"})


@pytest.mark.rule("A-10")
def test_a_secret_changes_during_instruction_without_asking_a_new_validation():
    response = orient(make_response())

    assert answer(response, Q6="nouveau mot de passe").saved == ("Q6",)

    assert row(response, "orientation").state == "done"
    assert journal(row(response, "orientation"))[-1].action == "questionnaireresponse.change_secret"
    assert read_secret(response=response, question="Q6", actor=UserFactory()) == "nouveau mot de passe"


@pytest.mark.rule("A-10", "A-13")
def test_a_conflict_on_a_secret_shows_neither_text():
    response = make_response()
    save(response, {"Q6": Change(value="premier", base_version=0)})

    (stale,) = save(response, {"Q6": Change(value="second", base_version=0)}).conflicts

    assert (stale.theirs, stale.mine) == (None, None)


# -- what is open


@pytest.mark.rule("BR-028")
def test_the_orientation_takes_no_answer_before_the_convention_is_validated():
    response = make_response(is_open=False)

    with pytest.raises(TransitionRefused) as refusal:
        answer(response, Q1="oui")

    assert [blocker.code for blocker in refusal.value.blockers] == ["convention_first"]
    assert not Answer.objects.exists()


@pytest.mark.rule("BR-040")
def test_an_evaluation_takes_no_answer_before_the_orientation_is_validated():
    response = make_response()

    with pytest.raises(TransitionRefused) as refusal:
        answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    assert [blocker.code for blocker in refusal.value.blockers] == ["orientation_first"]


@pytest.mark.rule("BR-045")
def test_a_questionnaire_that_does_not_apply_takes_no_answer():
    response = orient(make_response())

    with pytest.raises(TransitionRefused) as refusal:
        deposit(response, "SEC.1", "preuves")

    assert [blocker.code for blocker in refusal.value.blockers] == ["not_applicable"]


def test_without_the_right_to_write_nothing_is_saved():
    response = make_response()
    with pytest.raises(PermissionDenied):
        answer(response, Q1="oui", access=AccessPolicy(owner_key="x", may_read=True))


def test_a_locked_response_says_why():
    access = AccessPolicy(owner_key="x", may_read=True, may_write=True, locked_reason="Rattachement clos.")
    with pytest.raises(TransitionRefused, match="Rattachement clos"):
        answer(make_response(), Q1="oui", access=access)


@pytest.mark.rule("BR-067")
def test_a_draft_over_a_validated_questionnaire_leaves_the_validated_answers():
    response = orient(make_response())
    finish(response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    answer(response, "interoperabilite", {"A06.1.2": {"level": "0"}})

    edited = row(response, "interoperabilite")
    assert (edited.state, edited.is_current, edited.is_reached) == ("draft", True, True)
    assert edited.validation.content["answers"]["A06.1.2"]["value"] == {"level": "2"}


# -- cost


@pytest.mark.parametrize("already", [0, 4])
@pytest.mark.django_db(transaction=True)
def test_saving_one_answer_costs_five_statements_whatever_is_answered(django_assert_num_queries, already):
    response = make_response()
    answer(response, values=dict(list(QUIET.items())[:already]))
    actor = UserFactory()

    with django_assert_num_queries(7):  # BEGIN, lock, answers, write, counters, journal, COMMIT
        result = save(response, {"Q4": Change(value="https://exemple.fr", base_version=0)}, actor=actor)
    assert result.saved == ("Q4",)


@pytest.mark.django_db(transaction=True)
def test_saving_one_answer_of_an_evaluation_costs_six_statements_at_most(django_assert_num_queries):
    response = orient(make_response())
    actor = UserFactory()
    fresh = Response.objects.get(pk=response.pk)

    with django_assert_num_queries(7):
        save(fresh, {"A06.1.2": Change(value={"level": "2"})}, questionnaire="interoperabilite", actor=actor)
    with django_assert_num_queries(8):  # the evidence too
        save(fresh, {"DEV.1.2": Change(value={"compliance": "conforme"})}, questionnaire="ethique", actor=actor)
