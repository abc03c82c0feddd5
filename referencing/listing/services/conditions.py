"""The cumulative conditions of a publication, checked live (R.1111-38, BR-161)."""

from __future__ import annotations

from django.urls import reverse

from convergence.kernel.errors import Blocker
from referencing.candidature.models import Candidature
from referencing.candidature.services.connection.standing import find_test_blockers
from referencing.commission.enums import FAVOURABLE_OPINIONS
from referencing.commission.selectors.opinions import barring_reservations, newest_opinion
from referencing.decision.selectors import convention_blockers
from referencing.listing.enums import PublicationState
from referencing.listing.models import PublicationSheet
from referencing.listing.selectors.publication import listing_decision


def find_publication_blockers(candidature: Candidature) -> list[Blocker]:
    """Every reason not to publish now, each linked to the page that mends it."""
    return [
        *find_opinion_blockers(candidature),
        *find_test_blockers(candidature),
        *find_decision_blockers(candidature),
        *convention_blockers(candidature.enrolment),
        *find_sheet_blockers(candidature),
    ]


def find_opinion_blockers(candidature: Candidature) -> list[Blocker]:
    """A favourable opinion, and no suspensive reservation left (BR-157, BR-158)."""
    page = reverse("candidature:candidature_detail", args=[candidature.pk])
    opinion = newest_opinion(candidature)
    if opinion is None:
        return [Blocker("opinion", "La commission n’a pas rendu d’avis sur ce dossier.", page)]
    if opinion.kind not in FAVOURABLE_OPINIONS:
        return [Blocker("opinion", "L’avis de la commission n’est pas favorable.", page)]
    return [
        Blocker(
            "reservation",
            f"La réserve suspensive n° {each.number} n’est pas levée.",
            page,
        )
        for each in barring_reservations(opinion)
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
    if sheet is None:
        preview = reverse("listing:publication_preview", args=[candidature.enrolment_id])
        return [Blocker("sheet", "L’éditeur n’a pas commencé sa fiche de publication.", preview)]
    if sheet.state != PublicationState.ACCEPTED:
        said = PublicationState(sheet.state).label.lower()
        page = reverse("listing:publication_review", args=[candidature.enrolment_id])
        return [Blocker("sheet", f"La fiche de publication n’est pas acceptée ({said}).", page)]
    return []
