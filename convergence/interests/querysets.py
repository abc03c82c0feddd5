from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q, Value

from convergence.database.search import Fold
from convergence.interests.core import counts_from

if TYPE_CHECKING:
    from convergence.accounts.models import Organisation, User


class InterestDeclarationQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> InterestDeclarationQuerySet:
        """One’s own: what others learn is whether an assignment is possible."""
        return self.filter(person=user)

    def newest_first(self) -> InterestDeclarationQuerySet:
        return self.order_by("-declared_at", "-pk")

    def newest_of_each(self, *, at: datetime) -> InterestDeclarationQuerySet:
        """One row per person: the one that counted at that instant."""
        return self.filter(declared_at__lte=at).order_by("person", "-declared_at", "-pk").distinct("person")


class DeclaredInterestQuerySet(models.QuerySet):
    def counting(self, *, on: date) -> DeclaredInterestQuerySet:
        """Links that go on, or that ended so recently that they still bar (`INTERESTS["LOOK_BACK_YEARS"]`)."""
        earliest = counts_from(on, years=settings.INTERESTS["LOOK_BACK_YEARS"])
        return self.filter(Q(until__isnull=True) | Q(until__gte=earliest))

    def with_organisation(self, organisation: Organisation) -> DeclaredInterestQuerySet:
        """Links with it, chosen or typed by a name that differs by accents and case at most."""
        return self.alias(folded=Fold("name")).filter(
            Q(organisation=organisation) | Q(folded=Fold(Value(organisation.name)))
        )
