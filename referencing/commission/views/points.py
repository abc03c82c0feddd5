"""The reading file of a point: synthesis, private note, prepared opinion, evidence on request (BO-07)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.drafts import services as drafts
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Badge, Link
from evidence.core.formats import IMAGES
from evidence.core.sizes import size_in_words
from evidence.errors import FileWithheld
from evidence.models import StoredFile
from evidence.services import withheld_reason
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import Outcome
from referencing.candidature.services.conclusion import read_conclusion
from referencing.candidature.services.connection.standing import campaign_standing
from referencing.commission.enums import PointOutcome
from referencing.commission.forms.deliberation import NoteForm, PreparedForm
from referencing.commission.models import AgendaPoint, Note, Opinion, PreparedOpinion
from referencing.commission.opinion_wording import opinion_badge
from referencing.commission.rules import is_voter
from referencing.commission.services.reading import (
    find_evidence,
    is_encrypted,
    prepare_opinion,
    save_note,
    show_evidence,
)
from referencing.commission.views.point_frame import get_point, point_frame
from referencing.commission.views.saying import say_tests
from referencing.dossier.readers import read_payload

SHOWN = {"pdf", *IMAGES}
WIDTH = 1600
#: Verdicts that tell the commission of a criterion that was not reached.
GAPS = (Outcome.NON_COMPLIANT, Outcome.TO_COMPLETE)


def note_key(point: AgendaPoint) -> str:
    return f"commission-note:{point.pk}"


def prepared_key(point: AgendaPoint) -> str:
    return f"commission-prepared:{point.pk}"


@require_GET
@login_required
def point_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _render(request, get_point(request, pk))


@require_POST
@login_required
def point_note(request: SignedInRequest, pk: UUID) -> HttpResponse:
    point = get_point(request, pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            save_note(point_id=pk, text=form.cleaned_data["text"], actor=request.user)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
    if form.errors:
        return _render(request, point, note=form)
    drafts.discard(user=request.user, form=note_key(point))
    messages.success(request, "Votre note est enregistrée.")
    return redirect("commission:point_detail", pk)


@require_POST
@login_required
def point_prepare(request: SignedInRequest, pk: UUID) -> HttpResponse:
    point = get_point(request, pk)
    form = PreparedForm(request.POST)
    if form.is_valid():
        try:
            prepare_opinion(point_id=pk, actor=request.user, **form.cleaned_data)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
    if form.errors:
        return _render(request, point, prepared=form)
    drafts.discard(user=request.user, form=prepared_key(point))
    messages.success(request, "Votre avis préparé est enregistré.")
    return redirect("commission:point_detail", pk)


def _render(
    request: SignedInRequest,
    point: AgendaPoint,
    *,
    note: NoteForm | None = None,
    prepared: PreparedForm | None = None,
) -> HttpResponse:
    user = request.user
    candidature = point.candidature
    conclusion = candidature.conclusions.order_by("-number").first()
    report = read_conclusion(conclusion) if conclusion else None
    typed = drafts.load_drafts(user=user, forms=[note_key(point), prepared_key(point)])
    saved_note = Note.objects.filter(point=point, person=user).first()
    mine = PreparedOpinion.objects.filter(point=point, person=user).first()
    note_text = typed.over(note_key(point), {"note-text": saved_note.text if saved_note else ""})
    prepared_text = typed.over(prepared_key(point), {"prepared-text": mine.text if mine else ""})
    earlier = Opinion.objects.filter(candidature=candidature).exclude(point=point).newest_first()
    return render(
        request,
        "commission/point_detail.html",
        {
            **point_frame(point, "reading"),
            "report": report,
            "facts": _facts(point, report),
            "gaps": list_gaps(report),
            "scope": read_payload(candidature.dossier)["exchange_scope"],
            "note_form": note or NoteForm(initial={"text": note_text.values["note-text"]}),
            "note_key": note_key(point),
            "note_at": note_text.at,
            "may_prepare": is_voter(user, point) and point.outcome == PointOutcome.PENDING,
            "prepared_form": prepared
            or PreparedForm(initial={"text": prepared_text.values["prepared-text"], "kind": mine.kind if mine else ""}),
            "prepared_key": prepared_key(point),
            "prepared_at": prepared_text.at,
            "prepared": list_prepared(point),
            "earlier": [
                {"badge": opinion_badge(each.kind), "given_at": each.given_at, "reasons": each.reasons}
                for each in earlier
            ],
        },
        status=422 if note or prepared else 200,
    )


def _facts(point: AgendaPoint, report: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    candidature = point.candidature
    return [
        ("Éditeur", point.organisation_name),
        ("Démarche", candidature.enrolment.demarche.title),
        ("Dossier figé", candidature.dossier.reference),
        ("Rapporteur", str(point.rapporteur or "")),
        ("Proposition de l’instruction", report["proposal_text"] if report else ""),
        ("Tests de connexion", say_tests(campaign_standing(candidature))),
    ]


def list_gaps(report: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Criteria of the frozen report that were not reached, obligations first."""
    rows = [
        {**criterion, "theme": theme["title"], "badge": _verdict_badge(criterion)}
        for theme in (report or {}).get("themes", ())
        for criterion in theme["criteria"]
        if criterion["outcome"] in GAPS
    ]
    return sorted(rows, key=lambda row: row["nature"] != "obligation")


