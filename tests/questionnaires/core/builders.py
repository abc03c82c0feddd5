"""Small grids for tests, as plain mappings: the least that the schema accepts."""

import json

from questionnaires.core import Evaluation, Evaluator, Finding, Grid, lint, load_yaml, parse_answers, require_orientable

CHOICES = [{"code": code, "label": code.title()} for code in ("mesures", "documents", "agenda", "aucune")]


def boolean(code: str, **fields: object) -> dict:
    return {"code": code, "label": f"Question {code} ?", "type": "boolean", **fields}


def multiple(code: str, **fields: object) -> dict:
    question = {"code": code, "label": f"Question {code} ?", "type": "multiple_choice", "choices": CHOICES}
    return {**question, "exclusive": "aucune", **fields}


def levels(code: str, **fields: object) -> dict:
    """An option with levels 0 to 3."""
    offered = [{"level": level, "text": f"Niveau {level}"} for level in ("0", "1", "2", "3")]
    return {"code": code, "title": f"Critère {code}", "nature": "option", "levels": offered, **fields}


def conformity(code: str, **fields: object) -> dict:
    return {"code": code, "title": f"Critère {code}", "nature": "obligation", **fields}


def questionnaire(code: str, *criteria: dict, kind: str = "levels", **fields: object) -> dict:
    sections = [{"code": "s", "title": "Section", "criteria": list(criteria)}]
    return {"code": code, "title": f"Questionnaire {code}", "kind": kind, "sections": sections, **fields}


def grid(*questions: dict, questionnaires: list[dict] | None = None, **fields: object) -> dict:
    return {
        "schema": 1,
        "demarche": "essai",
        "parcours": "essai",
        "version": "1",
        "title": "Essai",
        "effective_on": "2024-12-17",
        "orientation": {
            "title": "Orientation",
            "sections": [{"code": "s", "title": "Section", "questions": list(questions)}],
        },
        "questionnaires": questionnaires or [],
        **fields,
    }


def text(content: dict) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)


def load(content: dict) -> Grid:
    return require_orientable(load_yaml(text(content)))


def findings(content: dict) -> list[Finding]:
    return list(lint(load_yaml(text(content))))


def codes(content: dict) -> list[str]:
    return [finding.code for finding in findings(content)]


def evaluate(loaded: Grid, answers: dict) -> Evaluation:
    parsed = parse_answers(loaded, answers)
    assert parsed.errors == ()
    return Evaluator(loaded).evaluate(parsed.answers)
