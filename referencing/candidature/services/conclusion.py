"""Concluding an instruction, favourable or not, and opening it again (T24, T24b, T24c)."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.audit import workflow
from convergence.documents.signatures import seal_bytes
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker
from referencing.candidature import notices
from referencing.candidature.content import load_criteria, recovers
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.core.report import SCHEMA, Judged, JudgedTheme, build_report
from referencing.candidature.enums import Outcome, Proposal, RequestState
from referencing.candidature.models import (
    Candidature,
    ComplementRequest,
    Conclusion,
    NonConformity,
    ProducerQuestion,
    ThemeReview,
    Verdict,
)
from referencing.candidature.services import standing
from referencing.candidature.services.connection.standing import (
    find_running_tests,
    find_test_blockers,
    newest_campaign,
)
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.candidature.services.non_conformities import find_blocking
from referencing.candidature.services.reviewing import find_theme_blockers
from referencing.candidature.services.standing import load_producer_questions
from referencing.dossier.models import Addendum
from referencing.dossier.readers import answer_text, read_payload

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def conclude(*, candidature_id: UUID, proposal: str, text: str, actor: User) -> Conclusion:
    """Freeze the synthesis report and hand the file to the commission (T24; T24b when `proposal` is unfavourable).

    Refuses with every blocker at once; an unfavourable conclusion needs the themes concluded, and carries what stands
    against a listing (A-20).
    """
    candidature = lock_file(candidature_id, actor)
    now = timezone.now()
    workflow.fire(
        candidature,
        "conclude",
        actor=actor,
        guard=lambda: [*find_text_blockers(proposal, text), *find_conclusion_blockers(candidature, proposal)],
        data={"proposal": proposal},
        proposal=proposal,
        at=now,
    )
    payload = canonical_json(_report(candidature, proposal=proposal, text=text.strip(), by=str(actor)))
    conclusion = Conclusion.objects.create(
        candidature=candidature,
        number=candidature.conclusions.count() + 1,
        proposal=proposal,
        payload=payload,
        sha256=sha256_hex(payload),
        seal=seal_bytes(payload, at=now),
        schema=SCHEMA,
        concluded_by=actor,
        concluded_at=now,
    )
    tell(candidature, "concluded", actor=actor)
    tell(candidature, "concluded_proposal", actor=actor, internal=True, data={"proposal": proposal})
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.instruction_concluded, candidature))
    return conclusion


@transaction.atomic
def reopen(*, candidature_id: UUID, reason: str, actor: User) -> Candidature:
    """Send a concluded file back to evaluation, with a reason (T24c); its conclusion stays as it was frozen."""
    candidature = lock_file(candidature_id, actor)
    workflow.fire(
        candidature,
        "reopen",
        actor=actor,
        guard=lambda: (
            [] if reason.strip() else [Blocker("reason", "Indiquez pourquoi l’évaluation est rouverte.", "#id_reason")]
        ),
        reason=reason.strip(),
    )
    tell(candidature, "reopened", actor=actor)
    tell(candidature, "reopened_reason", actor=actor, internal=True, reason=reason.strip())
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.instruction_reopened, candidature))
    return candidature


def find_text_blockers(proposal: str, text: str) -> list[Blocker]:
    blockers = []
    if proposal not in Proposal.values:
        blockers.append(Blocker("proposal", "Choisissez la proposition : favorable ou défavorable.", "#id_proposal"))
    if not text.strip():
        blockers.append(Blocker("text", "Rédigez la synthèse que lira la commission.", "#id_text"))
    return blockers


def find_conclusion_blockers(candidature: Candidature, proposal: str) -> list[Blocker]:
    """Every reason not to conclude this way now, each linked to the page that mends it."""
    blockers = find_unfinished(candidature)
    if proposal == Proposal.FAVOURABLE:
        return [*blockers, *find_objections(candidature), *find_test_blockers(candidature)]
    return blockers + find_running_tests(candidature)


def find_unfinished(candidature: Candidature) -> list[Blocker]:
    """What keeps any conclusion from being written: themes, second readings, rereadings, requests still open."""
    settings = candidature.enrolment.demarche.settings.get("instruction", {})
    titles = theme_titles(candidature)
    review_page = reverse("candidature:examination", args=[candidature.pk])
    criteria = load_criteria(candidature, opened=True)
    verdicts = {each.criterion: each for each in Verdict.objects.filter(candidature=candidature)}
    blockers: list[Blocker] = []
    for review in ThemeReview.objects.filter(candidature=candidature).order_by("position"):
        title = titles.get(review.theme, review.theme)
        if review.concluded_at is None:
            blockers.append(Blocker("theme_open", f"Le thème « {title} » n’est pas conclu.", review_page))
        elif review.theme in settings.get("second_reading", []) and review.visa_at is None:
            blockers.append(Blocker("visa", f"Le thème « {title} » attend une seconde lecture.", review_page))
        else:  # an answer may have come, or an interest been declared, since the theme was concluded
            blockers += find_theme_blockers(
                candidature, [each for each in criteria if each.theme == review.theme], verdicts
            )
    for request in ComplementRequest.objects.filter(candidature=candidature, state=RequestState.OPEN).order_by(
        "number"
    ):
        blockers.append(
            Blocker(
                "request_open",
                f"La demande n° {request.number} attend une réponse : attendez-la ou retirez-la.",
                reverse("candidature:request_detail", args=[candidature.pk, request.number]),
            )
        )
    blockers += [
        Blocker(
            "producer_question_open",
            f"La demande n° {question.number} à l’éditeur producteur attend une réponse : attendez-la ou retirez-la.",
            reverse("candidature:producer_question_detail", args=[candidature.pk, question.number]),
        )
        for question in load_producer_questions(candidature)
        if not question.is_gap
    ]
    return blockers


def find_objections(candidature: Candidature) -> list[Blocker]:
    """What bars a favourable conclusion, and is written in an unfavourable one (BR-115, BR-136, A-20)."""
    blockers = find_blocking(candidature)
    verdicts = dict(Verdict.objects.filter(candidature=candidature).values_list("criterion", "outcome"))
    blockers += [
        Blocker("obligation_not_met", f"Critère obligatoire jugé non conforme : {each.code} {each.title}.")
        for each in load_criteria(candidature, opened=True)
        if each.nature == "obligation" and verdicts.get(each.code) in (Outcome.NON_COMPLIANT, Outcome.TO_COMPLETE)
    ]
    return blockers


def read_conclusion(conclusion: Conclusion) -> dict[str, Any]:
    """What was frozen, as plain values."""
    content: dict[str, Any] = json.loads(bytes(conclusion.payload))
    return content


def theme_titles(candidature: Candidature) -> dict[str, str]:
    """Title of each theme, as frozen."""
    return {row["code"]: row["title"] for row in read_payload(candidature.dossier)["questionnaires"]}


def _report(candidature: Candidature, *, proposal: str, text: str, by: str) -> dict[str, Any]:
    dossier = candidature.dossier
    content = read_payload(dossier)
    verdicts = {each.criterion: each for each in Verdict.objects.filter(candidature=candidature).select_related("by")}
    rows = {row["code"]: row for part in content["questionnaires"] for row in part["criteria"]}
    criteria = load_criteria(candidature, opened=True)  # the report is for the agents and the commission (BR-198)
    titles = theme_titles(candidature)
    reviews = ThemeReview.objects.filter(candidature=candidature).select_related("expert", "visa_by")
    addenda = Addendum.objects.filter(dossier=dossier).select_related("dossier").order_by("number")
    return build_report(
        header={
            "dossier": dossier.reference,
            "dossier_sha256": dossier.sha256,
            "addenda": [{"reference": each.reference, "sha256": each.sha256} for each in addenda],
            "product": content["enrolment"]["label"],
            "organisation": content["organisation"]["name"],
            "applied_at": candidature.applied_at,
            "admissible_at": candidature.admissible_at,
            "referent": str(candidature.referent or ""),
            "proposal": proposal,
            "proposal_text": Proposal(proposal).label,
        },
        themes=[
            JudgedTheme(
                code=review.theme,
                title=titles.get(review.theme, review.theme),
                expert=str(review.expert or ""),
                summary=review.summary,
                visa_by=str(review.visa_by or ""),
                criteria=[
                    _judged(each, verdicts.get(each.code), rows[each.code])
                    for each in criteria
                    if each.theme == review.theme
                ],
            )
            for review in reviews.order_by("position")
        ],
        gaps=[
            {
                "number": gap.number,
                "criterion": gap.criterion,
                "severity": gap.get_severity_display(),
                "state": gap.get_state_display(),
                "rationale": gap.rationale,
                "reply": gap.sent_reply,
                "decision_note": gap.decision_note,
            }
            for gap in NonConformity.objects.filter(candidature=candidature).order_by("number")
        ],
        requests=[
            {
                "number": request.number,
                "kind": request.get_kind_display(),
                "state": request.get_state_display(),
                "requested_at": request.requested_at,
                "answered_at": request.answered_at,
                "items": [{"code": item.code, "title": item.title} for item in request.items.all()],
            }
            for request in ComplementRequest.objects.filter(candidature=candidature)
            .prefetch_related("items")
            .order_by("number")
        ],
        producer_questions=[
            {
                "number": question.number,
                "kind": question.get_kind_display(),
                "criterion": question.criterion,
                "severity": question.get_severity_display(),
                "state": question.get_state_display(),
                "text": question.text,
                "decision_note": question.decision_note,
            }
            for question in ProducerQuestion.objects.filter(candidature=candidature).order_by("number")
        ]
        if recovers(dossier)
        else [],
        tests=_tests(candidature),
        open_blockers=[
            blocker.message for blocker in [*find_objections(candidature), *find_test_blockers(candidature)]
        ],
        text=text,
        at=candidature.concluded_at or timezone.now(),
        by=by,
    )


def _tests(candidature: Candidature) -> dict[str, Any] | None:
    campaign = newest_campaign(candidature) if candidature.has_exchange else None
    return {"state": campaign.state, "text": campaign.get_state_display()} if campaign else None


def _judged(criterion: EffectiveCriterion, verdict: Verdict | None, row: dict[str, Any]) -> Judged:
    return Judged(
        code=criterion.code,
        title=criterion.title,
        nature=criterion.nature,
        answer=answer_text({**row, "answer": criterion.answer, "recovered": None}),
        outcome=verdict.outcome if verdict else "",
        outcome_text=verdict.get_outcome_display() if verdict else "",
        text=verdict.text if verdict else "",
        by=str(verdict.by) if verdict else "",
        carried_from=verdict.carried_from.isoformat() if verdict and verdict.carried_from else "",
        recovered_from=f"{criterion.recovered.solution} – {criterion.recovered.producer}"
        if criterion.recovered
        else "",
    )
