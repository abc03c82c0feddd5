"""Who may do what with a file under instruction (domain.md §4); the same predicates drive button, view and service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules

from convergence.accounts.enums import Role
from convergence.accounts.rules import is_listing_team
from convergence.products import rules as product_rules

if TYPE_CHECKING:
    from convergence.accounts.models import User


def file_of(instance: Any) -> Any:
    """The candidature behind a candidature or any of its children."""
    return getattr(instance, "candidature", instance)


@rules.predicate
def is_instructor(user: User, instance: Any) -> bool:
    """Reads the file from the platform’s side: any back-office role; `visible_to` says which files."""
    return user.access.is_agent and not product_rules.is_member(user, file_of(instance))


@rules.predicate
def is_assigned_expert(user: User, instance: Any) -> bool:
    """Expert of the theme of a review, verdict, request item or non-conformity: given the file, and holding the theme."""
    theme = instance.theme
    return theme in user.access.themes and any(
        review.theme == theme and review.expert_id == user.pk for review in file_of(instance).reviews.all()
    )


@rules.predicate
def is_any_expert(user: User, instance: Any) -> bool:
    """Was given at least one theme of the file."""
    return user.access.has(Role.EXPERT) and any(
        review.expert_id == user.pk for review in file_of(instance).reviews.all()
    )


@rules.predicate
def is_answering(user: User, instance: Any) -> bool:
    """Commits the editor’s organisation."""
    return bool(product_rules.can_commit(user, file_of(instance)))


#: Verdicts, non-conformities: listing team, and experts on their own themes (BR-112).
can_judge = is_listing_team | is_assigned_expert
#: Requests to the editor, discussion, notes.
can_instruct = is_listing_team | is_any_expert
#: Send answers to what was asked.
can_answer = is_answering
#: Write an answer before it is sent.
can_prepare = rules.predicate(lambda user, instance: product_rules.can_edit(user, file_of(instance)))
