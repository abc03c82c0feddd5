"""Drafts: one per file, one by one or for a whole session; visa, back to draft, dropped (A-32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.enums import CandidatureState
from referencing.commission.selectors.opinions import barring_reservations, newest_opinion, newest_opinions
from referencing.decision.core.kinds import ADVERSE_KINDS, HEARD_KINDS
from referencing.decision.enums import CANDIDATURE_KINDS, DecisionKind
from referencing.decision.models import Decision
from referencing.decision.rules import can_decide, can_propose
from referencing.decision.selectors.current import current_decision
from referencing.decision.selectors.files import (
    decidable_files,
    kinds_for,
    scope_of,
)
from referencing.decision.services.locking import lock_candidature, lock_decision
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from referencing.candidature.models import Candidature
    from referencing.commission.models import Opinion

WRONG_STATE = Blocker("wrong_state", "Ce dossier n’attend pas de décision du ministre.")


@transaction.atomic
def draft_decision(
    *,
    kind: str,
    enrolment_id: UUID,
    actor: User,
    candidature_id: UUID | None = None,
    reasons: str = "",
    scope: Sequence[Mapping[str, str]] | None = None,
    terms: Mapping[str, Any] | None = None,
    about_id: UUID | None = None,
) -> Decision:
    """Prepare an act of the minister; reasons and remedies come from the démarche’s templates unless given.

    On a file: its kind must be one that the opinion allows (BR-157, A-01), and its table of exchanges is copied from the
    frozen dossier (A-31). About a listing: `about_id` is the act concerned, the current one by default for an abrogation;
    `terms` says the rest: what `acts.TERMS` names is printed, other keys are for the stage that applies it. Raises PermissionDenied or TransitionRefused.
    """
    if kind not in DecisionKind.values:
        raise TransitionRefused([Blocker("kind", "Choisissez la nature de la décision.", "#id_kind_0")])
    on_a_file = kind in CANDIDATURE_KINDS
    if not (can_decide(actor) if on_a_file else can_propose(actor)):
        raise PermissionDenied("draft_decision")
    opinion: Opinion | None = None
    if on_a_file:
        candidature = _lock_decidable(candidature_id, actor)
        opinion = newest_opinion(candidature)
        if blockers := find_draft_blockers(candidature, opinion, kind):
            raise TransitionRefused(blockers)
        enrolment = candidature.enrolment
        scope = scope_of(candidature) if scope is None and kind != DecisionKind.REFUSAL else scope
    else:
        enrolment = Enrolment.objects.select_related("product__organisation", "demarche").get(pk=enrolment_id)
        about_id = about_id or _concerned(enrolment)
        if kind == DecisionKind.ABROGATION:
            if about_id is None:
                raise TransitionRefused([Blocker("about", "Aucune décision en vigueur ne peut être abrogée.")])
            terms = {**(terms or {}), "abrogated": str(about_id)}
    decision: Decision = Decision(
        kind=kind,
        enrolment=enrolment,
        candidature_id=candidature_id,
        opinion=opinion,
        about_id=about_id,
        reasons=reasons.strip() or default_reasons(enrolment, kind, opinion),
        scope=[dict(row) for row in scope or ()],
        terms=dict(terms or {}),
        remedies=default_remedies(enrolment, kind),
        drafted_by=actor,
    )
    try:
        with transaction.atomic():
            decision.save(force_insert=True)
    except IntegrityError as error:
        raise TransitionRefused(
            [Blocker("draft_exists", "Un projet de décision existe déjà pour ce dossier.")]
        ) from error
    record("decision.draft", subject=decision, actor=actor, data={"kind": kind})
    return decision


def draft_session(*, session_id: UUID, actor: User) -> tuple[list[Decision], list[tuple[Candidature, Blocker]]]:
    """One draft per file of a session that has none, of the usual kind; and the files that could not have one, with why."""
    if not can_decide(actor):
        raise PermissionDenied("draft_session")
    files = list(decidable_files(actor).filter(opinions__point__session=session_id).distinct())
    opinions = newest_opinions(files)
    made, refused = [], []
    for candidature in sorted(files, key=lambda each: str(each.enrolment.label)):
        opinion = opinions[candidature.pk]
        if opinion.point.session_id != session_id:
            continue  # a later session gave another opinion
        try:
            made.append(
                draft_decision(
                    kind=kinds_for(candidature, opinion)[0],
                    enrolment_id=candidature.enrolment_id,
                    candidature_id=candidature.pk,
                    actor=actor,
                )
            )
        except TransitionRefused as refusal:
            refused += [(candidature, each) for each in refusal.blockers if each.code != "draft_exists"]
    return made, refused


def find_draft_blockers(candidature: Candidature, opinion: Opinion | None, kind: str) -> list[Blocker]:
    """Every reason not to draft, or not to sign, an act of this kind on the file."""
    if candidature.state != CandidatureState.MINISTER:
        return [WRONG_STATE]
    allowed = kinds_for(candidature, opinion)
    if kind in allowed:
        return []
    if opinion is None:
        return [Blocker("opinion", "La commission n’a pas rendu d’avis sur ce dossier.")]
    if opinion.kind == "unfavourable":
        return [
            Blocker(
                "unfavourable", "L’avis de la commission est défavorable : seul un refus peut être décidé.", "#id_kind"
            )
        ]
    if barring_reservations(opinion):
        return [
            Blocker(
                "open_suspensive",
                "Une réserve suspensive n’est pas levée : seul un refus peut être décidé.",
                "#id_kind",
            )
        ]
    return [Blocker("kind", "Cette nature de décision ne convient pas à ce dossier.", "#id_kind")]


def find_content_blockers(decision: Decision) -> list[Blocker]:
    """What an act still has to say before it is signed (A-01, A-02, A-32)."""
    blockers = []
    if decision.kind in ADVERSE_KINDS:
        if not decision.reasons.strip():
            blockers.append(Blocker("reasons", "Motivez la décision : elle est défavorable.", "#id_reasons"))
        if not decision.remedies.strip() and not decision.is_signed_elsewhere:
            blockers.append(Blocker("remedies", "Indiquez les voies et délais de recours.", "#id_remedies"))
    if decision.kind in HEARD_KINDS:
        terms = decision.terms
        if not str(terms.get("condition_text", "")).strip():
            blockers.append(
                Blocker(
                    "condition",
                    "Indiquez la condition de référencement qui n’est plus remplie.",
                    "#id_condition_text",
                )
            )
        if not any(str(terms.get(key, "")).strip() for key in ("heard", "invited_on", "urgency")):
            blockers.append(
                Blocker(
                    "contradiction",
                    "Indiquez quand l’éditeur a été invité à présenter ses observations, ou l’urgence qui en dispense.",
                    "#id_invited_on",
                )
            )
    return blockers


@transaction.atomic
def update_draft(
    *, decision_id: UUID, actor: User, kind: str, reasons: str, remedies: str, terms: Mapping[str, Any] | None = None
) -> Decision:
    """Change what a draft says; a file’s kind stays one that its opinion allows. `terms` are merged, empty ones removed."""
    decision = lock_decision(decision_id, actor)
    if not can_decide(actor):
        raise PermissionDenied("update_draft")
    if decision.state != "draft":
        raise TransitionRefused([Blocker("wrong_state", "Ce projet est visé ou signé : il ne change plus.")])
    candidature = decision.candidature
    if candidature is not None and decision.kind in CANDIDATURE_KINDS:
        if blockers := find_draft_blockers(candidature, decision.opinion, kind):
            raise TransitionRefused(blockers)
        decision.scope = [] if kind == DecisionKind.REFUSAL else scope_of(candidature)
        decision.kind = kind
    decision.reasons, decision.remedies = reasons.strip(), remedies.strip()
    if terms is not None:
        decision.terms = {key: value for key, value in {**decision.terms, **terms}.items() if value}
    decision.save(update_fields=["kind", "reasons", "remedies", "scope", "terms"])
    record("decision.update", subject=decision, actor=actor)
    return decision


@transaction.atomic
def endorse(*, decision_id: UUID, actor: User) -> Decision:
    """Give a visa: the text no longer changes until it is signed or taken back."""
    decision = lock_decision(decision_id, actor)
    workflow.fire(
        decision,
        "endorse",
        actor=actor,
        guard=lambda: [*find_kind_blockers(decision), *find_content_blockers(decision)],
        by=actor,
        at=timezone.now(),
    )
    return decision


@transaction.atomic
def rework(*, decision_id: UUID, actor: User, reason: str = "") -> Decision:
    """Back to a draft, to change it."""
    decision = lock_decision(decision_id, actor)
    workflow.fire(decision, "rework", actor=actor, reason=reason.strip())
    return decision


@transaction.atomic
def drop(*, decision_id: UUID, actor: User, reason: str = "") -> Decision:
    """Give a draft up; the file still waits."""
    decision = lock_decision(decision_id, actor)
    workflow.fire(decision, "drop", actor=actor, reason=reason.strip(), at=timezone.now())
    return decision


def find_kind_blockers(decision: Decision) -> list[Blocker]:
    """BR-157 once more: an opinion may have changed since the draft."""
    candidature = decision.candidature
    if candidature is None or decision.kind not in CANDIDATURE_KINDS:
        return []
    return find_draft_blockers(candidature, newest_opinion(candidature), decision.kind)


def default_remedies(enrolment: Enrolment, kind: str) -> str:
    """The text of the démarche, which the operator confirms; empty for a favourable act (A-33)."""
    if kind not in ADVERSE_KINDS:
        return ""
    settings = enrolment.demarche.settings
    return str(settings.get("decision", {}).get("remedies") or settings.get("instruction", {}).get("remedies", ""))


def default_reasons(enrolment: Enrolment, kind: str, opinion: Opinion | None) -> str:
    """The template of the démarche for this kind, then what the commission said."""
    template = str(enrolment.demarche.settings.get("decision", {}).get("reasons", {}).get(kind, "")).strip()
    said = opinion.reasons.strip() if opinion and kind == DecisionKind.REFUSAL else ""
    return "\n\n".join(part for part in (template, said) if part)


def _lock_decidable(candidature_id: UUID | None, actor: User) -> Candidature:
    """Strangers and closed files alike: whoever may not decide on the file is told that it does not wait."""
    if candidature_id is None:
        raise TransitionRefused([Blocker("candidature", "Cette décision porte sur une candidature.")])
    candidature = lock_candidature(candidature_id)
    if not decidable_files(actor).filter(pk=candidature_id).exists():
        raise TransitionRefused([WRONG_STATE])
    return candidature


def _concerned(enrolment: Enrolment) -> UUID | None:
    current = current_decision(enrolment)
    return current.pk if current else None
