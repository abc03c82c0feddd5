"""The ministry’s table: files to decide, drafts, visa, signature (BO-08, A-32)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Action, Badge, Item, Link, Row
from convergence.ui.views import render_confirmation
from referencing.candidature.services.conclusion import read_conclusion
from referencing.commission.models import CommissionSession
from referencing.commission.selectors.opinions import barring_reservations, newest_opinion, newest_opinions
from referencing.decision.enums import CANDIDATURE_KINDS, DRAFT_STATES, DecisionKind, DecisionState
from referencing.decision.forms.acts import BatchForm, DraftForm, ReceivedActForm, TermsForm
from referencing.decision.models import Appeal, Decision, Suit
from referencing.decision.selectors.files import (
    decidable_files,
    drafts_of,
    kinds_for,
    scope_of,
)
from referencing.decision.services.drafting import (
    draft_decision,
    draft_session,
    drop,
    endorse,
    find_content_blockers,
    find_draft_blockers,
    rework,
    update_draft,
)
from referencing.decision.services.signing import find_batch_blockers, order_signature, receive_act
from referencing.decision.views.frame import decision_frame, get_for_ministry, require_ministry, status_of
from referencing.decision.wording import decision_badge, title_of

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.candidature.models import Candidature
    from referencing.commission.models import Opinion

LIST_LIMIT = 100
#: Steps of a draft: service, title of its page, what will happen; without text, the button asks nothing.
STEPS = {
    "viser": (endorse, "Viser le projet", ""),
    "reprendre": (rework, "Reprendre le projet", ""),
    "abandonner": (
        drop,
        "Abandonner le projet",
        "Le projet est abandonné et ne pourra pas être repris. Le dossier, lui, attend toujours une décision.",
    ),
}
OPINION_TONES = {"favourable": "success", "with_reservations": "info", "with_suspensive": "warning"}


@require_GET
@login_required
def decision_home(request: SignedInRequest) -> HttpResponse:
    """Files to decide by session, drafts, acts not notified yet, remedies and suits that wait."""
    user = require_ministry(request)
    files = list(decidable_files(user).order_by("pk")[:LIST_LIMIT])
    opinions, drafts = newest_opinions(files), drafts_of(files)
    decisions = Decision.objects.visible_to(user).with_names()
    return render(
        request,
        "decision/decision_home.html",
        {
            "sessions": _by_session(files, opinions, drafts),
            "draft_columns": ["Projet", "Service", "Structure", "État", "Préparé"],
            "drafts": [_draft_row(each) for each in decisions.drafts().order_by("drafted_at", "pk")[:LIST_LIMIT]],
            "signed_columns": ["Décision", "Service", "Structure", "Signée", "Lettre recommandée"],
            "signed": [
                Row(
                    cells=[
                        title_of(each),
                        each.enrolment.label,
                        each.enrolment.product.organisation.name,
                        each.signed_on,
                        max((letter.sent_on for letter in each.letters.all()), default=""),
                    ],
                    url=reverse("decision:decision_detail", args=[each.pk]),
                )
                for each in decisions.filter(state=DecisionState.SIGNED)
                .prefetch_related("letters")
                .order_by("signed_at", "pk")[:LIST_LIMIT]
            ],
            "appeal_columns": ["Recours", "Service", "Auteur", "Reçu", "Rejeté par silence le"],
            "appeals": [
                Row(
                    cells=[
                        str(each.get_kind_display()),
                        each.decision.enrolment.label,
                        each.author_name,
                        each.lodged_on,
                        each.silence_on,
                    ],
                    url=reverse("decision:appeal_detail", args=[each.pk]),
                )
                for each in Appeal.objects.visible_to(user)
                .open()
                .select_related("decision__enrolment__product")
                .order_by("silence_on", "pk")[:LIST_LIMIT]
            ],
            "suit_columns": ["Affaire", "Service", "État", "Injonction à exécuter avant le"],
            "suits": [_suit_row(each) for each in _waiting_suits(user)],
        },
    )


def _by_session(
    files: list[Candidature], opinions: dict[UUID, Opinion], drafts: dict[UUID, Decision]
) -> list[dict[str, Any]]:
    """One block per session, oldest first; files without opinion last, since nothing can be decided on them."""
    groups: defaultdict[UUID | None, list[Candidature]] = defaultdict(list)
    for each in files:
        opinion = opinions.get(each.pk)
        groups[opinion.point.session_id if opinion else None].append(each)
    blocks = []
    for session_id, members in groups.items():
        session = opinions[members[0].pk].point.session if session_id else None
        blocks.append(
            {
                "session": session,
                "title": f"Séance n° {session.number} du {format_date(session.held_at)}" if session else "Sans avis",
                "held_at": session.held_at if session else None,
                "columns": ["Service", "Structure", "Avis", "Réserves", "Dossier", "Projet"],
                "rows": [_file_row(each, opinions.get(each.pk), drafts.get(each.pk)) for each in members],
                "has_undrafted": session is not None and any(each.pk not in drafts for each in members),
            }
        )
    return sorted(blocks, key=lambda block: (block["held_at"] is None, str(block["held_at"])))


def _file_row(candidature: Candidature, opinion: Opinion | None, draft: Decision | None) -> Row:
    reservations = list(opinion.reservations.all()) if opinion else []
    open_suspensive = len(barring_reservations(opinion))
    said = f"{len(reservations)}" + (f", dont {open_suspensive} suspensive non levée" if open_suspensive else "")
    return Row(
        cells=[
            candidature.enrolment.label,
            candidature.enrolment.product.organisation.name,
            opinion_badge(opinion),
            said if reservations else "Aucune",
            candidature.dossier.reference,
            decision_badge(draft) if draft else "À préparer",
        ],
        url=reverse("decision:draft_update", args=[draft.pk])
        if draft
        else reverse("decision:draft_create", args=[candidature.pk]),
    )


def opinion_badge(opinion: Opinion | None) -> Badge | str:
    if opinion is None:
        return ""
    return Badge(str(opinion.get_kind_display()), tone=OPINION_TONES.get(opinion.kind, "error"))  # type: ignore[arg-type]


def _draft_row(decision: Decision) -> Row:
    return Row(
        cells=[
            str(decision.get_kind_display()),
            decision.enrolment.label,
            decision.enrolment.product.organisation.name,
            decision_badge(decision),
            decision.drafted_at,
        ],
        url=reverse("decision:draft_update", args=[decision.pk]),
    )


def _waiting_suits(user: User) -> list[Suit]:
    suits = Suit.objects.visible_to(user).select_related("decision__enrolment__product")
    return list((suits.open() | suits.with_open_injunction()).order_by("injunction_due_on", "lodged_on")[:LIST_LIMIT])


def _suit_row(suit: Suit) -> Row:
    late = bool(suit.injunction_due_on and suit.injunction_due_on < timezone.localdate())
    due = suit.injunction_due_on if suit.injunction_executed_on is None else None
    return Row(
        cells=[
            str(suit),
            suit.decision.enrolment.label,
            str(suit.get_state_display()),
            Badge(f"En retard{NBSP}: {format_date(due)}", tone="error") if due and late else (due or ""),
        ],
        url=reverse("decision:suit_detail", args=[suit.pk]),
    )


@require_http_methods(["GET", "POST"])
@login_required
def draft_create(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What the commission said of a file, and the choice of an act."""
    user = require_ministry(request)
    candidature = get_object_or_404(decidable_files(user), pk=pk)
    opinion = newest_opinion(candidature)
    if existing := drafts_of([candidature]).get(candidature.pk):
        return redirect("decision:draft_update", existing.pk)
    blockers: Any = ()
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        try:
            if problems := find_draft_blockers(candidature, opinion, kind):
                raise TransitionRefused(problems)
            decision = draft_decision(
                kind=kind,
                enrolment_id=candidature.enrolment_id,
                candidature_id=candidature.pk,
                actor=user,
            )
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        else:
            messages.success(request, "Le projet est créé. Relisez ses motifs avant de le viser.")
            return redirect("decision:draft_update", decision.pk)
    kinds = kinds_for(candidature, opinion)
    return render(
        request,
        "decision/draft_create.html",
        {
            **file_context(candidature, opinion),
            "title": candidature.enrolment.label,
            "crumbs": [
                Link("Décisions à prendre", reverse("decision:decision_home")),
                Link(candidature.enrolment.label),
            ],
            "kinds": [
                Action(
                    f"Préparer une {DecisionKind(kind).label.lower()}", request.path, hidden={"kind": kind}, key=kind
                )
                if rank == 0
                else Action(
                    f"Préparer une {DecisionKind(kind).label.lower()}",
                    request.path,
                    style="secondary",
                    hidden={"kind": kind},
                    key=kind,
                )
                for rank, kind in enumerate(kinds)
            ],
            "only_refusal": kinds == (DecisionKind.REFUSAL,),
            "blockers": blockers,
        },
        status=422 if blockers else 200,
    )


