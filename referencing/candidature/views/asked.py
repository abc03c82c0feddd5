"""What was asked on one criterion, for the workspace: values of `candidature/_asked_here.html`."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from convergence.accounts.models import User
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature, NonConformity
from referencing.candidature.rules import can_judge
from referencing.candidature.selectors.requests import items_of, non_conformities_of
from referencing.candidature.views.asking import gap_badge, request_badge, severity_badge


def asked_here(
    candidature: Candidature, criterion: str, theme: str, user: User, *, is_recovered: bool = False
) -> dict[str, Any]:
    """Requests and non-conformities of a criterion, the newest first, and where to ask more, unless it is recovered and its producer
    is asked instead: two queries."""
    items = items_of(candidature, criterion)
    seat = NonConformity(candidature=candidature, theme=theme)
    may_ask = not is_recovered and candidature.state == CandidatureState.EVALUATION and can_judge(user, seat)
    query = f"?critere={criterion}"
    return {
        "items": [
            {
                "asked": item,
                "badge": request_badge(item.request) if item.is_open else None,
                "url": reverse("candidature:request_detail", args=[candidature.pk, item.request.number]),
            }
            for item in items
        ],
        "gaps": [
            {
                "gap": gap,
                "severity": severity_badge(gap),
                "badge": gap_badge(gap),
                "url": reverse("candidature:non_conformity_detail", args=[candidature.pk, gap.number]),
            }
            for gap in non_conformities_of(candidature, criterion)
        ],
        "ask_url": reverse("candidature:request_create", args=[candidature.pk]) + query
        if may_ask and not any(item.is_open for item in items)
        else "",
        "gap_url": reverse("candidature:non_conformity_create", args=[candidature.pk]) + query if may_ask else "",
    }
