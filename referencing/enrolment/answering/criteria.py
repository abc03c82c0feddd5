"""An evaluation questionnaire as it is posted and as it is shown.

Read by hand rather than through a Django form: a page holds up to 150 criteria, and the service judges every answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from convergence.ui.forms import DsfrForm, FrenchDateField
from convergence.ui.typography import join_no_break
from questionnaires.core import Criterion, Kind, anchor
from questionnaires.core.scoring import Part
from questionnaires.selectors import CriterionView
from questionnaires.services import UNCHANGED, Change, StaleAnswer
from questionnaires.stored import restore_criterion
from referencing.enrolment.answering.forms import VERSION, FrenchDecimalField, posted_version
from referencing.enrolment.answering.sharing import Sharing, render_sharing, share
from referencing.enrolment.answering.wording import (
    COMPLIANCES,
    LEVELS,
    answer_words,
    expected_words,
    nature_badge,
)
from referencing.enrolment.answering.zones import Zone, ZoneMaker
from referencing.enrolment.inheritance import Offer

COMMENT, VALUE = "-comment", "-value"
#: The criterion that a measure of the écoscore fills (`referencing.enrolment.ecoscore`).
ECOSCORE = "DEV.1.1"


# -- what was posted


@dataclass(frozen=True, slots=True)
class Posted:
    """`changes` for the service, by criterion; `errors` of what cannot even be read, by name of field."""

    changes: dict[str, Change] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


class ValueForm(DsfrForm):
    """What a criterion may expect beside its answer, by type of value."""

    number = FrenchDecimalField(required=False, max_digits=20, decimal_places=6)
    date = FrenchDateField(required=False)
    text = forms.CharField(required=False)
    url = forms.CharField(required=False)


def read_answers(views: Iterable[CriterionView], data: QueryDict, *, fields: Collection[str] | None = None) -> Posted:
    """The answers of the criteria that the page held. `fields`: the names that changed (autosave), None for all."""
    posted = Posted()
    for view in views:
        code = view.code
        if f"{code}{VERSION}" not in data or view.kind is Kind.DOCUMENTS:
            continue
        patch: dict[str, Any] = {}
        if fields is None or code in fields:
            patch["level" if view.kind is Kind.LEVELS else "compliance"] = data.get(code) or None
        if view.criterion.value and (fields is None or f"{code}{VALUE}" in fields):
            kind = view.criterion.value.type.value
            try:
                value = ValueForm().fields[kind].clean(data.get(f"{code}{VALUE}", ""))
            except ValidationError as error:
                posted.errors[f"{code}{VALUE}"] = error.messages[0]
            else:
                patch[kind] = value.isoformat() if isinstance(value, date) else value
        is_commented = fields is None or f"{code}{COMMENT}" in fields
        if patch or is_commented:
            comment = data.get(f"{code}{COMMENT}", "") if is_commented else UNCHANGED
            posted.changes[code] = Change(patch or UNCHANGED, comment, posted_version(data, code))
    return posted


# -- what is shown


@dataclass(frozen=True, slots=True)
class Head:
    """What a criterion says before its answer. `grid` (hash of its text) and `code` stand for the criterion itself."""

    grid: str
    code: str
    because: str
    counter: str
    criterion: Criterion = field(compare=False, repr=False)
    kind: Kind = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """The radios of a criterion. `group` is the `id` of the first one, where the panel and refusals lead."""

    grid: str
    code: str
    group: str
    chosen: str
    error: str
    can_write: bool
    criterion: Criterion = field(compare=False, repr=False)
    kind: Kind = field(compare=False, repr=False)


# A page of 150 criteria is mostly text that never changes: these two pieces are pure functions of few values.
@lru_cache(maxsize=2048)
def render_head(head: Head) -> SafeString:
    criterion = head.criterion
    values = {
        "code": head.code,
        "title": join_no_break(criterion.title),
        "nature": nature_badge(criterion),
        "counter": head.counter,
        "is_sample": not criterion.official,
        "objective": join_no_break(criterion.objective),
        "because": join_no_break(head.because),
        "expected": expected_words(criterion, head.kind),
    }
    return render_to_string("enrolment/answering/criterion_head.html", values)


@lru_cache(maxsize=2048)
def render_choices(choices: Choices) -> SafeString:
    if choices.kind is Kind.LEVELS:
        levels = choices.criterion.levels
        offered = [(each.level, LEVELS[each.level], join_no_break(each.text)) for each in levels]
    else:
        offered = [(value.value, label, "") for value, label in COMPLIANCES.items()]
    values = {"c": choices, "question": QUESTIONS[choices.kind], "offered": offered}
    return render_to_string("enrolment/answering/criterion_choices.html", values)


QUESTIONS = {
    Kind.LEVELS: "Sélectionnez le niveau de maturité de votre produit",
    Kind.COMPLIANCE: "Votre produit est-il conforme à ce critère\u202f?",
}


@dataclass(frozen=True, slots=True)
class ValueBlock:
    """The field of the value expected with « Conforme »; `mode` is its `inputmode`."""

    id: str
    name: str
    label: str
    value: str
    mode: str
    error: str
    measure_url: str = ""  # where a final measure of the écoscore fills it


@dataclass(frozen=True, slots=True)
class Problems:
    """Refusals by place: `fields` by name of field, `zones` by id of zone."""

    fields: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, list[str]] = field(default_factory=dict)


def render_criterion(
    maker: ZoneMaker,
    view: CriterionView,
    data: QueryDict | None,
    problems: Problems,
    offer: Offer | None = None,
) -> SafeString:
    """The block of one criterion; `data` is what was posted when the page is shown again, and it wins.

    `offer`: what a distributor may recover. Nothing of a recovered answer is there to be shown.
    """
    criterion, code, kind, can_write = view.criterion, view.code, view.kind, maker.can_write
    grid = maker.enrolment.response.definition.sha256
    if data is not None and f"{code}{VERSION}" not in data:
        data = None  # a criterion that the posted page did not hold yet
    sharing = share(view, offer, data, can_write=can_write)
    choices = None
    if view.is_recovered and sharing:
        return _render_recovered(Head(grid, code, view.because, "", criterion, kind), sharing)
    if kind is not Kind.DOCUMENTS:
        group = anchor(code, Part.LEVEL if kind is Kind.LEVELS else Part.COMPLIANCE)
        given = view.answer.level or view.answer.compliance or ""
        chosen = data.get(code, "") if data is not None else given
        error = problems.fields.get(code, "")
        choices = Choices(grid, code, group, chosen, error, can_write, criterion, kind)
    counter = _counter(view) if kind is Kind.DOCUMENTS else ""
    head = Head(grid, code, view.because, counter, criterion, kind)
    comment = data.get(f"{code}{COMMENT}", "") if data is not None else view.comment
    value = _value(view, data, problems)
    if value and code == ECOSCORE:
        value = replace(value, measure_url=reverse("enrolment:ecoscore_choose", args=[maker.enrolment.pk]))
    zones = maker.zones_of(view)
    return _render(head, choices, view.version, can_write, sharing, comment=comment, value=value, zones=zones)


@lru_cache(maxsize=2048)
def _render_recovered(head: Head, sharing: Sharing) -> SafeString:
    """A criterion answered elsewhere: no field, hence nothing to post."""
    values = {"anchor": anchor(head.code), "head": render_head(head), "sharing": render_sharing(sharing)}
    return render_to_string("enrolment/answering/criterion_recovered.html", values)


# The whole block too: the same for every product until somebody writes, then until they write again.
@lru_cache(maxsize=4096)
def _render(
    head: Head,
    choices: Choices | None,
    version: int,
    can_write: bool,
    sharing: Sharing | None,
    *,
    comment: str,
    value: ValueBlock | None,
    zones: tuple[Zone, ...],
) -> SafeString:
    return render_to_string(
        "enrolment/answering/criterion.html",
        {
            "code": head.code,
            "anchor": anchor(head.code),
            "version": str(version),
            "head": render_head(head),
            "choices": render_choices(choices) if choices else "",
            "value": value,
            "zones": zones,
            "has_comment": choices is not None,
            "sharing": render_sharing(sharing) if sharing else "",
            "comment": comment,
            "can_write": can_write,
            "disabled": "" if can_write else " disabled",
        },
    )


def _value(view: CriterionView, data: QueryDict | None, problems: Problems) -> ValueBlock | None:
    expected = view.criterion.value
    if expected is None or view.kind is not Kind.COMPLIANCE:
        return None
    name = f"{view.code}{VALUE}"
    kind = expected.type.value
    return ValueBlock(
        id=anchor(view.code, Part.VALUE),
        name=name,
        label=f"{expected.label} ({expected.unit})" if expected.unit else expected.label,
        value=data.get(name, "") if data is not None else _typed(view.answer.value),
        mode={"number": "decimal", "url": "url"}.get(kind, "text"),
        error=problems.fields.get(name, ""),
    )


def _typed(value: Any) -> str:
    """A kept value as people type it: 72,5 or 08/07/2024."""
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return f"{value:f}".replace(".", ",") if not isinstance(value, str) else value


def _counter(view: CriterionView) -> str:
    required = [each.expected.code for each in view.evidence if each.expected.required]
    given = sum(code in view.answer.evidence for code in required)
    return f"[{given}/{len(required)}] preuves ajoutées" if required else ""


# -- two colleagues


def conflict_texts(view: CriterionView, stale: StaleAnswer) -> tuple[str, str]:
    """The colleague's answer and ours, comment included."""
    return _text(view.criterion, stale.theirs, stale.their_comment), _text(view.criterion, stale.mine, stale.my_comment)


def _text(criterion: Criterion, kept: Any, comment: str) -> str:
    words = answer_words(criterion, restore_criterion(criterion, kept, frozenset())) or "(sans réponse)"
    return f"{words}\nCommentaire\u00a0: {comment}" if comment else words
