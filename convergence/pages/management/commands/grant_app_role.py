"""Give the application role its rights: rows, never the schema; append-only tables can only grow."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg import sql


def grant_app_role(*, role: str, append_only: list[str], lockable: dict[str, str]) -> None:
    """Reset `role`'s rights on the schema `public`; must run as the owner, after every migration.

    Tables that do not exist (yet) are passed over; the tests check the names.

    Without TRUNCATE, TRIGGER and ownership, the role can neither empty a table nor drop, disable or add a trigger.
    """
    grantee = sql.Identifier(role)
    tables = set(connection.introspection.table_names())
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {role}",
            "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        ):
            cursor.execute(sql.SQL(statement).format(role=grantee))
        for table in tables.intersection(append_only):
            cursor.execute(
                sql.SQL("REVOKE UPDATE, DELETE ON {table} FROM {role}").format(
                    table=sql.Identifier(table), role=grantee
                )
            )
        for table, column in ((table, column) for table, column in lockable.items() if table in tables):
            cursor.execute(
                sql.SQL("GRANT UPDATE ({column}) ON {table} TO {role}").format(
                    column=sql.Identifier(column), table=sql.Identifier(table), role=grantee
                )
            )


class Command(BaseCommand):
    help = "Grants the application's database role its rights; run after migrate."

    def handle(self, *args: Any, **options: Any) -> None:
        role = settings.APP_ROLE
        if connection.settings_dict["USER"] == role:
            raise CommandError("DATABASE_URL and DATABASE_OWNER_URL use the same role: give the application its own.")
        grant_app_role(role=role, append_only=settings.APPEND_ONLY_TABLES, lockable=settings.LOCKABLE_COLUMNS)
        self.stdout.write(f"Rights granted to {role}.")
