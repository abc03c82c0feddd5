from django.urls import path

from ecoscore.views import about, applications, editor, measures, reports

app_name = "ecoscore"

urlpatterns = [
    path("ecoscore/methode/", about.methodology, name="methodology"),
    path("ecoscore/questions/", about.faq, name="faq"),
    path("ecoscore/langage/", about.language, name="language"),
    path("ecoscore/scenario/verifier/", editor.script_check, name="script_check"),
    path("produits/<uuid:product>/ecoscore/", applications.application_list, name="application_list"),
    path("produits/<uuid:product>/ecoscore/ajouter/", applications.application_create, name="application_create"),
    path("ecoscore/<uuid:pk>/", applications.application_detail, name="application_detail"),
    path("ecoscore/<uuid:pk>/environnement/", applications.environment_check, name="environment_check"),
    path("ecoscore/<uuid:pk>/secrets/", applications.secret_list, name="secret_list"),
    path("ecoscore/<uuid:pk>/mesures/ajouter/", measures.measure_create, name="measure_create"),
    path("ecoscore/<uuid:pk>/comparer/", reports.report_compare, name="report_compare"),
    path("ecoscore/mesures/<uuid:pk>/", measures.measure_detail, name="measure_detail"),
    path("ecoscore/mesures/<uuid:pk>/scenario/", measures.scenario_edit, name="scenario_edit"),
    path("ecoscore/mesures/<uuid:pk>/intermediaire/", measures.measure_debug, name="measure_debug"),
    path("ecoscore/mesures/<uuid:pk>/finale/", measures.measure_queue, name="measure_queue"),
    path("ecoscore/mesures/<uuid:pk>/annuler/", measures.measure_cancel, name="measure_cancel"),
    path("ecoscore/mesures/<uuid:pk>/publier/", measures.measure_publish, name="measure_publish"),
    path("ecoscore/mesures/<uuid:pk>/retirer/", measures.measure_withdraw, name="measure_withdraw"),
    path("ecoscore/captures/<uuid:pk>/", reports.screenshot_show, name="screenshot_show"),
    path("ecoscore/resultats/<uuid:pk>/", reports.report_detail, name="report_detail"),
    path("ecoscore/resultats/<uuid:pk>/rapport.pdf", reports.report_pdf, name="report_pdf"),
]
