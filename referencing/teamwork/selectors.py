"""What the pages of a team read, each in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, DateField, F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from convergence.accounts.enums import MANAGING_TYPES
from convergence.accounts.models import User
from questionnaires.core import Grid, Progress, missing, orientation_progress
from questionnaires.enums import Status
from questionnaires.facts import draft_criteria, draft_orientation, is_given, validated_evaluation
from questionnaires.grids import compiled_grid
from questionnaires.models import ORIENTATION, Deposit, QuestionnaireResponse, Recovery, Specificity
from questionnaires.models import Answer as AnswerRow
from referencing.enrolment.enums import EnrolmentState, WhiteLabelRole
from referencing.enrolment.models import Enrolment
from referencing.teamwork.core import NOTHING, Difference, Scope, compare
from referencing.teamwork.models import Conversation, Delegation, Proposal

QUEUE_LIMIT = 100


# -- how far each part is


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the answers of one enrolment are. `asked`: (section, criterion) by questionnaire, in the order of the grid.
    `recovered`: those that a producer answers."""

    grid: Grid
    orientation: Progress
    asked: Mapping[str, Sequence[tuple[str, str]]]
    lacking: frozenset[str]
    recovered: frozenset[str] = frozenset()

    def count(self, scope: Scope) -> tuple[int, int]:
        """Answered and asked: criteria of the part, or questions of the orientation."""
        if scope.questionnaire == ORIENTATION:
            return self.orientation.answered, self.orientation.total
        codes = [
            code
            for section, code in self.asked.get(scope.questionnaire, ())
            if scope.covers(scope.questionnaire, section, code)
        ]
        return len(codes) - sum(code in self.lacking for code in codes), len(codes)

    def is_answered(self, scope: Scope) -> bool:
        """Nothing is missing any more; a part that is not asked for the moment waits for nobody."""
        answered, total = self.count(scope)
        return answered == total


def load_standings(enrolments: Iterable[Enrolment]) -> dict[UUID, Standing]:
    """Three queries, whatever the number of enrolments; each comes with `response__definition`."""
    found = {each.response_id: each for each in enrolments}
    answers: defaultdict[UUID, dict[str, AnswerRow]] = defaultdict(dict)
    for row in AnswerRow.objects.filter(response__in=found):
        answers[row.response_id][row.code] = row
    deposits: defaultdict[UUID, list[Deposit]] = defaultdict(list)
    for deposit in Deposit.objects.active().filter(response__in=found):
        deposits[deposit.response_id].append(deposit)
    recovered: defaultdict[UUID, set[str]] = defaultdict(set)
    for response, code in Recovery.objects.filter(response__in=found).values_list("response_id", "code"):
        recovered[response].add(code)
    return {
        enrolment.pk: _standing(enrolment, answers[response], deposits[response], recovered[response])
        for response, enrolment in found.items()
    }


def _standing(
    enrolment: Enrolment, rows: Mapping[str, AnswerRow], deposits: Sequence[Deposit], recovered: set[str]
) -> Standing:
    compiled = compiled_grid(enrolment.response.definition)
    grid = compiled.grid
    questions = {code: row for code, row in rows.items() if code in grid.questions}
    draft = compiled.evaluator.evaluate(draft_orientation(grid, questions))
    decided = validated_evaluation(compiled, enrolment.response)
    asked: dict[str, list[tuple[str, str]]] = {}
    lacking: set[str] = set()
    known = [deposit for deposit in deposits if deposit.criterion in grid.criteria]
    for questionnaire in grid.questionnaires:
        shown = set(decided.criteria.get(questionnaire.code, ())) if decided else set()
        answers = draft_criteria(grid, questionnaire.code, rows, known)
        asked[questionnaire.code] = []
        for section in questionnaire.sections:
            for criterion in section.criteria:
                if criterion.code not in shown:
                    continue
                asked[questionnaire.code].append((section.code, criterion.code))
                if criterion.code not in recovered and missing(criterion, questionnaire.kind, answers[criterion.code]):
                    lacking.add(criterion.code)
    return Standing(grid, orientation_progress(grid, draft), asked, frozenset(lacking), frozenset(recovered))


