"""Who answers what, and what changed since the last validation: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Scope:
    """A whole questionnaire, one of its sections, or one criterion."""

    questionnaire: str
    section: str = ""
    criterion: str = ""

    @property
    def rank(self) -> int:
        """The narrower, the higher."""
        return 2 if self.criterion else 1 if self.section else 0

    def covers(self, questionnaire: str, section: str, criterion: str) -> bool:
        """Whether a criterion belongs to it."""
        return (
            self.questionnaire == questionnaire and self.section in ("", section) and self.criterion in ("", criterion)
        )

    def write(self) -> str:
        """As a field of a form carries it; read again by `read_scope`."""
        return "|".join((self.questionnaire, self.section, self.criterion))


def read_scope(text: str) -> Scope | None:
    """None for what `Scope.write` never wrote."""
    parts = text.split("|")
    return Scope(*parts) if len(parts) == 3 and parts[0] else None


def nearest(
    items: Iterable[tuple[Scope, Item]], *, questionnaire: str, section: str, criterion: str
) -> tuple[Scope, Item] | None:
    """Who answers a criterion: the person of the narrowest part that holds it."""
    covering = [each for each in items if each[0].covers(questionnaire, section, criterion)]
    return max(covering, key=lambda each: each[0].rank, default=None)


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed of one answer since the last validation. `before` and `after`: kept values, None for no answer.

    `is_new`: it was not asked then. `gone`, `added`: (type of evidence, name of the file). `choice`: where the answer comes from,
    or whom it is for, as the content says it.
    """

    code: str
    before: Any
    after: Any
    comment_before: str
    comment_after: str
    added: tuple[tuple[str, str], ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    is_new: bool = False
    choice_before: str = ""
    choice_after: str = ""

    @property
    def changes_value(self) -> bool:
        return bool((self.before or None) != (self.after or None))

    @property
    def changes_comment(self) -> bool:
        return self.comment_before != self.comment_after

    @property
    def is_any(self) -> bool:
        return self.changes_value or self.changes_comment or self.changes_evidence or self.changes_choice

    @property
    def changes_choice(self) -> bool:
        return self.choice_before != self.choice_after

    @property
    def changes_evidence(self) -> bool:
        return bool(self.added or self.gone)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs between two contents `{code: {"value", "comment", "evidence": [{"deposit", "type", "name"}], "choice"}}`.

    In the order of `after`, then what is not asked any more. A file is known by its deposit, not by its name; `choice` may be
    left out. An answer that is taken from elsewhere says so by its choice, and nothing more (A-24).
    """
    found = []
    for code in dict.fromkeys([*after, *before]):
        old, new = before.get(code, NOTHING), after.get(code, NOTHING)
        had = {item["deposit"]: (item["type"], item["name"]) for item in old["evidence"]}
        has = {item["deposit"]: (item["type"], item["name"]) for item in new["evidence"]}
        difference = Difference(
            code=code,
            before=old["value"],
            after=new["value"],
            comment_before=old["comment"],
            comment_after=new["comment"],
            added=tuple(what for deposit, what in has.items() if deposit not in had),
            gone=tuple(what for deposit, what in had.items() if deposit not in has),
            is_new=code not in before,
            choice_before=old.get("choice", ""),
            choice_after=new.get("choice", ""),
        )
        if difference.is_any:
            found.append(difference)
    return found


NOTHING: Mapping[str, Any] = {"value": None, "comment": "", "evidence": []}
