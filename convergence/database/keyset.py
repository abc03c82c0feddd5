"""Pages that neither skip nor repeat a row while rows change, and cost the same on page 1 and on page 1,000.

A page begins after the sort keys of the last row that was shown: `(a, b, id) > (…)`, which an index on the same
expressions answers without reading what comes before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core import signing
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.lookups import Lookup

Rows = TypeVar("Rows", bound=QuerySet)


class AnyOf(Lookup):
    """`key = ANY(ARRAY(…))`: the keys are found first, then each row by the index of its key; with `IN` the planner may
    read the whole table to meet forty of them. `filter(AnyOf(F("pk"), ArraySubquery(keys)))`."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler, connection):  # type: ignore[no-untyped-def]
        key, left = self.process_lhs(compiler, connection)
        keys, right = self.process_rhs(compiler, connection)
        return f"{key} = ANY({keys})", [*left, *right]


@dataclass(frozen=True, slots=True)
class Key:
    """One expression of the order, never NULL; `load` makes its value again from the text of a cursor."""

    expression: Combinable
    load: Callable[[str], Any] = str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after `values` in the order `name`, or before them when `is_back`."""

    name: str
    values: tuple[str, ...]
    is_back: bool = False

    def write(self, *, salt: str) -> str:
        """Signed: the values reach the database as they left it, and nobody else writes one."""
        return signing.dumps([self.name, list(self.values), self.is_back], salt=salt, compress=True)


def read_cursor(token: str, *, salt: str) -> Cursor | None:
    """The cursor, or nothing when it was not written by `Cursor.write` with this salt."""
    try:
        name, values, is_back = signing.loads(token, salt=salt)
    except signing.BadSignature:
        return None
    return Cursor(name, tuple(values), is_back)


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: the last key is unique. All keys go the same way, so that one index serves both ways.

    `name` tells cursors of different orders apart.
    """

    name: str
    keys: Sequence[Key]
    is_descending: bool = False

    @property
    def names(self) -> list[str]:
        """The annotations that hold the keys of a row."""
        return [f"key_{rank}" for rank in range(len(self.keys))]

    def fit(self, cursor: Cursor | None) -> Cursor | None:
        """The cursor, unless it is of another order."""
        fits = cursor is not None and cursor.name == self.name and len(cursor.values) == len(self.keys)
        return cursor if fits else None

    def load(self, cursor: Cursor) -> list[Any]:
        """The values of a cursor that fits, as the columns hold them."""
        return [key.load(text) for key, text in zip(self.keys, cursor.values, strict=True)]

    def after(self, rows: Rows, cursor: Cursor | None, values: Sequence[Any] | None = None) -> Rows:
        """Rows from the cursor on, sorted; a cursor of another order is ignored. `values` stand for the cursor’s own:
        slots of a statement that is written once for all cursors."""
        if (fitting := self.fit(cursor)) is not None:
            further = TupleLessThan if self._is_reversed(fitting) else TupleGreaterThan
            keys = Tuple(*(key.expression for key in self.keys))
            rows = rows.filter(further(keys, self.load(fitting) if values is None else values))
        return self.sort(rows, cursor)

    def sort(self, rows: Rows, cursor: Cursor | None) -> Rows:
        """Rows in the order of a page, each with its keys; going back they come in reverse, `cut` puts them right."""
        rows = rows.annotate(**{name: key.expression for name, key in zip(self.names, self.keys, strict=True)})
        return rows.order_by(*(f"-{name}" if self._is_reversed(cursor) else name for name in self.names))

    def _is_reversed(self, cursor: Cursor | None) -> bool:
        return self.is_descending != (cursor is not None and cursor.is_back)

    def cursor_at(self, row: Mapping[str, Any], *, is_back: bool = False) -> Cursor:
        """The cursor after (or before) a row that `sort` gave."""
        values = (row[name] for name in self.names)
        return Cursor(self.name, tuple(each if isinstance(each, str) else _text(each) for each in values), is_back)


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of rows in reading order, and the cursors of the pages around it."""

    rows: list[dict[str, Any]]
    previous: Cursor | None
    next: Cursor | None


def cut(found: Sequence[dict[str, Any]], order: Order, cursor: Cursor | None, *, size: int) -> Slice:
    """A page out of up to `size + 1` rows that `after` and `sort` gave for the cursor."""
    is_back = cursor is not None and cursor.is_back
    rows = list(found[:size])
    has_more = len(found) > size
    if is_back:
        rows.reverse()
    has_previous = bool(rows) and (has_more if is_back else cursor is not None)
    has_next = bool(rows) and (True if is_back else has_more)
    return Slice(
        rows=rows,
        previous=order.cursor_at(rows[0], is_back=True) if has_previous else None,
        next=order.cursor_at(rows[-1]) if has_next else None,
    )
