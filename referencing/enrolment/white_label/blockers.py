"""Why a white-label product does not apply: not attached, no mandate, an editor that no longer exists (BR-201, A-26)."""

from __future__ import annotations

from datetime import date

from django.urls import reverse

from convergence.kernel.errors import Blocker
from referencing.enrolment.enums import AttachmentState, WhiteLabelRole
from referencing.enrolment.models import Enrolment
from referencing.enrolment.white_label.dissolution import find_dissolution_blockers
from referencing.enrolment.white_label.mandates import find_mandate_blockers
from referencing.enrolment.white_label.selectors import latest_request

#: A distributor that is attached, or that was and answers itself since (A-23).
SETTLED = (AttachmentState.ACCEPTED, AttachmentState.BROKEN)


def find_white_label_blockers(enrolment: Enrolment, *, on: date) -> list[Blocker]:
    """Every reason of the white label not to apply on that day, each linked to what mends it."""
    return [
        *find_attachment_blockers(enrolment),
        *find_mandate_blockers(enrolment, on=on),
        *find_dissolution_blockers(enrolment),
    ]


def find_attachment_blockers(enrolment: Enrolment) -> list[Blocker]:
    """A distributor waits for its producer, then chooses another solution or the nominal case (BR-201)."""
    if enrolment.white_label != WhiteLabelRole.DISTRIBUTOR:
        return []
    request = latest_request(enrolment)
    if request is not None and request.state in SETTLED:
        return []
    page = reverse("enrolment:solution_detail", args=[enrolment.pk])
    if request is not None and request.state == AttachmentState.PENDING:
        return [Blocker("attachment_pending", "L’éditeur producteur n’a pas encore accepté votre rattachement.", page)]
    return [
        Blocker(
            "not_attached",
            "Votre produit n’est rattaché à aucune solution : choisissez-en une autre, ou passez au cas nominal.",
            page,
        )
    ]
