"""Who may do what with a product of an organisation (domain.md §4); the same predicates drive button, view and API.

Each takes anything that has a `product` (or is one), so that later stages reuse them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from convergence.products.models import Product


def product_of(instance: Any) -> Product:
    """The product behind a product, an enrolment, or anything that has an enrolment."""
    if hasattr(instance, "enrolment"):
        instance = instance.enrolment
    product: Product = getattr(instance, "product", instance)
    return product


@rules.predicate
def is_member(user: User, instance: Any) -> bool:
    """Belongs to the organisation of the product: may write drafts, answer, deposit evidence."""
    return user.access.is_member(product_of(instance).organisation_id)


@rules.predicate
def is_responsible(user: User, instance: Any) -> bool:
    """Mandataire, représentant, or the product’s responsable while still a member: commits the organisation."""
    product = product_of(instance)
    organisation_id = product.organisation_id
    return user.access.is_manager(organisation_id) or (
        product.owner_id == user.pk and user.access.is_member(organisation_id)
    )


@rules.predicate
def is_validating_member(user: User, instance: Any) -> bool:
    """Holds the right to validate, added to a contributeur (A-07)."""
    return user.access.is_validator(product_of(instance).organisation_id)


can_edit = is_member
can_commit = is_responsible
can_validate = is_responsible | is_validating_member
