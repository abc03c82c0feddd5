import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.kernel.errors import TransitionRefused
from questionnaires.access import AccessPolicy
from questionnaires.models import Answer, Deposit, Response, Validation
from questionnaires.selectors import load_form, load_orientation, load_overview, load_validated
from questionnaires.services import ConsequencesToConfirm, preview_consequences, validate
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
    states,
)

pytestmark = pytest.mark.django_db


def change_orientation(response, **answers):
    """Change a validated orientation, consequences confirmed."""
    answer(response, **answers)
    return orient(response, confirmed=preview_consequences(response).token, **answers)


@pytest.mark.rule("BR-044")
def test_validating_lists_every_visible_mandatory_question_left():
    response = make_response()
    answer(response, Q1="oui", Q3=["mesures"])

    with pytest.raises(TransitionRefused) as refusal:
        validate(
            response=response,
            questionnaire="orientation",
            actor=UserFactory(),
            at=timezone.now(),
            access=FULL_ACCESS,
        )

    anchors = [blocker.anchor for blocker in refusal.value.blockers]
    assert anchors == ["#field-Q2", "#field-Q6", "#field-Q10", "#field-Q13"]
    assert row(response, "orientation").state == "draft"
    response.refresh_from_db()
    assert response.orientation is None


@pytest.mark.rule("BR-066")
def test_without_the_right_nobody_validates_the_orientation():
    response = make_response()
    answer(response, values=QUIET)
    with pytest.raises(PermissionDenied):
        validate(
            response=response,
            questionnaire="orientation",
            actor=UserFactory(),
            at=timezone.now(),
            access=AccessPolicy(owner_key="x", may_read=True, may_write=True),
        )


@pytest.mark.rule("BR-028")
def test_the_orientation_cannot_be_validated_before_the_convention():
    with pytest.raises(TransitionRefused, match="convention"):
        validate(
            response=make_response(is_open=False),
            questionnaire="orientation",
            actor=UserFactory(),
            at=timezone.now(),
            access=FULL_ACCESS,
        )


@pytest.mark.rule("BR-040", "BR-045", "A-12")
def test_first_validation_opens_what_applies_and_excludes_the_rest():
    response = make_response()
    assert set(states(response).values()) == {"to_complete", "unavailable"}

    orient(response, Q10="oui")

    assert states(response) == {
        "orientation": "done",
        "interoperabilite": "to_complete",
        "urbanisation": "not_applicable",  # applicable, but none of its criteria is shown
        "ethique": "to_complete",
        "rgpd": "to_complete",
        "securite-echanges": "not_applicable",
    }
    asked = row(response, "interoperabilite")
    assert (asked.answered, asked.total) == (0, 2)
    assert row(response, "securite-echanges").total == 0


@pytest.mark.rule("BR-045")
def test_exchanging_with_mes_opens_the_security_questionnaire():
    response = orient(make_response(), Q13="oui", Q14="Des mesures")

    assert states(response)["securite-echanges"] == "to_complete"
    assert row(response, "securite-echanges").total == 1
    assert load_validated(response).exchange


@pytest.mark.rule("BR-046")
def test_a_criterion_says_which_answer_shows_it():
    response = orient(make_response(), Q10="oui")

    first, second = load_form(response, "interoperabilite").criteria

    assert first.code == "A06.1.1"
    assert "«\u00a0Oui\u00a0»" in first.because
    assert "la question 10" in first.because
    assert second.because == "Affiché pour tous les services."


@pytest.mark.rule("A-08")
def test_an_unvalidated_change_of_orientation_shows_no_criterion():
    response = orient(make_response())

    answer(response, Q10="oui")

    assert [view.code for view in load_form(response, "interoperabilite").criteria] == ["A06.1.2"]
    assert row(response, "orientation").state == "draft"
    assert load_overview(response).orientation.has_newer_draft


