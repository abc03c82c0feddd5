from uuid import UUID

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"
    label = "evidence"
    verbose_name = "Preuves"

    def ready(self) -> None:
        from convergence.jobs.models import Job
        from convergence.jobs.registry import Report, register
        from evidence.services.scanning import SCAN_KIND, scan

        def scan_job(job: Job, report: Report) -> None:
            report(0, "Analyse antivirus")
            scan(blob_id=UUID(job.payload["blob"]))

        register(SCAN_KIND, scan_job)
