import pytest

from convergence.kernel.errors import TransitionRefused
from questionnaires.services import ConsequencesToConfirm, preview_consequences
from tests.questionnaires.factories import answer, finish, make_response, orient, row, states

pytestmark = pytest.mark.django_db


@pytest.mark.rule("BR-044")
def test_validating_lists_every_visible_mandatory_question_left():
    response = make_response()
    answer(response, Q1="oui", Q3=["mesures"])

    with pytest.raises(TransitionRefused) as refusal:
        orient_without_answers(response)

    assert [blocker.anchor for blocker in refusal.value.blockers] == [
        "#field-Q2",
        "#field-Q6",
        "#field-Q10",
        "#field-Q13",
    ]
    assert row(response, "orientation").state == "draft"


def orient_without_answers(response):
    from django.utils import timezone

    from questionnaires.services import validate
    from tests.factories import UserFactory
    from tests.questionnaires.factories import FULL_ACCESS

    validate(response=response, questionnaire="orientation", actor=UserFactory(), at=timezone.now(), access=FULL_ACCESS)


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
    assert (row(response, "interoperabilite").answered, row(response, "interoperabilite").total) == (0, 2)
    assert row(response, "securite-echanges").total == 0


@pytest.mark.rule("BR-047")
def test_an_added_criterion_asks_a_done_questionnaire_again_and_keeps_its_answers():
    response = orient(make_response())
    finish(response, "interoperabilite", {"A06.1.2": {"level": "2"}})

    answer(response, Q10="oui")
    consequences = preview_consequences(response)
    assert consequences.changes.criteria_added == {"interoperabilite": ("A06.1.1",)}
    assert consequences.reset == ("interoperabilite",)
    with pytest.raises(ConsequencesToConfirm):
        orient(response, Q10="oui")
    orient(response, Q10="oui", confirmed=consequences.token)

    asked = row(response, "interoperabilite")
    assert asked.state == "to_complete"
    assert (asked.answered, asked.total) == (1, 2)
    assert not asked.is_current
    assert asked.validation is not None
