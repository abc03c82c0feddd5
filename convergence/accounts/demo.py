"""People of the demo world. They exist in demo and development settings only; names and organisations are invented."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from functools import cache

from allauth.account.models import EmailAddress
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from convergence.accounts.access import SECOND_FACTORS
from convergence.accounts.enums import LegalForm, MembershipState, MembershipType, Role, Theme
from convergence.accounts.models import Membership, Organisation, RoleAssignment, User
from convergence.audit import workflow

PASSWORD = "convergence-demonstration"  # noqa: S105 - printed on the demo's own page, refused elsewhere

#: key: name, legal form, SIRET, address
ORGANISATIONS = {
    "editeur": ("Alizé Santé Numérique", LegalForm.SAS, "81234567600017", "12 rue des Tanneurs\n59000 Lille"),
    "producteur": ("Boréal Logiciels de Santé", LegalForm.SAS, "81234568400011", "4 quai de la Fosse\n44000 Nantes"),
    "distributeur": (
        "Cigale Distribution Médicale",
        LegalForm.SARL,
        "81234569200014",
        "27 cours Julien\n13006 Marseille",
    ),
}


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    first_name: str
    last_name: str
    organisation: str = ""
    type: str = ""
    is_validator: bool = False
    roles: tuple[tuple[Role, str], ...] = ()


def _member(name: str, first: str, last: str, type: MembershipType, *, is_validator: bool = False) -> Person:
    organisation = name.partition("@")[2]
    return Person(f"{name}.example", first, last, organisation, type, is_validator)


def _agent(email: str, first: str, last: str, *roles: Role | tuple[Role, str]) -> Person:
    pairs = tuple(role if isinstance(role, tuple) else (role, "") for role in roles)
    return Person(f"{email}.example", first, last, roles=pairs)


def _expert(*themes: Theme) -> tuple[tuple[Role, str], ...]:
    return tuple((Role.EXPERT, theme) for theme in themes)


PEOPLE = (
    _member("mandataire@editeur", "Nadia", "Ferrand", MembershipType.MANDATAIRE),
    _member("representant@editeur", "Thomas", "Lescure", MembershipType.REPRESENTANT),
    _member("contributeur@editeur", "Inès", "Morvan", MembershipType.SALARIE),
    _member("valideur@editeur", "Karim", "Belhadj", MembershipType.SALARIE, is_validator=True),
    _member("mandataire@producteur", "Hélène", "Castaing", MembershipType.MANDATAIRE),
    _member("mandataire@distributeur", "Olivier", "Pastorelli", MembershipType.MANDATAIRE),
    _agent("verificateur@gie", "Sophie", "Delmas", Role.LISTING_TEAM),
    _agent("verificateur2@gie", "Yann", "Kerbrat", Role.LISTING_TEAM),
    _agent("expert-interoperabilite@gie", "Mathilde", "Oury", *_expert(Theme.INTEROPERABILITE, Theme.URBANISATION)),
    _agent("expert-securite@gie", "Rachid", "Amrani", *_expert(Theme.SECURITE, Theme.SECURITE_ECHANGES)),
    _agent("expert-ethique@gie", "Claire", "Vasseur", *_expert(Theme.ETHIQUE)),
    _agent("expert-rgpd@gie", "Benoît", "Tissier", *_expert(Theme.RGPD)),
    _agent("tests@mes", "Lucie", "Hamelin", Role.TESTS),
    _agent("responsable-tests@mes", "Pascal", "Rivoire", Role.TESTS_LEAD),
    _agent("secretariat@commission", "Agnès", "Colombier", Role.SECRETARY),
    _agent("presidence-dns@commission", "Étienne", "Marchal", Role.PRESIDENT),
    _agent("presidence-cnam@commission", "Fatima", "Zeroual", Role.PRESIDENT),
    _agent("membre1@commission", "Gilles", "Aubertin", Role.MEMBER),
    _agent("membre2@commission", "Jeanne", "Le Goff", Role.MEMBER),
    _agent("membre3@commission", "Samuel", "Bensoussan", Role.MEMBER),
    _agent("membre4@commission", "Marie-Laure", "Tran", Role.MEMBER),
    _agent("membre5@commission", "Antoine", "Peyrat", Role.MEMBER),
    _agent("membre6@commission", "Sylvie", "Joubert", Role.MEMBER),
    _agent("membre7@commission", "Driss", "El Khatib", Role.MEMBER),
    _agent("ministere@sante", "Isabelle", "Fontanel", Role.MINISTRY),
    _agent("signataire@cnam", "Vincent", "Guérard", Role.CNAM),
    _agent("auditeur@ans", "Céline", "Rabier", Role.AUDITOR),
    _agent("support@ans", "Julien", "Mounier", Role.SUPPORT),
    _agent("admin@ans", "Florence", "Duvivier", Role.ADMIN),
    _agent("admin2@ans", "Marc", "Sénéchal", Role.ADMIN),
)


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the accounts' table; `code` is the current one of an agent, empty for others."""

    email: str
    name: str
    what: str
    code: str = ""


