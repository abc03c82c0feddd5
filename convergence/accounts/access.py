"""What one person may reach, read once per request."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, QuerySet, UUIDField
from django.db.models.expressions import Combinable

from convergence.accounts.enums import MANAGING_TYPES, Role
from convergence.database.statements import Slot, Statements

if TYPE_CHECKING:
    from convergence.accounts.models import Membership, User


#: Recovery codes alone do not count: they come with one of these.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class Access:
    """Active memberships (by organisation) and back-office roles of one person."""

    memberships: dict[UUID, Membership]
    roles: frozenset[str]
    themes: frozenset[str]
    lacks_second_factor: bool = False
    """Holds a back-office role without application or key enrolled."""
    beside: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What other apps have read with it (`also_read`), by their own name."""

    @property
    def organisation_ids(self) -> list[UUID]:
        return list(self.memberships)

    @property
    def is_agent(self) -> bool:
        """Holds at least one back-office role."""
        return bool(self.roles)

    @property
    def reads_every_file(self) -> bool:
        """Listing team, and support (read-only); other roles reach a file through the stage that calls them in."""
        return self.has(Role.LISTING_TEAM, Role.SUPPORT)

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def is_member(self, organisation_id: UUID) -> bool:
        return organisation_id in self.memberships

    def is_manager(self, organisation_id: UUID) -> bool:
        """Mandataire or représentant of the organisation."""
        membership = self.memberships.get(organisation_id)
        return membership is not None and membership.type in MANAGING_TYPES

    def is_validator(self, organisation_id: UUID) -> bool:
        """Holds the right to validate, added to a contributeur (A-07)."""
        membership = self.memberships.get(organisation_id)
        return membership is not None and membership.is_validator


@dataclass(frozen=True, slots=True)
class _Beside:
    name: str
    write: Callable[[Slot], Combinable]
    varies: Callable[[], Hashable]


_BESIDE: dict[str, _Beside] = {}
_PERSON = Slot("person", UUIDField())
_STATEMENTS = Statements()


def also_read(name: str, write: Callable[[Slot], Combinable], *, varies: Callable[[], Hashable] = tuple) -> None:
    """Have every person come with one value more, in `access.beside[name]`, for no query more; called by `ready()`.

    `write` gives its expression for the person’s key. Whatever else decides it, such as the day, is what `varies` says.
    """
    _BESIDE[name] = _Beside(name, write, varies)


def load_access(user: User) -> Access:
    """One query: roles with the second factors, and whether there are memberships; one more to read those."""
    return _build(user, _read(type(user), user.pk))


def load_person(people: type[User], key: UUID) -> User | None:
    """The person with `access` already read, in as many queries."""
    columns = [field.attname for field in people._meta.concrete_fields]
    if not (found := _read(people, key, *columns)):
        return None
    person = people.from_db(DEFAULT_DB_ALIAS, columns, found[0][-len(columns) :])
    person.__dict__["access"] = _build(person, found)
    return person


def _build(user: User, found: Sequence[tuple[Any, ...]]) -> Access:
    """From rows (role, theme, factor, whether a member, what is read beside…), each role with each factor."""
    roles = {role for role, *_ in found if role}
    factors = {factor for _, _, factor, *_ in found}
    is_member, *beside = found[0][3 : 4 + len(_BESIDE)] if found else (False,)
    memberships = user.memberships.active().select_related("organisation").order_by("organisation__name", "pk")
    return Access(
        memberships={membership.organisation_id: membership for membership in memberships} if is_member else {},
        roles=frozenset(roles),
        themes=frozenset(theme for _, theme, *_ in found if theme),
        lacks_second_factor=bool(roles) and factors.isdisjoint(SECOND_FACTORS),
        beside=dict(zip(_BESIDE, beside, strict=bool(found))),
    )


def _read(people: type[User], key: UUID, *columns: str) -> list[tuple[Any, ...]]:
    def write() -> QuerySet[User, Any]:
        active = people._meta.apps.get_model("accounts", "Membership").objects.active().filter(user=_PERSON)
        beside = {f"beside_{rank}": each.write(_PERSON) for rank, each in enumerate(_BESIDE.values())}
        rows = people.objects.filter(pk=_PERSON).annotate(is_member=Exists(active), **beside)
        roles = "role_assignments__role", "role_assignments__theme", "authenticator__type"
        return rows.values_list(*roles, "is_member", *beside, *columns)

    varying = tuple((each.name, each.varies()) for each in _BESIDE.values())
    return _STATEMENTS.get((columns, varying), write).read(person=key)
