"""What pages of a file say of the producer that is awaited on recovered answers: everything to agents, a code, a title and a day
to the distributor (A-25)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from convergence.accounts.models import User
from convergence.ui.typography import NBSP
from convergence.ui.values import Link, Row
from referencing.candidature.content import list_recovered, may_open, recovers
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.enums import CandidatureState, ProducerQuestionState, Severity
from referencing.candidature.models import Candidature, ProducerQuestion
from referencing.candidature.rules import can_answer, can_judge, is_instructor
from referencing.candidature.services.recovered import TAKEABLE
from referencing.candidature.wording import producer_question_badge


def producer_rows(candidature: Candidature, *, user: User) -> dict[str, Any]:
    """What the tab « Demandes » says of the producer: everything to agents, a code, a title and a day to the distributor."""
    if not recovers(candidature.dossier):
        return {"producer_rows": []}
    questions = ProducerQuestion.objects.filter(candidature=candidature).defer("text").order_by("-number")
    if is_instructor(user, candidature):
        questions = questions.visible_to(user)
        return {
            "producer_columns": ["Demande", "Critère", "Nature", "État", "Échéance ou réponse"],
            "producer_rows": [
                Row(
                    cells=[
                        f"N°{NBSP}{each.number}",
                        f"{each.criterion} {each.title}",
                        f"{each.get_kind_display()}{f' ({each.get_severity_display().lower()})' if each.severity else ''}",
                        producer_question_badge(each),
                        each.due_on if each.waits else each.answered_at or each.closed_at or each.decided_at,
                    ],
                    url=reverse("candidature:producer_question_detail", args=[candidature.pk, each.number]),
                )
                for each in questions
            ],
        }
    may_answer = candidature.state == CandidatureState.EVALUATION and bool(can_answer(user, candidature))
    still = list_recovered(candidature)
    newest: dict[str, ProducerQuestion] = {}
    for each in questions.exclude(severity=Severity.OBSERVATION):
        newest.setdefault(each.criterion, each)
    return {
        "producer_columns": ["Critère", "Échéance", "Où en est-on", "Ce que vous pouvez faire"],
        "producer_rows": [
            Row(
                cells=[
                    f"{each.criterion} {each.title}",
                    each.due_on if each.waits else "",
                    own_words(each),
                    Link(
                        "Répondre moi-même",
                        reverse("candidature:own_answer_choose", args=[candidature.pk, each.criterion]),
                    )
                    if may_answer and each.state in TAKEABLE and each.criterion in still
                    else "",
                ]
            )
            for each in newest.values()
            if each.state in {*TAKEABLE, ProducerQuestionState.ANSWERED}
        ],
    }


def own_words(question: ProducerQuestion) -> str:
    """Where a question stands, as its distributor is told: never what was asked nor answered."""
    return {
        ProducerQuestionState.OPEN: "en attente de l’éditeur producteur",
        ProducerQuestionState.ANSWERED: "l’éditeur producteur a répondu (réponse confidentielle)",
        ProducerQuestionState.LAPSED: "l’éditeur producteur n’a pas répondu : répondez vous-même",
        ProducerQuestionState.MAINTAINED: "la réponse de l’éditeur producteur ne suffit pas : répondez vous-même",
    }[ProducerQuestionState(question.state)]


def asked_of_producer(candidature: Candidature, criterion: EffectiveCriterion, user: User) -> dict[str, Any]:
    """On the page of a recovered criterion: its questions for agents, a sentence and a link for the distributor."""
    if criterion.recovered is None:
        return {}
    about = ProducerQuestion.objects.filter(candidature=candidature, criterion=criterion.code).order_by("-number")
    is_evaluated = candidature.state == CandidatureState.EVALUATION
    if is_instructor(user, candidature):
        rows = list(about.visible_to(user))
        seat = ProducerQuestion(candidature=candidature, theme=criterion.theme)
        may_ask = (
            is_evaluated
            and may_open(user, candidature)
            and can_judge(user, seat)
            and all(each.state != ProducerQuestionState.OPEN for each in rows)
        )
        return {
            "source": criterion.recovered,
            "questions": [
                {
                    "question": each,
                    "badge": producer_question_badge(each),
                    "url": reverse("candidature:producer_question_detail", args=[candidature.pk, each.number]),
                }
                for each in rows
            ],
            "ask_url": reverse("candidature:producer_question_create", args=[candidature.pk, criterion.code])
            if may_ask
            else "",
        }
    rows = list(about.defer("text"))
    takeable = next((each for each in rows if each.state in TAKEABLE and each.severity != Severity.OBSERVATION), None)
    return {
        "source": criterion.recovered,
        "words": own_words(takeable) if takeable else "",
        "due_on": takeable.due_on if takeable and takeable.waits else None,
        "own_url": reverse("candidature:own_answer_choose", args=[candidature.pk, criterion.code])
        if takeable and is_evaluated and can_answer(user, candidature)
        else "",
    }
