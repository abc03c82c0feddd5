"""The rows of the work queue: what a person may see, filtered, in order, one page at a time, in one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat, Greatest, JSONObject

from convergence.accounts.access import Access
from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.database.keyset import AnyOf, Cursor, Key, Order, Slice, cut
from convergence.database.search import prefix_terms, terms_query
from convergence.database.statements import CappedCount, Slot, Statements
from convergence.interests.selectors import barred_organisations
from referencing.candidature import ordering
from referencing.candidature.core.queue import ME, NOBODY, QueueFilter
from referencing.candidature.enums import OPEN_STATES
from referencing.candidature.models import Candidature, CandidatureQuerySet, QueueHabit, Reading, ThemeReview

PAGE_SIZE = 40
#: Counting stops here: « 1 000+ » says enough, and the page costs the same with 100,000 files.
COUNT_LIMIT = 1000

_APPLIED = Key(ordering.applied_key(), datetime.fromisoformat)
_ID = Key(F("pk"), UUID)
ORDERS: dict[str, tuple[Key, ...]] = {
    "echeance": (Key(ordering.due_key(), date.fromisoformat), _APPLIED, _ID),
    "depot": (_APPLIED, _ID),
    "produit": (Key(ordering.product_key()), _ID),
    "structure": (Key(ordering.organisation_key()), Key(ordering.product_key()), _ID),
    "etat": (Key(ordering.state_rank(), int), Key(ordering.due_key(), date.fromisoformat), _APPLIED, _ID),
    "activite": (Key(ordering.activity_key(), datetime.fromisoformat), _ID),
}


def order_of(asked: QueueFilter) -> Order:
    """The order of the rows. Closed files have no day any more: sorted by day, they come in the order of deposit."""
    sort = asked.sort
    if sort == "echeance" and asked.states and not set(asked.states) & set(OPEN_STATES):
        sort = "depot"
    return Order(f"{'-' if asked.is_descending else ''}{sort}", ORDERS[sort], asked.is_descending)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the queue, with the files that it hides; key and days may stay open in a statement."""

    access: Access
    barred: frozenset[UUID]
    key: UUID | Slot
    joined: datetime | Slot

    @classmethod
    def of(cls, user: User) -> Reader:
        barred = barred_organisations(user) if user.access.is_agent else frozenset()
        return cls(user.access, barred, user.pk, user.date_joined)


def filter_queue(
    reader: Reader,
    asked: QueueFilter,
    *,
    today: date | Slot,
    demarches: Mapping[str, int],
    search: Search | None = None,
) -> list[CandidatureQuerySet]:
    """The files that the person may see and the filter keeps, in no order: the union of the querysets, which may overlap.

    A file is assigned by its référent or by an expert of it; asked apart, both ways are answered by an index, where
    one OR would read every file. `demarches` are the keys by code, `search` what was found for the text when it was looked for before.
    """
    rows = Candidature.objects.reached_by(reader.access, person=reader.key, barred=reader.barred)
    if asked.states or not asked.with_closed:
        states = asked.states or OPEN_STATES
        ranks = [ordering.STATE_RANKS[state] for state in states]
        rows = rows.alias(state_rank=ordering.state_rank()).filter(state_rank__in=ranks)
        if set(states) <= set(OPEN_STATES):
            rows = rows.open()  # says nothing more, but an index of open files answers it
    if asked.is_late:
        rows = rows.open().alias(due_key=ordering.due_key()).filter(due_key__lt=today)
    if asked.holders:
        rows = rows.filter(waiting_for__in=asked.holders)
    if asked.demarches:
        rows = rows.filter(enrolment__demarche__in=[demarches[code] for code in asked.demarches if code in demarches])
    if asked.themes:
        rows = rows.filter(Exists(ThemeReview.objects.filter(candidature=OuterRef("pk"), theme__in=asked.themes)))
    if asked.text:
        rows = (search or Search.of(asked.text)).keep(rows)
    if not asked.assignees:
        return [rows]
    branches = []
    for is_person in _named_people(reader, asked):
        judged = ThemeReview.objects.alias(person=F("expert")).filter(is_person, candidature=OuterRef("pk"))
        branches += [rows.alias(person=F("referent")).filter(is_person), rows.filter(Exists(judged))]
    if NOBODY in asked.assignees:
        branches.append(rows.filter(referent__isnull=True))
    return branches or [rows.none()]


