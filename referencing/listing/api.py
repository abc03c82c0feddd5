"""The catalogue for other programs: what the public pages say, as JSON, without login (`/api/catalogue/`)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from drf_spectacular.views import SpectacularAPIView
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from referencing.listing.core.catalogue import seconds_to_midnight
from referencing.listing.models import CatalogueEntry
from referencing.listing.presenting import logo_address, service_address
from referencing.listing.selectors.catalogue import published
from referencing.listing.views.catalogue import MAX_AGE


class AddressesSerializer(serializers.Serializer[Any]):
    """Where the service is used, by platform."""

    web = serializers.URLField(required=False)
    android = serializers.URLField(required=False)
    ios = serializers.URLField(required=False)


class ExchangeSerializer(serializers.Serializer[Any]):
    """One exchange with Mon espace santé that the minister authorised."""

    api = serializers.CharField(help_text="`appariement`, `mesures`, `documents` ou `agenda`.")
    direction = serializers.CharField(help_text="`lecture` ou `ecriture`.")
    purpose = serializers.CharField(help_text="`prevention`, `diagnostic`, `soins` ou `suivi`.")
    data = serializers.CharField(help_text="Données précises, en clair ; vide si la décision n’en dit rien.")
    information = serializers.CharField(help_text="Ce que l’éditeur en dit à ses usagers.")


class ServiceSerializer(serializers.ModelSerializer[CatalogueEntry]):
    """A listed service."""

    url = serializers.SerializerMethodField(help_text="Sa page publique.")
    logo_url = serializers.SerializerMethodField(help_text="Image PNG.")
    addresses = AddressesSerializer()
    exchanges = ExchangeSerializer(many=True)
    decided_on = serializers.DateField(allow_null=True, help_text="Date de la décision du ministre.")

    class Meta:
        model = CatalogueEntry
        fields = (
            "number",
            "url",
            "name",
            "organisation",
            "short_text",
            "long_text",
            "categories",
            "price",
            "price_note",
            "platforms",
            "addresses",
            "exchanges",
            "ecoscore",
            "accessibility",
            "accessibility_url",
            "support_email",
            "support_url",
            "logo_url",
            "published_on",
            "ends_on",
            "decision_number",
            "decided_on",
            "changed_at",
        )

    def get_url(self, entry: CatalogueEntry) -> str:
        return f"{settings.SITE_URL}{service_address({'slug': entry.slug, 'number': entry.number})}"

    def get_logo_url(self, entry: CatalogueEntry) -> str:
        return f"{settings.SITE_URL}{logo_address(entry.logo)}"


class ServicePages(CursorPagination):
    ordering = ("sort_name", "number")
    page_size = 50


class PublicService(generics.GenericAPIView[CatalogueEntry]):
    """Nobody logs in, anybody may keep the answer for a minute, never past midnight in Paris."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    serializer_class = ServiceSerializer
    pagination_class = ServicePages
    lookup_field = "number"

    def get_queryset(self) -> QuerySet[CatalogueEntry]:
        return published(timezone.localdate()).defer("searchable", "search_vector").order_by("sort_name", "number")

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        final.headers["Cache-Control"] = f"public, max-age={min(MAX_AGE, seconds_to_midnight(timezone.now()))}"
        return final


@extend_schema_view(get=extend_schema(summary="Les services référencés, par nom", tags=["Catalogue"]))
class ServiceList(PublicService, generics.ListAPIView[CatalogueEntry]):
    """Les services du catalogue, cinquante par page ; `next` et `previous` mènent aux autres pages."""


@extend_schema_view(get=extend_schema(summary="Un service référencé", tags=["Catalogue"]))
class ServiceDetail(PublicService, generics.RetrieveAPIView[CatalogueEntry]):
    """404 pour un service qui n’est pas, ou n’est plus, au catalogue."""


class CatalogueSchema(SpectacularAPIView):
    """The OpenAPI description of these addresses, and of no other."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    urlconf = "referencing.listing.api_urls"
