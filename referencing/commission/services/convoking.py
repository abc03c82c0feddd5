"""Convocations: what is sent to whom, with which notice, and the proof that it was received (BR-150, BR-152, A-27)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from convergence.audit.services import record
from convergence.jobs.services import enqueue
from convergence.kernel.canonical import sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import PARIS, format_date
from referencing.commission import notices
from referencing.commission.core.notice import has_enough_notice, last_day_to_receive
from referencing.commission.enums import Channel, ConvocationKind
from referencing.commission.models import (
    AgendaPoint,
    CommissionSession,
    Convocation,
    ConvocationReceipt,
)
from referencing.commission.selectors.conflicts import load_conflicts, load_ties
from referencing.commission.selectors.people import list_terms
from referencing.commission.services.files import lock_session, require_secretary

if TYPE_CHECKING:
    from convergence.accounts.models import User

CONVOCATION_JOB = "commission.convocation"


def find_notice_blockers(session: CommissionSession, urgency_reason: str, *, at: datetime) -> list[Blocker]:
    """Why a convocation sent at that instant would not be regular: too late without urgency, or nobody to convoke."""
    blockers = []
    held_on = timezone.localdate(session.held_at)
    if session.held_at <= at:
        blockers.append(Blocker("past", "La date de la séance est passée : fixez-en une nouvelle.", "#id_day"))
    elif not has_enough_notice(timezone.localdate(at), held_on) and not urgency_reason.strip():
        blockers.append(
            Blocker(
                "too_late",
                "La convocation doit être reçue cinq jours francs avant la séance, donc le "
                f"{format_date(last_day_to_receive(held_on))} au plus tard. En cas d’urgence, indiquez-en le motif.",
                "#id_urgency_reason",
            )
        )
    if not list_terms(session):
        blockers.append(Blocker("no_member", "Aucun membre n’a de mandat le jour de la séance."))
    return blockers


def send_convocation(
    session: CommissionSession,
    kind: ConvocationKind,
    points: Sequence[AgendaPoint],
    *,
    urgency_reason: str,
    actor: User,
    at: datetime,
) -> Convocation:
    """Keep and send a convocation on these points, for a caller who has checked and holds the locks.

    Received when its mail and its notification leave; a letter recorded later takes the place of that day. Its PDF is
    made and sealed by jobs, one for each set of points that some members may not know (A-28).
    """
    CommissionSession.objects.filter(pk=session.pk).update(calendar_sequence=F("calendar_sequence") + 1)
    session.refresh_from_db(fields=["calendar_sequence"])
    convocation = Convocation.objects.create(
        session=session,
        kind=kind,
        held_at=session.held_at,
        place=session.place,
        remote_url=session.remote_url,
        agenda=[
            {
                "point": str(point.pk),
                "position": point.position,
                "product": point.product_name,
                "organisation": point.organisation_name,
            }
            for point in points
        ],
        urgency_reason=urgency_reason.strip(),
        sent_by=actor,
        sent_at=at,
    )
    terms = {term.person_id: term for term in list_terms(session)}
    people = [term.person for term in terms.values()]
    ConvocationReceipt.objects.bulk_create(
        ConvocationReceipt(convocation=convocation, seat=term.seat, person=term.person, received_at=at)
        for term in terms.values()
    )
    record(f"convocation.{kind}", subject=convocation, actor=actor, reason=convocation.urgency_reason)
    conflicts = load_conflicts(load_ties([point.candidature_id for point in points]), people, at=at)
    masks = {()} | {
        tuple(sorted(str(point.pk) for point in points if conflicts.bars(point.candidature_id, person.pk)))
        for person in people
    }
    for mask in sorted(masks):
        prepare_document(convocation, mask)
    transaction.on_commit(partial(notices.convoked, convocation, session, people))
    for point in points:
        transaction.on_commit(partial(notices.file_announced, point.candidature, session))
    return convocation


def mask_of(masked: Sequence[str]) -> str:
    """The key of a set of masked points; empty when everything shows."""
    return sha256_hex("\n".join(sorted(masked)).encode()) if masked else ""


def prepare_document(convocation: Convocation, masked: Sequence[str]) -> None:
    """Have the PDF made by a job, after commit; nothing when it is already being made."""
    enqueue(
        kind=CONVOCATION_JOB,
        payload={"convocation": str(convocation.pk), "masked": sorted(masked)},
        key=f"{convocation.pk}:{mask_of(masked)[:16]}",
    )


def note_consulted(session: CommissionSession, person: User, *, at: datetime) -> int:
    """The person opened the page of the session: one more proof of receipt. Returns how many convocations it proves."""
    receipts = ConvocationReceipt.objects.unread_by(person).filter(convocation__session=session)
    return receipts.update(consulted_at=at)


@transaction.atomic
def record_letter(*, receipt_id: int, received_on: date, proof: str, actor: User, at: datetime) -> ConvocationReceipt:
    """The convocation of that member was received by letter on that day, with its proof: recorded delivery, receipt."""
    require_secretary(actor)
    receipt = ConvocationReceipt.objects.select_related("convocation__session").get(pk=receipt_id)
    lock_session(receipt.convocation.session_id, actor)
    blockers = []
    if not proof.strip():
        blockers.append(
            Blocker("proof", "Indiquez la preuve : numéro de recommandé, ou remise en main propre.", "#id_proof")
        )
    sent_on = timezone.localdate(receipt.convocation.sent_at)
    if not sent_on <= received_on <= timezone.localdate(at):
        blockers.append(
            Blocker(
                "received_on",
                f"Indiquez un jour entre l’envoi, le {format_date(sent_on)}, et aujourd’hui.",
                "#id_received_on",
            )
        )
    if blockers:
        raise TransitionRefused(blockers)
    receipt.channel, receipt.proof = Channel.LETTER, proof.strip()
    receipt.received_at = datetime.combine(received_on, time(12), tzinfo=PARIS)
    receipt.save(update_fields=["channel", "proof", "received_at"])
    record(
        "convocationreceipt.letter",
        subject=receipt,
        actor=actor,
        reason=receipt.proof,
        data={"received_on": received_on.isoformat()},
    )
    return receipt


def list_late_receipts(session: CommissionSession, receipts: Iterable[ConvocationReceipt]) -> list[ConvocationReceipt]:
    """Of the receipts of a session, those without five clear days and without urgency: it may be held, its regularity may
    be discussed."""
    held_on = timezone.localdate(session.held_at)
    return [
        receipt
        for receipt in receipts
        if receipt.convocation.held_at == session.held_at
        and not receipt.convocation.urgency_reason
        and (receipt.received_at is None or not has_enough_notice(timezone.localdate(receipt.received_at), held_on))
    ]
