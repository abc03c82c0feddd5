"""The examination of a point in session: deliberation, rounds of voting on each one’s own device, opinion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Badge, Column, Link, Step
from convergence.ui.views import render_confirmation
from referencing.commission.core.voting import Ending
from referencing.commission.enums import Choice, OpinionKind, PointOutcome
from referencing.commission.forms.deliberation import (
    RESERVATIONS_MAX,
    BallotForm,
    DeliberationForm,
    OpenVoteForm,
    ReasonForm,
    ReasonsForm,
    RecordForm,
    ReservationForm,
    TieForm,
)
from referencing.commission.models import AgendaPoint, Ballot, Seat, Vote
from referencing.commission.opinion_wording import opinion_badge
from referencing.commission.rules import can_chair, can_run
from referencing.commission.selectors.deliberation import Bench, deciding_vote, load_examination
from referencing.commission.selectors.room import chair_of
from referencing.commission.services.opinions import (
    find_opinion_blockers,
    find_point_blockers,
    give_opinion,
    load_titles,
)
from referencing.commission.services.points import start_deliberation, start_examination
from referencing.commission.services.voting import (
    cast,
    close_vote,
    decide_tie,
    find_opening_blockers,
    open_vote,
    record_voices,
    void_vote,
)
from referencing.commission.views.point_frame import get_point, point_frame
from referencing.commission.views.points import list_prepared
from referencing.commission.wording import count_badge, say_count

CAST = "cast"


@require_GET
@login_required
def point_room(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _render(request, get_point(request, pk))


@require_POST
@login_required
def point_examine(request: SignedInRequest, pk: UUID) -> HttpResponse:
    point = get_point(request, pk)
    return _do(
        request, point, lambda: start_examination(point_id=pk, actor=request.user), "L’examen du point commence."
    )


@require_POST
@login_required
def point_deliberate(request: SignedInRequest, pk: UUID) -> HttpResponse:
    point = get_point(request, pk)
    has_left = bool(request.POST.get("has_rapporteur_left"))
    return _do(
        request,
        point,
        lambda: start_deliberation(point_id=pk, has_rapporteur_left=has_left, actor=request.user),
        "Le délibéré commence.",
    )


@require_POST
@login_required
def vote_open(request: SignedInRequest, pk: UUID) -> HttpResponse:
    point = get_point(request, pk)
    if not can_chair(request.user, point):
        raise PermissionDenied("open_vote")
    form = OpenVoteForm(request.POST)
    if not form.is_valid():
        return _render(request, point, opening=form)
    return _do(
        request,
        point,
        lambda: open_vote(point_id=pk, is_secret=form.cleaned_data["is_secret"], actor=request.user),
        "Le scrutin est ouvert.",
    )


@require_POST
@login_required
def vote_cast(request: SignedInRequest, pk: UUID, seat: str) -> HttpResponse:
    """The voice of one seat: asks once more, then casts it."""
    vote = get_vote(request, pk)
    form = BallotForm(request.POST, seat=seat, options=vote.options, is_secret=vote.is_secret)
    if not form.is_valid():
        return _render(request, vote.point, ballot=form)
    choice = form.cleaned_data["choice"]
    page = reverse("commission:point_room", args=[vote.point_id])
    if "confirmed" not in request.POST:
        title = get_object_or_404(Seat, code=seat).title
        wants_dissent = form.cleaned_data.get("wants_dissent_noted", False)
        action = Action(
            "Confirmer cette voix",
            reverse("commission:vote_cast", args=[pk, seat]),
            confirm_title=f"Voter{NBSP}: {Choice(choice).label.lower()}",
            confirm_text=f"{title}{NBSP}: votre voix compte dès que vous confirmez, et ne change plus. Le scrutin est "
            f"{'secret' if vote.is_secret else 'ouvert'}.",
            hidden={
                f"{seat}-choice": choice,
                "confirmed": "1",
                **({f"{seat}-wants_dissent_noted": "on"} if wants_dissent else {}),
            },
        )
        return render_confirmation(request, action, cancel_url=page)
    return _do(
        request,
        vote.point,
        lambda: cast(vote_id=pk, seat=seat, actor=request.user, **form.cleaned_data),
        "Votre voix est enregistrée.",
    )


@require_POST
@login_required
def vote_record(request: SignedInRequest, pk: UUID) -> HttpResponse:
    vote = get_vote(request, pk)
    page = load_examination(vote.point, at=timezone.now())
    asked = next(each for each in page.rounds if each.pk == vote.pk)
    form = RecordForm(request.POST, seats=_silent_seats(asked, page.bench), options=vote.options)
    if not form.is_valid():
        return _render(request, vote.point, recording=form)
    return _do(
        request,
        vote.point,
        lambda: record_voices(vote_id=pk, choices=form.given, dissents=form.dissents, actor=request.user),
        "Les voix sont relevées.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def vote_close(request: SignedInRequest, pk: UUID) -> HttpResponse:
    vote = get_vote(request, pk)
    if request.method == "GET":
        if not can_chair(request.user, vote):
            raise PermissionDenied("close_vote")
        page = reverse("commission:point_room", args=[vote.point_id])
        return render_confirmation(request, _closing_action(vote), cancel_url=page)
    return _do(request, vote.point, lambda: close_vote(vote_id=pk, actor=request.user), "Le scrutin est clos.")


@require_POST
@login_required
def vote_void(request: SignedInRequest, pk: UUID) -> HttpResponse:
    vote = get_vote(request, pk)
    if not can_chair(request.user, vote):
        raise PermissionDenied("void_vote")
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _render(request, vote.point, voiding=form)
    reason = form.cleaned_data["reason"]
    return _do(
        request,
        vote.point,
        lambda: void_vote(vote_id=pk, reason=reason, actor=request.user),
        "Le scrutin est annulé : aucune de ses voix ne compte.",
    )


@require_POST
@login_required
def vote_decide(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The casting vote."""
    vote = get_vote(request, pk)
    form = TieForm(request.POST, leaders=vote.tally.get("leaders", ()))
    if not form.is_valid():
        return _render(request, vote.point, tie=form)
    return _do(
        request,
        vote.point,
        lambda: decide_tie(vote_id=pk, choice=form.cleaned_data["choice"], actor=request.user),
        "La présidence a départagé les voix.",
    )


def get_vote(request: SignedInRequest, pk: UUID) -> Vote:
    """A round of a point that the person may know, or 404."""
    vote: Vote = get_object_or_404(Vote, pk=pk)
    vote.point = get_point(request, vote.point_id)
    return vote


def _do(request: SignedInRequest, point: AgendaPoint, act: Callable[[], Any], done: str) -> HttpResponse:
    try:
        act()
    except TransitionRefused as refusal:
        return _render(request, get_point(request, point.pk), blockers=refusal.blockers)
    messages.success(request, done)
    return redirect("commission:point_room", point.pk)


def _closing_action(vote: Vote) -> Action:
    address = reverse("commission:vote_close", args=[vote.pk])
    return Action(
        "Clore le scrutin",
        address,
        confirm_url=address,
        confirm_title="Clore le scrutin",
        confirm_text="Les voix sont comptées et le résultat est figé. Un membre qui n’a pas voté ne le pourra plus.",
    )


# -- the page


def _render(
    request: SignedInRequest,
    point: AgendaPoint,
    *,
    blockers: Sequence[Blocker] = (),
    opening: OpenVoteForm | None = None,
    ballot: BallotForm | None = None,
    recording: RecordForm | None = None,
    voiding: ReasonForm | None = None,
    tie: TieForm | None = None,
) -> HttpResponse:
    user = request.user
    page = load_examination(point, at=timezone.now())
    bench, current = page.bench, page.current
    is_pending = point.outcome == PointOutcome.PENDING
    live = current if current and current.closed_at is None and is_pending else None
    may_run = bool(can_chair(user, point))
    refused = bool(blockers) or any(form is not None for form in (opening, ballot, recording, voiding, tie))
    return render(
        request,
        "commission/point_room.html",
        {
            **point_frame(point, "room"),
            "blockers": blockers,
            "steps": _steps(point, current),
            "count": say_count(bench.quorum),
            "count_badge": count_badge(bench.quorum),
            "is_open": point.session.opened_at is not None and point.session.closed_at is None,
            "columns": ["Siège", "Voix exprimée par", "Voix", *(["Vote"] if current else [])],
            "rows": _bench_rows(bench, current),
            "outsiders": [f"{guest.name} ({guest.quality})" for guest in bench.outsiders],
            "prepared": list_prepared(point),
            "round_columns": ["Avis", Column("Voix", numeric=True)],
            "rounds": [_say_round(each) for each in page.rounds if each.closed_at is not None],
            **_run_values(user, point, bench, current, live, opening, recording, voiding),
            "ballots": _ballot_forms(request, bench, live, ballot) if live else [],
            "live": _say_live(live, bench) if live else None,
            "tie": _tie_values(user, point, bench, current, tie),
            "opinion": _opinion_link(point) if not is_pending else None,
            "leaving": [
                Link("Reporter ce point", reverse("commission:point_postpone", args=[point.pk])),
                Link("Surseoir à statuer", reverse("commission:point_adjourn", args=[point.pk])),
            ]
            if may_run and is_pending and live is None and not (current and current.result)
            else [],
        },
        status=422 if refused else 200,
    )


def _steps(point: AgendaPoint, current: Vote | None) -> list[Step]:
    done = [
        point.examined_at is not None,
        point.deliberated_at is not None,
        bool(current and current.result),
        point.outcome == PointOutcome.OPINION,
    ]
    labels = ["Examen", "Délibéré", "Vote", "Avis"]
    first = next((rank for rank, each in enumerate(done) if not each), None)
    return [
        Step(label, "done" if is_done else "current" if rank == first else "upcoming")
        for rank, (label, is_done) in enumerate(zip(labels, done, strict=True))
    ]


def _bench_rows(bench: Bench, current: Vote | None) -> list[list[Any]]:
    people = {ballot.seat.code: ballot for ballot in current.ballots.all()} if current else {}
    rows = []
    for facts in bench.seats:
        voice = bench.voices.get(facts.seat)
        if voice is None:
            state = Badge("Sans voix sur ce dossier" if facts.holder else "Absent", tone="neutral")
        else:
            state = Badge("Par mandat" if voice.is_by_mandate else "Présent", tone="success")
        row: list[Any] = [bench.title_of(facts.seat), bench.name_of(voice) if voice else "", state]
        if current:
            ballot = people.get(facts.seat)
            row.append(_say_ballot(current, ballot) if voice or ballot else "")
        rows.append(row)
    return rows


def _say_ballot(vote: Vote, ballot: Ballot | None) -> Any:
    """While the vote is open, and for ever when it is secret, only that somebody voted."""
    if ballot is None:
        return "" if vote.closed_at else Badge("N’a pas voté", tone="new")
    if vote.closed_at is None or vote.is_secret or not ballot.choice:
        return Badge("A voté", tone="info")
    return str(Choice(ballot.choice).label)


def _say_live(vote: Vote, bench: Bench) -> dict[str, Any]:
    cast_already = {ballot.seat.code for ballot in vote.ballots.all()}
    return {
        "round": vote.round,
        "is_secret": vote.is_secret,
        "options": [str(OpinionKind(kind).label) for kind in vote.options],
        "cast": len(cast_already),
        "voices": len({*bench.voices, *cast_already}),
    }


def _say_round(vote: Vote) -> dict[str, Any]:
    """A closed round: totals, result, casting vote; never who said what in a secret one."""
    tally = vote.tally
    counts = tally.get("counts", {})
    return {
        "round": vote.round,
        "is_secret": vote.is_secret,
        "void_reason": vote.void_reason,
        "rows": [
            *([str(OpinionKind(kind).label), counts.get(kind, 0)] for kind in vote.options),
            ["Abstention", tally.get("abstentions", 0)],
            ["Voix non exprimées", tally.get("not_cast", 0)],
        ],
        "voices": tally.get("voices", 0),
        "needed": tally.get("needed", 0),
        "badge": opinion_badge(vote.result) if vote.result else None,
        "is_tie": tally.get("ending") == Ending.TIE.value,
        "decided_by": str(vote.decided_by or ""),
    }


def _run_values(
    user: Any,
    point: AgendaPoint,
    bench: Bench,
    current: Vote | None,
    live: Vote | None,
    opening: OpenVoteForm | None,
    recording: RecordForm | None,
    voiding: ReasonForm | None,
) -> dict[str, Any]:
    """The forms of whoever runs the session, each shown when its turn has come."""
    runs = bool(can_chair(user, point)) and point.outcome == PointOutcome.PENDING
    decided = bool(current and current.result)
    is_between_rounds = runs and point.deliberated_at is not None and live is None and not decided
    waits = find_opening_blockers(point, bench, current) if is_between_rounds else []
    silent = _silent_seats(live, bench) if live and runs and not live.is_secret and can_run(user, point) else {}
    return {
        "examine": Action(
            "Commencer l’examen", reverse("commission:point_examine", args=[point.pk]), icon="play-circle-line"
        )
        if runs and point.examined_at is None
        else None,
        "deliberation": DeliberationForm() if runs and point.examined_at and point.deliberated_at is None else None,
        "opening": (opening or OpenVoteForm()) if is_between_rounds and not waits else None,
        "waiting": waits,
        "recording": (recording or RecordForm(seats=silent, options=live.options)) if live and silent else None,
        "record_url": reverse("commission:vote_record", args=[live.pk]) if live else "",
        "close": _closing_action(live) if live and runs else None,
        "voiding": (voiding or ReasonForm()) if live and runs else None,
        "void_url": reverse("commission:vote_void", args=[live.pk]) if live else "",
        "give_url": reverse("commission:opinion_give", args=[point.pk]) if runs and decided else "",
    }


def _silent_seats(vote: Vote, bench: Bench) -> dict[str, str]:
    """Seats that have a voice and did not vote yet, with whose voice it is."""
    voted = {ballot.seat.code for ballot in vote.ballots.all()}
    return {
        code: f"{bench.title_of(code)} – {bench.name_of(voice)}{' (par mandat)' if voice.is_by_mandate else ''}"
        for code, voice in bench.voices.items()
        if code not in voted
    }


def _ballot_forms(
    request: SignedInRequest, bench: Bench, vote: Vote, refused: BallotForm | None
) -> list[dict[str, Any]]:
    """One form per voice of the reader that is not cast: their own, then the one that they represent."""
    voted = {ballot.seat.code for ballot in vote.ballots.all()}
    forms = []
    for code in bench.voices_of(request.user):
        if code in voted:
            continue
        by_mandate = bench.voices[code].is_by_mandate
        label = f"Voix de « {bench.title_of(code)} », par mandat" if by_mandate else "Votre voix"
        form = BallotForm(seat=code, options=vote.options, is_secret=vote.is_secret, label=label)
        if refused is not None and refused.prefix == code:
            form = refused
        forms.append({"form": form, "url": reverse("commission:vote_cast", args=[vote.pk, code])})
    return forms


def _tie_values(
    user: Any, point: AgendaPoint, bench: Bench, current: Vote | None, form: TieForm | None
) -> dict[str, Any] | None:
    """The casting vote, when one is waited for."""
    if current is None or current.result or current.tally.get("ending") != Ending.TIE.value:
        return None
    if point.outcome != PointOutcome.PENDING:
        return None
    chair = chair_of(point, bench.room)
    may = chair is not None and (user.pk == chair or can_run(user, point))
    return {
        "has_chair": chair is not None,
        "form": (form or TieForm(leaders=current.tally["leaders"])) if may else None,
        "url": reverse("commission:vote_decide", args=[current.pk]),
    }


def _opinion_link(point: AgendaPoint) -> Link | None:
    if point.outcome != PointOutcome.OPINION:
        return None
    return Link("Lire l’avis rendu", reverse("commission:opinion_detail", args=[point.candidature_id]))


# -- the opinion


