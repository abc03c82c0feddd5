"""Versions of a listed service: declared, updated, examined (L4, BR-173)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.ui.values import Item, Link
from referencing.listing import rules
from referencing.listing.enums import VersionChange
from referencing.listing.forms.life import UpdateForm, VersionDecisionForm, VersionForm
from referencing.listing.life_wording import version_badge
from referencing.listing.models import VersionUpdate
from referencing.listing.services.versions import (
    current_version,
    decide_update,
    declare_version,
    list_criteria,
    submit_update,
)
from referencing.listing.views.acting import Act, posted, show_act
from referencing.listing.views.life import crumbs, get_listing, life_url


@require_http_methods(["GET", "POST"])
@login_required
def version_declare(request: SignedInRequest, pk: UUID) -> HttpResponse:
    listing = get_listing(request, pk)
    if not rules.can_describe(request.user, listing):
        raise PermissionDenied("version_declare")
    act = Act(
        title="Déclarer une version",
        text=f"Dernière version connue : {current_version(listing)}. Une version mineure est enregistrée, sans suite à donner. "
        "Une version majeure demande de mettre à jour la déclaration de conformité dans le délai indiqué.",
        button="Déclarer la version",
        done="La version est déclarée.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Nouvelle version"),
    )
    return show_act(
        request,
        act,
        VersionForm(posted(request)),
        lambda values: declare_version(listing_id=pk, actor=request.user, **values),
    )


def get_version(request: SignedInRequest, pk: UUID) -> VersionUpdate:
    rows = VersionUpdate.objects.visible_to(request.user).select_related(
        "listing__enrolment__product__organisation",
        "listing__decision__candidature__dossier",
        "declared_by",
        "submitted_by",
    )
    return get_object_or_404(rows, pk=pk)


@require_GET
@login_required
def version_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    row = get_version(request, pk)
    listing = row.listing
    items: list[Item] = [
        Item("Version précédente", row.previous),
        Item("Mise en service le", row.released_on),
        Item("Nature", "Majeure" if row.is_major else "Mineure"),
        Item("Ce que cette version apporte", row.summary),
    ]
    if row.changes:
        items.append(Item("Changements", ", ".join(str(VersionChange(each).label) for each in row.changes)))
    items.append(Item("Déclarée par", row.declared_by.get_full_name()))
    items.append(Item("Déclarée le", row.declared_at))
    if row.due_on:
        items.append(Item("Mise à jour attendue avant le", row.due_on))
    update: list[Item] = []
    if row.submitted_at:
        update = [
            Item("Transmise le", row.submitted_at),
            Item("Ce qui change", row.statement),
            Item("Critères confirmés", ", ".join(row.confirmed)),
        ]
        if row.decided_at:
            update.append(Item("Examinée le", row.decided_at))
        if row.note:
            update.append(Item("Motif", row.note))
    steps = []
    if is_allowed(row, "submit", request.user):
        steps.append(Link("Transmettre la mise à jour", reverse("listing:version_submit", args=[pk])))
    if is_allowed(row, "accept", request.user):
        steps.append(Link("Examiner la mise à jour", reverse("listing:version_decide", args=[pk])))
    return render(
        request,
        "listing/record.html",
        {
            "title": f"Version {row.version}",
            "crumbs": crumbs(request.user, listing, f"Version {row.version}"),
            "badge": version_badge(row),
            "sections": [
                {"title": "Version déclarée", "rows": items},
                *([{"title": "Mise à jour de la déclaration", "rows": update}] if update else []),
            ],
            "steps": steps,
        },
    )


def _require(request: SignedInRequest, row: VersionUpdate, name: str, predicate: Any) -> None:
    """403 for who may never do it; a wrong state is told by the service."""
    if not predicate(request.user, row):
        raise PermissionDenied(name)


@require_http_methods(["GET", "POST"])
@login_required
def version_submit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    row = get_version(request, pk)
    _require(request, row, "version_submit", rules.can_commit)
    criteria = list_criteria(row.listing)
    back = reverse("listing:version_detail", args=[pk])
    act = Act(
        title=f"Mettre à jour la déclaration – version {row.version}",
        text="Dites ce qui change, puis confirmez chaque critère obligatoire. L’équipe de référencement examine votre mise à "
        "jour ; votre service reste au catalogue pendant ce temps.",
        button="Transmettre la mise à jour",
        done="La mise à jour est transmise à l’équipe de référencement.",
        back=back,
        crumbs=crumbs(request.user, row.listing, f"Version {row.version}"),
    )
    return show_act(
        request,
        act,
        UpdateForm(criteria, posted(request), initial={"statement": row.statement, "confirmed": row.confirmed}),
        lambda values: submit_update(update_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def version_decide(request: SignedInRequest, pk: UUID) -> HttpResponse:
    row = get_version(request, pk)
    _require(request, row, "version_decide", rules.can_publish)
    act = Act(
        title=f"Examiner la mise à jour – version {row.version}",
        text="L’éditeur est prévenu de votre réponse. Un refus propose une mise en demeure au ministère ; l’éditeur peut encore "
        "transmettre une meilleure mise à jour.",
        button="Enregistrer la réponse",
        done="La réponse est enregistrée. L’éditeur est prévenu.",
        back=reverse("listing:version_detail", args=[pk]),
        crumbs=crumbs(request.user, row.listing, f"Version {row.version}"),
    )
    return show_act(
        request,
        act,
        VersionDecisionForm(posted(request)),
        lambda values: decide_update(
            update_id=pk, is_accepted=values["decision"] == "accept", note=values["note"], actor=request.user
        ),
    )
