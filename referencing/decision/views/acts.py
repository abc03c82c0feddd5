"""Signed acts: the list, the page of one, its documents, its notification with proof (A-32)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.database.search import search
from convergence.documents.signatures import verify_pdf
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import NBSP, format_date, format_datetime
from convergence.ui.values import Item, Link, Row
from evidence.services import read_bytes
from referencing.candidature.enums import DECIDED_STATES, CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.views.frame import Tab
from referencing.commission.selectors.opinions import find_known_files
from referencing.decision.acts import read_act
from referencing.decision.core.kinds import ADVERSE_KINDS
from referencing.decision.enums import DRAFT_STATES, DecisionKind, DecisionState, Way
from referencing.decision.forms.acts import LetterForm
from referencing.decision.models import Decision, NotificationProof
from referencing.decision.rules import can_commit, can_decide, reads_decisions
from referencing.decision.selectors.files import decidable_files
from referencing.decision.services.notifying import open_decision, record_letter
from referencing.decision.services.remedies import CONTESTABLE_STATES, court_limit, remedy_limit
from referencing.decision.views.frame import (
    decision_frame,
    get_decision,
    get_for_ministry,
    get_readable,
    is_editor_of,
    serve,
    status_of,
)
from referencing.decision.wording import appeal_badge, decision_badge, is_veiled, suit_badge, title_of
from referencing.enrolment.editors import name_addressee

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convergence.accounts.models import User

LIST_LIMIT = 200


@require_GET
@login_required
def decision_list(request: SignedInRequest) -> HttpResponse:
    """Acts that this reader may know, newest first, by state, kind, service and organisation."""
    user = request.user
    state, kind = request.GET.get("etat", ""), request.GET.get("nature", "")
    text = request.GET.get("q", "").strip()
    decisions = Decision.objects.visible_to(user).exclude(state=DecisionState.DROPPED).with_names()
    if not can_decide(user):
        decisions = decisions.exclude(state__in=DRAFT_STATES)
    states = [each for each in DecisionState if each != DecisionState.DROPPED]
    if not can_decide(user):
        states = [each for each in states if each not in DRAFT_STATES]
    if state in states:
        decisions = decisions.filter(state=state)
    is_agent = bool(reads_decisions(user))
    if kind in DecisionKind.values and is_agent:
        decisions = decisions.filter(kind=kind)
    decisions = search(decisions, text, "enrolment__product__name", "enrolment__product__organisation__name", "number")
    rows = [
        Row(
            cells=[
                title_of(each, is_editor=is_editor_of(user, each)),
                each.enrolment.label,
                each.enrolment.product.organisation.name,
                decision_badge(each, is_editor=is_editor_of(user, each)),
                each.signed_on or "",
                each.notified_at or "",
            ],
            url=reverse("decision:decision_detail", args=[each.pk]),
        )
        for each in decisions.order_by("-signed_at", "-drafted_at", "pk")[:LIST_LIMIT]
    ]
    return render(
        request,
        "decision/decision_list.html",
        {
            "columns": ["Décision", "Service", "Structure", "État", "Signée", "Notifiée"],
            "rows": rows,
            "states": [("", "Tous"), *((each.value, each.label) for each in states)],
            "state": state,
            "kinds": [("", "Toutes"), *DecisionKind.choices] if is_agent else [],
            "kind": kind,
            "text": text,
            "limit": LIST_LIMIT if len(rows) == LIST_LIMIT else 0,
            "is_agent": is_agent,
        },
    )


def shows_decision(user: User, candidature: Candidature) -> bool:
    """Once the minister decided: its own side, and the agents who read acts; the ministry as soon as it must decide."""
    if candidature.state not in DECIDED_STATES:
        return candidature.state == CandidatureState.MINISTER and bool(can_decide(user))
    return bool(reads_decisions(user)) or user.access.is_member(candidature.enrolment.product.organisation_id)


DECISION_TAB = Tab("decision", "Décision du ministre", "decision:file_decision", shows_decision, for_readers=True)


@require_GET
@login_required
def file_decision(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """From a file to the newest act about it that the person may know of; before any, to where the ministry drafts one."""
    acts = Decision.objects.visible_to(request.user).filter(candidature=pk).exclude(state=DecisionState.DROPPED)
    must_decide = decidable_files(request.user).filter(pk=pk).exists()
    if must_decide:
        acts = acts.drafts()  # an act that fell stays behind, another is due
    newest = acts.order_by("-drafted_at", "-pk").values_list("pk", flat=True).first()
    if newest is not None:
        return redirect("decision:decision_detail", newest)
    if must_decide:
        return redirect("decision:draft_create", pk)
    raise Http404("decision")


@require_GET
@login_required
def decision_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The act, its notification, remedies and suits; for its addressee before notification, only that it waits."""
    decision = get_decision(request, pk)
    if decision.state in DRAFT_STATES:
        return redirect("decision:draft_update", pk)
    frame = decision_frame(request, decision)
    if is_veiled(decision, is_editor=frame["is_editor"]):
        return render(
            request,
            "decision/decision_waiting.html",
            {**frame, "may_open": can_commit(request.user, decision), "signed_on": decision.signed_on},
        )
    if decision.state == DecisionState.DROPPED:
        return render(request, "decision/decision_dropped.html", frame)
    return render(request, "decision/decision_detail.html", {**frame, **_act_context(request.user, decision)})


