"""What the public reads: the list and the sheets, each in one query beside the stamp that says whether they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, F, Func, Q

from convergence.database.keyset import Cursor, Key, Order, Slice, cut
from convergence.database.search import fold_words, terms_query
from convergence.database.statements import CappedCount
from referencing.listing.core.catalogue import ECOSCORES, CatalogueFilter, close_terms, exact_terms
from referencing.listing.models import CatalogueEntry, CatalogueStamp
from referencing.listing.models.catalogue import CatalogueEntryQuerySet
from referencing.listing.presenting import CARD_FIELDS

PAGE_SIZE = 24
#: Counting stops here: « plus de 1 000 » says enough.
COUNT_LIMIT = 1000
FEED_SIZE = 50
_NUMBER = Key(F("number"), int)
ORDERS = {
    "nom": Order("nom", (Key(F("sort_name")), _NUMBER)),
    "recents": Order("recents", (Key(F("published_on"), date.fromisoformat), _NUMBER), is_descending=True),
    "ecoscore": Order("ecoscore", (Key(F("ecoscore_rank"), Decimal), _NUMBER), is_descending=True),
}
#: Columns of a sheet, read as plain values.
SHEET_COLUMNS = (
    "number",
    "slug",
    "is_listed",
    "published_on",
    "ends_on",
    "name",
    "organisation",
    "short_text",
    "long_text",
    "categories",
    "price",
    "price_note",
    "platforms",
    "addresses",
    "exchanges",
    "ecoscore",
    "accessibility",
    "accessibility_url",
    "support_email",
    "support_url",
    "logo",
    "decision_number",
    "decided_on",
    "changed_at",
)
#: Before anything was ever published.
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def changed_at() -> datetime:
    """When the catalogue last changed."""
    return CatalogueStamp.objects.values_list("changed_at", flat=True).first() or NEVER


def published(on: date) -> CatalogueEntryQuerySet:
    """What anybody may see on this day (BR-172, BR-177)."""
    return CatalogueEntry.objects.published(on=on)


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """`count` stops at `COUNT_LIMIT + 1`; `is_close`: nothing matched, these come near."""

    slice: Slice
    count: int
    is_close: bool = False


def read_page(asked: CatalogueFilter, *, on: date, cursor: Cursor | None) -> CataloguePage:
    """One page of the list and how many services the filter keeps, in one query.

    A search counts first, since it decides how its rows are best found: two queries, two more when nothing matched.
    """
    order = ORDERS[asked.sort]
    if cursor is not None and cursor.name != order.name:
        cursor = None
    rows = filter_entries(published(on), asked)
    words = fold_words(asked.text)
    if not words:
        return _list(rows, order, cursor)
    found = _search(rows, exact_terms(words), order, cursor)
    close = close_terms(words)
    if found.count or not close:
        return found
    near = _search(rows, close, order, cursor)
    return CataloguePage(near.slice, near.count, is_close=bool(near.count))


def _search(rows: CatalogueEntryQuerySet, terms: str, order: Order, cursor: Cursor | None) -> CataloguePage:
    """A page of what the terms find, and how many.

    Few are found by the index of words, then sorted. Many are met soon by walking the order of the list; PostgreSQL takes
    a word that begins every text for a rare one, so the match is asked as a function, which no index answers.
    """
    query = terms_query(terms)
    matching = rows.filter(search_vector=query)
    count = matching.order_by().values("pk")[: COUNT_LIMIT + 1].count()
    if count > COUNT_LIMIT:
        matching = rows.filter(Func(F("search_vector"), query, function="ts_match_vq", output_field=BooleanField()))
    found = _cut(matching, order, cursor) if count else []
    return CataloguePage(cut(found, order, cursor, size=PAGE_SIZE), count)


def _list(rows: CatalogueEntryQuerySet, order: Order, cursor: Cursor | None) -> CataloguePage:
    counted = CappedCount(rows.order_by().values("pk")[: COUNT_LIMIT + 1])
    found = _cut(rows.annotate(total=counted), order, cursor, "total")
    return CataloguePage(cut(found, order, cursor, size=PAGE_SIZE), found[0]["total"] if found else 0)


def _cut(rows: CatalogueEntryQuerySet, order: Order, cursor: Cursor | None, *more: str) -> list[dict[str, Any]]:
    """Rows of a page and the one after, which says that there are others."""
    return list(order.after(rows, cursor).values(*CARD_FIELDS, *order.names, *more)[: PAGE_SIZE + 1])


def filter_entries(rows: CatalogueEntryQuerySet, asked: CatalogueFilter) -> CatalogueEntryQuerySet:
    """All but the text."""
    conditions = Q()
    if asked.category:
        conditions &= Q(categories__contains=[asked.category])
    if asked.platform:
        conditions &= Q(platforms__contains=[asked.platform])
    if asked.price:
        conditions &= Q(price=asked.price)
    if asked.data == "oui":
        conditions &= ~Q(data=[])
    elif asked.data == "non":
        conditions &= Q(data=[])
    elif asked.data:
        conditions &= Q(data__contains=[asked.data])
    if asked.ecoscore:
        _, _, least, below = next(band for band in ECOSCORES if band[0] == asked.ecoscore)
        conditions &= Q(ecoscore__gte=least)
        if below is not None:
            conditions &= Q(ecoscore__lt=below)
    return rows.filter(conditions)


def read_entry(number: int) -> dict[str, Any] | None:
    """The row of a service that is or was in the catalogue."""
    return CatalogueEntry.objects.filter(number=number).values(*SHEET_COLUMNS).first()


def newest(on: date) -> Sequence[dict[str, Any]]:
    """The latest publications, for the feed."""
    return list(published(on).order_by("-published_on", "-number").values(*SHEET_COLUMNS)[:FEED_SIZE])
