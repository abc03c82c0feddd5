"""Seats and who holds them: appointed for two years, replaced for what remains, ended before time (A-27, BR-159)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from convergence.accounts.enums import Role
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from referencing.commission.core.terms import last_day_of_term
from referencing.commission.enums import Capacity
from referencing.commission.models import Seat, Term
from referencing.commission.rules import can_run

if TYPE_CHECKING:
    from convergence.accounts.models import User


@transaction.atomic
def load_seats(entries: Sequence[Mapping[str, Any]]) -> None:
    """Create or update the seats of `fixtures/commission.yaml`, in their order; people and terms are left alone."""
    for position, entry in enumerate(entries, start=1):
        Seat.objects.update_or_create(
            code=entry["code"],
            defaults={
                "position": position,
                "title": entry["title"],
                "designated_by": entry["designated_by"],
                "is_ex_officio": entry.get("is_ex_officio", False),
            },
        )


@transaction.atomic
def appoint(
    *,
    seat_id: int,
    person: User,
    started_on: date,
    actor: User | None,
    capacity: str = Capacity.TITULAR,
    ends_on: date | None = None,
    act_reference: str = "",
) -> Term:
    """Give somebody a vacant seat, or make them the representative of an ex officio one; two years unless `ends_on`.

    Raises TransitionRefused with every reason; `actor=None` is the platform filling a demonstration.
    """
    _require(actor)
    seat = Seat.objects.select_for_update().get(pk=seat_id)
    last_day = ends_on or last_day_of_term(started_on)
    blockers = _find_appointment_blockers(seat, person, started_on, last_day, capacity)
    if blockers:
        raise TransitionRefused(blockers)
    term = Term.objects.create(
        seat=seat,
        person=person,
        capacity=capacity,
        started_on=started_on,
        ends_on=last_day,
        act_reference=act_reference.strip(),
    )
    record("term.appoint", subject=term, actor=actor, data=_said(term))
    return term


@transaction.atomic
def replace(*, term_id: int, person: User, started_on: date, reason: str, actor: User, act_reference: str = "") -> Term:
    """End a term on the eve and have somebody else serve what remains of it (R.133-4, A-27)."""
    _require(actor)
    seat = Seat.objects.select_for_update().get(terms=term_id)
    old = Term.objects.select_for_update().get(pk=term_id)
    eve = started_on - timedelta(days=1)
    blockers = _find_reason_blockers(reason)
    if Term.objects.filter(replaces=old).exists():
        blockers.append(Blocker("replaced", "Ce mandat a déjà été repris par un remplaçant."))
    if eve < old.started_on or started_on > old.ends_on:
        blockers.append(
            Blocker(
                "outside_term",
                f"Le remplacement commence entre le {format_date(old.started_on + timedelta(days=1))} et le "
                f"{format_date(old.ends_on)}.",
                "#id_started_on",
            )
        )
    elif old.ended_on is not None and old.ended_on >= started_on:
        blockers.append(
            Blocker(
                "still_held",
                f"Le mandat court jusqu’au {format_date(old.ended_on)} : commencez après.",
                "#id_started_on",
            )
        )
    blockers += _find_appointment_blockers(seat, person, started_on, old.ends_on, old.capacity, instead_of=old)
    if blockers:
        raise TransitionRefused(blockers)
    if old.ended_on is None:
        _end(old, eve, reason, actor)
    term = Term.objects.create(
        seat=seat,
        person=person,
        capacity=old.capacity,
        started_on=started_on,
        ends_on=old.ends_on,
        replaces=old,
        act_reference=act_reference.strip(),
    )
    record("term.replace", subject=term, actor=actor, reason=reason.strip(), data=_said(term))
    return term


@transaction.atomic
def end_term(*, term_id: int, ended_on: date, reason: str, actor: User) -> Term:
    """End a term before its time: the seat is vacant from the next day, and stays in the denominator (A-27)."""
    _require(actor)
    term = Term.objects.select_for_update(of=("self",)).select_related("seat", "person").get(pk=term_id)
    blockers = _find_reason_blockers(reason)
    if term.ended_on is not None:
        blockers.append(Blocker("ended", f"Ce mandat est déjà terminé depuis le {format_date(term.ended_on)}."))
    elif not term.started_on <= ended_on <= term.ends_on:
        blockers.append(
            Blocker(
                "outside_term",
                f"Indiquez un jour entre le {format_date(term.started_on)} et le {format_date(term.ends_on)}.",
                "#id_ended_on",
            )
        )
    if blockers:
        raise TransitionRefused(blockers)
    _end(term, ended_on, reason, actor)
    return term


def _find_appointment_blockers(
    seat: Seat, person: User, started_on: date, last_day: date, capacity: str, *, instead_of: Term | None = None
) -> list[Blocker]:
    blockers = []
    if last_day < started_on:
        blockers.append(Blocker("ends_before", "Le mandat finit après avoir commencé.", "#id_ends_on"))
    if not seat.is_ex_officio and last_day > last_day_of_term(started_on):
        blockers.append(
            Blocker(
                "too_long",
                f"Un mandat dure deux ans : jusqu’au {format_date(last_day_of_term(started_on))} au plus.",
                "#id_ends_on",
            )
        )
    if capacity == Capacity.REPRESENTATIVE and not seat.is_ex_officio:
        blockers.append(
            Blocker(
                "no_representative",
                "Seuls les deux sièges de droit ont des représentants ; les autres membres donnent mandat.",
                "#id_capacity",
            )
        )
    role = Role.PRESIDENT if seat.is_ex_officio else Role.MEMBER
    if not person.access.has(role):
        blockers.append(
            Blocker(
                "role",
                f"{person} n’a pas le rôle « {role.label} » : demandez-le à un administrateur de la plateforme.",
                "#id_person",
            )
        )
    overlapping = Term.objects.filter(started_on__lte=last_day).not_past(started_on)
    if instead_of is not None:
        overlapping = overlapping.exclude(pk=instead_of.pk)
    if capacity == Capacity.TITULAR and overlapping.filter(seat=seat, capacity=Capacity.TITULAR).exists():
        blockers.append(Blocker("taken", "Ce siège a déjà un titulaire à ces dates.", "#id_started_on"))
    if overlapping.filter(person=person).exists():
        blockers.append(Blocker("seated", f"{person} occupe déjà un siège à ces dates.", "#id_person"))
    return blockers


def _find_reason_blockers(reason: str) -> list[Blocker]:
    return [] if reason.strip() else [Blocker("reason", "Indiquez le motif.", "#id_reason")]


def _end(term: Term, ended_on: date, reason: str, actor: User) -> None:
    term.ended_on, term.end_reason = ended_on, reason.strip()
    term.save(update_fields=["ended_on", "end_reason"])
    record("term.end", subject=term, actor=actor, reason=term.end_reason, data={"ended_on": ended_on.isoformat()})


def _require(actor: User | None) -> None:
    if actor is not None and not can_run(actor):
        raise PermissionDenied("members")


def _said(term: Term) -> dict[str, str]:
    return {
        "seat": term.seat.code,
        "person": str(term.person),
        "capacity": term.capacity,
        "started_on": term.started_on.isoformat(),
        "ends_on": term.ends_on.isoformat(),
    }