def refuse_outside_demo() -> None:
    """Raise ImproperlyConfigured unless the settings are those of the demo or of a developer."""
    if not (settings.CONVERGENCE["DEMO_MODE"] or settings.DEBUG):
        raise ImproperlyConfigured("The demo world exists in demo and development settings only.")


@transaction.atomic
def create_demo_people() -> None:
    """Create what is missing of the demo's people, organisations and roles; running it again changes nothing."""
    refuse_outside_demo()
    organisations = {key: _organisation(*values) for key, values in ORGANISATIONS.items()}
    for person in PEOPLE:
        user = User.objects.filter(email=person.email).first()
        if user is None:
            user = User.objects.create(
                email=person.email,
                password=_hash_password(),
                first_name=person.first_name,
                last_name=person.last_name,
            )
        EmailAddress.objects.get_or_create(user=user, email=person.email, defaults={"verified": True, "primary": True})
        if person.organisation:
            _join(user, organisations[person.organisation], person)
        for role, theme in person.roles:
            RoleAssignment.objects.get_or_create(user=user, role=role, theme=theme)
        if person.roles and not Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists():
            TOTP.activate(user, totp_secret(person.email))


def list_accounts() -> list[Account]:
    """Every demo account with what it is; agents with their code of the moment."""
    refuse_outside_demo()
    return [
        Account(
            person.email,
            f"{person.first_name} {person.last_name}",
            _describe(person),
            current_code(person.email) if person.roles else "",
        )
        for person in PEOPLE
    ]


def totp_secret(email: str) -> str:
    """The second factor of a demo agent: the same at each start, and other on each machine."""
    refuse_outside_demo()
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"demo-totp:{email}".encode(), hashlib.sha256)
    return base64.b32encode(digest[:20]).decode()


def current_code(email: str) -> str:
    """The six digits that a demo agent types now."""
    counter = int(time.time()) // mfa_settings.TOTP_PERIOD
    return format_hotp_value(hotp_value(totp_secret(email), counter))


@cache
def _hash_password() -> str:
    """Slow on purpose, hence once for everybody."""
    return make_password(PASSWORD)


def _organisation(name: str, legal_form: LegalForm, siret: str, address: str) -> Organisation:
    organisation, _ = Organisation.objects.get_or_create(
        siret=siret, defaults={"name": name, "legal_form": legal_form, "address": address}
    )
    return organisation


def _join(user: User, organisation: Organisation, person: Person) -> None:
    if user.memberships.filter(organisation=organisation).exclude(state=MembershipState.REFUSED).exists():
        return
    membership = Membership.objects.create(
        user=user, organisation=organisation, type=person.type, is_validator=person.is_validator
    )
    workflow.fire(membership, "accept", actor=None, at=timezone.now())


def _describe(person: Person) -> str:
    if person.organisation:
        validator = ", peut valider" if person.is_validator else ""
        return f"{MembershipType(person.type).label}{validator} – {ORGANISATIONS[person.organisation][0]}"
    labels = [Role(role).label for role, _ in person.roles[:1]]
    themes = ", ".join(Theme(theme).label for _, theme in person.roles if theme)
    return f"{labels[0]} ({themes})" if themes else labels[0]
