"""Who comes and goes during a session, who holds whose mandate, who is heard without a voice (BR-154, A-27, A-29)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_time
from referencing.commission.enums import Capacity, SessionState
from referencing.commission.models import (
    AgendaPoint,
    Attendance,
    CommissionSession,
    Guest,
    Mandate,
    Seat,
    Term,
)
from referencing.commission.rules import can_chair, can_run
from referencing.commission.services.files import lock_session

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: Mandates are given before the session, or by somebody who leaves it.
MANDATE_STATES = [SessionState.CONVOKED, SessionState.RECONVOKED, SessionState.OPEN]
NOT_OPEN = Blocker("wrong_state", "La séance n’est pas ouverte.")


@transaction.atomic
def record_arrival(
    *, session_id: UUID, seat_id: int, person_id: UUID, mode: str, arrived_at: datetime, actor: User, at: datetime
) -> Attendance:
    """Somebody takes their seat at that time, in the room or at a distance; their mandate to another ends."""
    session = _lock(session_id, actor)
    seat = Seat.objects.get(pk=seat_id)
    blockers = _find_time_blockers(session, arrived_at, "#id_arrived_at", at=at)
    day = timezone.localdate(session.held_at)
    term = Term.objects.covering(day).filter(seat=seat, person=person_id).select_related("person").first()
    if term is None:
        blockers.append(
            Blocker("not_seated", "Cette personne n’a pas de mandat pour ce siège le jour de la séance.", "#id_who")
        )
    there = Attendance.objects.filter(session=session).filter(Q(left_at__isnull=True) | Q(left_at__gt=arrived_at))
    if there.filter(seat=seat).exists():
        blockers.append(Blocker("seat_taken", "Ce siège est déjà occupé à cette heure.", "#id_who"))
    elif there.filter(person=person_id).exists():
        blockers.append(Blocker("person_twice", "Cette personne occupe déjà un siège à cette heure.", "#id_who"))
    if blockers:
        raise TransitionRefused(blockers)
    attendance = Attendance.objects.create(
        session=session, seat=seat, person_id=person_id, mode=mode, arrived_at=arrived_at
    )
    for mandate in _standing_mandates(session).filter(giver=seat):
        _revoke(mandate, at=arrived_at, actor=actor)
    record("attendance.arrive", subject=attendance, actor=actor, data=_when(attendance, arrived_at))
    return attendance


@transaction.atomic
def record_departure(*, attendance_id: int, left_at: datetime, actor: User, at: datetime) -> Attendance:
    """Somebody leaves at that time; the mandate that they hold sleeps as long as they are away."""
    found = Attendance.objects.get(pk=attendance_id)
    session = _lock(found.session_id, actor)
    attendance = Attendance.objects.select_for_update(of=("self",)).select_related("seat").get(pk=attendance_id)
    blockers = _find_time_blockers(session, left_at, "#id_left_at", at=at)
    if attendance.left_at is not None:
        blockers.append(Blocker("left", f"Cette personne est partie à {format_time(attendance.left_at)}."))
    elif left_at < attendance.arrived_at:
        blockers.append(Blocker("before", f"Elle est arrivée à {format_time(attendance.arrived_at)}.", "#id_left_at"))
    if blockers:
        raise TransitionRefused(blockers)
    attendance.left_at = left_at
    attendance.save(update_fields=["left_at"])
    record("attendance.leave", subject=attendance, actor=actor, data=_when(attendance, left_at))
    return attendance


@transaction.atomic
def give_mandate(*, session_id: UUID, giver_id: int, holder_id: int, actor: User, at: datetime) -> Mandate:
    """An absent member gives power to another one: given by the member, or recorded by the secretary (BR-154)."""
    session = lock_session(session_id, actor)
    giver, holder = (Seat.objects.get(pk=key) for key in (giver_id, holder_id))
    day = timezone.localdate(session.held_at)
    titulars = {
        term.seat_id: term.person
        for term in Term.objects.covering(day).filter(capacity=Capacity.TITULAR).select_related("person")
    }
    person = titulars.get(giver.pk)
    if not can_run(actor) and (person is None or person.pk != actor.pk):
        raise PermissionDenied("give_mandate")
    blockers = []
    if session.state not in MANDATE_STATES:
        blockers.append(Blocker("wrong_state", "Un mandat se donne pour une séance convoquée ou ouverte."))
    if person is None:
        blockers.append(Blocker("vacant", "Ce siège est vacant : personne ne peut donner mandat.", "#id_giver"))
    if giver.pk == holder.pk:
        blockers.append(Blocker("same", "Un mandat se donne à un autre membre.", "#id_holder"))
    if holder.pk not in titulars:
        blockers.append(
            Blocker("vacant_holder", "Ce siège est vacant : il ne peut pas porter un mandat.", "#id_holder")
        )
    standing = _standing_mandates(session)
    if standing.filter(giver=giver).exists():
        blockers.append(Blocker("given", "Ce membre a déjà donné mandat pour cette séance.", "#id_giver"))
    if standing.filter(holder=holder).exists():
        blockers.append(
            Blocker("second", "Ce membre porte déjà un mandat : il ne peut pas en recevoir un second.", "#id_holder")
        )
    if standing.filter(giver=holder).exists():
        blockers.append(
            Blocker("holder_absent", "Ce membre a lui-même donné mandat : il ne sera pas là.", "#id_holder")
        )
    if standing.filter(holder=giver).exists():
        blockers.append(
            Blocker(
                "giver_holds", "Ce membre porte le mandat d’un autre : ce mandat doit d’abord être retiré.", "#id_giver"
            )
        )
    if Attendance.objects.filter(session=session, seat=giver, left_at__isnull=True).exists():
        blockers.append(Blocker("present", "Ce membre est présent : il vote lui-même.", "#id_giver"))
    if blockers or person is None:
        raise TransitionRefused(blockers)
    mandate = Mandate.objects.create(
        session=session, giver=giver, holder=holder, given_by=person, recorded_by=actor, given_at=at
    )
    record("mandate.give", subject=mandate, actor=actor, data={"giver": giver.code, "holder": holder.code})
    return mandate


@transaction.atomic
def revoke_mandate(*, mandate_id: int, actor: User, at: datetime) -> Mandate:
    """Taken back by whoever gave it, or struck out by the secretary; votes already cast stay."""
    found = Mandate.objects.get(pk=mandate_id)
    session = lock_session(found.session_id, actor)
    mandate = Mandate.objects.select_for_update(of=("self",)).get(pk=mandate_id)
    if not can_run(actor) and mandate.given_by_id != actor.pk:
        raise PermissionDenied("revoke_mandate")
    blockers = []
    if session.state not in MANDATE_STATES:
        blockers.append(Blocker("wrong_state", "La séance est terminée : ses mandats ne changent plus."))
    if mandate.revoked_at is not None:
        blockers.append(Blocker("revoked", "Ce mandat est déjà retiré."))
    if blockers:
        raise TransitionRefused(blockers)
    _revoke(mandate, at=at, actor=actor)
    return mandate


@transaction.atomic
def add_guest(*, session_id: UUID, name: str, quality: str, point_id: UUID | None, actor: User) -> Guest:
    """Somebody to hear, on one point or on all, without a voice (A-29)."""
    if not can_chair(actor, None):
        raise PermissionDenied("add_guest")
    session = lock_session(session_id, actor)
    blockers = []
    if session.state in (SessionState.CLOSED, SessionState.MINUTES_APPROVED, SessionState.CANCELLED):
        blockers.append(Blocker("wrong_state", "Cette séance est terminée."))
    if not name.strip():
        blockers.append(Blocker("name", "Indiquez le nom de la personne.", "#id_name"))
    if not quality.strip():
        blockers.append(Blocker("quality", "Indiquez sa qualité.", "#id_quality"))
    point = AgendaPoint.objects.visible_to(actor).filter(session=session, pk=point_id).first() if point_id else None
    if point_id and point is None:
        blockers.append(Blocker("point", "Ce point n’est pas à l’ordre du jour.", "#id_point"))
    if blockers:
        raise TransitionRefused(blockers)
    guest = Guest.objects.create(session=session, point=point, name=name.strip(), quality=quality.strip())
    record("guest.add", subject=guest, actor=actor, data={"name": guest.name})
    return guest


@transaction.atomic
def move_guest(*, guest_id: int, is_entering: bool, moved_at: datetime, actor: User, at: datetime) -> Guest:
    """A guest enters or leaves at that time; one who comes back is written once more (A-29)."""
    found = Guest.objects.get(pk=guest_id)
    session = _lock(found.session_id, actor)
    guest = Guest.objects.select_for_update(of=("self",)).get(pk=guest_id)
    if guest.point_id and not AgendaPoint.objects.visible_to(actor).filter(pk=guest.point_id).exists():
        raise Guest.DoesNotExist
    blockers = _find_time_blockers(session, moved_at, "", at=at)
    is_inside = guest.entered_at is not None and guest.left_at is None
    if is_entering and is_inside:
        blockers.append(Blocker("inside", f"{guest.name} est déjà dans la salle."))
    if not is_entering and not is_inside:
        blockers.append(Blocker("outside", f"{guest.name} n’est pas dans la salle."))
    if not is_entering and guest.entered_at and moved_at < guest.entered_at:
        blockers.append(Blocker("before", f"{guest.name} est entré à {format_time(guest.entered_at)}."))
    if blockers:
        raise TransitionRefused(blockers)
    if is_entering and guest.left_at is not None:
        guest = Guest.objects.create(session=session, point=guest.point, name=guest.name, quality=guest.quality)
    if is_entering:
        guest.entered_at = moved_at
    else:
        guest.left_at = moved_at
    guest.save(update_fields=["entered_at", "left_at"])
    record(f"guest.{'enter' if is_entering else 'leave'}", subject=guest, actor=actor, data={"name": guest.name})
    return guest


def _lock(session_id: UUID, actor: User) -> CommissionSession:
    """For those who keep the attendance: secretary or co-president."""
    if not can_chair(actor, None):
        raise PermissionDenied("attendance")
    session = lock_session(session_id, actor)
    if session.state != SessionState.OPEN:
        raise TransitionRefused([NOT_OPEN])
    return session


def _find_time_blockers(session: CommissionSession, given: datetime, anchor: str, *, at: datetime) -> list[Blocker]:
    if given > at:
        return [Blocker("future", "Cette heure n’est pas encore passée.", anchor)]
    if session.opened_at is not None and given < session.opened_at:
        opened = format_time(session.opened_at)
        return [
            Blocker(
                "before_opening", f"La séance est ouverte depuis {opened} : indiquez une heure à partir de là.", anchor
            )
        ]
    return []


def _standing_mandates(session: CommissionSession) -> QuerySet[Mandate]:
    return Mandate.objects.filter(session=session, revoked_at__isnull=True)


def _revoke(mandate: Mandate, *, at: datetime, actor: User) -> None:
    mandate.revoked_at = at
    mandate.save(update_fields=["revoked_at"])
    record("mandate.revoke", subject=mandate, actor=actor)


def _when(attendance: Attendance, at: datetime) -> dict[str, str]:
    return {"seat": attendance.seat.code, "mode": attendance.mode, "at": at.isoformat()}
