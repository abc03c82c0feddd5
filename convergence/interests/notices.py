from __future__ import annotations

from typing import TYPE_CHECKING

from convergence.notifications.services import send
from convergence.ui.typography import format_date

if TYPE_CHECKING:
    from convergence.interests.models import InterestDeclaration


def declaration_expiring(declaration: InterestDeclaration, *, has_expired: bool, link: str) -> None:
    """To the person alone: without a valid declaration nobody can be assigned to a file."""
    date = format_date(declaration.expires_on)
    if has_expired:
        subject = "votre déclaration d’intérêts a expiré"
        content = f"Déclarez de nouveau vos liens d’intérêts : votre déclaration a expiré le {date}."
    else:
        subject = f"déclarez vos liens d’intérêts avant le {date}"
        content = f"Renouvelez votre déclaration d’intérêts : elle est valable jusqu’au {date}."
    send(
        recipients=[declaration.person],
        kind="Liens d’intérêts",
        subject=subject,
        content=f"{content}\n\nSans déclaration valable, aucun dossier ne peut vous être confié.",
        link=link,
        action="Déclarer mes liens d’intérêts",
    )
