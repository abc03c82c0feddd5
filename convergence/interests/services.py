from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Value
from django.utils import timezone

from convergence.accounts.enums import MembershipState
from convergence.accounts.models import Membership, Organisation, User
from convergence.audit.services import record
from convergence.database.search import Fold
from convergence.interests import notices
from convergence.interests.enums import DECLARING_ROLES
from convergence.interests.models import DeclaredInterest, InterestDeclaration, InterestReminder
from convergence.interests.rules import may_declare
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date

if TYPE_CHECKING:
    from convergence.interests.core import InterestLine


@transaction.atomic
def declare(
    *, person: User, lines: Sequence[InterestLine], has_none: bool = False, at: datetime
) -> InterestDeclaration:
    """Keep what the person declares; from now on this declaration counts and earlier ones are history (A-21).

    A name that is that of a registered organisation, accents and case aside, is tied to it. Raises PermissionDenied for
    somebody who is no agent, TransitionRefused when neither links nor « aucun lien » are given, or both.
    """
    if not may_declare(person):
        raise PermissionDenied("declare")
    if has_none and lines:
        raise TransitionRefused([Blocker("both", "Retirez les liens, ou ne déclarez pas que vous n’en avez aucun.")])
    if not has_none and not lines:
        raise TransitionRefused([Blocker("nothing", "Déclarez vos liens, ou que vous n’en avez aucun.")])
    declaration = InterestDeclaration.objects.create(
        person=person,
        declared_at=at,
        expires_on=timezone.localdate(at) + timedelta(days=settings.INTERESTS["VALID_DAYS"]),
        has_none=has_none,
    )
    DeclaredInterest.objects.bulk_create(
        DeclaredInterest(
            declaration=declaration,
            organisation_id=line.organisation_id or find_organisation(line.name),
            name=line.name,
            nature=line.nature,
            detail=line.detail,
            since=line.since,
            until=line.until,
        )
        for line in lines
    )
    person.forget_access()
    # How many, not which: the journal is read by people who examine no file.
    record("interestdeclaration.declare", subject=declaration, actor=person, data={"links": len(lines)})
    return declaration


def find_organisation(name: str) -> UUID | None:
    """The registered organisation of that name, accents and case aside; None when there is none, or homonyms."""
    found = (
        Organisation.objects.alias(folded=Fold("name")).filter(folded=Fold(Value(name))).values_list("pk", flat=True)
    )
    keys = list(found.order_by("pk")[:2])
    return keys[0] if len(keys) == 1 else None


def find_obstacles(*, person: User, organisation: Organisation, at: datetime) -> list[Blocker]:
    """Why the person may not examine a file of the organisation at that instant; empty when nothing bars (A-21)."""
    return list_obstacles(people=[person], organisation=organisation, at=at)[person.pk]


def list_obstacles(*, people: Iterable[User], organisation: Organisation, at: datetime) -> dict[UUID, list[Blocker]]:
    """`find_obstacles` of several people, in two queries; every person has an entry."""
    people = list(people)
    conflicts = DeclaredInterest.objects.filter(declaration=OuterRef("pk")).counting(on=timezone.localdate(at))
    declarations = {
        declaration.person_id: declaration
        for declaration in InterestDeclaration.objects.filter(person__in=people)
        .newest_of_each(at=at)
        .annotate(has_conflict=Exists(conflicts.with_organisation(organisation)))
    }
    members = set(
        Membership.objects.filter(user__in=people, organisation=organisation, state=MembershipState.ACTIVE).values_list(
            "user_id", flat=True
        )
    )
    obstacles: dict[UUID, list[Blocker]] = {}
    for person in people:
        found = obstacles[person.pk] = []
        declaration = declarations.get(person.pk)
        if declaration is None:
            found.append(Blocker("interests_missing", f"{person} n’a pas encore déclaré ses liens d’intérêts."))
        elif not declaration.is_current(at=at):
            expired_on = format_date(declaration.expires_on)
            found.append(
                Blocker("interests_outdated", f"La déclaration d’intérêts de {person} a expiré le {expired_on}.")
            )
        if person.pk in members:
            found.append(Blocker("interests_member", f"{person} fait partie de {organisation}."))
        elif declaration is not None and declaration.has_conflict:
            found.append(Blocker("interests_conflict", f"{person} a déclaré un lien d’intérêts avec {organisation}."))
    return obstacles


@transaction.atomic
def remind_expiring(*, at: datetime, link: str) -> int:
    """Tell those whose declaration expires soon or has expired, once per term of the settings. Returns how many.

    `link` is the page where people declare; it belongs to a stage above.
    """
    today = timezone.localdate(at)
    terms = sorted(settings.INTERESTS["REMIND_DAYS"])
    people = User.objects.filter(is_active=True, role_assignments__role__in=DECLARING_ROLES)
    newest = InterestDeclaration.objects.newest_of_each(at=at).values("pk")
    due = InterestDeclaration.objects.filter(
        pk__in=newest, person__in=people, expires_on__lte=today + timedelta(days=terms[-1])
    ).select_related("person")
    told = 0
    for declaration in due.order_by("expires_on", "pk"):
        # Terms that were skipped (no beat for a week) are not made up for: the nearest one says it all.
        term = next(each for each in terms if declaration.expires_on <= today + timedelta(days=each))
        _, is_new = InterestReminder.objects.get_or_create(
            declaration=declaration, days_before=term, defaults={"sent_at": at}
        )
        if is_new:
            notices.declaration_expiring(declaration, has_expired=not declaration.is_current(at=at), link=link)
            told += 1
    return told
