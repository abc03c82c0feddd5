"""Sessions in the database, read by a statement that is written once: every page begins with it."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField, QuerySet
from django.utils import timezone

from convergence.database.statements import Slot, Statements

_KEY = Slot("key", CharField())
_NOW = Slot("now", DateTimeField())
_STATEMENTS = Statements()


class SessionStore(db.SessionStore):
    """The session engine of the platform; its rows are those of Django’s own."""

    def load(self) -> dict[str, Any]:
        found = _STATEMENTS.get("session", _session).read(key=self.session_key, now=timezone.now())
        if not found:
            self._session_key = None
            return {}
        decoded: dict[str, Any] = self.decode(found[0][0])
        return decoded


def _session() -> QuerySet[Session, Any]:
    return Session.objects.filter(session_key=_KEY, expire_date__gt=_NOW).values_list("session_data")
