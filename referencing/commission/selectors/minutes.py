"""What happened in a session, as its minutes tell it (A-29)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from convergence.accounts.enums import Role
from referencing.commission.core.minutes import build_minutes, mask_minutes
from referencing.commission.enums import ANNOUNCED_STATES, Choice, OpinionKind, SessionState
from referencing.commission.models import (
    AgendaPoint,
    Attendance,
    CommissionSession,
    Guest,
    Mandate,
    Minutes,
    Opinion,
    Recusal,
    Seat,
    Term,
    Vote,
)
from referencing.commission.selectors.opinions import read_opinion

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: The minutes may be written: something happened.
HELD_STATES = [SessionState.OPEN, SessionState.WITHOUT_QUORUM, SessionState.CLOSED, SessionState.MINUTES_APPROVED]


def collect_minutes(session: CommissionSession, texts: Mapping[str, Any]) -> dict[str, Any]:
    """From the rows, until they are frozen; the same number of queries whatever the number of points."""
    seats = {seat.pk: seat for seat in Seat.objects.order_by("position")}
    by_code = {seat.code: seat for seat in seats.values()}
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
        members=_members(session, seats),
        mandates=[
            {
                "giver": seats[each.giver_id].title,
                "holder": seats[each.holder_id].title,
                "given_by": str(each.given_by),
                "given_at": each.given_at,
                "revoked_at": each.revoked_at,
            }
            for each in Mandate.objects.filter(session=session).select_related("given_by").order_by("given_at", "pk")
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
        points=_points(session, by_code),
        texts=texts,
    )


def _members(session: CommissionSession, seats: Mapping[int, Seat]) -> list[dict[str, Any]]:
    """One line per seat and person: those who came, with each of their stays; else the titular, absent; else vacant."""
    day = timezone.localdate(session.held_at)
    capacities: dict[tuple[int, Any], str] = {}
    titular: dict[int, User] = {}
    for term in Term.objects.covering(day).select_related("person").order_by("-capacity", "started_on", "pk"):
        capacities.setdefault((term.seat_id, term.person_id), str(term.get_capacity_display()))
        titular.setdefault(term.seat_id, term.person)
    stays: dict[tuple[int, Any], list[Attendance]] = {}
    for each in Attendance.objects.filter(session=session).select_related("person").order_by("arrived_at", "pk"):
        stays.setdefault((each.seat_id, each.person_id), []).append(each)
    rows = []
    for pk, seat in seats.items():
        came = {key: found for key, found in stays.items() if key[0] == pk}
        for key, found in came.items():
            presence = [
                {"mode": str(each.get_mode_display()), "arrived_at": each.arrived_at, "left_at": each.left_at}
                for each in found
            ]
            rows.append(_member(seat, str(found[0].person), capacities.get(key, ""), presence))
        if not came:
            person = titular.get(pk)
            rows.append(_member(seat, str(person or ""), capacities.get((pk, person.pk), "") if person else "", []))
    return rows


def _member(seat: Seat, name: str, capacity: str, presence: list[dict[str, Any]]) -> dict[str, Any]:
    return {"seat": seat.title, "name": name, "capacity": capacity, "presence": presence}


def _points(session: CommissionSession, seats: Mapping[str, Seat]) -> list[dict[str, Any]]:
    points = list(session.points.select_related("rapporteur").in_order())  # type: ignore[attr-defined]
    recusals: dict[Any, list[str]] = {}
    # only of people who could have sat: those who held a term on that day
    terms = Term.objects.covering(timezone.localdate(session.held_at)).values("person")
    found = Recusal.objects.filter(candidature__in=[each.candidature_id for each in points], person__in=terms)
    for recusal in found.select_related("person").order_by("declared_at", "pk"):
        recusals.setdefault(recusal.candidature_id, []).append(str(recusal.person))
    votes: dict[Any, list[Vote]] = {}
    rounds = Vote.objects.filter(point__session=session).select_related("decided_by")
    for vote in rounds.prefetch_related("ballots__cast_by").order_by("round"):
        votes.setdefault(vote.point_id, []).append(vote)
    opinions = {each.point_id: each for each in Opinion.objects.filter(point__session=session)}
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
            "recusals": recusals.get(point.candidature_id, []),
            "votes": [_vote(each, seats) for each in votes.get(point.pk, [])],
            "opinion": _opinion(opinions.get(point.pk)),
        }
        for point in points
    ]


def _vote(vote: Vote, seats: Mapping[str, Seat]) -> dict[str, Any]:
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
            for ballot in sorted(vote.ballots.all(), key=lambda each: each.pk)
            if ballot.wants_dissent_noted and ballot.choice and ballot.choice != vote.result
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


def known_points(session: CommissionSession, user: User) -> set[str]:
    """Ids of the points that the person may know: an extract masks the others (A-28)."""
    return {str(pk) for pk in AgendaPoint.objects.visible_to(user).filter(session=session).values_list("pk", flat=True)}


def content_for(minutes: Minutes, user: User) -> dict[str, Any]:
    """The minutes as this person may read them."""
    return mask_minutes(content_of(minutes), known=known_points(minutes.session, user))


def reads_everything(session: CommissionSession, user: User) -> bool:
    """No point of the session is masked for this person: they may have the signed document itself."""
    return len(known_points(session, user)) == session.points.count()


def find_sessions_with_minutes(user: User) -> Q:
    """Sessions whose minutes the person reads: being written for whoever runs the commission, signed for members."""
    if user.access.has(Role.SECRETARY, Role.PRESIDENT):
        return Q(state__in=HELD_STATES)
    return Q(state=SessionState.MINUTES_APPROVED) & Q(state__in=ANNOUNCED_STATES)
