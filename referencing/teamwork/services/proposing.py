"""A proposal arrives, is compared with the answer, and is taken over or refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.enums import ScanState
from evidence.errors import UploadRefused
from evidence.services import Examined, examine, keep
from questionnaires.core import Criterion, EvidenceType, Kind
from questionnaires.core.scoring import parse_criterion_answer
from questionnaires.grids import compiled_grid
from questionnaires.services import UNCHANGED, Change, deposit_evidence, save_answers
from questionnaires.stored import store
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.enums import EnrolmentState
from referencing.teamwork import notices
from referencing.teamwork.enums import LinkState
from referencing.teamwork.models import Proposal, ProposalLink, ProposedFile
from referencing.teamwork.selectors import load_standings
from referencing.teamwork.services.inviting import hash_token
from referencing.teamwork.services.locking import find_enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.enrolment.models import Enrolment

FILES_MAX = 10
ANSWER, COMMENT = "answer", "comment"

#: A file chosen for a type of evidence.
Upload = tuple[str, "UploadedFile[Any]"]


class LinkClosed(Exception):
    """The link does not take proposals any more: expired, revoked, or its criterion is not asked any more."""


def is_open(link: ProposalLink, *, at: datetime) -> bool:
    """Whether a proposal may come by it: three queries, for a criterion may stop being asked."""
    if link.state_at(at) is not LinkState.OPEN or link.enrolment.state != EnrolmentState.ACTIVE:
        return False
    standing = load_standings([link.enrolment])[link.enrolment_id]
    if link.criterion in standing.recovered:
        return False
    return any(link.criterion == code for codes in standing.asked.values() for _, code in codes)


def expected_evidence(criterion: Criterion) -> list[EvidenceType]:
    """What may come by a link: an encrypted container is closed with credentials that only the editor has (A-14)."""
    return [each for each in criterion.evidence if not each.encrypted]


def propose(
    *,
    token: str,
    author_name: str,
    value: Mapping[str, object],
    comment: str,
    uploads: Sequence[Upload],
    at: datetime,
    author_organisation: str = "",
) -> Proposal:
    """Keep what somebody proposes; the editor is told, nothing of the answer changes.

    `value`: parts of an answer, `{"level": "2"}` or `{"compliance": "conforme", "number": …}`. Raises LinkClosed,
    UploadRefused with every problem of every file (checked as any evidence, antivirus included), TransitionRefused.
    """
    link = ProposalLink.objects.select_related("enrolment__response__definition").get(token_hash=hash_token(token))
    grid = compiled_grid(link.enrolment.response.definition).grid
    criterion, kind = grid.criteria[link.criterion], grid.questionnaire_of[link.criterion].kind
    blockers = list(_find_blockers(criterion, kind, value, comment, uploads))
    examined = _examine(criterion, uploads) if not blockers else []
    with transaction.atomic():
        locked = ProposalLink.objects.locked().select_related("enrolment__response__definition").get(pk=link.pk)
        if not is_open(locked, at=at):
            raise LinkClosed
        if locked.proposals.pending().exists():
            blockers.append(Blocker("pending", "Votre proposition précédente n’a pas encore été examinée."))
        if blockers:
            raise TransitionRefused(blockers)
        proposal = Proposal.objects.create(
            link=locked,
            author_name=author_name.strip(),
            author_organisation=author_organisation.strip(),
            value={name: store(each) for name, each in value.items() if each not in (None, "")} or None,  # type: ignore[arg-type]
            comment=comment.strip(),
            sent_at=at,
        )
        for evidence_type, file in examined:
            ProposedFile.objects.create(
                proposal=proposal, evidence_type=evidence_type, file=keep(examined=file, actor=None)
            )
        data = {"criterion": link.criterion, "author": proposal.author, "email": link.email, "files": len(examined)}
        record("proposal.send", subject=proposal, actor=None, data=data)
        transaction.on_commit(partial(notices.proposal_received, proposal.pk))
    return proposal


def _find_blockers(
    criterion: Criterion, kind: Kind, value: Mapping[str, object], comment: str, uploads: Sequence[Upload]
) -> list[Blocker]:
    _, errors = parse_criterion_answer(criterion, kind, value)
    blockers = []
    for error in errors:
        part = error.place.rpartition(".")[2]
        field = part if part in ("level", "compliance") else "value"
        blockers.append(Blocker(error.code, error.message, f"#id_{field}"))
    if len(uploads) > FILES_MAX:
        blockers.append(Blocker("too_many_files", f"Déposez {FILES_MAX} fichiers au plus en une fois."))
    if not any(each not in (None, "") for each in value.values()) and not comment.strip() and not uploads:
        blockers.append(Blocker("empty", "Proposez une réponse, un commentaire ou un fichier."))
    return blockers


def _examine(criterion: Criterion, uploads: Sequence[Upload]) -> list[tuple[str, Examined]]:
    """Before any lock: it may take seconds. Raises UploadRefused with the problems of all files."""
    expected = {each.code: each for each in expected_evidence(criterion)}
    examined: list[tuple[str, Examined]] = []
    problems: list[Blocker] = []
    for code, upload in uploads:
        try:
            examined.append(
                (
                    code,
                    examine(
                        upload=upload,
                        allowed_formats=expected[code].formats,
                        max_size_mb=expected[code].max_size_mb,
                        anchor=f"#id_file-{code}",
                    ),
                )
            )
        except UploadRefused as refusal:
            problems += refusal.problems
    if problems:
        raise UploadRefused(problems)
    return examined


@transaction.atomic
def accept(
    *,
    proposal_id: UUID,
    parts: Collection[str],
    base_version: int,
    actor: User,
    at: datetime,
) -> Proposal:
    """Write the chosen parts into the draft answer and take the chosen files over as evidence; the author is thanked.

    `parts`: `answer`, `comment`, ids of proposed files. `base_version`: the version of the answer that the person compared
    with. Raises DoesNotExist, PermissionDenied, TransitionRefused (examined already, answer changed meanwhile, file that the
    antivirus holds back, nothing chosen).
    """
    proposal, enrolment = _lock_pending(proposal_id, actor)
    code = proposal.link.criterion
    questionnaire = compiled_grid(enrolment.response.definition).grid.questionnaire_of[code].code
    access = policy_for(enrolment, actor)
    files = [each for each in proposal.files.select_related("file__blob") if str(each.pk) in parts]
    takes_answer, takes_comment = ANSWER in parts and proposal.value, COMMENT in parts and proposal.comment
    blockers = [
        Blocker("infected", f"L’antivirus a trouvé un contenu dangereux dans « {each.file.name} ». Ne le reprenez pas.")
        for each in files
        if each.file.blob.state == ScanState.INFECTED
    ]
    if not (files or takes_answer or takes_comment):
        blockers.append(Blocker("nothing_chosen", "Cochez ce que vous reprenez.", "#id_parts"))
    if blockers:
        raise TransitionRefused(blockers)
    version = None
    if takes_answer or takes_comment:
        change = Change(
            value=_whole_value(enrolment, code, proposal.value or {}) if takes_answer else UNCHANGED,
            comment=proposal.comment if takes_comment else UNCHANGED,
            base_version=base_version,
        )
        result = save_answers(
            response=enrolment.response,
            questionnaire=questionnaire,
            changes={code: change},
            actor=actor,
            at=at,
            access=access,
        )
        for stale in result.conflicts:
            message = f"{stale.by} a modifié la réponse entre-temps\u00a0: comparez de nouveau."
            raise TransitionRefused([Blocker("stale", message)])
        if result.refused:
            raise TransitionRefused(Blocker("refused", message) for message in result.refused.values())
        version = result.versions[code]
    for each in files:
        each.deposit = deposit_evidence(
            response=enrolment.response,
            criterion=code,
            evidence_type=each.evidence_type,
            upload=each.file,
            actor=actor,
            at=at,
            access=access,
        )
        each.save(update_fields=["deposit"])
    _decide(proposal, is_accepted=True, actor=actor, at=at, version=version)
    taken = {"answer": bool(takes_answer), "comment": bool(takes_comment), "files": [each.file.name for each in files]}
    data = {"criterion": code, "author": proposal.author, "email": proposal.link.email, "taken": taken}
    record("proposal.accept", subject=proposal, actor=actor, data=data)
    transaction.on_commit(partial(notices.proposal_accepted, proposal))
    return proposal


def _whole_value(enrolment: Enrolment, code: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Every part of the answer: what the proposal leaves empty is emptied, so that no former half stays."""
    criterion = compiled_grid(enrolment.response.definition).grid.criteria[code]
    whole: dict[str, Any] = dict(value)
    if criterion.value is not None and "compliance" in value:
        whole.setdefault(criterion.value.type.value, None)
    return whole


