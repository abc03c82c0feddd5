"""The agenda of a session: files added, put in order, given a rapporteur, postponed, adjourned, withdrawn (T25, T27, A-30)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.interests.services import find_obstacles
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.enums import CandidatureState, Proposal
from referencing.candidature.models import Candidature
from referencing.candidature.rules import runs_commission
from referencing.candidature.services.connection.standing import find_test_blockers
from referencing.candidature.services.journal import tell
from referencing.commission import notices
from referencing.commission.enums import UPCOMING_STATES, ConvocationKind, PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, CommissionSession, Guest
from referencing.commission.selectors.agenda import ready_files
from referencing.commission.services.convoking import find_notice_blockers, send_convocation
from referencing.commission.services.files import (
    keep_standing,
    lock_files,
    lock_point,
    lock_session,
    require_secretary,
)
from referencing.enrolment.editors import name_editor

#: A point may still leave the agenda.
MOVABLE_STATES = [*UPCOMING_STATES, SessionState.OPEN, SessionState.WITHOUT_QUORUM]
RAPPORTEUR = "Rapporteur"


@transaction.atomic
def add_files(
    *, session_id: UUID, candidature_ids: Collection[UUID], actor: User, at: datetime, urgency_reason: str = ""
) -> list[AgendaPoint]:
    """Put ready files at the end of the agenda (T25). After the convocation, the addition is a convocation of its own,
    sent at once: received five clear days before, or urgent with a reason (A-27, BR-150).

    A favourable proposal whose connection tests are no longer passed is refused (BR-136). Refuses all or nothing.
    """
    require_secretary(actor)
    files = lock_files(ready_files(actor).filter(pk__in=list(candidature_ids)).values_list("pk", flat=True))
    session = lock_session(session_id, actor)
    blockers = _find_addition_blockers(session, candidature_ids, files, urgency_reason, at=at)
    if blockers:
        raise TransitionRefused(blockers)
    last = session.points.aggregate(last=Max("position"))["last"] or 0
    points = []
    wanted = sorted(files.values(), key=lambda each: (each.concluded_at or at, str(each.pk)))
    for position, candidature in enumerate(wanted, start=last + 1):
        workflow.fire(candidature, "schedule", actor=actor, data={"session": session.number})
        enrolment = candidature.enrolment
        point = AgendaPoint.objects.create(
            session=session,
            candidature=candidature,
            position=position,
            product_name=enrolment.label,
            organisation_name=name_editor(enrolment),
            added_by=actor,
            added_at=at,
        )
        held_on = timezone.localdate(session.held_at)
        tell(candidature, "scheduled", actor=actor, data={"held_on": held_on.isoformat()})
        keep_standing(candidature, held_on)
        points.append(point)
    if session.state != SessionState.PLANNED:
        send_convocation(session, ConvocationKind.ADDITION, points, urgency_reason=urgency_reason, actor=actor, at=at)
    return points


def _find_addition_blockers(
    session: CommissionSession,
    wanted: Collection[UUID],
    files: dict[UUID, Candidature],
    urgency_reason: str,
    *,
    at: datetime,
) -> list[Blocker]:
    blockers = []
    if session.state not in UPCOMING_STATES:
        blockers.append(Blocker("wrong_state", "L’ordre du jour de cette séance ne change plus."))
    if not wanted:
        blockers.append(Blocker("nothing", "Choisissez au moins un dossier.", "#id_chosen_0"))
    if files.keys() != set(wanted):
        blockers.append(
            Blocker("not_ready", "Un des dossiers choisis n’est plus prêt pour la commission.", "#id_chosen_0")
        )
    there = set(session.points.filter(candidature__in=list(files)).values_list("candidature", flat=True))
    for candidature in files.values():
        name = candidature.enrolment.label
        if candidature.state != CandidatureState.READY_COMMISSION:
            blockers.append(Blocker("not_ready", f"{name} n’est plus prêt pour la commission.", "#id_chosen_0"))
        elif candidature.pk in there:
            blockers.append(
                Blocker("already_there", f"{name} a déjà été à l’ordre du jour de cette séance.", "#id_chosen_0")
            )
        if candidature.proposal == Proposal.FAVOURABLE:
            # The page of the tests is not the secretary’s to open.
            blockers += [
                Blocker(each.code, f"{name} : {each.message[0].lower()}{each.message[1:]}", "#id_chosen_0")
                for each in find_test_blockers(candidature)
            ]
    if session.state != SessionState.PLANNED:
        blockers += find_notice_blockers(session, urgency_reason, at=at)
    return blockers


@transaction.atomic
def move_point(*, point_id: UUID, is_up: bool, actor: User) -> AgendaPoint:
    """Exchange the point with its neighbour; nothing happens at the ends."""
    require_secretary(actor)
    point: AgendaPoint = AgendaPoint.objects.visible_to(actor).get(pk=point_id)
    session = lock_session(point.session_id, actor)
    if session.state not in UPCOMING_STATES:
        raise TransitionRefused([Blocker("wrong_state", "L’ordre du jour de cette séance ne change plus.")])
    points = list(session.points.locked().in_order())
    rank = next(rank for rank, each in enumerate(points) if each.pk == point.pk)
    other = rank - 1 if is_up else rank + 1
    if 0 <= other < len(points):
        points[rank], points[other] = points[other], points[rank]
        for position, each in enumerate(points, start=1):
            each.position = position
        AgendaPoint.objects.bulk_update(points, ["position"])
        record("agendapoint.move", subject=point, actor=actor, data={"position": other + 1})
    return point


@transaction.atomic
def set_rapporteur(*, point_id: UUID, person: User | None, actor: User, at: datetime) -> AgendaPoint:
    """Who presents the file: an agent without link with the editor; heard without a voice, out before the vote (A-29)."""
    require_secretary(actor)
    point = lock_point(point_id, actor)
    blockers = [] if point.session.state in MOVABLE_STATES else [Blocker("wrong_state", "Cette séance est terminée.")]
    if person is not None:
        if not person.access.has(Role.LISTING_TEAM, Role.EXPERT):
            blockers.append(
                Blocker("role", f"{person} n’est ni de l’équipe de référencement ni expert.", "#id_rapporteur")
            )
        blockers += [
            Blocker(each.code, each.message, "#id_rapporteur")
            for each in find_obstacles(
                person=person, organisation=point.candidature.enrolment.product.organisation, at=at
            )
        ]
    if blockers:
        raise TransitionRefused(blockers)
    point.rapporteur = person
    point.save(update_fields=["rapporteur"])
    Guest.objects.filter(point=point, quality=RAPPORTEUR, entered_at__isnull=True).delete()
    if person is not None:
        Guest.objects.create(session=point.session, point=point, name=str(person), quality=RAPPORTEUR)
    record("agendapoint.set_rapporteur", subject=point, actor=actor, data={"rapporteur": str(person or "")})
    return point


@transaction.atomic
def postpone_point(*, point_id: UUID, reason: str, actor: User, at: datetime) -> None:
    """To a later session (T27), with a reason; before anything was announced, the point simply leaves the agenda."""
    if not runs_commission(actor, None):
        raise PermissionDenied("postpone")
    point = lock_point(point_id, actor)
    blockers = find_point_blockers(point, MOVABLE_STATES)
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez le motif du report.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    postpone(point, reason.strip(), actor=actor, at=at)


def postpone(point: AgendaPoint, reason: str, *, actor: User | None, at: datetime) -> None:
    """As `postpone_point`, for a caller who has locked the point and its file, and checked."""
    candidature = point.candidature
    workflow.fire(candidature, "postpone", actor=actor, reason=reason)
    tell(candidature, "postponed", actor=actor)
    tell(candidature, "postponed_reason", actor=actor, internal=True, reason=reason)
    keep_standing(candidature)
    if point.session.state == SessionState.PLANNED:
        record("agendapoint.remove", subject=point, actor=actor, reason=reason)
        Guest.objects.filter(point=point).delete()
        point.delete()
        return
    end_point(point, PointOutcome.POSTPONED, reason, actor=actor, at=at)
    transaction.on_commit(partial(notices.point_postponed, point, reason))


@transaction.atomic
def adjourn_point(*, point_id: UUID, documents: str, actor: User, at: datetime) -> None:
    """« Surseoir à statuer »: the file goes back to evaluation for the documents that the commission asks (T26b, A-30)."""
    if not runs_commission(actor, None):
        raise PermissionDenied("adjourn")
    point = lock_point(point_id, actor)
    blockers = find_point_blockers(point, [SessionState.OPEN])
    asked = documents.strip()
    if not asked:
        blockers.append(Blocker("documents", "Indiquez les documents que la commission demande.", "#id_documents"))
    if blockers:
        raise TransitionRefused(blockers)
    candidature = point.candidature
    workflow.fire(candidature, "adjourn", actor=actor, reason=asked)
    tell(candidature, "adjourned", actor=actor, reason=asked)
    keep_standing(candidature)
    end_point(point, PointOutcome.ADJOURNED, asked, actor=actor, at=at)
    transaction.on_commit(partial(notices.point_adjourned, point, asked))


def withdraw_points(candidature: Candidature, *, actor: User | None, reason: str) -> None:
    """Follower of `candidature.withdraw`: the pending point has no object any more."""
    now = timezone.now()
    for point in AgendaPoint.objects.pending().locked().filter(candidature=candidature).select_related("session"):
        point.candidature = candidature
        end_point(point, PointOutcome.WITHDRAWN, reason, actor=actor, at=now)
        transaction.on_commit(partial(notices.point_withdrawn, point))


def end_point(point: AgendaPoint, outcome: PointOutcome, reason: str, *, actor: User | None, at: datetime) -> None:
    """Write how a point ended; the caller has locked it and moves its file."""
    point.outcome, point.outcome_reason, point.ended_at = outcome, reason, at
    point.save(update_fields=["outcome", "outcome_reason", "ended_at"])
    record(f"agendapoint.{outcome}", subject=point, actor=actor, reason=reason)


def find_point_blockers(point: AgendaPoint, states: Collection[str]) -> list[Blocker]:
    """Why a point cannot leave the agenda now."""
    blockers = []
    if point.session.state not in states:
        blockers.append(Blocker("wrong_state", "Cette action n’est plus possible dans cet état de la séance."))
    if point.outcome != PointOutcome.PENDING:
        blockers.append(Blocker("ended", f"Ce point est terminé : {point.get_outcome_display().lower()}."))
    if point.votes.filter(closed_at__isnull=True).exists():
        blockers.append(Blocker("vote_open", "Un scrutin est ouvert sur ce point : clôturez-le d’abord."))
    return blockers
