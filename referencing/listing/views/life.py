"""« Vie du référencement »: one page for both sides, the list of the agents, and what the editor begins from there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.ui.typography import format_date
from convergence.ui.values import Badge, Item, Link, Row
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.views.frame import Tab
from referencing.listing import rules
from referencing.listing.core.life import may_renew_from
from referencing.listing.enums import (
    OPEN_AUDITS,
    OPEN_RENEWALS,
    OPEN_VERSIONS,
    STANDING_LISTINGS,
    ListingState,
    RenewalState,
)
from referencing.listing.forms.life import EmptyForm, OutcomeForm, ReasonForm
from referencing.listing.life_wording import (
    audit_badge,
    find_ball,
    listing_badge,
    procedure_badge,
    renewal_badge,
    version_badge,
)
from referencing.listing.models import Audit, Listing, Procedure, ProducerReview, Renewal, VersionUpdate
from referencing.listing.services.leaving import withdraw_service
from referencing.listing.services.producer_reviews import close_review
from referencing.listing.services.renewal import (
    find_again_blockers,
    find_cycle_blockers,
    find_extension_blockers,
    find_opening_blockers,
    start_again,
    start_extension,
    start_renewal,
)
from referencing.listing.views.acting import Act, posted, show_act

if TYPE_CHECKING:
    from convergence.accounts.models import User

LIST_LIMIT = 200
#: What the agents look for, in the order of the page.
FILTERS = {
    "": "Tous",
    "fin": "Fin dans 120 jours",
    "suspendus": "Suspendus",
    "audits": "En cours d’audit",
    "versions": "Déclaration à mettre à jour",
    "revues": "Marque blanche à revoir",
    "termines": "Terminés",
}


def renewal_days() -> int:
    days: int = settings.LISTING_LIFE["RENEWAL_DAYS"]
    return days


def get_listing(request: SignedInRequest, pk: UUID) -> Listing:
    """404 for a stranger’s."""
    rows = Listing.objects.visible_to(request.user).select_related(
        "enrolment__product__organisation", "enrolment__demarche", "decision__candidature__dossier"
    )
    return get_object_or_404(rows, pk=pk)


def is_editor(user: User, listing: Listing) -> bool:
    return user.access.is_member(listing.enrolment.product.organisation_id)


def life_url(listing: Listing) -> str:
    return reverse("listing:life_detail", args=[listing.pk])


def crumbs(user: User, listing: Listing, *labels: str) -> list[Link]:
    """From the home of each side to the listing, then the page itself."""
    if is_editor(user, listing):
        home = Link(listing.enrolment.label, reverse("pages:enrolment_detail", args=[listing.enrolment_id]))
    else:
        home = Link("Vie des référencements", reverse("listing:life_list"))
    here = Link("Vie du référencement" if is_editor(user, listing) else listing.enrolment.label, life_url(listing))
    if not labels:
        return [home, Link(here.label)]
    return [home, here, *(Link(label) for label in labels)]


@require_GET
@login_required
def life_list(request: SignedInRequest) -> HttpResponse:
    """Listed services as the agents follow them, the nearest end first."""
    if not rules.reads_listings(request.user):
        raise PermissionDenied("life_list")
    today = timezone.localdate()
    chosen = request.GET.get("voir", "")
    chosen = chosen if chosen in FILTERS else ""
    rows = _filtered(Listing.objects.visible_to(request.user), chosen, today=today)
    rows = rows.select_related("enrolment__product__organisation").annotate(
        open_audits=Count("audits", filter=Q(audits__state__in=OPEN_AUDITS), distinct=True),
        open_versions=Count("version_updates", filter=Q(version_updates__state__in=OPEN_VERSIONS), distinct=True),
        open_renewals=Count("renewals", filter=Q(renewals__state__in=OPEN_RENEWALS), distinct=True),
    )
    order = ["-ends_on", "pk"] if chosen == "termines" else ["ends_on", "pk"]
    found = list(rows.order_by(*order)[: LIST_LIMIT + 1])
    return render(
        request,
        "listing/life_list.html",
        {
            "filters": [
                {"label": label, "url": f"?voir={key}" if key else "?", "is_current": key == chosen}
                for key, label in FILTERS.items()
            ],
            "columns": ["Service", "Structure", "État", "Jusqu’au", "En cours"],
            "rows": [
                Row(
                    [
                        each.enrolment.label,
                        each.enrolment.product.organisation.name,
                        listing_badge(each),
                        each.ends_on,
                        _say_open(each),
                    ],
                    url=life_url(each),
                )
                for each in found[:LIST_LIMIT]
            ],
            "has_more": len(found) > LIST_LIMIT,
            "limit": LIST_LIMIT,
            "links": _agent_links(request.user),
        },
    )


def _filtered(rows: Any, chosen: str, *, today: date) -> Any:
    if chosen == "fin":
        return rows.standing().filter(ends_on__lte=today + timedelta(days=renewal_days()))
    if chosen == "suspendus":
        return rows.filter(state=ListingState.SUSPENDED)
    if chosen == "audits":
        return rows.filter(pk__in=Audit.objects.open().values("listing"))
    if chosen == "versions":
        return rows.filter(pk__in=VersionUpdate.objects.open().values("listing"))
    if chosen == "revues":
        return rows.filter(pk__in=ProducerReview.objects.open().values("listing"))
    if chosen == "termines":
        return rows.exclude(state__in=STANDING_LISTINGS)
    return rows.standing()


def _say_open(listing: Any) -> list[str]:
    words = []
    if listing.open_renewals:
        words.append("renouvellement")
    if listing.open_versions:
        words.append("version")
    if listing.open_audits:
        words.append("audit")
    return [", ".join(words).capitalize()] if words else ["–"]


def _agent_links(user: User) -> list[Link]:
    links = [
        Link("Audits", reverse("listing:audit_list")),
        Link("Tirages au sort", reverse("listing:draw_list")),
        Link("Procédures", reverse("listing:procedure_list")),
    ]
    if rules.reads_reports(user):
        links.append(Link("Signalements", reverse("listing:report_list")))
    return links


@require_GET
@login_required
def life_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """End, renewal, versions, audits, measures of one listing; each side sees what it may, and what it may do."""
    listing = get_listing(request, pk)
    user, today = request.user, timezone.localdate()
    editor = is_editor(user, listing)
    who, what, until = find_ball(listing, is_editor=editor, today=today)
    renewals = list(Renewal.objects.filter(listing=listing).order_by("-opened_at"))
    versions = list(listing.version_updates.order_by("-declared_at")[:LIST_LIMIT])
    audits = list(Audit.objects.visible_to(user).filter(listing=listing).select_related("auditor"))
    procedures = list(Procedure.objects.visible_to(user).filter(enrolment=listing.enrolment_id))
    notices = list(listing.formal_notices.select_related("decision"))
    return render(
        request,
        "listing/life_detail.html",
        {
            "listing": listing,
            "title": listing.enrolment.label,
            "crumbs": crumbs(user, listing),
            "badge": listing_badge(listing),
            "ball_who": who,
            "ball_what": what,
            "ball_until": until,
            "is_mine": editor,
            "is_editor": editor,
            "items": _items(listing),
            "renewals": [_renewal_row(each, listing, editor=editor) for each in renewals],
            "renewal_note": _renewal_note(listing, renewals),
            "version_columns": ["Version", "Mise en service", "Nature", "État", "Attendue avant le"],
            "versions": [
                Row(
                    [
                        each.version,
                        each.released_on,
                        "Majeure" if each.is_major else "Mineure",
                        version_badge(each),
                        each.due_on or "–",
                    ],
                    url=reverse("listing:version_detail", args=[each.pk]),
                )
                for each in versions
            ],
            "audit_columns": ["Audit", "État", "Commence le", "Documents attendus avant le"],
            "audits": [
                Row(
                    [_say_origin(each, editor=editor), audit_badge(each), each.starts_on or "–", each.due_on or "–"],
                    url=reverse("listing:audit_detail", args=[each.pk]),
                )
                for each in audits
            ],
            "procedure_columns": ["Mesure envisagée", "État", "Ouverte le"],
            "procedures": [
                Row(
                    [each.get_kind_display(), procedure_badge(each, today=today), each.opened_at or "–"],
                    url=reverse("listing:procedure_detail", args=[each.pk]),
                )
                for each in procedures
            ],
            "notice_columns": ["Mise en demeure", "À régulariser avant le", "État"],
            "notices": [
                Row(
                    [
                        each.decision.number or "–",
                        each.comply_by,
                        Badge("Levée", tone="success") if each.lifted_at else Badge("En vigueur", tone="error"),
                    ]
                )
                for each in notices
            ],
            "reviews": [
                {
                    "badge": Badge("Close", tone="success") if each.closed_at else Badge("À faire", tone="warning"),
                    "due_on": each.due_on,
                    "outcome": "" if editor else each.outcome,
                    "url": ""
                    if each.closed_at or not rules.can_publish(user)
                    else reverse("listing:producer_review_close", args=[each.pk]),
                }
                for each in ProducerReview.objects.filter(listing=listing).order_by("-opened_at")
            ],
            "actions": _actions(user, listing, renewals, editor=editor, today=today),
        },
    )


def shows_listing(user: User, candidature: Candidature) -> bool:
    """Once the minister decided to list the service: its own side, and the agents who work on listings."""
    if candidature.state not in (CandidatureState.APPROVED, CandidatureState.LISTED):
        return False
    return bool(rules.reads_listings(user)) or user.access.is_member(candidature.enrolment.product.organisation_id)


LISTING_TAB = Tab("listing", "Référencement", "listing:file_listing", shows_listing)


@require_GET
@login_required
def file_listing(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """From a file to the life of the listing that it led to; before its publication, to what prepares it."""
    candidature = get_object_or_404(Candidature.objects.visible_to(request.user), pk=pk)
    newest = Listing.objects.visible_to(request.user).filter(enrolment=candidature.enrolment_id)
    if found := newest.order_by("-published_on", "-ends_on").values_list("pk", flat=True).first():
        return redirect("listing:life_detail", found)
    if candidature.state != CandidatureState.APPROVED:
        raise Http404("listing")
    if rules.can_publish(request.user):
        return redirect("listing:candidature_publish", pk)
    return redirect("listing:publication_preview", candidature.enrolment_id)


@require_GET
@login_required
def enrolment_life(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """From the home of an enrolment to the life of its newest listing."""
    newest = (
        Listing.objects.visible_to(request.user)
        .filter(enrolment=pk)
        .order_by("-published_on", "-ends_on")
        .values_list("pk", flat=True)
        .first()
    )
    if newest is None:
        raise Http404
    return redirect("listing:life_detail", newest)


def _say_origin(audit: Audit, *, editor: bool) -> str:
    """The editor never learns that a visitor reported its service."""
    return f"Audit du {format_date(audit.notified_at)}" if editor and audit.notified_at else audit.get_origin_display()


def _items(listing: Listing) -> list[Item]:
    items = [
        Item("Publié le", listing.published_on),
        Item("Jusqu’au", listing.ends_on),
        Item("Décision", listing.decision.number or "–"),
    ]
    if listing.renewed_on:
        items.append(Item("Renouvelé le", listing.renewed_on))
    if listing.state_reason:
        items.append(Item("Motif", listing.state_reason))
    if listing.state_changed_at and listing.state != ListingState.LISTED:
        items.append(Item("Depuis le", timezone.localdate(listing.state_changed_at)))
    return items


def _renewal_row(renewal: Renewal, listing: Listing, *, editor: bool) -> dict[str, Any]:
    link = None
    if renewal.candidature_id:
        link = Link("Suivre la candidature", reverse("candidature:candidature_detail", args=[renewal.candidature_id]))
    elif renewal.state == RenewalState.STARTED and editor:
        link = Link(
            "Valider les questionnaires, puis candidater",
            reverse("enrolment:questionnaire_list", args=[listing.enrolment_id]),
        )
    return {"badge": renewal_badge(renewal), "opened_at": renewal.opened_at, "link": link, "reason": renewal.reason}


def _renewal_note(listing: Listing, renewals: list[Renewal]) -> str:
    if listing.state not in STANDING_LISTINGS:
        return "Ce référencement a pris fin."
    if listing.renewed_on is not None:
        return "Ce référencement a été renouvelé une fois : ensuite, une nouvelle candidature complète est nécessaire."
    if not renewals:
        first_day = format_date(may_renew_from(listing.ends_on, days=renewal_days()))
        return f"Le renouvellement s’ouvre le {first_day}, {renewal_days()} jours avant la fin. Il ajoute deux ans, une seule fois."
    return ""


def _actions(user: User, listing: Listing, renewals: list[Renewal], *, editor: bool, today: date) -> list[Link]:
    """What this person may begin now, each on its own page."""
    pk, links = listing.pk, []
    stands = listing.state in STANDING_LISTINGS
    if editor and rules.can_commit(user, listing) and stands:
        begun = any(each.state in OPEN_RENEWALS and each.state != RenewalState.OPEN for each in renewals)
        if not begun and not find_opening_blockers(listing, today=today):
            links.append(Link("Commencer le renouvellement", reverse("listing:renewal_start", args=[pk])))
        if not find_again_blockers(listing, today=today):
            links.append(Link("Préparer une nouvelle candidature", reverse("listing:application_start", args=[pk])))
    if editor and stands:
        links.append(Link("Déclarer une version", reverse("listing:version_declare", args=[pk])))
    if editor and rules.can_commit(user, listing) and stands:
        if listing.state == ListingState.LISTED:
            links.append(Link("Demander un nouveau périmètre d’échange", reverse("listing:extension_start", args=[pk])))
        links.append(Link("Retirer le service du catalogue", reverse("listing:listing_withdraw", args=[pk])))
    if rules.can_audit(user) and stands:
        links.append(Link("Auditer ce service", reverse("listing:audit_open", args=[pk])))
    if rules.can_sanction(user):
        if stands:
            links.append(Link("Ouvrir une procédure contradictoire", reverse("listing:procedure_open", args=[pk])))
        links.append(Link("Préparer une décision favorable à l’éditeur", reverse("listing:relief_draft", args=[pk])))
    return links


def _committing(request: SignedInRequest, pk: UUID) -> Listing:
    """404 for a stranger’s listing, 403 for who does not commit the organisation."""
    listing = get_listing(request, pk)
    if not rules.can_commit(request.user, listing):
        raise PermissionDenied("commit")
    return listing


@require_http_methods(["GET", "POST"])
@login_required
def renewal_start(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Commencer le renouvellement »: says what is asked for again before anything begins."""
    listing = _committing(request, pk)
    act = Act(
        title="Commencer le renouvellement",
        text="Vos réponses sont reprises telles quelles : relisez-les, puis validez de nouveau l’orientation et chaque "
        "questionnaire. Les preuves à dépôt unique sont à déposer de nouveau ; les anciennes sont archivées. Vous générez "
        "ensuite un dossier et candidatez.",
        button="Commencer le renouvellement",
        done="Le renouvellement est commencé. Validez de nouveau vos questionnaires.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Renouvellement"),
    )
    blockers = [*find_opening_blockers(listing, today=timezone.localdate()), *find_cycle_blockers(listing)]
    return show_act(
        request,
        act,
        EmptyForm(posted(request)),
        lambda _: start_renewal(listing_id=pk, actor=request.user),
        blockers=blockers,
    )


