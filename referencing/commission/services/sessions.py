"""A session from its planning to its end: convoked, opened, without quorum, convoked again, closed, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from referencing.commission import notices
from referencing.commission.enums import ANNOUNCED_STATES, ConvocationKind, SessionState
from referencing.commission.models import AgendaPoint, Attendance, CommissionSession, Convocation, Vote
from referencing.commission.selectors.people import list_members
from referencing.commission.selectors.room import Room, list_present, load_room
from referencing.commission.services.agenda import postpone
from referencing.commission.services.convoking import find_notice_blockers, send_convocation
from referencing.commission.services.files import keep_standing, lock_agenda, require_secretary
from referencing.commission.services.linking import note_found

BOTH_CONFLICTED = "Aucun des deux co-présidents ne peut présider ce point : lien d’intérêts ou siège vacant."


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom the roll call finds there, for one seat."""

    seat: str
    person_id: UUID
    mode: str


@transaction.atomic
def plan_session(*, held_at: datetime, place: str, remote_url: str, actor: User, at: datetime) -> CommissionSession:
    """A new session, known to secretaries until it is convoked."""
    require_secretary(actor)
    blockers = _find_plan_blockers(held_at, place, remote_url, at=at)
    if blockers:
        raise TransitionRefused(blockers)
    session: CommissionSession = CommissionSession.objects.create(
        held_at=held_at, place=place.strip(), remote_url=remote_url.strip(), created_by=actor
    )
    session.refresh_from_db(fields=["number"])
    record("commissionsession.plan", subject=session, actor=actor, target=session.state)
    return session


@transaction.atomic
def edit_session(
    *, session_id: UUID, held_at: datetime, place: str, remote_url: str, actor: User, at: datetime
) -> CommissionSession:
    """Change a planned session; once convoked only its place and link, and members are told.

    Another day is another convocation: the session is cancelled and its files put on another agenda.
    """
    require_secretary(actor)
    session, rows = lock_agenda(session_id, actor)
    is_planned = session.state == SessionState.PLANNED
    blockers = []
    if session.state not in (SessionState.PLANNED, SessionState.CONVOKED, SessionState.RECONVOKED):
        blockers.append(Blocker("wrong_state", "Cette séance ne se modifie plus."))
    if is_planned:
        blockers += _find_plan_blockers(held_at, place, remote_url, at=at)
    else:
        blockers += _find_place_blockers(place, remote_url)
        if held_at != session.held_at:
            blockers.append(
                Blocker(
                    "day_announced",
                    "La date a été annoncée aux membres : pour en changer, annulez la séance et inscrivez ses dossiers à "
                    "une autre.",
                    "#id_day",
                )
            )
    if blockers:
        raise TransitionRefused(blockers)
    is_moved = (place.strip(), remote_url.strip()) != (session.place, session.remote_url)
    session.held_at, session.place, session.remote_url = held_at, place.strip(), remote_url.strip()
    session.calendar_sequence += 1
    session.save(update_fields=["held_at", "place", "remote_url", "calendar_sequence"])
    record("commissionsession.edit", subject=session, actor=actor)
    for _, candidature in rows:
        keep_standing(candidature, timezone.localdate(held_at))
    if is_moved and not is_planned:
        transaction.on_commit(partial(notices.session_moved, session))
    return session


@transaction.atomic
def cancel_session(*, session_id: UUID, reason: str, actor: User, at: datetime) -> CommissionSession:
    """No session: its pending files are ready for another one, members are told if they knew of it."""
    require_secretary(actor)
    session, rows = lock_agenda(session_id, actor)
    was_announced = session.state in ANNOUNCED_STATES
    why = reason.strip()
    people = list_members(session) if was_announced else []
    if not why:
        raise TransitionRefused([Blocker("reason", "Indiquez le motif de l’annulation.", "#id_reason")])
    for point, _ in rows:
        postpone(point, f"Séance annulée : {why}", actor=actor, at=at)
    session.end_reason = why
    session.calendar_sequence += 1
    workflow.fire(session, "cancel", actor=actor, reason=why, at=at)
    Attendance.objects.filter(session=session, left_at__isnull=True).update(left_at=at)
    if people:
        transaction.on_commit(partial(notices.session_cancelled, session, people))
    return session


