"""Who has the same page open right now: said, never enforced. Rows are overwritten, and of no value a minute later."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from django.db import connection, models
from psycopg import sql

from convergence.accounts.models import User

#: How long somebody is deemed to be there after their page last said so; the page says so three times meanwhile.
THERE = timedelta(seconds=60)
POLL_SECONDS = 20

_STATEMENT = """
WITH said AS (
    INSERT INTO {table} ({subject}, user_id, {place}, seen_at) VALUES (%(subject)s, %(user)s, %(place)s, %(at)s)
    ON CONFLICT ({subject}, user_id) DO UPDATE SET {place} = EXCLUDED.{place}, seen_at = EXCLUDED.seen_at
)
SELECT person.first_name, person.last_name, person.email, present.{place}
FROM {table} present JOIN {people} person ON person.id = present.user_id
WHERE present.{subject} = %(subject)s AND present.user_id <> %(user)s AND present.seen_at > %(since)s
ORDER BY person.last_name, person.id
"""


def be_present(
    rows: type[models.Model], *, subject: models.Model, on: str, place: str, user: User, at: datetime
) -> list[tuple[str, str]]:
    """Say that `user` looks at `place` of `subject`; returns the others who look at it: (name, their place).

    One statement. `rows` has a foreign key to `subject`, a `user`, a column named `on` for the place, a `seen_at`, and is
    unique by subject and user.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(rows, type(subject), on),
            {"subject": subject.pk, "user": user.pk, "place": place, "at": at, "since": at - THERE},
        )
        return [
            (User(first_name=first, last_name=last, email=email).get_full_name(), where)
            for first, last, email, where in cursor.fetchall()
        ]


@cache
def _statement(rows: type[models.Model], subject: type[models.Model], on: str) -> sql.Composed:
    columns = [
        each.column
        for each in rows._meta.concrete_fields
        if each.is_relation and each.related_model is subject and each.column
    ]
    return sql.SQL(_STATEMENT).format(
        table=sql.Identifier(rows._meta.db_table),
        people=sql.Identifier(User._meta.db_table),
        subject=sql.Identifier(columns[0]),
        place=sql.Identifier(on),
    )
