"""The file’s correspondence: messages between both sides, notes of calls and meetings, filed mail (A-22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.services import Examined, keep
from referencing.candidature import notices
from referencing.candidature.enums import LetterKind, Side
from referencing.candidature.models import Attachment, Candidature, Letter, LetterRead
from referencing.candidature.rules import can_note, can_write_message, is_instructor
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: What people may join to a letter.
ATTACHMENT_FORMATS = ("pdf", "docx", "xlsx", "odt", "ods", "png", "jpg", "zip")
ATTACHMENT_MB = 20
MAIL_FORMATS = ("eml", "pdf")
EVENTS = {
    LetterKind.CALL: "call_noted",
    LetterKind.MEETING: "meeting_noted",
    LetterKind.INCOMING_MAIL: "mail_filed",
}


@transaction.atomic
def send_message(
    *,
    candidature_id: UUID,
    subject: str,
    text: str,
    actor: User,
    waits_for_answer: bool = False,
    files: Sequence[Examined] = (),
    answers: UUID | None = None,
) -> Letter:
    """Write to the other side, which is told; `answers` settles a letter that waited for this side.

    Raises PermissionDenied, TransitionRefused with every reason, Candidature.DoesNotExist.
    """
    candidature = lock_file(candidature_id, actor)
    if not can_write_message(actor, candidature):
        raise PermissionDenied("send_message")
    if blockers := _find_blockers(subject, text):
        raise TransitionRefused(blockers)
    from_editor = not is_instructor(actor, candidature)
    other = Side.TEAM if from_editor else Side.EDITOR
    now = timezone.now()
    letter = _write(
        candidature,
        kind=LetterKind.MESSAGE,
        subject=subject,
        text=text,
        from_editor=from_editor,
        happened_at=now,
        answer_by=other if waits_for_answer else "",
        files=files,
        actor=actor,
    )
    if answers is not None:
        _settle(candidature, answers, by=Side.EDITOR if from_editor else Side.TEAM, at=now)
    event = "message_received" if from_editor else "message_sent"
    tell(candidature, event, actor=actor, subject=letter, data={"subject": letter.subject})
    transaction.on_commit(partial(notices.message_sent, candidature, letter))
    return letter


@transaction.atomic
def add_note(
    *,
    candidature_id: UUID,
    kind: LetterKind,
    subject: str,
    text: str,
    happened_at: datetime,
    is_internal: bool,
    actor: User,
    answer_by: str = "",
    sender: str = "",
    files: Sequence[Examined] = (),
) -> Letter:
    """Keep a call, a meeting or a mail that came otherwise; shared with the editor unless `is_internal`.

    `files`: for a mail, the mail itself first. Raises as `send_message`.
    """
    candidature = lock_file(candidature_id, actor)
    if not can_note(actor, candidature):
        raise PermissionDenied("add_note")
    blockers = _find_blockers(subject, text if kind != LetterKind.INCOMING_MAIL else subject)
    if happened_at > timezone.now():
        blockers.append(Blocker("future", "Indiquez une date passée.", "#id_happened_on"))
    if is_internal and answer_by == Side.EDITOR:
        blockers.append(
            Blocker("answer_by", "L’éditeur ne lit pas une note interne : il ne peut pas y répondre.", "#id_answer_by")
        )
    if kind == LetterKind.INCOMING_MAIL and not sender.strip():
        blockers.append(Blocker("sender", "Indiquez l’expéditeur du courrier.", "#id_sender"))
    if blockers:
        raise TransitionRefused(blockers)
    letter = _write(
        candidature,
        kind=kind,
        subject=subject,
        text=text,
        is_internal=is_internal,
        happened_at=happened_at,
        answer_by=answer_by,
        sender=sender.strip(),
        files=files,
        actor=actor,
    )
    tell(
        candidature,
        EVENTS[kind],
        actor=actor,
        internal=is_internal,
        subject=letter,
        data={"subject": letter.subject},
    )
    if not is_internal:
        transaction.on_commit(partial(notices.note_shared, candidature, letter))
    return letter


@transaction.atomic
def mark_answered(*, candidature_id: UUID, letter_id: UUID, actor: User) -> Letter:
    """The answer came by another way; agents of the file say so. Twice changes nothing. Raises Letter.DoesNotExist too."""
    candidature = lock_file(candidature_id, actor)
    if not can_note(actor, candidature):
        raise PermissionDenied("mark_answered")
    letter = Letter.objects.select_for_update().get(pk=letter_id, candidature=candidature)
    if not letter.waits_for_answer or letter.answered_at:
        return letter
    letter.answered_at = timezone.now()
    letter.save(update_fields=["answered_at"])
    tell(
        candidature,
        "letter_answered",
        actor=actor,
        internal=letter.is_internal,
        subject=letter,
        data={"subject": letter.subject},
    )
    return letter


def mark_read(*, candidature: Candidature, user: User, at: datetime) -> None:
    """Everything up to now is read by this person."""
    LetterRead.objects.update_or_create(candidature=candidature, user=user, defaults={"at": at})


def _write(
    candidature: Candidature,
    *,
    kind: LetterKind,
    subject: str,
    text: str,
    happened_at: datetime,
    answer_by: str,
    files: Sequence[Examined],
    actor: User,
    from_editor: bool = False,
    is_internal: bool = False,
    sender: str = "",
) -> Letter:
    letter = Letter.objects.create(
        candidature=candidature,
        kind=kind,
        is_internal=is_internal,
        from_editor=from_editor,
        subject=" ".join(subject.split()),
        text=text.strip(),
        happened_at=happened_at,
        author=actor,
        sender=sender,
        waits_for_answer=bool(answer_by),
        answer_by=answer_by,
    )
    for examined in files:
        Attachment.objects.create(
            candidature=candidature, letter=letter, file=keep(examined=examined, actor=actor), added_by=actor
        )
    return letter


def _settle(candidature: Candidature, letter_id: UUID, *, by: Side, at: datetime) -> None:
    waiting = Letter.objects.select_for_update().filter(
        candidature=candidature, pk=letter_id, answer_by=by, answered_at__isnull=True
    )
    for letter in waiting:
        letter.answered_at = at
        letter.save(update_fields=["answered_at"])
        record("letter.settle", subject=letter, actor=None)


def _find_blockers(subject: str, text: str) -> list[Blocker]:
    blockers = []
    if not subject.strip():
        blockers.append(Blocker("subject", "Indiquez l’objet.", "#id_subject"))
    if not text.strip():
        blockers.append(Blocker("text", "Écrivez le texte.", "#id_text"))
    return blockers
