"""What a session may examine, and how its agenda looks to one person (A-28)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.selectors import conflicting_organisations
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.commission.enums import PointOutcome
from referencing.commission.models import AgendaPoint, Recusal
from referencing.commission.selectors.conflicts import with_ties

if TYPE_CHECKING:
    from referencing.commission.models import CommissionSession


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """One place of the agenda as one person sees it; `point` is None where a link masks it: « déport », nothing else."""

    position: int
    point: AgendaPoint | None
    is_readable: bool = False
    """The file itself is open to the person."""

    @property
    def awaits_answer(self) -> bool:
        return self.point is not None and not self.is_readable and self.point.outcome == PointOutcome.PENDING


def ready_files(user: User) -> QuerySet[Candidature, Any]:
    """Files that wait for a session, oldest conclusion first, save those that a link hides from the secretary."""
    if not user.access.has(Role.SECRETARY):
        return Candidature.objects.none()
    recused = Recusal.objects.filter(candidature=OuterRef("pk"), person=user)
    return (
        Candidature.objects.filter(state=CandidatureState.READY_COMMISSION)
        .exclude(enrolment__product__organisation__in=conflicting_organisations(user))
        .exclude(Exists(recused))
        .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier")
        .order_by("concluded_at", "pk")
    )


def list_agenda(session: CommissionSession, user: User) -> list[AgendaRow]:
    """Every place of the agenda, in order, its points read `with_ties`; one query."""
    points = with_ties(AgendaPoint.objects.filter(session=session), "candidature__").with_knowledge_of(user)
    return [
        AgendaRow(point.position, point if point.is_known else None, point.is_readable)
        for point in points.select_related("rapporteur").in_order()
    ]


def positions_to_declare(session: CommissionSession, user: User) -> list[int]:
    """Positions of pending points on which the person has not answered yet."""
    points = AgendaPoint.objects.known_by_name_to(user).filter(session=session).pending()
    readable = AgendaPoint.objects.visible_to(user).filter(session=session).values("pk")
    return list(points.exclude(pk__in=readable).in_order().values_list("position", flat=True))
