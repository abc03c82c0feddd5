"""Criteria answered elsewhere, as they are written now."""

from __future__ import annotations

from uuid import UUID

from questionnaires.models import Recovery, Response


def recovered_codes(response: Response) -> dict[str, UUID]:
    """One query: the criteria taken from elsewhere, with their source."""
    return dict(Recovery.objects.filter(response=response).order_by("code").values_list("code", "source"))
