"""Applications of a product, and the secrets that their scripts name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from convergence.audit.services import record
from convergence.kernel import secrets
from convergence.products import rules as product_rules
from ecoscore.models import Application, ApplicationSecret
from evidence.services.passphrases import field_keys

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from convergence.products.models import Product


@transaction.atomic
def create_application(*, product: Product, values: Mapping[str, Any], actor: User) -> Application:
    """Register what is measured of a product. `values`: the cleaned fields of `ApplicationForm`.

    Raises ValidationError by field, or PermissionDenied.
    """
    if not product_rules.can_edit(actor, product):
        raise PermissionDenied("create_application")
    application = Application(product=product, created_by=actor, **values)
    application.full_clean()
    application.save(force_insert=True)
    record("application.create", subject=application, actor=actor)
    return application


@transaction.atomic
def keep_secret(*, application: Application, name: str, value: str, actor: User) -> ApplicationSecret:
    """Keep a value encrypted under a name; the former one of that name is forgotten. The journal names it, no more.

    Raises ValidationError by field, or PermissionDenied.
    """
    if not product_rules.can_edit(actor, application):
        raise PermissionDenied("keep_secret")
    secret = ApplicationSecret.objects.select_for_update().filter(application=application, name=name).first()
    secret = secret or ApplicationSecret(application=application, name=name)
    secret.value, secret.updated_by = secrets.encrypt(value, field_keys()), actor
    secret.full_clean()
    secret.save()
    record("application.keep_secret", subject=application, actor=actor, data={"name": name})
    return secret


@transaction.atomic
def forget_secret(*, application: Application, name: str, actor: User) -> None:
    """Delete a secret; forgetting twice changes nothing. Raises PermissionDenied."""
    if not product_rules.can_edit(actor, application):
        raise PermissionDenied("forget_secret")
    deleted, _ = ApplicationSecret.objects.filter(application=application, name=name).delete()
    if deleted:
        record("application.forget_secret", subject=application, actor=actor, data={"name": name})


def read_secrets(application: Application) -> dict[str, str]:
    """Every secret in clear, for the bench alone. Raises SecretUnreadable when a key left the ring."""
    keys = field_keys()
    return {each.name: secrets.decrypt(each.value, keys) for each in application.secrets.all()}
