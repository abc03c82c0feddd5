"""The criteria that an expert reads: those of the frozen dossier, with what its addenda changed.

An addendum’s payload holds, beside what seals it:

- `items`: one row per criterion that it touches, `{"criterion": code}` with any of `answer` (replaces), `comment` (what the
  editor says with it), `is_reached` (replaces) and `evidence` (files **added**, of the same form as the dossier’s);
- `removed`: codes of criteria that the candidature gives up (scope reduction, A-19).

On a criterion that was recovered from a producer (A-24, A-25), an item with `recovered` is what the producer answered, masked
like the dossier’s own row; an item without it is the distributor’s, who from then on answers itself.

Both are optional. An item whose code is no criterion (a missing piece of the checklist) is left out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from convergence.kernel.canonical import canonical_json, sha256_hex


@dataclass(frozen=True, slots=True)
class Evidence:
    """One file as it was frozen. `addendum`: the number of the addendum that brought it, 0 for the dossier itself."""

    name: str
    sha256: str
    size: int
    type: str = ""
    label: str = ""
    deposit: str = ""
    deposited_at: str = ""
    addendum: int = 0


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where a recovered answer comes from; `commitment` binds it without telling anything of it (A-24)."""

    solution: str
    producer: str
    commitment: str


@dataclass(frozen=True, slots=True)
class Supplement:
    """What one addendum says of one criterion. `answer` is None when it leaves the answer as it was.

    `from_producer`: the producer said it of a recovered criterion; masked, it has neither answer, comment nor evidence.
    """

    number: int
    frozen_at: str
    answer: Mapping[str, Any] | None
    comment: str
    evidence: tuple[Evidence, ...]
    from_producer: bool = False


@dataclass(frozen=True, slots=True)
class SystemException:
    """What the editor answers on one operating system, agreed to before the dossier was frozen."""

    system: str
    answer: Mapping[str, Any] | None
    comment: str
    is_reached: bool
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class EffectiveCriterion:
    """One criterion as it stands today. `theme` is the code of its questionnaire; `answer` and `evidence` include the
    supplements; `comment` is the dossier’s own, each supplement keeps its own. `because`: orientation questions that
    made the criterion appear. `evidence` also holds that of `exceptions`, labelled with its system. `content_sha256` changes
    when its text, its answer, an exception or a file of evidence does.

    `recovered` is set while the producer’s answer stands for the distributor’s (BR-196). Read from masked payloads, such a
    criterion has no answer, no comment, no evidence, and `is_reached` is None (BR-197); `opened_payload` and
    `opened_addendum` fill them in for the agents, who alone may read them (BR-198).
    """

    code: str
    title: str
    theme: str
    theme_title: str
    kind: str
    section: str
    objective: str
    nature: str
    levels: tuple[Mapping[str, str], ...]
    acceptable: tuple[str, ...]
    because: tuple[str, ...]
    value_label: str
    answer: Mapping[str, Any] | None
    comment: str
    is_reached: bool | None
    evidence: tuple[Evidence, ...]
    supplements: tuple[Supplement, ...] = ()
    exceptions: tuple[SystemException, ...] = ()
    content_sha256: str = ""
    recovered: Recovered | None = None


