"""The queue of the tests team."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from convergence.accounts.enums import Role
from convergence.accounts.requests import SignedInRequest
from convergence.database.search import search
from convergence.ui.values import Row
from referencing.candidature.connection_wording import AGENT_STATES, campaign_badge
from referencing.candidature.enums import LIVE_CAMPAIGN_STATES, TEAM_CAMPAIGN_STATES, CampaignState
from referencing.candidature.models import TestCampaign

LIST_LIMIT = 200
TODO, MINE, EVERYTHING = "a-traiter", "que-j-accompagne", "toutes"


@require_GET
@login_required
def campaign_list(request: SignedInRequest) -> HttpResponse:
    """Newest campaign of each file, the longest waiting first; those that the team must move unless asked otherwise."""
    access = request.user.access
    if not (access.reads_every_file or access.has(Role.TESTS, Role.TESTS_LEAD)):
        raise PermissionDenied("campaign_list")
    state, text = request.GET.get("etat", TODO), request.GET.get("q", "").strip()
    rows = TestCampaign.objects.visible_to(request.user).newest_of_each_file().with_file()
    if state in CampaignState.values:
        rows = rows.filter(state=state)
    elif state == MINE:
        rows = rows.filter(coach=request.user, state__in=LIVE_CAMPAIGN_STATES)
    elif state != EVERYTHING:
        rows = rows.filter(state__in=TEAM_CAMPAIGN_STATES)
    rows = search(rows, text, "candidature__searchable").defer(
        "candidature__dossier__payload", "candidature__dossier__seal"
    )
    names = [(each.value, AGENT_STATES.get(each) or str(each.label)) for each in CampaignState]
    return render(
        request,
        "candidature/campaign_list.html",
        {
            "rows": [
                Row(
                    cells=[
                        campaign.candidature.enrolment.label,
                        campaign.candidature.enrolment.product.organisation.name,
                        campaign_badge(campaign.state, is_editor=False),
                        campaign.moved_at,
                        campaign.coach.get_full_name() if campaign.coach else "",
                        campaign.number,
                    ],
                    url=address,
                )
                for campaign in rows.order_by("moved_at", "pk")[:LIST_LIMIT]
                for address in [reverse("candidature:campaign_detail", args=[campaign.candidature_id])]
            ],
            "columns": ["Produit", "Structure", "État", "Depuis", "Accompagnateur", "Campagne"],
            "states": [(TODO, "À traiter par l’équipe"), (MINE, "Que j’accompagne"), (EVERYTHING, "Toutes"), *names],
            "state": state,
            "text": text,
            "limit": LIST_LIMIT,
        },
    )
