"""What waits for an answer above « Votre catalogue produits », such as products that others hand to the organisation.

A stage above says it: the catalogue knows neither who offers nor what answering means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convergence.ui.values import Row

if TYPE_CHECKING:
    from convergence.accounts.models import Organisation, User


@dataclass(frozen=True, slots=True)
class Waiting:
    """One list: each row leads to the page that answers it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]


#: `(person, current organisation) -> what this person may answer for it`, in a constant number of queries; None: nothing.
Find = Callable[["User", "Organisation"], Waiting | None]
_finders: list[Find] = []


def announce(find: Find) -> None:
    """Have `find` asked each time that a catalogue is shown; called in `AppConfig.ready`."""
    if find not in _finders:
        _finders.append(find)


def list_waiting(user: User, organisation: Organisation) -> list[Waiting]:
    """Only lists that have rows."""
    found = (find(user, organisation) for find in _finders)
    return [each for each in found if each is not None]
