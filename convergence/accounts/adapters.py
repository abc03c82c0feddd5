"""How the login library meets this house: French words, our mails, encrypted secrets."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from convergence.accounts import wording
from convergence.accounts.access import SECOND_FACTORS
from convergence.kernel import secrets
from convergence.notifications.services import send_mail


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | wording.REFUSALS

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        if text := message or wording.MESSAGES.get(message_template or ""):
            messages.add_message(request, level, text, extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send by a job like every other mail: a slow server neither delays the page nor tells which accounts exist."""
        mail = wording.MAILS[template_prefix]
        values = {"profile_url": reverse("accounts:account_detail"), **context}
        send_mail(
            to=email,
            subject=mail.subject,
            paragraphs=[paragraph.format_map(values) for paragraph in mail.paragraphs],
            link=_path(str(values[mail.link])),
            action=mail.action,
        )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:account_detail")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within minutes of the login itself: an agent who enrols at the first login has just proved who it is."""
        records = get_authentication_records(self.request, self.request.user)
        latest = max((record["at"] for record in records), default=0)
        return time.time() - latest > app_settings.REAUTHENTICATION_TIMEOUT

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        words = {
            "reauthenticate": "Utiliser mon mot de passe",
            "mfa_reauthenticate": "Utiliser un code de mon application",
            "mfa_reauthenticate:webauthn": "Utiliser ma clé de sécurité",
        }
        return [
            {**method, "description": words.get(method["id"], method["description"])}
            for method in super().get_reauthentication_methods(user)
        ]


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | wording.SECOND_FACTOR_REFUSALS

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text, _keys())

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text, _keys())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """An agent keeps at least one second factor."""
        if authenticator.type not in SECOND_FACTORS or not authenticator.user.access.is_agent:
            return True
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=SECOND_FACTORS)
        return others.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return "Ma clé de sécurité" if number == 1 else f"Ma clé de sécurité {number}"


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    error_messages = DefaultSocialAccountAdapter.error_messages | {
        "email_taken": "Un compte existe déjà avec cette adresse. Connectez-vous avec votre mot de passe (%s).",
        "invalid_token": "La réponse du fournisseur d’identité n’est pas valable. Réessayez.",
        "no_password": "Choisissez d’abord un mot de passe : sans lui, vous ne pourriez plus vous connecter.",
        "no_verified_email": "Confirmez d’abord votre adresse e-mail.",
        "disconnect_last": "Choisissez d’abord un mot de passe : sans lui, vous ne pourriez plus vous connecter.",
        "connected_other": "Cette identité est déjà reliée à un autre compte.",
    }


def _keys() -> list[str]:
    """Key ring of encrypted fields: FIELD_ENCRYPTION_KEYS (newest first), else Django's own secret keys."""
    return getattr(settings, "FIELD_ENCRYPTION_KEYS", None) or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _path(url: str) -> str:
    """Mails are sent from jobs, with the address of the site; the library gives the one of the request."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
