"""Differences: between two evaluations (the « consequences » of an orientation), and between two versions of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .canonical import (
    Plain,
    canonical,
    canonical_criterion,
    canonical_question,
    canonical_questionnaire,
    canonical_section,
)
from .evaluator import Evaluation
from .grid import Grid


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a new orientation changes. Mappings go from a questionnaire to its criteria, only where there are some."""

    questions_added: tuple[str, ...]
    questions_removed: tuple[str, ...]
    questionnaires_opened: tuple[str, ...]
    questionnaires_closed: tuple[str, ...]
    criteria_added: Mapping[str, tuple[str, ...]]
    criteria_removed: Mapping[str, tuple[str, ...]]

    @property
    def is_empty(self) -> bool:
        return not (self.questions_added or self.questions_removed or self.criteria_added or self.criteria_removed)


def compare_evaluations(before: Evaluation | None, after: Evaluation) -> Consequences:
    """What opens and closes between two evaluations of one grid (BR-047, BR-048); `before` is None the first time."""
    old_visible = before.visible if before else ()
    old_criteria = before.criteria if before else {}
    codes = list(after.criteria)
    added = {code: _without(after.criteria[code], old_criteria.get(code, ())) for code in codes}
    removed = {code: _without(old_criteria.get(code, ()), after.criteria[code]) for code in codes}
    return Consequences(
        questions_added=_without(after.visible, old_visible),
        questions_removed=_without(old_visible, after.visible),
        questionnaires_opened=tuple(code for code in codes if after.criteria[code] and not old_criteria.get(code)),
        questionnaires_closed=tuple(code for code in codes if old_criteria.get(code) and not after.criteria[code]),
        criteria_added={code: criteria for code, criteria in added.items() if criteria},
        criteria_removed={code: criteria for code, criteria in removed.items() if criteria},
    )


def _without(codes: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in codes if code not in set(others))


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `thing` is what it is in French, `fields` the names that differ (`CHANGED` only)."""

    kind: ChangeKind
    thing: str
    code: str
    label: str = ""
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        sign = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "-", ChangeKind.CHANGED: "~"}[self.kind]
        label = f" « {self.label} »" if self.label else ""
        fields = f" : {', '.join(self.fields)}" if self.fields else ""
        return f"{sign} {self.thing} {self.code}{label}{fields}"


def compare_grids(before: Grid, after: Grid) -> tuple[Change, ...]:
    """Everything that differs between two grids, in the order of the new one, removals last; empty for equal grids."""
    old, new = _entries(before), _entries(after)
    changes: list[Change] = []
    for key, content in new.items():
        thing, code = key
        label = str(content.get("title") or content.get("label") or "")
        if key not in old:
            changes.append(Change(ChangeKind.ADDED, thing, code, label))
        elif fields := tuple(
            name for name in dict.fromkeys([*content, *old[key]]) if content.get(name) != old[key].get(name)
        ):
            changes.append(Change(ChangeKind.CHANGED, thing, code, label, fields))
    for (thing, code), content in old.items():
        if (thing, code) not in new:
            label = str(content.get("title") or content.get("label") or "")
            changes.append(Change(ChangeKind.REMOVED, thing, code, label))
    common_old, common_new = [key for key in old if key in new], [key for key in new if key in old]
    if common_old != common_new:
        changes.append(Change(ChangeKind.CHANGED, "grille", after.demarche, fields=("ordre",)))
    return tuple(changes)


def _entries(grid: Grid) -> dict[tuple[str, str], Plain]:
    """Each part of a grid by its kind and code, with the section that holds it."""
    content = canonical(grid)
    head = {name: value for name, value in content.items() if name not in ("orientation", "questionnaires")}
    entries: dict[tuple[str, str], Plain] = {("grille", grid.demarche): {**head, "orientation": grid.orientation_title}}
    for section in grid.orientation:
        entries["section", f"orientation/{section.code}"] = canonical_section(section)
        for question in section.questions:
            entries["question", question.code] = {**canonical_question(question), "section": section.code}
    for questionnaire in grid.questionnaires:
        entries["questionnaire", questionnaire.code] = canonical_questionnaire(questionnaire)
        for section in questionnaire.sections:
            place = f"{questionnaire.code}/{section.code}"
            entries["section", place] = canonical_section(section)
            for criterion in section.criteria:
                entries["critère", criterion.code] = {**canonical_criterion(criterion), "section": place}
    return entries
