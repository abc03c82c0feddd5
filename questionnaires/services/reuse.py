"""Answers taken over from another response: shown before, and nothing that is already answered is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.enums import ScanState
from evidence.services import share
from questionnaires.access import AccessPolicy
from questionnaires.core import Criterion, Grid, Question, QuestionType
from questionnaires.core.answers import AnswerRefused, parse_answer
from questionnaires.core.scoring import parse_criterion_answer
from questionnaires.enums import Status
from questionnaires.facts import progress_of
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import ORIENTATION, Answer, Deposit, QuestionnaireResponse, Recovery, Response
from questionnaires.services.drafts import read_draft
from questionnaires.services.locking import lock_all, require_open
from questionnaires.stored import restore, restore_criterion

CHANGED = "La question ou le critère a changé dans la grille."
GONE = "La grille de ce produit ne le demande pas."
ANSWERED = "Vous avez déjà répondu."
DEPOSITED = "Une preuve de ce type est déjà déposée."
SECRET = "Cette réponse est chiffrée : saisissez-la de nouveau."  # noqa: S105 - a sentence, not a secret
UNREADABLE = "Cette réponse n’est plus proposée."
RECOVERED = "La réponse est celle de l’éditeur producteur."
SINGLE = "Ce document se dépose une seule fois, pour chaque produit."
ENCRYPTED = "Ce document est chiffré pour l’autre produit : déposez-le dans le conteneur de celui-ci."
EXPIRED = "Cette preuve est trop ancienne."
UNSAFE = "L’antivirus n’a pas reconnu ce fichier comme sain."


class StaleReuse(Exception):
    """What would be taken over is no longer what the person was shown: `preview` says what it is now."""

    def __init__(self, preview: Reuse) -> None:
        self.preview = preview
        super().__init__(preview.token)


@dataclass(frozen=True, slots=True)
class Item:
    """One answer or one file. `questionnaire` as a code, the orientation’s included; `why` says why it is left."""

    questionnaire: str
    code: str
    label: str
    file: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reuse:
    """What a response takes over from another one, and what it leaves. `token` is asked back, so that what is done is what
    was shown."""

    taken: tuple[Item, ...]
    left: tuple[Item, ...]
    token: str


@dataclass(frozen=True, slots=True)
class _Plan:
    answers: tuple[Answer, ...]
    deposits: tuple[Deposit, ...]
    reuse: Reuse


def preview_reuse(*, source: Response, target: Response, at: datetime) -> Reuse:
    """Eight queries, no lock. The caller answers for the right to read `source`."""
    return _plan(source, target, at).reuse


@transaction.atomic
def reuse_answers(
    *, source: Response, target: Response, token: str, actor: User, at: datetime, access: AccessPolicy
) -> Reuse:
    """Take over what `preview_reuse` showed, as drafts: everything is validated again. `access` is that of `target`.

    Raises PermissionDenied, TransitionRefused (locked, orientation not open, nothing to take over), StaleReuse.
    """
    access.require_write()
    rows = lock_all(target)
    require_open(rows[ORIENTATION])
    plan = _plan(source, target, at)
    if plan.reuse.token != token:
        raise StaleReuse(plan.reuse)
    if not plan.reuse.taken:
        raise TransitionRefused([Blocker("nothing", "Il n’y a rien à reprendre de ce produit.")])
    _write(plan, target, actor, at)
    compiled = compiled_grid(rows[ORIENTATION].response.definition)
    touched = {item.questionnaire for item in plan.reuse.taken}
    for code, row in rows.items():
        if code in touched and row.state not in (Status.UNAVAILABLE, Status.NOT_APPLICABLE):
            _recount(compiled, row, actor=actor, at=at)
    record(
        "response.reuse",
        subject=target,
        actor=actor,
        data={"source": str(source.pk), "answers": [each.code for each in plan.answers], "files": len(plan.deposits)},
    )
    return plan.reuse


@transaction.atomic
def hand_over_answers(*, source: Response, target: Response, actor: User, at: datetime) -> Reuse:
    """Take over everything that may be, into a response that nobody could write in yet: it waits there for its convention.

    The caller answers for the right to both, and holds their locks.
    """
    plan = _plan(source, target, at)
    _write(plan, target, actor, at)
    row = lock_all(target)[ORIENTATION]
    progress = read_draft(compiled_grid(row.response.definition), row).evaluation
    row.answered, row.total = progress.answered, progress.required
    row.save(update_fields=["answered", "total"])
    return plan.reuse


def _write(plan: _Plan, target: Response, actor: User, at: datetime) -> None:
    versions = dict(
        Answer.objects.filter(response=target, code__in=[each.code for each in plan.answers]).values_list(
            "code", "version"
        )
    )
    Answer.objects.bulk_create(
        [
            Answer(
                response=target,
                code=each.code,
                value=each.value,
                comment=each.comment,
                version=versions.get(each.code, 0) + 1,
                updated_at=at,
                updated_by=actor,
            )
            for each in plan.answers
        ],
        update_conflicts=True,
        unique_fields=["response", "code"],
        update_fields=["value", "comment", "version", "updated_at", "updated_by"],
    )
    Deposit.objects.bulk_create(
        Deposit(
            response=target,
            criterion=each.criterion,
            evidence_type=each.evidence_type,
            file=share(file=each.file, actor=actor),
            deposited_by=actor,
            deposited_at=each.deposited_at,  # its age is that of the document
        )
        for each in plan.deposits
    )


def _recount(compiled: CompiledGrid, row: QuestionnaireResponse, *, actor: User, at: datetime) -> None:
    draft = read_draft(compiled, row)
    progress = progress_of(compiled, row.code, draft.evaluation, draft.rows, draft.deposits, draft.recovered)
    row.answered, row.total = progress.answered, progress.total
    workflow.fire(row, "save_draft", actor=actor, at=at)


def _plan(source: Response, target: Response, at: datetime) -> _Plan:
    grids = [
        compiled_grid(Response.objects.with_definition().get(pk=each.pk).definition).grid for each in (source, target)
    ]
    planner = _Planner(*grids)
    answers = tuple(planner.answers(_given(source), _given(target), _recovered(source), _recovered(target)))
    here = list(Deposit.objects.active().filter(response=target))
    there = Deposit.objects.active().with_file().filter(response=source).order_by("deposited_at", "pk")
    deposits = tuple(planner.deposits(there, {(each.criterion, each.evidence_type) for each in here}, at))
    facts = {
        "source": source.pk,
        "target": target.pk,
        "answers": [[each.code, each.value, each.comment] for each in answers],
        "deposits": [each.pk for each in deposits],
    }
    return _Plan(answers, deposits, Reuse(tuple(planner.taken), tuple(planner.left), sha256_hex(canonical_json(facts))))


def _given(response: Response) -> dict[str, Answer]:
    return {row.code: row for row in Answer.objects.filter(response=response) if row.value or row.secret or row.comment}


def _recovered(response: Response) -> set[str]:
    return set(Recovery.objects.filter(response=response).values_list("code", flat=True))


class _Planner:
    """Sorts what the source holds, in the order of its grid."""

    def __init__(self, source: Grid, target: Grid) -> None:
        self.source, self.target = source, target
        self.taken: list[Item] = []
        self.left: list[Item] = []

    def answers(
        self,
        there: Mapping[str, Answer],
        here: Mapping[str, Answer],
        hidden: set[str],
        recovered: set[str],
    ) -> Iterator[Answer]:
        for code in (*self.source.questions, *self.source.criteria):
            row = there.get(code)
            if row is None or code in hidden:
                continue
            why = ANSWERED if code in here else RECOVERED if code in recovered else self._why_not(row)
            self._sort(code, why)
            if not why:
                yield row

    def deposits(self, there: Iterable[Deposit], here: set[tuple[str, str]], at: datetime) -> Iterator[Deposit]:
        for each in there:
            why = DEPOSITED if (each.criterion, each.evidence_type) in here else self._why_not_file(each, at)
            self._sort(each.criterion, why, file=each.file.name)
            if not why:
                yield each

    def _sort(self, code: str, why: str, *, file: str = "") -> None:
        is_question = code in self.source.questions
        label = (
            self.source.questions[code].label
            if is_question
            else self.source.criteria[code].title
            if code in self.source.criteria
            else code
        )
        place = (
            ORIENTATION
            if is_question
            else self.source.questionnaire_of[code].code
            if code in self.source.questionnaire_of
            else ""
        )
        (self.left if why else self.taken).append(Item(place, code, label, file, why))

    def _why_not(self, row: Answer) -> str:
        if row.secret:
            return SECRET
        asked: Question | Criterion | None = self.target.questions.get(row.code) or self.target.criteria.get(row.code)
        if asked is None:
            return GONE
        if isinstance(asked, Question):
            before: Question | Criterion | None = self.source.questions.get(row.code)
            if before is None or _text_of(asked) != _text_of(before):
                return CHANGED
            return "" if _is_readable(asked, row.value) else UNREADABLE
        before = self.source.criteria.get(row.code)
        if before is None or _text_of(asked) != _text_of(before) or not self._is_same_kind(row.code):
            return CHANGED
        kind = self.target.questionnaire_of[row.code].kind
        typed = restore_criterion(asked, row.value, frozenset())
        kept = {**(row.value or {})}
        if asked.value is not None and typed.value is not None:
            kept[asked.value.type.value] = (
                typed.value if asked.value.type.value == "number" else kept[asked.value.type.value]
            )
        return UNREADABLE if parse_criterion_answer(asked, kind, kept)[1] else ""

    def _is_same_kind(self, code: str) -> bool:
        return self.source.questionnaire_of[code].kind is self.target.questionnaire_of[code].kind

    def _why_not_file(self, deposit: Deposit, at: datetime) -> str:
        asked, before = self.target.criteria.get(deposit.criterion), self.source.criteria.get(deposit.criterion)
        expected = (
            next((each for each in asked.evidence if each.code == deposit.evidence_type), None) if asked else None
        )
        if asked is None or before is None or expected is None:
            return GONE
        if _text_of(asked) != _text_of(before):
            return CHANGED
        if expected.encrypted or deposit.file.passphrase_id is not None:
            return ENCRYPTED
        if expected.single_deposit:
            return SINGLE
        if expected.max_age_days is not None and deposit.deposited_at < at - timedelta(days=expected.max_age_days):
            return EXPIRED
        return "" if deposit.file.blob.state == ScanState.CLEAN else UNSAFE


def _is_readable(question: Question, kept: Any) -> bool:
    if question.type is QuestionType.SECRET:
        return False
    try:
        parse_answer(question, kept if question.type is not QuestionType.NUMBER else restore(question, kept))
    except AnswerRefused:
        return False
    return True


def _text_of(asked: Question | Criterion) -> Any:
    """What somebody answers to: its words and its choices, not when it shows."""
    if isinstance(asked, Question):
        return asked.label, asked.type, [asdict(each) for each in asked.choices]
    return asked.title, asked.objective, asked.nature, asked.levels, asked.value
