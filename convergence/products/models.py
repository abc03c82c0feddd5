from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from convergence.accounts.models import Organisation
from convergence.database.sequences import NextNumber
from convergence.products.enums import Interest, ProductType

if TYPE_CHECKING:
    from convergence.accounts.models import User


class Parcours(models.Model):
    """A pathway of the platform (card of the dashboard, SC-01)."""

    slug = models.SlugField("code", unique=True)
    title = models.CharField("titre", max_length=120)
    position = models.PositiveSmallIntegerField("rang")
    is_open = models.BooleanField("ouvert", default=False)
    card = models.JSONField("carte du tableau de bord", default=dict)

    class Meta:
        verbose_name = "parcours"
        verbose_name_plural = "parcours"
        ordering = ["position"]

    def __str__(self) -> str:
        return self.title


class Demarche(models.Model):
    """A procedure of a pathway; `settings` holds what operators may decide per procedure (OQ-18, A-04, A-17)."""

    slug = models.SlugField("code", unique=True)
    parcours = models.ForeignKey(Parcours, verbose_name="parcours", on_delete=models.PROTECT, related_name="demarches")
    title = models.CharField("titre", max_length=120)
    summary = models.TextField("présentation")
    is_open = models.BooleanField("accepte de nouveaux rattachements", default=False)
    settings = models.JSONField("réglages", default=dict, blank=True)

    class Meta:
        verbose_name = "démarche"

    def __str__(self) -> str:
        return self.title


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, user: User) -> ProductQuerySet:
        """Members see the products of their organisations; the listing team and support see all (BR-006)."""
        if user.access.reads_every_file:
            return self
        return self.filter(organisation__in=user.access.organisation_ids)

    def with_list_data(self) -> ProductQuerySet:
        """What a line of the catalogue shows, nothing more: descriptions are long."""
        person = [f"owner__{name}" for name in ("first_name", "last_name", "email")]
        return self.select_related("owner").only("number", "name", "version", "type", "created_at", *person)

    def locked(self) -> ProductQuerySet:
        return self.select_for_update(of=("self",))


class Product(models.Model):
    """A digital health service in one version, as citizens see it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField("numéro", unique=True, editable=False, db_default=NextNumber("product_number"))
    organisation = models.ForeignKey(
        Organisation, verbose_name="structure", on_delete=models.PROTECT, related_name="products"
    )
    name = models.CharField("nom du produit", max_length=150)
    version = models.CharField("version", max_length=30)
    type = models.CharField("type de produit", max_length=10, choices=ProductType.choices)
    nil = models.CharField("n° d’identification (NIL délivré par le CNDA)", max_length=30, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="responsable", on_delete=models.PROTECT, related_name="owned_products"
    )
    description = models.TextField("description de produit", max_length=4000)
    certifications = models.TextField("certifications", max_length=2000, blank=True)
    interests = ArrayField(
        models.CharField(max_length=20, choices=Interest.choices), verbose_name="dispositifs qui vous intéressent"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("ajouté le", auto_now_add=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = "produit"
        constraints = [
            models.UniqueConstraint(
                "organisation",
                Lower("name"),
                Lower("version"),
                name="product_one_per_name_and_version",
                violation_error_message="Votre structure a déjà un produit de ce nom dans cette version.",
            ),
            models.CheckConstraint(
                condition=~Q(interests__contains=[Interest.NONE]) | Q(interests__len=1),
                name="product_no_interest_stands_alone",
                violation_error_message="« Aucun dispositif identifié pour le moment » ne se combine pas.",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "name"], name="product_by_name")]

    def __str__(self) -> str:
        return self.label

    @property
    def version_label(self) -> str:
        """`v0.1`, whether `0.1` or `v0.1` was typed (A-15)."""
        return self.version if self.version[:1] in "vV" else f"v{self.version}"

    @property
    def label(self) -> str:
        """`Produit - v0.1 - 2726` (SC-06)."""
        return f"{self.name} - {self.version_label} - {self.number}"