def file_context(candidature: Candidature, opinion: Opinion | None) -> dict[str, Any]:
    """What is read before an act on a file: opinion, reservations, synthesis, exchanges."""
    conclusion = candidature.conclusions.order_by("-number").first()
    report = read_conclusion(conclusion) if conclusion else {}
    return {
        "opinion": opinion,
        "opinion_items": [
            Item("Avis", str(opinion.get_kind_display())),
            Item("Rendu le", opinion.given_at),
            Item("Séance", f"n° {opinion.point.session.number}"),
            Item("Motifs de l’avis", opinion.reasons or "Aucun motif écrit"),
        ]
        if opinion
        else [],
        "reservation_columns": ["Réserve", "Critère", "Texte", "Échéance", "État"],
        "reservations": [
            [
                f"n° {each.number}{', suspensive' if each.is_suspensive else ''}",
                each.criterion,
                each.text,
                each.due_on,
                str(each.get_state_display()),
            ]
            for each in (opinion.reservations.all() if opinion else ())
        ],
        "synthesis": report.get("text", ""),
        "proposal": report.get("proposal_text", ""),
        "scope_columns": ["Interface", "Sens", "Finalité", "Données"],
        "scope": [
            [row["api_text"], row["direction_text"], row["purpose_text"], row["data"]] for row in scope_of(candidature)
        ],
    }


