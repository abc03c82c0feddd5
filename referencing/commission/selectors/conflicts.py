"""Who may not know which file, for several people and several points at once (BR-153, A-27, A-28)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from convergence.accounts.enums import MembershipState
from convergence.accounts.models import Membership, User
from convergence.database.search import Fold
from convergence.interests.models import DeclaredInterest, InterestDeclaration
from referencing.candidature.models import Candidature
from referencing.commission.models import Recusal

if TYPE_CHECKING:
    from convergence.database.statements import Slot
    from referencing.commission.models import AgendaPoint

Rows = TypeVar("Rows", bound=QuerySet)


@dataclass(frozen=True, slots=True)
class Ties:
    """What ties people to one file: its editor, by key and by folded name, and those who left the file to the others, in
    the order in which they did."""

    organisation: UUID
    name: str
    recused: Sequence[UUID]


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


def with_ties(rows: Rows, file: str = "") -> Rows:
    """The rows with what `ties_of` reads of their file; `file` leads from them to it (`candidature__`)."""
    editor = f"{file}enrolment__product__organisation"
    recused = Recusal.objects.filter(candidature=OuterRef(f"{file}pk")).order_by("declared_at", "pk")
    return rows.annotate(
        tied_to=F(editor), tied_name=Fold(f"{editor}__name"), recused=ArraySubquery(recused.values("person"))
    )


def ties_of(point: AgendaPoint) -> Ties:
    """Of a point read `with_ties`."""
    return Ties(point.tied_to, point.tied_name, point.recused)  # type: ignore[attr-defined]


def load_ties(candidature_ids: Collection[UUID]) -> dict[UUID, Ties]:
    """One query, for whoever has not read them with the points: services ask once they hold their locks."""
    files = with_ties(Candidature.objects.filter(pk__in=candidature_ids))
    rows = files.values_list("pk", "tied_to", "tied_name", "recused")
    return {file: Ties(organisation, name, recused) for file, organisation, name, recused in rows}


def load_conflicts(files: Mapping[UUID, Ties], people: Collection[User], *, at: datetime) -> Conflicts:
    """One query, whatever the number of files and people; agrees with `AgendaPoint.objects.without_conflict_of`."""
    names: defaultdict[str, set[UUID]] = defaultdict(set)
    organisations: defaultdict[UUID, set[UUID]] = defaultdict(set)
    keys = [each.pk for each in people]
    undeclared = set(keys)
    for person, valid_until, linked_names, linked in _read_links(keys, at=at):
        if valid_until is not None and valid_until >= timezone.localdate(at):
            undeclared.discard(person)
        for name in linked_names:
            names[name].add(person)
        for organisation in linked:
            organisations[organisation].add(person)
    return Conflicts(
        declared={file: set(ties.recused) for file, ties in files.items()},
        found={file: organisations[ties.organisation] | names[ties.name] for file, ties in files.items()},
        undeclared=undeclared,
    )


def _read_links(people: Collection[UUID], *, at: datetime) -> Iterator[tuple[UUID, date | None, list[str], list[UUID]]]:
    """Of each person: until when the declaration that counted at that instant holds, the names that it bears, and the
    organisations that it names or of which they are members."""
    declarations = InterestDeclaration.objects.filter(declared_at__lte=at).newest_first()
    counted = declarations.filter(person=OuterRef(OuterRef("pk"))).values("pk")[:1]
    lines = DeclaredInterest.objects.filter(declaration__in=counted).counting(on=timezone.localdate(at)).order_by()
    joined = Membership.objects.filter(user=OuterRef("pk"), state=MembershipState.ACTIVE).order_by()
    rows = User.objects.filter(pk__in=people).values_list(
        "pk",
        Subquery(declarations.filter(person=OuterRef("pk")).values("expires_on")[:1]),
        ArraySubquery(lines.values_list(Fold("name"))),
        ArraySubquery(lines.filter(organisation__isnull=False).values("organisation")),
        ArraySubquery(joined.values("organisation")),
    )
    for person, valid_until, names, chosen, joined_to in rows:
        yield person, valid_until, names, [*chosen, *joined_to]
