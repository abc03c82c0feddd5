"""« Passer au cas nominal »: a distributor’s product goes on by itself, as any other (BR-201)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from referencing.enrolment.enums import STANDING_ATTACHMENTS, EnrolmentState, SheetState, WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from referencing.enrolment.services import prefill

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: States in which the fiche can still be about somebody else.
EDITABLE_SHEETS = (SheetState.TO_COMPLETE, SheetState.DRAFT, SheetState.CHANGES_REQUESTED)


@transaction.atomic
def become_nominal(*, enrolment_id: UUID, actor: User) -> Enrolment:
    """The product is no distributor’s any more; answers stay. Refuses with every reason.

    A product evaluated for a third party becomes the organisation’s own only while its fiche may change: once it is
    transmitted, the third party is the editor of record (A-26).
    """
    enrolment: Enrolment = Enrolment.objects.visible_to(actor).with_product().locked().get(pk=enrolment_id)
    if not product_rules.can_commit(actor, enrolment):
        raise PermissionDenied("become_nominal")
    sheet = AdministrativeSheet.objects.select_for_update(of=("self",)).get(enrolment=enrolment)
    blockers = []
    if enrolment.white_label != WhiteLabelRole.DISTRIBUTOR or enrolment.state != EnrolmentState.ACTIVE:
        blockers.append(Blocker("wrong_state", "Cette action n’est plus possible dans cet état."))
    if enrolment.attachment_requests.filter(state__in=STANDING_ATTACHMENTS).exists():
        blockers.append(
            Blocker(
                "standing",
                "Annulez d’abord la demande de rattachement, ou mettez fin au rattachement.",
                reverse("enrolment:solution_detail", args=[enrolment.pk]),
            )
        )
    if enrolment.is_on_behalf and sheet.state not in EDITABLE_SHEETS:
        blockers.append(
            Blocker(
                "third_party",
                "La fiche administrative transmise nomme le tiers pour le compte duquel vous agissez : choisissez une autre "
                "solution, ou rattachez un nouveau produit en votre nom.",
                reverse("enrolment:sheet_detail", args=[enrolment.pk]),
            )
        )
    if blockers:
        raise TransitionRefused(blockers)
    if enrolment.is_on_behalf:
        AdministrativeSheet.objects.filter(pk=sheet.pk).update(
            version=sheet.version + 1, **{**_blank(), **prefill(enrolment.product.organisation)}
        )
    enrolment.white_label, enrolment.is_on_behalf = WhiteLabelRole.NONE, False
    enrolment.save(update_fields=["white_label", "is_on_behalf"])
    record("enrolment.become_nominal", subject=enrolment, actor=actor)
    return enrolment


def _blank() -> dict[str, object]:
    """Nothing of the third party stays in a fiche that becomes the organisation’s own."""
    return {
        "organisation_name": "",
        "legal_form": "",
        "address": "",
        "rcs": "",
        "rcs_not_applicable": False,
        "siret": "",
        "register_number": "",
        "register_extract": None,
        "finess": "",
        "website": "",
        "phone": "",
        "representative_last_name": "",
        "representative_first_name": "",
        "representative_function": "",
        "representative_email": "",
        "representative_phone": "",
    }
