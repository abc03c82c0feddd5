"""Proposals from outside, on the side of the editor: links sent, proposals to compare, take over or refuse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP, format_datetime
from convergence.ui.values import Action, Badge, Link, Row, Tone
from convergence.ui.views import render_confirmation
from evidence.errors import FileWithheld
from evidence.services import stream
from evidence.values import deposited_file
from questionnaires.models import Answer, Deposit
from referencing.enrolment.answering.pages import Place, page_values
from referencing.teamwork.addresses import part_address
from referencing.teamwork.enums import LinkState, ProposalState
from referencing.teamwork.forms import AcceptForm, LinkForm, RejectForm, accept_choices
from referencing.teamwork.models import Proposal, ProposalLink, ProposedFile
from referencing.teamwork.services import accept, create_link, reject, revoke_link
from referencing.teamwork.views.delegation import scope_of
from referencing.teamwork.views.frame import find_criterion, find_team_place, grid_of
from referencing.teamwork.wording import criterion_title, value_words

TITLE = "Propositions"
LIMIT = 100
PROPOSAL_COLUMNS = ["Critère", "Proposée par", "Reçue", "État"]
LINK_COLUMNS = ["Critère", "Envoyé à", "Par", "Expire le", "Ouvert", "État", "Annuler"]
PROPOSAL_TONES: dict[ProposalState, Tone] = {
    ProposalState.PENDING: "new",
    ProposalState.ACCEPTED: "success",
    ProposalState.REJECTED: "neutral",
}
LINK_TONES: dict[LinkState, Tone] = {
    LinkState.OPEN: "info",
    LinkState.EXPIRED: "neutral",
    LinkState.REVOKED: "neutral",
}


def list_proposals(place: Place, criterion: str = "") -> Iterable[Proposal]:
    """One query: those to examine first, then the newest."""
    rows = Proposal.objects.visible_to(place.user).filter(link__enrolment=place.enrolment).select_related("link")
    if criterion:
        rows = rows.filter(link__criterion=criterion)
    return rows.order_by(F("decided_at").desc(nulls_first=True), "-sent_at", "pk")[:LIMIT]


def list_links(place: Place, criterion: str = "") -> Iterable[ProposalLink]:
    """One query: the newest first."""
    rows = ProposalLink.objects.visible_to(place.user).filter(enrolment=place.enrolment).select_related("created_by")
    if criterion:
        rows = rows.filter(criterion=criterion)
    return rows.order_by("-created_at", "pk")[:LIMIT]


def proposal_rows(place: Place, proposals: Iterable[Proposal]) -> list[Row]:
    grid = grid_of(place)
    return [
        Row(
            [criterion_title(grid, each.link.criterion), each.author, each.sent_at, proposal_badge(each)],
            url=reverse("teamwork:proposal_detail", args=[place.enrolment.pk, each.pk]),
            is_unread=each.state is ProposalState.PENDING,
        )
        for each in proposals
    ]


def proposal_badge(proposal: Proposal) -> Badge:
    return Badge(str(proposal.state.label), PROPOSAL_TONES[proposal.state])


def link_rows(place: Place, links: Iterable[ProposalLink]) -> list[Row]:
    now = timezone.now()
    return [_link_row(place, each, each.state_at(now)) for each in links]


def _link_row(place: Place, link: ProposalLink, state: LinkState) -> Row:
    revoke: Any = ""
    if state is LinkState.OPEN:
        address = reverse("teamwork:proposal_link_revoke", args=[place.enrolment.pk, link.pk])
        revoke = Link("Annuler", address, hint=f"le lien envoyé à {link.email}")
    return Row(
        [
            link.criterion,
            link.email,
            str(link.created_by),
            format_datetime(link.expires_at),
            link.opened_at or "Pas encore",
            Badge(str(state.label), LINK_TONES[state]),
            revoke,
        ]
    )


@require_GET
@login_required
def proposal_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was proposed, and the links that are out."""
    place = find_team_place(request, pk)
    values = {
        **page_values(place, TITLE),
        "page_title": TITLE,
        "proposal_columns": PROPOSAL_COLUMNS,
        "proposals": proposal_rows(place, list_proposals(place)),
        "link_columns": LINK_COLUMNS,
        "links": link_rows(place, list_links(place)),
    }
    return render(request, "teamwork/proposal_list.html", values)


