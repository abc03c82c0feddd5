"""What the pages of the white label read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import Count

from convergence.database.search import search
from questionnaires.models import Recovery
from questionnaires.services import load_grid
from referencing.enrolment.models import AttachmentRequest, PreListing
from referencing.enrolment.white_label.notices import name_solution

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from convergence.products.models import Demarche
    from referencing.enrolment.models import Enrolment


def list_solutions(
    demarche: Demarche, *, text: str = "", chosen: str = "", limit: int, on: date
) -> tuple[list[tuple[str, str]], bool]:
    """(key, « Produit – Éditeur ») of the solutions that a distributor may choose (BR-190), by name; whether some are left off.

    The search forgives accents and case. What was chosen stays among them, so that a search never clears it.
    """
    joinable = PreListing.objects.joinable(demarche, on=on).select_related("enrolment__product__organisation")
    found = search(joinable, text, "enrolment__product__name", "enrolment__product__organisation__name").order_by(
        "enrolment__product__name", "pk"
    )[: limit + 1]
    rows = {str(row.pk): name_solution(row) for row in found}
    is_longer = len(rows) > limit
    kept = dict(list(rows.items())[:limit])
    if chosen and chosen not in kept:
        kept |= {str(row.pk): name_solution(row) for row in joinable if str(row.pk) == chosen}
    return list(kept.items()), is_longer


def latest_request(enrolment: Enrolment) -> AttachmentRequest | None:
    """The demand that says where the distributor’s product stands: the last one."""
    return (
        enrolment.attachment_requests.select_related("pre_listing__enrolment__product__organisation")
        .order_by("-requested_at", "-pk")
        .first()
    )


def count_recovered(requests: Sequence[AttachmentRequest]) -> dict[UUID, int]:
    """How many criteria each accepted distributor recovers now, by demand; one query."""
    of_response = {request.enrolment.response_id: request for request in requests}
    counts = (
        Recovery.objects.filter(response__in=of_response)
        .values("response", "source")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {
        of_response[row["response"]].pk: row["count"]
        for row in counts
        if of_response[row["response"]].pre_listing_id == row["source"]
    }


def list_recovered(request: AttachmentRequest) -> list[tuple[str, str]]:
    """(code, title) of the criteria that the distributor recovers, in the order of the grid; never what they answer."""
    enrolment = request.enrolment
    codes = set(
        Recovery.objects.filter(response=enrolment.response_id, source=request.pre_listing_id).values_list(
            "code", flat=True
        )
    )
    if not codes:
        return []
    grid = load_grid(enrolment.response.definition)
    return [(code, criterion.title) for code, criterion in grid.criteria.items() if code in codes]
