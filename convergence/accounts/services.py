"""Organisations and who belongs to them. Every use-case locks the organisation first, and audits."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.accounts import notices, rules
from convergence.accounts.enums import MANAGING_TYPES, LegalForm, MembershipState, MembershipType
from convergence.accounts.models import Invitation, Membership, Organisation, User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused

INVITATION_LIFETIME = timedelta(days=7)

LAST_MANAGER = Blocker(
    "last_manager",
    "Une structure garde toujours au moins un mandataire ou un représentant : nommez d’abord une autre personne.",
    "#id_type",
)


class OrganisationExists(Exception):
    """The organisation is registered already: the request goes to its managers (BR-222)."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        super().__init__(organisation.name)


# --- organisations ------------------------------------------------------------------------------------------------


@transaction.atomic
def create_organisation(
    *,
    actor: User,
    name: str,
    legal_form: LegalForm,
    siret: str = "",
    country: str = "FR",
    register_number: str = "",
    address: str = "",
) -> Organisation:
    """Register an organisation, « non vérifiée » until a fiche of it is validated; its creator is mandataire (A-06).

    `siret` holds 14 checked digits; a foreign organisation gives `country` and `register_number` instead.
    Raises OrganisationExists when it is registered already.
    """
    organisation = Organisation(
        name=name,
        legal_form=legal_form,
        siret=siret or None,
        country=country,
        register_number=register_number,
        address=address,
    )
    try:
        with transaction.atomic():
            organisation.save(force_insert=True)
    except IntegrityError as error:
        found = find_organisation(siret=siret, country=country, register_number=register_number)
        if found is None:
            raise
        raise OrganisationExists(found) from error
    record("organisation.create", subject=organisation, actor=actor)
    membership = Membership.objects.create(user=actor, organisation=organisation, type=MembershipType.MANDATAIRE)
    workflow.fire(membership, "accept", actor=actor, at=timezone.now())
    actor.forget_access()
    return organisation


def find_organisation(*, siret: str = "", country: str = "FR", register_number: str = "") -> Organisation | None:
    """The registered organisation with this SIRET or this number in the register of its country."""
    if siret:
        return Organisation.objects.filter(siret=siret).first()
    return Organisation.objects.filter(country=country, register_number__iexact=register_number).first()


# --- joining ------------------------------------------------------------------------------------------------------


