"""The application's database role writes rows; it can neither empty a table nor touch a trigger."""

from collections.abc import Callable

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from psycopg import errors

from convergence.pages.management.commands.grant_app_role import grant_app_role

Run = Callable[[str], None]


@pytest.fixture
def as_app() -> Run:
    """Run one statement as the application role, inside the test's own transaction, and undo it."""

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT app_role")
            cursor.execute(f"SET LOCAL ROLE {settings.APP_ROLE}")
            try:
                cursor.execute(statement)
            except DatabaseError as error:
                raise error.__cause__ or error from None
            finally:
                cursor.execute("ROLLBACK TO SAVEPOINT app_role")
                cursor.execute("RESET ROLE")

    grant_app_role(role=settings.APP_ROLE, append_only=settings.APPEND_ONLY_TABLES, lockable=settings.LOCKABLE_COLUMNS)
    return run


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE audit_auditentry",
        "TRUNCATE accounts_user CASCADE",
        "DROP TABLE audit_auditentry",
        "ALTER TABLE audit_auditentry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_auditentry ADD COLUMN extra int",
        "UPDATE audit_auditentry SET action = 'x'",
        "DELETE FROM audit_auditentry",
        "DELETE FROM django_migrations",
        "CREATE TABLE public.mine (n int)",
        "SET session_replication_role = replica",
    ],
)
def test_app_role_is_refused(as_app: Run, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_app(statement)


@pytest.mark.django_db
def test_app_role_cannot_drop_a_trigger(as_app: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_auditentry'::regclass AND NOT tgisinternal"
        )
        triggers = [name for (name,) in cursor.fetchall()]
    assert triggers
    for name in triggers:
        with pytest.raises(errors.InsufficientPrivilege):
            as_app(f'DROP TRIGGER "{name}" ON audit_auditentry')


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM audit_auditentry",
        "UPDATE accounts_user SET is_active = true",
        "DELETE FROM django_session",
    ],
)
def test_app_role_works_with_rows(as_app: Run, statement: str) -> None:
    as_app(statement)


@pytest.mark.django_db
def test_app_role_locks_a_frozen_dossier_but_cannot_change_it(as_app: Run) -> None:
    as_app("SELECT * FROM dossier_dossier FOR UPDATE")
    with pytest.raises(errors.InsufficientPrivilege):
        as_app("UPDATE dossier_dossier SET reference = 'x'")


def test_append_only_tables_exist() -> None:
    tables = {model._meta.db_table for model in apps.get_models()} | {"django_migrations"}
    assert set(settings.APPEND_ONLY_TABLES) <= tables
    assert set(settings.LOCKABLE_COLUMNS) <= tables


@pytest.mark.django_db
def test_application_role_really_logs_in() -> None:
    """The role that the site connects with is not the owner, even when the password is right."""
    from pathlib import Path

    from convergence.embedded.postgres import Cluster

    if not str(connection.settings_dict["HOST"]).startswith("/"):
        pytest.skip("another server than the embedded one")
    address = Cluster(Path(settings.VAR_DIR), "test").django_database(owner=False)
    with psycopg.connect(
        host=address["HOST"],
        port=address["PORT"],
        user=address["USER"],
        password=address["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
    ) as session:
        assert session.execute("SELECT current_user").fetchone() == ("convergence_app",)
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute("TRUNCATE audit_auditentry")
