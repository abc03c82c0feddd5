from django.apps import AppConfig


class CandidatureConfig(AppConfig):
    name = "referencing.candidature"
    label = "candidature"
    verbose_name = "Candidatures"

    def ready(self) -> None:
        from convergence.audit.workflow import follow
        from convergence.jobs import registry
        from referencing.candidature import outputs
        from referencing.candidature.services import issuing, producers
        from referencing.candidature.services.applying import find_transfer_blockers
        from referencing.enrolment.transfers.services import bar_transfer

        registry.register(outputs.REPORT_JOB, outputs.make_report)
        registry.register(issuing.ISSUE_JOB, issuing.make_document)
        for left in ("suspend", "replace", "revoke", "withdraw", "expire"):
            follow(f"prelisting.{left}", producers.pre_listing_left)
        follow("candidature.apply", producers.candidature_applied)
        bar_transfer(find_transfer_blockers)
