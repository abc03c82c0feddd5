import pytest

from convergence.pages.core import Facts, Holder, find_ball, list_phases

SIGNED = {"enrolment": "active", "sheet": "validated", "convention": "validated"}


@pytest.mark.parametrize(
    ("facts", "holder", "words"),
    [
        ({"enrolment": "active", "sheet": "to_complete"}, Holder.EDITOR, "compléter la fiche"),
        ({"enrolment": "active", "sheet": "changes_requested"}, Holder.EDITOR, "corriger la fiche"),
        ({"enrolment": "active", "sheet": "submitted"}, Holder.VERIFIERS, "examinent"),
        ({"enrolment": "active", "sheet": "validated", "convention": "to_send"}, Holder.VERIFIERS, "préparent"),
        ({"enrolment": "active", "sheet": "validated", "convention": "to_sign"}, Holder.REPRESENTATIVE, "signer"),
        ({"enrolment": "active", "sheet": "validated", "convention": "signed"}, Holder.VERIFIERS, "valident"),
        (SIGNED, Holder.EDITOR, "orientation"),
        ({**SIGNED, "orientation_done": True}, Holder.EDITOR, "questionnaires d’évaluation"),
        ({**SIGNED, "orientation_done": True, "all_done": True}, Holder.EDITOR, "générer"),
        ({**SIGNED, "orientation_done": True, "has_complete_dossier": True}, Holder.EDITOR, "candidater"),
        ({**SIGNED, "candidature": "applied"}, Holder.VERIFIERS, "prendre en charge"),
        ({**SIGNED, "candidature": "admissibility"}, Holder.VERIFIERS, "recevabilité"),
        ({"enrolment": "rejected", "sheet": "rejected"}, Holder.NOBODY, "clos"),
    ],
)
def test_ball_is_held_by_exactly_the_one_who_must_act(facts, holder, words):
    ball = find_ball(Facts(**facts))

    assert ball.holder is holder
    assert words in ball.what


def test_phases_show_one_current_phase_and_the_tests_only_with_exchange():
    facts = Facts(**SIGNED, orientation_done=True)

    codes = [phase.code for phase in list_phases(facts)]

    assert codes == ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P9", "P10", "P11", "P12"]
    assert [phase.code for phase in list_phases(facts) if phase.state == "current"] == ["P4"]
    assert "P8" in [phase.code for phase in list_phases(Facts(**SIGNED, has_exchange=True))]


def test_phases_of_an_application_wait_for_the_verifiers():
    phases = {phase.code: phase for phase in list_phases(Facts(**SIGNED, candidature="applied"))}

    assert phases["P5"].state == "done"
    assert (phases["P6"].state, phases["P6"].holder) == ("waiting", Holder.VERIFIERS)
