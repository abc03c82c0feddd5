"""The room of a session: quorum of each point, seats, arrivals and departures, mandates, guests."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.ui.typography import PARIS, format_time, join_words
from convergence.ui.values import Action, Badge, Link
from referencing.commission.core.quorum import Quorum
from referencing.commission.enums import UPCOMING_STATES, Capacity, Mode, PointOutcome, SessionState
from referencing.commission.forms.sessions import ArrivalForm, GuestForm, HourForm, MandateForm
from referencing.commission.models import AgendaPoint, Attendance, CommissionSession, Guest, Mandate
from referencing.commission.rules import can_chair, can_run
from referencing.commission.selectors.agenda import AgendaRow
from referencing.commission.selectors.people import list_terms
from referencing.commission.selectors.room import Room, Seating
from referencing.commission.selectors.sessions import COUNTED_STATES, LiveAgenda, list_guests, load_live_agenda
from referencing.commission.services.attendance import (
    MANDATE_STATES,
    add_guest,
    give_mandate,
    move_guest,
    record_arrival,
    record_departure,
    revoke_mandate,
)
from referencing.commission.views.frame import (
    address,
    get_managed_session,
    get_session,
    posted,
    run_action,
    run_step,
    session_crumbs,
)
from referencing.commission.wording import count_badge, outcome_badge, say_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from convergence.accounts.models import User


def room_values(session: CommissionSession, user: User, live: LiveAgenda) -> dict[str, Any]:
    """What `commission/_room.html` shows: the agenda as this person sees it, with the count of each pending point."""
    is_open = session.state in COUNTED_STATES
    return {
        "session": session,
        "is_open": is_open,
        "room_url": address("session_room", session.pk),
        "places": [_place(row, user, session, live.room, is_open=is_open, length=len(live.rows)) for row in live.rows],
    }


def _place(
    row: AgendaRow, user: User, session: CommissionSession, room: Room | None, *, is_open: bool, length: int
) -> dict[str, Any]:
    """One line of the agenda; a masked one holds its position and the word, nothing that could be compared."""
    if row.point is None:
        return {"position": row.position, "is_masked": True}
    point = row.point
    is_pending = point.outcome == PointOutcome.PENDING
    count = room.quorum(point) if room and is_open and is_pending else None
    return {
        "position": row.position,
        "is_masked": False,
        "product": point.product_name,
        "organisation": point.organisation_name,
        "url": address("point_detail", point.pk) if row.is_readable else "",
        "awaits_answer": row.awaits_answer,
        "outcome": outcome_badge(point.outcome),
        "reason": point.outcome_reason,
        "is_second": point.is_second_convocation,
        "rapporteur": point.rapporteur.get_full_name() if point.rapporteur else "",
        "count": say_count(count) if count else "",
        "is_met": count.is_met if count else False,
        "count_badge": count_badge(count) if count else None,
        "missing": list(_missing(point, room, count)) if room and count else [],
        "barred": _barred(point, room) if room and is_pending and can_run(user) else "",
        "links": _point_links(point, user, session) if is_pending and row.is_readable else [],
        "moves": _moves(point, length) if can_run(user) and session.state in UPCOMING_STATES else [],
    }


def _missing(point: AgendaPoint, room: Room, count: Quorum) -> Iterator[str]:
    """Who is not counted on the point, and why, in words."""
    counted = {*count.present, *count.represented}
    absent, recused, unable, vacant = [], [], [], 0
    for seat in room.seats:
        person = room.person_of(seat.code)
        if seat.code in counted:
            continue
        if person is None:
            vacant += 1
        elif room.conflicts.bars(point.candidature_id, person.pk):
            recused.append(person.get_full_name())
        elif not room.is_entitled(seat.code, person):
            unable.append(person.get_full_name())
        else:
            absent.append(person.get_full_name())
    for label, names in (
        ("Absents", absent),
        ("Déports", recused),
        ("Sans mandat ou déclaration valable", unable),
    ):
        if names:
            yield f"{label} : {', '.join(names)}"
    if vacant:
        yield f"Sièges vacants : {vacant}"


def _barred(point: AgendaPoint, room: Room) -> str:
    people = {term.person_id: term.person for terms in room.terms.values() for term in terms}
    names = [
        person.get_full_name() for person in people.values() if room.conflicts.bars(point.candidature_id, person.pk)
    ]
    return join_words(names)


def _point_links(point: AgendaPoint, user: User, session: CommissionSession) -> list[Link]:
    links = []
    if can_run(user) and session.state not in (SessionState.CLOSED, SessionState.CANCELLED):
        links.append(Link("Rapporteur", address("point_rapporteur", point.pk)))
    if can_chair(user, point):
        label = "Retirer de l’ordre du jour" if session.state == SessionState.PLANNED else "Reporter"
        links.append(Link(label, address("point_postpone", point.pk)))
        if session.state == SessionState.OPEN:
            links.append(Link("Surseoir à statuer", address("point_adjourn", point.pk)))
    return links


def _moves(point: AgendaPoint, length: int) -> list[Action]:
    """One place up or down, where there is one."""
    url = address("point_move", point.pk)
    return [
        Action(label, url, style="tertiary", icon=icon, hidden={"direction": way}, key=f"{way}-{point.position}")
        for label, icon, way in (
            (f"Monter le point {point.position}", "arrow-up-line", "up"),
            (f"Descendre le point {point.position}", "arrow-down-line", "down"),
        )
        if point.position != (1 if way == "up" else length)
    ]


def seats_values(session: CommissionSession, user: User, seating: Seating, guests: Iterable[Guest]) -> dict[str, Any]:
    """Who sits, came, left, is represented; guests."""
    attendances: dict[int, list[Attendance]] = {}
    for each in seating.attendances:
        attendances.setdefault(each.seat_id, []).append(each)
    standing = [each for each in seating.mandates if each.revoked_at is None]
    mandates = sorted(standing, key=lambda each: each.giver.position)
    given = {mandate.giver_id: mandate for mandate in mandates}
    terms = [term for term in seating.terms_on(timezone.localdate(session.held_at)) if term.person.is_active]
    titulars = {term.seat_id: term for term in terms if term.capacity == Capacity.TITULAR}
    is_keeper = can_chair(user, session) and session.state == SessionState.OPEN
    names = {term.seat_id: term.person.get_full_name() for term in titulars.values()}
    return {
        "seats": [
            {
                "title": seat.title,
                "name": names.get(seat.pk, "Siège vacant"),
                "stays": [_stay(each, names.get(seat.pk, ""), is_keeper) for each in attendances.get(seat.pk, ())],
                "mandate": _mandate_words(given[seat.pk], names) if seat.pk in given else "",
                "is_here": _is_here(attendances.get(seat.pk, ())),
            }
            for seat in seating.seats
        ],
        "mandates": [
            {
                "words": f"{each.given_by.get_full_name()} donne mandat à {names.get(each.holder_id, each.holder.title)}",
                "revoke": Action(
                    "Retirer ce mandat", address("mandate_revoke", each.pk), style="tertiary", key=f"revoke-{each.pk}"
                )
                if session.state in MANDATE_STATES and (can_run(user) or each.given_by_id == user.pk)
                else None,
            }
            for each in mandates
        ],
        "guests": [_guest(each, is_keeper) for each in guests],
        "is_keeper": is_keeper,
        "may_give": session.state in MANDATE_STATES
        and (
            can_run(user)
            or any(
                term.person_id == user.pk and seat not in given and not _is_here(attendances.get(seat, ()))
                for seat, term in titulars.items()
            )
        ),
    }


def _is_here(stays: Iterable[Attendance]) -> bool:
    return any(each.left_at is None for each in stays)


def _stay(attendance: Attendance, titular: str, is_keeper: bool) -> dict[str, Any]:
    name = attendance.person.get_full_name()
    words = f"{Mode(attendance.mode).label}, depuis {format_time(attendance.arrived_at)}"
    if attendance.left_at:
        words = f"{Mode(attendance.mode).label}, de {format_time(attendance.arrived_at)} à {format_time(attendance.left_at)}"
    return {
        "words": words if name == titular else f"{name} – {words}",
        "leave_url": address("attendance_leave", attendance.pk) if is_keeper and attendance.left_at is None else "",
        "name": name,
    }


def _mandate_words(mandate: Mandate, names: dict[int, str]) -> str:
    return f"A donné mandat à {names.get(mandate.holder_id, mandate.holder.title)}"


def _guest(guest: Guest, is_keeper: bool) -> dict[str, Any]:
    is_inside = guest.entered_at is not None and guest.left_at is None
    if is_inside and guest.entered_at:
        badge, said = Badge("Dans la salle", tone="warning"), f"Entrée à {format_time(guest.entered_at)}"
    elif guest.entered_at and guest.left_at:
        badge = Badge("Sortie", tone="success")
        said = f"Entrée à {format_time(guest.entered_at)}, sortie à {format_time(guest.left_at)}"
    else:
        badge, said = Badge("Attendue", tone="neutral"), ""
    return {
        "name": guest.name,
        "quality": guest.quality,
        "about": f"Point {guest.point.position}" if guest.point else "Toute la séance",
        "badge": badge,
        "said": said,
        "move": Action(
            f"Faire sortir {guest.name}" if is_inside else f"Faire entrer {guest.name}",
            address("guest_move", guest.pk),
            style="tertiary",
            hidden={"direction": "out" if is_inside else "in"},
            key=f"guest-{guest.pk}",
        )
        if is_keeper
        else None,
    }


@require_GET
@login_required
def session_room(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The agenda with its counts, read again every few seconds while the session is open."""
    session = get_session(request, pk)
    live = load_live_agenda(session, request.user, at=timezone.now())
    response = render(request, "commission/_room.html", room_values(session, request.user, live))
    if session.state != SessionState.OPEN:
        response["HX-Refresh"] = "true"
    return response


