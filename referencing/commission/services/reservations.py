"""Reservations as commitments: answered by the editor, lifted by the listing team, followed until then (A-30, BR-158)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.documents.signatures import seal_bytes
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.core.formats import FORMATS
from evidence.services import examine, keep, withheld_reason
from referencing.candidature.enums import DECIDED_STATES, CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.rules import can_instruct, can_prepare
from referencing.candidature.services import standing
from referencing.candidature.services.answering import COMMENT_MAX, FILES_MAX, FREE_FORMATS, FREE_SIZE_MB
from referencing.candidature.services.journal import tell
from referencing.commission import opinion_notices as notices
from referencing.commission.enums import STANDING_RESERVATIONS, ReservationState
from referencing.commission.models import Reservation, ReservationAnswer, ReservationComment, ReservationFile
from referencing.commission.rules import can_answer_reservation
from referencing.commission.services.balls import hand_reservations
from referencing.commission.services.points import lock_candidature

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: Version of the frozen form of an answer.
SCHEMA = 1
#: Calendar days before the due day on which the editor is reminded.
REMIND_DAYS = 7
#: Setting of a démarche (`commission.after_lifting`) that asks for another opinion.
RE_EXAMINATION = "re_examination"
#: States in which a reservation that does not suspend may still be answered and lifted: the listing goes on meanwhile.
FOLLOWED_STATES = [
    CandidatureState.OPINION,
    CandidatureState.RESERVATIONS,
    CandidatureState.MINISTER,
    CandidatureState.APPROVED,
    CandidatureState.LISTED,
]


def lock_reservation(reservation_id: UUID, actor: User) -> Reservation:
    """The reservation and, before it, its file. Raises Reservation.DoesNotExist for whoever may not know it."""
    found = Reservation.objects.visible_to(actor).values_list("candidature", flat=True).get(pk=reservation_id)
    candidature = lock_candidature(found)
    reservation: Reservation = Reservation.objects.locked().select_related("opinion").get(pk=reservation_id)
    reservation.candidature = candidature
    return reservation


def find_unfollowed(reservation: Reservation) -> list[Blocker]:
    """Why nothing more is done about this reservation: it is settled, or its file went another way."""
    if reservation.state not in STANDING_RESERVATIONS:
        return [Blocker("settled", "Cette réserve est close.")]
    followed = [CandidatureState.RESERVATIONS] if reservation.is_suspensive else FOLLOWED_STATES
    if reservation.candidature.state not in followed:
        return [Blocker("wrong_state", "Cette réserve n’est plus à lever : le dossier a suivi son cours.")]
    return []


# -- the editor


def list_buffer(reservation: Reservation) -> list[ReservationFile]:
    """Files joined to an answer that is not sent yet."""
    files = reservation.files.filter(answer__isnull=True).select_related("file__blob", "file__uploaded_by", "added_by")
    return list(files.order_by("added_at", "pk"))


def add_file(*, reservation_id: UUID, upload: UploadedFile[Any], actor: User, anchor: str = "") -> ReservationFile:
    """Examine a file and join it to the answer being prepared; only the editor sees it until it is sent.

    Raises Reservation.DoesNotExist, PermissionDenied, UploadRefused with every problem of the file, TransitionRefused.
    """
    _require_prepare(actor, Reservation.objects.visible_to(actor).get(pk=reservation_id))
    examined = examine(  # may take seconds: before any lock
        upload=upload,
        allowed_formats=[code for code in FREE_FORMATS if code in FORMATS],
        max_size_mb=FREE_SIZE_MB,
        anchor=anchor,
    )
    with transaction.atomic():
        reservation = lock_reservation(reservation_id, actor)
        blockers = _find_unanswerable(reservation)
        if len(list_buffer(reservation)) >= FILES_MAX:
            blockers.append(Blocker("too_many_files", f"{FILES_MAX} fichiers au plus par réponse.", anchor))
        if blockers:
            raise TransitionRefused(blockers)
        added: ReservationFile = ReservationFile.objects.create(
            reservation=reservation,
            file=keep(examined=examined, actor=actor),
            added_by=actor,
            added_at=timezone.now(),
        )
        record("reservation.attach", subject=reservation, actor=actor, data={"file": added.file.name})
    return added


@transaction.atomic
def remove_file(*, file_id: int, actor: User) -> None:
    """Take a file out of an answer being prepared. Raises ReservationFile.DoesNotExist, PermissionDenied,
    TransitionRefused (already sent)."""
    found = ReservationFile.objects.filter(pk=file_id).values_list("reservation", flat=True).first()
    if found is None:
        raise ReservationFile.DoesNotExist(file_id)
    try:
        reservation = lock_reservation(found, actor)
    except Reservation.DoesNotExist as hidden:
        raise ReservationFile.DoesNotExist(file_id) from hidden
    _require_prepare(actor, reservation)
    row = ReservationFile.objects.select_for_update().get(pk=file_id)
    blockers = _find_unanswerable(reservation)
    if row.answer_id is not None:
        blockers.append(Blocker("sent", "Ce fichier a déjà été envoyé : il reste au dossier."))
    if blockers:
        raise TransitionRefused(blockers)
    row.delete()
    record("reservation.detach", subject=reservation, actor=actor)


@transaction.atomic
def answer_reservation(*, reservation_id: UUID, text: str, actor: User) -> ReservationAnswer:
    """Send the editor’s answer with the files prepared: it is sealed and never changes; a second one may follow.

    Raises Reservation.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    reservation = lock_reservation(reservation_id, actor)
    if not can_answer_reservation(actor, reservation):
        raise PermissionDenied("answer_reservation")
    files = list_buffer(reservation)
    now = timezone.now()
    workflow.fire(
        reservation,
        "answer",
        actor=actor,
        guard=lambda: [*_find_unanswerable(reservation), *_find_answer_faults(text, files)],
        at=now,
    )
    payload = canonical_json(
        {
            "schema": SCHEMA,
            "dossier": reservation.candidature.dossier.reference,
            "opinion_sha256": reservation.opinion.sha256,
            "reservation": reservation.number,
            "text": text.strip(),
            "files": [
                {"name": each.file.name, "sha256": each.file.blob.sha256, "size": each.file.blob.size} for each in files
            ],
            "answered_by": str(actor),
            "answered_at": now,
        }
    )
    answer: ReservationAnswer = ReservationAnswer.objects.create(
        reservation=reservation,
        text=text.strip(),
        payload=payload,
        sha256=sha256_hex(payload),
        seal=seal_bytes(payload, at=now),
        answered_by=actor,
        answered_at=now,
    )
    ReservationFile.objects.filter(pk__in=[each.pk for each in files]).update(answer=answer)
    tell(reservation.candidature, "reservation_answered", actor=actor, data={"number": reservation.number})
    hand_reservations(reservation.candidature)
    transaction.on_commit(partial(notices.reservation_answered, reservation))
    return answer


