"""What components show: plain frozen values that a view builds, so that templates take no model, no request, no query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Tone = Literal["neutral", "info", "success", "warning", "error", "new"]
StepState = Literal["done", "current", "waiting", "upcoming"]
ActionStyle = Literal["primary", "secondary", "tertiary"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in words with its tone; `icon` is a DSFR icon name without its `fr-icon-` prefix."""

    label: str
    tone: Tone = "neutral"
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str = ""  # empty: the page does not exist (yet), the label stands as text
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One button that posts. With `confirm_url` it first asks: in a modal when scripts run, else on that page.

    `label` says the verb (« Transmettre la fiche »); `confirm_text` names what will happen.
    """

    label: str
    url: str
    style: ActionStyle = "primary"
    icon: str = ""
    confirm_url: str = ""
    confirm_title: str = ""
    confirm_text: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict, hash=False)
    key: str = ""  # tells two actions of one page apart in element ids; made from the url when empty


@dataclass(frozen=True, slots=True)
class Progress:
    """`percent` 0–100 as an integer; `remaining` are anchors to the questions still to answer."""

    title: str
    percent: int
    done: int
    total: int
    unit: str = "questions obligatoires répondues"
    remaining: Sequence[Link] = ()
    remaining_title: str = "Questions restantes :"


@dataclass(frozen=True, slots=True)
class Step:
    label: str
    state: StepState
    url: str = ""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One phase of the process: its code (P1…P12), who has the ball, when it was done, a word more."""

    label: str
    state: StepState
    code: str = ""
    actor: str = ""
    at: datetime | None = None
    detail: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`sort_url` makes the header a sort link; `direction` is « ascending », « descending » or empty."""

    label: str
    sort_url: str = ""
    direction: Literal["", "ascending", "descending"] = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """`cells` follow the columns; a cell is text, a number, a Badge, a Link, a datetime or safe HTML."""

    cells: Sequence[Any]
    url: str = ""  # where the whole row leads; the first cell carries the link
    key: str = ""
    detail: str = ""  # in small letters under the first cell
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class FilterTag:
    label: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Page:
    """Keyset pagination: an empty address means there is nothing that way."""

    previous_url: str = ""
    next_url: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a recap; an empty value shows « Non renseigné ». `edit_url` leads back to the field."""

    label: str
    value: Any = ""
    edit_url: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A questionnaire of SC-12: counter, badge, and what one may do with it."""

    title: str
    subtitle: str = ""
    url: str = ""
    counter: str = ""
    badge: Badge | None = None
    action_label: str = ""
    lines: Sequence[str] = ()
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One shape of the radar: a value per axis, None when nothing is known there."""

    label: str
    values: Sequence[float | None]
