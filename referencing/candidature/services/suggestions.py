"""Who could examine each theme of a file: people who hold it, how much they carry, whether their interests allow it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import RoleAssignment
from convergence.interests.services import list_obstacles
from referencing.candidature.enums import OPEN_STATES
from referencing.candidature.models import Candidature, ThemeReview
from referencing.dossier.readers import read_payload

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from convergence.accounts.models import User
    from convergence.kernel.errors import Blocker


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person for one theme. `load`: open files with a theme of theirs to conclude; `obstacles` bar the person."""

    person: User
    load: int
    obstacles: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """One theme of the file, its expert if any, and everybody who holds the theme, the least loaded first."""

    review: ThemeReview
    title: str
    criteria: int
    candidates: tuple[Candidate, ...]

    @property
    def holder(self) -> Candidate | None:
        """The expert as a candidate; None without an expert, or when the person no longer holds the theme."""
        return next((each for each in self.candidates if each.person.pk == self.review.expert_id), None)


def list_seats(candidature: Candidature) -> list[Seat]:
    """The themes of the file in the order of its dossier, in six queries whatever their number."""
    reviews = list(candidature.reviews.select_related("expert", "concluded_by").order_by("position"))
    held = _holders(review.theme for review in reviews)
    people = {person.pk: person for persons in held.values() for person in persons}
    loads = count_open_files(people)
    obstacles = list_obstacles(
        people=people.values(), organisation=candidature.enrolment.product.organisation, at=timezone.now()
    )
    themes = {row["code"]: row for row in read_payload(candidature.dossier)["questionnaires"]}
    return [
        Seat(
            review=review,
            title=themes[review.theme]["title"],
            criteria=len(themes[review.theme]["criteria"]),
            candidates=tuple(
                sorted(
                    (
                        Candidate(person, loads.get(person.pk, 0), tuple(obstacles[person.pk]))
                        for person in held[review.theme]
                    ),
                    key=lambda each: (bool(each.obstacles), each.load, str(each.person)),
                )
            ),
        )
        for review in reviews
    ]


def count_open_files(people: Iterable[UUID]) -> dict[UUID, int]:
    """How many open files each expert has a theme to conclude in."""
    reviews = ThemeReview.objects.filter(
        expert__in=list(people), concluded_at__isnull=True, candidature__state__in=OPEN_STATES
    )
    return dict(
        reviews.values("expert").annotate(files=Count("candidature", distinct=True)).values_list("expert", "files")
    )


def _holders(themes: Iterable[str]) -> dict[str, list[User]]:
    held: dict[str, list[User]] = defaultdict(list)
    rows = RoleAssignment.objects.filter(role=Role.EXPERT, theme__in=list(themes), user__is_active=True)
    for row in rows.select_related("user").order_by("user__email"):
        held[row.theme].append(row.user)
    return held
