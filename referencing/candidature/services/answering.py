"""What the editor answers: written in a buffer, then sent, which freezes an addendum beside the dossier (T20, BR-114).

Only what is asked is open (BR-113): every service here starts from an open item or non-conformity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.core.formats import FORMATS
from evidence.services import examine, keep, prepare_container, withheld_reason
from questionnaires.core import Criterion, CriterionAnswer, EvidenceType, Kind, is_reached
from questionnaires.core.scoring import parse_criterion_answer
from questionnaires.stored import restore_criterion, store
from referencing.candidature import request_notices as notices
from referencing.candidature.content import frozen_grid, load_criteria
from referencing.candidature.core.addenda import (
    NON_CONFORMITY,
    REQUEST,
    AddedFile,
    Reply,
    complement_content,
)
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.enums import NonConformityState, RequestState, Severity
from referencing.candidature.models import Attachment, Candidature, ComplementItem, ComplementRequest, NonConformity
from referencing.candidature.rules import can_answer, can_prepare
from referencing.candidature.services import standing
from referencing.candidature.services.asking import lock_request, record_buffer
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.dossier.models import Addendum, AddendumKind
from referencing.dossier.services import AddedEvidence, freeze_addendum

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: What may be joined to an answer where the grid says nothing: a missing piece, a reply to a non-conformity.
FREE_FORMATS = ("pdf", "png", "jpg", "docx", "xlsx", "odt", "ods")
FREE_SIZE_MB = 20
FILES_MAX = 20
COMMENT_MAX = 10_000


class StaleBuffer(Exception):
    """A colleague wrote this answer meanwhile (A-13); `row` is theirs, with `edited_by` loaded."""

    def __init__(self, row: ComplementItem | NonConformity) -> None:
        super().__init__(row.pk)
        self.row = row


@dataclass(frozen=True, slots=True)
class Expected:
    """What the grid of the frozen dossier expects of a criterion; None for a piece of the checklist."""

    criterion: Criterion
    kind: Kind
    current: EffectiveCriterion

    def evidence_type(self, code: str) -> EvidenceType | None:
        return next((each for each in self.criterion.evidence if each.code == code), None)


def load_expected(candidature: Candidature, codes: Collection[str]) -> dict[str, Expected]:
    """By code, for the criteria among `codes`: the definition of the dossier’s own grid, and how the file stands."""
    if not codes:
        return {}
    grid = frozen_grid(candidature).grid
    return {
        each.code: Expected(grid.criteria[each.code], grid.questionnaire_of[each.code].kind, each)
        for each in load_criteria(candidature)
        if each.code in codes and each.code in grid.criteria
    }


# -- the buffer


@transaction.atomic
def save_item(
    *, item_id: UUID, answer: Mapping[str, Any] | None, comment: str | None, base_version: int, actor: User
) -> ComplementItem:
    """Write the buffer of an open item; None leaves a part as it is. `answer` is `{"level": "2"}` or
    `{"compliance": "conforme", "number": …}`, {} for « as it was ».

    Raises ComplementItem.DoesNotExist, PermissionDenied, StaleBuffer, or TransitionRefused with every reason.
    """
    item = lock_item(item_id, actor)
    _require_prepare(actor, item)
    blockers = _find_item_closed(item)
    kept: dict[str, Any] = dict(item.answer)
    if answer is not None:
        expected = load_expected(item.candidature, [item.code]).get(item.code) if answer else None
        kept, refused = check_answer(item.code, expected, answer)
        blockers += refused
    if comment is not None and len(comment) > COMMENT_MAX:
        blockers.append(
            Blocker(
                "too_long",
                f"Ce texte compte {len(comment)} caractères : {COMMENT_MAX} au plus.",
                f"#id_{item.code}-comment",
            )
        )
    if blockers:
        raise TransitionRefused(blockers)
    if item.version != base_version:
        raise StaleBuffer(item)
    new_comment = item.comment if comment is None else comment.replace("\r\n", "\n")
    if (kept, new_comment) == (item.answer, item.comment):
        return item
    item.answer, item.comment = kept, new_comment
    _bump(item, actor)
    return item


def check_answer(
    code: str, expected: Expected | None, answer: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Blocker]]:
    """What a buffer keeps of a posted answer to a criterion, and every reason against it; {} stands for « as it was ».

    `expected` is None when the grid asks for no level there.
    """
    if not answer:
        return {}, []
    if expected is None:
        return {}, [Blocker("no_answer", f"{code} n’attend pas de niveau.")]
    typed, errors = parse_criterion_answer(expected.criterion, expected.kind, answer)
    kept: dict[str, Any] = {}
    if typed.level:
        kept["level"] = typed.level
    if typed.compliance:
        kept["compliance"] = typed.compliance.value
    if typed.value is not None and expected.criterion.value:
        kept[expected.criterion.value.type.value] = store(typed.value)
    return kept, [Blocker(error.code, error.message, f"#id_{code}-answer") for error in errors]


@transaction.atomic
def save_reply(*, non_conformity_id: UUID, text: str, base_version: int, actor: User) -> NonConformity:
    """Write the buffer of the reply to an open non-conformity. Raises as `save_item`."""
    gap = lock_non_conformity(non_conformity_id, actor)
    _require_prepare(actor, gap)
    blockers = _find_gap_closed(gap)
    if len(text) > COMMENT_MAX:
        blockers.append(
            Blocker("too_long", f"Ce texte compte {len(text)} caractères : {COMMENT_MAX} au plus.", "#id_reply")
        )
    if blockers:
        raise TransitionRefused(blockers)
    if gap.version != base_version:
        raise StaleBuffer(gap)
    text = text.replace("\r\n", "\n")
    if text != gap.reply:
        gap.reply = text
        _bump(gap, actor)
    return gap


def _bump(row: ComplementItem | NonConformity, actor: User) -> None:
    row.version += 1
    row.edited_at, row.edited_by = timezone.now(), actor
    row.save()
    record_buffer(row, "write", actor=actor)


def add_file(
    *, row_id: UUID, is_item: bool, upload: UploadedFile[Any], evidence_type: str, actor: User, anchor: str = ""
) -> Attachment:
    """Examine a file and join it to the buffer of an item (`is_item`) or of a reply; nobody else sees it until sent.

    Raises DoesNotExist, PermissionDenied, UploadRefused with every problem of the file, TransitionRefused.
    """
    model = ComplementItem if is_item else NonConformity
    visible = Candidature.objects.visible_to(actor).select_related(
        "enrolment__product", "enrolment__demarche", "dossier"
    )
    row = model.objects.select_related().filter(candidature__in=visible).get(pk=row_id)
    row.candidature = visible.get(pk=row.candidature_id)
    _require_prepare(actor, row)
    expected = _expected_type(row, evidence_type)
    container = None
    if expected is not None and expected.encrypted:
        container = prepare_container(owner_key=f"enrolment:{row.candidature.enrolment_id}", actor=actor)
    examined = examine(  # may take seconds: before any lock
        upload=upload,
        allowed_formats=expected.formats if expected else [code for code in FREE_FORMATS if code in FORMATS],
        max_size_mb=expected.max_size_mb if expected else FREE_SIZE_MB,
        encrypted_for=container,
        anchor=anchor,
    )
    with transaction.atomic():
        locked = lock_item(row_id, actor) if is_item else lock_non_conformity(row_id, actor)
        blockers = _find_item_closed(locked) if isinstance(locked, ComplementItem) else _find_gap_closed(locked)
        if len(list_buffer_files(locked)) >= FILES_MAX:
            blockers.append(Blocker("too_many_files", f"{FILES_MAX} fichiers au plus par réponse.", anchor))
        if blockers:
            raise TransitionRefused(blockers)
        attachment = Attachment.objects.create(
            candidature=locked.candidature,
            file=keep(examined=examined, actor=actor),
            item=locked if isinstance(locked, ComplementItem) else None,
            non_conformity=locked if isinstance(locked, NonConformity) else None,
            evidence_type=evidence_type if expected else "",
            added_by=actor,
        )
        record_buffer(locked, "attach", actor=actor)
    return attachment


@transaction.atomic
def remove_file(*, attachment_id: UUID, actor: User) -> None:
    """Take a file out of a buffer. Raises Attachment.DoesNotExist, PermissionDenied, TransitionRefused (already sent)."""
    found = Attachment.objects.filter(pk=attachment_id, letter__isnull=True).first()
    if found is None:
        raise Attachment.DoesNotExist
    try:
        row = lock_item(found.item_id, actor) if found.item_id else lock_non_conformity(found.non_conformity_id, actor)
    except (ComplementItem.DoesNotExist, NonConformity.DoesNotExist) as unknown:
        raise Attachment.DoesNotExist from unknown
    _require_prepare(actor, row)
    blockers = _find_item_closed(row) if isinstance(row, ComplementItem) else _find_gap_closed(row)
    if found.pk not in {each.pk for each in list_buffer_files(row)}:
        blockers.append(Blocker("sent", "Ce fichier a déjà été envoyé : il reste au dossier."))
    if blockers:
        raise TransitionRefused(blockers)
    found.delete()
    record_buffer(row, "detach", actor=actor)


def list_buffer_files(row: ComplementItem | NonConformity) -> list[Attachment]:
    """Files joined to an answer that is not sent yet; those of a reply sent before a reopening are not among them."""
    files = row.attachments.select_related("file__blob", "file__uploaded_by", "added_by").order_by("added_at", "pk")
    if isinstance(row, NonConformity):
        files = files.filter(added_at__gte=row.opened_at)
    return list(files)


def _expected_type(row: ComplementItem | NonConformity, code: str) -> EvidenceType | None:
    """None: free file. Raises TransitionRefused for a type that the criterion does not expect."""
    if isinstance(row, NonConformity) or not code:
        return None
    expected = load_expected(row.candidature, [row.code]).get(row.code)
    found = expected.evidence_type(code) if expected else None
    if found is None:
        raise TransitionRefused([Blocker("evidence_type", "Ce type de preuve n’est pas attendu ici.")])
    return found


# -- sending


@transaction.atomic
def send_answers(*, request_id: UUID, codes: Sequence[str], actor: User) -> Addendum:
    """Send the answers to some items now: they freeze into one addendum, and are never changed again (T20, BR-114).

    The request is ANSWERED with its last item. Raises ComplementRequest.DoesNotExist, PermissionDenied, or
    TransitionRefused with every reason.
    """
    request = lock_request(request_id, actor)
    if not can_answer(actor, request):
        raise PermissionDenied("send_answers")
    candidature = request.candidature
    rows = list(request.items.select_for_update().filter(closed_at__isnull=True).order_by("position"))
    for row in rows:
        row.candidature, row.request = candidature, request
    chosen = [row for row in rows if row.code in codes]
    expected = load_expected(candidature, {row.code for row in chosen})
    files = {row.pk: list_buffer_files(row) for row in chosen}
    blockers = _find_sending_blockers(request, chosen, codes, files, expected)
    if blockers:
        raise TransitionRefused(blockers)
    replies = [_reply_of(row, expected.get(row.code), files[row.pk]) for row in chosen]
    now = timezone.now()
    addendum = _freeze(candidature, replies, {row.code: files[row.pk] for row in chosen}, actor)
    for row in chosen:
        row.answered_at, row.answered_by, row.addendum = now, actor, addendum
        row.save()
    sent = [row.code for row in chosen]
    if all(row.answered_at for row in rows):
        workflow.fire(request, "answer", actor=actor, data={"addendum": addendum.reference}, at=now)
    tell(
        candidature,
        "answers_sent",
        actor=actor,
        subject=request,
        data={"number": request.number, "criteria": sent, "addendum": addendum.reference},
    )
    standing.refresh(candidature)
    themes = {row.theme for row in chosen}
    transaction.on_commit(partial(notices.answers_sent, request, sent, themes))
    return addendum


def find_item_gaps(
    item: ComplementItem, files: Sequence[Attachment], expected: Expected | None = None
) -> list[Blocker]:
    """Why this answer cannot be sent yet: nothing in it, no answer of its own in place of a recovered one (A-25), or a file
    that the antivirus has not cleared."""
    anchor = f"#id_{item.code}-comment"
    blockers = []
    if not item.comment.strip() and not item.answer and not files:
        blockers.append(Blocker("empty_answer", f"Répondez au point {item.code}, par un texte ou un fichier.", anchor))
    replaces = expected is not None and expected.current.recovered is not None and expected.kind is not Kind.DOCUMENTS
    if replaces and not item.answer:
        blockers.append(
            Blocker(
                "own_answer",
                f"Répondez au critère {item.code} : votre réponse remplace celle de l’éditeur producteur.",
                f"#id_{item.code}-answer",
            )
        )
    return blockers + _find_unsafe(files)


def _find_unsafe(files: Sequence[Attachment]) -> list[Blocker]:
    return [
        Blocker("unsafe_evidence", f"« {each.file.name} » : {reason.message}")
        for each in files
        if (reason := withheld_reason(each.file))
    ]


def _find_sending_blockers(
    request: ComplementRequest,
    chosen: Sequence[ComplementItem],
    codes: Sequence[str],
    files: Mapping[Any, Sequence[Attachment]],
    expected: Mapping[str, Expected],
) -> list[Blocker]:
    if request.state != RequestState.OPEN:
        return [Blocker("wrong_state", "Cette demande n’est plus en attente de réponse.")]
    blockers = []
    if not codes:
        blockers.append(Blocker("no_item", "Choisissez au moins une réponse à envoyer."))
    known = {row.code for row in chosen}
    blockers += [
        Blocker("unknown", f"« {code} » n’est pas demandé dans cette demande.") for code in codes if code not in known
    ]
    for row in chosen:
        if row.answered_at is not None:
            blockers.append(Blocker("already_sent", f"La réponse au point {row.code} est déjà envoyée."))
        else:
            blockers += find_item_gaps(row, files[row.pk], expected.get(row.code))
    return blockers


@transaction.atomic
def send_reply(*, non_conformity_id: UUID, actor: User) -> Addendum:
    """Send the reply to a non-conformity, frozen into an addendum like any answer (T22). Raises as `send_answers`."""
    gap = lock_non_conformity(non_conformity_id, actor)
    files = list_buffer_files(gap)

    def guard() -> list[Blocker]:
        blockers = _find_gap_closed(gap) + _find_unsafe(files)
        if not gap.reply.strip() and not files:
            blockers.append(Blocker("empty_answer", "Répondez au constat, par un texte ou un fichier.", "#id_reply"))
        return blockers

    now = timezone.now()
    workflow.fire(gap, "respond", actor=actor, guard=guard, by=actor, at=now)
    reply = Reply(
        code=gap.criterion,
        theme=gap.theme,
        title=gap.title,
        origin=NON_CONFORMITY,
        number=gap.number,
        question=gap.rationale,
        answer=None,
        comment=gap.reply,
        evidence=tuple(_added(each, "") for each in files),
    )
    addendum = _freeze(gap.candidature, [reply], {gap.criterion: files}, actor)
    gap.addendum = addendum
    gap.save(update_fields=["addendum"])
    tell(
        gap.candidature,
        "non_conformity_answered",
        actor=actor,
        criterion=gap.criterion,
        data={"number": gap.number, "addendum": addendum.reference},
    )
    standing.refresh(gap.candidature)
    transaction.on_commit(partial(notices.non_conformity_answered, gap))
    return addendum


def _freeze(
    candidature: Candidature,
    replies: Sequence[Reply],
    files: Mapping[str, Sequence[Attachment]],
    actor: User,
) -> Addendum:
    return freeze_addendum(
        dossier=candidature.dossier,
        kind=AddendumKind.COMPLEMENT,
        content=complement_content(replies),
        files=[
            AddedEvidence(each.file, criterion=code, evidence_type=each.evidence_type)
            for code, found in files.items()
            for each in found
        ],
        actor=actor,
        at=timezone.now(),
    )


def _reply_of(item: ComplementItem, expected: Expected | None, files: Sequence[Attachment]) -> Reply:
    labels = {each.code: each.label for each in expected.criterion.evidence} if expected else {}
    answer = item.answer or None
    return Reply(
        code=item.code,
        theme=item.theme,
        title=item.title,
        origin=REQUEST,
        number=item.request.number,
        question=item.question,
        answer=answer,
        comment=item.comment,
        evidence=tuple(_added(each, labels.get(each.evidence_type, "")) for each in files),
        is_reached=judge_reached(expected, answer, [each.evidence_type for each in files]) if expected else None,
    )


def judge_reached(expected: Expected, answer: Mapping[str, Any] | None, evidence_types: Iterable[str]) -> bool:
    """Judged on the whole: the answer that stands, the evidence frozen before, and what is added now."""
    current = expected.current
    given = frozenset({each.type for each in current.evidence} | set(evidence_types))
    typed: CriterionAnswer = restore_criterion(expected.criterion, answer or current.answer, given)
    return is_reached(expected.criterion, expected.kind, typed)


def _added(attachment: Attachment, label: str) -> AddedFile:
    blob = attachment.file.blob
    return AddedFile(
        name=attachment.file.name,
        sha256=blob.sha256,
        size=blob.size,
        type=attachment.evidence_type,
        label=label,
        deposit=str(attachment.pk),
        deposited_at=attachment.added_at.isoformat(),
    )


# -- rows


def lock_item(item_id: Any, actor: User) -> ComplementItem:
    """The item under the lock of its file. Raises ComplementItem.DoesNotExist for a stranger’s."""
    request_id = ComplementItem.objects.filter(pk=item_id).values_list("request_id", flat=True).first()
    try:
        if request_id is None:
            raise ComplementRequest.DoesNotExist
        request = lock_request(request_id, actor)
    except ComplementRequest.DoesNotExist as unknown:
        raise ComplementItem.DoesNotExist from unknown
    item = ComplementItem.objects.select_for_update(of=("self",)).select_related("edited_by").get(pk=item_id)
    item.request, item.candidature = request, request.candidature
    return item


def lock_non_conformity(non_conformity_id: Any, actor: User) -> NonConformity:
    """The non-conformity under the lock of its file. Raises NonConformity.DoesNotExist for a stranger’s."""
    found = NonConformity.objects.filter(pk=non_conformity_id).values_list("candidature_id", flat=True).first()
    try:
        if found is None:
            raise Candidature.DoesNotExist
        candidature = lock_file(found, actor)
    except Candidature.DoesNotExist as unknown:
        raise NonConformity.DoesNotExist from unknown
    rows = NonConformity.objects.select_for_update(of=("self",)).select_related("edited_by", "opened_by")
    gap: NonConformity = rows.get(pk=non_conformity_id)
    gap.candidature = candidature
    return gap


def _require_prepare(actor: User, row: ComplementItem | NonConformity) -> None:
    if not can_prepare(actor, row):
        raise PermissionDenied("buffer")


def _find_item_closed(item: ComplementItem) -> list[Blocker]:
    if item.request.state != RequestState.OPEN or item.closed_at is not None:
        return [Blocker("wrong_state", "Cette demande n’est plus en attente de réponse.")]
    if item.answered_at is not None:
        return [Blocker("already_sent", f"La réponse au point {item.code} est déjà envoyée : elle ne change plus.")]
    return []


def _find_gap_closed(gap: NonConformity) -> list[Blocker]:
    if gap.severity == Severity.OBSERVATION:
        return [Blocker("observation", "Une observation n’appelle pas de réponse.")]
    if gap.state != NonConformityState.OPEN or gap.closed_at is not None:
        return [Blocker("wrong_state", "Cette non-conformité n’attend plus de réponse.")]
    return []
