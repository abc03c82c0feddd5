"""How the life of a listing is said on pages."""

from __future__ import annotations

from datetime import date, timedelta

from convergence.ui.values import Badge, Tone
from referencing.listing.enums import AuditState, ListingState, RenewalState, VersionState
from referencing.listing.models import Audit, Listing, Procedure, Renewal, VersionUpdate

LISTING_TONES: dict[str, Tone] = {
    ListingState.LISTED: "success",
    ListingState.SUSPENDED: "error",
    ListingState.EXPIRED: "neutral",
    ListingState.WITHDRAWN: "error",
    ListingState.WITHDRAWN_BY_EDITOR: "neutral",
}
RENEWAL_TONES: dict[str, Tone] = {
    RenewalState.OPEN: "new",
    RenewalState.STARTED: "info",
    RenewalState.IN_REVIEW: "info",
    RenewalState.TO_REPUBLISH: "info",
    RenewalState.GRANTED: "success",
    RenewalState.REFUSED: "error",
}
VERSION_TONES: dict[str, Tone] = {
    VersionState.UPDATE_DUE: "warning",
    VersionState.SUBMITTED: "info",
    VersionState.ACCEPTED: "success",
    VersionState.REFUSED: "error",
}
AUDIT_TONES: dict[str, Tone] = {
    AuditState.PLANNED: "new",
    AuditState.NOTIFIED: "info",
    AuditState.RUNNING: "warning",
    AuditState.FILED: "info",
    AuditState.REPORTED: "info",
    AuditState.FAVOURABLE: "success",
    AuditState.UNFAVOURABLE: "error",
}


def listing_badge(listing: Listing) -> Badge:
    return Badge(listing.get_state_display(), tone=LISTING_TONES[listing.state])


def renewal_badge(renewal: Renewal) -> Badge:
    return Badge(renewal.get_state_display(), tone=RENEWAL_TONES.get(renewal.state, "neutral"))


def version_badge(version: VersionUpdate) -> Badge:
    return Badge(version.get_state_display(), tone=VERSION_TONES.get(version.state, "neutral"))


def audit_badge(audit: Audit) -> Badge:
    return Badge(audit.get_state_display(), tone=AUDIT_TONES.get(audit.state, "neutral"))


def procedure_badge(procedure: Procedure, *, today: date) -> Badge:
    """Its state is told by its dates."""
    if procedure.closed_at is not None:
        return Badge("Décidée" if procedure.decision_id else "Abandonnée")
    if procedure.decision_id is not None:
        return Badge("Projet de décision préparé", tone="info")
    if procedure.opened_at is None:
        return Badge("À ouvrir", tone="new")
    if procedure.observed_at is not None:
        return Badge("Observations reçues", tone="info")
    if procedure.is_ripe(on=today):
        return Badge("À décider", tone="new")
    return Badge("En attente d’observations", tone="warning")


def find_ball(listing: Listing, *, is_editor: bool, today: date) -> tuple[str, str, date | None]:
    """Who must do what and until when, as the page says it of the service itself; empty when nobody must."""
    if listing.state == ListingState.SUSPENDED:
        who = "Vous" if is_editor else "L’éditeur"
        return who, "devez remédier à ce qui a motivé la suspension" if is_editor else "doit y remédier", None
    if listing.state == ListingState.LISTED and listing.ends_on - today <= timedelta(days=120):
        who = "Vous" if is_editor else "L’éditeur"
        verb = "pouvez" if is_editor else "peut"
        what = "déposer une nouvelle candidature complète" if listing.renewed_on else "demander le renouvellement"
        return who, f"{verb} {what}", listing.ends_on
    return "", "", None
