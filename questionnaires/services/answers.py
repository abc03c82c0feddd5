"""Writing answers: autosave, « Enregistrer comme brouillon » and the page without scripts go through `save_answers`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel import secrets
from evidence.services.passphrases import field_keys
from questionnaires.access import AccessPolicy
from questionnaires.core import Answer, Evaluation, Grid, Progress, Question, QuestionType, ValueType, parse_answers
from questionnaires.core.scoring import parse_criterion_answer
from questionnaires.core.values import parse_number
from questionnaires.enums import Status
from questionnaires.facts import (
    codes_of,
    draft_orientation,
    progress_of,
    read_deposits,
    read_rows,
    validated_evaluation,
)
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import ORIENTATION, QuestionnaireResponse, Response
from questionnaires.models import Answer as AnswerRow
from questionnaires.services.locking import RECOVERED, lock_questionnaire, require_open
from questionnaires.stored import SECRET_GIVEN, store

MAX_TEXT = 10_000
MAX_EXPONENT = 40  # written in full, such a number stays short


class _Unchanged(Enum):
    UNCHANGED = "unchanged"


#: « This part of the answer was not touched », which None (emptied) is not.
UNCHANGED = _Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody changed in one answer.

    `value`: for a question, the JSON value of the grid's table (numbers as Decimal too); for a criterion a mapping of the
    touched parts, `{"level": "2"}` or `{"compliance": "conforme", "number": Decimal("72.5")}` (a number may be plain digits in
    a text), where None empties a part.
    `base_version`: the version that the person had before their eyes, 0 when there was no answer; None is not checked.
    """

    value: object = UNCHANGED
    comment: str | _Unchanged = UNCHANGED
    base_version: int | None = None


