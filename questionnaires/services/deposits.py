"""Evidence given for a criterion: deposited, confirmed when there is only one try, archived, never deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.core.containers import Credentials
from evidence.models import ContainerPassphrase, StoredFile
from evidence.services import (
    download_container,
    examine,
    keep,
    prepare_container,
    regenerate_credentials,
    reveal_credentials,
)
from questionnaires.access import AccessPolicy
from questionnaires.core import EvidenceType, Grid, anchor
from questionnaires.core.scoring import Part
from questionnaires.enums import Status
from questionnaires.facts import is_given, is_single_deposit, progress_of
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import Deposit, QuestionnaireResponse, Response
from questionnaires.services.drafts import read_draft
from questionnaires.services.locking import RECOVERED, lock_questionnaire, require_open

DEFINITIVE = "Cette preuve à dépôt unique est définitive\u00a0: elle ne se retire ni ne se remplace."


def deposit_evidence(
    *,
    response: Response,
    criterion: str,
    evidence_type: str,
    upload: UploadedFile[Any] | StoredFile,
    actor: User,
    at: datetime,
    access: AccessPolicy,
) -> Deposit:
    """Check an upload, keep it and count it (BR-076, BR-078); a file that was checked and kept before is taken as it is.

    Raises PermissionDenied, UploadRefused with every problem of the file, TransitionRefused (criterion not shown, single
    deposit already there), KeyError when the grid expects no such evidence.
    """
    access.require_write()
    compiled = compiled_grid(Response.objects.with_definition().get(pk=response.pk).definition)
    expected = evidence_type_of(compiled.grid, criterion, evidence_type)
    place = f"#{anchor(criterion, Part.EVIDENCE, evidence_type)}"
    container = prepare_container(owner_key=access.owner_key, actor=actor) if expected.encrypted else None
    examined = (
        upload
        if isinstance(upload, StoredFile)
        else examine(  # may take seconds: before any lock
            upload=upload,
            allowed_formats=expected.formats,
            max_size_mb=expected.max_size_mb,
            encrypted_for=container,
            anchor=place,
        )
    )
    with transaction.atomic():
        row = lock_questionnaire(response, compiled.grid.questionnaire_of[criterion].code)
        require_open(row)
        draft = read_draft(compiled, row)
        if criterion not in draft.evaluation.criteria[row.code]:
            message = "Ce critère n’est plus demandé d’après votre orientation validée."
            raise TransitionRefused([Blocker("not_shown", message, place)])
        if criterion in draft.recovered:
            raise TransitionRefused([Blocker("recovered", RECOVERED, f"#{anchor(criterion)}")])
        if expected.single_deposit:
            _require_free(draft.deposits, criterion, evidence_type, place)
        deposit = Deposit.objects.create(
            response=response,
            criterion=criterion,
            evidence_type=evidence_type,
            file=examined if isinstance(examined, StoredFile) else keep(examined=examined, actor=actor),
            deposited_by=actor,
            deposited_at=at,
        )
        _recount(compiled, row, deposit, "deposit", actor=actor, at=at)
    return deposit


@transaction.atomic
def confirm_deposit(*, deposit: Deposit, actor: User, at: datetime, access: AccessPolicy) -> Deposit:
    """Make a single deposit final: no archive, no second file (BR-074). Confirming twice changes nothing.

    Raises PermissionDenied, TransitionRefused (archived meanwhile, or not a single deposit).
    """
    access.require_write()
    compiled, row, locked = _lock_deposit(deposit)
    require_open(row)
    if locked.confirmed_at is not None:
        return locked
    if locked.archived_at is not None or not is_single_deposit(compiled.grid, locked):
        raise TransitionRefused([Blocker("nothing_to_confirm", "Ce dépôt n’attend pas de confirmation.")])
    locked.confirmed_at = at
    locked.save(update_fields=["confirmed_at"])
    _recount(compiled, row, locked, "confirm", actor=actor, at=at)
    return locked


@transaction.atomic
def archive_deposit(*, deposit: Deposit, actor: User, at: datetime, access: AccessPolicy) -> Deposit:
    """Take a file out of its zone; it stays in the archived evidence (BR-072). Archiving twice changes nothing.

    Without any file left for a required type, the validation of the questionnaire does not hold any more (BR-073).
    Raises PermissionDenied, TransitionRefused (confirmed single deposit).
    """
    access.require_write()
    compiled, row, locked = _lock_deposit(deposit)
    if locked.archived_at is not None:
        return locked
    if locked.confirmed_at is not None:
        place = f"#{anchor(locked.criterion, Part.EVIDENCE, locked.evidence_type)}"
        raise TransitionRefused([Blocker("single_deposit", DEFINITIVE, place)])
    locked.archived_at, locked.archived_by_id = at, actor.pk
    locked.save(update_fields=["archived_at", "archived_by"])
    others = Deposit.objects.active().filter(
        response_id=locked.response_id, criterion=locked.criterion, evidence_type=locked.evidence_type
    )
    expected = evidence_type_of(compiled.grid, locked.criterion, locked.evidence_type)
    if expected.required and not any(is_given(compiled.grid, other) for other in others):
        row.is_current = False
    _recount(compiled, row, locked, "archive", actor=actor, at=at)
    return locked


def evidence_type_of(grid: Grid, criterion: str, code: str) -> EvidenceType:
    """Raises KeyError when the grid expects no such evidence."""
    for expected in grid.criteria[criterion].evidence:
        if expected.code == code:
            return expected
    raise KeyError(code)


def _require_free(deposits: Iterable[Deposit], criterion: str, evidence_type: str, place: str) -> None:
    """Raises TransitionRefused when a single deposit is already there, confirmed or waiting for it."""
    for deposit in deposits:
        if (deposit.criterion, deposit.evidence_type) == (criterion, evidence_type):
            waiting = "Un fichier attend déjà votre confirmation\u00a0: confirmez-le, ou retirez-le."
            message = DEFINITIVE if deposit.confirmed_at else waiting
            raise TransitionRefused([Blocker("single_deposit", message, place)])


def _lock_deposit(deposit: Deposit) -> tuple[CompiledGrid, QuestionnaireResponse, Deposit]:
    definition = Response.objects.with_definition().get(pk=deposit.response_id).definition
    compiled = compiled_grid(definition)
    row = lock_questionnaire(deposit.response, compiled.grid.questionnaire_of[deposit.criterion].code)
    return compiled, row, Deposit.objects.select_for_update().get(pk=deposit.pk)


def _recount(
    compiled: CompiledGrid,
    row: QuestionnaireResponse,
    deposit: Deposit,
    action: str,
    *,
    actor: User,
    at: datetime,
) -> None:
    """Counters, state and journal of what happened to a deposit; a closed questionnaire keeps its state."""
    record(
        f"deposit.{action}",
        subject=deposit,
        actor=actor,
        data={"criterion": deposit.criterion, "evidence_type": deposit.evidence_type},
    )
    if row.state in (Status.UNAVAILABLE, Status.NOT_APPLICABLE):
        return
    draft = read_draft(compiled, row)
    progress = progress_of(compiled, row.code, draft.evaluation, draft.rows, draft.deposits, draft.recovered)
    row.answered, row.total = progress.answered, progress.total
    workflow.fire(row, "save_draft", actor=actor, at=at)


# -- encrypted container of the owner


def open_container(*, access: AccessPolicy, actor: User) -> Credentials | None:
    """The credentials of the owner's container, made on first demand: shown once, None ever after (BR-077)."""
    access.require_write()
    prepare_container(owner_key=access.owner_key, actor=actor)
    return reveal_credentials(owner_key=access.owner_key, actor=actor)


def renew_container(*, access: AccessPolicy, actor: User) -> Credentials | None:
    """New credentials, shown at once; deposits made with earlier ones stay readable (A-14)."""
    access.require_write()
    prepare_container(owner_key=access.owner_key, actor=actor)
    regenerate_credentials(owner_key=access.owner_key, actor=actor)
    return reveal_credentials(owner_key=access.owner_key, actor=actor)


def container_file(*, access: AccessPolicy, actor: User) -> tuple[str, bytes]:
    """Name and bytes of the empty container to fill."""
    access.require_write()
    prepare_container(owner_key=access.owner_key, actor=actor)
    return download_container(owner_key=access.owner_key)


def is_container_shown(*, access: AccessPolicy) -> bool:
    """Whether the current credentials were already shown: the page then offers new ones only."""
    passphrases = ContainerPassphrase.objects.filter(container__owner_key=access.owner_key).order_by("-generation")
    return passphrases.values_list("shown_at", flat=True).first() is not None
