"""Sessions of the commission: list, page, convocation, opening, end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.enums import Role
from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.ui.typography import format_date, format_datetime
from convergence.ui.values import Action, Item, Link, Row
from evidence.services import stream
from referencing.commission.core.notice import last_day_to_receive
from referencing.commission.enums import UPCOMING_STATES, SessionState
from referencing.commission.forms.sessions import (
    LetterForm,
    OpeningForm,
    PlaceForm,
    ReasonForm,
    SecondConvocationForm,
    SessionForm,
    UrgencyForm,
)
from referencing.commission.models import (
    AgendaPoint,
    CommissionSession,
    Convocation,
    ConvocationDocument,
    ConvocationReceipt,
)
from referencing.commission.notices import SECOND_MENTION, appointment_file, where
from referencing.commission.rules import can_run
from referencing.commission.selectors.room import load_room
from referencing.commission.selectors.sessions import SessionPage, has_unread, load_session_page
from referencing.commission.services.convoking import (
    find_notice_blockers,
    list_late_receipts,
    mask_of,
    note_consulted,
    prepare_document,
    record_letter,
)
from referencing.commission.services.sessions import (
    cancel_session,
    close_session,
    convoke,
    convoke_again,
    edit_session,
    note_lack_of_quorum,
    open_session,
    plan_session,
)
from referencing.commission.views.attendance import room_values, seats_values
from referencing.commission.views.frame import (
    address,
    get_managed_session,
    get_session,
    posted,
    require_commission,
    run_confirmed,
    run_step,
    session_crumbs,
    session_title,
)
from referencing.commission.views.minutes import follow_up
from referencing.commission.wording import session_badge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convergence.accounts.models import User

LIST_LIMIT = 100
COLUMNS = ["Séance", "Date", "Lieu", "Dossiers", "État"]


@require_GET
@login_required
def session_list(request: SignedInRequest) -> HttpResponse:
    """Sessions to come, then past ones."""
    require_commission(request.user)
    sessions = list(
        CommissionSession.objects.visible_to(request.user).with_point_count().order_by("-held_at", "-pk")[:LIST_LIMIT]
    )
    to_come = [each for each in reversed(sessions) if each.state in (*UPCOMING_STATES, SessionState.OPEN)]
    past = [each for each in sessions if each not in to_come]
    return render(
        request,
        "commission/session_list.html",
        {
            "columns": COLUMNS,
            "to_come": [_row(each) for each in to_come],
            "past": [_row(each) for each in past],
            "may_plan": can_run(request.user),
        },
    )


def _row(session: CommissionSession) -> Row:
    return Row(
        [
            f"Séance n° {session.number}",
            format_datetime(session.held_at),
            session.place or "À distance",
            session.point_count,  # type: ignore[attr-defined]
            session_badge(session.state),
        ],
        url=address("session_detail", session.pk),
        key=str(session.number),
    )


@require_GET
@login_required
def session_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The session: agenda as each may know it, live quorum, room, convocations and their proofs."""
    user, now = request.user, timezone.now()
    session = get_session(request, pk, has_unread=has_unread(user))
    if session.has_unread:  # type: ignore[attr-defined]
        note_consulted(session, user, at=now)
    page = load_session_page(session, user, at=now)
    room = room_values(session, user, page.live)
    waiting = [place["position"] for place in room["places"] if place.get("awaits_answer")]
    is_member = user.access.has(Role.PRESIDENT, Role.MEMBER)
    who, what, mine = _ball(session, user, waits=bool(waiting) and is_member)
    return render(
        request,
        "commission/session_detail.html",
        {
            **room,
            **seats_values(session, user, page.live.seating, page.guests),
            "title": session_title(session),
            "crumbs": [*session_crumbs(session)[:1], Link(session_title(session))],
            "badge": session_badge(session.state),
            "ball_who": who,
            "ball_what": what,
            "ball_until": timezone.localdate(session.held_at)
            if session.state in (SessionState.CONVOKED, SessionState.RECONVOKED)
            else None,
            "ball_is_mine": mine,
            "items": list(_items(session)),
            "actions": list(_actions(session, user, room["places"], at=now)),
            "more": list(_more(session, user)),
            "is_secretary": can_run(user),
            "is_member": is_member,
            "waiting_count": len(waiting) if is_member else 0,
            "link_url": address("link_declare", pk),
            "review_url": f"{address('link_declare', pk)}?revoir=1",
            "may_review": is_member
            and session.state in (SessionState.CONVOKED, SessionState.RECONVOKED, SessionState.OPEN),
            "calendar_url": address("session_calendar", pk),
            "convocations": [
                Link(
                    f"{each.get_kind_display()} du {format_date(each.sent_at)} (PDF cacheté)",
                    address("convocation_download", each.pk),
                )
                for each in page.convocations
            ],
            **follow_up(session, user, page.lifted),
            **_secretary_values(session, page),
        },
    )


