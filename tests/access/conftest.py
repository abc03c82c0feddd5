from collections.abc import Iterator

import pytest
from django.core import mail
from django.db import transaction
from django.test import override_settings

from tests.access.world import World, build_world


@pytest.fixture(scope="module")
def db(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    """In this folder the database is opened once per module, in a transaction that is never committed."""
    authority = tmp_path_factory.mktemp("authority")
    with django_db_blocker.unblock(), override_settings(SIGNATURE_DIR=str(authority)), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def world(db) -> World:
    mail.outbox = []
    return build_world()
