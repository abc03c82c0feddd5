"""Finding a point to work on, and its examination until the vote (T26, A-29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.models import Candidature
from referencing.commission.enums import PointOutcome, SessionState
from referencing.commission.models import AgendaPoint
from referencing.commission.rules import can_chair
from referencing.commission.selectors.deliberation import Bench, load_bench

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


def lock_candidature(pk: UUID) -> Candidature:
    """The file, locked first of all rows, with what services read of it; the caller has checked who asks."""
    candidature: Candidature = (
        Candidature.objects.locked()
        .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier", "referent")
        .get(pk=pk)
    )
    return candidature


def lock_point(point_id: UUID, actor: User) -> AgendaPoint:
    """The point and, before it, its file. Raises AgendaPoint.DoesNotExist for whoever may not know it (A-28)."""
    found = AgendaPoint.objects.visible_to(actor).values_list("candidature", flat=True).get(pk=point_id)
    candidature = lock_candidature(found)
    point: AgendaPoint = AgendaPoint.objects.locked().select_related("session__chair", "rapporteur").get(pk=point_id)
    point.candidature = candidature
    return point


def lock_run_point(point_id: UUID, actor: User) -> AgendaPoint:
    """As `lock_point`, for whoever runs the session. Raises PermissionDenied too."""
    point = lock_point(point_id, actor)
    if not can_chair(actor, point):
        raise PermissionDenied("run_point")
    return point


def find_closed(point: AgendaPoint) -> list[Blocker]:
    """Why nothing more is examined on this point."""
    if point.session.state != SessionState.OPEN:
        return [Blocker("session_not_open", "La séance n’est pas ouverte.")]
    if point.outcome != PointOutcome.PENDING:
        return [Blocker("point_ended", "L’examen de ce point est terminé.")]
    return []


@transaction.atomic
def start_examination(*, point_id: UUID, actor: User) -> AgendaPoint:
    """Call the point: prepared opinions become readable. Raises AgendaPoint.DoesNotExist, PermissionDenied, or
    TransitionRefused: another point is being examined, the session is not open."""
    point = lock_run_point(point_id, actor)
    blockers = find_closed(point)
    if not blockers and point.examined_at is not None:
        blockers = [Blocker("examined", "L’examen de ce point a déjà commencé.")]
    other = AgendaPoint.objects.filter(session=point.session, examined_at__isnull=False).pending().exclude(pk=point.pk)
    if current := other.first():
        blockers.append(
            Blocker("other_point", f"Terminez d’abord l’examen du point n° {current.position}, ou reportez-le.")
        )
    if blockers:
        raise TransitionRefused(blockers)
    point.examined_at = timezone.now()
    point.save(update_fields=["examined_at"])
    record("agendapoint.examine", subject=point, actor=actor)
    return point


@transaction.atomic
def start_deliberation(*, point_id: UUID, has_rapporteur_left: bool, actor: User) -> AgendaPoint:
    """Whoever has no voice left the room: the members deliberate (A-29).

    `has_rapporteur_left`: said by whoever runs the session, when the point has a rapporteur.
    """
    point = lock_run_point(point_id, actor)
    blockers = find_closed(point)
    if not blockers:
        if point.examined_at is None:
            blockers.append(Blocker("not_examined", "Commencez d’abord l’examen de ce point."))
        if point.deliberated_at is not None:
            blockers.append(Blocker("deliberating", "Le délibéré a déjà commencé."))
        blockers += find_strangers(point, load_bench(point, at=timezone.now()))
        if point.rapporteur_id and not has_rapporteur_left:
            blockers.append(
                Blocker(
                    "rapporteur_inside",
                    f"Confirmez que le rapporteur ({point.rapporteur}) a quitté la séance.",
                    "#id_has_rapporteur_left",
                )
            )
    if blockers:
        raise TransitionRefused(blockers)
    point.deliberated_at = timezone.now()
    point.save(update_fields=["deliberated_at"])
    record("agendapoint.deliberate", subject=point, actor=actor)
    return point


def find_strangers(point: AgendaPoint, bench: Bench) -> list[Blocker]:
    """Persons without a voice who are still inside; a rapporteur who sits has none on this file either (A-29)."""
    blockers = [
        Blocker("guest_inside", f"{guest.name} ({guest.quality}) n’a pas quitté la séance.")
        for guest in bench.outsiders
    ]
    if point.rapporteur and bench.voices_of(point.rapporteur):
        blockers.append(
            Blocker(
                "rapporteur_sits", f"Le rapporteur ({point.rapporteur}) siège : notez son départ avant le délibéré."
            )
        )
    return blockers
