"""Who is told about a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from convergence.accounts.enums import MANAGING_TYPES
from convergence.accounts.models import User

if TYPE_CHECKING:
    from convergence.products.models import Product


def responsible_people(product: Product) -> QuerySet[User]:
    """Those who commit the organisation for this product: mandataires, représentants and its responsable."""
    return (
        User.objects.in_organisation(product.organisation)
        .filter(
            Q(memberships__organisation=product.organisation, memberships__type__in=MANAGING_TYPES)
            | Q(pk=product.owner_id)
        )
        .distinct()
    )


def validating_people(product: Product) -> QuerySet[User]:
    """Those who may validate a questionnaire: the responsible people and the valideurs (N05)."""
    return (
        User.objects.in_organisation(product.organisation)
        .filter(
            Q(memberships__organisation=product.organisation, memberships__type__in=MANAGING_TYPES)
            | Q(memberships__organisation=product.organisation, memberships__is_validator=True)
            | Q(pk=product.owner_id)
        )
        .distinct()
    )
