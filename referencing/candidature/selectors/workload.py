"""How much each person holds, from counts that stop early: the page costs the same whatever the number of files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q, QuerySet

from convergence.accounts.enums import Role
from convergence.accounts.models import User as Person
from convergence.database.statements import CappedCount
from referencing.candidature import ordering
from referencing.candidature.enums import INSTRUCTION_STATES, CandidatureState
from referencing.candidature.models import Candidature, ThemeReview

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: « 200+ » in one cell is too much work for one person already.
CELL_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Workload:
    """Counts stop at `CELL_LIMIT + 1`: per open state for a référent, one of themes to conclude for an expert."""

    person_id: UUID
    name: str
    counts: tuple[int, ...]
    late: int
    themes: tuple[str, ...] = ()


def list_workloads(user: User, *, today: date) -> tuple[list[Workload], list[Workload]]:
    """Référents, then experts, by name: those who hold the role, and those who lost it and still hold files. Two queries."""
    visible = Candidature.objects.visible_to(user)
    late = visible.open().alias(due_key=ordering.due_key()).filter(due_key__lt=today)
    held = visible.filter(referent=OuterRef("pk"))
    in_state = {
        f"in_{state}": _count(
            held.alias(state_rank=ordering.state_rank()).filter(state_rank=ordering.STATE_RANKS[state])
        )
        for state in INSTRUCTION_STATES
    }
    left = Q(Q(role_assignments__isnull=False) | Q(is_active=False), Exists(held.open()))
    referents = _people(Role.LISTING_TEAM, left).annotate(**in_state, late=_count(late.filter(referent=OuterRef("pk"))))
    left_to_conclude = ThemeReview.objects.filter(
        concluded_at__isnull=True,
        candidature__in=visible.filter(state=CandidatureState.EVALUATION).values("pk"),
    )
    # as many as are counted; the file stands between the theme and its expert, hence the second `OuterRef`
    some = left_to_conclude.filter(expert=OuterRef(OuterRef("pk"))).order_by().values("candidature")[: CELL_LIMIT + 1]
    experts = _people(Role.EXPERT, Q()).annotate(
        themes=ArrayAgg("role_assignments__theme", filter=Q(role_assignments__role=Role.EXPERT), default=[]),
        to_conclude=_count(left_to_conclude.filter(expert=OuterRef("pk"))),
        late=_count(late.filter(pk__in=some)),
    )
    return (
        [
            Workload(
                person.pk,
                person.get_full_name(),
                tuple(getattr(person, f"in_{state}") for state in INSTRUCTION_STATES),
                person.late,
            )
            for person in referents
        ],
        [
            Workload(person.pk, person.get_full_name(), (person.to_conclude,), person.late, tuple(person.themes))
            for person in experts
        ],
    )


def _count(rows: QuerySet) -> CappedCount:
    return CappedCount(rows.order_by().values("pk")[: CELL_LIMIT + 1])


def _people(role: Role, more: Q) -> QuerySet[Person]:
    """Active holders of the role, and who `more` adds."""
    holders = Q(is_active=True, role_assignments__role=role)
    return (
        Person.objects.filter(holders | more if more else holders).distinct().order_by("last_name", "first_name", "pk")
    )
