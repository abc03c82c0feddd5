"""Values that every page may show: the operator's names, and the frame (tabs, person, organisation, bell)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from convergence.accounts.access import also_read
from convergence.accounts.enums import Role
from convergence.accounts.organisations import SESSION_KEY
from convergence.database.statements import CappedCount
from convergence.interests.enums import DECLARING_ROLES
from convergence.notifications.models import Notification
from convergence.ui.chrome import Chrome, OrganisationChoice, Person, Tab, bare_chrome

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: The bell stops counting here: the exact figure of a full box helps nobody and costs a scan.
UNREAD_LIMIT = 100
UNREAD = "notifications.unread"

# (label, URL name, its arguments): a tab without page is announced as « à venir ».
EDITOR_TABS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Tableau de bord", "pages:dashboard", ()),
    ("Vos produits", "products:product_list", ()),
    ("Doctrine du Numérique en Santé", "", ()),
    ("Mon espace santé", "pages:parcours_detail", ("mon-espace-sante",)),
    ("Catalogue", "listing:catalogue_list", ()),
    ("Ségur du Numérique en Santé", "", ()),
    ("Certification de conformité des dispositifs médicaux numériques", "", ()),
    ("SI de Téléconsultation", "", ()),
)
# (label, URL name, roles that see it): agents see the pages of their work only, and only those that exist.
AGENT_TABS: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("Tableau de bord", "pages:dashboard", tuple(Role)),
    ("Fiches administratives", "enrolment:sheet_list", (Role.LISTING_TEAM,)),
    ("Exceptions par système", "enrolment:os_exception_queue", (Role.LISTING_TEAM,)),
    ("Conventions", "convention:convention_list", (Role.LISTING_TEAM,)),
    (
        "Candidatures",
        "candidature:candidature_list",
        (Role.LISTING_TEAM, Role.EXPERT, Role.TESTS, Role.TESTS_LEAD, Role.SUPPORT),
    ),
    ("Commission", "commission:session_list", (Role.SECRETARY, Role.PRESIDENT, Role.MEMBER)),
    ("Membres de la commission", "commission:member_list", (Role.SECRETARY, Role.PRESIDENT, Role.MEMBER)),
    ("Réserves", "commission:reservation_list", (Role.LISTING_TEAM, Role.SECRETARY, Role.PRESIDENT)),
    ("Décisions à prendre", "decision:decision_home", (Role.MINISTRY,)),
    (
        "Décisions",
        "decision:decision_list",
        (
            Role.MINISTRY,
            Role.CNAM,
            Role.LISTING_TEAM,
            Role.SECRETARY,
            Role.PRESIDENT,
            Role.AUDITOR,
            Role.SUPPORT,
        ),
    ),
    ("Conventions à signer", "decision:convention_list", (Role.MINISTRY, Role.CNAM)),
    (
        "Référencements",
        "listing:listing_list",
        (Role.LISTING_TEAM, Role.MINISTRY, Role.CNAM, Role.AUDITOR, Role.SUPPORT),
    ),
    ("Pilotage", "statistics:board_detail", (Role.LISTING_TEAM,)),
    ("Liens d’intérêts", "candidature:interest_list", DECLARING_ROLES),
    ("Tests de connexion", "candidature:campaign_list", (Role.TESTS, Role.TESTS_LEAD)),
    ("Référentiels", "questionnaires:version_list", (Role.ADMIN,)),
    ("Journal", "pages:journal", (Role.ADMIN, Role.AUDITOR)),
    ("Support", "accounts:support_list", (Role.SUPPORT,)),
)


def brand(request: HttpRequest) -> dict[str, Any]:
    """The operator's names and contacts, and whether this is the demo."""
    return {"convergence": settings.CONVERGENCE}


def chrome(request: HttpRequest) -> dict[str, Any]:
    """The frame, built when a template first asks for it: fragments, which show none, pay nothing."""
    return {"chrome": cache(lambda: build_chrome(request))}


def build_chrome(request: HttpRequest) -> Chrome:
    """Brand and login links for a stranger; tabs, organisations and the bell for a person (no query beside `access`)."""
    frame = replace(bare_chrome(), home_url=_address("pages:dashboard") or "/")
    user: User = request.user  # type: ignore[assignment]
    if not user.is_authenticated:
        return replace(
            frame,
            catalogue_url=_address("listing:catalogue_list"),
            login_url=_address("account_login"),
            signup_url=_address("account_signup"),
        )
    access = user.access
    if access.is_agent:
        addressed = [(label, _address(name)) for label, name, roles in AGENT_TABS if access.has(*roles)]
        addressed = [(label, url) for label, url in addressed if url]
    else:
        addressed = [(label, _address(name, *arguments)) for label, name, arguments in EDITOR_TABS]
    return replace(
        frame,
        person=Person(id=str(user.pk), name=user.get_full_name()),
        tabs=_tabs(addressed, request.path),
        organisations=_organisations(user, request.session.get(SESSION_KEY)),
        switch_url=_address("accounts:organisation_switch"),
        notifications_url=_address("notifications:notification_list"),
        unread_count=access.beside[UNREAD],
        account_url=_address("accounts:account_detail"),
        login_url=_address("account_login"),
        logout_url=_address("account_logout"),
    )


def read_unread_with_people() -> None:
    """The bell’s figure comes with the person: no page asks for it. Called once the apps are loaded."""
    also_read(UNREAD, lambda person: CappedCount(Notification.objects.visible_to(person).unread()[:UNREAD_LIMIT]))


@cache
def _address(name: str, *arguments: str) -> str:
    """The address of a page, or nothing while no app serves it."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def _tabs(addressed: list[tuple[str, str]], path: str) -> tuple[Tab, ...]:
    """The current tab is the one with the longest address that the path begins with."""
    current = max((url for _, url in addressed if url and path.startswith(url)), key=len, default=None)
    if current == "/" and path != "/":
        current = None
    return tuple(Tab(label, url, is_current=bool(url) and url == current) for label, url in addressed)


def _organisations(user: User, chosen: str | None) -> tuple[OrganisationChoice, ...]:
    """Own organisations by name; the chosen one is current, else the first."""
    memberships = list(user.access.memberships.values())
    ids = [str(membership.organisation_id) for membership in memberships]
    current = chosen if chosen in ids else (ids[0] if ids else None)
    return tuple(
        OrganisationChoice(id=id_, name=membership.organisation.name, is_current=id_ == current)
        for id_, membership in zip(ids, memberships, strict=True)
    )