def _require_prepare(actor: User, reservation: Reservation) -> None:
    if not can_prepare(actor, reservation):
        raise PermissionDenied("prepare_answer")


def _find_unanswerable(reservation: Reservation) -> list[Blocker]:
    if reservation.state == ReservationState.ANSWERED:
        return [Blocker("answered", "Votre réponse à cette réserve est en cours d’examen.")]
    return find_unfollowed(reservation)


def _find_answer_faults(text: str, files: Sequence[ReservationFile]) -> list[Blocker]:
    blockers = []
    if not text.strip():
        blockers.append(Blocker("text", "Rédigez votre réponse.", "#id_text"))
    if len(text) > COMMENT_MAX:
        blockers.append(
            Blocker("too_long", f"Ce texte compte {len(text)} caractères : {COMMENT_MAX} au plus.", "#id_text")
        )
    blockers += [
        Blocker("unsafe_evidence", f"« {each.file.name} » : {reason.message}", "#zone")
        for each in files
        if (reason := withheld_reason(each.file))
    ]
    return blockers


# -- the listing team


@transaction.atomic
def comment_reservation(*, reservation_id: UUID, text: str, actor: User) -> ReservationComment:
    """What an expert of the file, or the team, thinks of an answer: read by agents alone (OQ-11)."""
    reservation = lock_reservation(reservation_id, actor)
    if not can_instruct(actor, reservation):
        raise PermissionDenied("comment_reservation")
    blockers = find_unfollowed(reservation)
    if not text.strip():
        blockers.append(Blocker("text", "Rédigez votre avis technique.", "#id_comment-text"))
    if blockers:
        raise TransitionRefused(blockers)
    record("reservation.comment", subject=reservation, actor=actor)
    comment: ReservationComment = ReservationComment.objects.create(
        reservation=reservation, author=actor, text=text.strip(), at=timezone.now()
    )
    return comment