def _named_people(reader: Reader, asked: QueueFilter) -> list[Q]:
    """Conditions on `person`: the one who reads, and those named by their keys."""
    others = [key for key in map(_read_key, asked.assignees) if key]
    return [Q(person=reader.key)] * (ME in asked.assignees) + [Q(person__in=others)] * bool(others)


@dataclass(frozen=True, slots=True)
class Search:
    """What the words of a search keep: few files are named one by one, many are met soon enough in the order of the
    page. `keys` is None when there are many."""

    terms: str | Slot
    keys: Sequence[UUID] | Slot | None

    @classmethod
    def of(cls, text: str) -> Search:
        """One query, none without a word."""
        if not (terms := prefix_terms(text)):
            return cls("", [])
        hits = [key for (key,) in _STATEMENTS.get("hits", _write_hits).read(terms=terms)]
        return cls(terms, hits if len(hits) <= COUNT_LIMIT else None)

    def keep(self, rows: CandidatureQuerySet) -> CandidatureQuerySet:
        if self.keys is None:
            return rows.alias(words=ordering.search_vector()).filter(words=terms_query(self.terms))
        return rows.filter(AnyOf(F("pk"), self.keys) if isinstance(self.keys, Slot) else Q(pk__in=self.keys))

    def opened(self) -> Search:
        """The same search for a statement that serves all words."""
        return Search(_TERMS, None if self.keys is None else _HITS)


def _write_hits() -> QuerySet[Any, Any]:
    found = Candidature.objects.alias(words=ordering.search_vector()).filter(words=terms_query(_TERMS))
    return found.values_list("pk")[: COUNT_LIMIT + 1]


def _read_key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _join(branches: Sequence[CandidatureQuerySet]) -> CandidatureQuerySet:
    """The keys of all branches, each once."""
    keys: list[Any] = [branch.values("pk") for branch in branches]
    union: CandidatureQuerySet = keys[0].union(*keys[1:]) if keys[1:] else keys[0]
    return union


def with_unread(rows: CandidatureQuerySet, reader: Reader) -> CandidatureQuerySet:
    """`is_unread`: something happened since the person opened the file, marked all as read, or came."""
    read_at = Reading.objects.filter(user=reader.key, candidature=OuterRef("pk")).values("read_at")
    read_before = QueueHabit.objects.filter(person=reader.key).values("read_before")
    joined = reader.joined
    since = joined if isinstance(joined, Slot) else Value(joined, output_field=DateTimeField())
    return rows.annotate(
        is_unread=Case(
            When(last_event_at__gt=Greatest(Subquery(read_at), Subquery(read_before), since), then=True),
            default=False,
            output_field=BooleanField(),
        )
    )


def with_reviews(rows: CandidatureQuerySet) -> CandidatureQuerySet:
    """`reviews_data`: theme, key and name of its expert, in the order of the dossier."""
    reviews = ThemeReview.objects.filter(candidature=OuterRef("pk")).order_by("position")
    name = Concat("expert__first_name", Value(" "), "expert__last_name")
    data = JSONObject(theme="theme", expert=name, expert_id="expert_id")
    return rows.annotate(reviews_data=ArraySubquery(reviews.values(data=data)))


#: What every line needs, read as plain values: no row of any table is built.
FIELDS = ("pk", "state", "waiting_for", "due_on", "referent_id", "is_unread")
JOINED: dict[str, Combinable] = {
    "name": F("enrolment__product__name"),
    "version": F("enrolment__product__version"),
    "number": F("enrolment__number"),
}
#: What a column needs beside; the tables of those that are not shown are not read.
COLUMN_FIELDS = {"depot": "applied_at", "activite": "last_event_at"}
COLUMN_JOINED: dict[str, tuple[str, Combinable]] = {
    "structure": ("organisation", F("enrolment__product__organisation__name")),
    "reference": ("reference", F("dossier__reference")),
    "referent": ("referent_name", Concat("referent__first_name", Value(" "), "referent__last_name")),
    "demarche": ("demarche", F("enrolment__demarche__title")),
}


@dataclass(frozen=True, slots=True)
class QueuePage:
    """`count` stops at `COUNT_LIMIT + 1`."""

    slice: Slice
    count: int


