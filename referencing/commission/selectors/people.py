"""Who is told of what: members of the day of a session, those who may know a file, the secretaries."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.selectors import without_conflict
from referencing.commission.models import Recusal, Term
from referencing.commission.selectors.conflicts import load_conflicts, load_ties

if TYPE_CHECKING:
    from referencing.candidature.models import Candidature
    from referencing.commission.models import CommissionSession
    from referencing.enrolment.models import Enrolment


def list_terms(session: CommissionSession) -> list[Term]:
    """Terms that cover the day of the session, representatives included, in the order of the seats."""
    day = timezone.localdate(session.held_at)
    return list(
        Term.objects.covering(day)
        .filter(person__is_active=True)
        .select_related("seat", "person")
        .order_by("seat__position", "-capacity", "pk")
    )


def list_members(session: CommissionSession) -> list[User]:
    """The people of those terms, each once."""
    return list({term.person_id: term.person for term in list_terms(session)}.values())


def list_members_knowing(candidature: Candidature, session: CommissionSession, *, at: datetime) -> list[User]:
    """Members of that session whom no link bars from the file: the others hear nothing of it (A-28)."""
    members = list_members(session)
    conflicts = load_conflicts(load_ties([candidature.pk]), members, at=at)
    return [person for person in members if not conflicts.bars(candidature.pk, person.pk)]


def list_secretaries(candidature: Candidature | None = None) -> QuerySet[User]:
    """Secretaries of the commission; with a file, those whom no link bars from it."""
    people = User.objects.with_role(Role.SECRETARY)
    if candidature is None:
        return people
    organisation = candidature.enrolment.product.organisation
    recused = Recusal.objects.filter(candidature=candidature).values("person")
    return without_conflict(people, organisation).exclude(pk__in=recused)


def without_link(people: QuerySet[User], enrolment: Enrolment) -> QuerySet[User]:
    """Those of `people` whom neither a declared interest nor a recusal bars from the product: the others are told nothing
    (A-21, A-28)."""
    recused = Recusal.objects.filter(candidature__enrolment=enrolment).values("person")
    return without_conflict(people, enrolment.product.organisation).exclude(pk__in=recused)
