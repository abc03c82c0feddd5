"""Mounted under `rattachements/<uuid:pk>/`."""

from django.urls import path

from referencing.enrolment.answering.views import orientation, overview

urlpatterns = [
    path("questionnaires/", overview.questionnaire_list, name="questionnaire_list"),
    path("orientation/", orientation.orientation_detail, name="orientation_detail"),
    path("orientation/enregistrer/", orientation.orientation_save, name="orientation_save"),
    path("orientation/consequences/", orientation.orientation_confirm, name="orientation_confirm"),
]
