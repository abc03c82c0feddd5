from django.urls import path

from referencing.candidature.views import (
    admission,
    applying,
    conclusion,
    documents,
    experts,
    files,
    interests,
    preflight,
    summary,
)

app_name = "candidature"

urlpatterns = [
    path("liens-interets/", interests.interest_list, name="interest_list"),
    path("liens-interets/declarer/", interests.interest_declare, name="interest_declare"),
    path("rattachements/<uuid:pk>/dossiers/", applying.dossier_list, name="dossier_list"),
    path("rattachements/<uuid:pk>/candidater/", applying.candidature_apply, name="candidature_apply"),
    path("dossiers/<uuid:pk>/", applying.dossier_detail, name="dossier_detail"),
    path("candidatures/<uuid:pk>/annuler/", applying.candidature_cancel, name="candidature_cancel"),
    path("candidatures/<uuid:pk>/retirer/", applying.candidature_withdraw, name="candidature_withdraw"),
    path("candidatures/", files.candidature_list, name="candidature_list"),
    path("candidatures/<uuid:pk>/", summary.candidature_detail, name="candidature_detail"),
    path("candidatures/<uuid:pk>/historique/", summary.candidature_history, name="candidature_history"),
    path("candidatures/<uuid:pk>/dossier/", summary.candidature_dossier, name="candidature_dossier"),
    path("candidatures/<uuid:pk>/prendre-en-charge/", files.candidature_take, name="candidature_take"),
    path("rattachements/<uuid:pk>/verifier-avant-de-candidater/", preflight.preflight_detail, name="preflight_detail"),
    path("candidatures/<uuid:pk>/recevabilite/", admission.admissibility_detail, name="admissibility_detail"),
    path("candidatures/<uuid:pk>/recevabilite/pieces/", admission.pieces_ask, name="pieces_ask"),
    path(
        "candidatures/<uuid:pk>/recevabilite/recevable/",
        admission.candidature_declare_admissible,
        name="candidature_declare_admissible",
    ),
    path(
        "candidatures/<uuid:pk>/recevabilite/irrecevable/",
        admission.candidature_declare_inadmissible,
        name="candidature_declare_inadmissible",
    ),
    path("candidatures/<uuid:pk>/experts/", experts.expert_list, name="expert_list"),
    path("candidatures/<uuid:pk>/documents/<slug:kind>/", documents.issued_document, name="issued_document"),
    path("candidatures/<uuid:pk>/conclusion/", conclusion.candidature_conclude, name="candidature_conclude"),
    path("candidatures/<uuid:pk>/conclusion/rouvrir/", conclusion.candidature_reopen, name="candidature_reopen"),
    path(
        "candidatures/<uuid:pk>/conclusion/pre-referencer/",
        conclusion.candidature_pre_list,
        name="candidature_pre_list",
    ),
    path(
        "candidatures/<uuid:pk>/conclusion/<int:number>/rapport/",
        conclusion.conclusion_export,
        name="conclusion_export",
    ),
    path("pre-referencements/", conclusion.pre_listing_list, name="pre_listing_list"),
    path("pre-referencements/<uuid:pk>/", conclusion.pre_listing_detail, name="pre_listing_detail"),
    path("pre-referencements/<uuid:pk>/<slug:step>/", conclusion.pre_listing_change, name="pre_listing_change"),
]
