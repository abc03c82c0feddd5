"""The home of a file and its history, worded for whoever reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.audit.workflow import is_allowed
from convergence.ui.typography import NBSP, format_date, format_datetime
from convergence.ui.values import Action, Item, Link, Row
from referencing.candidature.content import load_content, may_open
from referencing.candidature.core.standing import find_standing
from referencing.candidature.enums import CandidatureState, Holder, Outcome
from referencing.candidature.models import Candidature, ThemeReview
from referencing.candidature.rules import can_give_visa, can_instruct, can_prepare, is_tester
from referencing.candidature.services.reading import mark_read
from referencing.candidature.services.reviewing import needs_visa
from referencing.candidature.services.standing import Children, is_with_editor, load_children, load_facts
from referencing.candidature.timeline import Told, list_events
from referencing.candidature.views.clocks import clock_cards
from referencing.candidature.views.documents import issued_kinds, list_documents, read_decision
from referencing.candidature.views.frame import audience_of, file_frame, get_file, is_only_tester
from referencing.candidature.wording import Audience, ball_words, theme_badge
from referencing.dossier.models import Dossier
from referencing.dossier.outputs import present
from referencing.dossier.readers import read_payload
from referencing.enrolment.editors import name_addressee

NEWS = 5
HISTORY_COLUMNS = ["Événement", "Date", "Par", "Détails"]


@require_GET
@login_required
def candidature_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Who has the ball, theme by theme; what is open; the last news; what to do next."""
    candidature = get_file(request, pk, for_testers=True, issued_kinds=issued_kinds())
    audience = audience_of(request.user, candidature)
    if request.user.access.is_agent:
        mark_read(candidature=candidature, person=request.user)
    only_tests = is_only_tester(request.user, candidature)
    children = NO_CHILDREN if only_tests else load_children(candidature, with_verdicts=audience is not Audience.EDITOR)
    waiting = list_waiting(candidature, children)
    events = list_events(candidature, audience=audience, limit=NEWS, only_shared=only_tests)
    documents = list_documents(candidature, candidature.issued_kinds)  # type: ignore[attr-defined]
    return render(
        request,
        "candidature/candidature_detail.html",
        {
            **file_frame(request, candidature, "summary"),
            **(_ball_of_editor(waiting) if audience is Audience.EDITOR else {}),
            "items": _items(request, candidature, documents),
            "themes": _theme_rows(candidature, children, waiting, audience),
            "theme_columns": THEME_COLUMNS[audience],
            "open_rows": [each.row for each in waiting],
            "open_columns": ["Objet", "État", "Avant le"],
            "next_action": _next_action(request, candidature, children.reviews, waiting),
            "decision": read_decision(candidature),
            "documents": documents,
            "events": [_event_row(each, audience) for each in events],
            "history_columns": HISTORY_COLUMNS,
            "has_history": not only_tests,
            "take": _take(request, candidature),
            "clocks": clock_cards(candidature, audience=audience, at=timezone.now()),
        },
    )


