"""Pages that show more than one stage: dashboard, pathways, product sheet, home of an enrolment."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from convergence.accounts.enums import Role
from convergence.accounts.organisations import current_organisation
from convergence.accounts.requests import SignedInRequest
from convergence.documents.pdf import render_pdf
from convergence.interests.selectors import needs_to_declare
from convergence.pages.core import Ball, Holder, find_ball, list_phases, say_ended
from convergence.pages.selectors import read_facts, with_stages
from convergence.products import rules as product_rules
from convergence.products.enums import Interest
from convergence.products.models import Demarche, Parcours, Product
from convergence.ui.typography import format_date, format_number
from convergence.ui.values import Badge, Item, Link, Row, TimelineEntry
from referencing.candidature.core.queue import ME, QueueFilter
from referencing.candidature.enums import TEAM_CAMPAIGN_STATES, CandidatureState
from referencing.candidature.enums import Holder as FileHolder
from referencing.candidature.models import TestCampaign
from referencing.candidature.selectors.queue import COUNT_LIMIT, count_queues
from referencing.candidature.views.queue import queue_address
from referencing.convention.enums import ConventionState
from referencing.convention.models import Convention
from referencing.enrolment.enums import SheetState
from referencing.enrolment.frame import frame
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from referencing.listing.enums import WRITABLE_SHEETS, PublicationState
from referencing.listing.models import PublicationSheet
from referencing.listing.selectors.publication import DESCRIBED_STATES, listed_since
from referencing.teamwork.selectors import awaiting_validation

if TYPE_CHECKING:
    from convergence.accounts.models import User


@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """« Les parcours » (SC-01) and what waits for this person; strangers see the pathways and how to enter."""
    parcours = Parcours.objects.order_by("-is_open", "position")
    if not request.user.is_authenticated:
        return render(request, "pages/welcome.html", {"parcours": parcours})
    user: User = request.user  # type: ignore[assignment]
    if user.access.is_agent:
        values = {"counters": agent_counters(user), "needs_to_declare": needs_to_declare(user)}
        return render(request, "pages/agent_dashboard.html", values)
    organisation = current_organisation(request)
    if organisation is None:
        return redirect("accounts:welcome")
    enrolments = with_stages(
        Enrolment.objects.visible_to(user).filter(product__organisation=organisation, state="active")
    ).order_by("-number")[:20]
    rows = [enrolment_row(enrolment) for enrolment in enrolments]
    return render(
        request,
        "pages/dashboard.html",
        {
            "parcours": parcours,
            "rows": rows,
            "columns": ENROLMENT_COLUMNS,
            "to_validate": awaiting_validation(user).count(),
        },
    )


def enrolment_row(enrolment: Enrolment) -> Row:
    facts = read_facts(enrolment)
    ball = find_ball(facts)
    phase = next((phase for phase in list_phases(facts) if phase.state in ("current", "waiting")), None)
    address = reverse("pages:enrolment_detail", args=[enrolment.pk])
    return Row(
        cells=[
            enrolment.label,
            phase.label if phase else "Clos",
            HOLDERS[ball.holder],
            say(ball),
        ],
        url=address,
    )


def say(ball: Ball) -> str:
    until = f" avant le {format_date(ball.until)}" if ball.until else ""
    return f"{ball.holder.value} {ball.what}{until}".strip()


#: Who has the ball, in one glance; the sentence stands beside it.
HOLDERS = {
    Holder.EDITOR: Badge("À vous", tone="new"),
    Holder.VERIFIERS: Badge("Vérificateurs", tone="info"),
    Holder.REPRESENTATIVE: Badge("Représentant légal", tone="info"),
    Holder.PRODUCER: Badge("Éditeur producteur", tone="info"),
    Holder.EXPERTS: Badge("Experts", tone="info"),
    Holder.TESTS: Badge("Équipe de tests", tone="info"),
    Holder.COMMISSION: Badge("Commission", tone="info"),
    Holder.MINISTRY: Badge("Ministère", tone="info"),
    Holder.NOBODY: "",
}
ENROLMENT_COLUMNS = ["Produit", "Étape", "À qui d’agir", "Ce qui est attendu"]
LIST_LIMIT = 100


def agent_counters(user: User) -> list[tuple[str, str, str]]:
    """(label, how many wait, address) for the roles this person holds; counts of files stop at « 1 000+ »."""
    counters = []
    if user.access.has(Role.LISTING_TEAM):
        counters = [
            (
                "Fiches administratives à examiner",
                say_figure(AdministrativeSheet.objects.filter(state=SheetState.SUBMITTED)[: COUNT_LIMIT + 1].count()),
                reverse("enrolment:sheet_list"),
            ),
            (
                "Conventions à envoyer",
                say_figure(Convention.objects.filter(state=ConventionState.TO_SEND)[: COUNT_LIMIT + 1].count()),
                f"{reverse('convention:convention_list')}?etat={ConventionState.TO_SEND}",
            ),
            (
                "Conventions signées à valider",
                say_figure(Convention.objects.filter(state=ConventionState.SIGNED)[: COUNT_LIMIT + 1].count()),
                f"{reverse('convention:convention_list')}?etat={ConventionState.SIGNED}",
            ),
        ]
    if user.access.has(Role.TESTS, Role.TESTS_LEAD):
        waiting = TestCampaign.objects.visible_to(user).filter(state__in=TEAM_CAMPAIGN_STATES)
        counters.append(
            (
                "Campagnes de tests à traiter",
                say_figure(waiting[: COUNT_LIMIT + 1].count()),
                reverse("candidature:campaign_list"),
            )
        )
    queues = [(label, asked, view) for label, asked, view, roles in AGENT_QUEUES if user.access.has(*roles)]
    if queues:
        counts = count_queues(user, [asked for _, asked, _ in queues], today=timezone.localdate())
        counters += [
            (label, say_figure(count), queue_address(asked, view=view))
            for (label, asked, view), count in zip(queues, counts, strict=True)
        ]
    return counters


#: The files that wait for a role: (label, filter of the work queue, its tab, roles).
AGENT_QUEUES: list[tuple[str, QueueFilter, str, tuple[Role, ...]]] = [
    (
        "Candidatures à prendre en charge",
        QueueFilter(states=(CandidatureState.APPLIED,)),
        "a-prendre",
        (Role.LISTING_TEAM,),
    ),
    (
        "Mes dossiers à faire avancer",
        QueueFilter(assignees=(ME,), holders=(FileHolder.LISTING_TEAM,)),
        "",
        (Role.LISTING_TEAM,),
    ),
    (
        "Dossiers qui attendent mes verdicts",
        QueueFilter(assignees=(ME,), holders=(FileHolder.EXPERTS,)),
        "",
        (Role.EXPERT,),
    ),
    (
        "Candidatures en retard",
        QueueFilter(is_late=True),
        "en-retard",
        (Role.LISTING_TEAM, Role.EXPERT, Role.TESTS, Role.TESTS_LEAD, Role.SUPPORT),
    ),
    (
        "Candidatures en cours",
        QueueFilter(),
        "en-cours",
        (Role.LISTING_TEAM, Role.EXPERT, Role.TESTS, Role.TESTS_LEAD, Role.SUPPORT),
    ),
]


def say_figure(count: int) -> str:
    """« 12 », « 1 000+ »."""
    return f"{format_number(COUNT_LIMIT)}+" if count > COUNT_LIMIT else format_number(count)


@require_GET
def parcours_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """« Présentation du parcours » (SC-02)."""
    parcours = get_object_or_404(Parcours.objects.prefetch_related("demarches"), slug=slug, is_open=True)
    return render(request, "pages/parcours_detail.html", {"parcours": parcours})


@require_GET
def faq(request: HttpRequest) -> HttpResponse:
    """« FAQ Mon espace santé guidé », linked from the list of questionnaires (SC-12)."""
    return render(request, "pages/faq.html")


@require_GET
def accessibility(request: HttpRequest) -> HttpResponse:
    """Declaration of accessibility: what was tested, what was not."""
    return render(request, "pages/accessibility.html")


@require_GET
@login_required
def demarche_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    """« Présentation de la démarche »: its enrolments, and « Ajouter un produit à la démarche » (SC-03)."""
    demarche = get_object_or_404(Demarche.objects.select_related("parcours"), slug=slug)
    enrolments = with_stages(
        Enrolment.objects.visible_to(request.user).filter(
            demarche=demarche, product__organisation=current_organisation(request)
        )
    ).order_by("-number")[:LIST_LIMIT]
    rows = [enrolment_row(enrolment) for enrolment in enrolments]
    return render(
        request, "pages/demarche_detail.html", {"demarche": demarche, "rows": rows, "columns": ENROLMENT_COLUMNS}
    )


def product_items(product: Product) -> list[Item]:
    return [
        Item("Nom du produit", product.name),
        Item("Version", product.version_label),
        Item("Type de produit", product.get_type_display()),
        Item("N° d’identification (NIL délivré par le CNDA)", product.nil),
        Item("Responsable du produit", product.owner.get_full_name()),
        Item("Structure", product.organisation.name),
        Item("Description", product.description),
        Item("Certifications", product.certifications),
        Item("Dispositifs qui vous intéressent", [Interest(interest).label for interest in product.interests]),
    ]


@require_GET
@login_required
def product_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Fiche du produit » (SC-06): what it is, its démarches, and the pathways where it may start one."""
    product = get_object_or_404(
        Product.objects.visible_to(request.user).select_related("organisation", "owner"),
        pk=pk,
    )
    enrolments = with_stages(Enrolment.objects.filter(product=product)).order_by("-number")
    return render(
        request,
        "pages/product_detail.html",
        {
            "product": product,
            "items": product_items(product),
            "parcours": Parcours.objects.filter(slug__in=["doctrine", "mon-espace-sante"]),
            "rows": [enrolment_row(enrolment) for enrolment in enrolments],
            "columns": ENROLMENT_COLUMNS,
            "may_edit": product_rules.can_edit(request.user, product),
            "may_commit": product_rules.can_commit(request.user, product),
            "listed_since": listed_since([each.pk for each in enrolments], on=timezone.localdate()),
        },
    )


