"""Audits: the list, one audit for both sides, each act, and the draws (L5 to L7, BR-174, BR-178)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.canonical import canonical_json
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Item, Link, Row
from evidence.errors import FileWithheld
from evidence.models import StoredFile
from evidence.services import stream
from evidence.values import deposited_file
from referencing.listing import rules
from referencing.listing.enums import TOLD_AUDITS, AuditState
from referencing.listing.forms.life import (
    AnnounceForm,
    AuditConclusionForm,
    AuditForm,
    ComplementForm,
    DrawForm,
    EmptyForm,
    FilingForm,
    FindingsForm,
    ReasonForm,
    VisitForm,
)
from referencing.listing.life_wording import audit_badge
from referencing.listing.models import Audit, AuditDraw, AuditSeed
from referencing.listing.services.audits import (
    add_visit,
    ask_complements,
    cancel_audit,
    conclude_audit,
    draw_seed,
    file_documents,
    find_auditor_obstacles,
    freeze_population,
    is_public,
    notify_audit,
    open_audit,
    published_draw,
    read_population,
    write_report,
)
from referencing.listing.views.acting import Act, posted, show_act
from referencing.listing.views.life import LIST_LIMIT, crumbs, get_listing, is_editor, life_url

if TYPE_CHECKING:
    from convergence.accounts.models import User


@require_GET
@login_required
def audit_list(request: SignedInRequest) -> HttpResponse:
    """Running audits first, the nearest start first."""
    if not rules.reads_listings(request.user):
        raise PermissionDenied("audit_list")
    rows = (
        Audit.objects.visible_to(request.user)
        .select_related("listing__enrolment__product__organisation", "auditor")
        .order_by(F("ended_at").desc(nulls_first=True), F("starts_on").asc(nulls_first=True), "pk")[:LIST_LIMIT]
    )
    return render(
        request,
        "listing/records.html",
        {
            "title": "Audits",
            "lead": "L’évaluation continue des services référencés. Un service reste au catalogue pendant son audit.",
            "columns": ["Service", "Structure", "Origine", "État", "Auditeur", "Commence le", "Documents avant le"],
            "rows": [
                Row(
                    [
                        each.listing.enrolment.label,
                        each.listing.enrolment.product.organisation.name,
                        each.get_origin_display(),
                        audit_badge(each),
                        each.auditor.get_full_name() if each.auditor else "–",
                        each.starts_on or "–",
                        each.due_on or "–",
                    ],
                    url=reverse("listing:audit_detail", args=[each.pk]),
                )
                for each in rows
            ],
            "empty_title": "Aucun audit",
            "empty_text": "Tirez des services au sort, ou ouvrez un audit depuis la page d’un référencement.",
            "links": [Link("Tirages au sort", reverse("listing:draw_list"))],
        },
    )


def get_audit(request: SignedInRequest, pk: UUID) -> Audit:
    rows = Audit.objects.visible_to(request.user).select_related(
        "listing__enrolment__product__organisation",
        "listing__decision",
        "auditor",
        "plan_file__blob",
        "report_file__blob",
    )
    return get_object_or_404(rows, pk=pk)


def audit_url(audit: Audit) -> str:
    return reverse("listing:audit_detail", args=[audit.pk])


def _file_url(audit: Audit, file: StoredFile) -> str:
    return reverse("listing:audit_file", args=[audit.pk, file.pk])


@require_GET
@login_required
def audit_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The same page for both sides; the editor reads neither the report of a visitor nor why it was chosen."""
    audit = get_audit(request, pk)
    editor = is_editor(request.user, audit.listing)
    items = [Item("Clos le", audit.ended_at)] if audit.ended_at else []
    if not editor:
        items += [Item("Origine", audit.get_origin_display()), Item("Motif", audit.motive or "–")]
        if audit.draw_id:
            items.append(Item("Tirage", f"n° {audit.draw_id}"))
    if audit.auditor and not editor:
        items.append(Item("Auditeur", audit.auditor.get_full_name()))
    if audit.notified_at:
        items += [
            Item("Annoncé le", audit.notified_at),
            Item("Commence le", audit.starts_on),
            Item("Périmètre et modalités", audit.plan),
        ]
    if audit.due_on:
        items.append(Item("Documents attendus avant le", audit.due_on))
    exchanges = [
        {
            "title": "Demande de compléments" if each.is_request else "Réponse de l’éditeur",
            "at": each.at,
            "text": each.text,
            "confirms": "" if each.is_request else _say_confirmation(confirmed=each.confirms_answers),
            "files": [
                deposited_file(document.file, download_url=_file_url(audit, document.file))
                for document in each.documents.all()
            ],
        }
        for each in audit.exchanges.prefetch_related("documents__file__blob", "documents__file__uploaded_by")
    ]
    may_audit = rules.can_audit(request.user)
    return render(
        request,
        "listing/audit_detail.html",
        {
            "audit": audit,
            "title": f"Audit – {audit.listing.enrolment.label}",
            "crumbs": crumbs(request.user, audit.listing, "Audit"),
            "badge": audit_badge(audit),
            "items": items,
            "plan": Link(audit.plan_file.name, _file_url(audit, audit.plan_file)) if audit.plan_file else None,
            "report": Link("Télécharger le rapport en PDF", _file_url(audit, audit.report_file))
            if audit.report_file
            else None,
            "exchanges": exchanges,
            "visits": list(audit.visits.all()),
            "obstacles": find_auditor_obstacles(request.user, audit.listing, at=timezone.now())
            if may_audit and audit.state == AuditState.PLANNED
            else [],
            "steps": _steps(request.user, audit),
        },
    )


