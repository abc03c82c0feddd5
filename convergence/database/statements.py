"""Reads that are asked all the time: written once by the ORM, planned once by the server.

For a wide page the ORM takes longer to write its statement, and PostgreSQL to plan it, than the rows take to be found.
A `Statement` keeps the text; what changes from one request to the next stays open in it as a `Slot`, and the server
keeps the plan beside each connection (`DATABASE_PREPARE`; without it the text is still written once).

    PERSON = Slot("person", UUIDField())
    STATEMENTS = Statements()

    statement = STATEMENTS.get((asked,), lambda: Row.objects.filter(owner=PERSON, **asked).values("pk", "name"))
    rows = statement.read(person=user.pk)

Whatever decides the text of the statement belongs to its key; whatever is a slot does not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, cast

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import Expression, Field, IntegerField, QuerySet, Subquery


class _Open(str):
    """Stands for the value of a slot among the values of a statement."""


class Slot(Expression):
    """A value that the statement leaves open, given by name to `Statement.read`."""

    def __init__(self, name: str, output_field: Field) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [_Open(self.name)]


class CappedCount(Subquery):
    """How many rows a sliced queryset has: `(SELECT COUNT(*) FROM (… LIMIT n))`."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()


class _PreparedCursor(psycopg.Cursor[Any]):
    """Values go apart from the text, so that the server knows it again."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _PreparedCursor:
        return super().execute(query, params, prepare=True, **options)


class Statement:
    """What a queryset of `values()` or `values_list()` asks. All its values but the slots stand in the text: the
    planner sees them, which partial indexes need."""

    def __init__(self, rows: QuerySet[Any, Any]) -> None:
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            text, values = compiler.as_sql()
        except EmptyResultSet:
            self.text = ""
            return
        written = [
            "%s" if isinstance(value, _Open) else mogrify("%s", [value], connection).replace("%", "%%")
            for value in values
        ]
        self.text = text.replace("%%", "%%%%") % tuple(written)
        self.slots = [str(value) for value in values if isinstance(value, _Open)]
        self.names = list(rows.query.selected or ())
        self.converters = compiler.get_converters([column for column, _, _ in compiler.select])

    def read(self, **values: Any) -> list[tuple[Any, ...]]:
        """The rows, in the order of the selected columns; one query, or none when no row can ever match."""
        if not self.text:
            return []
        with _open_cursor() as cursor:
            cursor.execute(self.text, [values[name] for name in self.slots])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return [self._convert(row) for row in rows] if self.converters else rows

    def read_by_name(self, **values: Any) -> list[dict[str, Any]]:
        """The rows as `values()` gives them."""
        return [dict(zip(self.names, row, strict=False)) for row in self.read(**values)]

    def _convert(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        converted = list(row)
        for position, (converters, expression) in self.converters.items():
            for converter in converters:
                converted[position] = converter(converted[position], expression, connection)
        return tuple(converted)


class Statements:
    """The statements of one read, by what decides their text; the oldest one leaves when there are too many."""

    def __init__(self, limit: int = 256) -> None:
        self.limit = limit
        self._known: dict[Hashable, Statement] = {}

    def get(self, key: Hashable, write: Callable[[], QuerySet[Any, Any]]) -> Statement:
        found = self._known.get(key)
        if found is None:
            found = Statement(write())
            if len(self._known) >= self.limit:
                self._known.pop(next(iter(self._known), None), None)
            self._known[key] = found
        return found


def _open_cursor() -> Any:
    """A cursor of Django’s connection: same transaction, same errors. While queries are being watched it is Django’s own,
    which can say each of them with its values."""
    if connection.queries_logged:
        return connection.cursor()
    connection.ensure_connection()
    return connection.make_cursor(cast(Any, _PreparedCursor(connection.connection)))
