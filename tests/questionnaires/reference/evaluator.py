"""A second evaluator, written from the text of the contract alone and importing nothing of the project.

Slow and plain on purpose: every condition is decided again, recursively, each time it is asked.
"""

import datetime
from decimal import Decimal

import yaml


def read(text):
    """The raw YAML, every scalar a string."""
    return yaml.load(text, Loader=yaml.CBaseLoader)


def orient(grid, answers):
    """The JSON of `grid_orient`, or None when the answers are refused."""
    questions = [question for section in grid["orientation"]["sections"] for question in section["questions"]]
    by_code = {question["code"]: question for question in questions}
    for code, value in answers.items():
        if code not in by_code or not accepts(by_code[code], value):
            return None

    def given(code):
        """The answer that counts: none when the question is hidden or nothing was said."""
        return answers.get(code) if is_visible(code) and not is_blank(answers.get(code)) else None

    def is_visible(code):
        return decide(by_code[code].get("visible_when", {"all": []})) is True

    def decide(condition):
        ((key, inside),) = condition.items()
        if key == "all":
            results = [decide(part) for part in inside]
            return False if False in results else None if None in results else True
        if key == "any":
            results = [decide(part) for part in inside]
            return True if True in results else None if None in results else False
        if key == "not":
            result = decide(inside)
            return None if result is None else not result
        if key == "answered":
            return given(inside) is not None
        code, constant = inside
        value = given(code)
        if value is None:
            return None
        kind = by_code[code]["type"]
        if key == "equals":
            return same(kind, value, constant)
        if key == "in":
            return any(same(kind, value, each) for each in constant)
        if key == "contains":
            return constant in value
        if key == "greater_than":
            return typed(kind, value) > typed(kind, constant)
        if key == "less_than":
            return typed(kind, value) < typed(kind, constant)
        raise ValueError(key)

    def named(condition):
        ((key, inside),) = condition.items()
        if key in ("all", "any"):
            return {code for part in inside for code in named(part)}
        if key == "not":
            return named(inside)
        return {inside if key == "answered" else inside[0]}

    def reasons(condition):
        """Questions named in atoms of the true branches of a condition that is true."""
        ((key, inside),) = condition.items()
        if key == "any":
            return {code for part in inside if decide(part) is True for code in reasons(part)}
        if key == "all":
            return {code for part in inside for code in reasons(part)}
        return named(condition)

    because = {}

    def explain(code, condition):
        if condition is not None and condition != {"all": []}:
            found = reasons(condition)
            because[code] = [each for each in by_code if each in found]

    visible = [code for code in by_code if is_visible(code)]
    for code in visible:
        explain(code, by_code[code].get("visible_when"))
    required = [code for code in visible if by_code[code].get("required", "true") != "false"]
    remaining = [code for code in required if is_blank(answers.get(code))]
    questionnaires = {}
    for questionnaire in grid.get("questionnaires", []):
        applicable = decide(questionnaire.get("applicable_when", {"all": []})) is True
        shown = []
        if applicable:
            explain(questionnaire["code"], questionnaire.get("applicable_when"))
            for section in questionnaire["sections"]:
                for criterion in section["criteria"]:
                    if decide(criterion.get("visible_when", {"all": []})) is True:
                        shown.append(criterion["code"])
                        explain(criterion["code"], criterion.get("visible_when"))
        questionnaires[questionnaire["code"]] = {"applicable": applicable, "criteria": shown}
    return {
        "questions": {
            "visible": visible,
            "required": len(required),
            "answered": len(required) - len(remaining),
            "remaining": remaining,
        },
        "questionnaires": questionnaires,
        "because": because,
    }


def is_blank(value):
    return value is None or value == [] or (isinstance(value, str) and value.strip() == "")


def accepts(question, value):
    if is_blank(value):
        return True
    choices = [choice["code"] for choice in question.get("choices", [])]
    kind = question["type"]
    if kind == "boolean":
        return value in ("oui", "non") and isinstance(value, str)
    if kind == "single_choice":
        return isinstance(value, str) and value in choices
    if kind == "multiple_choice":
        if not isinstance(value, list) or not all(isinstance(each, str) and each in choices for each in value):
            return False
        return question.get("exclusive") not in value or set(value) == {question["exclusive"]}
    if kind == "number":
        return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if kind == "date":
        try:
            return datetime.date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return True


def typed(kind, value):
    if kind == "number":
        return Decimal(str(value))
    if kind == "date":
        return datetime.date.fromisoformat(value)
    return value


def same(kind, value, constant):
    return typed(kind, value) == typed(kind, constant)
