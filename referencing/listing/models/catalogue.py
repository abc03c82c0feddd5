from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q

from convergence.database.search import Words
from referencing.enrolment.models import Enrolment
from referencing.listing.core.sheet import NAME_LENGTH, PRICE_LENGTH, SHORT_LENGTH
from referencing.listing.models.listing import Listing
from referencing.listing.models.publication import PublicationVersion


class CatalogueEntryQuerySet(models.QuerySet["CatalogueEntry"]):
    def published(self, *, on: date) -> CatalogueEntryQuerySet:
        """What anybody may see on this day (BR-172, BR-177)."""
        return self.filter(is_listed=True, ends_on__gte=on)


class CatalogueEntry(models.Model):
    """Everything that the public reads of a service, in one row: a copy of its newest frozen version and of its listing.

    Never edited: `services.catalogue.rebuild_entry` writes it again in the transaction that changes its listing. The
    row stays when a service leaves the catalogue, so that its address keeps an answer.
    """

    enrolment = models.OneToOneField(
        Enrolment, primary_key=True, on_delete=models.PROTECT, related_name="catalogue_entry"
    )
    #: That of the enrolment: a service keeps its address when it is listed again.
    number = models.BigIntegerField("numéro", unique=True)
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(PublicationVersion, on_delete=models.PROTECT, related_name="+")
    is_listed = models.BooleanField("au catalogue")
    published_on = models.DateField("publié le")
    ends_on = models.DateField("jusqu’au")
    slug = models.SlugField(max_length=NAME_LENGTH)
    name = models.CharField("nom", max_length=NAME_LENGTH)
    sort_name = models.CharField("nom de tri", max_length=NAME_LENGTH * 2)
    organisation = models.CharField("éditeur", max_length=200)
    short_text = models.CharField("présentation courte", max_length=SHORT_LENGTH)
    long_text = models.TextField("présentation détaillée")
    categories = ArrayField(models.CharField(max_length=40), verbose_name="catégories")
    price = models.CharField("prix", max_length=10)
    price_note = models.CharField("détail du prix", max_length=PRICE_LENGTH, blank=True)
    platforms = ArrayField(models.CharField(max_length=10), verbose_name="supports")
    addresses = models.JSONField("adresses", default=dict)
    data = ArrayField(models.CharField(max_length=20), verbose_name="données échangées", default=list)
    exchanges = models.JSONField("échanges", default=list)
    ecoscore = models.DecimalField("écoscore", max_digits=5, decimal_places=1, null=True)
    #: That of the order: what has none comes last.
    ecoscore_rank = models.DecimalField("rang d’écoscore", max_digits=5, decimal_places=1, default=-1)
    accessibility = models.CharField("accessibilité", max_length=15)
    accessibility_url = models.URLField("déclaration d’accessibilité", max_length=300, blank=True)
    support_email = models.EmailField("adresse e-mail d’aide", blank=True)
    support_url = models.URLField("page d’aide", max_length=300, blank=True)
    logo = models.CharField("empreinte du logo", max_length=64)
    decision_number = models.CharField("décision", max_length=40)
    decided_on = models.DateField("décision du", null=True)
    searchable = models.TextField("texte cherché")
    #: Kept by the database: a search that matches every service would otherwise cut each text into words again.
    search_vector = models.GeneratedField(
        expression=SearchVector(Words("searchable"), config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
        verbose_name="mots cherchés",
    )
    changed_at = models.DateTimeField("changée le")

    objects = CatalogueEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "service du catalogue"
        verbose_name_plural = "services du catalogue"
        constraints = [
            models.CheckConstraint(
                name="catalogue_ecoscore_is_a_percentage",
                condition=Q(ecoscore__isnull=True) | Q(ecoscore__gte=0, ecoscore__lte=100),
                violation_error_message="Un écoscore va de 0 à 100.",
            )
        ]
        indexes = [
            # one per order of the list, of what is listed only
            models.Index(fields=["sort_name", "number"], condition=Q(is_listed=True), name="catalogue_by_name"),
            models.Index(fields=["published_on", "number"], condition=Q(is_listed=True), name="catalogue_by_date"),
            models.Index(fields=["ecoscore_rank", "number"], condition=Q(is_listed=True), name="catalogue_by_ecoscore"),
            GinIndex(fields=["categories"], name="catalogue_categories"),
            GinIndex(fields=["search_vector"], name="catalogue_search"),
            models.Index(fields=["logo"], name="catalogue_logo"),
        ]

    def __str__(self) -> str:
        return self.name


class CatalogueStamp(models.Model):
    """When the catalogue last changed: one row, read before any list so that an unchanged page is not made again."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    changed_at = models.DateTimeField("changé le")

    class Meta:
        verbose_name = "horodatage du catalogue"
        constraints = [models.CheckConstraint(name="catalogue_stamp_is_alone", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.changed_at:%d/%m/%Y %H:%M}"
