"""Lines of the admissibility checklist as the editor reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from convergence.ui.values import Badge, Link, Tone
from referencing.candidature.core.checklist import CheckedLine, Result
from referencing.candidature.services.checklist import place_url

if TYPE_CHECKING:
    from uuid import UUID

BADGES: dict[Result, tuple[str, Tone]] = {
    Result.YES: ("En ordre", "success"),
    Result.NO: ("À corriger", "error"),
    Result.NOT_APPLICABLE: ("Sans objet", "neutral"),
    Result.UNKNOWN: ("Vérifié par une personne", "info"),
}


def present_lines(enrolment_id: UUID, lines: Iterable[CheckedLine]) -> list[dict[str, Any]]:
    """Values of `candidature/_preflight.html`, what is to be mended first: each problem linked to what mends it."""
    return [
        {
            "code": each.line.code,
            "label": each.line.label,
            "help": each.line.help,
            "badge": Badge(BADGES[each.result][0], tone=BADGES[each.result][1]),
            "problems": [
                Link(problem.message, place_url(enrolment_id, problem.place)) for problem in each.finding.problems
            ],
        }
        for each in sorted(lines, key=lambda each: each.result != Result.NO)
    ]
