"""Locking, in the one order that all services keep: candidatures by key, then the session, then its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied

from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.enums import Holder
from referencing.candidature.models import Candidature
from referencing.candidature.services.standing import hand_to, refresh
from referencing.commission.models import AgendaPoint, CommissionSession
from referencing.commission.rules import can_run

if TYPE_CHECKING:
    from datetime import date

    from convergence.accounts.models import User

CHANGED = Blocker("changed", "L’ordre du jour vient de changer. Relisez-le, puis recommencez.")


def lock_files(keys: Iterable[UUID]) -> dict[UUID, Candidature]:
    """Candidatures with what services read of them, locked in the order of their keys."""
    rows = (
        Candidature.objects.filter(pk__in=list(keys))
        .locked()
        .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier", "referent")
        .order_by("pk")
    )
    return {candidature.pk: candidature for candidature in rows}


def lock_session(session_id: UUID, actor: User | None) -> CommissionSession:
    """The session, locked; `actor=None` is the platform. Raises CommissionSession.DoesNotExist for a stranger."""
    sessions = CommissionSession.objects.all() if actor is None else CommissionSession.objects.visible_to(actor)
    session: CommissionSession = sessions.locked().get(pk=session_id)
    return session


def lock_agenda(session_id: UUID, actor: User) -> tuple[CommissionSession, list[tuple[AgendaPoint, Candidature]]]:
    """The session with its pending points in order, each with its file; refuses when the agenda changed meanwhile."""
    waiting = AgendaPoint.objects.pending().filter(session=session_id)
    files = lock_files(waiting.values_list("candidature", flat=True))
    session = lock_session(session_id, actor)
    points = list(waiting.locked().in_order())
    if any(point.candidature_id not in files for point in points):
        raise TransitionRefused([CHANGED])
    for point in points:
        point.session, point.candidature = session, files[point.candidature_id]
    return session, [(point, files[point.candidature_id]) for point in points]


def lock_point(point_id: UUID, actor: User) -> AgendaPoint:
    """A point that the person may know, with its file and its session, all locked.

    Raises AgendaPoint.DoesNotExist for whoever may not know the file, conflict included (A-28).
    """
    found = AgendaPoint.objects.visible_to(actor).get(pk=point_id)
    files = lock_files([found.candidature_id])
    session = lock_session(found.session_id, actor)
    point: AgendaPoint = AgendaPoint.objects.locked().get(pk=point_id)
    point.session, point.candidature = session, files[point.candidature_id]
    return point


def require_secretary(actor: User) -> None:
    if not can_run(actor):
        raise PermissionDenied("commission")


def keep_standing(candidature: Candidature, held_on: date | None = None) -> None:
    """Recompute who holds the file; on an agenda, it is the commission’s until the day of the session."""
    refresh(candidature)
    if held_on is not None:
        hand_to(candidature, Holder.COMMISSION, due_on=held_on)