def _ball(session: CommissionSession, user: User, *, waits: bool) -> tuple[str, str, bool]:
    """Who must do what now."""
    secretary = "Vous" if can_run(user) else "Le secrétariat"
    verb = "devez" if can_run(user) else "doit"
    words = {
        SessionState.PLANNED: (secretary, f"{verb} compléter l’ordre du jour et convoquer la commission"),
        SessionState.WITHOUT_QUORUM: (secretary, f"{verb} convoquer une seconde fois, ou annuler la séance"),
        SessionState.CONVOKED: ("Les membres", "déclarent leurs liens, puis lisent les dossiers"),
        SessionState.RECONVOKED: ("Les membres", "déclarent leurs liens, puis lisent les dossiers"),
        SessionState.OPEN: ("La commission", "examine les dossiers"),
        SessionState.CLOSED: (secretary, f"{verb} établir le procès-verbal"),
    }
    if waits and session.state in (SessionState.CONVOKED, SessionState.RECONVOKED, SessionState.OPEN):
        return "Vous", "devez déclarer vos liens d’intérêts sur l’ordre du jour", True
    who, what = words.get(SessionState(session.state), ("", ""))
    return who, what, who == "Vous"


def _items(session: CommissionSession) -> Iterator[Item]:
    yield Item("Séance", f"n° {session.number}")
    yield Item("Date", format_datetime(session.held_at))
    if session.place:
        yield Item("Lieu", session.place)
    if session.remote_url:
        yield Item("À distance", Link("Rejoindre la visioconférence", session.remote_url))
    if session.chair:
        yield Item("Présidée par", session.chair.get_full_name())
    if session.opened_at:
        yield Item("Ouverte", format_datetime(session.opened_at))
    if session.closed_at:
        yield Item("Terminée", format_datetime(session.closed_at))
    if session.end_reason:
        yield Item("Motif", session.end_reason)


def _actions(session: CommissionSession, user: User, places: list[dict[str, Any]], *, at: datetime) -> Iterator[Action]:
    """What this person may do next with the session; the main one stands out once nothing bars it."""
    is_its_day = timezone.localdate(session.held_at) == timezone.localdate(at)
    counts = [place["is_met"] for place in places if place.get("count")]
    steps = [
        ("convoke", "Convoquer la commission", "session_convoke", bool(places), True),
        ("open", "Ouvrir la séance", "session_open", True, is_its_day),
        ("convoke_again", "Convoquer une seconde fois", "session_convoke_again", True, True),
        ("close", "Clore la séance", "session_close", not counts, True),
        ("note_lack_of_quorum", "Constater l’absence de quorum", "session_lack", False, counts and not any(counts)),
    ]
    for transition, label, name, is_main, is_timely in steps:
        if is_timely and is_allowed(session, transition, user):
            yield Action(label, address(name, session.pk), style="primary" if is_main else "secondary")


def _more(session: CommissionSession, user: User) -> Iterator[Link]:
    if not can_run(user):
        return
    if session.state in UPCOMING_STATES:
        yield Link("Inscrire des dossiers", address("agenda_add", session.pk))
        yield Link("Modifier la séance", address("session_update", session.pk))
    if is_allowed(session, "cancel", user):
        yield Link("Annuler la séance", address("session_cancel", session.pk))


def _secretary_values(session: CommissionSession, page: SessionPage) -> dict[str, Any]:
    is_awaited = session.state in (SessionState.CONVOKED, SessionState.RECONVOKED)
    late = list_late_receipts(session, page.receipts) if is_awaited else []
    points = {row.point.candidature_id: row.point for row in page.live.rows if row.point}
    return {
        "receipt_columns": ["Membre", "Convocation", "Reçue", "Consultée", "Lettre"],
        "receipts": [
            Row(
                [
                    each.person.get_full_name(),
                    f"{each.convocation.get_kind_display()} du {format_date(each.convocation.sent_at)}",
                    f"{format_date(each.received_at)}, {each.get_channel_display().lower()}"
                    if each.received_at
                    else "",
                    format_datetime(each.consulted_at) if each.consulted_at else "Pas encore",
                    each.proof or Link("Enregistrer une lettre", address("receipt_record", each.pk)),
                ],
                key=f"receipt-{each.pk}",
            )
            for each in page.receipts
        ],
        "late": [each.person.get_full_name() for each in late],
        "recusals": [
            {
                "words": f"Point {points[each.candidature_id].position} : {each.person.get_full_name()}, "
                f"{each.get_source_display().lower()}",
                "lift_url": address("recusal_lift", session.pk, each.pk)
                if session.state in UPCOMING_STATES and each.source == "declared"
                else "",
            }
            for each in page.recusals
        ],
    }