@require_http_methods(["GET", "POST"])
@login_required
def proposal_link_create(request: HttpRequest, pk: UUID, criterion: str) -> HttpResponse:
    """To whom, why, for how long; the link leaves by mail."""
    place = find_team_place(request, pk)
    asked = find_criterion(place, criterion)
    form = LinkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            link = create_link(
                enrolment_id=pk,
                criterion=criterion,
                email=values["email"],
                message=values["message"],
                days=values["days"],
                actor=place.user,
                at=timezone.now(),
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, f"Le lien part par e-mail à {link.email}.")
            return redirect("teamwork:criterion_team", pk, criterion)
    values = {
        **page_values(place, "Demander une proposition"),
        "page_title": "Demander une proposition",
        "criterion": f"{asked.code} {asked.title}",
        "form": form,
        "back_url": reverse("teamwork:criterion_team", args=[pk, criterion]),
    }
    return render(request, "teamwork/proposal_link_create.html", values, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def proposal_link_revoke(request: HttpRequest, pk: UUID, link: UUID) -> HttpResponse:
    """Ask, then close the link."""
    place = find_team_place(request, pk)
    found = get_object_or_404(ProposalLink.objects.visible_to(place.user), enrolment=place.enrolment, pk=link)
    back = reverse("teamwork:proposal_list", args=[pk])
    if request.method == "GET":
        if found.revoked_at is not None:
            return redirect(back)
        text = f"{found.email} ne pourra plus rien proposer pour {found.criterion} avec ce lien. Ce qui est déjà proposé reste."
        action = Action("Annuler le lien", request.path, confirm_title="Annuler ce lien", confirm_text=text)
        return render_confirmation(request, action, cancel_url=back)
    revoke_link(link_id=found.pk, actor=place.user, at=timezone.now())
    messages.success(request, f"Le lien envoyé à {found.email} est annulé.")
    return redirect(back)


# -- one proposal


def find_proposal(place: Place, key: UUID) -> Proposal:
    """Raises Http404."""
    files = ProposedFile.objects.select_related("file__blob").order_by("pk")
    rows = Proposal.objects.visible_to(place.user).select_related("link__created_by", "decided_by")
    return get_object_or_404(rows.prefetch_related(Prefetch("files", files)), link__enrolment=place.enrolment, pk=key)


@require_GET
@login_required
def proposal_detail(request: HttpRequest, pk: UUID, proposal: UUID) -> HttpResponse:
    """The proposal beside the answer of today."""
    place = find_team_place(request, pk)
    return _render(request, place, find_proposal(place, proposal))


def _render(
    request: HttpRequest,
    place: Place,
    proposal: Proposal,
    *,
    accepting: AcceptForm | None = None,
    rejecting: RejectForm | None = None,
    blockers: Iterable[Blocker] = (),
    status: int = 200,
) -> HttpResponse:
    code, key = proposal.link.criterion, place.enrolment.pk
    criterion = grid_of(place).criteria[code]
    current = Answer.objects.filter(response=place.enrolment.response, code=code).select_related("updated_by").first()
    deposits = Deposit.objects.active().with_file().filter(response=place.enrolment.response, criterion=code)
    labels = {each.code: each.label for each in criterion.evidence}
    choices = _choices(proposal)
    version = current.version if current else 0
    values = {
        **page_values(place, f"Proposition pour {code}"),
        "page_title": criterion_title(grid_of(place), code),
        "proposal": proposal,
        "badge": proposal_badge(proposal),
        "is_pending": proposal.state is ProposalState.PENDING,
        "is_accepted": proposal.state is ProposalState.ACCEPTED,
        "criterion": criterion,
        "current_words": value_words(criterion, current.value if current else None),
        "current_comment": current.comment if current else "",
        "current_by": str(current.updated_by) if current and current.updated_by else "",
        "current_at": current.updated_at if current else None,
        "current_files": [
            (labels.get(each.evidence_type, each.evidence_type), each.file.name)
            for each in deposits.order_by("deposited_at")
        ],
        "proposed_words": value_words(criterion, proposal.value),
        "has_value": bool(proposal.value),
        "proposed_files": [
            (
                labels.get(each.evidence_type, each.evidence_type),
                deposited_file(
                    each.file, download_url=reverse("teamwork:proposal_file", args=[key, proposal.pk, each.pk])
                ),
            )
            for each in proposal.files.all()
        ],
        "accepting": accepting or AcceptForm(choices, initial={"version": version}),
        "rejecting": rejecting or RejectForm(),
        "blockers": list(blockers),
        "accept_url": reverse("teamwork:proposal_accept", args=[key, proposal.pk]),
        "reject_url": reverse("teamwork:proposal_reject", args=[key, proposal.pk]),
        "form_url": part_address(key, scope_of(place, code)),
        "list_url": reverse("teamwork:proposal_list", args=[key]),
        "can_write": place.access.can_write,
    }
    return render(request, "teamwork/proposal_detail.html", values, status=status)


def _choices(proposal: Proposal) -> list[tuple[str, str]]:
    files = [(str(each.pk), each.file.name) for each in proposal.files.all()]
    return accept_choices(proposal.value, proposal.comment, files)


@require_POST
@login_required
def proposal_accept(request: HttpRequest, pk: UUID, proposal: UUID) -> HttpResponse:
    """What is ticked becomes the draft answer and its evidence."""
    place = find_team_place(request, pk)
    found = find_proposal(place, proposal)
    form = AcceptForm(_choices(found), request.POST)
    if not form.is_valid():
        return _render(request, place, found, accepting=form, status=422)
    try:
        accept(
            proposal_id=found.pk,
            parts=form.cleaned_data["parts"],
            base_version=form.cleaned_data["version"],
            actor=place.user,
            at=timezone.now(),
        )
    except TransitionRefused as refusal:
        return _render(request, place, find_proposal(place, proposal), blockers=refusal.blockers, status=422)
    messages.success(
        request, f"La proposition de {found.author} est reprise dans le brouillon{NBSP}: relisez-la, puis validez."
    )
    return redirect(part_address(pk, scope_of(place, found.link.criterion)))


@require_POST
@login_required
def proposal_reject(request: HttpRequest, pk: UUID, proposal: UUID) -> HttpResponse:
    place = find_team_place(request, pk)
    found = find_proposal(place, proposal)
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _render(request, place, found, rejecting=form, status=422)
    try:
        reject(proposal_id=found.pk, why=form.cleaned_data["why"], actor=place.user, at=timezone.now())
    except TransitionRefused as refusal:
        return _render(request, place, found, rejecting=form, blockers=refusal.blockers, status=422)
    messages.success(request, f"La proposition est refusée, et son motif envoyé à {found.link.email}.")
    return redirect("teamwork:proposal_list", pk)


@require_GET
@login_required
def proposal_file(request: HttpRequest, pk: UUID, proposal: UUID, file: UUID) -> HttpResponseBase:
    """The original, as an attachment, once the antivirus let it through."""
    place = find_team_place(request, pk)
    found = find_proposal(place, proposal)
    proposed: ProposedFile | None = next((each for each in found.files.all() if each.pk == file), None)
    if proposed is None:
        raise Http404
    try:
        return stream(proposed.file)
    except FileWithheld as withheld:
        messages.error(request, f"{proposed.file.name}{NBSP}: {withheld.problem.message}")
        return redirect("teamwork:proposal_detail", pk, proposal)
