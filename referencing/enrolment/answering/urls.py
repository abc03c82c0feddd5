"""Mounted under `rattachements/<uuid:pk>/`."""

from django.urls import path

from referencing.enrolment.answering.views import evaluation, evidence, orientation, overview, results, reuse

urlpatterns = [
    path("questionnaires/", overview.questionnaire_list, name="questionnaire_list"),
    path("reprendre/", reuse.answers_reuse, name="answers_reuse"),
    path("orientation/", orientation.orientation_detail, name="orientation_detail"),
    path("orientation/enregistrer/", orientation.orientation_save, name="orientation_save"),
    path("orientation/consequences/", orientation.orientation_confirm, name="orientation_confirm"),
    path("questionnaires/<slug:code>/", evaluation.questionnaire_form, name="questionnaire_form"),
    path("questionnaires/<slug:code>/enregistrer/", evaluation.questionnaire_save, name="questionnaire_save"),
    path("questionnaires/<slug:code>/resultats/", results.questionnaire_results, name="questionnaire_results"),
    path("questionnaires/<slug:code>/resultats/telecharger/", results.results_export, name="results_export"),
    path("questionnaires/<slug:code>/validations/<int:number>/", results.validation_detail, name="validation_detail"),
    path("preuves/<uuid:deposit>/", evidence.evidence_download, name="evidence_download"),
    path("preuves/<uuid:deposit>/archiver/", evidence.evidence_archive, name="evidence_archive"),
    path("preuves/<uuid:deposit>/confirmer/", evidence.evidence_confirm, name="evidence_confirm"),
    path("criteres/<str:criterion>/preuves-archivees/", evidence.evidence_archived, name="evidence_archived"),
    path("criteres/<str:criterion>/modeles/<str:evidence_type>/", evidence.evidence_template, name="evidence_template"),
    path("conteneur/", evidence.container_detail, name="container_detail"),
    path("conteneur/telecharger/", evidence.container_download, name="container_download"),
]