# -- what stands beside the questionnaires


@dataclass(slots=True)
class Marks:
    """What the team has in hand on one enrolment."""

    delegations: list[tuple[Scope, tuple[str, date | None]]]
    messages: dict[str, int]
    proposals: dict[str, int]
    accepted: dict[str, tuple[str, int]]


def load_marks(enrolment: Enrolment, user: User) -> Marks:
    """One query: who answers what, open conversations, proposals to examine, and authors of those that were taken over."""
    name = Concat(F("assignee__first_name"), Value(" "), F("assignee__last_name"))
    delegations = _columns(
        Delegation.objects.visible_to(user).standing().filter(enrolment=enrolment),
        "delegation", questionnaire=F("questionnaire"), section=F("section"), criterion=F("criterion"), text=name,
        day=F("due_on"),
    )  # fmt: skip
    conversations = _columns(
        Conversation.objects.visible_to(user).open().filter(enrolment=enrolment),
        "conversation", criterion=F("criterion"), number=Count("messages"),
    )  # fmt: skip
    proposals = Proposal.objects.visible_to(user).filter(link__enrolment=enrolment)
    pending = _columns(proposals.pending(), "proposal", criterion=F("link__criterion"))
    author = Concat(F("author_name"), Value("|"), F("author_organisation"))
    accepted = _columns(
        proposals.filter(is_accepted=True, answer_version__isnull=False),
        "accepted", criterion=F("link__criterion"), text=author, number=F("answer_version"),
    )  # fmt: skip
    marks = Marks([], {}, {}, {})
    for kind, questionnaire, section, criterion, text, number, day in delegations.union(
        conversations, pending, accepted, all=True
    ):
        match kind:
            case "delegation":
                marks.delegations.append((Scope(questionnaire, section, criterion), (text.strip(), day)))
            case "conversation":
                marks.messages[criterion] = number
            case "proposal":
                marks.proposals[criterion] = marks.proposals.get(criterion, 0) + 1
            case _ if number > marks.accepted.get(criterion, ("", 0))[1]:
                person, _, organisation = text.partition("|")
                marks.accepted[criterion] = (f"{person} ({organisation})" if organisation else person, number)
    return marks


