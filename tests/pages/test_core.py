from datetime import date
from uuid import UUID

import pytest

from convergence.pages.core import Facts, Holder, find_ball, list_phases, say_ended
from referencing.candidature.enums import EDITOR_FILLS_STATES, CampaignState, CandidatureState

SIGNED = {"enrolment": "active", "sheet": "validated", "convention": "validated"}
READY = {**SIGNED, "orientation_done": True, "all_done": True, "has_complete_dossier": True}


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
        ({**SIGNED, "candidature": "evaluation", "waiting_for": "experts"}, Holder.EXPERTS, "évaluent"),
        ({**SIGNED, "candidature": "evaluation", "waiting_for": "listing_team"}, Holder.VERIFIERS, "évaluation"),
        ({**SIGNED, "candidature": "evaluation", "waiting_for": "tests"}, Holder.TESTS, "tests de connexion"),
        ({**SIGNED, "candidature": "evaluation", "waiting_for": "editor"}, Holder.EDITOR, "tests de connexion"),
        ({**SIGNED, "candidature": "admissibility", "asked": ("la demande de pièces",)}, Holder.EDITOR, "pièces"),
        (
            {**SIGNED, "candidature": "evaluation", "waiting_for": "experts", "asked": ("a", "b")},
            Holder.EDITOR,
            "répondre à a et à b",
        ),
        ({**SIGNED, "candidature": "ready_commission"}, Holder.COMMISSION, "examinera"),
        ({**SIGNED, "candidature": "pre_listed"}, Holder.NOBODY, "pré-référencée"),
        (
            {**SIGNED, "candidature": "approved", "decision_id": UUID(int=1)},
            Holder.EDITOR,
            "connaissance d’une décision",
        ),
        (
            {**SIGNED, "candidature": "refused", "decision_id": UUID(int=1)},
            Holder.EDITOR,
            "connaissance d’une décision",
        ),
        ({**SIGNED, "candidature": "approved"}, Holder.EDITOR, "compléter la fiche de publication"),
        ({**SIGNED, "candidature": "approved", "publication": "changes_requested"}, Holder.EDITOR, "corriger la fiche"),
        (
            {**SIGNED, "candidature": "approved", "publication": "accepted"},
            Holder.VERIFIERS,
            "préparent la publication",
        ),
        ({**SIGNED, "candidature": "listed", "listing": "listed"}, Holder.NOBODY, "est référencé au catalogue"),
        ({**SIGNED, "candidature": "listed", "listing": "suspended"}, Holder.NOBODY, "est suspendu"),
        ({**SIGNED, "candidature": "listed", "listing": "expired"}, Holder.NOBODY, "a pris fin"),
        ({**READY, "candidature": "inadmissible"}, Holder.EDITOR, "irrecevable"),
        ({**READY, "candidature": "inadmissible", "has_newer_dossier": True}, Holder.EDITOR, "de nouveau"),
        ({**READY, "candidature": "cancelled"}, Holder.EDITOR, "candidater de nouveau"),
        ({**READY, "candidature": "withdrawn"}, Holder.EDITOR, "candidater de nouveau"),
        ({**READY, "candidature": "abandoned"}, Holder.EDITOR, "candidater de nouveau"),
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


@pytest.mark.parametrize("state", CandidatureState.values)
def test_every_state_of_a_candidature_has_a_ball_and_a_line_of_time(state):
    facts = Facts(**READY, candidature=state, has_exchange=True)

    assert find_ball(facts).what
    waiting = [phase for phase in list_phases(facts) if phase.state in ("current", "waiting")]
    assert bool(waiting) is (state not in ("pre_listed", "listed"))
    assert {phase.holder for phase in waiting} <= {find_ball(facts).holder, Holder.TESTS}


@pytest.mark.parametrize(
    ("state", "done"),
    [
        ("applied", "P5"),
        ("admissibility", "P5"),
        ("evaluation", "P6"),
        ("ready_commission", "P7"),
        ("inadmissible", "P4"),
        ("withdrawn", "P4"),
    ],
)
def test_phases_advance_with_the_instruction(state, done):
    phases = list_phases(Facts(**READY, candidature=state, has_exchange=True))

    assert [phase.code for phase in phases if phase.state == "done"][-1] == done


@pytest.mark.parametrize(
    ("candidature", "tests", "state", "holder", "label"),
    [
        ("admissibility", "", "upcoming", Holder.NOBODY, "Tests techniques"),
        ("evaluation", "", "waiting", Holder.TESTS, "Tests techniques"),
        ("evaluation", "unit_self_check", "waiting", Holder.TESTS, "Tests techniques"),
        ("evaluation", "keys_sent", "current", Holder.EDITOR, "Tests techniques"),
        ("evaluation", "e2e_redo", "current", Holder.EDITOR, "Tests techniques"),
        ("evaluation", "acceptance_submitted", "waiting", Holder.TESTS, "Tests techniques"),
        ("evaluation", "connection_running", "waiting", Holder.TESTS, "Tests techniques"),
        ("evaluation", "failed", "waiting", Holder.TESTS, "Tests techniques (en échec)"),
        ("evaluation", "passed", "done", Holder.NOBODY, "Tests techniques"),
        ("ready_commission", "passed", "done", Holder.NOBODY, "Tests techniques"),
        ("ready_commission", "failed", "upcoming", Holder.NOBODY, "Tests techniques (en échec)"),
        ("ready_commission", "cancelled", "upcoming", Holder.NOBODY, "Tests techniques (campagne annulée)"),
    ],
)
def test_phase_of_the_tests_is_what_the_campaign_says(candidature, tests, state, holder, label):
    facts = Facts(**READY, candidature=candidature, has_exchange=True, tests=tests)

    phases = {phase.code: phase for phase in list_phases(facts)}

    assert (phases["P8"].state, phases["P8"].holder, phases["P8"].label) == (state, holder, label)
    waited = [phase.code for phase in phases.values() if phase.state in ("current", "waiting")]
    assert waited[0] == {"admissibility": "P6", "evaluation": "P7", "ready_commission": "P9"}[candidature]


def test_every_state_of_a_campaign_is_known_to_its_phase():
    for tests in CampaignState.values:
        (phase,) = [
            phase
            for phase in list_phases(Facts(**READY, candidature="evaluation", has_exchange=True, tests=tests))
            if phase.code == "P8"
        ]
        assert (phase.holder is Holder.EDITOR) == (tests in EDITOR_FILLS_STATES)
        assert (phase.state == "done") == (tests == CampaignState.PASSED)


def test_pre_listed_solution_waits_for_no_commission():
    phases = list_phases(Facts(**READY, candidature="pre_listed"))

    assert [phase.label for phase in phases][-1] == "Pré-référencement"
    assert {phase.state for phase in phases} == {"done"}


def test_ball_of_the_editor_says_the_last_day():
    ball = find_ball(Facts(**SIGNED, candidature="evaluation", asked=("la demande",), due_on=date(2026, 3, 2)))

    assert ball.until == date(2026, 3, 2)


def test_a_decision_that_nobody_opened_stays_veiled():
    """A-32: neither the sentence nor the line of time says what the act decides."""
    facts = Facts(**READY, candidature="refused", decision_id=UUID(int=1))

    assert say_ended(facts) == ""
    assert next(each for each in list_phases(facts) if each.code == "P10").state == "current"
