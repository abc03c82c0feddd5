"""The one door through which a state changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import django_fsm as fsm
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import models

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused


def fire(
    instance: models.Model,
    name: str,
    *,
    actor: AbstractBaseUser | None,
    guard: Callable[[], Iterable[Blocker]] | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Run transition `name` on a row that the caller has locked; `actor=None` means the system.

    Order: state, permission, guard (every blocker at once), transition, save, journal — in the caller's transaction.
    Raises TransitionRefused (wrong state, or the blockers found) or PermissionDenied.
    """
    transition = getattr(instance, name)
    if not fsm.can_proceed(transition):  # first: fsm reports a wrong state as "no permission"
        raise TransitionRefused([Blocker("wrong_state", "Cette action n’est plus possible dans cet état.")])
    if actor is not None and not _may(transition, actor):
        raise PermissionDenied(name)
    if guard and (blockers := list(guard())):
        raise TransitionRefused(blockers)
    source = instance.state  # type: ignore[attr-defined]
    transition(**kwargs)
    instance.save()
    record(
        f"{instance._meta.model_name}.{name}",
        subject=instance,
        actor=actor,
        source=source,
        target=instance.state,  # type: ignore[attr-defined]
        reason=reason,
        data=data,
    )


def is_allowed(instance: models.Model, name: str, actor: AbstractBaseUser) -> bool:
    """Whether the button of transition `name` is shown: right state and right person (guards are told, not hidden)."""
    transition = getattr(instance, name)
    return bool(fsm.can_proceed(transition) and _may(transition, actor))


def _may(transition: Any, actor: AbstractBaseUser) -> bool:
    """Ask the transition’s predicate as `rules` does, person first; fsm itself would pass the row first."""
    machine, instance = transition._django_fsm, transition.__self__
    permission = machine.get_transition(machine.field.get_state(instance)).permission
    return permission is None or bool(permission(actor, instance))
