"""The mandate by which a third party lets a distributor act in its name: a dated, revocable file (A-26)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.rules import is_listing_team
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.typography import format_date
from evidence.services import keep, withheld_reason
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.models import Enrolment, Mandate
from referencing.enrolment.white_label import notices

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from convergence.accounts.models import User
    from evidence.services import Examined

FORMATS = ("pdf",)
MAX_SIZE_MB = 10


@transaction.atomic
def deposit_mandate(
    *, enrolment_id: UUID, examined: Examined, given_on: date, ends_on: date | None, actor: User
) -> Mandate:
    """Keep the mandate. One that is past its end makes room by itself; one in force must be revoked first.

    Refuses with every reason; raises PermissionDenied for who does not commit the distributor’s organisation.
    """
    enrolment: Enrolment = Enrolment.objects.visible_to(actor).with_product().locked().get(pk=enrolment_id)
    if not product_rules.can_commit(actor, enrolment):
        raise PermissionDenied("deposit_mandate")
    now = timezone.now()
    today = timezone.localdate(now)
    former = enrolment.mandates.filter(revoked_at__isnull=True).first()
    blockers = []
    if not enrolment.is_on_behalf:
        blockers.append(Blocker("not_on_behalf", "Ce produit n’est pas évalué pour le compte d’un tiers."))
    if enrolment.state != EnrolmentState.ACTIVE:
        blockers.append(Blocker("closed", "Ce rattachement à la démarche est clos."))
    if former is not None and not former.is_past(today):
        blockers.append(Blocker("in_force", "Un mandat est déjà en vigueur : révoquez-le d’abord."))
    if given_on > today:
        blockers.append(Blocker("given_on", "Un mandat ne se donne pas à une date à venir.", "#id_given_on"))
    if ends_on is not None and (ends_on < given_on or ends_on < today):
        blockers.append(Blocker("ends_on", "Indiquez une date de fin à venir.", "#id_ends_on"))
    if blockers:
        raise TransitionRefused(blockers)
    if former is not None:
        _revoke(former, why="Arrivé à son terme, puis remplacé.", actor=actor)
    mandate = Mandate.objects.create(
        enrolment=enrolment,
        file=keep(examined=examined, actor=actor),
        given_on=given_on,
        ends_on=ends_on,
        deposited_by=actor,
        deposited_at=now,
    )
    record(
        "mandate.deposit",
        subject=mandate,
        actor=actor,
        data={
            "enrolment": str(enrolment.pk),
            "given_on": given_on.isoformat(),
            "sha256": mandate.file.blob.sha256,
        },
    )
    return mandate


@transaction.atomic
def revoke_mandate(*, enrolment_id: UUID, why: str, actor: User) -> Mandate:
    """The distributor, or a verifier whom the third party told, ends the mandate; the other one is told.

    What was applied for goes on; nothing is signed nor applied for any more without another mandate.
    """
    enrolment: Enrolment = Enrolment.objects.visible_to(actor).with_product().locked().get(pk=enrolment_id)
    if not (product_rules.can_commit(actor, enrolment) or is_listing_team(actor)):
        raise PermissionDenied("revoke_mandate")
    mandate = enrolment.mandates.select_for_update().filter(revoked_at__isnull=True).first()
    why = why.strip()
    blockers = [] if why else [Blocker("why", "Indiquez le motif de la révocation.", "#id_why")]
    if mandate is None:
        blockers.append(Blocker("no_mandate", "Aucun mandat n’est en vigueur."))
    if blockers or mandate is None:
        raise TransitionRefused(blockers)
    _revoke(mandate, why=why, actor=actor)
    transaction.on_commit(partial(notices.mandate_revoked, enrolment, why))
    return mandate


def find_mandate_blockers(enrolment: Enrolment, *, on: date) -> list[Blocker]:
    """Why nothing is signed nor applied for in the third party’s name on that day; empty for other products (A-26)."""
    if not enrolment.is_on_behalf:
        return []
    page = reverse("enrolment:mandate_detail", args=[enrolment.pk])
    mandate = enrolment.mandates.filter(revoked_at__isnull=True).select_related("file__blob").first()
    if mandate is None:
        return [
            Blocker("mandate", "Déposez le mandat du tiers pour le compte duquel le produit est évalué.", page),
        ]
    if mandate.is_past(on):
        ended = format_date(mandate.ends_on) if mandate.ends_on else ""
        return [Blocker("mandate_ended", f"Le mandat a pris fin le {ended} : déposez le suivant.", page)]
    if reason := withheld_reason(mandate.file):
        return [Blocker("mandate_withheld", f"Mandat du tiers : {reason.message}", page)]
    return []


def _revoke(mandate: Mandate, *, why: str, actor: User) -> None:
    mandate.revoked_at, mandate.revoked_by, mandate.revoke_reason = timezone.now(), actor, why
    mandate.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    record("mandate.revoke", subject=mandate, actor=actor, reason=why, data={"enrolment": str(mandate.enrolment_id)})
