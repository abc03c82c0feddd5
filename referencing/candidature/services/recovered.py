"""Instruction of recovered answers: the producer is asked, and answers in a buffer of its own; one answer serves every file
concerned (A-25). The distributor knows on what the producer is awaited and until when, or answers itself."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.core.formats import FORMATS
from evidence.services import examine, keep, prepare_container, withheld_reason
from referencing.candidature import recovered_notices as notices
from referencing.candidature.content import list_recovered, may_open
from referencing.candidature.core.addenda import AddedFile, Reply
from referencing.candidature.core.recovered import PRODUCER, masked_item, verifier_part
from referencing.candidature.enums import (
    CandidatureState,
    ProducerQuestionKind,
    ProducerQuestionState,
    RequestKind,
    RequestState,
    Severity,
)
from referencing.candidature.models import (
    Candidature,
    ComplementItem,
    ComplementRequest,
    ProducerAnswer,
    ProducerFile,
    ProducerQuestion,
    RecoveredSupplement,
)
from referencing.candidature.rules import (
    answers_as_producer,
    can_answer,
    can_instruct,
    can_judge,
    prepares_as_producer,
)
from referencing.candidature.services import standing
from referencing.candidature.services.answering import (
    COMMENT_MAX,
    FILES_MAX,
    FREE_FORMATS,
    FREE_SIZE_MB,
    Expected,
    check_answer,
    judge_reached,
    load_expected,
)
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.dossier.models import Addendum, AddendumKind, RecoveredValue
from referencing.dossier.recovered import KEY_BYTES, METHOD, commit
from referencing.dossier.services import freeze_addendum

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from referencing.enrolment.models import PreListing

#: Under whose name an addendum of the distributor carries what the producer answered: none of its people is named.
AUTHOR = "Éditeur producteur"
#: Days that a distributor has at least when it chooses to answer itself.
OWN_DAYS = 14
OWN_QUESTION = (
    "Répondez à ce critère pour votre produit, avec vos preuves : votre réponse remplace, dans votre candidature, celle de "
    "l’éditeur producteur."
)
#: From which states the distributor may take a question over (A-25).
TAKEABLE = [ProducerQuestionState.OPEN, ProducerQuestionState.LAPSED, ProducerQuestionState.MAINTAINED]
_FILES = ("enrolment__product__organisation", "enrolment__demarche", "dossier", "referent")


class StaleAnswer(Exception):
    """A colleague wrote this answer meanwhile (A-13); `row` is theirs, with `edited_by` loaded."""

    def __init__(self, row: ProducerAnswer) -> None:
        super().__init__(row.pk)
        self.row = row


# -- asking


@transaction.atomic
def ask_producer(
    *,
    candidature_id: UUID,
    kind: str,
    criterion: str,
    severity: str,
    text: str,
    due_on: date | None,
    actor: User,
    also: Sequence[UUID] = (),
) -> list[ProducerQuestion]:
    """Ask the producer for a complement, or open a non-conformity, on a recovered criterion (A-25, T19, T21).

    `also`: other files that recovered the same answer, about which the same is asked at once. An expert asks on own themes
    only (BR-112). Raises Candidature.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    now = timezone.now()
    files = [lock_file(key, actor) for key in sorted({candidature_id, *also})]
    first = next(each for each in files if each.pk == candidature_id)
    source = find_source(first, criterion)
    blockers = _find_asking_blockers(kind, severity, text, due_on, timezone.localdate(now))
    questions = []
    for candidature in files:
        recovered = list_recovered(candidature).get(criterion)
        if source is None or recovered is None or find_source(candidature, criterion) != source:
            blockers.append(
                Blocker(
                    "not_recovered",
                    f"Le critère {criterion} de {candidature.enrolment.label} n’est pas récupéré de cette solution.",
                )
            )
            continue
        question = ProducerQuestion(
            candidature=candidature,
            number=ProducerQuestion.objects.filter(candidature=candidature).count() + 1,
            pre_listing_id=source,
            kind=kind,
            severity=severity if kind == ProducerQuestionKind.NON_CONFORMITY else "",
            theme=recovered.theme,
            criterion=criterion,
            title=recovered.title,
            text=text.strip(),
            due_on=None if severity == Severity.OBSERVATION else due_on,
            told_organisation=candidature.enrolment.product.organisation.name,
            told_product=candidature.enrolment.product.name,
            asked_by=actor,
            asked_at=now,
        )
        if not may_open(actor, candidature) or not can_judge(actor, question):
            raise PermissionDenied("ask_producer")
        blockers += _find_file_blockers(candidature, criterion)
        questions.append(question)
    if blockers:
        raise TransitionRefused(blockers)
    for question in questions:
        question.save()
        _tell(question, "producer_asked", actor=actor, data=_day(question.due_on))
        standing.refresh(question.candidature)
    transaction.on_commit(partial(notices.asked, questions))
    return questions


