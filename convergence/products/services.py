from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from convergence.audit.services import record
from convergence.products.models import Demarche, Parcours, Product

if TYPE_CHECKING:
    from convergence.accounts.models import Organisation, User


@transaction.atomic
def create_product(*, organisation: Organisation, values: Mapping[str, Any], actor: User) -> Product:
    """Add a product to the organisation’s catalogue. `values`: the cleaned fields of `ProductForm`.

    Raises ValidationError by field (two products of one name and version: BR-007) or PermissionDenied.
    """
    if not actor.access.is_member(organisation.pk):
        raise PermissionDenied("create_product")
    product = Product(organisation=organisation, created_by=actor, **values)
    product.full_clean(exclude=["number"])
    product.save(force_insert=True)
    record("product.create", subject=product, actor=actor)
    return product


@transaction.atomic
def update_product(*, product: Product, values: Mapping[str, Any], actor: User) -> Product:
    """Change the product’s description. Raises ValidationError by field, or PermissionDenied."""
    if not actor.access.is_member(product.organisation_id):
        raise PermissionDenied("update_product")
    before = {name: str(getattr(product, name)) for name in values}
    for name, value in values.items():
        setattr(product, name, value)
    product.full_clean(exclude=["number"])
    product.save()
    changed = {
        name: [before[name], str(getattr(product, name))]
        for name in values
        if before[name] != str(getattr(product, name))
    }
    record("product.update", subject=product, actor=actor, data={"changed": changed})
    return product


@transaction.atomic
def record_version(*, product: Product, version: str, actor: User | None) -> Product:
    """Make the product say the version that its service runs in, as declared and accepted. The caller answers for the right.

    Raises ValidationError when the organisation has another product of that name in that version.
    """
    locked: Product = Product.objects.locked().get(pk=product.pk)
    before, locked.version = locked.version, version
    if before != version:
        locked.full_clean(exclude=["number"])
        locked.save(update_fields=["version"])
        record("product.update", subject=locked, actor=actor, data={"changed": {"version": [before, version]}})
    return locked


@transaction.atomic
def load_parcours(entries: Sequence[Mapping[str, Any]]) -> None:
    """Create or refresh pathways and procedures from `fixtures/parcours.yaml`; rows are matched by their code."""
    for position, entry in enumerate(entries, start=1):
        parcours, _ = Parcours.objects.update_or_create(
            slug=entry["slug"],
            defaults={
                "title": entry["title"],
                "position": position,
                "is_open": entry["is_open"],
                "card": entry["card"],
            },
        )
        for demarche in entry.get("demarches", []):
            Demarche.objects.update_or_create(
                slug=demarche["slug"],
                defaults={
                    "parcours": parcours,
                    "title": demarche["title"],
                    "summary": demarche["summary"],
                    "is_open": demarche["is_open"],
                    "settings": demarche.get("settings", {}),
                },
            )
