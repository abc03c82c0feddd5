"""Proposing an answer without an account: the page of a link, on one criterion and nothing else. The token is the only key."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import join_no_break
from convergence.ui.values import Item
from evidence.errors import UploadRefused
from questionnaires.grids import compiled_grid
from referencing.enrolment.answering.wording import expected_words, nature_badge
from referencing.teamwork.enums import LinkState, ProposalState
from referencing.teamwork.forms import ProposalForm
from referencing.teamwork.models import Proposal, ProposalLink
from referencing.teamwork.services import LinkClosed, find_link, open_link, propose
from referencing.teamwork.services.proposing import is_open

#: Unknown links that one network address may try, and postings that one link may receive, in `PERIOD` seconds.
UNKNOWN_LIMIT = 20
SENT_LIMIT = 20
PERIOD = 600


def _is_over(key: str, limit: int) -> bool:
    return bool(cache.get(key, 0) >= limit)


def _count(key: str) -> None:
    cache.set(key, cache.get(key, 0) + 1, PERIOD)


@never_cache
@require_http_methods(["GET", "POST"])
def proposal_form(request: HttpRequest, token: str) -> HttpResponse:
    """Guidance of the criterion, the form, what became of the last proposal; or why the link takes none."""
    response = _proposal_form(request, token)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _proposal_form(request: HttpRequest, token: str) -> HttpResponse:
    unknown = f"proposal-unknown:{get_adapter().get_client_ip(request)}"
    if _is_over(unknown, UNKNOWN_LIMIT):
        return render(request, "teamwork/proposal_unknown.html", {"is_throttled": True}, status=429)
    link = find_link(token=token)
    if link is None:
        _count(unknown)
        return render(request, "teamwork/proposal_unknown.html", {"is_throttled": False}, status=404)
    now = timezone.now()
    if not is_open(link, at=now):
        return _render_closed(request, link, status=200 if request.method == "GET" else 410)
    if request.method == "GET":
        open_link(link=link, at=now)
        return _render(request, link, _form(link))
    if _last_state(link) is ProposalState.PENDING:  # sent twice: the first one did it
        return redirect("teamwork:proposal_form", token)
    sent = f"proposal-sent:{link.pk}"
    form = _form(link, request)
    if _is_over(sent, SENT_LIMIT):
        form.full_clean()
        form.add_error(None, "Trop d’envois en peu de temps. Attendez une dizaine de minutes, puis envoyez de nouveau.")
        return _render(request, link, form, status=429)
    _count(sent)
    if not form.is_valid():
        return _render(request, link, form, status=422)
    try:
        propose(
            token=token,
            author_name=form.cleaned_data["author_name"],
            author_organisation=form.cleaned_data["author_organisation"],
            value=form.value,
            comment=form.cleaned_data["comment"],
            uploads=form.uploads,
            at=now,
        )
    except LinkClosed:
        return _render_closed(request, link, status=410)
    except UploadRefused as refusal:
        form.add_blockers(refusal.problems)
        return _render(request, link, form, status=422)
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return _render(request, link, form, status=422)
    return redirect("teamwork:proposal_form", token)


def _form(link: ProposalLink, request: HttpRequest | None = None) -> ProposalForm:
    grid = compiled_grid(link.enrolment.response.definition).grid
    criterion, kind = grid.criteria[link.criterion], grid.questionnaire_of[link.criterion].kind
    if request is None:
        return ProposalForm(criterion, kind)
    return ProposalForm(criterion, kind, request.POST, request.FILES)


def _last(link: ProposalLink) -> Proposal | None:
    return link.proposals.order_by("-sent_at", "-pk").first()


def _last_state(link: ProposalLink) -> ProposalState | None:
    last = _last(link)
    return last.state if last else None


def _render(request: HttpRequest, link: ProposalLink, form: ProposalForm, *, status: int = 200) -> HttpResponse:
    grid = compiled_grid(link.enrolment.response.definition).grid
    criterion, questionnaire = grid.criteria[link.criterion], grid.questionnaire_of[link.criterion]
    section = next(each for each in questionnaire.sections if criterion in each.criteria)
    product, last = link.enrolment.product, _last(link)
    values: dict[str, Any] = {
        "link": link,
        "product": product.name,
        "organisation": product.organisation.name,
        "criterion": criterion,
        "title": f"{criterion.code} {join_no_break(criterion.title)}",
        "nature": nature_badge(criterion),
        "items": [
            Item("Qui vous le demande", f"{link.created_by}, {product.organisation.name}"),
            Item("Produit concerné", product.name),
            Item("Questionnaire", questionnaire.title),
            *([Item("Objectif du critère", join_no_break(criterion.objective))] if criterion.objective else []),
            Item("Minimum requis", expected_words(criterion, questionnaire.kind)),
        ],
        "introduction": section.introduction,
        "resources": section.resources,
        "has_encrypted": any(each.encrypted for each in criterion.evidence),
        "form": form,
        "last": last,
        "is_pending": last is not None and last.state is ProposalState.PENDING,
        "is_accepted": last is not None and last.state is ProposalState.ACCEPTED,
        "is_rejected": last is not None and last.state is ProposalState.REJECTED,
    }
    return render(request, "teamwork/proposal_form.html", values, status=status)


def _render_closed(request: HttpRequest, link: ProposalLink, *, status: int) -> HttpResponse:
    """What became of the link, and what to do; nothing of the product but its name."""
    values = {
        "product": link.enrolment.product.name,
        "organisation": link.enrolment.product.organisation.name,
        "is_expired": link.state_at(timezone.now()) is LinkState.EXPIRED,
        "expires_at": link.expires_at,
    }
    return render(request, "teamwork/proposal_closed.html", values, status=status)
