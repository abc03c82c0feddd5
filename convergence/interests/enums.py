from django.db import models

from convergence.accounts.enums import Role


class Nature(models.TextChoices):
    """What ties a person to an organisation."""

    EMPLOYMENT = "employment", "Emploi"
    MANDATE = "mandate", "Mandat ou fonction dirigeante"
    CAPITAL = "capital", "Participation au capital"
    PAID_EXPERTISE = "paid_expertise", "Expertise ou conseil rémunéré"
    RELATIVE = "relative", "Activité d’un proche"
    OTHER = "other", "Autre lien"


#: Those who examine files or advise on them; each declares before contributing (A-21, A-28).
DECLARING_ROLES = (
    Role.LISTING_TEAM,
    Role.EXPERT,
    Role.TESTS,
    Role.TESTS_LEAD,
    Role.AUDITOR,
    Role.PRESIDENT,
    Role.MEMBER,
)