def _verdict_badge(criterion: Mapping[str, Any]) -> Badge:
    return Badge(criterion["outcome_text"], tone="error" if criterion["nature"] == "obligation" else "warning")


def list_prepared(point: AgendaPoint) -> list[dict[str, Any]]:
    """What members meant to say; nobody reads it before the examination begins."""
    if point.examined_at is None:
        return []
    rows = PreparedOpinion.objects.filter(point=point).select_related("person").order_by("edited_at", "pk")
    return [
        {"name": str(each.person), "badge": opinion_badge(each.kind) if each.kind else None, "text": each.text}
        for each in rows
    ]


# -- evidence


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of evidence in the list."""

    name: str
    label: str
    size: str
    url: str
    is_current: bool


@require_GET
@login_required
def point_evidence(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Files by criterion; the one asked for, a page at a time, never an encrypted one. Each page is in the journal."""
    point = get_point(request, pk)
    sha256 = request.GET.get("preuve", "")[:64]
    shown = _shown(request, point, sha256) if sha256 else {}
    base = reverse("commission:point_evidence", args=[pk])
    groups = [
        {
            "code": criterion.code,
            "title": criterion.title,
            "pieces": [
                Piece(
                    each.name,
                    each.label,
                    size_in_words(each.size),
                    f"{base}?preuve={each.sha256}#piece",
                    each.sha256 == sha256,
                )
                for each in {each.sha256: each for each in criterion.evidence}.values()
            ],
        }
        for criterion in load_criteria(point.candidature, opened=True)
        if criterion.evidence
    ]
    return render(
        request, "commission/point_evidence.html", {**point_frame(point, "evidence"), "groups": groups, **shown}
    )


def _shown(request: SignedInRequest, point: AgendaPoint, sha256: str) -> dict[str, Any]:
    file = find_evidence(point, sha256)
    if file is None:
        raise Http404(sha256)
    if is_encrypted(file):
        return {
            "name": file.name,
            "notice": "Conteneur chiffré : la commission ne l’ouvre pas. L’instruction l’a examiné.",
        }
    if reason := withheld_reason(file):
        return {"name": file.name, "notice": reason.message}
    if file.blob.format not in SHOWN:
        return {
            "name": file.name,
            "notice": "Ce fichier ne se montre pas en pages : demandez au secrétariat ce qu’il contient.",
        }
    count = file.blob.pages or 1
    asked = request.GET.get("page", "1")
    page = min(max(int(asked), 1), count) if asked.isdecimal() and len(asked) < 6 else 1
    base = f"{reverse('commission:point_evidence', args=[point.pk])}?preuve={sha256}"
    return {
        "name": file.name,
        "page": page,
        "page_count": count,
        "image_url": reverse("commission:point_evidence_page", args=[point.pk, sha256, page]),
        "previous": Link("Page précédente", f"{base}&page={page - 1}#piece") if page > 1 else None,
        "following": Link("Page suivante", f"{base}&page={page + 1}#piece") if page < count else None,
    }


@require_GET
@login_required
def point_evidence_page(request: SignedInRequest, pk: UUID, sha256: str, page: int) -> HttpResponse:
    """One page as an image made by the server: 404 for what is not of this file, 403 for an encrypted one."""
    get_point(request, pk)
    try:
        image = show_evidence(point_id=pk, sha256=sha256, page=page, width=WIDTH, actor=request.user)
    except (StoredFile.DoesNotExist, FileWithheld) as withheld:
        raise Http404(sha256) from withheld
    response = HttpResponse(image, content_type="image/png")
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response
