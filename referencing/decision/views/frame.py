"""What the pages of acts share: who reads, which act, whose words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from convergence.accounts.requests import SignedInRequest
from convergence.products import rules as product_rules
from convergence.ui.values import Link
from evidence.services import stream
from referencing.decision.enums import DRAFT_STATES, DecisionState
from referencing.decision.models import Decision
from referencing.decision.rules import can_decide, reads_decisions
from referencing.decision.wording import decision_badge, is_veiled, title_of

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from evidence.models import StoredFile


def require_ministry(request: SignedInRequest) -> User:
    if not can_decide(request.user):
        raise PermissionDenied("ministry")
    return request.user


def is_editor_of(user: User, decision: Decision) -> bool:
    """Reads the act as a member of the organisation that it concerns."""
    return bool(product_rules.is_member(user, decision)) and not reads_decisions(user)


def get_decision(request: SignedInRequest, pk: UUID) -> Decision:
    """The act, or 404 for whoever may not see it."""
    return get_object_or_404(
        Decision.objects.visible_to(request.user)
        .with_names()
        .select_related("document__blob", "original__blob", "opinion__point__session", "drafted_by", "endorsed_by"),
        pk=pk,
    )


def get_for_ministry(request: SignedInRequest, pk: UUID) -> Decision:
    """404 first, so that a stranger learns nothing; 403 for readers."""
    decision = get_decision(request, pk)
    require_ministry(request)
    return decision


def get_readable(request: SignedInRequest, pk: UUID) -> Decision:
    """An act whose content this reader may have: signed and, for its addressee, notified."""
    decision = get_decision(request, pk)
    if decision.state in [*DRAFT_STATES, DecisionState.DROPPED]:
        raise Http404("draft")
    if is_veiled(decision, is_editor=is_editor_of(request.user, decision)):
        raise Http404("not notified")
    return decision


def serve(file: StoredFile | None) -> HttpResponseBase:
    if file is None:
        raise Http404("document")
    return stream(file)


def decision_frame(request: SignedInRequest, decision: Decision, page: str = "") -> dict[str, Any]:
    """Title, badge and crumbs of every page of an act; `page` names the one below it."""
    is_editor = is_editor_of(request.user, decision)
    title = title_of(decision, is_editor=is_editor)
    crumbs = [Link("Décisions", reverse("decision:decision_list"))]
    crumbs.append(Link(title, reverse("decision:decision_detail", args=[decision.pk]) if page else ""))
    if page:
        crumbs.append(Link(page))
    return {
        "decision": decision,
        "title": title,
        "badge": decision_badge(decision, is_editor=is_editor),
        "crumbs": crumbs,
        "is_editor": is_editor,
        "label": decision.enrolment.label,
    }


def status_of(*forms: Any, blockers: Any = ()) -> int:
    return 422 if blockers or any(each is not None and each.is_bound and each.errors for each in forms) else 200