def find_source(candidature: Candidature, criterion: str) -> UUID | None:
    """The pre-listing from which the dossier recovered this criterion; None when it did not."""
    rows = RecoveredValue.objects.filter(dossier=candidature.dossier_id, criterion=criterion)
    found: UUID | None = rows.values_list("pre_listing_id", flat=True).first()
    return found


def list_sharing(candidature: Candidature, criterion: str, actor: User) -> list[Candidature]:
    """Other files under evaluation that recovered this answer from the same solution and about which nothing is open."""
    source = find_source(candidature, criterion)
    if source is None:
        return []
    dossiers = RecoveredValue.objects.filter(pre_listing_id=source, criterion=criterion).values("dossier")
    asked = ProducerQuestion.objects.filter(criterion=criterion, state=ProducerQuestionState.OPEN)
    rows = (
        Candidature.objects.visible_to(actor)
        .filter(dossier__in=dossiers, state=CandidatureState.EVALUATION)
        .exclude(pk=candidature.pk)
        .exclude(pk__in=asked.values("candidature"))
        .select_related("enrolment__product__organisation", "dossier")
        .prefetch_related("reviews")
        .order_by("applied_at", "pk")
    )
    return [
        each
        for each in rows
        if (found := list_recovered(each).get(criterion)) is not None
        and can_judge(actor, ProducerQuestion(candidature=each, theme=found.theme))
    ]


def _find_asking_blockers(kind: str, severity: str, text: str, due_on: date | None, today: date) -> list[Blocker]:
    blockers = []
    is_gap = kind == ProducerQuestionKind.NON_CONFORMITY
    if kind not in ProducerQuestionKind.values:
        blockers.append(Blocker("kind", "Choisissez ce que vous adressez à l’éditeur producteur.", "#id_kind_0"))
    if is_gap and severity not in Severity.values:
        blockers.append(Blocker("severity", "Choisissez la gravité.", "#id_severity_0"))
    if not text.strip():
        blockers.append(Blocker("text", "Indiquez ce qui est demandé ou constaté.", "#id_text"))
    if not (is_gap and severity == Severity.OBSERVATION) and (due_on is None or due_on <= today):
        blockers.append(Blocker("due_on", "Indiquez une date à venir.", "#id_due_on"))
    return blockers


def _find_file_blockers(candidature: Candidature, criterion: str) -> list[Blocker]:
    blockers = _find_wrong_state(candidature)
    rows = ProducerQuestion.objects.filter(candidature=candidature, criterion=criterion)
    if rows.filter(state=ProducerQuestionState.OPEN).exists():
        blockers.append(
            Blocker(
                "already_asked",
                f"L’éditeur producteur est déjà interrogé sur {criterion} pour {candidature.enrolment.label}.",
            )
        )
    return blockers


def _find_wrong_state(candidature: Candidature) -> list[Blocker]:
    if candidature.state == CandidatureState.EVALUATION:
        return []
    return [Blocker("wrong_state", "Cette candidature n’est pas en cours d’évaluation.")]


