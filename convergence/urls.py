"""Root of the addresses: each app mounts its own."""

from django.conf import settings
from django.urls import include, path

from convergence.pages import health

urlpatterns = [
    path("", include("convergence.pages.urls")),
    path("produits/", include("convergence.products.urls")),
    path("", include("ecoscore.urls")),
    path("", include("referencing.enrolment.urls")),
    path("", include("referencing.teamwork.urls")),
    path("", include("referencing.convention.urls")),
    path("", include("referencing.dossier.urls")),
    path("", include("referencing.candidature.urls")),
    path("commission/", include("referencing.commission.urls")),
    path("", include("referencing.decision.urls")),
    path("", include("referencing.listing.urls")),
    path("", include("convergence.trust.urls")),
    path("", include("convergence.statistics.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("convergence.accounts.urls")),
    path("compte/", include("convergence.accounts.login_urls")),
    path("brouillons/", include("convergence.drafts.urls")),
    path("notifications/", include("convergence.notifications.urls")),
    path("ui/", include("convergence.ui.urls")),
]

if settings.CONVERGENCE["DEMO_MODE"]:
    urlpatterns += [
        path("demo/mails/", include("convergence.notifications.demo_urls")),
        path("demo/", include("convergence.accounts.demo_urls")),
    ]

handler400 = "convergence.ui.views.bad_request"
handler403 = "convergence.ui.views.permission_denied"
handler404 = "convergence.ui.views.page_not_found"
handler429 = "convergence.ui.views.too_many_requests"
handler500 = "convergence.pages.health.server_error"
