"""What the listing team learns when a link of interest takes somebody off a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.urls import reverse

from convergence.accounts.enums import Theme
from convergence.notifications.services import send
from convergence.ui.typography import NARROW_NBSP, NBSP
from referencing.candidature.notices import listing_team

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.candidature.models import Candidature


def somebody_is_needed(
    candidature: Candidature, *, person: User, was_referent: bool, themes: Sequence[str], verdicts: int
) -> None:
    """To the listing team, those barred from the file aside; the nature of the link is nobody else’s business."""
    enrolment = candidature.enrolment
    needs = []
    if was_referent:
        needs.append("choisissez un nouveau référent")
    if themes:
        labels = ", ".join(str(dict(Theme.choices).get(theme, theme)) for theme in themes)
        needs.append(f"confiez à un autre expert{NBSP}: {labels}")
    if verdicts:
        needs.append(f"{verdicts}{NBSP}verdict{'s' if verdicts > 1 else ''} à relire")
    separator = f"{NARROW_NBSP}; "
    send(
        recipients=listing_team(candidature),
        product=enrolment.label,
        kind="Liens d’intérêts",
        subject="une personne ne peut plus intervenir sur ce dossier",
        content=f"{person} a déclaré un lien d’intérêts avec {enrolment.product.organisation} et n’intervient plus sur ce "
        f"dossier.\n\nÀ faire{NBSP}: {separator.join(needs) or 'rien pour le moment'}.",
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action="Ouvrir la candidature",
    )
