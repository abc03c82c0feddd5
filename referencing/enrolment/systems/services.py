"""An answer that differs on one system: prepared by the editor, agreed or declined by the listing team."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.services import examine, keep
from questionnaires.core import anchor
from questionnaires.core.scoring import Part, missing, parse_criterion_answer
from questionnaires.models import Recovery
from questionnaires.stored import store
from referencing.enrolment import notices
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.enums import ExceptionState
from referencing.enrolment.models import Enrolment, OsException, OsExceptionFile
from referencing.enrolment.systems.selectors import (
    Ground,
    answer_of,
    open_evidence,
    read_ground,
    with_files,
)

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

NOT_A_DRAFT = Blocker("not_a_draft", "Cette exception est soumise ou examinée : reprenez-la pour la modifier.")
STALE = Blocker(
    "stale",
    "Un collègue a modifié cette exception pendant votre saisie. Vos réponses sont gardées ci-dessous : comparez, puis "
    "enregistrez de nouveau.",
)


@transaction.atomic
def open_exception(*, enrolment_id: UUID, criterion: str, system: str, actor: User) -> OsException:
    """Begin the answer to a criterion for one system; the common answer stands until the listing team agrees.

    Raises Enrolment.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    enrolment = _lock_enrolment(enrolment_id, actor)
    ground = read_ground(enrolment)
    blockers = []
    if not ground.is_open:
        blockers.append(Blocker("one_system", "Votre orientation validée n’indique pas plusieurs systèmes."))
    if criterion not in {each.code for each in ground.criteria()}:
        blockers.append(Blocker("criterion", "Choisissez un critère qui concerne votre produit.", "#id_criterion"))
    elif Recovery.objects.filter(response=enrolment.response_id, code=criterion).exists():
        message = "La réponse à ce critère est celle de l’éditeur producteur : répondez d’abord vous-même."
        blockers.append(Blocker("recovered", message, "#id_criterion"))
    if system not in ground.systems:
        blockers.append(Blocker("system", "Choisissez un système de votre orientation.", "#id_system_0"))
    if blockers:
        raise TransitionRefused(blockers)
    try:
        with transaction.atomic():
            exception: OsException = OsException.objects.create(
                enrolment=enrolment, criterion=criterion, system=system, edited_by=actor, edited_at=timezone.now()
            )
    except IntegrityError as error:
        message = "Une exception existe déjà pour ce critère et ce système."
        raise TransitionRefused([Blocker("exists", message, "#id_criterion")]) from error
    _journal("open", exception, actor)
    return exception


@transaction.atomic
def save_exception(
    *, exception_id: UUID, value: Mapping[str, Any], comment: str, base_version: int, actor: User
) -> OsException:
    """Write the answer and its comment. `value` as `questionnaires.services.Change` takes it for a criterion.

    Raises OsException.DoesNotExist, PermissionDenied, or TransitionRefused (not a draft, stale, unreadable answer).
    """
    exception, ground = _lock_exception(exception_id, actor)
    criterion = ground.grid.criteria[exception.criterion]
    typed, errors = parse_criterion_answer(criterion, ground.kind_of(criterion.code), value)
    blockers = [Blocker(each.code, each.message, "#id_answer_0") for each in errors]
    if exception.state != ExceptionState.DRAFT:
        blockers.append(NOT_A_DRAFT)
    elif exception.version != base_version:
        blockers.append(STALE)
    if blockers:
        raise TransitionRefused(blockers)
    kept: dict[str, Any] = {}
    if typed.level:
        kept["level"] = typed.level
    if typed.compliance:
        kept["compliance"] = typed.compliance.value
    if typed.value is not None and criterion.value is not None:
        kept[criterion.value.type.value] = store(typed.value)
    exception.value, exception.comment = kept or None, comment.strip()
    _touch(exception, actor)
    _journal("edit", exception, actor, value=exception.value, comment=exception.comment)
    return exception


def add_exception_file(
    *, exception_id: UUID, evidence_type: str, upload: UploadedFile[Any], actor: User
) -> OsExceptionFile:
    """Examine a file and keep it with the exception (BR-076, BR-078).

    Raises OsException.DoesNotExist, PermissionDenied, KeyError for a type that is not expected, UploadRefused with every
    problem of the file, TransitionRefused.
    """
    found = OsException.objects.visible_to(actor).select_related("enrolment__response__definition").get(pk=exception_id)
    policy_for(found.enrolment, actor).require_write()
    criterion = read_ground(found.enrolment).grid.criteria[found.criterion]
    expected = {each.code: each for each in open_evidence(criterion)}[evidence_type]
    examined = examine(  # may take seconds: before any lock
        upload=upload,
        allowed_formats=expected.formats,
        max_size_mb=expected.max_size_mb,
        anchor=f"#{anchor(criterion.code, Part.EVIDENCE, evidence_type)}",
    )
    with transaction.atomic():
        exception, _ = _lock_draft(exception_id, actor)
        added: OsExceptionFile = OsExceptionFile.objects.create(
            exception=exception,
            evidence_type=evidence_type,
            file=keep(examined=examined, actor=actor),
            deposited_by=actor,
            deposited_at=timezone.now(),
        )
        _touch(exception, actor)
        _journal("deposit", exception, actor, file=added.file.name, evidence_type=evidence_type)
    return added