def read_page(
    user: User, asked: QueueFilter, *, today: date, demarches: Mapping[str, int], cursor: Cursor | None
) -> QueuePage:
    """One page of the queue and how many rows the filter keeps, in one query; one more for a search, and for a page
    after which rows have gone."""
    order, reader = order_of(asked), Reader.of(user)
    search = Search.of(asked.text) if asked.text else None
    cursor = order.fit(cursor)
    access = user.access
    key = (
        (access.roles, tuple(access.organisation_ids), reader.barred),
        (replace(asked, text=""), search and (search.keys is None), tuple(demarches.items())),
        cursor and cursor.is_back,
    )
    open_reader, open_search = replace(reader, key=_PERSON, joined=_JOINED), search and search.opened()
    statement = _STATEMENTS.get(key, lambda: _write_page(open_reader, asked, order, cursor, demarches, open_search))
    values = {"person": user.pk, "joined": user.date_joined, "today": today}
    if search is not None:
        values |= {"terms": search.terms, "hits": search.keys}
    if cursor is not None:
        values |= zip(_AFTER, order.load(cursor), strict=False)
    found = statement.read_by_name(**values)
    if not found and cursor is not None:
        branches = filter_queue(reader, asked, today=today, demarches=demarches, search=search)
        return QueuePage(cut([], order, cursor, size=PAGE_SIZE), _capped(branches).count())
    return QueuePage(cut(found, order, cursor, size=PAGE_SIZE), found[0]["total"] if found else 0)


#: What the statement of a page leaves open.
_PERSON = Slot("person", UUIDField())
_JOINED = Slot("joined", DateTimeField())
_TODAY = Slot("today", DateField())
_TERMS = Slot("terms", TextField())
_HITS = Slot("hits", ArrayField(UUIDField()))
_AFTER = {f"after_{rank}": Slot(f"after_{rank}", TextField()) for rank in range(max(map(len, ORDERS.values())))}
_STATEMENTS = Statements()


def _write_page(
    reader: Reader,
    asked: QueueFilter,
    order: Order,
    cursor: Cursor | None,
    demarches: Mapping[str, int],
    search: Search | None,
) -> QuerySet[Any, Any]:
    """The rows of one page with the number of all, the values of the cursor open."""
    branches = filter_queue(reader, asked, today=_TODAY, demarches=demarches, search=search)
    after = list(_AFTER.values())[: len(order.keys)]
    # the keys of the page first, so that only its rows are joined to the other tables
    keys = _join([order.after(branch, cursor, after)[: PAGE_SIZE + 1] for branch in branches])
    rows = Candidature.objects.filter(AnyOf(F("pk"), ArraySubquery(keys)))
    rows = order.sort(with_unread(rows, reader), cursor)
    fields = [*FIELDS, *(name for column, name in COLUMN_FIELDS.items() if column in asked.columns)]
    if "experts" in asked.columns or reader.access.has(Role.EXPERT):
        rows = with_reviews(rows)
        fields.append("reviews_data")
    joined = JOINED | dict(pair for column, pair in COLUMN_JOINED.items() if column in asked.columns)
    rows = rows.annotate(total=CappedCount(_capped(branches)))
    return rows.values(*fields, *order.names, "total", **joined)[: PAGE_SIZE + 1]


def _capped(branches: Sequence[CandidatureQuerySet]) -> CandidatureQuerySet:
    """The keys of all branches, no more than the count needs."""
    return _join([branch.order_by()[: COUNT_LIMIT + 1] for branch in branches])[: COUNT_LIMIT + 1]


def count_queues(user: User, asked: Sequence[QueueFilter], *, today: date) -> list[int]:
    """How many files each filter keeps, in one query; each count stops at `COUNT_LIMIT + 1`. No search, no démarche."""
    reader = Reader.of(user)
    access = user.access

    def write() -> QuerySet[Any, Any]:
        counts = {}
        for rank, each in enumerate(asked):
            branches = filter_queue(replace(reader, key=_PERSON), each, today=_TODAY, demarches={})
            counts[f"count_{rank}"] = CappedCount(_capped(branches))
        return User.objects.filter(pk=_PERSON).values_list(*counts.values())

    key = access.roles, tuple(access.organisation_ids), reader.barred, tuple(asked)
    (counts,) = _COUNTS.get(key, write).read(person=user.pk, today=today)
    return list(counts)


_COUNTS = Statements()
