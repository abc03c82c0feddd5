"""What white labels add to a criterion: a question to the producer, a choice to the distributor (BR-195 to BR-200, BR-202)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from questionnaires.core import anchor
from questionnaires.selectors import CriterionView
from referencing.enrolment.inheritance import CONFIDENTIAL, Offer

SPECIFIC = "-specific"
YES, NO = "oui", "non"


@dataclass(frozen=True, slots=True)
class Sharing:
    """One criterion as a white label sees it; the page of another product has none.

    `kind`: `asked` (a producer says whether it is specific), `recovered`, `offered` (own answer, another may be taken),
    `specific` (own answer, imposed by the producer) or `absent` (the producer was not asked, or keeps no answer).
    """

    kind: Literal["asked", "recovered", "offered", "specific", "absent"]
    code: str
    can_write: bool
    is_specific: bool = False
    solution: str = ""
    producer: str = ""
    has_former: bool = False

    @property
    def name(self) -> str:
        """Name of the radios of a producer."""
        return f"{self.code}{SPECIFIC}"

    @property
    def group(self) -> str:
        return anchor(self.code, "specific")

    @property
    def phrase(self) -> str:
        return CONFIDENTIAL.capitalize()


def share(view: CriterionView, offer: Offer | None, data: QueryDict | None, *, can_write: bool) -> Sharing | None:
    """What to add to a criterion; `data` is what was posted when the page is shown again, and it wins."""
    code = view.code
    if view.is_specific is not None:
        posted = data.get(f"{code}{SPECIFIC}") if data is not None else None
        said = posted == YES if posted in (YES, NO) else view.is_specific
        return Sharing("asked", code, can_write, is_specific=said)
    names: dict[str, Any] = {"solution": offer.solution, "producer": offer.producer} if offer else {}
    if view.is_recovered:
        has_former = bool(view.version) or any(zone.deposits for zone in view.evidence)
        return Sharing("recovered", code, can_write, has_former=has_former, **names)
    if offer is None:
        return None
    if code in offer.specific:
        return Sharing("specific", code, can_write, **names)
    if code in offer.recoverable and offer.is_open:
        return Sharing("offered", code, can_write, **names)
    return Sharing("absent", code, can_write, **names)


# The same for every product of a solution, and for every producer: mostly read from the cache.
@lru_cache(maxsize=2048)
def render_sharing(sharing: Sharing) -> SafeString:
    return render_to_string("enrolment/answering/sharing.html", {"s": sharing})


def read_choices(
    views: Iterable[CriterionView], data: QueryDict, *, fields: Collection[str] | None = None
) -> dict[str, bool]:
    """What a producer says of the criteria that the page held. `fields`: the names that changed (autosave), None for all."""
    found = {}
    for view in views:
        name = f"{view.code}{SPECIFIC}"
        posted = data.get(name)
        if view.is_specific is not None and posted in (YES, NO) and (fields is None or name in fields):
            found[view.code] = posted == YES
    return found


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What the top of a questionnaire says to a distributor: what is recovered, what else is offered."""

    solution: str
    producer: str
    recovered: int
    offered: tuple[str, ...]
    is_open: bool


def summarise(views: Iterable[CriterionView], offer: Offer | None) -> Inheritance | None:
    """None where nothing is offered nor recovered."""
    shown = list(views)
    recovered = sum(view.is_recovered for view in shown)
    if offer is None:
        return Inheritance("", "", recovered, (), is_open=False) if recovered else None
    offered = tuple(view.code for view in shown if not view.is_recovered and view.code in offer.recoverable)
    if not recovered and not offered:
        return None
    return Inheritance(offer.solution, offer.producer, recovered, offered if offer.is_open else (), offer.is_open)
