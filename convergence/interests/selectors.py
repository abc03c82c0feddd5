from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from convergence.accounts.access import also_read
from convergence.accounts.enums import MembershipState
from convergence.accounts.models import Membership, Organisation
from convergence.database.search import Fold
from convergence.database.statements import Slot
from convergence.interests.models import DeclaredInterest, InterestDeclaration
from convergence.interests.rules import must_declare

if TYPE_CHECKING:
    from convergence.accounts.models import User


BARRED = "interests.barred"
#: What later stages add: from a person, keys of organisations as a subquery.
_ALSO_BARRED: list[Callable[[UUID | Slot], QuerySet[Any, Any]]] = []


def conflicting_organisations(user: User) -> QuerySet[Organisation, Any]:
    """Keys of the organisations whose files the person must not examine (A-21), as a subquery for `…__in=`.

    Those of the newest declaration, expired or not, by key or by name, and those that the person is a member of. Costs
    no query of its own, and no key is NULL: `.exclude(enrolment__product__organisation__in=conflicting_organisations(u))`.
    """
    return _conflicting(user.pk, on=timezone.localdate())


def _conflicting(person: UUID | Slot, *, on: date) -> QuerySet[Organisation, Any]:
    newest = InterestDeclaration.objects.filter(person=person).newest_first().values("pk")[:1]
    lines = DeclaredInterest.objects.filter(declaration__in=newest).counting(on=on).order_by()
    chosen = Organisation.objects.filter(pk__in=lines.filter(organisation__isnull=False).values("organisation"))
    named = Organisation.objects.alias(folded=Fold("name")).filter(folded__in=lines.values_list(Fold("name")))
    joined = Membership.objects.filter(user=person, state=MembershipState.ACTIVE)
    return chosen.values("pk").union(named.values("pk"), joined.values("organisation_id"), all=True)


def also_bar(organisations: Callable[[UUID | Slot], QuerySet[Any, Any]]) -> None:
    """Keep whoever a later stage tells, in whatever other role, from the files of these organisations too. Called once
    the apps are loaded."""
    if organisations not in _ALSO_BARRED:
        _ALSO_BARRED.append(organisations)


def barred_organisations(user: User) -> frozenset[UUID]:
    """Organisations whose files the person must not examine, declared here or told by a later stage (`also_bar`).

    Values read with the person: most people have no link, and their reads then need no condition at all.
    `User.forget_access` forgets them.
    """
    return frozenset(user.access.beside[BARRED])


def read_barred_with_people() -> None:
    """Called once the apps are loaded."""
    also_read(
        BARRED,
        lambda person: ArraySubquery(_barring(person, on=timezone.localdate())),
        varies=lambda: (timezone.localdate(), settings.INTERESTS["LOOK_BACK_YEARS"]),
    )


def _barring(person: UUID | Slot, *, on: date) -> QuerySet[Organisation, Any]:
    told = [organisations(person) for organisations in _ALSO_BARRED]
    return _conflicting(person, on=on).union(*told, all=True)


def reachable(user: User, path: str) -> Q:
    """Rows whose organisation stands at `path`: one’s own organisations’; for listing team and support all others too, save
    those of organisations to which a link of interest ties them (A-21)."""
    own = Q(**{f"{path}__in": user.access.organisation_ids})
    if not user.access.reads_every_file:
        return own
    barred = barred_organisations(user)
    return own | ~Q(**{f"{path}__in": barred}) if barred else Q()


def needs_to_declare(user: User) -> bool:
    """Examines files and has no declaration that is valid today."""
    if not must_declare(user):
        return False
    return not InterestDeclaration.objects.filter(person=user, expires_on__gte=timezone.localdate()).exists()


def without_conflict(people: QuerySet[User], organisation: Organisation) -> QuerySet[User]:
    """Those of `people` whom no link bars: the others are told nothing about the organisation’s files."""
    newest = InterestDeclaration.objects.newest_first().filter(person=OuterRef(OuterRef("pk"))).values("pk")[:1]
    lines = DeclaredInterest.objects.counting(on=timezone.localdate()).with_organisation(organisation)
    joined = Membership.objects.filter(user=OuterRef("pk"), organisation=organisation, state=MembershipState.ACTIVE)
    return people.exclude(Exists(lines.filter(declaration__in=newest))).exclude(Exists(joined))
