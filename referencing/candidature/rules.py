"""Who may do what with a file under instruction (domain.md §4); the same predicates drive button, view and service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules

from convergence.accounts.enums import Role
from convergence.accounts.rules import has_role, is_listing_team
from convergence.products import rules as product_rules
from referencing.candidature.enums import ENCRYPTED_THEMES

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
#: Send what a producer answers about its pre-listed solution, and prepare it (A-25).
answers_as_producer = rules.predicate(lambda user, row: product_rules.can_commit(user, row.pre_listing.enrolment))
prepares_as_producer = rules.predicate(lambda user, row: product_rules.can_edit(user, row.pre_listing.enrolment))
#: Write an answer before it is sent.
can_prepare = rules.predicate(lambda user, instance: product_rules.can_edit(user, file_of(instance)))


@rules.predicate
def can_open_encrypted(user: User, candidature: Any) -> bool:
    """Listing team, and the experts of the file’s data protection or security themes; never anybody else (A-14)."""
    return is_listing_team(user) or any(
        review.theme in ENCRYPTED_THEMES and is_assigned_expert(user, review) for review in candidature.reviews.all()
    )


@rules.predicate
def can_discuss(user: User, discussion: Any) -> bool:
    """Those who instruct; on a shared thread, also those who prepare the editor’s answers."""
    if can_instruct(user, discussion):
        return True
    return not discussion.is_internal and bool(can_prepare(user, discussion))


@rules.predicate
def can_give_visa(user: User, review: Any) -> bool:
    """Another agent than whoever concluded the theme: listing team, or an expert of the file who holds the theme."""
    if review.concluded_by_id == user.pk:
        return False
    return is_listing_team(user) or (review.theme in user.access.themes and bool(is_any_expert(user, review)))


#: Keys, review of the recette, raccordement, final workbook (BR-135).
is_tests_team = has_role(Role.TESTS, Role.TESTS_LEAD)
#: Disputes, failure (A-20).
is_tests_lead = has_role(Role.TESTS_LEAD)
#: The editor fills the cahier de tests: any member; deposits it and disputes a remark: those who commit the organisation.
can_fill_tests = can_prepare
can_deposit_tests = can_answer
#: With the file (withdrawn, scope reduced, closed), or by the lead when a campaign must begin again.
can_cancel_tests = is_listing_team | is_answering | is_tests_lead


@rules.predicate
def is_tester(user: User, candidature: Any) -> bool:
    """The tests team, on files that exchange data."""
    return candidature.has_exchange and user.access.has(Role.TESTS, Role.TESTS_LEAD)


#: Notes and filed mail: agents of the file, never support, which only reads.
can_note = can_instruct | is_tester
#: Messages to the other side: the same agents, and the members of the organisation.
can_write_message = can_note | can_prepare


#: The secretary writes what the commission decides, or its president himself.
runs_commission = has_role(Role.SECRETARY, Role.PRESIDENT)
#: Back before the commission: its secretary after an overdue reservation, the ministry after a remedy (A-30, A-33).
may_send_back = has_role(Role.SECRETARY, Role.LISTING_TEAM, Role.MINISTRY)
