from django.urls import path

from referencing.listing.views import audits, life, procedures, reports, versions

app_name = "listing"

urlpatterns = [
    # life of a listing
    path("referencements/vie/", life.life_list, name="life_list"),
    path("referencements/<uuid:pk>/vie/", life.life_detail, name="life_detail"),
    path("referencements/<uuid:pk>/renouveler/", life.renewal_start, name="renewal_start"),
    path("referencements/<uuid:pk>/nouveau-perimetre/", life.extension_start, name="extension_start"),
    path("referencements/<uuid:pk>/nouvelle-candidature/", life.application_start, name="application_start"),
    path("referencements/<uuid:pk>/retirer/", life.listing_withdraw, name="listing_withdraw"),
    path("referencements/<uuid:pk>/versions/declarer/", versions.version_declare, name="version_declare"),
    path("referencements/versions/<uuid:pk>/", versions.version_detail, name="version_detail"),
    path("referencements/versions/<uuid:pk>/mettre-a-jour/", versions.version_submit, name="version_submit"),
    path("referencements/versions/<uuid:pk>/examiner/", versions.version_decide, name="version_decide"),
    path("referencements/<uuid:pk>/procedures/ouvrir/", procedures.procedure_open, name="procedure_open"),
    path("referencements/<uuid:pk>/decision-favorable/", procedures.relief_draft, name="relief_draft"),
    path("referencements/procedures/", procedures.procedure_list, name="procedure_list"),
    path("referencements/procedures/<uuid:pk>/", procedures.procedure_detail, name="procedure_detail"),
    path("referencements/procedures/<uuid:pk>/observations/", procedures.procedure_observe, name="procedure_observe"),
    path("referencements/procedures/<uuid:pk>/piece/", procedures.procedure_document, name="procedure_document"),
    path("referencements/procedures/<uuid:pk>/decision/", procedures.procedure_draft, name="procedure_draft"),
    path("referencements/procedures/<uuid:pk>/abandonner/", procedures.procedure_drop, name="procedure_drop"),
    path("referencements/<uuid:pk>/auditer/", audits.audit_open, name="audit_open"),
    path("referencements/audits/", audits.audit_list, name="audit_list"),
    path("referencements/audits/<uuid:pk>/", audits.audit_detail, name="audit_detail"),
    path("referencements/audits/<uuid:pk>/annoncer/", audits.audit_announce, name="audit_announce"),
    path("referencements/audits/<uuid:pk>/documents/", audits.audit_submit, name="audit_submit"),
    path("referencements/audits/<uuid:pk>/complements/", audits.audit_ask, name="audit_ask"),
    path("referencements/audits/<uuid:pk>/visites/", audits.visit_add, name="visit_add"),
    path("referencements/audits/<uuid:pk>/rapport/", audits.audit_report, name="audit_report"),
    path("referencements/audits/<uuid:pk>/conclusion/", audits.audit_conclude, name="audit_conclude"),
    path("referencements/audits/<uuid:pk>/annuler/", audits.audit_cancel, name="audit_cancel"),
    path("referencements/audits/<uuid:pk>/fichiers/<uuid:file>/", audits.audit_file, name="audit_file"),
    path("referencements/tirages/", audits.draw_list, name="draw_list"),
    path("referencements/tirages/<int:number>/", audits.draw_detail, name="draw_detail"),
    path("referencements/tirages/<int:number>/graine/", audits.seed_draw, name="seed_draw"),
    path("referencements/tirages/<int:number>.json", audits.draw_export, name="draw_export"),
    path("catalogue/<int:number>/signaler/", reports.report_create, name="report_create"),
    path("signalements/merci/", reports.report_sent, name="report_sent"),
    path("signalements/confirmer/<str:token>/", reports.report_confirm, name="report_confirm"),
    path("referencements/signalements/", reports.report_list, name="report_list"),
    path("referencements/signalements/<uuid:pk>/", reports.report_detail, name="report_detail"),
]
