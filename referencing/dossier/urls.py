from django.urls import path

from referencing.dossier import views

app_name = "dossier"

urlpatterns = [
    path("rattachements/<uuid:pk>/dossiers/generer/", views.dossier_generate, name="dossier_generate"),
    path("dossiers/<uuid:pk>/telecharger/<str:form>/", views.dossier_export, name="dossier_export"),
    path("dossiers/<uuid:pk>/verifier/", views.dossier_verify, name="dossier_verify"),
]
