from django.urls import path

from referencing.candidature.views import applying, campaign_list, conclusion, connection, files, workbook

app_name = "candidature"

urlpatterns = [
    path("rattachements/<uuid:pk>/dossiers/", applying.dossier_list, name="dossier_list"),
    path("rattachements/<uuid:pk>/candidater/", applying.candidature_apply, name="candidature_apply"),
    path("dossiers/<uuid:pk>/", applying.dossier_detail, name="dossier_detail"),
    path("candidatures/<uuid:pk>/annuler/", applying.candidature_cancel, name="candidature_cancel"),
    path("candidatures/<uuid:pk>/retirer/", applying.candidature_withdraw, name="candidature_withdraw"),
    path("candidatures/", files.candidature_list, name="candidature_list"),
    path("candidatures/<uuid:pk>/", files.candidature_detail, name="candidature_detail"),
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
    # connection tests
    path("tests-de-connexion/", campaign_list.campaign_list, name="campaign_list"),
    path("candidatures/<uuid:pk>/tests/", connection.campaign_detail, name="campaign_detail"),
    path("candidatures/<uuid:pk>/tests/nouvelle-campagne/", connection.campaign_reopen, name="campaign_reopen"),
    path("tests-de-connexion/<uuid:pk>/tests-unitaires/", connection.unit_declare, name="unit_declare"),
    path("tests-de-connexion/<uuid:pk>/cles/", connection.keys_send, name="keys_send"),
    path("tests-de-connexion/<uuid:pk>/accompagnateur/", connection.coach_assign, name="coach_assign"),
    path("tests-de-connexion/<uuid:pk>/cahier/", workbook.workbook_detail, name="workbook_detail"),
    path("tests-de-connexion/<uuid:pk>/cahier/enregistrer/", workbook.workbook_save, name="workbook_save"),
    path("tests-de-connexion/<uuid:pk>/cahier/telecharger/", workbook.workbook_export, name="workbook_export"),
    path("tests-de-connexion/<uuid:pk>/cahier/importer/", workbook.workbook_import, name="workbook_import"),
    path("tests-de-connexion/<uuid:pk>/recette/deposer/", workbook.acceptance_submit, name="acceptance_submit"),
    path("tests-de-connexion/<uuid:pk>/recette/renvoyer/", workbook.acceptance_send_back, name="acceptance_send_back"),
    path("tests-de-connexion/<uuid:pk>/recette/accepter/", connection.acceptance_accept, name="acceptance_accept"),
    path("tests-de-connexion/<uuid:pk>/raccordement/", connection.connection_start, name="connection_start"),
    path("tests-de-connexion/<uuid:pk>/creneaux/", connection.slot_propose, name="slot_propose"),
    path("creneaux/<uuid:pk>/reserver/", connection.slot_book, name="slot_book"),
    path("creneaux/<uuid:pk>/annuler/", connection.slot_cancel, name="slot_cancel"),
    path("creneaux/<uuid:pk>/agenda/", connection.slot_calendar, name="slot_calendar"),
    path("tests-de-connexion/<uuid:pk>/lignes/<slug:code>/contester/", connection.line_dispute, name="line_dispute"),
    path("contestations/<uuid:pk>/", connection.dispute_judge, name="dispute_judge"),
    path("tests-de-connexion/<uuid:pk>/reussite/", workbook.campaign_complete, name="campaign_complete"),
    path("tests-de-connexion/<uuid:pk>/echec/", connection.campaign_fail, name="campaign_fail"),
    path("tests-de-connexion/<uuid:pk>/annuler/", connection.campaign_cancel, name="campaign_cancel"),
    path("fichiers-de-test/<uuid:pk>/", connection.test_file_download, name="test_file_download"),
]