# -- planning


@require_http_methods(["GET", "POST"])
@login_required
def session_create(request: SignedInRequest) -> HttpResponse:
    """A new session, with its day and its place."""
    if not can_run(request.user):
        raise PermissionDenied("session_create")
    form = SessionForm(posted(request))
    made: list[CommissionSession] = []

    def plan() -> None:
        made.append(
            plan_session(
                held_at=form.held_at(),
                place=form.cleaned_data["place"],
                remote_url=form.cleaned_data["remote_url"],
                actor=request.user,
                at=timezone.now(),
            )
        )

    response = run_step(
        request,
        form=form,
        service=plan,
        title="Planifier une séance",
        button="Planifier la séance",
        done="La séance est planifiée. Inscrivez des dossiers à son ordre du jour.",
        text="Les membres ne la voient pas avant la convocation.",
        back=address("session_list"),
        crumbs=[Link("Commission", address("session_list"))],
    )
    return redirect("commission:session_detail", made[0].pk) if made else response


@require_http_methods(["GET", "POST"])
@login_required
def session_update(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Day and place while planned; then place and link only."""
    session = get_managed_session(request, pk)
    local = timezone.localtime(session.held_at)
    initial = {"day": local.date(), "hour": local.time(), "place": session.place, "remote_url": session.remote_url}
    is_planned = session.state == SessionState.PLANNED
    form: PlaceForm = (
        SessionForm(posted(request), initial=initial) if is_planned else PlaceForm(posted(request), initial=initial)
    )
    return run_step(
        request,
        form=form,
        service=lambda: edit_session(
            session_id=pk,
            held_at=form.held_at() if isinstance(form, SessionForm) else session.held_at,
            place=form.cleaned_data["place"],
            remote_url=form.cleaned_data["remote_url"],
            actor=request.user,
            at=timezone.now(),
        ),
        title="Modifier la séance",
        button="Enregistrer",
        done="La séance est modifiée.",
        text=""
        if is_planned
        else "La date a été annoncée : pour en changer, annulez la séance. Les membres reçoivent le nouveau lieu.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


@require_http_methods(["GET", "POST"])
@login_required
def session_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    session = get_managed_session(request, pk)
    form = ReasonForm(posted(request))
    return run_step(
        request,
        form=form,
        service=lambda: cancel_session(
            session_id=pk, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now()
        ),
        title="Annuler la séance",
        button="Annuler la séance",
        done="La séance est annulée.",
        text="Les dossiers qui restent à examiner redeviennent prêts pour la commission. Les membres sont prévenus si la "
        "séance était convoquée. Une séance annulée ne se rouvre pas.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


# -- convocations


@require_http_methods(["GET", "POST"])
@login_required
def session_convoke(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The convocation, with what it will say and what bars it."""
    session, now = get_managed_session(request, pk), timezone.now()
    form = UrgencyForm(posted(request))
    last = last_day_to_receive(timezone.localdate(session.held_at))
    points = AgendaPoint.objects.filter(session=session).pending().count()
    return run_step(
        request,
        form=form,
        service=lambda: convoke(
            session_id=pk, urgency_reason=form.cleaned_data["urgency_reason"], actor=request.user, at=now
        ),
        title="Convoquer la commission",
        button="Envoyer la convocation",
        done="La convocation est envoyée.",
        text="Chaque membre reçoit la convocation sur la plateforme et par courriel, avec le rendez-vous. L’éditeur de chaque "
        "dossier apprend la date. La date de la séance ne change plus ensuite.",
        items=[
            Item("Séance", format_datetime(session.held_at)),
            Item("Lieu", where(session.place, session.remote_url)),
            Item("Points à l’ordre du jour", str(points)),
            Item("À recevoir au plus tard le", format_date(last)),
        ],
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
        warnings=find_notice_blockers(session, "", at=now) if request.method == "GET" else [],
    )


@require_http_methods(["GET", "POST"])
@login_required
def session_convoke_again(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Second convocation on the same agenda (BR-152)."""
    session = get_managed_session(request, pk)
    form = SecondConvocationForm(posted(request), initial={"place": session.place, "remote_url": session.remote_url})
    return run_step(
        request,
        form=form,
        service=lambda: convoke_again(
            session_id=pk,
            held_at=form.held_at(),
            place=form.cleaned_data["place"],
            remote_url=form.cleaned_data["remote_url"],
            urgency_reason=form.cleaned_data["urgency_reason"],
            actor=request.user,
            at=timezone.now(),
        ),
        title="Convoquer une seconde fois",
        button="Envoyer la seconde convocation",
        done="La seconde convocation est envoyée.",
        text=f"La convocation porte cette mention : « {SECOND_MENTION} »",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


@require_GET
@login_required
def convocation_download(request: SignedInRequest, pk: UUID) -> HttpResponse | FileResponse:
    """The sealed PDF, without the points that the person may not know; made again when that changed."""
    convocation = get_object_or_404(
        Convocation.objects.filter(session__in=CommissionSession.objects.visible_to(request.user)), pk=pk
    )
    known = {
        str(each)
        for each in AgendaPoint.objects.known_by_name_to(request.user)
        .filter(session=convocation.session_id)
        .values_list("pk", flat=True)
    }
    masked = [row["point"] for row in convocation.agenda if row["point"] not in known]
    document = ConvocationDocument.objects.filter(convocation=convocation, mask=mask_of(masked)).first()
    if document is None:
        prepare_document(convocation, masked)
        messages.info(request, "Le document est en préparation : rechargez la page dans un instant.")
        return redirect("commission:session_detail", convocation.session_id)
    return stream(document.file)


@require_GET
@login_required
def session_calendar(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The session as a file for one’s calendar; it names no file."""
    file = appointment_file(get_session(request, pk))
    response = HttpResponse(file.text, content_type=f"{file.mime}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


@require_http_methods(["GET", "POST"])
@login_required
def receipt_record(request: SignedInRequest, pk: int) -> HttpResponse:
    """A convocation received by letter, with its proof."""
    receipt = get_object_or_404(
        ConvocationReceipt.objects.select_related("convocation", "person"),
        pk=pk,
        convocation__session__in=CommissionSession.objects.visible_to(request.user),
    )
    session = get_managed_session(request, receipt.convocation.session_id)
    form = LetterForm(posted(request))
    return run_step(
        request,
        form=form,
        service=lambda: record_letter(
            receipt_id=pk,
            received_on=form.cleaned_data["received_on"],
            proof=form.cleaned_data["proof"],
            actor=request.user,
            at=timezone.now(),
        ),
        title=f"Convocation par lettre de {receipt.person.get_full_name()}",
        button="Enregistrer la réception",
        done="La réception est enregistrée.",
        text="Le jour de la lettre remplace celui du courriel pour compter les cinq jours francs.",
        back=address("session_detail", session.pk),
        crumbs=session_crumbs(session),
    )


# -- the session itself


@require_http_methods(["GET", "POST"])
@login_required
def session_open(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Who chairs, and the roll call."""
    session, now = get_managed_session(request, pk, by_chair=True), timezone.now()
    room = load_room(session, [], at=now)
    form = OpeningForm(
        posted(request), seats=room.seats, terms=room.terms, initial={"chair": _own_chair(request.user, room)}
    )
    return run_step(
        request,
        form=form,
        service=lambda: open_session(
            session_id=pk,
            chair_id=UUID(form.cleaned_data["chair"]) if form.cleaned_data["chair"] else None,
            arrivals=form.arrivals(),
            actor=request.user,
            at=now,
        ),
        title="Ouvrir la séance",
        button="Ouvrir la séance",
        done="La séance est ouverte.",
        text="Faites l’appel. Les arrivées et les départs s’enregistrent ensuite à leur heure.",
        template="commission/session_open.html",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


def _own_chair(user: User, room: Any) -> str:
    """The co-president who opens chairs, unless another one is chosen."""
    ex_officio = [seat.code for seat in room.seats if seat.is_ex_officio]
    is_mine = any(term.person_id == user.pk for code in ex_officio for term in room.terms.get(code, ()))
    return str(user.pk) if is_mine else ""


@require_http_methods(["GET", "POST"])
@login_required
def session_close(request: SignedInRequest, pk: UUID) -> HttpResponse:
    session = get_managed_session(request, pk, by_chair=True)
    return run_confirmed(
        request,
        action=Action(
            "Clore la séance",
            address("session_close", pk),
            confirm_title="Clore la séance",
            confirm_text="Les présences prennent fin maintenant. Une séance close ne se rouvre pas : le procès-verbal suit.",
        ),
        service=lambda: close_session(session_id=pk, actor=request.user, at=timezone.now()),
        done="La séance est close.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )


@require_http_methods(["GET", "POST"])
@login_required
def session_lack(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """No file that remains has its quorum (BR-152)."""
    session = get_managed_session(request, pk, by_chair=True)
    return run_confirmed(
        request,
        action=Action(
            "Constater l’absence de quorum",
            address("session_lack", pk),
            confirm_title="Constater l’absence de quorum",
            confirm_text="La séance prend fin sans délibérer sur les points qui restent. Le secrétariat peut convoquer une "
            "seconde fois sur le même ordre du jour, sans condition de quorum.",
        ),
        service=lambda: note_lack_of_quorum(session_id=pk, actor=request.user, at=timezone.now()),
        done="L’absence de quorum est constatée.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )
