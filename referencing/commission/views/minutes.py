"""The minutes of a session: completed, signed, corrected, and given as an extract where a point is masked (A-28, A-29)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.drafts import services as drafts
from convergence.jobs.services import enqueue
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Badge, Link
from convergence.ui.views import render_confirmation
from evidence.services import stream
from referencing.commission.enums import SessionState
from referencing.commission.forms.deliberation import ErratumForm, MinutesForm
from referencing.commission.minutes_outputs import ATTENDANCE_JOB, EXTRACT_JOB
from referencing.commission.models import CommissionSession, Erratum, Minutes
from referencing.commission.rules import can_chair, can_run
from referencing.commission.selectors.minutes import (
    Reach,
    content_for,
    find_sessions_with_minutes,
    load_reach,
    reads_minutes,
)
from referencing.commission.services.minutes import (
    StaleMinutes,
    add_erratum,
    may_sign,
    sign_minutes,
    write_minutes,
)
from referencing.commission.views.frame import session_crumbs

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from evidence.models import StoredFile
    from referencing.commission.models import Reservation


def minutes_key(session: CommissionSession) -> str:
    return f"commission-minutes:{session.pk}"


def get_session(request: SignedInRequest, pk: UUID) -> CommissionSession:
    """A session whose minutes the person reads, or 404."""
    session: CommissionSession = get_object_or_404(
        CommissionSession.objects.visible_to(request.user)
        .filter(find_sessions_with_minutes(request.user))
        .select_related("chair", "minutes__signed_by", "minutes__edited_by"),
        pk=pk,
    )
    return session


def _minutes_of(session: CommissionSession) -> Minutes:
    """Of a session found by `get_session`; as they begin, while nobody wrote in them."""
    return getattr(session, "minutes", None) or Minutes(session=session)


@require_http_methods(["GET", "POST"])
@login_required
def minutes_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Read by those who may; the secretary completes it here until the chair signs."""
    session = get_session(request, pk)
    minutes = _minutes_of(session)
    if request.method == "GET":
        return _render(request, minutes)
    if not can_run(request.user, session):
        raise PermissionDenied("write_minutes")
    content = content_for(minutes, request.user)
    form = MinutesForm(request.POST, points=_point_fields(content))
    if not form.is_valid():
        return _render(request, minutes, form=form)
    version = request.POST.get("version", "")
    try:
        write_minutes(
            session_id=pk,
            texts=form.texts,
            base_version=int(version) if version.isdecimal() and len(version) < 9 else 0,
            actor=request.user,
        )
    except StaleMinutes as stale:
        return _render(request, _minutes_of(get_session(request, pk)), form=form, stale=stale.minutes)
    except TransitionRefused as refusal:
        return _render(request, minutes, form=form, blockers=refusal.blockers)
    drafts.discard(user=request.user, form=minutes_key(session))
    messages.success(request, "Le procès-verbal est enregistré.")
    return redirect("commission:minutes_detail", pk)


