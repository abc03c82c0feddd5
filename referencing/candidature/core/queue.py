"""What a person asks of the work queue, as a value: read from an address, written back to it, never trusted.

An address may be typed, saved in a view or shared: whatever it says that the queue does not know is left out, so that no
querystring is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

#: Assignees that depend on who reads, so that a shared view says « à moi » to everybody.
ME, NOBODY = "moi", "personne"

#: Longest search, and most values of one filter, that are read.
MAX_TEXT, MAX_VALUES = 200, 30

SORTS = ("echeance", "depot", "produit", "structure", "etat", "activite")
#: Sorts that read best from the newest to the oldest.
DESCENDING_FIRST = ("activite",)

COLUMNS = (
    "structure",
    "reference",
    "etat",
    "attend",
    "echeance",
    "referent",
    "experts",
    "demarche",
    "depot",
    "activite",
)
DEFAULT_COLUMNS = ("structure", "etat", "attend", "echeance", "referent")


@dataclass(frozen=True, slots=True)
class Choices:
    """The codes that each filter knows; an assignee is checked against people by the reader of rows."""

    states: Collection[str]
    holders: Collection[str]
    themes: Collection[str]


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Values of one filter widen it, filters narrow each other. Without `states` nor `with_closed`: open files only."""

    text: str = ""
    states: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    demarches: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    is_late: bool = False
    with_closed: bool = False
    sort: str = SORTS[0]
    is_descending: bool = False
    columns: tuple[str, ...] = DEFAULT_COLUMNS

    @property
    def sort_token(self) -> str:
        """The order as an address says it: `-depot` from the newest."""
        return f"{'-' if self.is_descending else ''}{self.sort}"

    @property
    def is_filtering(self) -> bool:
        """Whether anything narrows the list, sort and columns apart."""
        bare = QueueFilter(sort=self.sort, is_descending=self.is_descending, columns=self.columns)
        return replace(self, with_closed=False) != bare


#: Field of the filter → its name in an address.
NAMES = {
    "text": "q",
    "states": "etat",
    "assignees": "agent",
    "themes": "theme",
    "demarches": "demarche",
    "holders": "attend",
    "is_late": "retard",
    "with_closed": "closes",
    "sort": "tri",
    "columns": "col",
}


def parse_filter(asked: Mapping[str, Sequence[str]], choices: Choices) -> QueueFilter:
    """The filter that the parameters of an address ask for; unknown values are left out, repeated ones said once."""

    def read(field: str, is_known: Callable[[str], bool]) -> tuple[str, ...]:
        given = asked.get(NAMES[field], ())
        return tuple(dict.fromkeys(value for value in given if is_known(value)))[:MAX_VALUES]

    def last(field: str) -> str:
        given = asked.get(NAMES[field], ())
        return given[-1] if given else ""

    asked_sort = last("sort")
    sort = asked_sort.removeprefix("-")
    return QueueFilter(
        text=" ".join(last("text").replace("\0", "").split())[:MAX_TEXT],
        states=read("states", choices.states.__contains__),
        assignees=read("assignees", _is_code),
        themes=read("themes", choices.themes.__contains__),
        demarches=read("demarches", _is_code),
        holders=read("holders", choices.holders.__contains__),
        is_late=last("is_late") == "1",
        with_closed=last("with_closed") == "1",
        sort=sort if sort in SORTS else SORTS[0],
        is_descending=sort in SORTS and asked_sort.startswith("-"),
        columns=tuple(code for code in COLUMNS if code in asked.get(NAMES["columns"], ())) or DEFAULT_COLUMNS,
    )


def _is_code(value: str) -> bool:
    """A slug or the text of an identifier: what an assignee or a démarche may be named by."""
    return 0 < len(value) <= 60 and value.isascii() and all(each.isalnum() or each in "-_" for each in value)


def list_parameters(asked: QueueFilter) -> list[tuple[str, str]]:
    """The parameters of an address that says this filter; what is the default is not said."""
    default = QueueFilter()
    pairs: list[tuple[str, str]] = []
    for field in fields(asked):
        value = getattr(asked, field.name)
        if field.name not in NAMES or (value == getattr(default, field.name) and field.name != "sort"):
            continue
        if field.name == "sort":
            if value != default.sort or asked.is_descending:
                pairs.append((NAMES["sort"], asked.sort_token))
        elif isinstance(value, bool):
            pairs.append((NAMES[field.name], "1"))
        elif isinstance(value, str):
            pairs.append((NAMES[field.name], value))
        else:
            pairs += [(NAMES[field.name], each) for each in value]
    return pairs


def write_filter(asked: QueueFilter) -> str:
    """The querystring of the filter, without question mark; `parse_filter` reads the same value back."""
    return urlencode(list_parameters(asked))


def without(asked: QueueFilter, field: str, value: str = "") -> QueueFilter:
    """The filter with one of the values of `field` less, or without that field when it holds a single value."""
    current: Any = getattr(asked, field)
    less: dict[str, Any] = {field: type(current)()}
    if isinstance(current, tuple):
        less = {field: tuple(each for each in current if each != value)}
    return replace(asked, **less)


def sorted_by(asked: QueueFilter, sort: str) -> QueueFilter:
    """What a press on the header of `sort` asks: that order, then the other way round."""
    is_descending = not asked.is_descending if asked.sort == sort else sort in DESCENDING_FIRST
    return replace(asked, sort=sort, is_descending=is_descending)


def say_due(due_on: date, *, today: date) -> str:
    """« En retard de 3 jours », « Aujourd’hui », « Demain », « Dans 5 jours »."""
    days = (due_on - today).days
    if days < 0:
        return f"En retard de {-days}\u00a0{'jour' if days == -1 else 'jours'}"
    if days == 0:
        return "Aujourd’hui"
    return "Demain" if days == 1 else f"Dans {days}\u00a0jours"