def _say_confirmation(*, confirmed: bool) -> str:
    return (
        "L’éditeur confirme les réponses de son dossier de référencement."
        if confirmed
        else "L’éditeur signale que des réponses de son dossier ont changé."
    )


#: Steps of the auditor, by transition: label, name of the page.
STEPS = {
    "notify": ("Annoncer l’audit", "audit_announce"),
    "file": ("Transmettre les documents", "audit_submit"),
    "ask": ("Demander des compléments", "audit_ask"),
    "report": ("Établir le rapport", "audit_report"),
    "clear": ("Conclure l’audit", "audit_conclude"),
    "cancel": ("Annuler l’audit", "audit_cancel"),
}


def _steps(user: User, audit: Audit) -> list[Link]:
    steps = [
        Link(label, reverse(f"listing:{page}", args=[audit.pk]))
        for name, (label, page) in STEPS.items()
        if is_allowed(audit, name, user)
    ]
    if rules.can_audit(user) and audit.state in (AuditState.RUNNING, AuditState.FILED):
        steps.insert(-1, Link("Consigner une visite sur place", reverse("listing:visit_add", args=[audit.pk])))
    return steps


@require_GET
@login_required
def audit_file(request: SignedInRequest, pk: UUID, file: UUID) -> HttpResponseBase:
    """The plan, the report, or a document of this audit."""
    audit = get_audit(request, pk)
    stored = get_object_or_404(
        StoredFile.objects.with_blob().filter(
            Q(pk=audit.plan_file_id) | Q(pk=audit.report_file_id) | Q(pk__in=audit.exchanges.values("documents__file"))
        ),
        pk=file,
    )
    try:
        return stream(stored)
    except FileWithheld as withheld:
        raise Http404 from withheld


def _require_auditor(request: SignedInRequest) -> None:
    if not rules.can_audit(request.user):
        raise PermissionDenied("audit")


@require_http_methods(["GET", "POST"])
@login_required
def audit_open(request: SignedInRequest, pk: UUID) -> HttpResponse:
    listing = get_listing(request, pk)
    _require_auditor(request)
    act = Act(
        title="Auditer ce service",
        text=f"{listing.enrolment.label}. L’éditeur n’est prévenu qu’à l’annonce de l’audit, un mois avant son début.",
        button="Ouvrir l’audit",
        done="L’audit est ouvert. Annoncez-le avec son plan.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Audit"),
    )
    return show_act(
        request,
        act,
        AuditForm(posted(request)),
        lambda values: open_audit(listing_id=pk, motive=values["motive"], actor=request.user),
    )


def _act(request: SignedInRequest, audit: Audit, title: str, text: str, button: str, done: str, **more: bool) -> Act:
    return Act(
        title=title,
        text=text,
        button=button,
        done=done,
        back=audit_url(audit),
        crumbs=crumbs(request.user, audit.listing, "Audit", title),
        **more,
    )


@require_http_methods(["GET", "POST"])
@login_required
def audit_announce(request: SignedInRequest, pk: UUID) -> HttpResponse:
    audit = get_audit(request, pk)
    _require_auditor(request)
    act = _act(
        request,
        audit,
        "Annoncer l’audit",
        "L’éditeur reçoit le plan d’audit au moins un mois avant le début. Vous conduisez ensuite cet audit jusqu’à sa "
        "conclusion.",
        "Annoncer l’audit",
        "L’audit est annoncé. L’éditeur est prévenu.",
        has_file=True,
    )
    return show_act(
        request,
        act,
        AnnounceForm(posted(request), request.FILES or None),
        lambda values: notify_audit(audit_id=pk, actor=request.user, **values),
        blockers=find_auditor_obstacles(request.user, audit.listing, at=timezone.now()),
    )