# -- what agents do with a question


@transaction.atomic
def withdraw_question(*, question_id: UUID, note: str, actor: User) -> ProducerQuestion:
    """Take back what the producer has not answered yet. Raises ProducerQuestion.DoesNotExist, TransitionRefused…"""
    return _move(question_id, "withdraw", note=note, actor=actor)


@transaction.atomic
def lapse_question(*, question_id: UUID, note: str, actor: User) -> ProducerQuestion:
    """Take note that the producer did not answer in time: the distributor is asked to answer itself (A-25, A-16)."""
    return _move(question_id, "lapse", note=note, actor=actor)


@transaction.atomic
def lift_question(*, question_id: UUID, note: str, actor: User) -> ProducerQuestion:
    """The gap is closed; before any answer too, when it was an error (T22)."""
    return _move(question_id, "lift", note=note, actor=actor)


@transaction.atomic
def maintain_question(*, question_id: UUID, note: str, actor: User) -> ProducerQuestion:
    """The answer does not close the gap; the producer reads why, the distributor that it may answer itself (T22)."""
    return _move(question_id, "maintain", note=note, actor=actor)


@transaction.atomic
def reopen_question(*, question_id: UUID, note: str, due_on: date | None, actor: User) -> ProducerQuestion:
    """Ask again about a gap that was lifted or maintained (A-19)."""
    question = _lock_question(question_id, actor)
    why = note.strip()

    def guard() -> list[Blocker]:
        blockers = _find_file_blockers(question.candidature, question.criterion) + _find_no_note(why)
        if question.criterion not in list_recovered(question.candidature):
            blockers.append(Blocker("not_recovered", "Le distributeur répond désormais lui-même à ce critère."))
        if question.severity != Severity.OBSERVATION and (due_on is None or due_on <= timezone.localdate()):
            blockers.append(Blocker("due_on", "Indiquez une date à venir.", "#id_due_on"))
        return blockers

    day = None if question.severity == Severity.OBSERVATION else due_on
    workflow.fire(question, "reopen", actor=actor, guard=guard, reason=why, note=why, due_on=day, at=timezone.now())
    _tell(question, "producer_reopen", actor=actor, data=_day(day), moved=True)
    standing.refresh(question.candidature)
    transaction.on_commit(partial(notices.asked, [question]))
    return question


def _move(question_id: UUID, step: str, *, note: str, actor: User) -> ProducerQuestion:
    question = _lock_question(question_id, actor)
    why = note.strip()

    def guard() -> list[Blocker]:
        blockers = _find_wrong_state(question.candidature) + _find_no_note(why)
        if step in ("lift", "maintain") and not question.is_gap:
            blockers.append(
                Blocker("not_a_gap", "Un complément se juge par un verdict : seule une non-conformité se lève.")
            )
        if step == "lapse" and (question.due_on is None or question.due_on >= timezone.localdate()):
            blockers.append(Blocker("not_due", "L’échéance donnée à l’éditeur producteur n’est pas passée."))
        return blockers

    named: dict[str, Any] = {"by": actor} if step in ("lift", "maintain") else {}
    workflow.fire(question, step, actor=actor, guard=guard, reason=why, note=why, at=timezone.now(), **named)
    kind = {"withdraw": "producer_withdrawn", "lapse": "producer_lapsed"}.get(step, f"producer_{step}")
    _tell(question, kind, actor=actor, moved=True)
    standing.refresh(question.candidature)
    transaction.on_commit(partial(notices.moved, question, step))
    return question


def _find_no_note(note: str) -> list[Blocker]:
    return [] if note else [Blocker("note", "Indiquez le motif : l’éditeur producteur le lira.", "#id_note")]


