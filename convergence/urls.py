"""Root of the addresses: each app mounts its own."""

from django.urls import include, path

urlpatterns = [
    path("compte/", include("allauth.urls")),
]
