from __future__ import annotations

import uuid
from datetime import datetime
from functools import cached_property
from typing import ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django_fsm import FSMModelMixin, transition

from convergence.accounts.access import Access, load_access
from convergence.accounts.enums import LegalForm, MembershipState, MembershipType, Role, Theme
from convergence.accounts.querysets import InvitationQuerySet, MembershipQuerySet, OrganisationQuerySet, UserManager
from convergence.accounts.triggers import KEEP_A_MANAGER
from convergence.database.fields import StateField
from convergence.database.search import Fold
from convergence.kernel.identifiers import format_siret


class User(AbstractBaseUser, PermissionsMixin):
    """A person; the same account may belong to several organisations or hold back-office roles."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(
        "adresse e-mail",
        unique=True,
        error_messages={"unique": "Un compte existe déjà avec cette adresse e-mail."},
    )
    first_name = models.CharField("prénom", max_length=100)
    last_name = models.CharField("nom", max_length=100)
    is_active = models.BooleanField("actif", default=True)
    is_staff = models.BooleanField("accès à l’administration technique", default=False)
    date_joined = models.DateTimeField("inscrit le", default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]

    objects = UserManager()

    class Meta:
        verbose_name = "personne"
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="user_email_in_lower_case",
                violation_error_message="L’adresse e-mail s’écrit en minuscules.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        return self.first_name or self.email

    @cached_property
    def access(self) -> Access:
        """Memberships and roles, read once per loaded person."""
        return load_access(self)

    def forget_access(self) -> None:
        """Read `access` again next time: a service has just changed it."""
        self.__dict__.pop("access", None)


class Organisation(models.Model):
    """The company, public body or association that bears products (« structure porteuse »)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField("dénomination ou raison sociale", max_length=200)
    legal_form = models.CharField("forme juridique", max_length=20, choices=LegalForm.choices)
    siret = models.CharField("SIRET", max_length=14, null=True, blank=True)  # noqa: DJ001 - NULL keeps uniqueness
    country = models.CharField("pays", max_length=2, default="FR")
    register_number = models.CharField("n° au registre du pays", max_length=50, blank=True)
    address = models.TextField("adresse du siège", blank=True)
    verified_at = models.DateTimeField("vérifiée le", null=True, blank=True)
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = "structure"
        constraints = [
            models.UniqueConstraint(
                fields=["siret"],
                name="organisation_siret_once",
                violation_error_message="Cette structure est déjà inscrite.",
            ),
            models.UniqueConstraint(
                "country",
                Lower("register_number"),
                condition=~Q(register_number=""),
                name="organisation_register_number_once",
                violation_error_message="Cette structure est déjà inscrite.",
            ),
            models.CheckConstraint(
                condition=Q(country="FR", siret__isnull=False) | (~Q(country="FR") & ~Q(register_number="")),
                name="organisation_siret_or_register_number",
                violation_error_message="Indiquez le SIRET, ou le numéro au registre pour une structure étrangère.",
            ),
        ]
        indexes = [models.Index(Fold("name"), name="organisation_by_folded_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        """True once a fiche administrative of the organisation was validated (A-06)."""
        return self.verified_at is not None

    @property
    def identifier_label(self) -> str:
        """« SIRET 123 456 789 00012 », or the number in the register of its country."""
        if self.siret:
            return f"SIRET {format_siret(self.siret)}"
        return f"Registre {self.country} {self.register_number}"


class Membership(FSMModelMixin, models.Model):
    """A person in an organisation; asked for (BR-222), active, then ended."""

    user = models.ForeignKey(User, verbose_name="personne", on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, verbose_name="structure", on_delete=models.CASCADE, related_name="memberships"
    )
    type = models.CharField("type de compte", max_length=20, choices=MembershipType.choices)
    is_validator = models.BooleanField("peut valider les questionnaires", default=False)
    state = StateField("état", choices=MembershipState.choices, default=MembershipState.REQUESTED)
    requested_at = models.DateTimeField("demandé le", auto_now_add=True)
    started_at = models.DateTimeField("actif depuis", null=True, blank=True)
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "appartenance"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"],
                condition=Q(state__in=[MembershipState.REQUESTED, MembershipState.ACTIVE]),
                name="membership_one_current",
                violation_error_message="Cette personne fait déjà partie de la structure.",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="membership_machine",
                field="state",
                transitions=[
                    (MembershipState.REQUESTED, MembershipState.ACTIVE),
                    (MembershipState.REQUESTED, MembershipState.REFUSED),
                    (MembershipState.ACTIVE, MembershipState.ENDED),
                ],
            ),
            KEEP_A_MANAGER,
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.organisation}"

    @transition(field=state, source=MembershipState.REQUESTED, target=MembershipState.ACTIVE)
    def accept(self, *, at: datetime) -> None:
        self.started_at = at

    @transition(field=state, source=MembershipState.REQUESTED, target=MembershipState.REFUSED)
    def refuse(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=MembershipState.ACTIVE, target=MembershipState.ENDED)
    def end(self, *, at: datetime) -> None:
        self.ended_at = at


class Invitation(models.Model):
    """A colleague asked by mail to join; the link carries a token of which only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation, verbose_name="structure", on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField("adresse e-mail")
    type = models.CharField("type de compte", max_length=20, choices=MembershipType.choices)
    is_validator = models.BooleanField("peut valider les questionnaires", default=False)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, verbose_name="invité par", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("envoyée le", auto_now_add=True)
    expires_at = models.DateTimeField("expire le")
    accepted_at = models.DateTimeField("acceptée le", null=True, blank=True)
    revoked_at = models.DateTimeField("annulée le", null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "invitation"
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "organisation",
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_one_open",
                violation_error_message="Une invitation est déjà en attente pour cette adresse.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} – {self.organisation}"

    def has_expired(self, *, at: datetime) -> bool:
        return self.expires_at <= at


class RoleAssignment(models.Model):
    """A back-office role of a person; experts hold one row per theme."""

    user = models.ForeignKey(User, verbose_name="personne", on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField("rôle", max_length=20, choices=Role.choices)
    theme = models.CharField("thème", max_length=30, choices=Theme.choices, blank=True)

    class Meta:
        verbose_name = "rôle"
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "theme"], name="role_assignment_once"),
            models.CheckConstraint(
                condition=(Q(role=Role.EXPERT) & ~Q(theme="")) | (~Q(role=Role.EXPERT) & Q(theme="")),
                name="role_assignment_theme_for_experts",
                violation_error_message="Un expert, et lui seul, intervient sur un thème.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.get_role_display()} {self.get_theme_display()}".strip()