@transaction.atomic
def convoke(*, session_id: UUID, urgency_reason: str, actor: User, at: datetime) -> Convocation:
    """Send the convocation with its agenda (N13): five clear days before, or in urgency with a reason (BR-150, A-27)."""
    session, rows = lock_agenda(session_id, actor)
    points = [point for point, _ in rows]
    workflow.fire(
        session,
        "convoke",
        actor=actor,
        guard=lambda: [*_find_empty(points), *find_notice_blockers(session, urgency_reason, at=at)],
        reason=urgency_reason.strip(),
    )
    return send_convocation(session, ConvocationKind.FIRST, points, urgency_reason=urgency_reason, actor=actor, at=at)


@transaction.atomic
def convoke_again(
    *, session_id: UUID, held_at: datetime, place: str, remote_url: str, urgency_reason: str, actor: User, at: datetime
) -> Convocation:
    """Second convocation on what remains of the same agenda, with the mention that no quorum is asked (BR-152, A-27)."""
    session, rows = lock_agenda(session_id, actor)
    points = [point for point, _ in rows]
    before = session.held_at
    session.place, session.remote_url = place.strip(), remote_url.strip()

    def guard() -> list[Blocker]:
        session.held_at = held_at
        found = [
            *_find_place_blockers(place, remote_url),
            *_find_empty(points),
            *find_notice_blockers(session, urgency_reason, at=at),
        ]
        session.held_at = before
        return found

    workflow.fire(session, "convoke_again", actor=actor, guard=guard, reason=urgency_reason.strip(), held_at=held_at)
    for point, candidature in rows:
        point.is_second_convocation = True
        keep_standing(candidature, timezone.localdate(held_at))
    AgendaPoint.objects.bulk_update(points, ["is_second_convocation"])
    return send_convocation(session, ConvocationKind.SECOND, points, urgency_reason=urgency_reason, actor=actor, at=at)


@transaction.atomic
def open_session(
    *, session_id: UUID, chair_id: UUID | None, arrivals: Sequence[Arrival], actor: User, at: datetime
) -> CommissionSession:
    """Open with the roll call, chaired by one of the two co-presidents (OQ-09).

    Conflicts found by the platform are noted for the minutes. A file that neither co-president may chair is postponed
    (A-27). Refuses with every reason.
    """
    session, rows = lock_agenda(session_id, actor)
    points = [point for point, _ in rows]
    room = load_room(session, points, at=at)
    chair = User.objects.filter(pk=chair_id).first() if chair_id else None
    workflow.fire(
        session,
        "open",
        actor=actor,
        guard=lambda: [
            *_find_day_blockers(session, at=at),
            *_find_empty(points),
            *_find_chair_blockers(room, chair, arrivals),
            *_find_arrival_blockers(room, arrivals),
        ],
        data={"arrivals": [f"{each.seat}:{each.mode}" for each in arrivals]},
        chair=chair,
        at=at,
    )
    seats = {seat.code: seat for seat in room.seats}
    Attendance.objects.bulk_create(
        Attendance(session=session, seat=seats[each.seat], person_id=each.person_id, mode=each.mode, arrived_at=at)
        for each in arrivals
    )
    opened = load_room(session, points, at=at)
    people = {term.person_id: term.person for terms in opened.terms.values() for term in terms}
    note_found(points, list(people.values()), opened.conflicts, at=at)
    for point in points:
        if not _somebody_may_chair(opened, point.candidature_id):
            postpone(point, BOTH_CONFLICTED, actor=actor, at=at)
    return session


@transaction.atomic
def note_lack_of_quorum(*, session_id: UUID, actor: User, at: datetime) -> CommissionSession:
    """No file that remains has its quorum: a second convocation may follow on the same agenda (BR-152)."""
    session, rows = lock_agenda(session_id, actor)
    points = [point for point, _ in rows]
    room = load_room(session, points, at=at)
    counts = {point.position: room.quorum(point) for point in points}

    def guard() -> list[Blocker]:
        met = [position for position, count in counts.items() if count.is_met]
        return [
            *_find_empty(points),
            *find_open_votes(session),
            *(
                Blocker("quorum_met", f"Le quorum est atteint pour le point {position} : il peut être délibéré.")
                for position in met
            ),
        ]

    said = {
        "opened_at": session.opened_at.isoformat() if session.opened_at else "",
        "counts": {str(position): [*count.present, *count.represented] for position, count in counts.items()},
    }
    workflow.fire(session, "note_lack_of_quorum", actor=actor, guard=guard, data=said, at=at)
    _empty_room(session, at=at)
    return session