@require_GET
@login_required
def product_pdf(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Exporter la fiche produit »: a PDF of the product’s description."""
    product = get_object_or_404(
        Product.objects.visible_to(request.user).select_related("organisation", "owner"),
        pk=pk,
    )
    content = render_pdf("pages/product_pdf.html", {"product": product, "items": product_items(product)})
    return HttpResponse(
        content,
        headers={
            "Content-Type": "application/pdf",
            "Content-Disposition": f'attachment; filename="fiche-{slugify(product.label)}.pdf"',
        },
    )


def publication_link(user: User, enrolment: Enrolment) -> Link:
    """The publication sheet and where it stands: to write for the editor, to read for the others."""
    state = PublicationSheet.objects.filter(enrolment=enrolment).values_list("state", flat=True).first()
    may_write = product_rules.can_edit(user, enrolment) and (state is None or state in WRITABLE_SHEETS)
    page = "listing:publication_edit" if may_write else "listing:publication_preview"
    label = PublicationState(state).label if state else "À compléter"
    return Link("Fiche de publication", reverse(page, args=[enrolment.pk]), hint=str(label))


@require_GET
@login_required
def enrolment_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Accueil du rattachement » (SC-08): the three steps, what to do now, and the whole line of time."""
    enrolment = get_object_or_404(with_stages(Enrolment.objects.visible_to(request.user)), pk=pk)
    facts = read_facts(enrolment)
    ball = find_ball(facts)
    targets = {
        "sheet": "enrolment:sheet_detail" if facts.sheet == SheetState.SUBMITTED else "enrolment:sheet_edit",
        "convention": "convention:convention_detail",
        "questionnaires": "enrolment:questionnaire_list",
        "dossier": "candidature:dossier_list",
        "publication": "listing:publication_edit",
    }
    candidature_url = (
        reverse("candidature:candidature_detail", args=[facts.candidature_id]) if facts.candidature_id else ""
    )
    convention_state = facts.convention
    columns = [
        ("Fiche administrative", enrolment.sheet.get_state_display()),
        ("Convention", ConventionState(convention_state).label if convention_state else "-"),
        (
            "Questionnaires",
            ("Terminé" if facts.all_done else "A compléter") if convention_state == ConventionState.VALIDATED else "-",
        ),
    ]
    is_mine = product_rules.can_edit(request.user, enrolment)
    return render(
        request,
        "pages/enrolment_detail.html",
        {
            **frame(enrolment, current=1, convention_done=facts.convention == ConventionState.VALIDATED),
            "columns": columns,
            "ball": ball,
            "is_mine": is_mine and ball.holder is Holder.EDITOR,
            "is_member": is_mine,
            "action_url": (
                candidature_url
                if ball.target == "candidature"
                else reverse("decision:decision_detail", args=[facts.decision_id])
                if ball.target == "decision"
                else reverse(targets[ball.target], args=[enrolment.pk])
            )
            if is_mine and ball.holder is Holder.EDITOR and ball.target
            else "",
            "action_label": "Démarrer" if facts.sheet == SheetState.TO_COMPLETE else "Continuer",
            "candidature_url": candidature_url,
            "life_url": reverse("listing:enrolment_life", args=[pk])
            if facts.candidature in ("listed", "rescinded") or enrolment.cycle_started_at
            else "",
            "listed_since": listed_since([pk], on=timezone.localdate()) if facts.candidature_id else None,
            "publication": publication_link(request.user, enrolment) if facts.candidature in DESCRIBED_STATES else None,
            "ended": say_ended(facts),
            "timeline": [
                TimelineEntry(
                    label=phase.label,
                    state=phase.state,
                    actor=phase.holder.value,
                    at=phase.at,
                )
                for phase in list_phases(facts)
            ],
        },
    )