@require_POST
@login_required
def session_draft(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One draft for each file of a session that has none."""
    user = require_ministry(request)
    get_object_or_404(CommissionSession, pk=pk)
    made, refused = draft_session(session_id=pk, actor=user)
    if not made and not refused:
        messages.info(request, "Tous les dossiers de cette séance ont déjà un projet.")
    if made:
        messages.success(request, f"{len(made)} projets sont créés." if len(made) > 1 else "Un projet est créé.")
    for candidature, blocker in refused:
        messages.error(request, f"{candidature.enrolment.label}{NBSP}: {blocker.message}")
    return redirect("decision:decision_home")


@require_http_methods(["GET", "POST"])
@login_required
def draft_update(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The draft beside what it rests on; its steps below."""
    decision = get_for_ministry(request, pk)
    if decision.state not in DRAFT_STATES:
        return redirect("decision:decision_detail", pk)
    form = _draft_form(request, decision)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            update_draft(
                decision_id=pk,
                actor=request.user,
                kind=values.get("kind", decision.kind),
                reasons=values["reasons"],
                remedies=values["remedies"],
                terms=form.terms() if isinstance(form, TermsForm) else None,
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "Le projet est enregistré.")
            return redirect("decision:draft_update", pk)
    candidature = decision.candidature
    opinion = newest_opinion(candidature) if candidature else None
    context = file_context(candidature, opinion) if candidature else {"opinion": None}
    return render(
        request,
        "decision/draft_update.html",
        {
            **context,
            **decision_frame(request, decision),
            "form": form,
            "is_draft": decision.state == DecisionState.DRAFT,
            "missing": find_content_blockers(decision),
            "reads": [
                Item("Motifs", decision.reasons),
                Item("Voies et délais de recours", decision.remedies or "Sans objet"),
            ],
            "about": decision.about.number if decision.about else "",
            "actions": [
                Action(
                    title,
                    reverse("decision:draft_step", args=[pk, step]),
                    style="secondary",
                    confirm_url=reverse("decision:draft_step", args=[pk, step]) if text else "",
                    confirm_title=title,
                    confirm_text=text,
                    key=step,
                )
                for step, (service, title, text) in STEPS.items()
                if is_allowed(decision, service.__name__, request.user)
            ],
        },
        status=status_of(form),
    )


def _draft_form(request: SignedInRequest, decision: Decision) -> DraftForm:
    candidature = decision.candidature
    initial = {"kind": decision.kind, "reasons": decision.reasons, "remedies": decision.remedies, **decision.terms}
    data = request.POST if request.method == "POST" else None
    if decision.kind not in CANDIDATURE_KINDS or candidature is None:
        return TermsForm(data, initial=initial)
    return DraftForm(data, initial=initial, kinds=kinds_for(candidature, newest_opinion(candidature)))


@require_http_methods(["GET", "POST"])
@login_required
def draft_step(request: SignedInRequest, pk: UUID, step: str) -> HttpResponse:
    """Visa, back to draft, dropped: the last one asks first."""
    get_for_ministry(request, pk)
    if step not in STEPS:
        raise Http404("step")
    service, title, text = STEPS[step]
    address = reverse("decision:draft_step", args=[pk, step])
    page = reverse("decision:draft_update", args=[pk])
    if request.method == "GET":
        return render_confirmation(
            request,
            Action(title, address, confirm_title=title, confirm_text=text or "L’étape est inscrite au journal."),
            cancel_url=page,
        )
    try:
        service(decision_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        for blocker in refusal.blockers:
            messages.error(request, blocker.message)
        return redirect(page)
    messages.success(
        request,
        {"viser": "Le projet est visé.", "reprendre": "Le projet peut être modifié."}.get(
            step, "Le projet est abandonné."
        ),
    )
    return redirect("decision:decision_home" if step == "abandonner" else page)


@require_http_methods(["GET", "POST"])
@login_required
def decision_sign(request: SignedInRequest) -> HttpResponse:
    """Choose acts and say who signs; confirm; a job signs them one after the other (A-32)."""
    user = require_ministry(request)
    drafts = list(
        Decision.objects.visible_to(user).drafts().with_names().order_by("-state", "drafted_at", "pk")[:LIST_LIMIT]
    )
    rows = [
        (
            str(each.pk),
            f"{each.enrolment.label}{NBSP}: {each.get_kind_display().lower()} ({each.get_state_display().lower()})",
        )
        for each in drafts
    ]
    arguments: dict[str, Any] = {"rows": rows, "label": "Projets à signer", "phrase": "au moins un projet"}
    if request.method == "GET":
        asked = request.GET.getlist("acte")
        chosen = asked or [str(each.pk) for each in drafts if each.state == DecisionState.ENDORSED]
        form = BatchForm(initial={**last_signatory(user), "rows": chosen}, **arguments)
        return _render_sign(request, form, has_drafts=bool(rows))
    data = request.POST.copy()
    data.setlist("rows", [key for each in request.POST.getlist("rows") for key in each.split(",")])
    form = BatchForm(data, **arguments)
    if not form.is_valid():
        return _render_sign(request, form, has_drafts=bool(rows))
    values: dict[str, Any] = {
        "decision_ids": [UUID(each) for each in form.cleaned_data["rows"]],
        "signatory": form.signatory(email=user.email),
        "signed_on": form.cleaned_data["signed_on"],
        "actor": user,
    }
    try:
        if "confirmed" in request.POST:
            return redirect("pages:job_detail", order_signature(**values).pk)
        if blockers := find_batch_blockers(**values):
            raise TransitionRefused(blockers)
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return _render_sign(request, form, has_drafts=bool(rows))
    return _confirm_signature(request, form)


def _confirm_signature(request: SignedInRequest, form: BatchForm) -> HttpResponse:
    """The second confirmation: names what will be signed, by whom, and that nothing brings it back."""
    values = form.cleaned_data
    count = len(values["rows"])
    hidden = {
        **{name: form.data.get(name, "") for name in form.fields if name != "rows"},
        "rows": ",".join(values["rows"]),
        "confirmed": "1",
    }
    acts = f"{count} actes" if count > 1 else "un acte"
    action = Action(
        f"Signer {acts}",
        reverse("decision:decision_sign"),
        confirm_title=f"Signer {acts}",
        confirm_text=f"{values['signatory_name']}, {values['signatory_quality']}, signe {acts} à la date du "
        f"{format_date(values['signed_on'])}. Un acte signé ne change plus{NBSP}: il ne peut être qu’annulé ou abrogé. Les "
        "éditeurs sont prévenus aussitôt qu’une décision les attend.",
        hidden=hidden,
    )
    return render_confirmation(request, action, cancel_url=reverse("decision:decision_sign"))


def last_signatory(user: User) -> dict[str, Any]:
    """What this person said of itself at its last signature, to save typing it again."""
    last = Decision.objects.filter(signed_by=user).exclude(delegation="").order_by("-signed_at").first()
    if last is None:
        return {"signatory_name": user.get_full_name()}
    return {
        "signatory_name": last.signatory_name,
        "signatory_quality": last.signatory_quality,
        "delegation": last.delegation,
        "delegation_from": last.delegation_from,
        "delegation_until": last.delegation_until,
    }


def _render_sign(request: SignedInRequest, form: BatchForm, *, has_drafts: bool) -> HttpResponse:
    return render(
        request,
        "decision/decision_sign.html",
        {
            "form": form,
            "has_drafts": has_drafts,
            "crumbs": [Link("Décisions à prendre", reverse("decision:decision_home")), Link("Signer")],
        },
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@login_required
def decision_receive(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """An act signed elsewhere: kept as it is, with a sealed copy (A-32)."""
    decision = get_for_ministry(request, pk)
    if decision.state not in DRAFT_STATES:
        return redirect("decision:decision_detail", pk)
    form = ReceivedActForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            receive_act(
                decision_id=pk,
                upload=values["file"],
                number=values["number"],
                signatory=form.signatory(email=""),
                signed_on=values["signed_on"],
                actor=request.user,
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "L’acte est versé. L’éditeur est prévenu qu’une décision l’attend.")
            return redirect("decision:decision_detail", pk)
    return render(
        request,
        "decision/decision_receive.html",
        {**decision_frame(request, decision, "Verser un acte signé"), "form": form},
        status=status_of(form),
    )
