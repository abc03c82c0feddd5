"""What changed between two versions of a product’s dossier, criterion by criterion and file by file.

A version is a frozen dossier, alone or with the addenda that followed it, as plain values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from referencing.candidature.core.clock import day_of
from referencing.candidature.core.criteria import EffectiveCriterion, Evidence, effective_criteria

Change = Literal["added", "removed", "changed", "same"]
FileChange = Literal["added", "removed", "replaced", "same"]
#: What may differ in a criterion that stands on both sides, or deserve a look (`expired`).
#: `producer`: what the producer of a recovered answer added by an addendum, which the distributor reads masked (A-25).
Aspect = Literal["answer", "comment", "text", "evidence", "producer", "expired"]
OBLIGATION = "obligation"
#: Days that a file of evidence holds, by criterion and evidence type; those that are not there never expire.
Ages = Mapping[tuple[str, str], int]
#: Fields of the payload’s product that the fiche does not repeat.
PRODUCT_FIELDS = ("nil", "description", "certifications")


@dataclass(frozen=True, slots=True)
class Version:
    """One side of a comparison: the payload of a dossier and those of its addenda, the oldest first."""

    payload: Mapping[str, Any]
    addenda: Sequence[Mapping[str, Any]] = ()

    def criteria(self) -> dict[str, EffectiveCriterion]:
        return {each.code: each for each in effective_criteria(self.payload, self.addenda)}

    def orientation(self) -> list[Line]:
        """Answers by question; an addendum replaces those that it names, a null value takes the question away."""
        rows = {row["code"]: row for row in self.payload["orientation"]["answers"]}
        for addendum in self.addenda:
            rows.update({row["code"]: row for row in addendum.get("orientation", ())})
        return [Line(code, row["label"], _text(row["text"])) for code, row in rows.items() if row["value"] is not None]

    def exchange(self) -> list[Line]:
        """One line per interface, direction and field, less those that an addendum gave up (A-19)."""
        given_up = {code for addendum in self.addenda for code in addendum.get("given_up", ())}
        return [
            Line(
                f"{scope['api']}-{scope['direction']}-{field}",
                f"{scope['api_text']}, {scope['direction_text'].lower()} – {label}",
                _text(scope[key]),
            )
            for scope in self.payload["exchange_scope"]
            if f"{scope['api']}-{scope['direction']}" not in given_up
            for field, key, label in _SCOPE_FIELDS
        ]

    def sheet(self) -> list[Line]:
        """Values of the fiche and of the product by field; `label` is the field’s code, worded by the page."""
        product = self.payload["product"]
        values = (self.payload["sheet"] or {}).get("values", {})
        return [
            *(Line(field, field, _text(value)) for field, value in values.items()),
            *(Line(field, field, _text(product.get(field))) for field in PRODUCT_FIELDS),
        ]


_SCOPE_FIELDS = (
    ("purpose", "purpose_text", "finalité"),
    ("necessity", "necessity", "nécessité"),
    ("access", "access", "modalités d’accès"),
    ("retention", "retention", "durée de conservation"),
    ("security", "security", "conditions de sécurité"),
    ("consent_text", "consent_text", "texte d’information de l’usager"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One value as people read it."""

    code: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class LineChange:
    """One value on both sides; empty where it does not stand."""

    code: str
    label: str
    before: str
    after: str
    change: Change


@dataclass(frozen=True, slots=True)
class EvidenceChange:
    """One file: `replaced` when another content came under the same name and type; `same` content may bear another name."""

    change: FileChange
    before: Evidence | None
    after: Evidence | None
    is_expired: bool = False


@dataclass(frozen=True, slots=True)
class CriterionChange:
    """One criterion of either side. `aspects` is empty when it was added, removed, or is the same."""

    change: Change
    before: EffectiveCriterion | None
    after: EffectiveCriterion | None
    aspects: tuple[Aspect, ...]
    evidence: tuple[EvidenceChange, ...]

    @property
    def current(self) -> EffectiveCriterion:
        """As it stands now, or as it stood before it went."""
        criterion = self.after or self.before
        if criterion is None:
            raise ValueError("a change has at least one side")
        return criterion

    @property
    def is_obligation(self) -> bool:
        return self.current.nature == OBLIGATION

    @property
    def deserves_a_look(self) -> bool:
        return self.change != "same" or "expired" in self.aspects


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides put together, in the order of the newer one; what went comes last."""

    criteria: tuple[CriterionChange, ...]
    orientation: tuple[LineChange, ...]
    exchange: tuple[LineChange, ...]
    sheet: tuple[LineChange, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Criteria added, removed, changed and kept; those that hold an expired file; other values that differ."""
        found = dict.fromkeys(("added", "removed", "changed", "same"), 0)
        for each in self.criteria:
            found[each.change] += 1
        return {
            **found,
            "expired": sum("expired" in each.aspects for each in self.criteria),
            "values": sum(each.change != "same" for each in (*self.orientation, *self.exchange, *self.sheet)),
        }

    @property
    def is_same(self) -> bool:
        counts = self.counts
        return not any(counts[key] for key in ("added", "removed", "changed", "values"))


