from django.apps import AppConfig


class DossierConfig(AppConfig):
    name = "referencing.dossier"
    label = "dossier"
    verbose_name = "Dossiers d’évaluation"

    def ready(self) -> None:
        from convergence.jobs import registry
        from referencing.dossier import outputs

        registry.register(outputs.PDF_JOB, outputs.make_pdf)
        registry.register(outputs.XLSX_JOB, outputs.make_xlsx)
        registry.register(outputs.ADDENDUM_JOB, outputs.make_addendum_pdf)
