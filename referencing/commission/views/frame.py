"""What pages of the commission share: finding a session or a point, and the page of one step with its form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models.expressions import Combinable
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.forms import DsfrForm
from convergence.ui.typography import format_date
from convergence.ui.values import Action, Item, Link
from convergence.ui.views import render_confirmation
from referencing.commission.models import AgendaPoint, CommissionSession
from referencing.commission.rules import can_chair, can_run, is_of_commission

if TYPE_CHECKING:
    from convergence.accounts.models import User


def address(name: str, *arguments: object) -> str:
    return reverse(f"commission:{name}", args=arguments)


def posted(request: SignedInRequest) -> QueryDict | None:
    """What was posted, even when it says nothing: a form is bound by the method."""
    return request.POST if request.method == "POST" else None


def require_commission(user: User) -> None:
    if not is_of_commission(user):
        raise PermissionDenied("commission")


def get_session(request: SignedInRequest, pk: UUID, **beside: Combinable) -> CommissionSession:
    """The session, or 404 for whoever may not see it; `beside` is what else the page reads with it, by name."""
    sessions = CommissionSession.objects.visible_to(request.user).select_related("chair")
    return get_object_or_404(sessions.annotate(**beside), pk=pk)


def get_managed_session(request: SignedInRequest, pk: UUID, *, by_chair: bool = False) -> CommissionSession:
    """As `get_session`; 403 for whoever neither keeps the secretariat nor, with `by_chair`, presides."""
    session = get_session(request, pk)
    if not (can_chair if by_chair else can_run)(request.user, session):
        raise PermissionDenied("manage_session")
    return session


def get_point(request: SignedInRequest, pk: UUID, *, by_chair: bool = False) -> AgendaPoint:
    """A point whose file the person may know, else 404; 403 for whoever does not run the session."""
    point: AgendaPoint = get_object_or_404(
        AgendaPoint.objects.visible_to(request.user).select_related(
            "session", "candidature__enrolment__product__organisation"
        ),
        pk=pk,
    )
    if not (can_chair if by_chair else can_run)(request.user, point):
        raise PermissionDenied("manage_point")
    return point


def session_crumbs(session: CommissionSession, *more: Link) -> list[Link]:
    return [
        Link("Commission", address("session_list")),
        Link(session_title(session), address("session_detail", session.pk)),
        *more,
    ]


def session_title(session: CommissionSession) -> str:
    return f"Séance du {format_date(session.held_at)}"


def run_step(
    request: SignedInRequest,
    *,
    form: DsfrForm,
    service: Callable[[], object],
    title: str,
    button: str,
    done: str,
    back: str,
    crumbs: Sequence[Link],
    text: str = "",
    items: Sequence[Item] = (),
    template: str = "commission/step.html",
    **values: Any,
) -> HttpResponse:
    """One form on one page: GET shows it, POST calls the service; a refusal comes back with all its reasons (422)."""
    if request.method == "POST" and form.is_valid():
        try:
            service()
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, done)
            return redirect(back)
    return render(
        request,
        template,
        {
            "form": form,
            "title": title,
            "button": button,
            "text": text,
            "items": items,
            "back": back,
            "crumbs": [*crumbs, Link(title)],
            **values,
        },
        status=422 if request.method == "POST" else 200,
    )


def run_action(request: SignedInRequest, *, service: Callable[[], object], done: str, back: str) -> HttpResponse:
    """One button without a form; a refusal is told on the page where it was pressed."""
    try:
        service()
    except TransitionRefused as refusal:
        tell_refusal(request, refusal.blockers)
    else:
        if done:
            messages.success(request, done)
    return redirect(back)


def run_confirmed(
    request: SignedInRequest,
    *,
    action: Action,
    service: Callable[[], object],
    done: str,
    back: str,
    crumbs: Sequence[Link],
) -> HttpResponse:
    """What cannot be undone: GET asks, POST does; a refusal shows its reasons on a page (422)."""
    if request.method == "GET":
        return render_confirmation(request, action, cancel_url=back)
    try:
        service()
    except TransitionRefused as refusal:
        return render(
            request,
            "commission/refused.html",
            {
                "title": action.label,
                "blockers": refusal.blockers,
                "back": back,
                "crumbs": [*crumbs, Link(action.label)],
            },
            status=422,
        )
    messages.success(request, done)
    return redirect(back)


def tell_refusal(request: SignedInRequest, blockers: Sequence[Blocker]) -> None:
    for blocker in blockers:
        messages.error(request, blocker.message)