@transaction.atomic
def lift_reservation(*, reservation_id: UUID, note: str, actor: User) -> Reservation:
    """The commitment is kept. The last suspensive one lifted, the file is free to go to the minister (T29, OQ-11).

    Raises Reservation.DoesNotExist, PermissionDenied, or TransitionRefused.
    """
    reservation = lock_reservation(reservation_id, actor)
    candidature = reservation.candidature
    now = timezone.now()
    workflow.fire(
        reservation,
        "lift",
        actor=actor,
        guard=lambda: [*find_unfollowed(reservation), *_find_note_faults(note)],
        reason=note.strip(),
        note=note.strip(),
        at=now,
    )
    Reservation.objects.filter(pk=reservation.pk).update(decided_by=actor)
    tell(candidature, "reservation_lifted", actor=actor, reason=note.strip(), data={"number": reservation.number})
    transaction.on_commit(partial(notices.reservation_lifted, reservation))
    suspensive = Reservation.objects.filter(candidature=candidature).standing().suspensive()
    if candidature.state == CandidatureState.RESERVATIONS and not suspensive.exists():
        if needs_re_examination(candidature):
            _examine_again(candidature, actor=actor)
        else:
            workflow.fire(candidature, "lift_reservations", actor=actor)
            tell(candidature, "reservations_lifted", actor=actor)
            transaction.on_commit(partial(notices.reservations_lifted, candidature))
        standing.refresh(candidature)
    hand_reservations(candidature)
    return reservation


def needs_re_examination(candidature: Candidature) -> bool:
    """Whether the démarche wants another opinion once the reservations are lifted (OQ-11)."""
    chosen = candidature.enrolment.demarche.settings.get("commission", {}).get("after_lifting")
    return bool(chosen == RE_EXAMINATION)


def _examine_again(candidature: Candidature, *, actor: User) -> None:
    reason = "Réserves suspensives levées : la commission rend un nouvel avis."
    workflow.fire(candidature, "re_examine", actor=None, reason=reason)
    close_reservations(candidature, actor=None, note="Dossier réexaminé par la commission")
    tell(candidature, "sent_to_re_examination", actor=actor, reason=reason)
    transaction.on_commit(partial(notices.sent_back_to_commission, candidature, reason))


