"""The orders of the work queue as expressions, shared by its queries and by the indexes that answer them.

None of them is ever NULL, and each order ends with the key: a page may begin after any row.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.contrib.postgres.search import SearchVector
from django.db.models import DateField, DateTimeField, F, Value
from django.db.models.functions import Coalesce, StrIndex

from convergence.database.search import Fold, Words
from referencing.candidature.enums import CandidatureState

#: The states in the order of the process; none is a part of another one’s name before it.
_STATES = " ".join(state.value for state in CandidatureState)
STATE_RANKS: dict[str, int] = {state.value: _STATES.index(state.value) + 1 for state in CandidatureState}


def state_rank() -> StrIndex:
    """The place of the state in the process; filters ask for it too, so that one index serves sorting and filtering."""
    return StrIndex(Value(_STATES), F("state"))


def due_key() -> Coalesce:
    """Files without a day come after those that have one."""
    return Coalesce(F("due_on"), Value(date.max), output_field=DateField())


def applied_key() -> Coalesce:
    return Coalesce(F("applied_at"), Value(datetime(1970, 1, 1, tzinfo=UTC)), output_field=DateTimeField())


def activity_key() -> Coalesce:
    return Coalesce(F("last_event_at"), Value(datetime(1970, 1, 1, tzinfo=UTC)), output_field=DateTimeField())


def product_key() -> Fold:
    """`searchable` begins with the product."""
    return Fold(F("searchable"))


def organisation_key() -> Fold:
    return Fold(F("organisation_name"))


def search_vector() -> SearchVector:
    """Words of product, organisation and reference, without accents nor punctuation."""
    return SearchVector(Words(F("searchable")), config="simple")
