"""Official outputs read the frozen payload through here, never a live row; older schemas are upcast on reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from referencing.dossier.core import SCHEMA
from referencing.dossier.models import Dossier
from referencing.enrolment.inheritance import CONFIDENTIAL

#: From this schema on, criteria say whether they are recovered, or specific (A-24, BR-202).
WITH_INHERITANCE = 2

LEVELS = {
    "na": "Niveau non applicable",
    "0": "Maturité très faible",
    "1": "Maturité faible",
    "2": "Maturité moyenne",
    "3": "Maturité forte",
}
COMPLIANCE = {"conforme": "Conforme", "non_conforme": "Non conforme"}
NATURES = {"obligation": "Obligation", "option": "Option"}


def read_payload(dossier: Dossier) -> dict[str, Any]:
    """The frozen content as plain values. Raises ValueError for a schema newer than this code."""
    return parse_payload(bytes(dossier.payload))


def parse_payload(payload: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(payload)
    if content["schema"] > SCHEMA:
        raise ValueError(f"dossier schema {content['schema']} is newer than {SCHEMA}")
    if content["schema"] < WITH_INHERITANCE:
        _say_nothing_of_inheritance(content)
    return content


def _say_nothing_of_inheritance(content: dict[str, Any]) -> None:
    """Before white labels, every criterion was answered where it stands; an addendum holds no questionnaire."""
    for questionnaire in content.get("questionnaires", ()):
        for criterion in questionnaire["criteria"]:
            criterion["recovered"] = criterion["specific"] = None


def answer_text(criterion: dict[str, Any]) -> str:
    """The answer to a criterion in words; of a recovered one, only that it is (BR-197)."""
    if criterion.get("recovered"):
        return CONFIDENTIAL.capitalize()
    answer = criterion["answer"] or {}
    if level := answer.get("level"):
        text = next((row["text"] for row in criterion["levels"] if row["level"] == level), "")
        return f"{LEVELS[level]} – {text}" if text else LEVELS[level]
    words = COMPLIANCE.get(answer.get("compliance", ""), "")
    value = next((str(value) for key, value in answer.items() if key not in ("level", "compliance")), "")
    if value:
        words = f"{words} – {criterion['value_label']} : {value}" if words else value
    return words


def reached_text(criterion: dict[str, Any]) -> str:
    """« Oui », « Non », or nothing where nothing may be deduced (A-24)."""
    return {True: "Oui", False: "Non", None: ""}[criterion["is_reached"]]


def acceptable_text(criterion: dict[str, Any]) -> str:
    if criterion["nature"] != "obligation":
        return "Aucun niveau minimum requis pour cette démarche"
    if criterion["acceptable"]:
        return ", ".join(LEVELS[level] for level in criterion["acceptable"])
    return "Conforme, avec les preuves attendues"


def exceptions_of(criterion: dict[str, Any]) -> list[dict[str, Any]]:
    """Answers that differ on one system, each with its words; none in dossiers frozen before there were any."""
    return [
        {**each, "answer_text": answer_text({**criterion, "recovered": None, "answer": each["answer"]})}
        for each in criterion.get("exceptions", ())
    ]


def frozen_evidence(criterion: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every file that a criterion froze, those of its exceptions included."""
    return [*criterion["evidence"], *(item for each in criterion.get("exceptions", ()) for item in each["evidence"])]


def find_frozen(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The frozen criteria of a dossier by code."""
    return {row["code"]: row for part in content["questionnaires"] for row in part["criteria"]}
