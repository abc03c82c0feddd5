"""Several people at once, on real transactions: nothing is lost, nobody waits for ever."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from convergence.kernel.errors import TransitionRefused
from questionnaires.models import Answer, Validation
from questionnaires.services import Change, preview_consequences, save_answers, validate
from tests.factories import UserFactory
from tests.questionnaires.factories import FULL_ACCESS, QUIET, answer, make_response, orient, row

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls):
    """Run the calls at the same instant, each in its own thread and connection; their results or errors."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            barrier.wait(timeout=10)
            return call()
        except TransitionRefused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def saver(response, code, value, *, base=0, questionnaire="orientation", actor=None):
    actor = actor or UserFactory()
    change = Change(value=value, base_version=base)
    return lambda: save_answers(
        response=response,
        questionnaire=questionnaire,
        changes={code: change},
        actor=actor,
        at=timezone.now(),
        access=FULL_ACCESS,
    )


@pytest.mark.rule("A-13")
def test_two_colleagues_on_one_answer_one_is_told_and_one_wins():
    response = make_response()

    results = together(saver(response, "Q10", "oui"), saver(response, "Q10", "non"))

    assert sorted(len(result.saved) for result in results) == [0, 1]
    (stale,) = [conflict for result in results for conflict in result.conflicts]
    assert stale.theirs == Answer.objects.get(code="Q10").value


def test_colleagues_on_different_answers_all_succeed_and_the_counter_is_right():
    response = make_response()

    results = together(*(saver(response, code, value) for code, value in QUIET.items()))

    assert all(result.saved for result in results)
    assert row(response, "orientation").answered == len(QUIET)


@pytest.mark.parametrize("attempt", range(3))
def test_saving_while_the_orientation_is_validated_neither_deadlocks_nor_miscounts(attempt):
    response = orient(make_response())
    actor = UserFactory()
    answer(response, Q10="oui")
    token = preview_consequences(response).token

    def revalidate():
        return validate(
            response=response,
            questionnaire="orientation",
            actor=actor,
            at=timezone.now(),
            access=FULL_ACCESS,
            confirmed_consequences=token,
        )

    together(
        revalidate,
        saver(response, "A06.1.2", {"level": "2"}, questionnaire="interoperabilite"),
        saver(response, "DEV.1.2", {"compliance": "non_conforme"}, questionnaire="ethique"),
        saver(response, "DEV.1.1", {"compliance": "non_conforme"}, questionnaire="ethique"),
    )

    interoperability = row(response, "interoperabilite")
    assert (interoperability.answered, interoperability.total) == (1, 2)
    assert row(response, "ethique").answered == 2


def test_a_validation_sent_twice_at_once_is_one_line_of_history():
    response = orient(make_response())
    answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    actor = UserFactory()

    def check():
        return validate(
            response=response, questionnaire="interoperabilite", actor=actor, at=timezone.now(), access=FULL_ACCESS
        )

    together(check, check)

    numbers = Validation.objects.filter(questionnaire__code="interoperabilite").values_list("number", flat=True)
    assert list(numbers) == [1]
    assert row(response, "interoperabilite").state == "done"