@transaction.atomic
def request_membership(*, organisation_id: UUID, actor: User) -> Membership:
    """Ask to join a registered organisation; its mandataires and représentants decide (BR-222)."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation_id)
    current = _current_membership(organisation, actor)
    if current is not None:
        if current.state == MembershipState.ACTIVE:
            message = "Vous faites déjà partie de cette structure."
        else:
            message = "Votre demande est déjà en attente : un mandataire ou un représentant va y répondre."
        raise TransitionRefused([Blocker("already_member", message)])
    membership = Membership.objects.create(user=actor, organisation=organisation, type=MembershipType.SALARIE)
    record("membership.request", subject=membership, actor=actor, target=membership.state)
    transaction.on_commit(partial(notices.membership_requested, membership.pk))
    return membership


@transaction.atomic
def accept_request(*, membership_id: int, actor: User, type: MembershipType, is_validator: bool = False) -> Membership:
    """Let the person in, with the type and the right to validate that the manager chose."""
    membership = _lock_for_manager(membership_id, actor)
    membership.type = type
    membership.is_validator = is_validator
    workflow.fire(membership, "accept", actor=actor, at=timezone.now())
    transaction.on_commit(partial(notices.request_accepted, membership.pk))
    return membership


@transaction.atomic
def refuse_request(*, membership_id: int, actor: User, reason: str) -> Membership:
    """Refuse with a reason, which the person reads."""
    membership = _lock_for_manager(membership_id, actor)
    workflow.fire(membership, "refuse", actor=actor, reason=reason, at=timezone.now())
    transaction.on_commit(partial(notices.request_refused, membership.pk, reason))
    return membership


# --- invitations --------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(
    *, organisation_id: UUID, actor: User, email: str, type: MembershipType, is_validator: bool = False
) -> Invitation:
    """Send a link that lets the owner of the address join, for seven days (BR-220)."""
    organisation = _lock_organisation(organisation_id, actor)
    email = email.lower()
    _refuse_known_address(organisation, email)
    invitation = organisation.invitations.pending().filter(email__iexact=email).first()
    if invitation is not None and not invitation.has_expired(at=timezone.now()):
        raise TransitionRefused(
            [Blocker("already_invited", "Une invitation est déjà en attente pour cette adresse.", "#id_email")]
        )
    if invitation is None:
        invitation = Invitation(organisation=organisation, email=email)
    invitation.type = type
    invitation.is_validator = is_validator
    _issue(invitation, actor=actor, action="invitation.send")
    return invitation


@transaction.atomic
def resend_invitation(*, invitation_id: UUID, actor: User) -> Invitation:
    """Send a new link for seven more days; the former one stops working."""
    invitation = _lock_invitation(invitation_id, actor)
    _issue(invitation, actor=actor, action="invitation.resend")
    return invitation


@transaction.atomic
def revoke_invitation(*, invitation_id: UUID, actor: User) -> Invitation:
    """Make the link useless."""
    invitation = _lock_invitation(invitation_id, actor)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    record("invitation.revoke", subject=invitation, actor=actor, data={"email": invitation.email})
    return invitation


def find_invitation(*, token: str) -> Invitation | None:
    """The invitation behind a link, whatever its state; None for a link that never existed or was replaced."""
    return Invitation.objects.select_related("organisation", "invited_by").filter(token_hash=_hash(token)).first()


@transaction.atomic
def accept_invitation(*, invitation_id: UUID, actor: User) -> Membership:
    """Join with the type that the invitation names. Only the invited address can, and while the link is valid."""
    organisation_id = Invitation.objects.values_list("organisation", flat=True).get(pk=invitation_id)
    organisation = Organisation.objects.select_for_update().get(pk=organisation_id)
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation_id)
    now = timezone.now()
    if blocker := invitation_blocker(invitation, actor=actor):
        raise TransitionRefused([blocker])
    membership = _current_membership(organisation, actor) or Membership(user=actor, organisation=organisation)
    membership.type = invitation.type
    membership.is_validator = invitation.is_validator
    if membership.pk is None:
        membership.save()
    workflow.fire(membership, "accept", actor=actor, at=now, data={"invitation": str(invitation.pk)})
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    record("invitation.accept", subject=invitation, actor=actor)
    actor.forget_access()
    transaction.on_commit(partial(notices.invitation_accepted, membership.pk, invitation.invited_by_id))
    return membership


def invitation_blocker(invitation: Invitation, *, actor: User | None = None) -> Blocker | None:
    """Why the invitation cannot be accepted (by `actor`), or None."""
    if invitation.accepted_at:
        return Blocker("accepted", "Cette invitation a déjà été acceptée.")
    if invitation.revoked_at:
        return Blocker("revoked", "Cette invitation a été annulée. Demandez-en une nouvelle à votre structure.")
    if invitation.has_expired(at=timezone.now()):
        return Blocker("expired", "Cette invitation a expiré. Demandez-en une nouvelle à votre structure.")
    if actor is None:
        return None
    if actor.email != invitation.email:
        return Blocker(
            "other_address",
            f"Cette invitation est adressée à {invitation.email}, et vous êtes connecté avec {actor.email}. "
            "Déconnectez-vous, puis ouvrez de nouveau le lien.",
        )
    if actor.access.is_member(invitation.organisation_id):
        return Blocker("already_member", "Vous faites déjà partie de cette structure.")
    return None


# --- members ------------------------------------------------------------------------------------------------------


@transaction.atomic
def change_member(*, membership_id: int, actor: User, type: MembershipType, is_validator: bool) -> Membership:
    """Change the type of account and the right to validate (A-07); a manager always remains (BR-221)."""
    membership = _lock_for_manager(membership_id, actor)
    _refuse_ended(membership)
    before = {"type": membership.type, "is_validator": membership.is_validator}
    after = {"type": str(type), "is_validator": is_validator}
    if before == after:
        return membership
    if type not in MANAGING_TYPES and (blockers := last_manager_blockers(membership)):
        raise TransitionRefused(blockers)
    membership.type = type
    membership.is_validator = is_validator
    membership.save(update_fields=["type", "is_validator"])
    record("membership.change", subject=membership, actor=actor, data={"before": before, "after": after})
    if membership.user_id == actor.pk:
        actor.forget_access()
    else:
        transaction.on_commit(partial(notices.member_changed, membership.pk))
    return membership


@transaction.atomic
def remove_member(*, membership_id: int, actor: User) -> Membership:
    """End somebody’s membership; what this person did stays."""
    membership = _lock_for_manager(membership_id, actor)
    _end(membership, actor=actor)
    if membership.user_id != actor.pk:
        transaction.on_commit(partial(notices.member_removed, membership.pk))
    return membership


@transaction.atomic
def leave(*, organisation_id: UUID, actor: User) -> Membership:
    """Leave an organisation; refused to its last mandataire or représentant (BR-221)."""
    organisation = Organisation.objects.visible_to(actor).select_for_update().get(pk=organisation_id)
    membership: Membership = Membership.objects.active().select_for_update().get(organisation=organisation, user=actor)
    _end(membership, actor=actor)
    transaction.on_commit(partial(notices.member_left, membership.pk))
    return membership


def last_manager_blockers(membership: Membership) -> list[Blocker]:
    """The refusal when nobody else could manage the organisation’s accounts (BR-221), else nothing."""
    if membership.state != MembershipState.ACTIVE or membership.type not in MANAGING_TYPES:
        return []
    others = Membership.objects.managing().filter(organisation=membership.organisation_id, user__is_active=True)
    return [] if others.exclude(pk=membership.pk).exists() else [LAST_MANAGER]


@transaction.atomic
def rename(*, actor: User, first_name: str, last_name: str) -> User:
    """Change one’s own name; documents already frozen keep the former one."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    before = user.get_full_name()
    user.first_name, user.last_name = first_name, last_name
    user.save(update_fields=["first_name", "last_name"])
    record("user.rename", subject=user, actor=actor, data={"before": before, "after": user.get_full_name()})
    return user


