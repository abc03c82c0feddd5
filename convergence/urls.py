"""Root of the addresses: each app mounts its own."""

from django.urls import include, path

from convergence.pages import health

urlpatterns = [
    path("", include("convergence.pages.urls")),
    path("produits/", include("convergence.products.urls")),
    path("", include("referencing.enrolment.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("compte/", include("allauth.urls")),
    path("ui/", include("convergence.ui.urls")),
]

handler400 = "convergence.ui.views.bad_request"
handler403 = "convergence.ui.views.permission_denied"
handler404 = "convergence.ui.views.page_not_found"
handler500 = "convergence.pages.health.server_error"