@require_http_methods(["GET", "POST"])
@login_required
def opinion_give(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Reasons and reservations of the opinion that the vote decided; asks once more before it is frozen."""
    point = get_point(request, pk)
    if not can_chair(request.user, point):
        raise PermissionDenied("give_opinion")
    vote = deciding_vote(point)
    kind = vote.result if vote else ""
    if request.method == "GET":
        if find_point_blockers(point, kind):
            return redirect("commission:point_room", pk)
        return _render_opinion(request, point, kind, ReasonsForm(), _reservation_forms(point, kind, None))
    form = ReasonsForm(request.POST)
    forms = _reservation_forms(point, kind, request.POST)
    action, _, target = request.POST.get("action", "give").partition(":")
    if action == "add" and len(forms) < RESERVATIONS_MAX:
        forms.append(ReservationForm(None, number=len(forms), criteria=load_titles(point.candidature)))
        return _render_opinion(request, point, kind, ReasonsForm(initial=_typed(request.POST)), forms)
    if action == "remove":
        return _render_opinion(
            request, point, kind, ReasonsForm(initial=_typed(request.POST)), _without(point, request.POST, target)
        )
    if not all([form.is_valid(), *(each.is_valid() for each in forms)]):
        return _render_opinion(request, point, kind, form, forms, status=422)
    reasons, reservations = form.cleaned_data["reasons"], [each.value for each in forms]
    if "confirmed" not in request.POST:
        if blockers := find_opinion_blockers(point, reasons, reservations):
            return _render_opinion(request, point, kind, form, forms, blockers=blockers, status=422)
        return _confirm_opinion(request, point, kind, len(forms))
    try:
        give_opinion(point_id=pk, reasons=reasons, reservations=reservations, actor=request.user)
    except TransitionRefused as refusal:
        return _render_opinion(request, point, kind, form, forms, blockers=refusal.blockers, status=422)
    messages.success(request, "L’avis est rendu. L’éditeur est prévenu.")
    return redirect("commission:opinion_detail", point.candidature_id)


def _confirm_opinion(request: SignedInRequest, point: AgendaPoint, kind: str, count: int) -> HttpResponse:
    address = reverse("commission:opinion_give", args=[point.pk])
    with_reservations = f", avec {count}{NBSP}réserve{'s' if count > 1 else ''}" if count else ""
    action = Action(
        "Rendre l’avis",
        address,
        confirm_title=f"Rendre l’avis{NBSP}: {OpinionKind(kind).label.lower()}",
        confirm_text=f"L’avis est figé et scellé{with_reservations}. L’éditeur en est prévenu ; il ne se modifie plus.",
        hidden={
            **{
                name: str(value)
                for name, value in request.POST.items()
                if name not in ("csrfmiddlewaretoken", "action")
            },
            "action": "give",
            "confirmed": "1",
        },
    )
    return render_confirmation(request, action, cancel_url=address)


def _typed(data: QueryDict) -> dict[str, str]:
    return {"reasons": data.get("reasons", "")}


def _reservation_forms(point: AgendaPoint, kind: str, data: QueryDict | None) -> list[ReservationForm]:
    """As many as were sent; at first one when the opinion has reservations."""
    criteria = load_titles(point.candidature)
    if data is None:
        is_suspensive = kind == OpinionKind.WITH_SUSPENSIVE
        if kind not in (OpinionKind.WITH_RESERVATIONS, OpinionKind.WITH_SUSPENSIVE):
            return []
        return [ReservationForm(None, number=0, criteria=criteria, initial={"is_suspensive": is_suspensive})]
    count = data.get("reservations", "0")
    number = min(int(count), RESERVATIONS_MAX) if count.isdecimal() and len(count) < 4 else 0
    return [ReservationForm(data, number=each, criteria=criteria) for each in range(number)]


def _without(point: AgendaPoint, data: QueryDict, target: str) -> list[ReservationForm]:
    """The forms with what was typed, less one."""
    criteria = load_titles(point.candidature)
    sent = _reservation_forms(point, "", data)
    kept = [each for each in sent if str(each.number) != target]
    fields = ("text", "criterion", "expected", "due_on", "is_suspensive")
    return [
        ReservationForm(
            None,
            number=rank,
            criteria=criteria,
            initial={name: data.get(f"{each.prefix}-{name}", "") for name in fields},
        )
        for rank, each in enumerate(kept)
    ]


def _render_opinion(
    request: SignedInRequest,
    point: AgendaPoint,
    kind: str,
    form: ReasonsForm,
    forms: Sequence[ReservationForm],
    *,
    blockers: Sequence[Blocker] = (),
    status: int = 200,
) -> HttpResponse:
    return render(
        request,
        "commission/opinion_give.html",
        {
            **point_frame(point, "room"),
            "blockers": blockers,
            "kind_badge": opinion_badge(kind) if kind else None,
            "has_reservations": kind in (OpinionKind.WITH_RESERVATIONS, OpinionKind.WITH_SUSPENSIVE),
            "form": form,
            "forms": forms,
            "may_add": len(forms) < RESERVATIONS_MAX,
        },
        status=status,
    )
