"""What an opinion may hold, and what is frozen of it: opinion, reasons, reservations; never a voice (BR-156, BR-162)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

#: Version of the frozen form.
SCHEMA = 1
#: Opinions that carry reservations, with whether one at least is suspensive.
RESERVED = {"with_reservations": False, "with_suspensive": True}


@dataclass(frozen=True, slots=True)
class NewReservation:
    """A reservation as it is written down; `criterion` is the code of one of the file’s criteria."""

    text: str
    is_suspensive: bool
    criterion: str
    expected: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: `row` counts from 0, None for the whole; `field` names what mends it."""

    code: str
    message: str
    row: int | None = None
    field: str = ""


def find_faults(
    kind: str, reasons: str, reservations: Sequence[NewReservation], *, criteria: Mapping[str, str], today: date
) -> list[Fault]:
    """Everything that keeps this opinion from being given; `criteria`: titles by code."""
    faults = []
    if not reasons.strip():
        faults.append(Fault("reasons", "Rédigez les motifs de l’avis.", field="reasons"))
    if kind not in RESERVED and reservations:
        faults.append(Fault("reservations", "Cet avis ne comporte pas de réserve."))
    if kind in RESERVED and not reservations:
        faults.append(Fault("no_reservation", "Cet avis comporte au moins une réserve : rédigez-la."))
    has_suspensive = any(each.is_suspensive for each in reservations)
    if kind == "with_reservations" and has_suspensive:
        faults.append(Fault("suspensive", "Les réserves de cet avis ne sont pas suspensives."))
    if kind == "with_suspensive" and reservations and not has_suspensive:
        faults.append(Fault("no_suspensive", "Une réserve au moins de cet avis est suspensive."))
    for row, each in enumerate(reservations):
        faults += _faults_of(each, row, criteria, today)
    return faults


def _faults_of(each: NewReservation, row: int, criteria: Mapping[str, str], today: date) -> list[Fault]:
    name = f"Réserve n° {row + 1}"
    faults = []
    if not each.text.strip():
        faults.append(Fault("text", f"{name} : rédigez-la.", row, "text"))
    if each.criterion not in criteria:
        faults.append(Fault("criterion", f"{name} : choisissez le critère sur lequel elle porte.", row, "criterion"))
    if not each.expected.strip():
        faults.append(Fault("expected", f"{name} : indiquez la preuve attendue.", row, "expected"))
    if each.due_on is None:
        faults.append(Fault("due_on", f"{name} : indiquez jusqu’à quand elle est à lever.", row, "due_on"))
    elif each.due_on <= today:
        faults.append(Fault("due_on", f"{name} : choisissez une échéance à venir.", row, "due_on"))
    return faults


def build_opinion(
    *,
    kind: str,
    kind_text: str,
    reasons: str,
    header: Mapping[str, Any],
    reservations: Sequence[NewReservation],
    criteria: Mapping[str, str],
    at: datetime,
) -> dict[str, Any]:
    """The opinion as plain values, ready to be frozen. `header`: session, file, and the conclusion that was read."""
    return {
        "schema": SCHEMA,
        **header,
        "kind": kind,
        "kind_text": kind_text,
        "reasons": reasons,
        "reservations": [
            {
                "number": number,
                "is_suspensive": each.is_suspensive,
                "criterion": each.criterion,
                "criterion_title": criteria[each.criterion],
                "text": each.text,
                "expected": each.expected,
                "due_on": each.due_on,
            }
            for number, each in enumerate(reservations, start=1)
        ],
        "given_at": at,
    }
