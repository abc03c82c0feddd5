"""The frame around every page as one value: brand, tabs, person, bell, footer. Built in `convergence.pages`."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from convergence.ui.values import Link


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the main menu; without address it is announced as « à venir »."""

    label: str
    url: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class OrganisationChoice:
    id: str
    name: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Chrome:
    brand_name: str
    tagline: str
    home_url: str
    logo_url: str = ""
    person: Person | None = None
    tabs: Sequence[Tab] = ()
    organisations: Sequence[OrganisationChoice] = ()
    switch_url: str = ""
    notifications_url: str = ""
    unread_count: int = 0
    account_url: str = ""
    catalogue_url: str = ""
    login_url: str = ""
    signup_url: str = ""
    logout_url: str = ""
    footer_text: str = ""
    footer_links: Sequence[Link] = ()

    @property
    def organisation(self) -> OrganisationChoice | None:
        return next((choice for choice in self.organisations if choice.is_current), None)


def bare_chrome() -> Chrome:
    """The brand and the footer only: for error pages, which must not touch the database or the session."""
    options = settings.CONVERGENCE
    return Chrome(
        brand_name=options["BRAND_NAME"],
        tagline=options["BRAND_TAGLINE"],
        logo_url=options.get("BRAND_LOGO_URL", ""),
        home_url="/",
        footer_text=f"{options['OPERATOR_NAME']} – {options['CONTACT_EMAIL']}",
        footer_links=tuple(Link(label, url) for label, url in options["FOOTER_LINKS"]),
    )
