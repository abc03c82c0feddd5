"""What a stage above shows on the pages of answers: it adds itself in `AppConfig.ready`, so that this one need not know it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from django.utils.safestring import SafeString

from convergence.ui.values import Link
from questionnaires.core import Criterion
from referencing.enrolment.answering.pages import Place

NOTHING = SafeString("")


class Extra(Protocol):
    """Each method reads what it needs for the whole page at once, and costs nothing to those who may not write."""

    def on_form(self, place: Place, questionnaire: str) -> tuple[SafeString, Callable[[Criterion, int], SafeString]]:
        """What stands above the form, and what stands before a criterion whose answer has that version."""

    def on_list(self, place: Place) -> tuple[Sequence[Link], Callable[[str], list[str]]]:
        """Links of the list of questionnaires, and the lines of the tile of each of them."""


_EXTRAS: list[Extra] = []


def add(extra: Extra) -> None:
    if extra not in _EXTRAS:
        _EXTRAS.append(extra)


def on_form(place: Place, questionnaire: str) -> tuple[list[SafeString], Callable[[Criterion, int], SafeString]]:
    """What every stage above shows on the page of a questionnaire."""
    found = [extra.on_form(place, questionnaire) for extra in _EXTRAS]

    def beside(criterion: Criterion, version: int) -> SafeString:
        whole = NOTHING
        for _, show in found:
            whole += show(criterion, version)
        return whole

    return [banner for banner, _ in found if banner], beside


def on_list(place: Place) -> tuple[list[Link], Callable[[str], list[str]]]:
    """What every stage above shows on the list of questionnaires."""
    found = [extra.on_list(place) for extra in _EXTRAS]
    links = [link for links, _ in found for link in links]
    return links, lambda code: [line for _, lines in found for line in lines(code)]
