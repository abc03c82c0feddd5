"""Links of interest on the files of an agenda: declared by people on names alone, found by the platform (A-28, BR-153)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from convergence.accounts.enums import Role
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.commission import notices
from referencing.commission.enums import UPCOMING_STATES, RecusalSource, SessionState
from referencing.commission.models import AgendaPoint, Clearance, Recusal
from referencing.commission.services.files import lock_session

if TYPE_CHECKING:
    from collections.abc import Collection

    from convergence.accounts.models import User
    from referencing.commission.models import CommissionSession
    from referencing.commission.selectors.conflicts import Conflicts

#: A link may be discovered until the session is closed.
DECLARABLE_STATES = [*UPCOMING_STATES, SessionState.OPEN, SessionState.WITHOUT_QUORUM]


@transaction.atomic
def declare_links(
    *, session_id: UUID, conflicts: Mapping[UUID, str], free: Iterable[UUID], actor: User, at: datetime
) -> list[Recusal]:
    """Record what the person answers on points that they know by name: `conflicts` (point to reason, which may be
    empty) closes the file to them at once and for good; `free` opens it. The secretary is told of conflicts.

    An answer on a point that the person may not know by name, or that is over, refuses the whole.
    """
    if not actor.access.has(Role.PRESIDENT, Role.MEMBER):
        raise PermissionDenied("declare_links")
    session = lock_session(session_id, actor)
    free_ids = set(free) - set(conflicts)
    known = {point.pk: point for point in AgendaPoint.objects.known_by_name_to(actor).filter(session=session).pending()}
    blockers = []
    if session.state not in DECLARABLE_STATES:
        blockers.append(Blocker("too_late", "La séance est terminée : il n’y a plus rien à déclarer."))
    if not {*conflicts, *free_ids}:
        blockers.append(Blocker("nothing", "Répondez pour au moins un point de l’ordre du jour."))
    if not {*conflicts, *free_ids} <= known.keys():
        blockers.append(Blocker("unknown", "L’ordre du jour a changé depuis : relisez-le, puis répondez de nouveau."))
    if blockers:
        raise TransitionRefused(blockers)
    for point_id in sorted(free_ids, key=str):
        clearance, is_new = Clearance.objects.get_or_create(
            candidature_id=known[point_id].candidature_id, person=actor, defaults={"declared_at": at}
        )
        if is_new:
            record("clearance.declare", subject=clearance, actor=actor)
    recusals = [
        _recuse(known[point_id].candidature_id, actor, RecusalSource.DECLARED, conflicts[point_id], at=at, actor=actor)
        for point_id in sorted(conflicts, key=str)
    ]
    if recusals:
        transaction.on_commit(partial(notices.conflict_declared, session, actor, [known[each] for each in conflicts]))
    return recusals


def note_found(
    points: Collection[AgendaPoint], people: Collection[User], conflicts: Conflicts, *, at: datetime
) -> list[Recusal]:
    """Keep the conflicts that the platform finds at the opening, for the minutes: they count before that, and after."""
    return [
        _recuse(point.candidature_id, person, RecusalSource.PLATFORM, "", at=at, actor=None)
        for point in points
        for person in sorted(people, key=lambda each: str(each.pk))
        if person.pk in conflicts.found.get(point.candidature_id, ())
        and person.pk not in conflicts.declared.get(point.candidature_id, ())
    ]


@transaction.atomic
def lift_recusal(*, recusal_id: int, reason: str, session: CommissionSession, actor: User) -> None:
    """Undo a link declared by mistake, before the session opens: the person answers again. The journal keeps both."""
    if not actor.access.has(Role.SECRETARY):
        raise PermissionDenied("lift_recusal")
    locked = lock_session(session.pk, actor)
    recusal = Recusal.objects.select_for_update(of=("self",)).get(
        pk=recusal_id,
        candidature__in=AgendaPoint.objects.visible_to(actor).filter(session=locked).values("candidature"),
    )
    blockers = []
    if locked.state not in UPCOMING_STATES:
        blockers.append(Blocker("too_late", "La séance est ouverte ou terminée : le déport reste."))
    if recusal.source != RecusalSource.DECLARED:
        blockers.append(Blocker("found", "Ce déport est relevé par la plateforme : il suit la déclaration d’intérêts."))
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez le motif.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    record(
        "recusal.lift",
        subject=recusal,
        actor=actor,
        reason=reason.strip(),
        data={"person": str(recusal.person), "candidature": str(recusal.candidature_id)},
    )
    recusal.delete()


def _recuse(
    candidature_id: UUID, person: User, source: RecusalSource, reason: str, *, at: datetime, actor: User | None
) -> Recusal:
    recusal, is_new = Recusal.objects.get_or_create(
        candidature_id=candidature_id,
        person=person,
        defaults={"source": source, "reason": reason.strip(), "declared_at": at},
    )
    if is_new:
        record("recusal.declare", subject=recusal, actor=actor, data={"source": source})
    return recusal
