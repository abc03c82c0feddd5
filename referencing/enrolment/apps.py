from django.apps import AppConfig


class EnrolmentConfig(AppConfig):
    name = "referencing.enrolment"
    label = "enrolment"
    verbose_name = "Rattachements"