def compare_versions(before: Version, after: Version, *, on: date, ages: Ages | None = None) -> Comparison:
    """What `after` changes to `before`. `on`: the day on which evidence is judged too old."""
    return Comparison(
        criteria=_compare_criteria(before.criteria(), after.criteria(), on=on, ages=ages or {}),
        orientation=_compare_lines(before.orientation(), after.orientation()),
        exchange=_compare_lines(before.exchange(), after.exchange()),
        sheet=_compare_lines(before.sheet(), after.sheet()),
    )


def is_expired(evidence: Evidence, *, criterion: str, on: date, ages: Ages) -> bool:
    """Deposited longer ago than a file of its type may be, as the checklist judges it."""
    days = ages.get((criterion, evidence.type))
    if days is None or not evidence.deposited_at:
        return False
    return day_of(datetime.fromisoformat(evidence.deposited_at)) + timedelta(days=days) < on


def _compare_criteria(
    before: Mapping[str, EffectiveCriterion],
    after: Mapping[str, EffectiveCriterion],
    *,
    on: date,
    ages: Ages,
) -> tuple[CriterionChange, ...]:
    codes = [*after, *(code for code in before if code not in after)]
    changes = []
    for code in codes:
        old, new = before.get(code), after.get(code)
        files = _compare_evidence(
            old.evidence if old else (), new.evidence if new else (), criterion=code, on=on, ages=ages
        )
        if old is None or new is None:
            changes.append(CriterionChange("added" if old is None else "removed", old, new, (), files))
            continue
        aspects = _find_aspects(old, new, files)
        differs = any(aspect != "expired" for aspect in aspects)
        changes.append(CriterionChange("changed" if differs else "same", old, new, aspects, files))
    return tuple(changes)


def _find_aspects(
    old: EffectiveCriterion, new: EffectiveCriterion, files: Iterable[EvidenceChange]
) -> tuple[Aspect, ...]:
    files = list(files)
    found: dict[Aspect, bool] = {
        "answer": (old.answer or {}) != (new.answer or {}) or _by_system(old) != _by_system(new),
        "comment": said_of(old) != said_of(new),
        "text": text_of(old) != text_of(new),
        "evidence": any(each.change != "same" for each in files),
        "producer": added_by_producer(old) != added_by_producer(new),
        "expired": any(each.is_expired for each in files),
    }
    return tuple(aspect for aspect, is_found in found.items() if is_found)


def _by_system(criterion: EffectiveCriterion) -> list[tuple[str, Any, str]]:
    return [(each.system, each.answer or {}, each.comment) for each in criterion.exceptions]


def said_of(criterion: EffectiveCriterion) -> str:
    """The editor’s comment, then what each addendum added to it."""
    return "\n\n".join(text for text in (criterion.comment, *(each.comment for each in criterion.supplements)) if text)


def added_by_producer(criterion: EffectiveCriterion) -> list[tuple[int, str]]:
    """Number and moment of each addendum in which the producer answered: all that its distributor may know of it (BR-197)."""
    return [(each.number, each.frozen_at) for each in criterion.supplements if each.from_producer]


def text_of(criterion: EffectiveCriterion) -> tuple[Any, ...]:
    """What the criterion asks: its title, its objective, its nature, its levels, those that are accepted."""
    levels = tuple((level["level"], level["text"]) for level in criterion.levels)
    return criterion.title, criterion.objective, criterion.nature, levels, criterion.acceptable


def _compare_evidence(
    before: Sequence[Evidence], after: Sequence[Evidence], *, criterion: str, on: date, ages: Ages
) -> tuple[EvidenceChange, ...]:
    """The same content first (by hash), then another content under the same name, then what came and what went."""
    left = list(before)
    same_contents = {(each.sha256, each.type) for each in after}
    changes = []
    for new in after:
        kept = next((old for old in left if (old.sha256, old.type) == (new.sha256, new.type)), None)
        former = kept or next(
            (
                old
                for old in left
                if (old.name, old.type) == (new.name, new.type) and (old.sha256, old.type) not in same_contents
            ),
            None,
        )
        if former is not None:
            left.remove(former)
        change: FileChange = "same" if kept else "replaced" if former else "added"
        too_old = is_expired(new, criterion=criterion, on=on, ages=ages)
        changes.append(EvidenceChange(change, former, new, is_expired=too_old))
    return (*changes, *(EvidenceChange("removed", old, None) for old in left))


def _compare_lines(before: Sequence[Line], after: Sequence[Line]) -> tuple[LineChange, ...]:
    old = {line.code: line for line in before}
    new = {line.code: line for line in after}
    changes = []
    for code in [*new, *(code for code in old if code not in new)]:
        former, current = old.get(code), new.get(code)
        label = (current or old[code]).label
        texts = former.text if former else "", current.text if current else ""
        change: Change = (
            "added"
            if former is None
            else "removed"
            if current is None
            else "same"
            if texts[0] == texts[1]
            else "changed"
        )
        changes.append(LineChange(code, label, *texts, change=change))
    return tuple(changes)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "Oui" if value else "Non"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
