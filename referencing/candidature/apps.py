from django.apps import AppConfig


class CandidatureConfig(AppConfig):
    name = "referencing.candidature"
    label = "candidature"
    verbose_name = "Candidatures"

    def ready(self) -> None:
        from convergence.jobs import registry
        from referencing.candidature import outputs
        from referencing.candidature.services import issuing
        from referencing.candidature.services.applying import find_transfer_blockers
        from referencing.enrolment.transfers.services import bar_transfer

        registry.register(outputs.REPORT_JOB, outputs.make_report)
        registry.register(issuing.ISSUE_JOB, issuing.make_document)
        bar_transfer(find_transfer_blockers)