@require_http_methods(["GET", "POST"])
@login_required
def attendance_record(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Somebody arrives after the roll call."""
    session, now = get_managed_session(request, pk, by_chair=True), timezone.now()
    here = set(Attendance.objects.filter(session=session, left_at__isnull=True).values_list("seat", flat=True))
    form = ArrivalForm(
        posted(request),
        terms=[term for term in list_terms(session) if term.seat_id not in here],
        initial={"mode": Mode.IN_PERSON, "arrived_at": timezone.localtime(now).time()},
    )

    def arrive() -> None:
        seat, _, person = form.cleaned_data["who"].partition(":")
        record_arrival(
            session_id=pk,
            seat_id=int(seat),
            person_id=UUID(person),
            mode=form.cleaned_data["mode"],
            arrived_at=at_hour(session, form.cleaned_data["arrived_at"]),
            actor=request.user,
            at=now,
        )

    return run_step(
        request,
        form=form,
        service=arrive,
        title="Enregistrer une arrivée",
        button="Enregistrer l’arrivée",
        done="L’arrivée est enregistrée.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


@require_http_methods(["GET", "POST"])
@login_required
def attendance_leave(request: SignedInRequest, pk: int) -> HttpResponse:
    """Somebody leaves the session."""
    attendance = get_object_or_404(
        Attendance.objects.select_related("session", "person"),
        pk=pk,
        session__in=CommissionSession.objects.visible_to(request.user),
    )
    session, now = get_managed_session(request, attendance.session_id, by_chair=True), timezone.now()
    form = HourForm(posted(request), initial={"left_at": timezone.localtime(now).time()})
    return run_step(
        request,
        form=form,
        service=lambda: record_departure(
            attendance_id=pk, left_at=at_hour(session, form.cleaned_data["left_at"]), actor=request.user, at=now
        ),
        title=f"Départ de {attendance.person.get_full_name()}",
        button="Enregistrer le départ",
        done="Le départ est enregistré.",
        text="Le quorum de chaque point est recompté. Un mandat porté par cette personne ne compte plus tant qu’elle est "
        "absente.",
        back=address("session_detail", session.pk),
        crumbs=session_crumbs(session),
    )


@require_http_methods(["GET", "POST"])
@login_required
def mandate_give(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """An absent member gives power to another; the secretary records it for any of them."""
    session = get_session(request, pk)
    titulars = [term for term in list_terms(session) if term.capacity == Capacity.TITULAR]
    givers = titulars if can_run(request.user) else [term for term in titulars if term.person_id == request.user.pk]
    if not givers and not can_run(request.user):
        raise PermissionDenied("give_mandate")
    form = MandateForm(
        posted(request),
        givers=givers,
        holders=titulars,
        initial={"giver": str(givers[0].seat_id)} if len(givers) == 1 else {},
    )
    return run_step(
        request,
        form=form,
        service=lambda: give_mandate(
            session_id=pk,
            giver_id=int(form.cleaned_data["giver"]),
            holder_id=int(form.cleaned_data["holder"]),
            actor=request.user,
            at=timezone.now(),
        ),
        title="Donner mandat",
        button="Donner mandat",
        done="Le mandat est enregistré.",
        text="Un membre porte un seul mandat. Le mandat ne compte pas sur un dossier dont l’un des deux membres est déporté.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


@require_POST
@login_required
def mandate_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    mandate = get_object_or_404(Mandate, pk=pk, session__in=CommissionSession.objects.visible_to(request.user))
    return run_action(
        request,
        service=lambda: revoke_mandate(mandate_id=pk, actor=request.user, at=timezone.now()),
        done="Le mandat est retiré.",
        back=address("session_detail", mandate.session_id),
    )


@require_http_methods(["GET", "POST"])
@login_required
def guest_add(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Somebody to hear without a voice (A-29)."""
    session = get_managed_session(request, pk, by_chair=True)
    points = AgendaPoint.objects.visible_to(request.user).filter(session=session).pending().in_order()
    form = GuestForm(posted(request), points=points)
    return run_step(
        request,
        form=form,
        service=lambda: add_guest(
            session_id=pk,
            name=form.cleaned_data["name"],
            quality=form.cleaned_data["quality"],
            point_id=UUID(form.cleaned_data["point"]) if form.cleaned_data["point"] else None,
            actor=request.user,
        ),
        title="Inviter une personne",
        button="Ajouter la personne",
        done="La personne est ajoutée.",
        text="Une personne invitée est entendue sans voix délibérative, et sort avant le vote.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


@require_POST
@login_required
def guest_move(request: SignedInRequest, pk: int) -> HttpResponse:
    """In or out, now."""
    guest = get_object_or_404(Guest, pk=pk, session__in=CommissionSession.objects.visible_to(request.user))
    session, now = get_managed_session(request, guest.session_id, by_chair=True), timezone.now()
    if guest not in list_guests(session, request.user):
        raise Http404("guest")
    return run_action(
        request,
        service=lambda: move_guest(
            guest_id=pk,
            is_entering=request.POST.get("direction") != "out",
            moved_at=now,
            actor=request.user,
            at=now,
        ),
        done="",
        back=address("session_detail", session.pk),
    )


def at_hour(session: CommissionSession, hour: Any) -> datetime:
    """That hour of the day of the session; an hour given to the minute counts from the opening at the earliest."""
    given = datetime.combine(timezone.localdate(session.held_at), hour, tzinfo=PARIS)
    opened = session.opened_at
    if opened is not None and given < opened < given.replace(second=59, microsecond=999_999):
        return opened
    return given