@transaction.atomic
def remind_producer(*, question_id: UUID, actor: User) -> ProducerQuestion:
    """Remind the producer by hand; days that come or have passed are reminded by beat."""
    question = _lock_question(question_id, actor)
    if not can_instruct(actor, question):
        raise PermissionDenied("remind_producer")
    _require_open(question)
    question.reminded_at = timezone.now()
    question.save(update_fields=["reminded_at"])
    _tell(question, "producer_reminded", actor=actor, internal=True)
    transaction.on_commit(partial(notices.reminded, question))
    return question


@transaction.atomic
def decide_delay(*, question_id: UUID, granted_on: date | None, note: str, actor: User) -> ProducerQuestion:
    """Grant the producer more time, perhaps until another day, or refuse it with a reason (`granted_on` None)."""
    question = _lock_question(question_id, actor)
    if not can_judge(actor, question):
        raise PermissionDenied("decide_delay")
    blockers = _find_closed(question)
    if question.wanted_on is None:
        blockers.append(Blocker("nothing", "Aucune demande de délai n’attend de réponse."))
    if granted_on is not None and granted_on <= max(question.due_on or granted_on, timezone.localdate()):
        blockers.append(Blocker("granted_on", "Indiquez une date à venir, après l’échéance.", "#id_granted_on"))
    if granted_on is None and not note.strip():
        blockers.append(Blocker("answer", "Indiquez pourquoi le délai est refusé : l’éditeur le lira.", "#id_answer"))
    if blockers:
        raise TransitionRefused(blockers)
    question.wanted_on, question.delay_note = None, note.strip()
    if granted_on is not None:
        question.due_on, question.reminded_at = granted_on, None
    question.save()
    kind = "producer_delay_refused" if granted_on is None else "producer_extended"
    _tell(question, kind, actor=actor, internal=granted_on is None, data=_day(granted_on))
    standing.refresh(question.candidature)
    transaction.on_commit(partial(notices.delay_decided, question, granted_on is not None))
    return question


# -- the distributor


@transaction.atomic
def choose_own_answer(*, candidature_id: UUID, criterion: str, actor: User) -> ComplementRequest:
    """The distributor answers in place of its producer, in its own file alone: an ordinary request opens for it (A-25).

    It reads the criterion, never what was asked of the producer. Raises Candidature.DoesNotExist,
    ProducerQuestion.DoesNotExist, PermissionDenied, or TransitionRefused.
    """
    candidature = lock_file(candidature_id, actor)
    rows = ProducerQuestion.objects.select_for_update(of=("self",)).filter(candidature=candidature)
    question = find_takeable(rows, criterion)
    if question is None:
        raise ProducerQuestion.DoesNotExist(criterion)
    if not can_answer(actor, candidature):
        raise PermissionDenied("choose_own_answer")
    question.candidature = candidature
    blockers = _find_wrong_state(candidature)
    if criterion not in list_recovered(candidature):
        blockers.append(Blocker("not_recovered", f"Vous répondez déjà vous-même au critère {criterion}."))
    items = ComplementItem.objects.filter(candidature=candidature, code=criterion)
    if items.filter(answered_at__isnull=True, closed_at__isnull=True).exists():
        blockers.append(Blocker("already_own", f"Votre réponse au critère {criterion} est déjà attendue."))
    if blockers:
        raise TransitionRefused(blockers)
    now = timezone.now()
    request = ComplementRequest.objects.create(
        candidature=candidature,
        number=ComplementRequest.objects.filter(candidature=candidature).count() + 1,
        kind=RequestKind.CRITERIA,
        state=RequestState.OPEN,
        due_on=max(question.due_on or timezone.localdate(now), timezone.localdate(now) + timedelta(days=OWN_DAYS)),
        requested_by=question.asked_by,
        requested_at=now,
    )
    ComplementItem.objects.create(
        request=request,
        candidature=candidature,
        position=1,
        code=question.criterion,
        theme=question.theme,
        title=question.title,
        question=OWN_QUESTION,
    )
    workflow.fire(question, "take_over", actor=actor, request=request, at=now)
    tell(
        candidature,
        "own_answer_chosen",
        actor=actor,
        subject=request,
        criterion=criterion,
        data={"number": request.number},
    )
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.taken_over, question))
    return request


