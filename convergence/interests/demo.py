"""Declarations of the demo world’s agents: none has links, so that every file can be taken."""

from __future__ import annotations

from django.utils import timezone

from convergence.accounts.demo import PEOPLE, refuse_outside_demo
from convergence.accounts.models import User
from convergence.interests.rules import must_declare
from convergence.interests.services import declare


def declare_for_demo_people() -> None:
    """Give each agent of the demo who must have one a declaration; running it again changes nothing."""
    refuse_outside_demo()
    now = timezone.now()
    emails = [person.email for person in PEOPLE if person.roles]
    for agent in User.objects.filter(email__in=emails, interest_declarations__isnull=True).order_by("email"):
        if must_declare(agent):
            declare(person=agent, lines=[], has_none=True, at=now)
