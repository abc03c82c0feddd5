"""Declarations of the demo world’s agents: none has links, so that every file can be taken."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from convergence.accounts.demo import PEOPLE, refuse_outside_demo
from convergence.accounts.models import User
from convergence.interests.rules import must_declare
from convergence.interests.services import declare

#: Before the oldest file of the demo world, so that its past could be lived, and lately: a declaration is valid for a year.
AGES_DAYS = (380, 60)


def declare_for_demo_people() -> None:
    """Give each agent of the demo who must have one a declaration; running it again changes nothing."""
    refuse_outside_demo()
    emails = [person.email for person in PEOPLE if person.roles]
    for agent in User.objects.filter(email__in=emails, interest_declarations__isnull=True).order_by("email"):
        if must_declare(agent):
            for age in AGES_DAYS:
                declare(person=agent, lines=[], has_none=True, at=timezone.now() - timedelta(days=age))