@pytest.mark.rule("BR-047", "A-08")
def test_an_added_criterion_asks_a_done_questionnaire_again_and_keeps_its_answers():
    response = orient(make_response())
    finish(response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    answer(response, Q10="oui")
    consequences = preview_consequences(response)
    assert consequences.changes.criteria_added == {"interoperabilite": ("A06.1.1",)}
    assert consequences.reset == ("interoperabilite",)
    with pytest.raises(ConsequencesToConfirm):
        orient(response, Q10="oui")
    response.refresh_from_db()
    assert response.orientation["Q10"] == "non"
    orient(response, Q10="oui", confirmed=consequences.token)

    asked = row(response, "interoperabilite")
    assert asked.state == "to_complete"
    assert (asked.answered, asked.total) == (1, 2)
    assert not asked.is_current
    assert asked.validation is not None
    assert finish(response, "interoperabilite", {"A06.1.1": {"level": "1"}}).is_current


@pytest.mark.rule("A-08")
def test_a_confirmation_of_other_consequences_is_worth_nothing():
    response = orient(make_response())
    answer(response, Q10="oui")
    seen = preview_consequences(response).token
    answer(response, Q3=["mesures"])  # a colleague adds something meanwhile

    with pytest.raises(ConsequencesToConfirm) as asked:
        orient(response, Q10="oui", Q3=["mesures"], confirmed=seen)

    assert asked.value.consequences.changes.criteria_added["interoperabilite"] == ("A06.1.1", "A06.1.3")


def test_a_change_without_consequence_is_validated_at_once():
    response = orient(make_response())

    orient(response, Q4="https://exemple.fr")

    assert response.orientation["Q4"] == "https://exemple.fr"
    assert Validation.objects.filter(questionnaire__code="orientation").count() == 2


@pytest.mark.rule("BR-047")
def test_a_draft_stays_a_draft_when_a_criterion_is_added():
    response = orient(make_response())
    answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    change_orientation(response, Q10="oui")

    asked = row(response, "interoperabilite")
    assert (asked.state, asked.answered, asked.total) == ("draft", 1, 2)


@pytest.mark.rule("BR-048")
def test_a_removed_criterion_leaves_counters_and_content_but_not_the_history():
    response = orient(make_response(), Q10="oui")
    done = finish(response, "interoperabilite", {"A06.1.1": {"level": "1"}, "A06.1.2": {"level": "2"}})

    change_orientation(response, Q10="non")

    left = row(response, "interoperabilite")
    assert (left.state, left.is_current, left.answered, left.total) == ("done", True, 1, 1)
    (content,) = [each for each in load_validated(response).questionnaires if each.code == "interoperabilite"]
    assert list(content.answers) == ["A06.1.2"]
    assert "A06.1.1" in Validation.objects.get(pk=done.validation_id).content["answers"]
    assert Answer.objects.filter(response=response, code="A06.1.1").exists()


@pytest.mark.rule("BR-048", "BR-062")
def test_removing_the_criterion_that_failed_makes_the_questionnaire_reached():
    response = orient(make_response(), Q3=["mesures"])
    done = finish(response, "interoperabilite", {"A06.1.2": {"level": "2"}, "A06.1.3": {"level": "0"}})
    assert done.is_reached is False

    change_orientation(response, Q3=["documents"])

    assert row(response, "interoperabilite").is_reached is True


@pytest.mark.rule("BR-048", "A-08")
def test_evidence_of_a_removed_criterion_is_announced_then_set_aside():
    response = orient(make_response(), Q3=["mesures"])
    kept = deposit(response, "DEV.1.3", "captures")
    answer(response, Q3=["documents"])

    assert preview_consequences(response).evidence == (kept,)
    change_orientation(response, Q3=["documents"])

    assert Deposit.objects.active().filter(pk=kept.pk).exists()
    assert [view.code for view in load_form(response, "ethique").criteria] == ["DEV.1.1", "DEV.1.2"]
    change_orientation(response, Q3=["mesures"])
    (zone,) = next(view for view in load_form(response, "ethique").criteria if view.code == "DEV.1.3").evidence
    assert zone.deposits == (kept,)


@pytest.mark.rule("BR-045", "BR-048")
def test_a_questionnaire_that_stops_applying_leaves_the_counters():
    response = orient(make_response(), Q13="oui", Q14="Des mesures")
    deposit(response, "SEC.1", "preuves")
    finish(response, "securite-echanges")
    answer(response, Q13="non")
    assert preview_consequences(response).changes.questionnaires_closed == ("securite-echanges",)

    change_orientation(response, Q13="non")

    closed = row(response, "securite-echanges")
    assert (closed.state, closed.answered, closed.total, closed.is_current) == ("not_applicable", 0, 0, False)
    change_orientation(response, Q13="oui")
    assert row(response, "securite-echanges").state == "to_complete"
    assert row(response, "securite-echanges").answered == 1


@pytest.mark.rule("A-09", "BR-049")
def test_live_answers_change_at_any_time_without_touching_what_was_validated():
    response = orient(make_response())
    before = load_validated(response)
    finished = Validation.objects.get(questionnaire__code="orientation").content

    answer(response, Q1="oui", Q10="oui", Q13="oui")

    response.refresh_from_db()
    assert load_validated(response) == before
    assert Validation.objects.get(questionnaire__code="orientation").content == finished


@pytest.mark.rule("BR-050")
def test_one_set_of_answers_serves_every_choice_ticked():
    response = orient(make_response(), Q3=["mesures", "documents"])

    assert response.orientation["Q3"] == ["mesures", "documents"]
    assert Answer.objects.filter(response=response, code="Q3").count() == 1
    assert row(response, "interoperabilite").total == 2


@pytest.mark.rule("BR-051")
def test_tile_and_form_show_the_same_counter_after_every_step():
    response = make_response()

    def counters():
        tile = load_overview(response).orientation.progress
        form = load_orientation(response).progress
        return (tile.answered, tile.total), (form.answered, form.total)

    steps = [{"Q1": "oui"}, {"Q2": "i", "Q3": ["mesures"]}, {"Q13": "oui"}, {"Q1": "non"}]
    for step in steps:
        answer(response, values=step)
        tile, form = counters()
        assert tile == form
    orient(response, Q13="oui", Q14="x", Q10="oui")
    answer(response, "interoperabilite", {"A06.1.1": {"level": "1"}})
    deposit(response, "RGPD.1", "cgu")
    for each in load_overview(response).questionnaires:
        shown = load_form(response, each.code).progress
        assert (each.progress.answered, each.progress.total) == (shown.answered, shown.total), each.code


@pytest.mark.parametrize("answered", [1, 3])
def test_reading_costs_the_same_whatever_is_answered(django_assert_num_queries, answered):
    response = orient(make_response(), Q10="oui", Q3=["mesures"])
    for _ in range(answered):
        deposit(response, "DEV.1.2", "declaration")
    answer(
        response, "interoperabilite", dict(list({f"A06.1.{n}": {"level": "1"} for n in (1, 2, 3)}.items())[:answered])
    )
    response = Response.objects.with_definition().get(pk=response.pk)

    with django_assert_num_queries(1):
        load_overview(response)
    with django_assert_num_queries(2):
        load_orientation(response)
    with django_assert_num_queries(2):
        load_form(response, "interoperabilite")
    with django_assert_num_queries(3):
        load_form(response, "ethique")
    with django_assert_num_queries(1):
        load_validated(response)
