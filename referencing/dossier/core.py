"""What a dossier holds and whether it may be frozen: pure functions on plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

#: Version of the payload’s form; readers upcast older ones (`readers.py`).
SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one questionnaire stands when a dossier is asked for.

    `is_applicable`: the validated orientation shows at least one of its criteria (A-12). `was_validated`: at least once;
    `is_current`: its last validation still holds (every criterion answered, required evidence deposited: BR-047, BR-073).
    `unsafe`: files of that validation whose scan is pending or bad (A-12). `has_newer_draft`: answers changed since (A-08).
    """

    code: str
    title: str
    is_core: bool
    is_applicable: bool
    was_validated: bool
    is_current: bool
    unsafe: tuple[str, ...] = ()
    has_newer_draft: bool = False


def missing_core(standings: Iterable[Standing]) -> list[Standing]:
    """Core questionnaires that keep a dossier from being generated (BR-090, BR-091)."""
    return [each for each in standings if each.is_core and each.is_applicable and not each.is_current]


def missing_any(standings: Iterable[Standing]) -> list[Standing]:
    """Applicable questionnaires that a dossier would lack: it cannot be a candidate (BR-095)."""
    return [each for each in standings if each.is_applicable and not each.is_current]


def make_reference(number: int, at: datetime) -> str:
    """`N00012202407081627`: order number on five digits or more, then the minute in UTC (BR-094, OQ-24)."""
    return f"N{number:05d}{at.astimezone(UTC):%Y%m%d%H%M}"


def unreached_obligations(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(code, title) of the obligations that the frozen answers do not reach (BR-098); nothing of recovered ones (A-24)."""
    return [
        (criterion["code"], criterion["title"])
        for questionnaire in payload["questionnaires"]
        for criterion in questionnaire["criteria"]
        if criterion["nature"] == "obligation" and not criterion["recovered"] and not criterion["is_reached"]
    ]


def answer_to(payload: Mapping[str, Any], question: str) -> Any:
    """The frozen answer to an orientation question; None when it was not shown."""
    return next((row["value"] for row in payload["orientation"]["answers"] if row["code"] == question), None)