def opened_payload(payload: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The payload of a dossier with what was recovered filled in, for agents: `values` are the verifier’s parts by code.

    The same mapping when there is none. A recovered criterion whose part is missing stays masked.
    """
    if not values:
        return payload
    return {
        **payload,
        "questionnaires": [
            {**part, "criteria": [_opened_row(row, values.get(row["code"])) for row in part["criteria"]]}
            for part in payload["questionnaires"]
        ],
    }


def opened_addendum(addendum: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The payload of an addendum with what the producer answered filled in, for agents: verifier’s parts by code."""
    if not values:
        return addendum
    return {
        **addendum,
        "items": [
            {**item, **{key: part[key] for key in ANSWERED if key in part}}
            if item.get("recovered") and (part := values.get(item["criterion"]))
            else item
            for item in addendum.get("items", ())
        ],
    }


#: What the verifier’s part of a recovered value says, beside what is only there to be read again later.
ANSWERED = ("answer", "comment", "evidence", "is_reached", "exceptions")


def _opened_row(row: Mapping[str, Any], part: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if part is None or not row.get("recovered"):
        return row
    opened = {**row, **{key: part[key] for key in ANSWERED if key in part}}
    said = [opened["comment"], *(each.get("comment", "") for each in part.get("supplements", ()))]
    opened["comment"] = "\n\n".join(text for text in said if text)  # what the producer added before it was pre-listed
    if opened["is_reached"] is None and (level := (opened["answer"] or {}).get("level")) and row["acceptable"]:
        opened["is_reached"] = level in row["acceptable"]
    return opened


def effective_criteria(
    payload: Mapping[str, Any], addenda: Iterable[Mapping[str, Any]] = ()
) -> tuple[EffectiveCriterion, ...]:
    """Every criterion of the dossier in the order of its grid, less those given up, with each addendum applied in turn.

    `payload` as `referencing.dossier.readers.parse_payload` reads it; `addenda` likewise, the oldest first.
    """
    criteria = {
        row["code"]: _frozen(questionnaire, row)
        for questionnaire in payload["questionnaires"]
        for row in questionnaire["criteria"]
    }
    for addendum in addenda:
        for code in addendum.get("removed", ()):
            criteria.pop(code, None)
        for item in addendum.get("items", ()):
            if (current := criteria.get(item.get("criterion", ""))) is not None:
                criteria[current.code] = _supplemented(current, addendum, item)
    return tuple(replace(each, content_sha256=content_hash(each)) for each in criteria.values())


def content_hash(criterion: EffectiveCriterion) -> str:
    """SHA-256 of what an expert judges: text, answer, what the editor says of it, hashes of the evidence.

    Names of files, dates and identifiers of deposits are left out: the same content deposited again is the same content.
    """
    by_system = [[each.system, each.answer, each.comment] for each in criterion.exceptions]
    return sha256_hex(
        canonical_json(
            {
                **({"exceptions": by_system} if by_system else {}),
                "code": criterion.code,
                "title": criterion.title,
                "objective": criterion.objective,
                "nature": criterion.nature,
                "levels": criterion.levels,
                "acceptable": criterion.acceptable,
                "answer": criterion.answer,
                "comments": [criterion.comment, *(each.comment for each in criterion.supplements if each.comment)],
                "evidence": sorted({f"{each.type}:{each.sha256}" for each in criterion.evidence}),
            }
        )
    )


def find_criterion(criteria: Sequence[EffectiveCriterion], code: str) -> EffectiveCriterion | None:
    return next((each for each in criteria if each.code == code), None)


def _frozen(questionnaire: Mapping[str, Any], row: Mapping[str, Any]) -> EffectiveCriterion:
    exceptions = tuple(_exception(each) for each in row.get("exceptions", ()))
    return EffectiveCriterion(
        code=row["code"],
        title=row["title"],
        theme=questionnaire["code"],
        theme_title=questionnaire["title"],
        kind=questionnaire["kind"],
        section=row["section"],
        objective=row["objective"],
        nature=row["nature"],
        levels=tuple(row["levels"]),
        acceptable=tuple(row["acceptable"]),
        because=tuple(row["because"]),
        value_label=row["value_label"],
        answer=row["answer"],
        comment=row["comment"],
        is_reached=row["is_reached"],
        evidence=(
            *(_evidence(item, 0) for item in row["evidence"]),
            *(item for each in exceptions for item in each.evidence),
        ),
        exceptions=exceptions,
        recovered=_recovered(row),
    )


def _exception(item: Mapping[str, Any]) -> SystemException:
    system = item["system_text"]
    return SystemException(
        system=system,
        answer=item["answer"],
        comment=item["comment"],
        is_reached=item["is_reached"],
        evidence=tuple(_evidence({**each, "label": f"{each['label']} ({system})"}, 0) for each in item["evidence"]),
    )


def _recovered(row: Mapping[str, Any]) -> Recovered | None:
    """None in dossiers older than white label, too."""
    if not (source := row.get("recovered")):
        return None
    return Recovered(
        solution=source.get("solution", ""), producer=source.get("producer", ""), commitment=source["commitment"]
    )


def _supplemented(
    criterion: EffectiveCriterion, addendum: Mapping[str, Any], item: Mapping[str, Any]
) -> EffectiveCriterion:
    number = int(addendum.get("number", 1))
    if criterion.recovered is not None and not item.get("recovered"):  # the distributor answers itself from now on
        criterion = replace(
            criterion,
            recovered=None,
            answer=None,
            comment="",
            is_reached=False,
            evidence=(),
            supplements=(),
            exceptions=(),
        )
    supplement = Supplement(
        number=number,
        frozen_at=str(addendum.get("frozen_at", "")),
        answer=item.get("answer"),
        comment=item.get("comment", ""),
        evidence=tuple(_evidence(each, number) for each in item.get("evidence", ())),
        from_producer=bool(item.get("recovered")),
    )
    return replace(
        criterion,
        answer=criterion.answer if supplement.answer is None else supplement.answer,
        is_reached=_is_reached(criterion, supplement, item),
        evidence=(*criterion.evidence, *supplement.evidence),
        supplements=(*criterion.supplements, supplement),
    )


def _is_reached(criterion: EffectiveCriterion, supplement: Supplement, item: Mapping[str, Any]) -> bool | None:
    if item.get("is_reached") is not None:
        return bool(item["is_reached"])
    level = (supplement.answer or {}).get("level")
    if level is None or not criterion.acceptable:
        return criterion.is_reached
    return level in criterion.acceptable


def _evidence(item: Mapping[str, Any], addendum: int) -> Evidence:
    return Evidence(
        name=item["name"],
        sha256=item["sha256"],
        size=item["size"],
        type=item.get("type", ""),
        label=item.get("label", ""),
        deposit=item.get("deposit", ""),
        deposited_at=item.get("deposited_at", ""),
        addendum=addendum,
    )