def find_takeable(rows: Any, criterion: str) -> ProducerQuestion | None:
    """The newest question on this criterion that the distributor may answer in place of the producer."""
    found: ProducerQuestion | None = (
        rows.filter(criterion=criterion, state__in=TAKEABLE)
        .exclude(severity=Severity.OBSERVATION)
        .order_by("-number")
        .first()
    )
    return found


# -- the producer’s buffer


def producer_questions(actor: User, pre_listing_id: UUID, criterion: str) -> list[ProducerQuestion]:
    """What waits for this producer about one criterion, the oldest first. Raises ProducerQuestion.DoesNotExist when nothing
    does, or for who is no member of the producer."""
    rows = (
        ProducerQuestion.objects.filter(
            pre_listing=pre_listing_id,
            criterion=criterion,
            pre_listing__enrolment__product__organisation__in=actor.access.organisation_ids,
        )
        .waiting()
        .select_related("pre_listing__enrolment__product__organisation", "candidature__enrolment__product")
        .order_by("due_on", "asked_at", "pk")
    )
    if not (found := list(rows)):
        raise ProducerQuestion.DoesNotExist(criterion)
    return found


def find_buffer(pre_listing_id: UUID, criterion: str) -> ProducerAnswer | None:
    rows = ProducerAnswer.objects.filter(pre_listing=pre_listing_id, criterion=criterion, sent_at__isnull=True)
    return rows.select_related("edited_by").first()


def load_producer_expected(pre_listing: PreListing, criterion: str) -> Expected | None:
    """What the grid of the producer’s own frozen dossier expects, and how its own file stands."""
    file = (
        Candidature.objects.filter(dossier=pre_listing.dossier_id)
        .select_related(*_FILES)
        .order_by("-applied_at", "pk")
        .first()
    )
    return load_expected(file, [criterion]).get(criterion) if file else None


@transaction.atomic
def save_answer(
    *,
    pre_listing_id: UUID,
    criterion: str,
    answer: Mapping[str, Any] | None,
    comment: str | None,
    base_version: int,
    actor: User,
) -> ProducerAnswer:
    """Write the producer’s buffer; None leaves a part as it is, `answer` {} says « as it was ».

    Raises ProducerQuestion.DoesNotExist, PermissionDenied, StaleAnswer, or TransitionRefused with every reason.
    """
    row, pre_listing = _lock_buffer(pre_listing_id, criterion, actor)
    blockers: list[Blocker] = []
    kept: dict[str, Any] = dict(row.answer)
    if answer is not None:
        expected = load_producer_expected(pre_listing, criterion) if answer else None
        kept, blockers = check_answer(criterion, expected, answer)
    if comment is not None and len(comment) > COMMENT_MAX:
        blockers.append(
            Blocker(
                "too_long",
                f"Ce texte compte {len(comment)} caractères : {COMMENT_MAX} au plus.",
                f"#id_{criterion}-comment",
            )
        )
    if blockers:
        raise TransitionRefused(blockers)
    if row.version != base_version:
        raise StaleAnswer(row)
    text = row.comment if comment is None else comment.replace("\r\n", "\n")
    if (kept, text) != (row.answer, row.comment):
        row.answer, row.comment = kept, text
        row.version += 1
        row.edited_at, row.edited_by = timezone.now(), actor
        row.save()
        record("produceranswer.write", subject=row, actor=actor)
    return row