def _act_context(user: User, decision: Decision) -> dict[str, Any]:
    is_ministry = bool(can_decide(user))
    proof = NotificationProof.objects.filter(decision=decision).select_related("letter").first()
    appeals = list(decision.appeals.order_by("lodged_on", "recorded_at"))
    suits = list(decision.suits.order_by("lodged_on", "pk"))
    may_lodge = decision.state in CONTESTABLE_STATES and (
        is_ministry or (can_commit(user, decision) and decision.state != DecisionState.SIGNED)
    )
    contested = decision.candidature
    return {
        "act": read_act(decision),
        "is_adverse": decision.kind in ADVERSE_KINDS,
        "items": _act_items(decision, proof),
        "limit": remedy_limit(decision),
        "limit_is_past": bool((day := remedy_limit(decision)) and day < timezone.localdate()),
        "court_limit": court_limit(decision, appeals),
        "has_interrupted": any(each.is_interrupting and each.ended_on is None for each in appeals),
        "proof": proof,
        "links": list(_file_links(user, decision)),
        "may_lodge": may_lodge,
        "may_record_letter": is_ministry and decision.state == DecisionState.SIGNED,
        "may_record_suit": is_ministry and decision.state in CONTESTABLE_STATES,
        "may_resume": is_ministry
        and decision.state == DecisionState.ANNULLED
        and contested is not None
        and contested.state in (CandidatureState.REFUSED, CandidatureState.RESCINDED)
        and decision.kind in (DecisionKind.REFUSAL, DecisionKind.LISTING),
        "letters": [
            f"Lettre {each.tracking}, envoyée le {format_date(each.sent_on)}"
            + (f", reçue le {format_date(each.received_on)}" if each.received_on else "")
            for each in decision.letters.order_by("sent_on", "pk")
        ],
        "appeal_columns": ["Recours", "Reçu", "État", "Délai de recours contentieux"],
        "appeals": [
            Row(
                cells=[
                    str(each.get_kind_display()),
                    each.lodged_on,
                    appeal_badge(each),
                    "Interrompu" if each.is_interrupting else "Non interrompu : déposé après deux mois",
                ],
                url=reverse("decision:appeal_detail", args=[each.pk]),
            )
            for each in appeals
        ],
        "suit_columns": ["Affaire", "Requérant", "État", "Décision de justice"],
        "suits": [
            Row(
                cells=[str(each), each.claimant, suit_badge(each), each.ruled_on or ""],
                url=reverse("decision:suit_detail", args=[each.pk]),
            )
            for each in suits
        ],
    }


def _file_links(user: User, decision: Decision) -> Iterator[Link]:
    """Back to what the act was decided on, as far as the reader’s role goes."""
    file = decision.candidature_id
    if file is None:
        return
    if Candidature.objects.visible_to(user).filter(pk=file).exists():
        yield Link("Suivi de la candidature", reverse("candidature:candidature_detail", args=[file]))
    if decision.opinion_id and find_known_files(user).filter(pk=file).exists():
        yield Link("Avis de la commission", reverse("commission:opinion_detail", args=[file]))


def _act_items(decision: Decision, proof: NotificationProof | None) -> list[Item]:
    delegation = decision.delegation
    if decision.delegation_from and decision.delegation_until:
        delegation += f", du {format_date(decision.delegation_from)} au {format_date(decision.delegation_until)}"
    return [
        Item("Numéro", decision.number),
        Item("Date de l’acte", decision.signed_on),
        Item("Signataire", f"{decision.signatory_name}, {decision.signatory_quality}"),
        Item("Délégation de signature", delegation or "Sans délégation"),
        Item("Notification", say_proof(proof) if proof else "Pas encore notifiée"),
        Item("Empreinte SHA-256 du contenu", decision.sha256),
    ]


