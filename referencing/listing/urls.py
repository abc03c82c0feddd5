from django.urls import include, path

from referencing.listing.api import CatalogueSchema
from referencing.listing.views import catalogue, publication, publishing

app_name = "listing"

urlpatterns = [
    # publication and catalogue
    path("rattachements/<uuid:pk>/publication/", publication.publication_edit, name="publication_edit"),
    path("rattachements/<uuid:pk>/publication/enregistrer/", publication.publication_save, name="publication_save"),
    path("rattachements/<uuid:pk>/publication/logo/", publication.publication_logo, name="publication_logo"),
    path("rattachements/<uuid:pk>/publication/apercu/", publication.publication_preview, name="publication_preview"),
    path("rattachements/<uuid:pk>/publication/soumettre/", publication.publication_submit, name="publication_submit"),
    path("rattachements/<uuid:pk>/publication/modifier/", publication.publication_revise, name="publication_revise"),
    path("referencements/", publishing.listing_list, name="listing_list"),
    path("referencements/a-publier/", publishing.publication_list, name="publication_list"),
    path("referencements/fiches/<uuid:pk>/", publishing.publication_review, name="publication_review"),
    path("referencements/fiches/<uuid:pk>/accepter/", publishing.publication_accept, name="publication_accept"),
    path(
        "referencements/fiches/<uuid:pk>/corriger/",
        publishing.publication_request_changes,
        name="publication_request_changes",
    ),
    path("candidatures/<uuid:pk>/publier/", publishing.candidature_publish, name="candidature_publish"),
    path("catalogue/", catalogue.catalogue_list, name="catalogue_list"),
    path("catalogue/flux.atom", catalogue.catalogue_feed, name="catalogue_feed"),
    path("catalogue/categories/<slug:category>/", catalogue.category_detail, name="category_detail"),
    path("catalogue/logos/<slug:sha256>.png", catalogue.service_logo, name="service_logo"),
    path("catalogue/<slug:slug>-<int:number>/", catalogue.service_detail, name="service_detail"),
    path("sitemap.xml", catalogue.sitemap, name="sitemap"),
    path("robots.txt", catalogue.robots, name="robots"),
    path("api/catalogue/schema/", CatalogueSchema.as_view(), name="api_schema"),
    path("", include("referencing.listing.api_urls")),
]
