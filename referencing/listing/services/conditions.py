"""The cumulative conditions of a publication, checked live (R.1111-38, BR-161)."""

from __future__ import annotations

from django.urls import reverse

from convergence.kernel.errors import Blocker
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services.connection.standing import find_test_blockers
from referencing.commission.enums import FAVOURABLE_OPINIONS, STANDING_RESERVATIONS
from referencing.commission.models import Opinion, Reservation
from referencing.decision.selectors.conventions import convention_blockers
from referencing.enrolment.enums import Cycle
from referencing.listing.enums import PublicationState
from referencing.listing.models import Listing, PublicationSheet
from referencing.listing.selectors.publication import listing_decision


def find_publication_blockers(candidature: Candidature) -> list[Blocker]:
    """Every reason not to publish now, each linked to the page that mends it."""
    return [
        *find_opinion_blockers(candidature),
        *find_test_blockers(candidature),
        *find_decision_blockers(candidature),
        *convention_blockers(candidature.enrolment),
        *find_sheet_blockers(candidature),
        *find_listing_blockers(candidature),
    ]


def find_opinion_blockers(candidature: Candidature) -> list[Blocker]:
    """A favourable opinion, and no suspensive reservation left (BR-157, BR-158)."""
    page = reverse("candidature:candidature_detail", args=[candidature.pk])
    opinion = Opinion.objects.filter(candidature=candidature).order_by("-given_at").first()
    if opinion is None:
        return [Blocker("opinion", "La commission n’a pas rendu d’avis sur ce dossier.", page)]
    if opinion.kind not in FAVOURABLE_OPINIONS:
        return [Blocker("opinion", "L’avis de la commission n’est pas favorable.", page)]
    return [
        Blocker(
            "reservation",
            f"La réserve suspensive n° {number} n’est pas levée.",
            page,
        )
        for number in Reservation.objects.filter(
            opinion=opinion, is_suspensive=True, state__in=STANDING_RESERVATIONS
        ).values_list("number", flat=True)
    ]


def find_decision_blockers(candidature: Candidature) -> list[Blocker]:
    """The minister’s decision, signed and notified (BR-160)."""
    page = reverse("candidature:candidature_detail", args=[candidature.pk])
    decision = listing_decision(candidature)
    if decision is None:
        return [Blocker("decision", "Le ministre n’a pas signé de décision de référencement.", page)]
    if decision.notified_at is None:
        message = f"La décision {decision.number} n’est pas encore notifiée à l’éditeur."
        return [Blocker("notification", message, reverse("decision:decision_detail", args=[decision.pk]))]
    return []


def find_sheet_blockers(candidature: Candidature) -> list[Blocker]:
    sheet = PublicationSheet.objects.filter(enrolment=candidature.enrolment_id).first()
    page = reverse("listing:publication_review", args=[candidature.enrolment_id])
    if sheet is None:
        return [Blocker("sheet", "L’éditeur n’a pas commencé sa fiche de publication.", page)]
    if sheet.state != PublicationState.ACCEPTED:
        said = PublicationState(sheet.state).label.lower()
        return [Blocker("sheet", f"La fiche de publication n’est pas acceptée ({said}).", page)]
    return []


def find_listing_blockers(candidature: Candidature) -> list[Blocker]:
    """A service has one listing at a time; its renewal follows another way (A-35), its new exchanges keep it (A-31)."""
    if candidature.state != CandidatureState.APPROVED or candidature.cycle == Cycle.EXTENSION:
        return []
    standing = Listing.objects.standing().filter(enrolment=candidature.enrolment_id)
    if candidature.cycle == Cycle.FIRST:  # a full application takes the place of what was already renewed (BR-171)
        standing = standing.filter(renewed_on__isnull=True)
    if standing.exists():
        return [Blocker("listed", "Ce service est déjà référencé.", reverse("listing:listing_list"))]
    return []