@transaction.atomic
def archive_exception_file(*, file_id: UUID, actor: User) -> OsExceptionFile:
    """Take a file out of the exception; it is kept (BR-072). Archiving twice changes nothing."""
    found = OsExceptionFile.objects.filter(exception__in=OsException.objects.visible_to(actor)).get(pk=file_id)
    exception, _ = _lock_draft(found.exception_id, actor)
    if found.archived_at is None:
        found.archived_at, found.archived_by = timezone.now(), actor
        found.save(update_fields=["archived_at", "archived_by"])
        _touch(exception, actor)
        _journal("archive", exception, actor, file=str(found.pk))
    return found


@transaction.atomic
def ask_agreement(*, exception_id: UUID, actor: User) -> OsException:
    """Submit a complete exception to the listing team. Refuses with everything that is missing."""
    exception, ground = _lock_exception(exception_id, actor)
    workflow.fire(exception, "ask", actor=actor, guard=lambda: find_missing(exception, ground))
    transaction.on_commit(partial(notices.exception_asked, exception))
    return exception


def find_missing(exception: OsException, ground: Ground) -> list[Blocker]:
    """What an exception lacks before it is submitted: an answer with its evidence, and why it differs."""
    blockers = []
    if exception.system not in ground.systems:
        blockers.append(Blocker("system", "Votre orientation validée n’indique plus ce système."))
    if exception.criterion not in {each.code for each in ground.criteria()}:
        return [*blockers, Blocker("criterion", "Ce critère n’est plus demandé d’après votre orientation validée.")]
    criterion = ground.grid.criteria[exception.criterion]
    refused = {each.code for each in criterion.evidence} - {each.code for each in open_evidence(criterion)}
    for each in missing(criterion, ground.kind_of(criterion.code), answer_of(_with_files(exception), criterion)):
        if each.evidence not in refused:  # what is given once, or sealed, is given for every system
            is_answer = each.part in (Part.LEVEL, Part.COMPLIANCE, Part.VALUE)
            place = "#id_answer_0" if is_answer else f"#{anchor(criterion.code, Part.EVIDENCE, each.evidence)}"
            blockers.append(Blocker("missing", each.message, place))
    if not exception.comment:
        blockers.append(Blocker("comment", "Dites en quoi ce système diffère des autres.", "#id_comment"))
    return blockers


@transaction.atomic
def rework_exception(*, exception_id: UUID, actor: User) -> OsException:
    """Take an exception back to change it; agreed or not, it leaves what the next dossier freezes."""
    exception, _ = _lock_exception(exception_id, actor)
    workflow.fire(exception, "rework", actor=actor)
    return exception


@transaction.atomic
def drop_exception(*, exception_id: UUID, actor: User) -> OsException:
    """The common answer holds for this system again."""
    exception, _ = _lock_exception(exception_id, actor)
    workflow.fire(exception, "drop", actor=actor)
    return exception


@transaction.atomic
def decide_exception(*, exception_id: UUID, is_agreed: bool, note: str, actor: User) -> OsException:
    """The listing team agrees, or declines with a reason. What was decided enters the next dossier, never an older one."""
    exception: OsException = (
        OsException.objects.visible_to(actor).locked().select_related("enrolment__product").get(pk=exception_id)
    )
    blockers = []
    if not is_agreed and not note.strip():
        blockers.append(Blocker("note", "Indiquez le motif : l’éditeur le lira.", "#id_note"))
    workflow.fire(
        exception,
        "agree" if is_agreed else "decline",
        actor=actor,
        guard=lambda: blockers,
        by=actor,
        at=timezone.now(),
        note=note.strip(),
    )
    transaction.on_commit(partial(notices.exception_decided, exception))
    return exception


def _lock_enrolment(enrolment_id: UUID, actor: User) -> Enrolment:
    enrolment: Enrolment = (
        Enrolment.objects.visible_to(actor)
        .select_related("product", "demarche", "response__definition")
        .defer("response__definition__source")
        .locked()
        .get(pk=enrolment_id)
    )
    policy_for(enrolment, actor).require_write()
    return enrolment


def _lock_exception(exception_id: UUID, actor: User) -> tuple[OsException, Ground]:
    """For those who write answers. Raises OsException.DoesNotExist for a stranger’s, PermissionDenied, TransitionRefused."""
    exception: OsException = (
        OsException.objects.visible_to(actor)
        .locked()
        .select_related("enrolment__product", "enrolment__demarche", "enrolment__response__definition")
        .defer("enrolment__response__definition__source")
        .get(pk=exception_id)
    )
    policy_for(exception.enrolment, actor).require_write()
    return exception, read_ground(exception.enrolment)


def _lock_draft(exception_id: UUID, actor: User) -> tuple[OsException, Ground]:
    exception, ground = _lock_exception(exception_id, actor)
    if exception.state != ExceptionState.DRAFT:
        raise TransitionRefused([NOT_A_DRAFT])
    return exception, ground


def _with_files(exception: OsException) -> OsException:
    return OsException.objects.prefetch_related(with_files()).get(pk=exception.pk)


def _touch(exception: OsException, actor: User) -> None:
    exception.version += 1
    exception.edited_by, exception.edited_at = actor, timezone.now()
    exception.save(update_fields=["value", "comment", "version", "edited_by", "edited_at"])


def _journal(action: str, exception: OsException, actor: User, **data: Any) -> None:
    about = {"criterion": exception.criterion, "system": exception.system}
    record(f"osexception.{action}", subject=exception, actor=actor, data={**about, **data})
