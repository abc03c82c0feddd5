"""Who examines a file: its référent, and an expert per theme (BR-110, BR-112, A-21, A-22)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.accounts.rules import is_listing_team
from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import notices
from referencing.candidature.enums import OPEN_STATES, UNTAKEN_STATES, CandidatureState
from referencing.candidature.models import Candidature, ThemeReview
from referencing.candidature.services import standing
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.interests import find_obstacles
from referencing.candidature.services.journal import tell
from referencing.dossier.readers import read_payload

if TYPE_CHECKING:
    from uuid import UUID

#: States in which a file has a référent who may be changed.
HELD_STATES = [state for state in OPEN_STATES if state not in UNTAKEN_STATES]


@transaction.atomic
def assign_expert(
    *, candidature_id: UUID, theme: str, expert_id: UUID | None, actor: User, in_batch: bool = False
) -> ThemeReview:
    """Give a theme of the file to an expert, or take it back with `expert_id=None`; verdicts stay as they are.

    The same expert again changes nothing and tells nobody. `in_batch`: the caller tells agents once for all files. Raises
    TransitionRefused with every reason (file not admissible: BR-110; person without the theme; interests: A-21),
    PermissionDenied, Candidature.DoesNotExist.
    """
    candidature = lock_file(candidature_id, actor)
    if not is_listing_team(actor, candidature):
        raise PermissionDenied("assign_expert")
    reviews = ThemeReview.objects.select_for_update(of=("self",)).select_related("expert")
    review = reviews.filter(candidature=candidature, theme=theme).first()
    expert = User.objects.filter(pk=expert_id).first() if expert_id else None
    blockers = find_expert_blockers(candidature, review)
    if expert_id:
        blockers += find_person_blockers(candidature, theme, expert)
    if blockers or review is None:
        raise TransitionRefused(blockers)
    previous = review.expert
    if previous == expert:
        return review
    review.expert = expert
    review.assigned_at = timezone.now() if expert else None
    review.save(update_fields=["expert", "assigned_at"])
    tell(
        candidature,
        "expert_assigned" if expert else "expert_removed",
        actor=actor,
        internal=True,
        subject=review,
        data={"theme": theme, "expert": str(expert or previous), "previous": str(previous or "")},
    )
    standing.refresh(candidature)
    if in_batch:
        return review
    if expert:
        transaction.on_commit(partial(notices.expert_assigned, candidature, expert, theme_title(candidature, theme)))
    if previous:
        transaction.on_commit(partial(notices.expert_removed, candidature, previous, theme_title(candidature, theme)))
    return review


@transaction.atomic
def assign_experts(*, candidature_id: UUID, changes: Mapping[str, ExpertChange], actor: User) -> list[ThemeReview]:
    """Give several themes at once, all or nothing, and refuse with the reasons of every theme.

    A theme that a colleague gave to somebody else since the page was read is refused too.
    """
    lock_file(candidature_id, actor)
    held = dict(ThemeReview.objects.filter(candidature=candidature_id).values_list("theme", "expert_id"))
    blockers, reviews = [], []
    for theme, change in changes.items():
        if held.get(theme) != change.was:
            blockers.append(
                Blocker(
                    "stale",
                    "Un collègue a changé l’expert de ce thème entre-temps : vérifiez, puis enregistrez de nouveau.",
                    f"#id_{theme}-expert",
                )
            )
            continue
        try:
            reviews.append(
                assign_expert(candidature_id=candidature_id, theme=theme, expert_id=change.becomes, actor=actor)
            )
        except TransitionRefused as refusal:
            blockers += refusal.blockers
    if blockers:
        raise TransitionRefused(dict.fromkeys(blockers))
    return reviews


@dataclass(frozen=True, slots=True)
class ExpertChange:
    """The expert of a theme when the page was read, and the one chosen; None for nobody."""

    was: UUID | None
    becomes: UUID | None


def find_expert_blockers(candidature: Candidature, review: ThemeReview | None) -> list[Blocker]:
    """Why nobody may be given this theme now."""
    if candidature.state in (CandidatureState.APPLIED, CandidatureState.ADMISSIBILITY):
        return [
            Blocker(
                "not_admissible",
                "Les experts se désignent une fois la candidature déclarée recevable.",
                reverse("candidature:admissibility_detail", args=[candidature.pk]),
            )
        ]
    if candidature.state != CandidatureState.EVALUATION:
        return [Blocker("wrong_state", "Les experts ne se désignent que pendant l’évaluation.")]
    if review is None:
        return [Blocker("theme", "Ce thème ne fait pas partie du dossier.")]
    return []


def find_person_blockers(candidature: Candidature, theme: str, person: User | None) -> list[Blocker]:
    """Why this person may not be given the theme of this file."""
    if person is None or not person.is_active:
        return [Blocker("expert", "Choisissez un expert en activité.", f"#id_{theme}-expert")]
    return [*lacks_theme(theme, person), *_obstacles(candidature, person)]


def lacks_theme(theme: str, person: User) -> list[Blocker]:
    if theme in person.access.themes:
        return []
    return [Blocker("lacks_theme", f"{person} n’intervient pas sur ce thème.", f"#id_{theme}-expert")]


@transaction.atomic
def assign_referent(*, candidature_id: UUID, person_id: UUID, actor: User, in_batch: bool = False) -> Candidature:
    """Make somebody of the listing team the référent; an application that nobody took is taken in charge in their name.

    The same person again changes nothing. `in_batch`: the caller tells agents once for all files. Raises TransitionRefused with every reason, PermissionDenied,
    Candidature.DoesNotExist.
    """
    candidature = lock_file(candidature_id, actor)
    if not is_listing_team(actor, candidature):
        raise PermissionDenied("assign_referent")
    person = User.objects.filter(pk=person_id).first()
    blockers = [*find_holding_blockers(candidature), *find_referent_blockers(candidature, person)]
    if blockers or person is None:
        raise TransitionRefused(blockers)
    if candidature.state == CandidatureState.APPLIED:
        return _take_charge(candidature, person=person, actor=actor, in_batch=in_batch)
    previous = candidature.referent
    if previous == person:
        return candidature
    candidature.referent = person
    candidature.save(update_fields=["referent"])
    tell(
        candidature,
        "referent_changed",
        actor=actor,
        subject=candidature,
        data={"referent": str(person), "previous": str(previous or "")},
    )
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.referent_changed, candidature, previous, actor, in_batch=in_batch))
    return candidature


@transaction.atomic
def take_charge(*, candidature_id: UUID, actor: User) -> Candidature:
    """« Prendre en charge »: the agent becomes the référent and admissibility begins (T16).

    Refused to somebody whose interests bar the file, or who declared none (A-21).
    """
    return _take_charge(lock_file(candidature_id, actor), person=actor, actor=actor)


def _take_charge(candidature: Candidature, *, person: User, actor: User, in_batch: bool = False) -> Candidature:
    workflow.fire(
        candidature,
        "take_charge",
        actor=actor,
        guard=lambda: find_obstacles(candidature, person=person, at=timezone.now()),
        data={"referent": str(person)},
        by=person,
        at=timezone.now(),
    )
    tell(candidature, "taken", actor=actor, data={"referent": str(person)})
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.candidature_taken, candidature))
    if person != actor and not in_batch:
        transaction.on_commit(partial(notices.referent_named, candidature, actor))
    return candidature


def find_holding_blockers(candidature: Candidature) -> list[Blocker]:
    """Why the file has no référent to change."""
    if candidature.state in (CandidatureState.APPLIED, *HELD_STATES):
        return []
    return [Blocker("wrong_state", "Ce dossier n’est plus en cours d’instruction.")]


def find_referent_blockers(candidature: Candidature, person: User | None) -> list[Blocker]:
    """Why this person may not be the référent of this file."""
    return lacks_role(person) or _obstacles(candidature, person)  # type: ignore[arg-type]


def lacks_role(person: User | None) -> list[Blocker]:
    if person is None or not person.is_active or not person.access.has(Role.LISTING_TEAM):
        return [Blocker("referent", "Choisissez une personne de l’équipe de référencement.", "#id_referent")]
    return []


def theme_title(candidature: Candidature, theme: str) -> str:
    """Title of the questionnaire as frozen."""
    rows = read_payload(candidature.dossier)["questionnaires"]
    return next((row["title"] for row in rows if row["code"] == theme), theme)


def _obstacles(candidature: Candidature, person: User) -> list[Blocker]:
    return find_obstacles(candidature, person=person, at=timezone.now())
