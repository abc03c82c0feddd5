"""« Transmissions à accepter », above the catalogue of the organisation to which products are offered (A-26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergence.products.waiting import Waiting
from convergence.ui.addresses import address_of_each
from convergence.ui.values import Row
from referencing.enrolment.models import ProductTransfer

if TYPE_CHECKING:
    from convergence.accounts.models import Organisation, User

LIST_LIMIT = 200


def find_incoming(user: User, organisation: Organisation) -> Waiting | None:
    """The offers that this person may accept or refuse, the most urgent first; one query, none for whoever may not."""
    if not user.access.is_manager(organisation.pk):
        return None
    offers = ProductTransfer.objects.visible_to(user).offered().filter(recipient=organisation)
    address = address_of_each("enrolment:transfer_detail")
    rows = [
        Row(
            cells=[transfer.told_product, transfer.told_organisation, transfer.offered_at, transfer.expires_on],
            url=address(transfer.pk),
        )
        for transfer in offers.order_by("expires_on", "pk")[:LIST_LIMIT]
    ]
    if not rows:
        return None
    return Waiting("Transmissions à accepter", ["Produit", "Transmis par", "Proposé", "À traiter avant le"], rows)