@require_http_methods(["GET", "POST"])
@login_required
def extension_start(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """A new exchange, interface, direction or purpose (A-31)."""
    listing = _committing(request, pk)
    act = Act(
        title="Demander un nouveau périmètre d’échange",
        text="Un nouvel échange, une nouvelle interface, un nouveau sens ou une nouvelle finalité demande une nouvelle "
        "candidature. Votre service reste au catalogue avec son périmètre actuel pendant l’examen. Vous validez de nouveau "
        "l’orientation, complétez le périmètre d’échange, générez un dossier et candidatez.",
        button="Préparer le nouveau périmètre",
        done="Le nouveau périmètre est en préparation. Validez de nouveau l’orientation.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Nouveau périmètre"),
    )
    return show_act(
        request,
        act,
        EmptyForm(posted(request)),
        lambda _: start_extension(listing_id=pk, actor=request.user),
        blockers=find_extension_blockers(listing),
    )


@require_http_methods(["GET", "POST"])
@login_required
def application_start(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """After the one renewal (OQ-13)."""
    listing = _committing(request, pk)
    act = Act(
        title="Préparer une nouvelle candidature",
        text="Ce référencement a déjà été renouvelé : pour rester au catalogue, déposez une candidature complète. Vos réponses "
        "sont reprises ; chaque questionnaire est à valider de nouveau.",
        button="Préparer la nouvelle candidature",
        done="La nouvelle candidature est en préparation. Validez de nouveau vos questionnaires.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Nouvelle candidature"),
    )
    return show_act(
        request,
        act,
        EmptyForm(posted(request)),
        lambda _: start_again(listing_id=pk, actor=request.user),
        blockers=find_again_blockers(listing, today=timezone.localdate()),
    )


