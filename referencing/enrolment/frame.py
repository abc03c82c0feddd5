"""What every page of an enrolment shows at its top: title, breadcrumb, the three steps (SC-09, SC-11)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from convergence.ui.values import Link, Step
from referencing.enrolment.enums import SheetState
from referencing.enrolment.models import Enrolment
from referencing.enrolment.white_label.banner import find_banner


def frame(enrolment: Enrolment, *, current: int, convention_done: bool = False, page: str = "") -> dict[str, Any]:
    """Template values. `current`: the step shown, 1 to 3; `page`: last crumb, empty on the enrolment’s own page."""
    title = f"{enrolment.label} : {enrolment.demarche.title}"
    home = reverse("pages:enrolment_detail", args=[enrolment.pk])
    crumbs = [
        Link(
            enrolment.demarche.parcours.title, reverse("pages:parcours_detail", args=[enrolment.demarche.parcours.slug])
        ),
        Link(enrolment.demarche.title, reverse("pages:demarche_detail", args=[enrolment.demarche.slug])),
        Link(enrolment.label, home if page else ""),
    ]
    if page:
        crumbs.append(Link(page))
    return {
        "enrolment": enrolment,
        "title": title,
        "crumbs": crumbs,
        "steps": make_steps(enrolment, current=current, convention_done=convention_done),
        "attachment": find_banner(enrolment),
    }


def make_steps(enrolment: Enrolment, *, current: int, convention_done: bool) -> list[Step]:
    """Fiche administrative, Convention, Questionnaires, each « complétée », « en cours », « en attente » or « à venir »."""
    sheet = enrolment.sheet.state
    sheet_done = sheet == SheetState.VALIDATED
    waiting = sheet == SheetState.SUBMITTED
    return [
        Step(
            "Fiche administrative",
            "done" if sheet_done else "waiting" if waiting else "current",
            reverse("enrolment:sheet_detail", args=[enrolment.pk]),
        ),
        Step(
            "Convention",
            "done" if convention_done else ("current" if current == 2 else "waiting") if sheet_done else "upcoming",
            reverse("convention:convention_detail", args=[enrolment.pk]) if sheet_done else "",
        ),
        Step(
            "Questionnaires",
            "current" if convention_done else "upcoming",
            reverse("enrolment:questionnaire_list", args=[enrolment.pk]) if convention_done else "",
        ),
    ]
