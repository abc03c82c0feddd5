"""What may be answered from the list of notifications itself (SC-21: « Accepter », « Refuser »).

A stage above says which answers its kind of notification offers now: nothing is stored, an answered demand offers none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.contrib.auth.base_user import AbstractBaseUser

from convergence.notifications.models import Notification
from convergence.ui.values import Link

#: `(person, notifications of one page) -> {key of the notification: pages that answer it}`, in a constant number of queries.
Offer = Callable[[AbstractBaseUser, Sequence[Notification]], Mapping[int, Sequence[Link]]]
_offers: dict[str, Offer] = {}


def offer(kind: str, find: Offer) -> None:
    """Have `find` say the answers of the notifications of `kind`; called in `AppConfig.ready`."""
    _offers[kind] = find


def find_choices(person: AbstractBaseUser, rows: Sequence[Notification]) -> dict[int, Sequence[Link]]:
    """Answers by notification; a page without a kind that offers any costs no query."""
    found: dict[int, Sequence[Link]] = {}
    for kind, find in _offers.items():
        if concerned := [row for row in rows if row.kind == kind]:
            found.update(find(person, concerned))
    return found
