"""A factory per state, as short as the tests that read them."""

from datetime import timedelta

import factory
from allauth.mfa.models import Authenticator
from django.utils import timezone
from factory.django import DjangoModelFactory

from convergence.accounts import models as accounts
from convergence.accounts.enums import LegalForm, MembershipState, MembershipType, Role
from convergence.interests import models as interests
from convergence.interests.enums import DECLARING_ROLES
from convergence.products import models as products
from convergence.products.enums import Interest, ProductType

PASSWORD = "un mot de passe assez long"


def make_siret(number: int) -> str:
    """The `number`-th SIRET of our own series: 14 digits that pass Luhn on SIREN and on the whole."""

    def check(digits: str) -> str:
        total = 0
        for position, digit in enumerate(reversed(digits)):
            value = int(digit) * (2 if position % 2 == 0 else 1)
            total += value - 9 if value > 9 else value
        return str(-total % 10)

    siren = f"{81000000 + number:08d}"
    siren += check(siren)
    establishment = f"{siren}0001"
    return establishment + check(establishment)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = accounts.User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"personne{n}@editeur.example")
    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Durand{n}")
    password = factory.django.Password(PASSWORD)


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Organisation

    name = factory.Sequence(lambda n: f"Éditeur Santé {n}")
    legal_form = LegalForm.SAS
    siret = factory.Sequence(make_siret)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Membership

    user = factory.SubFactory(UserFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    type = MembershipType.MANDATAIRE
    state = MembershipState.ACTIVE
    started_at = factory.LazyFunction(timezone.now)


def make_member(
    organisation: accounts.Organisation, type: MembershipType = MembershipType.MANDATAIRE, *, is_validator: bool = False
) -> accounts.User:
    """A new active member of the organisation."""
    return MembershipFactory(organisation=organisation, type=type, is_validator=is_validator).user


def make_agent(role: Role, theme: str = "", *, has_declared: bool = True) -> accounts.User:
    """A new person with one back-office role, the second factor that it demands and no link of interest."""
    user = UserFactory(email=factory.Sequence(lambda n: f"agent{n}@operateur.example"))
    accounts.RoleAssignment.objects.create(user=user, role=role, theme=theme)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": ""})
    if has_declared and role in DECLARING_ROLES:
        InterestDeclarationFactory(person=user)
    return user


class InterestDeclarationFactory(DjangoModelFactory):
    class Meta:
        model = interests.InterestDeclaration

    person = factory.SubFactory(UserFactory)
    declared_at = factory.LazyFunction(timezone.now)
    expires_on = factory.LazyAttribute(lambda row: timezone.localdate(row.declared_at) + timedelta(days=365))
    has_none = True


class ParcoursFactory(DjangoModelFactory):
    class Meta:
        model = products.Parcours
        django_get_or_create = ("slug",)

    slug = "mon-espace-sante"
    title = "Mon espace santé"
    position = 2
    is_open = True
    card = factory.LazyFunction(
        lambda: {"heading": "Faites référencer votre solution", "text": "Un parcours.", "steps": [], "note": ""}
    )


class DemarcheFactory(DjangoModelFactory):
    class Meta:
        model = products.Demarche
        django_get_or_create = ("slug",)

    slug = "referencement-guide"
    parcours = factory.SubFactory(ParcoursFactory)
    title = "Référencement Mon espace santé guidé"
    summary = "Évaluez la conformité de votre produit."
    is_open = True


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = products.Product

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Produit {n}")
    version = "0.1"
    type = ProductType.SOCLE
    owner = factory.SubFactory(UserFactory)
    created_by = factory.SelfAttribute("owner")
    description = "Un carnet de suivi pour les patients."
    interests = factory.LazyFunction(lambda: [Interest.MES])
