"""What every page of a point shows at its top: product, outcome, where its examination stands, tabs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.urls import reverse

from convergence.accounts.requests import SignedInRequest
from convergence.ui.typography import NBSP, format_datetime
from convergence.ui.values import Link
from referencing.commission.enums import PointOutcome, SessionState
from referencing.commission.models import AgendaPoint
from referencing.commission.selectors.conflicts import with_ties
from referencing.commission.views.frame import session_crumbs
from referencing.commission.wording import outcome_badge


def get_point(request: SignedInRequest, pk: UUID) -> AgendaPoint:
    """The point, read `with_ties`, or 404 for whoever may not know its file (A-28)."""
    point: AgendaPoint = get_object_or_404(
        with_ties(AgendaPoint.objects.visible_to(request.user), "candidature__").select_related(
            "session__chair",
            "rapporteur",
            "candidature__enrolment__product__organisation",
            "candidature__enrolment__demarche",
            "candidature__dossier",
        ),
        pk=pk,
    )
    return point


def point_frame(point: AgendaPoint, tab: str) -> dict[str, Any]:
    """Template values for `commission/point_base.html`."""
    who, what = _say_ball(point)
    return {
        "point": point,
        "title": point.product_name,
        "badge": outcome_badge(point.outcome),
        "ball_who": who,
        "ball_what": what,
        "crumbs": session_crumbs(point.session, Link(f"Point n°{NBSP}{point.position}")),
        "tabs": [
            {"label": label, "url": reverse(f"commission:{name}", args=[point.pk]), "is_current": key == tab}
            for key, label, name in (
                ("reading", "Dossier de lecture", "point_detail"),
                ("evidence", "Preuves", "point_evidence"),
                ("room", "Examen et vote", "point_room"),
            )
        ],
    }


def _say_ball(point: AgendaPoint) -> tuple[str, str]:
    if point.outcome != PointOutcome.PENDING:
        return "Personne", "n’a plus rien à faire sur ce point : son examen est terminé"
    if point.session.state != SessionState.OPEN:
        return "Les membres", f"lisent ce dossier avant la séance du {format_datetime(point.session.held_at)}"
    if point.examined_at is None:
        return "La présidence", "appelle les points dans l’ordre"
    if point.deliberated_at is None:
        return "La commission", "examine ce dossier"
    return "La commission", "délibère sur ce dossier"
