"""The checklist: lines as data, the same automatic checks for the verifier and for the editor."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from referencing.candidature.core.checklist import (
    CHECKS,
    Answer,
    EvidenceFact,
    Facts,
    Line,
    Result,
    failing,
    has_expired,
    parse_lines,
    question_for,
    run_checks,
    unanswered,
)

TODAY = date(2026, 3, 2)
GOOD = Facts(
    today=TODAY,
    convention_validated=True,
    convention_signed=True,
    organisation="Éditeur Santé",
    organisation_verified=True,
    usable_now=True,
    evidence=[EvidenceFact("ethique", "DEV.1.1", "rapport.pdf", "clean", date(2026, 1, 1), 365)],
    has_exchange=True,
)
OLD = EvidenceFact("ethique", "DEV.1.1", "rapport.pdf", "clean", date(2025, 1, 1), 365)
#: For each check, facts that it refuses and where that is mended.
BAD = {
    "convention": (replace(GOOD, convention_validated=False, convention_signed=False), ["convention", "convention"]),
    "organisation": (replace(GOOD, organisation_verified=False), ["sheet"]),
    "complete": (replace(GOOD, missing_questionnaires=[("rgpd", "RGPD")]), ["questionnaire:rgpd"]),
    "obligations": (replace(GOOD, unreached=[("ethique", "DEV.1.1", "Écoscore")]), ["questionnaire:ethique"]),
    "usable_now": (replace(GOOD, usable_now=False), ["orientation"]),
    "evidence_scanned": (
        replace(GOOD, evidence=[EvidenceFact("rgpd", "RGPD.1", "aipd.zip", "pending")]),
        ["questionnaire:rgpd"],
    ),
    "evidence_valid": (replace(GOOD, evidence=[OLD]), ["questionnaire:ethique"]),
    "exchange_scope": (
        replace(GOOD, undescribed=[("mesures-lecture", "Mesures (lecture)")]),
        ["exchange:mesures-lecture"],
    ),
    "values": (replace(GOOD, missing_values=[("ethique", "DEV.1.1", "Écoscore")]), ["questionnaire:ethique"]),
}
#: Facts to which a check has nothing to say.
SILENT = {
    "usable_now": replace(GOOD, usable_now=None),
    "evidence_scanned": replace(GOOD, evidence=[]),
    "evidence_valid": replace(GOOD, evidence=[]),
    "exchange_scope": replace(GOOD, has_exchange=False, undescribed=[("mesures-lecture", "Mesures (lecture)")]),
}


def test_every_check_is_proved_here():
    assert set(BAD) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_check_passes_on_good_facts(name):
    assert CHECKS[name](GOOD).result == Result.YES


@pytest.mark.parametrize("name", CHECKS)
def test_check_refuses_with_the_place_that_mends_it(name):
    facts, places = BAD[name]
    finding = CHECKS[name](facts)

    assert finding.result == Result.NO
    assert [problem.place for problem in finding.problems] == places


@pytest.mark.parametrize("name", SILENT)
def test_check_has_nothing_to_say(name):
    assert CHECKS[name](SILENT[name]).result == Result.NOT_APPLICABLE


@pytest.mark.parametrize(("day", "expected"), [(date(2026, 1, 1), False), (date(2026, 1, 2), True)])
def test_evidence_expires_the_day_after_its_age(day, expected):
    assert has_expired(OLD, on=day) is expected


def test_evidence_without_a_limit_never_expires():
    assert not has_expired(replace(OLD, max_age_days=None), on=date(2126, 1, 1))


LINES = (
    Line("auto", "Automatique", auto="organisation"),
    Line("manual", "À l’œil", missing_piece="Renvoyez la pièce."),
)


def test_manual_line_waits_for_somebody():
    lines = run_checks(LINES, GOOD)

    assert [each.line.code for each in unanswered(lines)] == ["manual"]
    assert not failing(lines)


def test_answer_of_an_agent_takes_the_place_of_the_finding():
    facts = replace(GOOD, organisation_verified=False)
    answers = {"auto": Answer(Result.YES, "Extrait reçu par courrier"), "manual": Answer(Result.NO)}

    auto, manual = run_checks(LINES, facts, answers)

    assert auto.passes
    assert auto.is_overridden
    assert failing([auto, manual]) == [manual]


def test_question_says_what_is_missing_then_what_was_found():
    facts = replace(GOOD, organisation_verified=False)
    auto, manual = run_checks(LINES, facts, {"manual": Answer(Result.NO)})

    assert question_for(manual) == "Renvoyez la pièce."
    assert question_for(auto) == "Automatique\nÉditeur Santé n’est pas encore une structure vérifiée."


def test_unknown_check_and_doubled_code_are_refused():
    with pytest.raises(ValueError, match="unknown check"):
        parse_lines([{"code": "a", "label": "A", "auto": "telepathy"}])
    with pytest.raises(ValueError, match="stands twice"):
        parse_lines([{"code": "a", "label": "A"}, {"code": "a", "label": "B"}])


def test_checklist_of_the_demarche_is_sound():
    entries = yaml.safe_load((Path(settings.BASE_DIR) / "fixtures" / "parcours.yaml").read_text(encoding="utf-8"))
    (guided,) = [row for entry in entries for row in entry.get("demarches", []) if row["slug"] == "referencement-guide"]
    instruction = guided["settings"]["instruction"]
    lines = parse_lines(instruction["checklist"])

    assert {line.auto for line in lines} >= set(CHECKS)
    assert all(line.missing_piece for line in lines)
    assert instruction["remedies"]
    assert any(row.get("ineligible") for row in instruction["reason_templates"]["inadmissible"])