def add_producer_file(
    *,
    pre_listing_id: UUID,
    criterion: str,
    upload: UploadedFile[Any],
    evidence_type: str,
    actor: User,
    anchor: str = "",
) -> ProducerFile:
    """Examine a file and join it to the producer’s buffer.

    Raises ProducerQuestion.DoesNotExist, PermissionDenied, UploadRefused with every problem of the file, TransitionRefused.
    """
    questions = producer_questions(actor, pre_listing_id, criterion)
    pre_listing = questions[0].pre_listing
    if not prepares_as_producer(actor, questions[0]):
        raise PermissionDenied("producer_buffer")
    expected = load_producer_expected(pre_listing, criterion)
    kind = expected.evidence_type(evidence_type) if expected and evidence_type else None
    if evidence_type and kind is None:
        raise TransitionRefused([Blocker("evidence_type", "Ce type de preuve n’est pas attendu ici.", anchor)])
    container = None
    if kind is not None and kind.encrypted:
        container = prepare_container(owner_key=f"enrolment:{pre_listing.enrolment_id}", actor=actor)
    examined = examine(  # may take seconds: before any lock
        upload=upload,
        allowed_formats=kind.formats if kind else [code for code in FREE_FORMATS if code in FORMATS],
        max_size_mb=kind.max_size_mb if kind else FREE_SIZE_MB,
        encrypted_for=container,
        anchor=anchor,
    )
    with transaction.atomic():
        row, _ = _lock_buffer(pre_listing_id, criterion, actor)
        if row.files.count() >= FILES_MAX:
            raise TransitionRefused([Blocker("too_many_files", f"{FILES_MAX} fichiers au plus par réponse.", anchor)])
        file = ProducerFile.objects.create(
            answer=row, file=keep(examined=examined, actor=actor), evidence_type=evidence_type, added_by=actor
        )
        record("produceranswer.attach", subject=row, actor=actor)
    return file


@transaction.atomic
def remove_producer_file(*, file_id: UUID, actor: User) -> None:
    """Take a file out of a buffer. Raises ProducerFile.DoesNotExist, also once it is sent."""
    file = ProducerFile.objects.filter(pk=file_id, answer__sent_at__isnull=True).select_related("answer").get()
    try:
        row, _ = _lock_buffer(file.answer.pre_listing_id, file.answer.criterion, actor)
    except ProducerQuestion.DoesNotExist as unknown:
        raise ProducerFile.DoesNotExist from unknown
    if row.pk != file.answer_id:
        raise ProducerFile.DoesNotExist(file_id)
    file.delete()
    record("produceranswer.detach", subject=row, actor=actor)


def list_producer_files(row: ProducerAnswer | None) -> list[ProducerFile]:
    if row is None:
        return []
    return list(row.files.select_related("file__blob", "file__uploaded_by", "added_by").order_by("added_at", "pk"))


def _lock_buffer(pre_listing_id: UUID, criterion: str, actor: User) -> tuple[ProducerAnswer, PreListing]:
    questions = producer_questions(actor, pre_listing_id, criterion)
    if not prepares_as_producer(actor, questions[0]):
        raise PermissionDenied("producer_buffer")
    found, _ = ProducerAnswer.objects.get_or_create(pre_listing_id=pre_listing_id, criterion=criterion, sent_at=None)
    row = ProducerAnswer.objects.select_for_update(of=("self",)).select_related("edited_by").get(pk=found.pk)
    if row.sent_at is not None:
        raise ProducerQuestion.DoesNotExist(criterion)
    return row, questions[0].pre_listing


# -- sending


def find_answer_gaps(row: ProducerAnswer | None, files: Sequence[ProducerFile]) -> list[Blocker]:
    """Why this answer cannot be sent yet: nothing in it, or a file that the antivirus has not cleared."""
    if row is None or (not row.comment.strip() and not row.answer and not files):
        return [Blocker("empty_answer", "Répondez par un niveau, un texte ou un fichier.")]
    return [
        Blocker("unsafe_evidence", f"« {each.file.name} » : {reason.message}")
        for each in files
        if (reason := withheld_reason(each.file))
    ]