def _columns(rows: QuerySet[Any], kind: str, **given: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """The same seven columns of any table."""
    text, number = CharField(), IntegerField()
    columns = {
        "mark_kind": Value(kind, text),
        **{f"mark_{name}": Cast(given.get(name, Value("")), text) for name in COLUMNS[:4]},
        "mark_number": Cast(Coalesce(given.get("number", Value(0)), Value(0)), number),
        "mark_day": Cast(given.get("day", Value(None)), DateField()),
    }
    return rows.order_by().annotate(**columns).values_list(*columns)


COLUMNS = ("questionnaire", "section", "criterion", "text")


# -- what waits for a validation


def awaiting_validation(user: User) -> QuerySet[QuestionnaireResponse, QuestionnaireResponse]:
    """Questionnaires whose validation was asked for, of products for which the person may validate (BR-066)."""
    access = user.access
    committing = [
        key
        for key, membership in access.memberships.items()
        if membership.type in MANAGING_TYPES or membership.is_validator
    ]
    mine = Q(product__organisation__in=committing) | Q(product__owner=user)
    enrolments = Enrolment.objects.visible_to(user).filter(
        mine, product__organisation__in=access.organisation_ids, state=EnrolmentState.ACTIVE
    )
    return QuestionnaireResponse.objects.filter(
        state=Status.VALIDATION_REQUESTED, response__in=enrolments.order_by().values("response")
    )


@dataclass(frozen=True, slots=True)
class Awaiting:
    """One questionnaire to validate, with what changed since its last validation."""

    row: QuestionnaireResponse
    enrolment: Enrolment
    title: str
    differences: Sequence[Difference]


def load_queue(user: User) -> list[Awaiting]:
    """Those that have waited longest first. Six queries, whatever their number."""
    rows = list(awaiting_validation(user).select_related("validation__by").order_by("drafted_at", "pk")[:QUEUE_LIMIT])
    enrolments = (
        Enrolment.objects.visible_to(user)
        .with_product()
        .select_related("response__definition")
        .defer("response__definition__source")
        .filter(response__in=[row.response_id for row in rows])
    )
    return read_differences(rows, {each.response_id: each for each in enrolments})


def read_differences(rows: Sequence[QuestionnaireResponse], enrolments: Mapping[UUID, Enrolment]) -> list[Awaiting]:
    """Four queries at most for all rows; `enrolments` by response, with grids; rows come with their `validation`."""
    keys = list(enrolments)
    answers: defaultdict[UUID, dict[str, AnswerRow]] = defaultdict(dict)
    for answer in AnswerRow.objects.filter(response__in=keys):
        answers[answer.response_id][answer.code] = answer
    deposits: defaultdict[UUID, list[Deposit]] = defaultdict(list)
    for deposit in Deposit.objects.active().select_related("file").filter(response__in=keys).order_by("deposited_at"):
        deposits[deposit.response_id].append(deposit)
    recovered: defaultdict[UUID, set[str]] = defaultdict(set)
    for response, code in Recovery.objects.filter(response__in=keys).values_list("response_id", "code"):
        recovered[response].add(code)
    producers = [key for key, each in enrolments.items() if each.white_label == WhiteLabelRole.PRODUCER]
    specific: defaultdict[UUID, dict[str, bool]] = defaultdict(dict)
    said = Specificity.objects.filter(response__in=producers).values_list("response_id", "code", "is_specific")
    for response, code, is_specific in said:
        specific[response][code] = is_specific
    return [
        _awaiting(row, enrolments[key], answers[key], deposits[key], recovered[key], specific[key])
        for row in rows
        if (key := row.response_id) in enrolments
    ]


def _awaiting(
    row: QuestionnaireResponse,
    enrolment: Enrolment,
    answers: Mapping[str, AnswerRow],
    deposits: Sequence[Deposit],
    recovered: set[str],
    specific: Mapping[str, bool],
) -> Awaiting:
    compiled = compiled_grid(enrolment.response.definition)
    grid = compiled.grid
    if row.code == ORIENTATION:
        rows = {code: each for code, each in answers.items() if code in grid.questions}
        shown: Sequence[str] = compiled.evaluator.evaluate(draft_orientation(grid, rows)).visible
    else:
        decided = validated_evaluation(compiled, enrolment.response)
        shown = decided.criteria.get(row.code, ()) if decided else ()
    after = {
        code: {
            "value": answers[code].value if code in answers else None,
            "comment": answers[code].comment if code in answers else "",
            "evidence": [
                {"deposit": str(each.pk), "type": each.evidence_type, "name": each.file.name}
                for each in deposits
                if each.criterion == code and is_given(grid, each)
            ],
            "choice": _choice(specific.get(code)),
        }
        if code not in recovered
        else RECOVERED
        for code in shown
        if not _is_secret(grid, code)
    }
    content: Mapping[str, Any] = row.validation.content["answers"] if row.validation else {}
    before = {
        code: RECOVERED if kept.get("recovered") else {**kept, "choice": _choice(kept.get("specific"))}
        for code, kept in content.items()
        if not _is_secret(grid, code)
    }
    return Awaiting(row, enrolment, compiled.title_of(row.code), compare(before, after))


#: All that is said of an answer that is taken from a producer (A-24).
RECOVERED: Mapping[str, Any] = {**NOTHING, "choice": "recovered"}


def _choice(is_specific: bool | None) -> str:
    """What a producer says of a criterion (BR-202); empty where nobody asks."""
    return "" if is_specific is None else "specific" if is_specific else "common"


def _is_secret(grid: Grid, code: str) -> bool:
    return code in grid.questions and grid.questions[code].type.value == "secret"
