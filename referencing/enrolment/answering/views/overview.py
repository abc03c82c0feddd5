"""« Liste des questionnaires » (SC-12, SC-19)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from convergence.ui.typography import NBSP
from convergence.ui.values import Link, Tile
from questionnaires.core import Kind
from questionnaires.enums import Status
from questionnaires.models import ORIENTATION
from questionnaires.selectors import Overview, QuestionnaireTile, load_overview
from referencing.enrolment.answering import extras
from referencing.enrolment.answering.pages import Place, address, find_place, page_values, state_badge
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.exchange import find_exchange_blockers, list_pairs


@require_GET
@login_required
def questionnaire_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Tiles with their counters and states; those that are not open say why."""
    place = find_place(request, pk)
    overview = load_overview(place.enrolment.response)
    values = page_values(place, "Questionnaires", is_open=overview.is_open)
    links, lines = extras.on_list(place)
    return render(
        request,
        "enrolment/answering/questionnaire_list.html",
        {
            **values,
            "orientation": with_lines(orientation_tile(place, overview), lines(ORIENTATION)),
            "exchange": exchange_tile(place),
            "questionnaires": [
                with_lines(evaluation_tile(place, overview, tile), lines(tile.code)) for tile in overview.questionnaires
            ],
            "team_links": links,
            "is_open": overview.is_open,
            "is_mine": place.access.can_write and not overview.is_complete,
            "task": next_task(overview),
            "is_complete": overview.is_complete,
            "can_generate": overview.orientation.is_validated and not overview.missing_core,
            "newer_drafts": [tile.title for tile in overview.newer_drafts],
            "announces_end": overview.is_complete and "termine" in request.GET,
            "dossier_url": address("dossier:dossier_generate", place.enrolment.pk),
        },
    )


def with_lines(tile: Tile, lines: list[str]) -> Tile:
    """The tile with what a stage above adds to it."""
    return replace(tile, lines=[*tile.lines, *lines]) if lines else tile


def next_task(overview: Overview) -> str:
    """What the editor has to do now, for the sentence under the title."""
    if not overview.is_open:
        return ""
    if not overview.orientation.validated_at:
        return "devez compléter puis valider le questionnaire d’orientation"
    if overview.missing:
        left = len(overview.missing)
        return f"devez valider encore {left}{NBSP}questionnaire{'s' if left > 1 else ''}"
    return ""


def orientation_tile(place: Place, overview: Overview) -> Tile:
    tile = overview.orientation
    is_open = tile.state != Status.UNAVAILABLE
    lines = [] if is_open else ["Ce questionnaire s’ouvre quand votre convention a été validée par les vérificateurs."]
    if tile.has_newer_draft:
        lines.append(
            "Vos modifications sont un brouillon\u00a0: elles ne changent rien tant qu’elles ne sont pas validées."
        )
    return Tile(
        title=tile.title,
        subtitle="Orientation",
        url=reverse("enrolment:orientation_detail", args=[place.enrolment.pk]) if is_open else "",
        counter=f"Questions obligatoires renseignées {tile.progress}",
        badge=state_badge(tile.state),
        action_label=action_label(tile, place),
        lines=lines,
    )


def exchange_tile(place: Place) -> Tile | None:
    """The exchange scope, once the validated orientation asks for it (A-11)."""
    orientation = place.enrolment.response.orientation or {}
    pairs = list_pairs(place.enrolment, orientation)
    if not pairs:
        return None
    left = find_exchange_blockers(place.enrolment, orientation)
    state = Status.TO_COMPLETE if left else Status.DONE
    return Tile(
        title="Échanges avec Mon espace santé",
        subtitle="Périmètre d’échange",
        url=reverse("enrolment:exchange_scope", args=[place.enrolment.pk]),
        counter=f"Échanges décrits {len(pairs) - len(left)}/{len(pairs)}",
        badge=state_badge(state),
        action_label=("Editer" if state == Status.DONE else "Décrire") if place.access.can_write else "Consulter",
        lines=["Dites pourquoi et comment votre service lit ou écrit chaque donnée ; le dossier le reprend."],
    )


def evaluation_tile(place: Place, overview: Overview, tile: QuestionnaireTile) -> Tile:
    unit = "Types de documents déposés" if tile.kind is Kind.DOCUMENTS else "Critères renseignés"
    links = []
    if tile.is_open and tile.validated_at:
        pages = (("Voir les résultats", "enrolment:questionnaire_results"), ("Télécharger", "enrolment:results_export"))
        links = [Link(label, url) for label, name in pages if (url := address(name, place.enrolment.pk, tile.code))]
    return Tile(
        title=tile.title,
        subtitle="Évaluation",
        url=address("enrolment:questionnaire_form", place.enrolment.pk, tile.code) if tile.is_open else "",
        counter=f"{unit} {tile.progress}" if tile.state != Status.NOT_APPLICABLE else "",
        badge=state_badge(tile.state),
        action_label=action_label(tile, place),
        lines=list(evaluation_lines(place, overview, tile)),
        links=links,
    )


def evaluation_lines(place: Place, overview: Overview, tile: QuestionnaireTile) -> list[str]:
    if tile.state == Status.UNAVAILABLE:
        return ["Validez d’abord le questionnaire d’orientation\u00a0: il ouvre celui-ci."]
    if tile.state == Status.NOT_APPLICABLE:
        return ["Ce questionnaire ne s’applique pas à votre produit, d’après votre orientation."]
    lines = []
    if tile.is_validated:
        word = "Atteint" if tile.is_reached else "Non atteint"
        lines.append(f"Niveau d’auto-évaluation\u00a0: {word} pour {place.enrolment.demarche.title}")
    elif tile.validated_at:
        lines.append(
            "Une nouvelle validation est nécessaire\u00a0: l’orientation, les preuves ou les réponses récupérées ont changé "
            "depuis la dernière."
            if place.enrolment.white_label == WhiteLabelRole.DISTRIBUTOR
            else "Une nouvelle validation est nécessaire\u00a0: l’orientation ou les preuves ont changé depuis la dernière."
        )
    if tile.has_newer_draft:
        lines.append("Un brouillon plus récent attend d’être validé.")
    if count := tile.recovered:
        words = "critères récupérés" if count > 1 else "critère récupéré"
        lines.append(f"{count} {words} de l’éditeur producteur, hors de votre niveau d’auto-évaluation.")
    return lines


def action_label(tile: QuestionnaireTile, place: Place) -> str:
    if not place.access.can_write:
        return "Consulter"
    if tile.state == Status.DONE:
        return "Editer"
    is_started = tile.progress.answered or tile.drafted_at or tile.validated_at
    return "Continuer" if is_started else "Démarrer"