@require_http_methods(["GET", "POST"])
@login_required
def listing_withdraw(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The editor takes its service out of the catalogue."""
    listing = _committing(request, pk)
    act = Act(
        title="Retirer le service du catalogue",
        text=f"{listing.enrolment.product.name} quitte le catalogue aujourd’hui, {format_date(timezone.localdate())}. Ce "
        "retrait est définitif : pour revenir au catalogue, vous devrez candidater de nouveau.",
        button="Retirer le service du catalogue",
        done="Votre service est retiré du catalogue.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Retrait"),
    )
    return show_act(
        request,
        act,
        ReasonForm(posted(request)),
        lambda values: withdraw_service(listing_id=pk, reason=values["reason"], actor=request.user),
    )


@require_http_methods(["GET", "POST"])
@login_required
def producer_review_close(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What the review of a white-label service found (BR-203)."""
    if not rules.can_publish(request.user):
        raise PermissionDenied("producer_review_close")
    review = get_object_or_404(ProducerReview.objects.visible_to(request.user), pk=pk)
    listing = get_listing(request, review.listing_id)
    act = Act(
        title="Clore la revue",
        text="Dites ce que la revue a constaté. Le service reste au catalogue : si une condition n’est plus remplie, le "
        "ministère ouvre une procédure contradictoire.",
        button="Clore la revue",
        done="La revue est close.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Clore la revue"),
    )
    return show_act(
        request,
        act,
        OutcomeForm(posted(request)),
        lambda values: close_review(review_id=pk, outcome=values["outcome"], actor=request.user),
    )
