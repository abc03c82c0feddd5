"""Random grids and random answers, from a seeded source: the same at each run."""

import json
import random
from pathlib import Path

CHOICES = ["mesures", "documents", "agenda", "aucune"]
DAYS = ["2023-12-31", "2024-01-01", "2024-01-02", "2024-07-08", "2025-02-28"]
NUMBERS = [-1, 0, 0.5, 1, 9.99, 10, 10.01, 1000]
TYPES = ["boolean", "boolean", "single_choice", "multiple_choice", "number", "date", "text", "url", "email", "secret"]
ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "tests" / "questionnaires" / "grids" / "sample.yaml"


def written_grids() -> list[Path]:
    """Every grid of the repository: ours of `fixtures/`, and the sample of the tests."""
    published = sorted((ROOT / "fixtures" / "grids").glob("*/*.yaml"))
    return [SAMPLE, *(path for path in published if "questionnaires:" in path.read_text("utf-8"))]


def random_grid(source: random.Random) -> dict:
    questions = [_question(source, f"Q{number}") for number in range(1, source.randint(3, 12))]
    dependency_order = source.sample(questions, len(questions))
    for position, question in enumerate(dependency_order):
        if position and source.random() < 0.6:
            question["visible_when"] = condition(source, dependency_order[:position])
    middle = source.randrange(len(questions) + 1)
    questionnaires = [_questionnaire(source, f"q{number}", questions) for number in range(source.randint(1, 3))]
    return {
        "schema": 1,
        "demarche": "essai",
        "parcours": "essai",
        "version": "1",
        "title": "Grille tirée au sort",
        "effective_on": "2024-12-17",
        **({"exchange_when": condition(source, questions)} if source.random() < 0.5 else {}),
        "orientation": {
            "title": "Orientation",
            "sections": [
                {"code": "s1", "title": "Une", "questions": questions[:middle]},
                {"code": "s2", "title": "Deux", "questions": questions[middle:]},
            ],
        },
        "questionnaires": questionnaires,
    }


def _question(source: random.Random, code: str) -> dict:
    question = {"code": code, "label": f"Question {code} ?", "type": source.choice(TYPES)}
    if question["type"].endswith("_choice"):
        question["choices"] = [{"code": each, "label": each.title()} for each in CHOICES]
    if question["type"] == "multiple_choice" and source.random() < 0.7:
        question["exclusive"] = "aucune"
    if source.random() < 0.2:
        question["required"] = False
    return question


def _questionnaire(source: random.Random, code: str, questions: list[dict]) -> dict:
    criteria = []
    for number in range(source.randint(0, 6)):
        criterion = {
            "code": f"{code}.{number}",
            "title": f"Critère {number}",
            "nature": "option",
            "levels": [{"level": "0", "text": "Rien"}, {"level": "1", "text": "Un peu"}],
        }
        if source.random() < 0.8:
            criterion["visible_when"] = condition(source, questions)
        criteria.append(criterion)
    questionnaire = {"code": code, "title": code, "kind": "levels"}
    if source.random() < 0.5:
        questionnaire["applicable_when"] = condition(source, questions)
    return {**questionnaire, "sections": [{"code": "s", "title": "Section", "criteria": criteria}]}


def condition(source: random.Random, questions: list[dict], depth: int = 0) -> dict:
    shape = source.random()
    if depth < 3 and shape < 0.2:
        return {"all": [condition(source, questions, depth + 1) for _ in range(source.randint(0, 3))]}
    if depth < 3 and shape < 0.4:
        return {"any": [condition(source, questions, depth + 1) for _ in range(source.randint(0, 3))]}
    if depth < 3 and shape < 0.5:
        return {"not": condition(source, questions, depth + 1)}
    return _atom(source, source.choice(questions))


def _atom(source: random.Random, question: dict) -> dict:
    code = question["code"]
    if source.random() < 0.15:
        return {"answered": code}
    match question["type"]:
        case "boolean" | "single_choice":
            values = ["oui", "non"] if question["type"] == "boolean" else CHOICES
            if source.random() < 0.3:
                return {"in": [code, source.sample(values, source.randint(0, len(values)))]}
            return {"equals": [code, source.choice(values)]}
        case "multiple_choice":
            return {"contains": [code, source.choice(CHOICES)]}
        case "number":
            operator = source.choice(["equals", "in", "greater_than", "less_than"])
            constant = source.choice(NUMBERS)
            return {operator: [code, [constant, 10] if operator == "in" else constant]}
        case "date":
            return {source.choice(["greater_than", "less_than"]): [code, source.choice(DAYS)]}
    return {"answered": code}


def random_answers(source: random.Random, grid: dict, *, hostile: bool = False) -> dict:
    """Answers for a raw grid (a mapping of strings): some missing, some blank; with `hostile`, some that must be refused."""
    answers = {}
    presence = source.choice([0.3, 0.7, 0.95])
    for section in grid["orientation"]["sections"]:
        for question in section["questions"]:
            if source.random() < presence:
                answers[question["code"]] = _answer(source, question)
            if hostile and source.random() < 0.05:
                answers[question["code"]] = source.choice(
                    [True, False, 0, 12, "autre", "2024-02-30", ["mesures", "aucune"], ["autre"], [1], {}, "oui ", 1.5]
                )
    if hostile and source.random() < 0.05:
        answers["Q999"] = source.choice(["oui", None])
    return answers


def _answer(source: random.Random, question: dict) -> object:
    if source.random() < 0.08:
        return source.choice([None, "", "  ", []])
    choices = [choice["code"] for choice in question.get("choices", [])]
    match question["type"]:
        case "boolean":
            return source.choice(["oui", "non"])
        case "single_choice":
            return source.choice(choices)
        case "multiple_choice":
            exclusive = question.get("exclusive")
            if exclusive and source.random() < 0.15:
                return [exclusive]
            others = [choice for choice in choices if choice != exclusive]
            return source.sample(others, source.randint(0, len(others)))
        case "number":
            return source.choice(NUMBERS)
        case "date":
            return source.choice(DAYS)
    return source.choice(["https://exemple.fr/", "un texte", "a@exemple.fr"])


def as_text(grid: dict) -> str:
    """JSON is YAML."""
    return json.dumps(grid, ensure_ascii=False, indent=1)
