"""What members do with a file before the session: notes, prepared opinion, evidence on request (BO-07)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.models import StoredFile
from evidence.services import render_page
from referencing.candidature.content import find_files, load_criteria
from referencing.commission.enums import OpinionKind, PointOutcome
from referencing.commission.models import AgendaPoint, Note, PreparedOpinion
from referencing.commission.rules import is_voter

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

TEXT_MAX = 20_000


@transaction.atomic
def save_note(*, point_id: UUID, text: str, actor: User) -> Note | None:
    """Keep, or with an empty text forget, what the person alone reads. Raises AgendaPoint.DoesNotExist, TransitionRefused."""
    point = AgendaPoint.objects.visible_to(actor).get(pk=point_id)
    _refuse_long(text, "#id_note-text")
    if not text.strip():
        Note.objects.filter(point=point, person=actor).delete()
        return None
    note: Note
    note, _ = Note.objects.update_or_create(
        point=point, person=actor, defaults={"text": text.replace("\r\n", "\n"), "edited_at": timezone.now()}
    )
    return note


@transaction.atomic
def prepare_opinion(*, point_id: UUID, kind: str, text: str, actor: User) -> PreparedOpinion:
    """What a member means to say; the others read it once the point is being examined, and it binds nobody.

    Raises AgendaPoint.DoesNotExist, PermissionDenied (the secretary has no voice), TransitionRefused.
    """
    point = AgendaPoint.objects.visible_to(actor).get(pk=point_id)
    if not is_voter(actor, point):
        raise PermissionDenied("prepare_opinion")
    _refuse_long(text, "#id_prepared-text")
    blockers = []
    if point.outcome != PointOutcome.PENDING:
        blockers.append(Blocker("point_ended", "L’examen de ce point est terminé."))
    if kind and kind not in OpinionKind.values:
        blockers.append(Blocker("kind", "Choisissez un des quatre avis, ou aucun.", "#id_prepared-kind"))
    if not kind and not text.strip():
        blockers.append(Blocker("empty", "Choisissez un avis, ou rédigez vos observations.", "#id_prepared-kind"))
    if blockers:
        raise TransitionRefused(blockers)
    prepared: PreparedOpinion
    prepared, _ = PreparedOpinion.objects.update_or_create(
        point=point,
        person=actor,
        defaults={"kind": kind, "text": text.strip(), "edited_at": timezone.now()},
    )
    return prepared


def _refuse_long(text: str, anchor: str) -> None:
    if len(text) > TEXT_MAX:
        raise TransitionRefused(
            [Blocker("too_long", f"Ce texte compte {len(text)} caractères : {TEXT_MAX} au plus.", anchor)]
        )


def find_evidence(point: AgendaPoint, sha256: str) -> StoredFile | None:
    """A piece of evidence of the point’s file, encrypted or not; None when no criterion has it."""
    known = {each.sha256 for criterion in load_criteria(point.candidature, opened=True) for each in criterion.evidence}
    return find_files(point.candidature, [sha256], opened=True).get(sha256) if sha256 in known else None


def is_encrypted(file: StoredFile) -> bool:
    """Never opened by the commission (domain.md §4, A-14)."""
    return file.passphrase_id is not None


@transaction.atomic
def show_evidence(*, point_id: UUID, sha256: str, page: int, width: int, actor: User) -> bytes:
    """One page (from 1) of a piece of evidence as an image, each access in the journal.

    Raises AgendaPoint.DoesNotExist, StoredFile.DoesNotExist, PermissionDenied for an encrypted container, FileWithheld.
    """
    point = AgendaPoint.objects.visible_to(actor).select_related("candidature__dossier").get(pk=point_id)
    file = find_evidence(point, sha256)
    if file is None:
        raise StoredFile.DoesNotExist(sha256)
    if is_encrypted(file):
        raise PermissionDenied("open_encrypted")
    image = render_page(file, page - 1, width=width)
    record(
        "agendapoint.read_evidence",
        subject=point,
        actor=actor,
        data={"file": file.name, "sha256": sha256, "page": page},
    )
    return image