@transaction.atomic
def send_answer(
    *, pre_listing_id: UUID, criterion: str, question_ids: Sequence[UUID], actor: User
) -> list[ProducerQuestion]:
    """Send one answer to every chosen question: each file gets an addendum, masked for its distributor, with the verifier’s
    part beside (A-24, A-25, BR-114). It never changes again; questions that were not chosen wait for another answer.

    Raises ProducerQuestion.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    waiting = {each.pk: each for each in producer_questions(actor, pre_listing_id, criterion)}
    if not answers_as_producer(actor, next(iter(waiting.values()))):
        raise PermissionDenied("send_answer")
    chosen = [each for key, each in waiting.items() if key in set(question_ids)]
    # Files first, in one order for everybody: the producer may not see them, the platform writes in them for it.
    locked = Candidature.objects.locked().select_related(*_FILES).order_by("pk")
    files = {each.pk: each for each in locked.filter(pk__in=[each.candidature_id for each in chosen])}
    rows = list(
        ProducerQuestion.objects.select_for_update(of=("self",))
        .select_related("pre_listing__enrolment__product")
        .filter(pk__in=[each.pk for each in chosen])
        .order_by("pk")
    )
    buffer, pre_listing = _lock_buffer(pre_listing_id, criterion, actor)
    joined = list_producer_files(buffer)
    blockers = find_answer_gaps(buffer, joined)
    if not rows:
        blockers.append(Blocker("no_question", "Choisissez au moins un dossier auquel répondre.", "#question-1"))
    if any(each.state != ProducerQuestionState.OPEN for each in rows):
        blockers.append(Blocker("wrong_state", "Une de ces demandes n’attend plus de réponse : rechargez la page."))
    if blockers:
        raise TransitionRefused(blockers)
    now = timezone.now()
    buffer.sent_at, buffer.sent_by = now, actor
    buffer.save()
    expected = load_producer_expected(pre_listing, criterion)
    for question in rows:
        question.candidature = files[question.candidature_id]
        addendum = _freeze(question, buffer, joined, expected, actor)
        workflow.fire(
            question,
            "answer",
            actor=actor,
            data={"addendum": addendum.reference},
            given=buffer,
            addendum=addendum,
            at=now,
        )
        tell(
            question.candidature,
            "producer_answered",
            actor=None,
            criterion=criterion,
            data={"addendum": addendum.reference},
        )
        standing.refresh(question.candidature)
    transaction.on_commit(partial(notices.answered, rows))
    return rows


def _freeze(
    question: ProducerQuestion,
    buffer: ProducerAnswer,
    files: Sequence[ProducerFile],
    expected: Expected | None,
    actor: User,
) -> Addendum:
    candidature = question.candidature
    source = list_recovered(candidature)[question.criterion].recovered
    if source is None:
        raise ValueError(f"{question.criterion} is not recovered")
    labels = {each.code: each.label for each in expected.criterion.evidence} if expected else {}
    reply = Reply(
        code=question.criterion,
        theme=question.theme,
        title=question.title,
        origin=PRODUCER,
        number=question.number,
        question=question.text,
        answer=buffer.answer or None,
        comment=buffer.comment,
        evidence=tuple(
            AddedFile(
                name=each.file.name,
                sha256=each.file.blob.sha256,
                size=each.file.blob.size,
                type=each.evidence_type,
                label=labels.get(each.evidence_type, ""),
                deposit=str(each.pk),
                deposited_at=each.added_at.isoformat(),
            )
            for each in files
        ),
        is_reached=judge_reached(expected, buffer.answer or None, [each.evidence_type for each in files])
        if expected
        else None,
    )
    content = verifier_part(reply)
    key = secrets.token_bytes(KEY_BYTES)
    commitment = commit(content, key)
    addendum = freeze_addendum(
        dossier=candidature.dossier,
        kind=AddendumKind.COMPLEMENT,
        content={"items": [masked_item(reply, source, commitment=commitment, method=METHOD)]},
        files=[],
        actor=actor,
        at=timezone.now(),
        author=AUTHOR,
    )
    RecoveredSupplement.objects.create(
        addendum=addendum,
        criterion=question.criterion,
        given=buffer,
        content=content,
        key=key,
        commitment=commitment,
    )
    return addendum


@transaction.atomic
def ask_delay(*, question_id: UUID, wanted_on: date, why: str, actor: User) -> ProducerQuestion:
    """The producer asks for more time on one file, and says why (A-19)."""
    question = _lock_for_producer(question_id, actor)
    if not answers_as_producer(actor, question):
        raise PermissionDenied("ask_delay")
    today = timezone.localdate()
    blockers = _find_closed(question)
    if question.wanted_on is not None:
        blockers.append(Blocker("pending", "Une demande de délai attend déjà une réponse."))
    if wanted_on <= max(question.due_on or today, today):
        blockers.append(Blocker("wanted_on", "Indiquez une date à venir, après l’échéance.", "#id_wanted_on"))
    if not why.strip():
        blockers.append(Blocker("reason", "Indiquez pourquoi vous avez besoin de temps.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    question.wanted_on, question.wanted_why, question.wanted_by = wanted_on, why.strip(), actor
    question.delay_note = ""
    question.save()
    tell(
        question.candidature,
        "producer_delay_asked",
        actor=actor,
        internal=True,
        subject=question,
        criterion=question.criterion,
        reason=question.wanted_why,
        data={"wanted_on": str(wanted_on)},
    )
    transaction.on_commit(partial(notices.delay_asked, question))
    return question


# -- rows


def _lock_question(question_id: UUID, actor: User) -> ProducerQuestion:
    """The question under the lock of its file, for an agent. Raises ProducerQuestion.DoesNotExist for a stranger’s."""
    found = (
        ProducerQuestion.objects.visible_to(actor)
        .filter(pk=question_id)
        .values_list("candidature_id", flat=True)
        .first()
    )
    try:
        if found is None:
            raise Candidature.DoesNotExist
        candidature = lock_file(found, actor)
    except Candidature.DoesNotExist as unknown:
        raise ProducerQuestion.DoesNotExist from unknown
    return _lock_row(question_id, candidature)


def _lock_for_producer(question_id: UUID, actor: User) -> ProducerQuestion:
    """The question under the lock of a file that the producer does not see."""
    mine = ProducerQuestion.objects.filter(
        pre_listing__enrolment__product__organisation__in=actor.access.organisation_ids
    )
    found = mine.filter(pk=question_id).values_list("candidature_id", flat=True).first()
    if found is None:
        raise ProducerQuestion.DoesNotExist(question_id)
    return _lock_row(question_id, Candidature.objects.locked().select_related(*_FILES).get(pk=found))


def _lock_row(question_id: UUID, candidature: Candidature) -> ProducerQuestion:
    rows = ProducerQuestion.objects.select_for_update(of=("self",))
    question: ProducerQuestion = rows.select_related("pre_listing__enrolment__product").get(pk=question_id)
    question.candidature = candidature
    return question


def _find_closed(question: ProducerQuestion) -> list[Blocker]:
    if question.waits:
        return []
    return [Blocker("wrong_state", "Cette demande n’attend plus la réponse de l’éditeur producteur.")]


def _require_open(question: ProducerQuestion) -> None:
    if blockers := _find_closed(question):
        raise TransitionRefused(blockers)


def _day(day: date | None) -> dict[str, str]:
    return {"due_on": day.isoformat()} if day else {}


def _tell(
    question: ProducerQuestion,
    kind: str,
    *,
    actor: User,
    internal: bool = False,
    data: dict[str, Any] | None = None,
    moved: bool = False,
) -> None:
    """The timeline of the file: a word, a criterion and a day, never what was asked; `moved`: the journal knows already."""
    tell(
        question.candidature,
        kind,
        actor=actor,
        internal=internal,
        subject=None if moved else question,
        criterion=question.criterion,
        data=data,
    )
