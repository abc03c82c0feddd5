"""The synthesis report of an instruction as plain values, ready to be frozen (T24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: Version of the report’s form.
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion with its verdict; `outcome` is empty when nobody judged it."""

    code: str
    title: str
    nature: str
    answer: str
    outcome: str
    outcome_text: str
    text: str
    by: str = ""
    carried_from: str = ""
    recovered_from: str = ""
    """Solution and producer whose answer stands for the editor’s; the report is never the editor’s to read."""


@dataclass(frozen=True, slots=True)
class JudgedTheme:
    code: str
    title: str
    expert: str
    summary: str
    visa_by: str
    criteria: Sequence[Judged]

    @property
    def counts(self) -> dict[str, int]:
        """How many criteria have each outcome; those without one are not counted."""
        counts: dict[str, int] = {}
        for each in self.criteria:
            if each.outcome:
                counts[each.outcome] = counts.get(each.outcome, 0) + 1
        return counts


def build_report(
    *,
    header: Mapping[str, Any],
    themes: Sequence[JudgedTheme],
    gaps: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
    producer_questions: Sequence[Mapping[str, Any]] = (),
    tests: Mapping[str, Any] | None,
    open_blockers: Sequence[str],
    text: str,
    at: datetime,
    by: str,
) -> dict[str, Any]:
    """`open_blockers`: sentences that stand against a listing, copied when the proposal is unfavourable (A-20)."""
    return {
        "schema": SCHEMA,
        **header,
        "concluded_at": at,
        "concluded_by": by,
        "text": text,
        "themes": [
            {
                "code": theme.code,
                "title": theme.title,
                "expert": theme.expert,
                "summary": theme.summary,
                "visa_by": theme.visa_by,
                "counts": theme.counts,
                "criteria": [
                    {
                        "code": each.code,
                        "title": each.title,
                        "nature": each.nature,
                        "answer": each.answer,
                        "outcome": each.outcome,
                        "outcome_text": each.outcome_text,
                        "text": each.text,
                        "by": each.by,
                        "carried_from": each.carried_from,
                        **({"recovered_from": each.recovered_from} if each.recovered_from else {}),
                    }
                    for each in theme.criteria
                ],
            }
            for theme in themes
        ],
        "non_conformities": list(gaps),
        "requests": list(requests),
        **({"producer_questions": list(producer_questions)} if producer_questions else {}),
        "tests": dict(tests) if tests else None,
        "open_blockers": list(open_blockers),
    }
