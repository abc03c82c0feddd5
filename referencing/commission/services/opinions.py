"""Giving the opinion of the commission, once the vote has decided (T26, T28)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.documents.signatures import seal_bytes
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker
from referencing.candidature.content import load_content
from referencing.candidature.services import standing
from referencing.candidature.services.journal import tell
from referencing.commission import opinion_notices as notices
from referencing.commission.core.opinion import SCHEMA, Fault, NewReservation, build_opinion, find_faults
from referencing.commission.enums import OpinionKind, PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, Opinion, Reservation
from referencing.commission.selectors.deliberation import deciding_vote
from referencing.commission.services.balls import hand_reservations
from referencing.commission.services.points import lock_run_point

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from referencing.candidature.models import Candidature


@transaction.atomic
def give_opinion(*, point_id: UUID, reasons: str, reservations: Sequence[NewReservation] = (), actor: User) -> Opinion:
    """Freeze what the vote decided, with reasons and reservations, and tell the editor (T26, N14); suspensive reservations
    then wait for them (T28).

    Raises AgendaPoint.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    point = lock_run_point(point_id, actor)
    candidature = point.candidature
    vote = deciding_vote(point)
    kind = vote.result if vote else ""
    criteria = load_titles(candidature)
    now = timezone.now()
    workflow.fire(
        candidature,
        "give_opinion",
        actor=actor,
        guard=lambda: find_opinion_blockers(point, reasons, reservations),
        data={"opinion": kind},
    )
    payload = canonical_json(
        build_opinion(
            kind=kind,
            kind_text=OpinionKind(kind).label,
            reasons=reasons.strip(),
            header=_header(point),
            reservations=reservations,
            criteria=criteria,
            at=now,
        )
    )
    opinion: Opinion = Opinion.objects.create(
        candidature=candidature,
        point=point,
        kind=kind,
        reasons=reasons.strip(),
        payload=payload,
        sha256=sha256_hex(payload),
        seal=seal_bytes(payload, at=now),
        schema=SCHEMA,
        given_at=now,
    )
    Reservation.objects.bulk_create(
        Reservation(
            opinion=opinion,
            candidature=candidature,
            number=number,
            is_suspensive=each.is_suspensive,
            criterion=each.criterion,
            text=each.text.strip(),
            expected=each.expected.strip(),
            due_on=each.due_on,
        )
        for number, each in enumerate(reservations, start=1)
    )
    point.outcome, point.ended_at = PointOutcome.OPINION, now
    point.save(update_fields=["outcome", "ended_at"])
    tell(candidature, "opinion_given", actor=actor, data={"opinion": OpinionKind(kind).label})
    if kind == OpinionKind.WITH_SUSPENSIVE:
        workflow.fire(candidature, "open_reservations", actor=actor)
    standing.refresh(candidature)
    hand_reservations(candidature)
    transaction.on_commit(partial(notices.opinion_given, opinion))
    return opinion


def find_opinion_blockers(point: AgendaPoint, reasons: str, reservations: Sequence[NewReservation]) -> list[Blocker]:
    """Every reason not to give this opinion now, each linked to its field (BR-156)."""
    vote = deciding_vote(point)
    kind = vote.result if vote else ""
    if blockers := find_point_blockers(point, kind):
        return blockers
    criteria = load_titles(point.candidature)
    faults = find_faults(kind, reasons, reservations, criteria=criteria, today=timezone.localdate())
    return [Blocker(each.code, each.message, anchor_of(each)) for each in faults]


def find_point_blockers(point: AgendaPoint, kind: str) -> list[Blocker]:
    """Why no opinion can be given on this point yet; the minutes of a closed session may still be behind."""
    if point.session.state not in (SessionState.OPEN, SessionState.CLOSED):
        return [Blocker("session_not_open", "La séance n’est pas ouverte.")]
    if point.outcome != PointOutcome.PENDING:
        return [Blocker("point_ended", "L’examen de ce point est terminé.")]
    if not kind:
        return [Blocker("no_vote", "Aucun scrutin n’a décidé de l’avis sur ce point.")]
    return []


def load_titles(candidature: Candidature) -> dict[str, str]:
    """Titles of the criteria of the file by code, in order: what a reservation may be tied to."""
    return {each.code: each.title for each in load_content(candidature).criteria}


def anchor_of(fault: Fault) -> str:
    """The field of `forms.deliberation.ReservationFormSet` that mends it."""
    if not fault.field:
        return ""
    return f"#id_{fault.field}" if fault.row is None else f"#id_reservations-{fault.row}-{fault.field}"


def _header(point: AgendaPoint) -> dict[str, Any]:
    candidature = point.candidature
    conclusion = candidature.conclusions.order_by("-number").first()
    return {
        "session": {"number": point.session.number, "held_at": point.session.held_at, "point": point.position},
        "dossier": candidature.dossier.reference,
        "dossier_sha256": candidature.dossier.sha256,
        "conclusion_sha256": conclusion.sha256 if conclusion else "",
        "product": point.product_name,
        "organisation": point.organisation_name,
    }