@dataclass(frozen=True, slots=True)
class StaleAnswer:
    """A colleague wrote this answer meanwhile: both texts, so that the person chooses (A-13).

    Texts are kept values as `questionnaires.stored` writes them; a secret one is None on both sides.
    """

    code: str
    theirs: Any
    their_comment: str
    mine: Any
    my_comment: str
    by: str
    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What a save did. Changes are independent: those of `conflicts` and `refused` were not written, the others were.

    `versions`: the current version of every answer that the changes named. `evaluation`: of the draft for the
    orientation, of the validated orientation for the other questionnaires. `appeared`, `disappeared`: questions.
    """

    saved: tuple[str, ...]
    versions: Mapping[str, int]
    conflicts: tuple[StaleAnswer, ...]
    refused: Mapping[str, str]
    state: Status
    progress: Progress
    evaluation: Evaluation
    appeared: tuple[str, ...] = ()
    disappeared: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    """Rows of one questionnaire while changes are applied to them."""

    grid: Grid
    questionnaire: str
    response: Response
    rows: dict[str, AnswerRow]
    actor: User
    at: datetime
    written: dict[str, AnswerRow] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    stale: list[tuple[AnswerRow, Any, str]] = field(default_factory=list)

    def apply(self, code: str, change: Change) -> None:
        if code in self.response.recovered:
            self.refused[code] = RECOVERED
            return
        row = self.rows.get(code)
        try:
            value = self._value(code, row, change.value)
            comment = self._comment(row, change.comment)
        except ValidationError as error:
            self.refused[code] = error.messages[0]
            return
        is_secret = code in self.grid.questions and self.grid.questions[code].type is QuestionType.SECRET
        if self._is_same(row, value, comment, is_secret):
            return
        current = row.version if row else 0
        if row is not None and change.base_version is not None and change.base_version != current:
            self.stale.append((row, None if is_secret else value, comment))
            return
        written = AnswerRow(
            response=self.response,
            code=code,
            value=None if is_secret else value,
            secret=secrets.encrypt(str(value), field_keys()) if is_secret and value is not None else "",
            comment=comment,
            version=current + 1,
            updated_at=self.at,
            updated_by=self.actor,
        )
        self.rows[code] = self.written[code] = written

    def _is_same(self, row: AnswerRow | None, value: Any, comment: str, is_secret: bool) -> bool:
        if row is None:
            return not value and not comment
        if comment != row.comment:
            return False
        if is_secret:
            return bool(value == _kept_secret(row))
        return bool(value == row.value)

    def _comment(self, row: AnswerRow | None, comment: str | _Unchanged) -> str:
        if isinstance(comment, _Unchanged):
            return row.comment if row else ""
        return _text(comment)

    def _value(self, code: str, row: AnswerRow | None, value: object) -> Any:
        if self.questionnaire == ORIENTATION:
            question = self.grid.questions[code]
            if value is UNCHANGED:
                if question.type is QuestionType.SECRET:
                    return _kept_secret(row)
                return row.value if row else None
            return _question_value(self.grid, question, value)
        kept = row.value if row else None
        return kept if value is UNCHANGED else self._criterion_value(code, kept or {}, value)

    def _criterion_value(self, code: str, kept: Mapping[str, Any], patch: object) -> dict[str, Any] | None:
        if not isinstance(patch, Mapping):
            raise ValidationError("Une réponse à un critère est un ensemble de parties.")
        criterion = self.grid.criteria[code]
        kind = self.grid.questionnaire(self.questionnaire).kind
        merged = {**kept, **patch}
        number = merged.get("number")
        if isinstance(number, str) and (exact := parse_number(number)) is not None:
            merged["number"] = exact  # kept as text, so that every digit stays
        typed, errors = parse_criterion_answer(criterion, kind, merged)
        if errors:
            raise ValidationError(errors[0].message)
        value: dict[str, Any] = {}
        if typed.level:
            value["level"] = typed.level
        if typed.compliance:
            value["compliance"] = typed.compliance.value
        if typed.value is not None and criterion.value:
            if criterion.value.type is ValueType.URL:
                _check_url(str(typed.value))
            value[criterion.value.type.value] = _kept(typed.value)
        return value or None


@transaction.atomic
def save_answers(
    *,
    response: Response,
    questionnaire: str,
    changes: Mapping[str, Change],
    actor: User,
    at: datetime,
    access: AccessPolicy,
) -> SaveResult:
    """Write the changed answers of one questionnaire as its draft, with its counters, state and one line of journal.

    An unchanged answer is not written; a stale one and one of the wrong type are told in the result, and the others are
    kept. Six queries at most for one answer. Raises PermissionDenied, TransitionRefused (questionnaire not open,
    response locked) and QuestionnaireResponse.DoesNotExist.
    """
    access.require_write()
    row = lock_questionnaire(response, questionnaire)
    require_open(row)
    compiled = compiled_grid(row.response.definition)
    rows = read_rows(row.response, compiled.grid, questionnaire)
    before = _evaluate(compiled, row, rows)
    draft = _Draft(compiled.grid, questionnaire, row.response, dict(rows), actor, at)
    known = set(codes_of(compiled.grid, questionnaire))
    for code, change in changes.items():
        if code in known:
            draft.apply(code, change)
        else:
            draft.refused[code] = "Cette question ne figure pas dans ce questionnaire."
    after = before
    if draft.written:
        AnswerRow.objects.bulk_create(
            draft.written.values(),
            update_conflicts=True,
            unique_fields=["response", "code"],
            update_fields=["value", "secret", "comment", "version", "updated_at", "updated_by"],
        )
        after = _evaluate(compiled, row, draft.rows)
    deposits = read_deposits(row.response, compiled.grid, questionnaire)
    progress = progress_of(compiled, questionnaire, after, draft.rows, deposits, row.response.recovered)
    if draft.written:
        _touch(row, progress, draft, actor=actor, at=at)
    return SaveResult(
        saved=tuple(draft.written),
        versions={code: draft.rows[code].version if code in draft.rows else 0 for code in changes if code in known},
        conflicts=tuple(_conflicts(draft)),
        refused=draft.refused,
        state=Status(row.state),
        progress=progress,
        evaluation=after,
        appeared=tuple(code for code in after.visible if code not in before.visible),
        disappeared=tuple(code for code in before.visible if code not in after.visible),
    )


def _evaluate(compiled: CompiledGrid, row: QuestionnaireResponse, rows: Mapping[str, AnswerRow]) -> Evaluation:
    if row.code == ORIENTATION:
        return compiled.evaluator.evaluate(draft_orientation(compiled.grid, rows))
    evaluation = validated_evaluation(compiled, row.response)
    if evaluation is None:
        raise ValueError(f"{row.code} is open without a validated orientation")
    return evaluation


def _touch(row: QuestionnaireResponse, progress: Progress, draft: _Draft, *, actor: User, at: datetime) -> None:
    """Counters, state and journal of a save."""
    counted = (row.answered, row.total)
    row.answered, row.total = progress.answered, progress.total
    data = {"answers": {code: _journal_value(written) for code, written in draft.written.items()}}
    only_secrets = all(
        row.code == ORIENTATION and draft.grid.questions[code].type is QuestionType.SECRET for code in draft.written
    )
    if only_secrets and row.state == Status.DONE and counted == (row.answered, row.total):
        # A demo account may change during instruction: nothing that was validated changes with it.
        record("questionnaireresponse.change_secret", subject=row, actor=actor, data=data)
        return
    workflow.fire(row, "save_draft", actor=actor, at=at, data=data)


def _journal_value(row: AnswerRow) -> dict[str, Any]:
    return {"version": row.version, "value": SECRET_GIVEN if row.secret else row.value, "comment": row.comment}


def _conflicts(draft: _Draft) -> Iterable[StaleAnswer]:
    if not draft.stale:
        return
    people = User.objects.in_bulk({row.updated_by_id for row, _, _ in draft.stale})
    for row, mine, my_comment in draft.stale:
        yield StaleAnswer(
            code=row.code,
            theirs=row.value,
            their_comment=row.comment,
            mine=mine,
            my_comment=my_comment,
            by=str(people.get(row.updated_by_id, "")),
            at=row.updated_at,
            version=row.version,
        )


def read_secret(*, response: Response, question: str, actor: User) -> str:
    """The secret answer in clear, for those whom the stage has authorised; each reading is journalled (A-10).

    Raises Answer.DoesNotExist when nothing was given, SecretUnreadable when its key left the ring.
    """
    row = AnswerRow.objects.exclude(secret="").get(response=response, code=question)
    record("answer.read_secret", subject=row, actor=actor, data={"question": question})
    return secrets.decrypt(row.secret, field_keys())


def _question_value(grid: Grid, question: Question, value: object) -> Any:
    """The kept form of a posted value. Raises ValidationError."""
    if isinstance(value, str):
        value = _text(value)
    parsed = parse_answers(grid, {question.code: value})
    if parsed.errors:
        raise ValidationError(parsed.errors[0].message)
    answer = parsed.answers.get(question.code)
    match question.type:
        case QuestionType.URL if answer is not None:
            _check_url(str(answer))
        case QuestionType.EMAIL if answer is not None:
            EmailValidator("Indiquez une adresse e-mail complète, par exemple\u00a0: nom@exemple.fr.")(str(answer))
    return None if answer is None else _kept(answer)


def _kept(answer: Answer) -> Any:
    """The kept form of a typed answer. Raises ValidationError for a number that nobody writes in full."""
    if isinstance(answer, str):
        return _text(answer)
    if isinstance(answer, Decimal) and (abs(answer.adjusted()) > MAX_EXPONENT or parse_number(store(answer)) is None):
        raise ValidationError("Indiquez un nombre de vingt chiffres au plus de chaque côté de la virgule.")
    return store(answer)


def _kept_secret(row: AnswerRow | None) -> str | None:
    """The secret in clear; None when there is none, or when its key left the ring: a new text then replaces it."""
    try:
        return secrets.decrypt(row.secret, field_keys()) if row and row.secret else None
    except secrets.SecretUnreadable:
        return None


def _check_url(text: str) -> None:
    message = "Indiquez une adresse de site complète, par exemple\u00a0: https://exemple.fr."
    URLValidator(schemes=["http", "https"], message=message)(text)


def _text(text: str) -> str:
    """Line ends as one character, blanks around removed. Raises ValidationError for what the database cannot keep."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > MAX_TEXT:
        raise ValidationError(f"Ce texte compte {len(text)} caractères\u202f; raccourcissez-le à {MAX_TEXT} au plus.")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError("Ce texte contient un caractère invisible interdit. Saisissez-le de nouveau.")
    return text
