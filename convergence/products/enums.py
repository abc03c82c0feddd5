from django.db import models


class ProductType(models.TextChoices):
    SOCLE = "socle", "Socle"
    OPTION = "option", "Option"


class Interest(models.TextChoices):
    """Schemes that an editor says to be interested in; informative only (BR-004)."""

    MES = "mes", "1. Catalogue de services de Mon espace santé"
    DMN = "dmn", "2. Certification de conformité des dispositifs médicaux numériques"
    SEGUR = "segur", "3. Ségur du Numérique en Santé"
    BOUQUET = "bouquet", "4. Référencement du Bouquet de Services Professionnels (à venir)"
    TELECONSULTATION = (
        "teleconsultation",
        "5. Certification de conformité des solutions de téléconsultations (à venir)",
    )
    NONE = "none", "Aucun dispositif identifié pour le moment"