def say_proof(proof: NotificationProof) -> str:
    """How the act reached its addressee, in one sentence."""
    if proof.way == Way.CONSULTATION:
        return f"Le {format_datetime(proof.at)}, à la première consultation, par {proof.person_name} ({proof.person_quality})"
    letter = f"lettre recommandée {proof.letter.tracking}" if proof.letter else "lettre recommandée"
    if proof.way == Way.RECEIPT:
        return f"Le {format_date(proof.at)}, par {letter}, reçue"
    sent = f", envoyée le {format_date(proof.letter.sent_on)}" if proof.letter else ""
    return f"Réputée notifiée le {format_date(proof.at)}, 15 jours après l’envoi ({letter}{sent})"


@require_POST
@login_required
def decision_open(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Prendre connaissance » : the first time, by whoever commits the organisation, it notifies the act."""
    get_decision(request, pk)
    decision = open_decision(decision_id=pk, actor=request.user)
    if decision.notified_at:
        messages.success(request, f"La décision vous est notifiée le {format_datetime(decision.notified_at)}.")
    return redirect("decision:decision_detail", pk)


@require_GET
@login_required
def decision_document(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """The sealed PDF."""
    return serve(get_readable(request, pk).document)


@require_GET
@login_required
def decision_original(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """The act signed elsewhere, byte for byte as it came."""
    return serve(get_readable(request, pk).original)


@require_GET
@login_required
def decision_verify(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The stored file, read and verified anew: signatures, seal, and what a seal is not."""
    decision = get_readable(request, pk)
    if decision.document is None:
        raise Http404("document")
    try:
        verification = verify_pdf(read_bytes(decision.document))
    except FileNotFoundError:
        verification = None
    return render(
        request,
        "decision/decision_verify.html",
        {
            **decision_frame(request, decision, "Signature et cachet"),
            "is_intact": verification is not None and verification.status == "intact",
            "reason": verification.reason if verification else "Le fichier ne se trouve plus dans le stockage.",
            "columns": ["Qui", "Quand", "État"],
            "rows": [
                [
                    f"{each.signer}{' (cachet de la plateforme)' if each.field == 'cachet' else ''}",
                    each.signed_at or "",
                    each.problem or "Intact",
                ]
                for each in (verification.signatures if verification else ())
            ],
            "sha256": decision.document.blob.sha256,
        },
    )


@require_GET
@login_required
def decision_proof(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What proves the notification, to print."""
    decision = get_readable(request, pk)
    proof = NotificationProof.objects.filter(decision=decision).select_related("letter").first()
    if proof is None:
        raise Http404("proof")
    return render(
        request,
        "decision/decision_proof.html",
        {
            **decision_frame(request, decision, "Preuve de notification"),
            "items": [
                Item("Acte", title_of(decision)),
                Item("Destinataire", name_addressee(decision.enrolment)),
                Item("Service", decision.enrolment.label),
                Item("Moyen", str(proof.get_way_display())),
                Item("Notification", say_proof(proof)),
                Item("Constatée par la plateforme le", proof.recorded_at),
                Item("Empreinte SHA-256 du contenu notifié", proof.sha256),
            ],
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def letter_record(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """A registered letter: received, it notifies; else the act is presumed notified 15 days after it left."""
    decision = get_for_ministry(request, pk)
    form = LetterForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            letter = record_letter(decision_id=pk, actor=request.user, **form.cleaned_data)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(
                request,
                "La décision est notifiée."
                if letter.received_on
                else f"La lettre est enregistrée{NBSP}: sans consultation d’ici là, la décision sera réputée notifiée 15 jours "
                "après l’envoi.",
            )
            return redirect("decision:decision_detail", pk)
    return render(
        request,
        "decision/decision_form.html",
        {
            **decision_frame(request, decision, "Enregistrer une lettre recommandée"),
            "heading": "Enregistrer une lettre recommandée",
            "text": "Quand l’éditeur ne consulte pas la décision sur la plateforme, une lettre recommandée la lui notifie.",
            "form": form,
            "button": "Enregistrer la lettre",
            "back_url": reverse("decision:decision_detail", args=[pk]),
        },
        status=status_of(form),
    )