@transaction.atomic
def close_session(*, session_id: UUID, actor: User, at: datetime) -> CommissionSession:
    """Close once each point has ended; everybody leaves."""
    session, rows = lock_agenda(session_id, actor)
    workflow.fire(
        session,
        "close",
        actor=actor,
        guard=lambda: [
            *(
                Blocker(
                    "pending",
                    f"Le point {point.position} attend une issue : avis, report ou sursis à statuer.",
                    f"#point-{point.position}",
                )
                for point, _ in rows
            ),
            *find_open_votes(session),
        ],
        at=at,
    )
    _empty_room(session, at=at)
    return session


def find_open_votes(session: CommissionSession) -> list[Blocker]:
    votes = Vote.objects.filter(point__session=session, closed_at__isnull=True).select_related("point")
    return [
        Blocker("vote_open", f"Un scrutin est ouvert sur le point {vote.point.position} : clôturez-le d’abord.")
        for vote in votes.order_by("point__position", "pk")
    ]


def _empty_room(session: CommissionSession, *, at: datetime) -> None:
    list_present(session, at=at).update(left_at=at)
    session.guests.filter(entered_at__isnull=False, left_at__isnull=True).update(left_at=at)


def _somebody_may_chair(room: Room, candidature_id: UUID) -> bool:
    return any(
        (person := room.person_of(seat.code)) is not None and not room.conflicts.bars(candidature_id, person.pk)
        for seat in room.seats
        if seat.is_ex_officio
    )


def _find_plan_blockers(held_at: datetime, place: str, remote_url: str, *, at: datetime) -> list[Blocker]:
    blockers = _find_place_blockers(place, remote_url)
    if held_at <= at:
        blockers.append(Blocker("past", "Une séance se planifie pour une date à venir.", "#id_day"))
    return blockers


def _find_place_blockers(place: str, remote_url: str) -> list[Blocker]:
    if place.strip() or remote_url.strip():
        return []
    return [Blocker("place", "Indiquez un lieu, ou un lien de visioconférence.", "#id_place")]


def _find_empty(points: Sequence[AgendaPoint]) -> list[Blocker]:
    return [] if points else [Blocker("empty", "Aucun dossier n’est à examiner à l’ordre du jour de cette séance.")]


def _find_day_blockers(session: CommissionSession, *, at: datetime) -> list[Blocker]:
    day, today = timezone.localdate(session.held_at), timezone.localdate(at)
    if today == day:
        return []
    if today < day:
        return [Blocker("too_early", f"La séance est convoquée pour le {format_date(day)} : elle s’ouvre ce jour-là.")]
    return [
        Blocker(
            "too_late",
            f"La séance était convoquée pour le {format_date(day)}. Annulez-la et inscrivez ses dossiers à une autre.",
        )
    ]


def _find_chair_blockers(room: Room, chair: User | None, arrivals: Sequence[Arrival]) -> list[Blocker]:
    if chair is None:
        return [Blocker("chair", "Choisissez qui préside la séance.", "#id_chair_0")]
    seats = [seat.code for seat in room.seats if seat.is_ex_officio and room.is_entitled(seat.code, chair)]
    if not seats:
        return [
            Blocker(
                "chair",
                f"{chair} ne peut pas présider : la séance est présidée par un des deux co-présidents, ou son "
                "représentant, dont le mandat et la déclaration d’intérêts sont valables.",
                "#id_chair_0",
            )
        ]
    if not any(each.seat in seats and each.person_id == chair.pk for each in arrivals):
        return [Blocker("chair_absent", f"{chair} préside : indiquez sa présence à l’appel.", f"#id_seat-{seats[0]}_0")]
    return []


def _find_arrival_blockers(room: Room, arrivals: Sequence[Arrival]) -> list[Blocker]:
    blockers = []
    for each in arrivals:
        if not any(term.person_id == each.person_id for term in room.terms.get(each.seat, ())):
            blockers.append(
                Blocker("not_seated", "Cette personne n’a pas de mandat pour ce siège.", f"#id_seat-{each.seat}_0")
            )
    if len({each.seat for each in arrivals}) < len(arrivals):
        blockers.append(Blocker("seat_twice", "Un siège est occupé par une seule personne."))
    if len({each.person_id for each in arrivals}) < len(arrivals):
        blockers.append(Blocker("person_twice", "Une personne occupe un seul siège."))
    return blockers
