"""Delays of the white label: settings of the démarche (`white_label` in fixtures/parcours.yaml), in calendar days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convergence.products.models import Demarche


@dataclass(frozen=True, slots=True)
class Delays:
    """`answer_days` a producer has to answer; `notice_days` before an attachment that a side gives up is broken;
    `review_days` to review a listed service whose producer’s pre-listing ended (BR-203)."""

    answer_days: int = 30
    notice_days: int = 60
    review_days: int = 90


def read_delays(demarche: Demarche) -> Delays:
    return Delays(**demarche.settings.get("white_label", {}))
