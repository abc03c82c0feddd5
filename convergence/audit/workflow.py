"""The one door through which a state changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import django_fsm as fsm
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import models

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused

#: `follower(instance, actor=…, reason=…)`, called in the transaction of the transition that it follows.
Follower = Callable[..., None]
_followers: defaultdict[str, list[Follower]] = defaultdict(list)


def follow(transition: str, follower: Follower) -> None:
    """Have `follower` called each time that `transition` (`<model>.<name>`, as the journal writes it) was fired.

    For a stage that stands above the row and must change its own in the same transaction: a withdrawn file leaves the
    agenda, a court takes a service out of the catalogue. Registered in `AppConfig.ready`, once; whatever leaves the
    database waits for the commit. A refusal of the follower refuses the transition. See docs/adr/0010-followers.md.
    """
    if follower not in _followers[transition]:
        _followers[transition].append(follower)


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

    Order: state, permission, guard (every blocker at once), transition, save, journal, followers — in the caller's
    transaction.
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
    fired = f"{instance._meta.model_name}.{name}"
    record(
        fired,
        subject=instance,
        actor=actor,
        source=source,
        target=instance.state,  # type: ignore[attr-defined]
        reason=reason,
        data=data,
    )
    for follower in _followers[fired]:
        follower(instance, actor=actor, reason=reason)


def is_allowed(instance: models.Model, name: str, actor: AbstractBaseUser) -> bool:
    """Whether the button of transition `name` is shown: right state and right person (guards are told, not hidden)."""
    transition = getattr(instance, name)
    return bool(fsm.can_proceed(transition) and _may(transition, actor))


def _may(transition: Any, actor: AbstractBaseUser) -> bool:
    """Ask the transition’s predicate as `rules` does, person first; fsm itself would pass the row first."""
    machine, instance = transition._django_fsm, transition.__self__
    permission = machine.get_transition(machine.field.get_state(instance)).permission
    return permission is None or bool(permission(actor, instance))
