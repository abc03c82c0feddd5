"""Scope reduction: the editor gives up exchanges with Mon espace santé, and what depended on them (A-19)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from questionnaires.core import Grid
from questionnaires.facts import restore_orientation
from referencing.candidature import request_notices as notices
from referencing.candidature.content import frozen_grid, load_criteria
from referencing.candidature.core.addenda import Reduction, reduced_answers, reduction_content
from referencing.candidature.enums import CandidatureState, ProducerQuestionState, RequestState
from referencing.candidature.models import Candidature, ComplementItem, ComplementRequest, ProducerQuestion
from referencing.candidature.rules import can_answer
from referencing.candidature.services import standing
from referencing.candidature.services.connection.campaigns import narrow_campaign
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.dossier.models import Addendum, AddendumKind
from referencing.dossier.readers import parse_payload, read_payload
from referencing.dossier.services import freeze_addendum
from referencing.enrolment.enums import Api, Direction

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: While the file is being examined and nothing is concluded.
REDUCIBLE_STATES = [CandidatureState.ADMISSIBILITY, CandidatureState.EVALUATION]


def list_exchanges(candidature: Candidature) -> list[tuple[str, str]]:
    """(code, words) of the exchanges that the candidature still asks for."""
    question, _ = _questions(candidature)
    chosen = _current_orientation(candidature).get(question) or []
    words = {f"{api}-{direction}": f"{api.label} ({direction.label.lower()})" for api in Api for direction in Direction}
    return [(code, words.get(code, code)) for code in chosen]


def find_reduction(candidature: Candidature, given_up: Iterable[str]) -> Reduction:
    """What giving those exchanges up does: the frozen orientation asked again with the grid of the dossier."""
    question, gate = _questions(candidature)
    before = _current_orientation(candidature)
    codes = tuple(code for code, _ in list_exchanges(candidature) if code in set(given_up))
    after = reduced_answers(before, codes, question=question, gate=gate)
    compiled = frozen_grid(candidature)
    evaluation = compiled.evaluator.evaluate(restore_orientation(compiled.grid, after))
    shown = {code for each in evaluation.criteria.values() for code in each}
    standing_now = [(each.code, each.title) for each in load_criteria(candidature)]
    frozen = {row["code"] for part in read_payload(candidature.dossier)["questionnaires"] for row in part["criteria"]}
    return Reduction(
        given_up=codes,
        kept=tuple(after.get(question) or ()),
        removed=tuple((code, title) for code, title in standing_now if code not in shown),
        appearing=tuple(
            (code, compiled.grid.criteria[code].title)
            for part in evaluation.criteria.values()
            for code in part
            if code not in frozen
        ),
        orientation=tuple(
            _row(compiled.grid, code, after.get(code))
            for code in sorted({*before, *after})
            if before.get(code) != after.get(code)
        ),
    )


@transaction.atomic
def reduce_scope(*, candidature_id: UUID, given_up: Sequence[str], reason: str, actor: User) -> Addendum:
    """Give exchanges up: an addendum says so for ever, criteria that depended on them leave the file, and with no exchange
    left the tests are cancelled (A-19).

    Raises Candidature.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    candidature = lock_file(candidature_id, actor)
    if not can_answer(actor, candidature):
        raise PermissionDenied("reduce_scope")
    if blockers := find_reduction_blockers(candidature, given_up, reason):
        raise TransitionRefused(blockers)
    reduction = find_reduction(candidature, given_up)
    addendum = freeze_addendum(
        dossier=candidature.dossier,
        kind=AddendumKind.SCOPE_REDUCTION,
        content=reduction_content(reduction, reason=reason.strip()),
        files=[],
        actor=actor,
        at=timezone.now(),
    )
    _close_items(candidature, [code for code, _ in reduction.removed])
    if not reduction.has_exchange:
        candidature.has_exchange = False
        Candidature.objects.filter(pk=candidature.pk).update(has_exchange=False)
    narrow_campaign(candidature, reduction.given_up, actor, reason.strip())
    tell(
        candidature,
        "scope_reduced",
        actor=actor,
        subject=addendum,
        reason=reason.strip(),
        data={
            "given_up": list(reduction.given_up),
            "criteria": [code for code, _ in reduction.removed],
            "addendum": addendum.reference,
        },
    )
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.scope_reduced, candidature))
    return addendum


def find_reduction_blockers(candidature: Candidature, given_up: Sequence[str], reason: str) -> list[Blocker]:
    blockers = []
    exchanges = {code for code, _ in list_exchanges(candidature)}
    if candidature.state not in REDUCIBLE_STATES:
        blockers.append(Blocker("wrong_state", "Le périmètre ne change plus dans cet état de la candidature."))
    if not candidature.has_exchange or not exchanges:
        blockers.append(Blocker("no_exchange", "Cette candidature ne demande aucun échange de données."))
    elif not given_up:
        blockers.append(Blocker("given_up", "Choisissez au moins un échange.", "#id_given_up_0"))
    elif unknown := [code for code in given_up if code not in exchanges]:
        blockers.append(Blocker("given_up", f"« {unknown[0]} » n’est pas un échange demandé.", "#id_given_up_0"))
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez pourquoi vous renoncez à ces échanges.", "#id_reason"))
    return blockers


def _close_items(candidature: Candidature, removed: Sequence[str]) -> None:
    """Nothing is asked any more on criteria that left the file; a request that waits for nothing else is over."""
    now = timezone.now()
    items = ComplementItem.objects.filter(candidature=candidature)
    items.filter(code__in=removed, answered_at__isnull=True, closed_at__isnull=True).update(closed_at=now)
    for question in ProducerQuestion.objects.select_for_update().filter(
        candidature=candidature,
        criterion__in=removed,
        state__in=[ProducerQuestionState.OPEN, ProducerQuestionState.LAPSED],
    ):
        workflow.fire(question, "end", actor=None, reason="scope_reduced", at=now)
    for request in ComplementRequest.objects.select_for_update().filter(
        candidature=candidature, state=RequestState.OPEN
    ):
        mine = items.filter(request=request)
        if not mine.filter(answered_at__isnull=True, closed_at__isnull=True).exists():
            has_answers = mine.filter(answered_at__isnull=False).exists()
            workflow.fire(request, "answer" if has_answers else "end", actor=None, reason="scope_reduced", at=now)


def _questions(candidature: Candidature) -> tuple[str, str]:
    """Codes of the question whose choices are the exchanges, and of the one that opens it (démarche’s settings)."""
    settings = candidature.enrolment.demarche.settings.get("exchange", {})
    return settings.get("question", ""), settings.get("gate", "")


def _current_orientation(candidature: Candidature) -> dict[str, Any]:
    """Frozen answers, as earlier reductions left them."""
    content = read_payload(candidature.dossier)
    answers = {row["code"]: row["value"] for row in content["orientation"]["answers"]}
    for addendum in Addendum.objects.filter(dossier=candidature.dossier_id).order_by("number"):
        for row in parse_payload(bytes(addendum.payload)).get("orientation", ()):
            if row["value"] is None:
                answers.pop(row["code"], None)
            else:
                answers[row["code"]] = row["value"]
    return answers


def _row(grid: Grid, code: str, value: Any) -> dict[str, Any]:
    question = grid.questions[code]
    if value is None:
        text: Any = ""
    elif isinstance(value, list):
        text = [question.label_of(item) for item in value]
    else:
        text = question.label_of(str(value))
    return {"code": code, "label": question.label, "value": value, "text": text}
