"""Who may not know which file, for several people and several points at once (BR-153, A-27, A-28)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from convergence.accounts.enums import MembershipState
from convergence.accounts.models import Membership
from convergence.database.search import Fold
from convergence.interests.models import DeclaredInterest, InterestDeclaration
from referencing.candidature.models import Candidature
from referencing.commission.models import Recusal

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from convergence.accounts.models import User
    from convergence.database.statements import Slot


@dataclass(frozen=True, slots=True)
class Conflicts:
    """`declared` and `found` (by the platform): people barred, by candidature; `undeclared`: people without a valid yearly
    declaration of interests, who may not vote on anything (BR-159)."""

    declared: dict[UUID, set[UUID]]
    found: dict[UUID, set[UUID]]
    undeclared: set[UUID]

    def bars(self, candidature_id: UUID, person_id: UUID) -> bool:
        return person_id in self.declared.get(candidature_id, ()) or person_id in self.found.get(candidature_id, ())


def recused_on(user: User, enrolment: str = "enrolment") -> Exists:
    """Whether the person declared, or was found to have, a link on a file of the enrolment at that path: nobody recused from
    a deliberation reads what follows it in another role (A-28)."""
    return Exists(Recusal.objects.filter(person=user, candidature__enrolment=OuterRef(enrolment)))


def recused_organisations(person: UUID | Slot) -> QuerySet[Recusal, Any]:
    """Keys of the organisations whose files the person left to the others: an agent’s role shows them no more than the
    commission’s does (A-28)."""
    return Recusal.objects.filter(person=person).order_by().values("candidature__enrolment__product__organisation")


def load_conflicts(candidature_ids: Collection[UUID], people: Collection[User], *, at: datetime) -> Conflicts:
    """Five queries, whatever the number of files and people; agrees with `AgendaPoint.objects.without_conflict_of`."""
    day = timezone.localdate(at)
    declared = defaultdict(set)
    for file, person in Recusal.objects.filter(candidature__in=candidature_ids, person__in=people).values_list(
        "candidature", "person"
    ):
        declared[file].add(person)
    newest = {each.pk: each for each in InterestDeclaration.objects.filter(person__in=people).newest_of_each(at=at)}
    valid = {each.person_id for each in newest.values() if each.is_current(at=at)}
    names: defaultdict[str, set[UUID]] = defaultdict(set)
    organisations: defaultdict[UUID, set[UUID]] = defaultdict(set)
    lines = DeclaredInterest.objects.filter(declaration__in=list(newest)).counting(on=day).annotate(folded=Fold("name"))
    for declaration, organisation, folded in lines.values_list("declaration", "organisation", "folded"):
        person = newest[declaration].person_id
        names[folded].add(person)
        if organisation:
            organisations[organisation].add(person)
    for person, organisation in Membership.objects.filter(user__in=people, state=MembershipState.ACTIVE).values_list(
        "user", "organisation"
    ):
        organisations[organisation].add(person)
    editors = Candidature.objects.filter(pk__in=candidature_ids).annotate(
        folded=Fold("enrolment__product__organisation__name")
    )
    found = {
        file: organisations[organisation] | names[folded]
        for file, organisation, folded in editors.values_list("pk", "enrolment__product__organisation", "folded")
    }
    return Conflicts(dict(declared), found, {each.pk for each in people} - valid)
