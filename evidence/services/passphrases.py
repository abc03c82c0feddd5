"""Passphrases at rest."""

from django.conf import settings

from convergence.kernel import secrets
from evidence.models import ContainerPassphrase


def field_keys() -> list[str]:
    """Key ring of encrypted fields: FIELD_ENCRYPTION_KEYS (newest first), else Django's own secret keys."""
    return getattr(settings, "FIELD_ENCRYPTION_KEYS", None) or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def read_passphrase(row: ContainerPassphrase) -> str:
    return secrets.decrypt(row.secret, field_keys())
