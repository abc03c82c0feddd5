from __future__ import annotations

from typing import Any

from django_fsm import FSMField


class StateField(FSMField):
    """The state of a machine: protected, moved by `workflow.fire` alone.

    Migrations know it as the text column that it is: a historical model has no transitions, and looking for them each
    time a migration renders its models doubled the time that a new database takes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["protected"] = True
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _, arguments, keywords = super().deconstruct()
        keywords.pop("protected", None)
        return name, "django.db.models.CharField", arguments, keywords
