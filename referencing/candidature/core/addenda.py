"""What an addendum holds, by value: answers of the editor to what was asked, or what a candidature gives up (BR-114).

`criteria.py` reads it back; the header that seals it (reference, dossier, date, author) is `referencing.dossier`’s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What an answer replies to.
REQUEST, NON_CONFORMITY = "request", "non_conformity"


@dataclass(frozen=True, slots=True)
class AddedFile:
    """A file of evidence as it is frozen. `deposit` identifies the attachment, `deposited_at` is ISO 8601 in UTC."""

    name: str
    sha256: str
    size: int
    type: str = ""
    label: str = ""
    deposit: str = ""
    deposited_at: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing asked, with what the editor answered. `code` is a criterion, or a line of the checklist (`theme` empty).

    `origin` and `number`: what asked it. `answer` is None when the level or conformity stays as it was; `is_reached` is
    None when nothing can be said of it.
    """

    code: str
    theme: str
    title: str
    origin: str
    number: int
    question: str
    answer: Mapping[str, Any] | None
    comment: str
    evidence: tuple[AddedFile, ...] = ()
    is_reached: bool | None = None


def complement_content(replies: Iterable[Reply]) -> dict[str, Any]:
    """Content of an addendum of kind « complement »: `{"items": […]}`, in the order given."""
    return {"items": [_item(reply) for reply in replies]}


def _item(reply: Reply) -> dict[str, Any]:
    item: dict[str, Any] = {
        "criterion": reply.code,
        "theme": reply.theme,
        "title": reply.title,
        "origin": {"kind": reply.origin, "number": reply.number},
        "question": reply.question,
        "answer": dict(reply.answer) if reply.answer is not None else None,
        "comment": reply.comment,
        "evidence": [
            {
                "name": file.name,
                "sha256": file.sha256,
                "size": file.size,
                "type": file.type,
                "label": file.label,
                "deposit": file.deposit,
                "deposited_at": file.deposited_at,
            }
            for file in reply.evidence
        ],
    }
    if reply.is_reached is not None:
        item["is_reached"] = reply.is_reached
    return item


@dataclass(frozen=True, slots=True)
class Reduction:
    """What giving up exchanges does. `given_up` and `kept` are codes `<api>-<direction>`; `removed` criteria fall away;
    `appearing` ones would be asked now and were not answered; `orientation` holds the frozen answers that change, as the
    dossier writes them (`value` None: not asked any more).
    """

    given_up: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[tuple[str, str], ...]
    appearing: tuple[tuple[str, str], ...]
    orientation: tuple[Mapping[str, Any], ...]

    @property
    def has_exchange(self) -> bool:
        return bool(self.kept)


def reduction_content(reduction: Reduction, *, reason: str) -> dict[str, Any]:
    """Content of an addendum of kind « scope_reduction »."""
    return {
        "items": [],
        "removed": [code for code, _ in reduction.removed],
        "removed_titles": dict(reduction.removed),
        "given_up": list(reduction.given_up),
        "kept": list(reduction.kept),
        "orientation": [dict(row) for row in reduction.orientation],
        "has_exchange": reduction.has_exchange,
        "reason": reason,
    }


def reduced_answers(
    orientation: Mapping[str, Any], given_up: Sequence[str], *, question: str, gate: str, closed: str = "non"
) -> dict[str, Any]:
    """Orientation answers once some exchanges are given up: `question` keeps the others; with none left, the question
    that opens the exchanges (`gate`) is answered `closed` and `question` is not asked any more.
    """
    kept = [code for code in orientation.get(question) or [] if code not in given_up]
    answers = {**orientation, question: kept}
    if not kept:
        del answers[question]
        if gate:
            answers[gate] = closed
    return answers
