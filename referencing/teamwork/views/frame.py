"""What the pages of a team share: an enrolment of one’s own organisation, its grid, its colleagues."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from convergence.accounts.models import User
from convergence.products import rules as product_rules
from questionnaires.core import Criterion, Grid
from questionnaires.grids import compiled_grid
from referencing.enrolment.answering.pages import Place, find_place


def find_team_place(request: HttpRequest, pk: UUID, *, for_page: bool = True) -> Place:
    """One query; 404 for everybody but the members of the organisation: what a team says is its own."""
    place = find_place(request, pk, for_page=for_page)
    if not product_rules.is_member(place.user, place.enrolment):
        raise Http404
    return place


def grid_of(place: Place) -> Grid:
    return compiled_grid(place.enrolment.response.definition).grid


def find_criterion(place: Place, code: str) -> Criterion:
    """Raises Http404."""
    try:
        return grid_of(place).criteria[code]
    except KeyError as unknown:
        raise Http404 from unknown


def colleagues_of(place: Place) -> QuerySet[User]:
    """Active members of the organisation, by name."""
    members = User.objects.in_organisation(place.enrolment.product.organisation)
    return members.order_by("last_name", "first_name", "pk")
