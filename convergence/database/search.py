"""Search that forgives accents and case; each word must be found in one of the columns."""

from functools import reduce
from operator import and_, or_
from typing import TypeVar

from django.db.models import CharField, F, Func, Q, QuerySet, Value
from django.db.models.lookups import Lookup

Rows = TypeVar("Rows", bound=QuerySet)


class Fold(Func):
    """`fold(text)`: without accents, in lower case (SQL function of migration database.0001)."""

    function = "fold"
    output_field = CharField()


class Contains(Lookup):
    """`haystack LIKE '%needle%'` on two folded texts."""

    lookup_name = "folded_contains"
    prepare_rhs = False

    def as_sql(self, compiler, connection):  # type: ignore[no-untyped-def]
        haystack, left = self.process_lhs(compiler, connection)
        needle, right = self.process_rhs(compiler, connection)
        return f"position({needle} in {haystack}) > 0", [*right, *left]


def search(rows: Rows, text: str, *columns: str) -> Rows:
    """Rows in which every word of `text` stands in at least one of `columns` (paths as in `filter`)."""
    words = text.split()
    if not words:
        return rows
    return rows.filter(
        reduce(
            and_,
            (reduce(or_, (Q(Contains(Fold(F(column)), Fold(Value(word)))) for column in columns)) for word in words),
        )
    )