# --- shared -------------------------------------------------------------------------------------------------------


def _lock_organisation(organisation_id: UUID, actor: User) -> Organisation:
    """Lock an organisation whose accounts `actor` manages; strangers get DoesNotExist, salariés PermissionDenied."""
    organisation = Organisation.objects.visible_to(actor).select_for_update().get(pk=organisation_id)
    actor.forget_access()  # a colleague may have ended this person’s membership while we waited for the lock
    if not rules.can_manage_accounts(actor, organisation):
        raise PermissionDenied("accounts")
    return organisation


def _lock_for_manager(membership_id: int, actor: User) -> Membership:
    organisation_id = Membership.objects.visible_to(actor).values_list("organisation", flat=True).get(pk=membership_id)
    _lock_organisation(organisation_id, actor)
    membership: Membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership_id)
    return membership


def _lock_invitation(invitation_id: UUID, actor: User) -> Invitation:
    organisation_id = Invitation.objects.values_list("organisation", flat=True).get(pk=invitation_id)
    try:
        organisation = _lock_organisation(organisation_id, actor)
    except Organisation.DoesNotExist as error:
        raise Invitation.DoesNotExist from error
    invitation = organisation.invitations.select_for_update().get(pk=invitation_id)
    if invitation.accepted_at or invitation.revoked_at:
        raise TransitionRefused([Blocker("closed", "Cette invitation n’est plus en attente.")])
    return invitation


def _issue(invitation: Invitation, *, actor: User, action: str) -> None:
    """Give the invitation a new link; only its hash is kept, the link itself leaves by mail."""
    token = secrets.token_urlsafe(32)
    invitation.token_hash = _hash(token)
    invitation.invited_by = actor
    invitation.expires_at = timezone.now() + INVITATION_LIFETIME
    invitation.save()
    record(action, subject=invitation, actor=actor, data={"email": invitation.email, "type": invitation.type})
    transaction.on_commit(partial(notices.invitation_sent, invitation.pk, token))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _current_membership(organisation: Organisation, user: User) -> Membership | None:
    current = [MembershipState.REQUESTED, MembershipState.ACTIVE]
    return organisation.memberships.select_for_update().filter(user=user, state__in=current).first()


def _refuse_known_address(organisation: Organisation, email: str) -> None:
    states = dict(
        organisation.memberships.filter(
            user__email=email, state__in=[MembershipState.REQUESTED, MembershipState.ACTIVE]
        ).values_list("state", "pk")
    )
    if MembershipState.ACTIVE in states:
        message = "Cette personne fait déjà partie de la structure."
    elif MembershipState.REQUESTED in states:
        message = "Cette personne a déjà demandé à rejoindre la structure : répondez à sa demande."
    else:
        return
    raise TransitionRefused([Blocker("already_member", message, "#id_email")])


def _refuse_ended(membership: Membership) -> None:
    if membership.state != MembershipState.ACTIVE:
        raise TransitionRefused([Blocker("wrong_state", "Cette personne ne fait pas partie de la structure.")])


def _end(membership: Membership, *, actor: User) -> None:
    workflow.fire(membership, "end", actor=actor, at=timezone.now(), guard=lambda: last_manager_blockers(membership))
    if membership.user_id == actor.pk:
        actor.forget_access()
