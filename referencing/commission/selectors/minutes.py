"""What happened in a session, as its minutes tell it (A-29)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from convergence.accounts.enums import Role
from referencing.commission.core.minutes import build_minutes, mask_minutes
from referencing.commission.enums import Choice, OpinionKind, SessionState
from referencing.commission.models import (
    AgendaPoint,
    Attendance,
    Ballot,
    CommissionSession,
    Guest,
    Minutes,
    Opinion,
    Seat,
    Term,
    Vote,
)
from referencing.commission.selectors.conflicts import ties_of, with_ties
from referencing.commission.selectors.opinions import read_opinion
from referencing.commission.selectors.room import Seating, load_seating

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: The minutes may be written: something happened.
HELD_STATES = [SessionState.OPEN, SessionState.WITHOUT_QUORUM, SessionState.CLOSED, SessionState.MINUTES_APPROVED]


@dataclass(frozen=True, slots=True)
class Reach:
    """Which points of a session one person may know."""

    known: frozenset[str]
    """By id, as text: an extract masks the others (A-28)."""
    is_whole: bool
    """No point is masked for this person: they may have the signed document itself."""


def collect_minutes(session: CommissionSession, texts: Mapping[str, Any]) -> dict[str, Any]:
    """From the rows, until they are frozen; six queries, whatever the number of points."""
    seating = load_seating(session, at=session.held_at)
    terms = seating.terms_on(timezone.localdate(session.held_at))
    return build_minutes(
        session={
            "number": session.number,
            "held_at": session.held_at,
            "opened_at": session.opened_at,
            "closed_at": session.closed_at,
            "place": session.place,
            "is_remote": bool(session.remote_url),
            "chair": str(session.chair or ""),
        },
        members=_members(seating, terms),
        mandates=[
            {
                "giver": each.giver.title,
                "holder": each.holder.title,
                "given_by": str(each.given_by),
                "given_at": each.given_at,
                "revoked_at": each.revoked_at,
            }
            for each in seating.mandates
        ],
        guests=[
            {
                "name": each.name,
                "quality": each.quality,
                "entered_at": each.entered_at,
                "left_at": each.left_at,
                "point_id": str(each.point_id) if each.point_id else "",
            }
            for each in Guest.objects.filter(session=session, entered_at__isnull=False).order_by("entered_at", "pk")
        ],
        points=_points(session, seating, terms),
        texts=texts,
    )


def _members(seating: Seating, terms: Sequence[Term]) -> list[dict[str, Any]]:
    """One line per seat and person: those who came, with each of their stays; else the titular, absent; else vacant."""
    capacities: dict[tuple[int, Any], str] = {}
    titular: dict[int, User] = {}
    for term in terms:
        capacities.setdefault((term.seat_id, term.person_id), str(term.get_capacity_display()))
        titular.setdefault(term.seat_id, term.person)
    stays: dict[tuple[int, Any], list[Attendance]] = {}
    for each in seating.attendances:
        stays.setdefault((each.seat_id, each.person_id), []).append(each)
    rows = []
    for seat in seating.seats:
        came = {key: found for key, found in stays.items() if key[0] == seat.pk}
        for key, found in came.items():
            presence = [
                {"mode": str(each.get_mode_display()), "arrived_at": each.arrived_at, "left_at": each.left_at}
                for each in found
            ]
            rows.append(_member(seat, str(found[0].person), capacities.get(key, ""), presence))
        if not came:
            person = titular.get(seat.pk)
            capacity = capacities.get((seat.pk, person.pk), "") if person else ""
            rows.append(_member(seat, str(person or ""), capacity, []))
    return rows


def _member(seat: Seat, name: str, capacity: str, presence: list[dict[str, Any]]) -> dict[str, Any]:
    return {"seat": seat.title, "name": name, "capacity": capacity, "presence": presence}


def _points(session: CommissionSession, seating: Seating, terms: Sequence[Term]) -> list[dict[str, Any]]:
    # of those who said that they had a link, only people who could have sat: those who held a term on that day
    members = {term.person_id: str(term.person) for term in terms}
    seats = {seat.code: seat for seat in seating.seats}
    votes: dict[Any, dict[Any, Vote]] = {}
    dissents: dict[Any, list[Ballot]] = {}
    for vote in Vote.objects.filter(point__session=session).with_dissents():
        votes.setdefault(vote.point_id, {}).setdefault(vote.pk, vote)
        if dissent := getattr(vote, "dissent", None):
            dissents.setdefault(vote.pk, []).append(dissent)
    points = with_ties(AgendaPoint.objects.filter(session=session), "candidature__")
    return [
        {
            "id": str(point.pk),
            "position": point.position,
            "product": point.product_name,
            "organisation": point.organisation_name,
            "rapporteur": str(point.rapporteur or ""),
            "examined_at": point.examined_at,
            "deliberated_at": point.deliberated_at,
            "ended_at": point.ended_at,
            "outcome": point.outcome,
            "outcome_text": str(point.get_outcome_display()),
            "outcome_reason": point.outcome_reason,
            "recusals": [members[each] for each in ties_of(point).recused if each in members],
            "votes": [_vote(each, dissents.get(each.pk, ()), seats) for each in votes.get(point.pk, {}).values()],
            "opinion": _opinion(getattr(point, "opinion", None)),
        }
        for point in points.select_related("rapporteur", "opinion").in_order()
    ]


def _vote(vote: Vote, dissents: Sequence[Ballot], seats: Mapping[str, Seat]) -> dict[str, Any]:
    """The sense of a deliberation: totals, and the members who asked that their dissent be mentioned. No other name."""
    quorum, tally = vote.quorum, vote.tally
    return {
        "round": vote.round,
        "is_secret": vote.is_secret,
        "opened_at": vote.opened_at,
        "closed_at": vote.closed_at,
        "void_reason": vote.void_reason,
        "present": [seats[code].title for code in quorum.get("present", [])],
        "represented": [seats[code].title for code in quorum.get("represented", [])],
        "needed": quorum.get("needed"),
        "is_second_convocation": quorum.get("is_second_convocation", False),
        "counts": [
            {"text": OpinionKind(kind).label, "voices": tally.get("counts", {}).get(kind, 0)} for kind in vote.options
        ],
        "abstentions": tally.get("abstentions", 0),
        "not_cast": tally.get("not_cast", 0),
        "voices": tally.get("voices", 0),
        "result": vote.result,
        "result_text": str(vote.get_result_display()) if vote.result else "",
        "decided_by": str(vote.decided_by or ""),
        "dissents": [
            {"name": str(ballot.cast_by), "choice": str(Choice(ballot.choice).label)}
            for ballot in dissents
            if ballot.choice and ballot.choice != vote.result
        ],
    }


def _opinion(opinion: Opinion | None) -> dict[str, Any] | None:
    if opinion is None:
        return None
    content = read_opinion(opinion)
    return {
        "kind": content["kind"],
        "kind_text": content["kind_text"],
        "reasons": content["reasons"],
        "reservations": [{**each, "due_on": date.fromisoformat(each["due_on"])} for each in content["reservations"]],
        "sha256": opinion.sha256,
    }


_INSTANTS = frozenset(
    {"held_at", "opened_at", "closed_at", "given_at", "revoked_at", "entered_at", "left_at", "arrived_at"}
    | {"examined_at", "deliberated_at", "ended_at", "signed_at"}
)


def read_minutes(payload: bytes) -> dict[str, Any]:
    """The frozen minutes as pages and PDF show them, instants as datetimes and days as dates."""
    content: dict[str, Any] = json.loads(payload, object_hook=_revive)
    return content


def _revive(row: dict[str, Any]) -> dict[str, Any]:
    revived: dict[str, Any] = {}
    for key, value in row.items():
        if key in _INSTANTS and isinstance(value, str):
            revived[key] = datetime.fromisoformat(value)
        elif key == "due_on":
            revived[key] = date.fromisoformat(value)
        else:
            revived[key] = value
    return revived


def content_of(minutes: Minutes) -> dict[str, Any]:
    """What was frozen once signed, what the rows say before."""
    if minutes.signed_at is not None:
        return read_minutes(bytes(minutes.payload))
    return collect_minutes(minutes.session, minutes.texts)


def load_reach(session: CommissionSession, user: User) -> Reach:
    """One query."""
    points = AgendaPoint.objects.filter(session=session).with_knowledge_of(user)
    reads = {str(pk): is_readable for pk, is_readable in points.values_list("pk", "is_readable")}
    return Reach(frozenset(pk for pk, is_readable in reads.items() if is_readable), all(reads.values()))


def content_for(minutes: Minutes, user: User, reach: Reach | None = None) -> dict[str, Any]:
    """The minutes as this person may read them; `reach` is theirs, when it was read already."""
    return mask_minutes(content_of(minutes), known=(reach or load_reach(minutes.session, user)).known)


def find_sessions_with_minutes(user: User) -> Q:
    """Sessions whose minutes the person reads."""
    return Q(state__in=_states_with_minutes(user))


def reads_minutes(session: CommissionSession, user: User) -> bool:
    """As `find_sessions_with_minutes`, for a session that the person sees."""
    return session.state in _states_with_minutes(user)


def _states_with_minutes(user: User) -> list[SessionState]:
    """Being written for whoever runs the commission, signed for members."""
    return HELD_STATES if user.access.has(Role.SECRETARY, Role.PRESIDENT) else [SessionState.MINUTES_APPROVED]
