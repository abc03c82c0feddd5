"""What the filters of the work queue offer: people, démarches and views, in one query whatever their number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Case, CharField, F, QuerySet, UUIDField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat

from convergence.accounts.enums import Role
from convergence.accounts.models import RoleAssignment
from convergence.database.statements import Slot, Statements
from convergence.products.models import Demarche
from referencing.candidature.models import QueueHabit, QueueView

if TYPE_CHECKING:
    from convergence.accounts.models import User

Pair = tuple[str, str]
INSTRUCTING = [Role.LISTING_TEAM, Role.EXPERT]


@dataclass(frozen=True, slots=True)
class SavedView:
    pk: int
    name: str
    query: str
    is_mine: bool
    is_shared: bool


@dataclass(slots=True)
class QueueChoices:
    """People as (key, name) in the order of names; `experts` by theme; `demarches` by code, as (key, title)."""

    team: list[Pair] = field(default_factory=list)
    experts: dict[str, list[Pair]] = field(default_factory=dict)
    demarches: dict[str, tuple[int, str]] = field(default_factory=dict)
    views: list[SavedView] = field(default_factory=list)
    default_view: int | None = None

    @property
    def people(self) -> list[Pair]:
        """Référents and experts, each once."""
        everybody = dict([*self.team, *(pair for pairs in self.experts.values() for pair in pairs)])
        return sorted(everybody.items(), key=lambda pair: pair[1])

    @property
    def demarche_keys(self) -> dict[str, int]:
        return {code: key for code, (key, _) in self.demarches.items()}


_PERSON = Slot("person", UUIDField())
_STATEMENTS = Statements()


def _list_choices(user: User | Slot) -> QuerySet:
    """One union of short lists, each row (kind, key, label, detail)."""

    def text(expression: str) -> Cast:
        return Cast(expression, CharField())

    def listed(rows: QuerySet, kind: Combinable, key: str, label: Combinable, detail: Combinable) -> QuerySet:
        return rows.order_by().values_list(kind, text(key), label, detail)

    assignments = RoleAssignment.objects.filter(role__in=INSTRUCTING, user__is_active=True)
    views = QueueView.objects.visible_to(user)
    shared = Case(When(is_shared=True, then=Value(":shared")), default=Value(""), output_field=CharField())
    owner = Case(When(owner=user, then=Value("mine")), default=Value("theirs"), output_field=CharField())
    return listed(
        assignments, text("role"), "user", Concat("user__first_name", Value(" "), "user__last_name"), text("theme")
    ).union(
        listed(Demarche.objects.all(), Value("demarche", CharField()), "pk", text("title"), text("slug")),
        listed(views, Concat(owner, shared, output_field=CharField()), "pk", text("name"), F("query")),
        listed(
            QueueHabit.objects.filter(person=user, default_view__isnull=False),
            Value("default", CharField()),
            "default_view",
            Value("", CharField()),
            Value("", CharField()),
        ),
        all=True,
    )


def load_choices(user: User) -> QueueChoices:
    """What this person may choose from, in one query."""
    rows = _STATEMENTS.get("choices", lambda: _list_choices(_PERSON)).read(person=user.pk)
    choices = QueueChoices()
    for kind, key, label, detail in sorted(rows, key=lambda row: row[2]):
        if kind == Role.LISTING_TEAM:
            choices.team.append((key, label))
        elif kind == Role.EXPERT:
            choices.experts.setdefault(detail, []).append((key, label))
        elif kind == "demarche":
            choices.demarches[detail] = (int(key), label)
        elif kind == "default":
            choices.default_view = int(key)
        else:
            is_mine = kind.startswith("mine")
            choices.views.append(SavedView(int(key), label, detail, is_mine, kind.endswith(":shared")))
    return choices