@transaction.atomic
def reject(*, proposal_id: UUID, why: str, actor: User, at: datetime) -> Proposal:
    """Refuse a proposal with its reason, which its author reads by mail.

    Raises DoesNotExist, PermissionDenied, TransitionRefused (examined already, no reason).
    """
    proposal, _ = _lock_pending(proposal_id, actor)
    if not why.strip():
        raise TransitionRefused([Blocker("reason", "Dites pourquoi vous refusez cette proposition.", "#id_why")])
    proposal.decision_reason = why.strip()
    _decide(proposal, is_accepted=False, actor=actor, at=at)
    data = {"criterion": proposal.link.criterion, "author": proposal.author, "email": proposal.link.email}
    record("proposal.reject", subject=proposal, actor=actor, reason=proposal.decision_reason, data=data)
    transaction.on_commit(partial(notices.proposal_rejected, proposal, at=at))
    return proposal


def _lock_pending(proposal_id: UUID, actor: User) -> tuple[Proposal, Enrolment]:
    """The enrolment, then the proposal: the order of every write. Raises DoesNotExist, PermissionDenied, TransitionRefused."""
    found = Proposal.objects.visible_to(actor).values_list("link__enrolment", flat=True).get(pk=proposal_id)
    enrolment = find_enrolment(found, actor)
    proposal = Proposal.objects.locked().select_related("link").get(pk=proposal_id)
    if proposal.decided_at is not None:
        raise TransitionRefused([Blocker("decided", "Cette proposition a déjà été examinée par un collègue.")])
    return proposal, enrolment


def _decide(proposal: Proposal, *, is_accepted: bool, actor: User, at: datetime, version: int | None = None) -> None:
    proposal.is_accepted, proposal.decided_at, proposal.decided_by = is_accepted, at, actor
    proposal.answer_version = version
    proposal.save(update_fields=["is_accepted", "decided_at", "decided_by", "answer_version", "decision_reason"])
