"""Who is told what about an organisation’s accounts: recipients, subject, link."""

from uuid import UUID

from django.urls import reverse

from convergence.accounts.models import Invitation, Membership, User
from convergence.notifications.services import send, send_mail

KIND = "Comptes de la structure"


def membership_requested(membership_id: int) -> None:
    """To those who decide (BR-222)."""
    membership = _load(membership_id)
    managers = membership.organisation.memberships.managing().select_related("user").order_by("pk")
    send(
        recipients=[manager.user for manager in managers if manager.user.is_active],
        kind=KIND,
        sender=membership.user.get_full_name(),
        content=f"Répondez à la demande de {membership.user} ({membership.user.email}), "
        f"qui souhaite rejoindre {membership.organisation}.",
        link=reverse("accounts:request_accept", args=[membership.organisation_id, membership.pk]),
        subject=f"{membership.organisation} – demande de {membership.user}",
        action="Répondre à la demande",
    )


def request_accepted(membership_id: int) -> None:
    membership = _load(membership_id)
    send(
        recipients=[membership.user],
        kind=KIND,
        sender=membership.organisation.name,
        content=f"Vous pouvez travailler sur les produits de {membership.organisation} : votre demande est acceptée. "
        f"Type de compte : {membership.get_type_display()}.",
        link=reverse("accounts:member_list", args=[membership.organisation_id]),
        subject=f"{membership.organisation} – demande acceptée",
        action="Ouvrir la structure",
    )


def request_refused(membership_id: int, reason: str) -> None:
    membership = _load(membership_id)
    send(
        recipients=[membership.user],
        kind=KIND,
        sender=membership.organisation.name,
        content=f"Votre demande de rejoindre {membership.organisation} est refusée.\n\nMotif : {reason}",
        link=reverse("accounts:organisation_list"),
        subject=f"{membership.organisation} – demande refusée",
        action="Voir vos structures",
    )


def invitation_sent(invitation_id: UUID, token: str) -> None:
    """By mail to the address, and on the platform when its owner has an account."""
    invitation = Invitation.objects.select_related("organisation", "invited_by").get(pk=invitation_id)
    path = reverse("accounts:invitation_detail", args=[token])
    first = f"{invitation.invited_by} vous invite à rejoindre {invitation.organisation} sur Convergence."
    send_mail(
        to=invitation.email,
        subject=f"{invitation.organisation} – {invitation.invited_by} vous invite",
        paragraphs=[
            f"{first} Ouvrez le lien ci-dessous pour accepter.",
            "Le lien vaut sept jours. Si vous n’attendiez pas cette invitation, ignorez ce message.",
        ],
        link=path,
        action="Répondre à l’invitation",
    )
    person = User.objects.filter(email=invitation.email, is_active=True)
    send(
        recipients=person,
        kind=KIND,
        sender=invitation.organisation.name,
        content=first,
        link=reverse("accounts:organisation_list"),
    )


def invitation_accepted(membership_id: int, inviter_id: UUID) -> None:
    membership = _load(membership_id)
    send(
        recipients=User.objects.filter(pk=inviter_id, is_active=True),
        kind=KIND,
        sender=membership.user.get_full_name(),
        content=f"{membership.user} a accepté votre invitation et fait partie de {membership.organisation}.",
        link=reverse("accounts:member_list", args=[membership.organisation_id]),
    )


def member_changed(membership_id: int) -> None:
    membership = _load(membership_id)
    validator = " avec le droit de valider les questionnaires" if membership.is_validator else ""
    send(
        recipients=[membership.user],
        kind=KIND,
        sender=membership.organisation.name,
        content=f"Votre type de compte dans {membership.organisation} a changé : "
        f"{membership.get_type_display()}{validator}.",
        link=reverse("accounts:member_list", args=[membership.organisation_id]),
    )


def member_removed(membership_id: int) -> None:
    membership = _load(membership_id)
    send(
        recipients=[membership.user],
        kind=KIND,
        sender=membership.organisation.name,
        content=f"Vous ne faites plus partie de {membership.organisation} : vous n’avez plus accès à ses produits.",
        link=reverse("accounts:organisation_list"),
        subject=f"{membership.organisation} – fin de votre accès",
        action="Voir vos structures",
    )


def member_left(membership_id: int) -> None:
    """To those who stay and manage the accounts."""
    membership = _load(membership_id)
    managers = membership.organisation.memberships.managing().select_related("user").order_by("pk")
    send(
        recipients=[manager.user for manager in managers if manager.user.is_active],
        kind=KIND,
        sender=membership.user.get_full_name(),
        content=f"{membership.user} a quitté {membership.organisation}.",
        link=reverse("accounts:member_list", args=[membership.organisation_id]),
    )


def _load(membership_id: int) -> Membership:
    return Membership.objects.select_related("user", "organisation").get(pk=membership_id)
