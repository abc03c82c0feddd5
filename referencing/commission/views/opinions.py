"""The opinion of the commission on a file, read by both sides, and what follows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Link, Row
from convergence.ui.views import render_confirmation
from referencing.candidature.enums import COMMISSION_STATES, DECIDED_STATES
from referencing.candidature.models import Candidature
from referencing.candidature.views.frame import Tab, file_frame, reader_tabs
from referencing.candidature.wording import Audience, ball_words, state_badge
from referencing.commission.forms.deliberation import ReasonForm
from referencing.commission.models import CommissionSession, Opinion, Reservation
from referencing.commission.opinion_wording import nature_badge, opinion_badge, reservation_badge
from referencing.commission.rules import is_of_commission
from referencing.commission.selectors.opinions import find_known_files, read_opinion
from referencing.commission.services.transmit import (
    Outlook,
    find_transmit_blockers,
    list_overdue,
    load_outlook,
    send_to_re_examination,
    transmit_file,
)

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: States that follow an opinion; a file that goes before the commission again keeps the former ones.
WITH_OPINION = frozenset([*COMMISSION_STATES, *DECIDED_STATES])


def shows_opinion(user: User, candidature: Candidature) -> bool:
    """Once the file reached the commission: the page says what is waited for, then the opinion."""
    return candidature.state in WITH_OPINION


OPINION_TAB = Tab("opinion", "Avis de la commission", "commission:opinion_detail", shows_opinion, for_readers=True)


def get_known_file(request: SignedInRequest, pk: UUID) -> Candidature:
    """The file whose opinion the person may read, or 404: its own side, or the commission (A-28)."""
    candidature: Candidature = get_object_or_404(
        find_known_files(request.user).select_related(
            "enrolment__product__organisation", "enrolment__demarche__parcours", "dossier__created_by", "referent"
        ),
        pk=pk,
    )
    return candidature


def frame_of(request: SignedInRequest, candidature: Candidature, *, tab: str = "opinion") -> dict[str, Any]:
    """The frame of the file for whoever sees it; for the commission and the ministry, who do not, its top alone."""
    if Candidature.objects.visible_to(request.user).filter(pk=candidature.pk).exists():
        return file_frame(request, candidature, tab)
    who, what = ball_words(candidature.waiting_for, is_instructor=True)
    return {
        "candidature": candidature,
        "is_instructor": True,
        "title": candidature.enrolment.label,
        "badge": state_badge(candidature.state, audience=Audience.AGENT),
        "ball_who": who,
        "ball_what": what,
        "ball_until": candidature.due_on,
        "ball_is_mine": False,
        "crumbs": [
            Link("Commission", reverse("commission:session_list") if is_of_commission(request.user) else ""),
            Link(candidature.enrolment.label),
        ],
        "tabs": reader_tabs(request.user, candidature, tab),
    }


@require_GET
@login_required
def opinion_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Opinions of the commission on a file, the newest first, with the reservations as they stand. Never a vote (BR-162)."""
    return _render(request, get_known_file(request, pk))


