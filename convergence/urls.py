"""Root of the addresses: each app mounts its own."""

from django.urls import include, path

from convergence.pages import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("compte/", include("allauth.urls")),
]
