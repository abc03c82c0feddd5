"""What every page of a file under instruction shows at its top: title, state, who has the ball, tabs (both sides)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.db.models.expressions import Combinable
from django.shortcuts import get_object_or_404
from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Link
from referencing.candidature.enums import ADMISSIBLE_STATES, Holder
from referencing.candidature.models import Candidature
from referencing.candidature.rules import is_any_expert, is_instructor
from referencing.candidature.wording import Audience, ball_words, state_badge
from referencing.dossier.models import Addendum

if TYPE_CHECKING:
    from convergence.accounts.models import User


def everybody(user: User, candidature: Candidature) -> bool:
    return True


def shows_conclusion(user: User, candidature: Candidature) -> bool:
    """Agents who read the instruction, once the file is admissible: the report is for the commission."""
    return is_instructor(user, candidature) and candidature.state in ADMISSIBLE_STATES


def shows_tests(user: User, candidature: Candidature) -> bool:
    """Only a service that exchanges data is tested, once its file is admissible (BR-130)."""
    return candidature.has_exchange and candidature.admissible_at is not None


def shows_admissibility(user: User, candidature: Candidature) -> bool:
    return is_instructor(user, candidature) and candidature.taken_at is not None


def shows_experts(user: User, candidature: Candidature) -> bool:
    return is_instructor(user, candidature) and candidature.admissible_at is not None


def shows_requests(user: User, candidature: Candidature) -> bool:
    """Once somebody may ask: nothing is asked of a file that nobody took in charge."""
    return candidature.taken_at is not None


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of the file: `key` marks the current one, `url` is a URL name that takes the file’s id.

    `for_readers`: also for those who read what a later stage says of a file that they do not see: commission, ministry.
    """

    key: str
    label: str
    url: str
    is_shown: Callable[[User, Candidature], bool] = everybody
    editor_label: str = ""
    shortcut: str = ""
    for_testers: bool = False
    for_readers: bool = False


#: In the order of the work; each topic adds its own line.
TABS: list[Tab] = [
    Tab("summary", "Synthèse", "candidature:candidature_detail", editor_label="Suivi", for_testers=True),
    Tab("dossier", "Dossier", "candidature:candidature_dossier"),
    Tab("admissibility", "Recevabilité", "candidature:admissibility_detail", shows_admissibility),
    Tab("experts", "Experts", "candidature:expert_list", shows_experts),
    Tab(
        "examination",
        "Examen des critères",
        "candidature:examination",
        editor_label="Critères et preuves",
        shortcut="x",
    ),
    Tab("requests", "Demandes", "candidature:request_list", shows_requests),
    Tab("tests", "Tests de connexion", "candidature:campaign_detail", shows_tests, for_testers=True),
    Tab("letters", "Échanges", "candidature:letter_list", for_testers=True),
    Tab("changes", "Ce qui a changé", "candidature:candidature_changes"),
    Tab("history", "Historique", "candidature:candidature_history"),
    Tab("conclusion", "Conclusion", "candidature:candidature_conclude", shows_conclusion),
]


def audience_of(user: User, candidature: Candidature) -> Audience:
    """In whose words pages speak to this reader."""
    if not is_instructor(user, candidature):
        return Audience.EDITOR
    return Audience.EXPERT if user.access.roles <= {Role.EXPERT} else Audience.AGENT


def is_only_tester(user: User, candidature: Candidature) -> bool:
    """Sees the file for its connection tests alone, not for its review."""
    return (
        user.access.has(Role.TESTS, Role.TESTS_LEAD)
        and not user.access.reads_every_file
        and is_instructor(user, candidature)
        and not is_any_expert(user, candidature)
    )


def get_file(request: SignedInRequest, pk: UUID, *, for_testers: bool = False, **beside: Combinable) -> Candidature:
    """The file, or 404 for whoever may not see it; the tests team is refused pages that are not `for_testers`. `beside` is
    what else the page reads with it, by name."""
    candidature = get_object_or_404(
        Candidature.objects.visible_to(request.user)
        .select_related(
            "enrolment__product__organisation", "enrolment__demarche__parcours", "dossier__created_by", "referent"
        )
        .annotate(has_addenda=Exists(Addendum.objects.filter(dossier=OuterRef("dossier"))), **beside),
        pk=pk,
    )
    if not for_testers and is_only_tester(request.user, candidature):
        raise PermissionDenied("review")
    return candidature


def file_frame(request: SignedInRequest, candidature: Candidature, tab: str) -> dict[str, Any]:
    """Template values for `candidature/file_base.html`; `tab` is the key of the current one."""
    user = request.user
    instructor = is_instructor(user, candidature)
    only_tests = is_only_tester(user, candidature)
    who, what = ball_words(candidature.waiting_for, is_instructor=instructor)
    if not instructor:
        home = Link(candidature.enrolment.label, reverse("pages:enrolment_detail", args=[candidature.enrolment_id]))
    elif only_tests:
        home = Link("Tests de connexion", reverse("candidature:campaign_list"))
    else:
        home = Link("Candidatures", reverse("candidature:candidature_list"))
    return {
        "candidature": candidature,
        "is_instructor": instructor,
        "title": candidature.enrolment.label,
        "badge": state_badge(candidature.state, audience=audience_of(user, candidature)),
        "ball_who": who,
        "ball_what": what,
        # The internal delays of agents are not the editor’s business.
        "ball_until": candidature.due_on
        if instructor or candidature.waiting_for in (Holder.EDITOR, Holder.PRODUCER)
        else None,
        "ball_is_mine": who == "Vous",
        "crumbs": [home, Link(f"Candidature {candidature.dossier.reference}")],
        "tabs": [
            _show_tab(each, candidature, current=tab, is_editor=not instructor)
            for each in TABS
            if each.is_shown(user, candidature) and (each.for_testers or not only_tests)
        ],
    }


def reader_tabs(user: User, candidature: Candidature, tab: str) -> list[dict[str, Any]]:
    """The pages of later stages, for a reader who does not see the file itself."""
    shown = [each for each in TABS if each.for_readers and each.is_shown(user, candidature)]
    return [_show_tab(each, candidature, current=tab, is_editor=False) for each in shown]


def _show_tab(tab: Tab, candidature: Candidature, *, current: str, is_editor: bool) -> dict[str, Any]:
    return {
        "label": tab.editor_label if is_editor and tab.editor_label else tab.label,
        "url": reverse(tab.url, args=[candidature.pk]),
        "is_current": tab.key == current,
        "shortcut": tab.shortcut,
    }
