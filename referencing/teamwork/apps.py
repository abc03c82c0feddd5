from django.apps import AppConfig


class TeamworkConfig(AppConfig):
    """Colleagues who answer together: who answers what, proposals from outside, conversations, what waits for a validation."""

    name = "referencing.teamwork"
    label = "teamwork"
    verbose_name = "Travail à plusieurs"

    def ready(self) -> None:
        from referencing.enrolment.answering import extras
        from referencing.teamwork import fragments

        extras.add(fragments.TEAM)