@transaction.atomic
def send_back_reservation(*, reservation_id: UUID, note: str, due_on: date | None, actor: User) -> Reservation:
    """The answer does not do: another one is asked, by the same day or a later one (`due_on`).

    Raises Reservation.DoesNotExist, PermissionDenied, or TransitionRefused.
    """
    reservation = lock_reservation(reservation_id, actor)
    now = timezone.now()
    day = due_on or reservation.due_on

    def guard() -> list[Blocker]:
        blockers = [*find_unfollowed(reservation), *_find_note_faults(note)]
        if day <= timezone.localdate(now) or day < reservation.due_on:
            blockers.append(
                Blocker("due_on", "Choisissez une échéance à venir, au plus tôt celle d’avant.", "#id_due_on")
            )
        return blockers

    workflow.fire(reservation, "send_back", actor=actor, guard=guard, reason=note.strip(), note=note.strip(), at=now)
    changed: dict[str, Any] = {"decided_by": actor}
    if day != reservation.due_on:
        changed |= {"due_on": day, "reminded_at": None, "overdue_at": None}
        reservation.due_on = day
    Reservation.objects.filter(pk=reservation.pk).update(**changed)
    tell(
        reservation.candidature,
        "reservation_sent_back",
        actor=actor,
        reason=note.strip(),
        data={"number": reservation.number, "due_on": day.isoformat()},
    )
    hand_reservations(reservation.candidature)
    transaction.on_commit(partial(notices.reservation_sent_back, reservation))
    return reservation


def _find_note_faults(note: str) -> list[Blocker]:
    return [] if note.strip() else [Blocker("note", "Rédigez votre appréciation : l’éditeur la lit.", "#id_note")]


# -- what time and other stages do


def remind_reservations(*, at: datetime) -> int:
    """Remind of days that come, tell of those that passed, each once; catches up after an outage. Returns how many.

    One transaction per reservation: a failure in one keeps none of the others from being told.
    """
    today = timezone.localdate(at)
    soon = Reservation.objects.standing().filter(
        due_on__range=(today, today + timedelta(days=REMIND_DAYS)),
        reminded_at__isnull=True,
        state=ReservationState.OPEN,
    )
    overdue = Reservation.objects.overdue(on=today).filter(overdue_at__isnull=True)
    told = 0
    for keys, remind in ((soon, _remind_soon), (overdue, _tell_overdue)):
        for key, candidature_id in list(keys.order_by("due_on", "pk").values_list("pk", "candidature")):
            with transaction.atomic():
                candidature = lock_candidature(candidature_id)
                reservation = keys.locked().filter(pk=key).first()
                if reservation is None:
                    continue
                reservation.candidature = candidature
                if not find_unfollowed(reservation):
                    remind(reservation, at=at)
                    told += 1
    return told


def _remind_soon(reservation: Reservation, *, at: datetime) -> None:
    Reservation.objects.filter(pk=reservation.pk).update(reminded_at=at)
    transaction.on_commit(partial(notices.reservation_soon, reservation))


def _tell_overdue(reservation: Reservation, *, at: datetime) -> None:
    """An answer under examination is overdue too, yet it is not the editor who is late."""
    Reservation.objects.filter(pk=reservation.pk).update(overdue_at=at)
    if reservation.state == ReservationState.OPEN:
        tell(
            reservation.candidature,
            "reservation_overdue",
            actor=None,
            subject=reservation,
            data={"number": reservation.number, "due_on": reservation.due_on.isoformat()},
        )
        transaction.on_commit(partial(notices.reservation_overdue, reservation))


def close_reservations(candidature: Candidature, *, actor: User | None, note: str) -> None:
    """The file goes another way: nothing more is expected of the editor (A-30). The candidature is locked."""
    for reservation in Reservation.objects.filter(candidature=candidature).standing().locked().in_order():
        reservation.candidature = candidature
        workflow.fire(reservation, "close", actor=actor, reason=note, note=note, at=timezone.now())


def follow_end(candidature: Candidature, *, actor: User | None, reason: str) -> None:
    """Follower of what ends a file: withdrawn by the editor, refused or rescinded."""
    words = "Candidature retirée" if candidature.state == CandidatureState.WITHDRAWN else "Décision du ministre"
    if candidature.state in (CandidatureState.WITHDRAWN, *DECIDED_STATES):
        close_reservations(candidature, actor=actor, note=words)