@require_http_methods(["GET", "POST"])
@login_required
def audit_submit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The editor’s answer."""
    audit = get_audit(request, pk)
    if not rules.can_commit(request.user, audit):
        raise PermissionDenied("audit_submit")
    act = _act(
        request,
        audit,
        "Transmettre les documents",
        "L’auditeur examine ce que vous transmettez et peut demander des compléments. Ce qui est transmis ne change plus.",
        "Transmettre les documents",
        "Vos documents sont transmis à l’auditeur.",
        has_file=True,
    )
    return show_act(
        request,
        act,
        FilingForm(posted(request), request.FILES or None),
        lambda values: file_documents(audit_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def audit_ask(request: SignedInRequest, pk: UUID) -> HttpResponse:
    audit = get_audit(request, pk)
    _require_auditor(request)
    act = _act(
        request,
        audit,
        "Demander des compléments",
        "L’éditeur lit votre demande et transmet de nouveaux documents.",
        "Demander des compléments",
        "La demande est envoyée.",
    )
    return show_act(
        request,
        act,
        ComplementForm(posted(request)),
        lambda values: ask_complements(audit_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def visit_add(request: SignedInRequest, pk: UUID) -> HttpResponse:
    audit = get_audit(request, pk)
    _require_auditor(request)
    act = _act(
        request,
        audit,
        "Consigner une visite sur place",
        "La visite et ses constats sont joints au rapport ; ils ne changent plus.",
        "Consigner la visite",
        "La visite est consignée.",
    )
    return show_act(
        request,
        act,
        VisitForm(posted(request)),
        lambda values: add_visit(audit_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def audit_report(request: SignedInRequest, pk: UUID) -> HttpResponse:
    audit = get_audit(request, pk)
    _require_auditor(request)
    act = _act(
        request,
        audit,
        "Établir le rapport",
        "Le rapport reprend le plan, les échanges et les visites. Il est figé, scellé et remis à l’éditeur.",
        "Établir le rapport",
        "Le rapport est établi. L’éditeur peut le lire.",
    )
    return show_act(
        request,
        act,
        FindingsForm(posted(request)),
        lambda values: write_report(audit_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def audit_conclude(request: SignedInRequest, pk: UUID) -> HttpResponse:
    audit = get_audit(request, pk)
    _require_auditor(request)
    act = _act(
        request,
        audit,
        "Conclure l’audit",
        "Une conclusion favorable laisse le service au catalogue. Sinon, vous proposez une mise en demeure : le ministère "
        "décide, après avoir entendu l’éditeur.",
        "Conclure l’audit",
        "L’audit est conclu. L’éditeur est prévenu.",
    )
    return show_act(
        request,
        act,
        AuditConclusionForm(posted(request)),
        lambda values: conclude_audit(
            audit_id=pk, is_favourable=values["decision"] == "favourable", text=values["text"], actor=request.user
        ),
    )


@require_http_methods(["GET", "POST"])
@login_required
def audit_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    audit = get_audit(request, pk)
    _require_auditor(request)
    told = audit.state in TOLD_AUDITS
    act = _act(
        request,
        audit,
        "Annuler l’audit",
        "L’audit prend fin sans rapport. " + ("L’éditeur est prévenu." if told else "L’éditeur n’en a rien su."),
        "Annuler l’audit",
        "L’audit est annulé.",
    )
    return show_act(
        request,
        act,
        ReasonForm(posted(request)),
        lambda values: cancel_audit(audit_id=pk, why=values["reason"], actor=request.user),
    )


# Draws


@require_http_methods(["GET", "POST"])
@login_required
def draw_list(request: SignedInRequest) -> HttpResponse:
    """The draws, and the first act of a new one."""
    if not rules.reads_listings(request.user):
        raise PermissionDenied("draw_list")
    may_draw = rules.can_audit(request.user)
    form = DrawForm(posted(request))
    if request.method == "POST":
        if not may_draw:
            raise PermissionDenied("freeze_population")
        if form.is_valid():
            try:
                draw = freeze_population(sample=form.cleaned_data["sample"], actor=request.user)
            except TransitionRefused as refusal:
                form.add_blockers(refusal.blockers)
            else:
                return redirect("listing:draw_detail", draw.number)
    draws = AuditDraw.objects.select_related("seed", "frozen_by").defer("population")[:LIST_LIMIT]
    return render(
        request,
        "listing/draw_list.html",
        {
            "form": form,
            "may_draw": may_draw,
            "columns": ["Tirage", "Population figée le", "Par", "Services à tirer", "Graine tirée le"],
            "rows": [
                Row(
                    [
                        f"n° {each.number}",
                        each.frozen_at,
                        each.frozen_by.get_full_name(),
                        each.sample,
                        each.seed.drawn_at if hasattr(each, "seed") else "À tirer",
                    ],
                    url=reverse("listing:draw_detail", args=[each.number]),
                )
                for each in draws
            ],
        },
        status=422 if request.method == "POST" else 200,
    )


def _get_draw(number: int) -> tuple[AuditDraw, AuditSeed | None]:
    draw = get_object_or_404(AuditDraw.objects.select_related("frozen_by"), number=number)
    return draw, AuditSeed.objects.filter(draw=draw).select_related("drawn_by").first()


@require_GET
@login_required
def draw_detail(request: SignedInRequest, number: int) -> HttpResponse:
    """Population and seed, with what it takes to replay the draw."""
    if not rules.reads_listings(request.user):
        raise PermissionDenied("draw_detail")
    draw, seed = _get_draw(number)
    population = read_population(draw)
    audits = {
        each.listing.enrolment.number: each
        for each in Audit.objects.visible_to(request.user)
        .filter(draw=draw)
        .select_related("listing__enrolment__product")
    }
    items = [
        Item("Population figée le", draw.frozen_at),
        Item("Par", draw.frozen_by.get_full_name()),
        Item("Services dans la population", len(population["services"])),
        Item("Services exclus", len(population["excluded"])),
        Item("Services à tirer", draw.sample),
        Item("Empreinte SHA-256 de la population", draw.sha256),
        Item("Manière de tirer", population["algorithm"]),
    ]
    if seed:
        items += [
            Item("Graine tirée le", seed.drawn_at),
            Item("Par", seed.drawn_by.get_full_name()),
            Item("Graine", seed.value),
        ]
    return render(
        request,
        "listing/draw_detail.html",
        {
            "draw": draw,
            "title": f"Tirage n° {draw.number}",
            "seed": seed,
            "items": items,
            "may_draw": seed is None and rules.can_audit(request.user),
            "is_public": is_public(draw),
            "columns": ["Rang", "Service", "Audit"],
            "rows": [
                Row(
                    [
                        rank,
                        f"n° {service}",
                        Link(audits[service].listing.enrolment.label, audit_url(audits[service]))
                        if service in audits
                        else "–",
                    ]
                )
                for rank, service in enumerate(seed.selected if seed else [], start=1)
            ],
            "excluded_columns": ["Service", "Motif"],
            "excluded": [Row([f"n° {each['number']}", each["reason"]]) for each in population["excluded"]],
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def seed_draw(request: SignedInRequest, number: int) -> HttpResponse:
    """Second act: asks first, because it is done once."""
    _require_auditor(request)
    draw, seed = _get_draw(number)
    back = reverse("listing:draw_detail", args=[number])
    if seed is not None:
        return redirect(back)
    act = Act(
        title=f"Tirer la graine du tirage n° {number}",
        text=f"La population est figée (empreinte {draw.sha256[:16]}…). La graine est tirée une seule fois ; elle désigne "
        f"{draw.sample} service{'s' if draw.sample > 1 else ''}, dont les audits s’ouvrent aussitôt.",
        button="Tirer la graine",
        done="La graine est tirée. Les audits des services désignés sont ouverts.",
        back=back,
        crumbs=[
            Link("Tirages au sort", reverse("listing:draw_list")),
            Link(f"Tirage n° {number}", back),
            Link("Graine"),
        ],
    )
    return show_act(request, act, EmptyForm(posted(request)), lambda _: draw_seed(number=number, actor=request.user))


@require_GET
def draw_export(request: HttpRequest, number: int) -> HttpResponse:
    """The draw as JSON: whole for agents, and for anybody once its audits have ended; before, what commits the platform."""
    draw, seed = _get_draw(number)
    content = published_draw(draw, seed)
    is_agent = request.user.is_authenticated and rules.reads_listings(request.user)
    if not is_agent and not is_public(draw):
        content = {"number": draw.number, **{key: content[key] for key in ("population_sha256", "frozen_at")}}
    return HttpResponse(canonical_json(content), content_type="application/json")