@require_http_methods(["GET", "POST"])
@login_required
def file_transmit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """T30; GET asks once more."""
    candidature = get_known_file(request, pk)
    if request.method == "GET":
        if not is_allowed(candidature, "transmit", request.user):
            raise PermissionDenied("transmit")
        page = reverse("commission:opinion_detail", args=[pk])
        action = _transmit_action(candidature, load_outlook(candidature, today=timezone.localdate()))
        return render_confirmation(request, action, cancel_url=page)
    try:
        transmit_file(candidature_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        return _render(request, get_known_file(request, pk), blockers=refusal.blockers)
    messages.success(request, "Le dossier est transmis au ministre.")
    return redirect("commission:opinion_detail", pk)


@require_POST
@login_required
def file_re_examine(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """T29b: a suspensive reservation is overdue, the commission looks again."""
    candidature = get_known_file(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        if not is_allowed(candidature, "re_examine", request.user):
            raise PermissionDenied("re_examine")
        return _render(request, candidature, re_examination=form)
    try:
        send_to_re_examination(candidature_id=pk, reason=form.cleaned_data["reason"], actor=request.user)
    except TransitionRefused as refusal:
        return _render(request, get_known_file(request, pk), blockers=refusal.blockers)
    messages.success(request, "Le dossier est de nouveau prêt pour la commission.")
    return redirect("commission:opinion_detail", pk)


def _transmit_action(candidature: Candidature, outlook: Outlook) -> Action:
    address = reverse("commission:file_transmit", args=[candidature.pk])
    return Action(
        "Transmettre au ministre",
        address,
        icon="send-plane-line",
        confirm_url=address,
        confirm_title="Transmettre le dossier au ministre",
        confirm_text="Le ministre ne pourra que refuser le référencement : l’avis est défavorable, ou une réserve suspensive "
        "n’a pas été levée à temps."
        if outlook.is_for_refusal
        else "Le ministre décide du référencement. La commission n’y revient plus, sauf nouvel examen.",
    )


def _render(
    request: SignedInRequest,
    candidature: Candidature,
    *,
    blockers: Sequence[Blocker] = (),
    re_examination: ReasonForm | None = None,
) -> HttpResponse:
    user, today = request.user, timezone.localdate()
    opinions = list(
        Opinion.objects.filter(candidature=candidature)
        .select_related("point__session")
        .prefetch_related(Prefetch("reservations", Reservation.objects.order_by("number")))
        .newest_first()  # type: ignore[attr-defined]
    )
    frame = frame_of(request, candidature)
    is_editor = not frame["is_instructor"]
    if is_editor and not shows_opinion(user, candidature) and not opinions:
        raise Http404("opinion")
    may_transmit = is_allowed(candidature, "transmit", user) and bool(opinions)
    outlook = Outlook(opinions[0] if opinions else None, list_overdue(candidature, today=today))
    waits = find_transmit_blockers(candidature, today=today, outlook=outlook) if may_transmit else []
    may_re_examine = bool(outlook.overdue) and is_allowed(candidature, "re_examine", user)
    return render(
        request,
        "commission/opinion_detail.html",
        {
            **frame,
            "blockers": blockers,
            "opinions": [_say_opinion(each, is_editor=is_editor) for each in opinions],
            "sessions": _session_links(user, opinions),
            "waits": waits,
            "transmit": _transmit_action(candidature, outlook) if may_transmit and not waits else None,
            "re_examination": (re_examination or ReasonForm()) if may_re_examine else None,
        },
        status=422 if blockers or re_examination else 200,
    )


def _session_links(user: User, opinions: Sequence[Opinion]) -> list[Link]:
    """The sessions where the opinions were given, for the commission."""
    if not is_of_commission(user):
        return []
    held = CommissionSession.objects.visible_to(user).filter(points__opinion__in=opinions).distinct()
    return [
        Link(f"Séance n°{NBSP}{each.number}", reverse("commission:session_detail", args=[each.pk]))
        for each in held.order_by("-held_at", "-pk")
    ]


def _say_opinion(opinion: Opinion, *, is_editor: bool) -> dict[str, Any]:
    content, today = read_opinion(opinion), timezone.localdate()
    titles = {each["number"]: each["criterion_title"] for each in content["reservations"]}
    return {
        "badge": opinion_badge(opinion.kind),
        "session": f"séance n°{NBSP}{content['session']['number']}",
        "given_at": opinion.given_at,
        "reasons": content["reasons"],
        "sha256": opinion.sha256,
        "columns": ["Réserve", "Nature", "Critère", "À lever avant le", "État"],
        "rows": [
            Row(
                cells=[
                    f"N°{NBSP}{each.number} – {each.text}",
                    nature_badge(each),
                    f"{each.criterion} {titles.get(each.number, '')}",
                    each.due_on,
                    reservation_badge(each, today=today, is_editor=is_editor),
                ],
                url=reverse("commission:reservation_detail", args=[each.pk]),
            )
            for each in opinion.reservations.all()
        ],
    }
