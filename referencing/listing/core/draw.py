"""Drawing the services to audit: a population that anybody may replay with its seed (A-38, BR-178, docs/audit_draw.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

#: Changes when the way of ranking does; written in every published draw.
ALGORITHM = 'sha256(graine + ":" + numéro), ordre croissant'


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listed service: its number, the last day of its last concluded audit, whether one is running."""

    number: int
    audited_on: date | None = None
    is_under_audit: bool = False


def find_exclusion(candidate: Candidate, *, rested_since: date) -> str:
    """Why the service is not drawn, in French; empty when it may be (BR-178)."""
    if candidate.is_under_audit:
        return "audit en cours"
    if candidate.audited_on is not None and candidate.audited_on > rested_since:
        return "audité depuis moins de douze mois"
    return ""


def build_population(
    candidates: Iterable[Candidate], *, number: int, day: date, sample: int, rested_since: date
) -> dict[str, Any]:
    """What is frozen before the seed: services in increasing order, exclusions with their reason."""
    ordered = sorted(candidates, key=lambda each: each.number)
    reasons = {each.number: find_exclusion(each, rested_since=rested_since) for each in ordered}
    return {
        "number": number,
        "day": day,
        "sample": sample,
        "algorithm": ALGORITHM,
        "services": [each.number for each in ordered if not reasons[each.number]],
        "excluded": [
            {"number": each.number, "reason": reasons[each.number]} for each in ordered if reasons[each.number]
        ],
    }


def rank(seed: str, number: int) -> str:
    return sha256(f"{seed}:{number}".encode()).hexdigest()


def select(seed: str, services: Sequence[int], sample: int) -> list[int]:
    """The `sample` services whose fingerprint is lowest, lowest first; all of them when there are fewer."""
    return sorted(services, key=lambda number: rank(seed, number))[:sample]