@require_http_methods(["GET", "POST"])
@login_required
def minutes_sign(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The chair signs what they have read: the version travels with the button."""
    session = get_session(request, pk)
    if not may_sign(request.user, session):
        raise PermissionDenied("sign_minutes")
    minutes = _minutes_of(session)
    page = reverse("commission:minutes_detail", args=[pk])
    if request.method == "GET":
        return render_confirmation(request, _sign_action(minutes), cancel_url=page)
    version = request.POST.get("version", "")
    try:
        sign_minutes(
            session_id=pk,
            base_version=int(version) if version.isdecimal() and len(version) < 9 else 0,
            actor=request.user,
        )
    except StaleMinutes:
        changed = Blocker("stale", "Le procès-verbal a changé depuis que vous l’avez lu : relisez-le, puis signez.")
        return _render(request, _minutes_of(get_session(request, pk)), blockers=[changed])
    except TransitionRefused as refusal:
        return _render(request, minutes, blockers=refusal.blockers)
    messages.success(request, "Le procès-verbal est signé.")
    return redirect("commission:minutes_detail", pk)


@require_GET
@login_required
def minutes_download(request: SignedInRequest, pk: UUID) -> FileResponse:
    """The signed document, for whoever may know every point; others ask for their extract."""
    session = get_session(request, pk)
    minutes = get_object_or_404(Minutes, session=session, signed_at__isnull=False)
    if not load_reach(session, request.user).is_whole:
        raise PermissionDenied("minutes")
    return _stream(minutes.document)


@require_POST
@login_required
def minutes_extract(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Ask for the extract: a job makes it for this reader."""
    session = get_session(request, pk)
    minutes = get_object_or_404(Minutes, session=session, signed_at__isnull=False)
    job = enqueue(
        kind=EXTRACT_JOB,
        payload={"minutes": minutes.pk},
        requester=request.user,
        key=f"{minutes.pk}:{request.user.pk}",
    )
    return redirect("pages:job_detail", job.pk)


@require_POST
@login_required
def attendance_export(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The attendance sheet as it stands, for whoever runs the session; the one of the minutes is kept with them."""
    session = get_session(request, pk)
    if not can_chair(request.user, session):
        raise PermissionDenied("attendance")
    job = enqueue(
        kind=ATTENDANCE_JOB,
        payload={"session": str(session.pk)},
        requester=request.user,
        key=f"{session.pk}:{request.user.pk}",
    )
    return redirect("pages:job_detail", job.pk)


@require_http_methods(["GET", "POST"])
@login_required
def erratum_create(request: SignedInRequest, pk: UUID) -> HttpResponse:
    session = get_session(request, pk)
    if not may_sign(request.user, session):
        raise PermissionDenied("add_erratum")
    minutes = _minutes_of(session)
    points = _point_fields(content_for(minutes, request.user))
    form = ErratumForm(request.POST or None, points=points)
    blockers: Sequence[Blocker] = ()
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["point"]
        try:
            add_erratum(
                session_id=pk,
                text=form.cleaned_data["text"],
                point_id=UUID(chosen) if chosen else None,
                actor=request.user,
            )
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        else:
            messages.success(request, "L’erratum est signé et joint au procès-verbal.")
            return redirect("commission:minutes_detail", pk)
    return render(
        request,
        "commission/erratum_create.html",
        {"crumbs": _crumbs(session), "form": form, "blockers": blockers, "session": session},
        status=422 if request.method == "POST" else 200,
    )


@require_GET
@login_required
def erratum_download(request: SignedInRequest, pk: UUID, number: int) -> FileResponse:
    """404 for one about a point that the person may not know."""
    session = get_session(request, pk)
    erratum = get_object_or_404(
        Erratum.objects.select_related("document__blob"), minutes__session=session, number=number
    )
    if not _knows(erratum, load_reach(session, request.user)):
        raise Http404("erratum")
    return _stream(erratum.document)


def _stream(document: StoredFile | None) -> FileResponse:
    """404 rather than an error for minutes that have no document: the database lets none be signed without."""
    if document is None:
        raise Http404("document")
    return stream(document)


def _knows(erratum: Erratum, reach: Reach) -> bool:
    return erratum.point_id is None or str(erratum.point_id) in reach.known


# -- the page


def follow_up(session: CommissionSession, user: User, lifted: Sequence[Reservation]) -> dict[str, Any]:
    """For the page of a session: the way to its minutes, and the reservations lifted since the one before (OQ-11)."""
    return {
        "minutes_link": Link("Procès-verbal", reverse("commission:minutes_detail", args=[session.pk]))
        if reads_minutes(session, user)
        else None,
        "lifted": [
            {
                "link": Link(
                    f"{each.opinion.point.product_name}, réserve n°{NBSP}{each.number}",
                    reverse("commission:reservation_detail", args=[each.pk]),
                ),
                "at": each.decided_at,
                "note": each.decision_note,
            }
            for each in lifted
        ],
    }


def _crumbs(session: CommissionSession) -> list[Link]:
    return session_crumbs(session, Link("Procès-verbal"))


def _point_fields(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (point["id"], f"Point n°{NBSP}{point['position']} – {point['product']}")
        for point in content["points"]
        if not point.get("masked")
    ]


def _sign_action(minutes: Minutes) -> Action:
    address = reverse("commission:minutes_sign", args=[minutes.session_id])
    return Action(
        "Signer le procès-verbal",
        address,
        icon="quill-pen-line",
        confirm_url=address,
        confirm_title="Signer le procès-verbal",
        confirm_text="Il est signé en votre nom et scellé par la plateforme. Il ne change plus : une erreur se corrige par un "
        "erratum, signé lui aussi.",
        hidden={"version": str(minutes.version)},
    )


def _render(
    request: SignedInRequest,
    minutes: Minutes,
    *,
    form: MinutesForm | None = None,
    stale: Minutes | None = None,
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    user, session = request.user, minutes.session
    reach = load_reach(session, user)
    content = content_for(minutes, user, reach)
    is_signed = minutes.signed_at is not None
    writes = bool(can_run(user, session)) and not is_signed
    points = _point_fields(content)
    draft_at = None
    if writes and form is None:
        written = minutes.texts.get("points", {})
        saved = {
            "opening": minutes.texts.get("opening", ""),
            "closing": minutes.texts.get("closing", ""),
            **{f"point-{key}": written.get(key, "") for key, _ in points},
        }
        typed = drafts.restore(user=user, form=minutes_key(session), values=saved)
        form, draft_at = MinutesForm(points=points, initial=typed.values), typed.at
    errata = minutes.errata.select_related("signed_by").order_by("number") if is_signed else []
    signs = may_sign(user, session, reach)
    status = 409 if stale else 422 if blockers or (form is not None and form.is_bound) else 200
    return render(
        request,
        "commission/minutes_detail.html",
        {
            "crumbs": _crumbs(session),
            "session": session,
            "minutes": minutes,
            "badge": Badge("Signé", tone="success") if is_signed else Badge("En préparation", tone="new"),
            "content": content,
            "is_masked": len(reach.known) < len(content["points"]),
            "form": form if writes else None,
            "draft_key": minutes_key(session),
            "draft_at": draft_at,
            "stale": stale,
            "blockers": blockers,
            "sign": _sign_action(minutes) if signs and not is_signed and session.state == SessionState.CLOSED else None,
            "waits_for_close": not is_signed and session.state != SessionState.CLOSED,
            "download_url": reverse("commission:minutes_download", args=[session.pk])
            if is_signed and reach.is_whole
            else "",
            "extract": Action(
                "Demander mon extrait", reverse("commission:minutes_extract", args=[session.pk]), style="secondary"
            )
            if is_signed and not reach.is_whole
            else None,
            "attendance": Action(
                "Feuille de présence",
                reverse("commission:attendance_export", args=[session.pk]),
                style="secondary",
                icon="download-line",
            )
            if can_chair(user, session)
            else None,
            "erratum_url": reverse("commission:erratum_create", args=[session.pk]) if is_signed and signs else "",
            "errata": [
                {
                    "number": each.number,
                    "text": each.text,
                    "by": str(each.signed_by),
                    "at": each.signed_at,
                    "url": reverse("commission:erratum_download", args=[session.pk, each.number]),
                }
                for each in errata
                if _knows(each, reach)
            ],
        },
        status=status,
    )
