"""Search that forgives accents and case; each word must be found in one of the columns."""

import re
import unicodedata
from functools import reduce
from operator import and_, or_
from typing import TypeVar

from django.contrib.postgres.search import SearchQuery
from django.db.models import CharField, F, Func, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.lookups import Lookup

Rows = TypeVar("Rows", bound=QuerySet)


class Fold(Func):
    """`fold(text)`: without accents, in lower case (SQL function of migration database.0001)."""

    function = "fold"
    output_field = CharField()


class Words(Func):
    """Folded text with a space wherever no letter nor digit stands: `v0.1` gives `v0 1`. Immutable, hence indexable."""

    function = "regexp_replace"
    template = "%(function)s(fold(%(expressions)s), '[^a-z0-9]+', ' ', 'g')"
    output_field = CharField()


def fold_words(text: str) -> list[str]:
    """The words of `text` as `Words` writes them."""
    bare = "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
    return re.findall(r"[a-z0-9]+", bare.lower().replace("œ", "oe"))


def prefix_terms(text: str) -> str:
    """What a search asks for rows in which every word of `text` begins a word of the vector (made with `Words`).

    Empty when the text holds no word of two letters or digits: one letter would find everything.
    """
    return " & ".join(f"{word}:*" for word in fold_words(text) if len(word) > 1)


def terms_query(terms: str | Combinable) -> SearchQuery:
    """The query of a vector of config `simple`."""
    return SearchQuery(terms, config="simple", search_type="raw")


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