@require_GET
@login_required
def candidature_history(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Everything that happened and that this reader may know, the newest first."""
    candidature = get_file(request, pk)
    audience = audience_of(request.user, candidature)
    return render(
        request,
        "candidature/candidature_history.html",
        {
            **file_frame(request, candidature, "history"),
            "events": [_event_row(each, audience) for each in list_events(candidature, audience=audience)],
            "history_columns": HISTORY_COLUMNS,
        },
    )


@require_GET
@login_required
def candidature_dossier(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Everything that was frozen with the application, read from the payload alone; agents also read what was recovered."""
    candidature = get_file(request, pk)
    opened = may_open(request.user, candidature)
    return render(
        request,
        "candidature/candidature_dossier.html",
        {
            **file_frame(request, candidature, "dossier"),
            "content": present(_shown(load_content(candidature, opened=opened).payload)),
            "verify_url": reverse("dossier:dossier_verify", args=[candidature.dossier_id])
            if Dossier.objects.visible_to(request.user).filter(pk=candidature.dossier_id).exists()
            else "",
        },
    )


def _shown(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What was opened for agents stands in clear, with where it was recovered from; what is masked stays so."""
    return {
        **payload,
        "questionnaires": [
            {**part, "criteria": [_shown_row(row) for row in part["criteria"]]} for part in payload["questionnaires"]
        ],
    }


def _shown_row(row: Mapping[str, Any]) -> dict[str, Any]:
    source = row.get("recovered")
    if not source or (row["answer"] is None and not row["evidence"] and not row["comment"]):
        return dict(row)
    return {**row, "recovered": None, "recovered_from": f"{source['solution']} – {source['producer']}"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request or a non-conformity that is not settled; `themes`: those in which the editor must answer."""

    row: Row
    is_with_editor: bool
    due_on: date | None
    themes: frozenset[str]


NO_CHILDREN = Children((), (), (), ())


def list_waiting(candidature: Candidature, children: Children) -> list[Waiting]:
    """What still waits for an answer or a decision, both sides alike."""
    return [
        *(
            Waiting(
                Row(
                    cells=[f"{each.get_kind_display()} n°{NBSP}{each.number}", each.get_state_display(), each.due_on],
                    url=reverse("candidature:request_detail", args=[candidature.pk, each.number]),
                ),
                is_with_editor=True,
                due_on=each.due_on,
                themes=frozenset(point["theme"] for point in each.pending),  # type: ignore[attr-defined]
            )
            for each in children.requests
        ),
        *(
            Waiting(
                Row(
                    cells=[
                        f"Non-conformité n°{NBSP}{each.number}, {each.criterion} {each.title}",
                        each.get_state_display(),
                        each.due_on,
                    ],
                    url=reverse("candidature:non_conformity_detail", args=[candidature.pk, each.number]),
                ),
                is_with_editor=is_with_editor(each),
                due_on=each.due_on,
                themes=frozenset([each.theme]),
            )
            for each in children.gaps
        ),
        *(
            Waiting(
                Row(
                    cells=[
                        f"Réponse récupérée, {each.criterion} {each.title}",
                        "En attente de l’éditeur producteur",
                        each.due_on,
                    ],
                    url=reverse("candidature:request_list", args=[candidature.pk]) + "#editeur-producteur",
                ),
                is_with_editor=False,
                due_on=each.due_on,
                themes=frozenset([each.theme]),
            )
            for each in children.producer
        ),
    ]


def _ball_of_editor(waiting: Sequence[Waiting]) -> dict[str, Any]:
    """What the editor must answer comes first, even while agents go on with the rest; nothing when nothing is asked."""
    asked = [each for each in waiting if each.is_with_editor]
    if not asked:
        return {}
    who, what = ball_words(Holder.EDITOR, is_instructor=False)
    days = [each.due_on for each in asked if each.due_on]
    return {"ball_who": who, "ball_what": what, "ball_until": min(days, default=None), "ball_is_mine": True}


def _items(request: SignedInRequest, candidature: Candidature, documents: list[Link]) -> list[Item]:
    applied = format_datetime(candidature.applied_at) if candidature.applied_at else ""
    return [
        Item("Structure", name_addressee(candidature.enrolment)),
        Item("Dossier candidat", candidature.dossier.reference),
        Item("Déposée le", applied),
        Item("Référent", candidature.referent.get_full_name() if candidature.referent else "Pas encore désigné"),
        *([Item("Recevable depuis le", format_date(candidature.admissible_at))] if candidature.admissible_at else []),
        *([Item("Documents", documents)] if documents else []),
    ]


def _next_action(
    request: SignedInRequest, candidature: Candidature, reviews: Sequence[ThemeReview], waiting: Sequence[Waiting]
) -> Link | None:
    """The one thing that this person does next on the file; None when somebody else has the ball."""
    user = request.user

    def leads_to(label: str, name: str) -> Link:
        return Link(label, reverse(f"candidature:{name}", args=[candidature.pk]))

    if can_prepare(user, candidature):
        if asked := next((each for each in waiting if each.is_with_editor), None):
            return Link("Répondre à ce qui est demandé", asked.row.url)
        if candidature.waiting_for == Holder.EDITOR and candidature.has_exchange:
            return leads_to("Poursuivre les tests de connexion", "campaign_detail")
        return None
    in_evaluation = candidature.state == CandidatureState.EVALUATION
    if is_listing_team(user, candidature):
        if candidature.state == CandidatureState.ADMISSIBILITY:
            return leads_to("Examiner la recevabilité", "admissibility_detail")
        if in_evaluation and not all(review.expert_id for review in reviews):
            return leads_to("Désigner les experts", "expert_list")
        if in_evaluation and any(needs_visa(candidature, review) and can_give_visa(user, review) for review in reviews):
            return leads_to("Relire un thème et donner le visa", "examination")
        if in_evaluation and all(review.concluded_at for review in reviews):
            return leads_to("Conclure l’évaluation", "candidature_conclude")
    if in_evaluation and can_instruct(user, candidature):
        return leads_to("Examiner les critères", "examination")
    if in_evaluation and is_tester(user, candidature):
        return leads_to("Suivre les tests de connexion", "campaign_detail")
    return None


THEME_COLUMNS: dict[Audience, list[str]] = {
    Audience.EDITOR: ["Thème", "Où en est-on"],
    Audience.AGENT: ["Thème", "À qui d’agir", "Expert", "Verdicts", "Non conformes", "À compléter"],
    Audience.EXPERT: ["Thème", "À qui d’agir", "Expert", "Verdicts", "Non conformes", "À compléter"],
}


def _theme_rows(
    candidature: Candidature, children: Children, waiting: Sequence[Waiting], audience: Audience
) -> list[Row]:
    """Progress per theme: in verdicts for agents; for the editor a coarse word, which tells no verdict."""
    if not children.reviews:
        return []
    is_agent = audience is not Audience.EDITOR
    holders = find_standing(load_facts(candidature, children)).by_theme if is_agent else {}
    themes = {row["code"]: row for row in read_payload(candidature.dossier)["questionnaires"]}
    asked = {theme for each in waiting if each.is_with_editor for theme in each.themes}
    counts = _count_verdicts(children)
    examination = reverse("candidature:examination", args=[candidature.pk])
    rows = []
    for review in children.reviews:
        badge = theme_badge(
            holders.get(review.theme, ""),
            is_concluded=review.concluded_at is not None,
            is_asked=review.theme in asked,
            audience=audience,
        )
        cells: list[Any] = [themes[review.theme]["title"], badge]
        if is_agent:
            found = counts.get(review.theme, Counter())
            cells += [
                review.expert.get_full_name() if review.expert else "",
                f"{found.total()} sur {len(themes[review.theme]['criteria'])}",
                found[Outcome.NON_COMPLIANT],
                found[Outcome.TO_COMPLETE],
            ]
        rows.append(Row(cells=cells, url=f"{examination}#{review.theme}"))
    return rows


def _count_verdicts(children: Children) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for each in children.verdicts:
        counts.setdefault(each.theme, Counter())[each.outcome] += 1
    return counts


def _event_row(event: Told, audience: Audience) -> Row:
    details = [f"{label}{NBSP}: {text}" for label, text in event.details]
    if event.criterion:
        details.insert(0, f"Critère {event.criterion}")
    if event.is_internal:
        details.append("Entre agents")
    return Row(cells=[event.what, event.at, event.who, details or None])


def _take(request: SignedInRequest, candidature: Candidature) -> Action | None:
    if not is_allowed(candidature, "take_charge", request.user):
        return None
    address = reverse("candidature:candidature_take", args=[candidature.pk])
    return Action(
        "Prendre en charge",
        address,
        confirm_url=address,
        confirm_title="Prendre en charge la candidature",
        confirm_text="Vous devenez le référent de cette candidature. L’éditeur en est informé et ne pourra plus "
        "l’annuler, seulement la retirer.",
    )
