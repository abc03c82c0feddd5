"""Many files change hands at once: what would happen to each, then the same services as for one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.accounts.enums import Theme
from convergence.accounts.models import User
from convergence.accounts.rules import is_listing_team
from convergence.interests.selectors import conflicting_organisations
from convergence.interests.services import find_obstacles
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import notices
from referencing.candidature.core.moves import MAX_MOVES, REFERENT, Move, Wanted
from referencing.candidature.enums import OPEN_STATES, CandidatureState
from referencing.candidature.models import Candidature, ThemeReview
from referencing.candidature.services.assignment import (
    assign_expert,
    assign_referent,
    find_expert_blockers,
    find_holding_blockers,
    lacks_role,
    lacks_theme,
)
from referencing.candidature.services.files import lock_file

if TYPE_CHECKING:
    from collections.abc import Iterable

CHANGED = Blocker("changed", "Ce dossier a changé de mains entre-temps : rien n’a été modifié.")
#: Where an expert still works on a theme.
WORKED_STATES = [CandidatureState.EVALUATION]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Lines that were done, and the others with their reasons."""

    done: Sequence[Move]
    refused: Sequence[Move]


def part_label(part: str) -> str:
    if part == REFERENT:
        return "Référent"
    return Theme(part).label if part in Theme.values else part


def plan_moves(wanted: Iterable[Wanted], *, actor: User, at: datetime) -> list[Move]:
    """What each wish would change, with every reason against it; files that the actor may not see are left out.

    `before_id` of each move is who holds the part now. Queries: two, and at most a few per person who receives.
    """
    asked = list(wanted)[:MAX_MOVES]
    people = {person.pk: person for person in User.objects.filter(pk__in={each.after_id for each in asked})}
    files = {
        row.pk: row
        for row in Candidature.objects.visible_to(actor)
        .filter(pk__in={each.candidature_id for each in asked})
        .select_related("enrolment__product__organisation", "dossier", "referent")
        .defer("dossier__payload", "dossier__seal")
        .prefetch_related("reviews__expert")
    }
    obstacles = _Obstacles(at)
    return [
        _plan(each, files[each.candidature_id], people.get(each.after_id), obstacles)
        for each in asked
        if each.candidature_id in files
    ]


class _Obstacles:
    """`find_obstacles` for many files: asked once per person, and again for the organisations that bar that person."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._barred: dict[UUID, set[UUID]] = {}
        self._found: dict[tuple[UUID, UUID | None], list[Blocker]] = {}

    def of(self, person: User, candidature: Candidature) -> list[Blocker]:
        organisation = candidature.enrolment.product.organisation
        if person.pk not in self._barred:
            self._barred[person.pk] = set(conflicting_organisations(person).values_list("pk", flat=True))
        # without a link to the organisation, the reasons are the same for every other one
        key = (person.pk, organisation.pk if organisation.pk in self._barred[person.pk] else None)
        if key not in self._found:
            self._found[key] = find_obstacles(person=person, organisation=organisation, at=self._at)
        return self._found[key]


def _plan(wanted: Wanted, candidature: Candidature, person: User | None, obstacles: _Obstacles) -> Move:
    if wanted.part == REFERENT:
        holder, blockers = candidature.referent, find_holding_blockers(candidature)
        blockers = [*blockers, *lacks_role(person)]
    else:
        review = next((each for each in candidature.reviews.all() if each.theme == wanted.part), None)
        holder = review.expert if review else None
        blockers = find_expert_blockers(candidature, review)
        if person is None or not person.is_active:
            blockers.append(Blocker("expert", "Choisissez un expert en activité."))
        else:
            blockers += lacks_theme(wanted.part, person)
    if person is not None and not blockers:
        blockers = obstacles.of(person, candidature)
    is_new = wanted.part == REFERENT and candidature.state == CandidatureState.APPLIED
    return Move(
        wanted=replace(wanted, before_id=holder.pk if holder else None),
        product=candidature.enrolment.label,
        organisation=candidature.enrolment.product.organisation.name,
        reference=candidature.dossier.reference,
        part=part_label(wanted.part),
        before=str(holder) if holder else "",
        after=str(person) if person else "",
        blockers=tuple(blockers),
        note="La candidature sera prise en charge." if is_new else "",
    )


def apply_moves(wanted: Sequence[Wanted], *, actor: User) -> BatchResult:
    """Do what a confirmation page listed: each file in its own transaction, those that changed since are left alone.

    Who receives and who gives up files is told once. Raises PermissionDenied.
    """
    if not is_listing_team(actor, None):
        raise PermissionDenied("batch")
    expected = {(each.candidature_id, each.part): each.before_id for each in wanted}
    done, refused = [], []
    # in one order for everybody, so that two batches never wait for each other
    moves = plan_moves(wanted, actor=actor, at=timezone.now())
    for move in sorted(
        (each for each in moves if not each.is_same), key=lambda each: (each.wanted.candidature_id, each.wanted.part)
    ):
        before = expected[move.wanted.candidature_id, move.wanted.part]
        try:
            _move(replace(move.wanted, before_id=before), actor=actor)
        except TransitionRefused as refusal:
            refused.append(replace(move, blockers=refusal.blockers))
        except Candidature.DoesNotExist:
            continue
        else:
            done.append(move)
    _tell(done, actor)
    return BatchResult(done, refused)


@transaction.atomic
def _move(wanted: Wanted, *, actor: User) -> None:
    candidature = lock_file(wanted.candidature_id, actor)
    if wanted.part == REFERENT:
        holder = candidature.referent_id
    else:
        review = ThemeReview.objects.filter(candidature=candidature, theme=wanted.part).first()
        holder = review.expert_id if review else None
    if holder != wanted.before_id:
        raise TransitionRefused([CHANGED])
    if wanted.part == REFERENT:
        assign_referent(candidature_id=candidature.pk, person_id=wanted.after_id, actor=actor, in_batch=True)
    else:
        assign_expert(
            candidature_id=candidature.pk, theme=wanted.part, expert_id=wanted.after_id, actor=actor, in_batch=True
        )


def _tell(done: Sequence[Move], actor: User) -> None:
    received = Counter((move.wanted.after_id, move.wanted.part != REFERENT) for move in done)
    left = Counter(move.wanted.before_id for move in done if move.wanted.before_id)
    people = {
        person.pk: person for person in User.objects.filter(pk__in={*(key for key, _ in received), *left} - {actor.pk})
    }
    for (person_id, has_parts), count in received.items():
        if person_id in people:
            notices.files_received(people[person_id], count, actor, has_parts=has_parts)
    for person_id, count in left.items():
        if person_id in people:
            notices.files_left(people[person_id], count, actor)


def list_held(person: User, *, actor: User) -> dict[str, list[UUID]]:
    """What a person holds now, by part: open files as référent, and themes still to conclude."""
    visible = Candidature.objects.visible_to(actor)
    held: dict[str, list[UUID]] = {}
    mine = visible.filter(referent=person, state__in=OPEN_STATES)
    if files := list(mine.order_by("due_on", "applied_at", "pk").values_list("pk", flat=True)):
        held[REFERENT] = files
    themes = ThemeReview.objects.filter(
        expert=person, concluded_at__isnull=True, candidature__in=visible.filter(state__in=WORKED_STATES).values("pk")
    )
    for theme, candidature in themes.order_by("theme", "candidature__due_on", "candidature").values_list(
        "theme", "candidature"
    ):
        held.setdefault(theme, []).append(candidature)
    return held
