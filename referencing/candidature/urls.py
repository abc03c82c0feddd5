from django.urls import path

from referencing.candidature.views import applying, conclusion, files, letters, summary

app_name = "candidature"

urlpatterns = [
    path("rattachements/<uuid:pk>/dossiers/", applying.dossier_list, name="dossier_list"),
    path("rattachements/<uuid:pk>/candidater/", applying.candidature_apply, name="candidature_apply"),
    path("dossiers/<uuid:pk>/", applying.dossier_detail, name="dossier_detail"),
    path("candidatures/<uuid:pk>/annuler/", applying.candidature_cancel, name="candidature_cancel"),
    path("candidatures/<uuid:pk>/retirer/", applying.candidature_withdraw, name="candidature_withdraw"),
    path("candidatures/", files.candidature_list, name="candidature_list"),
    path("candidatures/<uuid:pk>/", summary.candidature_detail, name="candidature_detail"),
    path("candidatures/<uuid:pk>/historique/", summary.candidature_history, name="candidature_history"),
    path("candidatures/<uuid:pk>/dossier/", summary.candidature_dossier, name="candidature_dossier"),
    path("candidatures/<uuid:pk>/echanges/", letters.letter_list, name="letter_list"),
    path("candidatures/<uuid:pk>/echanges/message/", letters.letter_write, name="letter_write"),
    path("candidatures/<uuid:pk>/echanges/note/", letters.letter_note, name="letter_note"),
    path("candidatures/<uuid:pk>/echanges/courrier/", letters.letter_file_mail, name="letter_file_mail"),
    path("candidatures/<uuid:pk>/echanges/<uuid:letter>/repondu/", letters.letter_settle, name="letter_settle"),
    path(
        "candidatures/<uuid:pk>/echanges/pieces/<uuid:attachment>/",
        letters.letter_attachment,
        name="letter_attachment",
    ),
    path("candidatures/<uuid:pk>/prendre-en-charge/", files.candidature_take, name="candidature_take"),
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
