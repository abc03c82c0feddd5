from django.urls import path

from referencing.candidature import views

app_name = "candidature"

urlpatterns = [
    path("rattachements/<uuid:pk>/dossiers/", views.dossier_list, name="dossier_list"),
    path("rattachements/<uuid:pk>/candidater/", views.candidature_apply, name="candidature_apply"),
    path("dossiers/<uuid:pk>/", views.dossier_detail, name="dossier_detail"),
    path("candidatures/<uuid:pk>/annuler/", views.candidature_cancel, name="candidature_cancel"),
    path("candidatures/<uuid:pk>/retirer/", views.candidature_withdraw, name="candidature_withdraw"),
    path("instruction/candidatures/", views.candidature_list, name="candidature_list"),
    path("instruction/candidatures/<uuid:pk>/", views.candidature_detail, name="candidature_detail"),
    path("instruction/candidatures/<uuid:pk>/prendre-en-charge/", views.candidature_take, name="candidature_take"),
]
