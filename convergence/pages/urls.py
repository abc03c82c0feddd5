from django.urls import path

from convergence.pages import jobs, views

app_name = "pages"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("parcours/<slug:slug>/", views.parcours_detail, name="parcours_detail"),
    path("faq/", views.faq, name="faq"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("demarches/<slug:slug>/", views.demarche_detail, name="demarche_detail"),
    path("produits/<uuid:pk>/", views.product_detail, name="product_detail"),
    path("produits/<uuid:pk>/fiche.pdf", views.product_pdf, name="product_pdf"),
    path("travaux/<uuid:pk>/", jobs.job_detail, name="job_detail"),
    path("travaux/<uuid:pk>/fichier/", jobs.job_download, name="job_download"),
    path("rattachements/<uuid:pk>/", views.enrolment_detail, name="enrolment_detail"),
]
