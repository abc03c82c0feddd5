"""Which function does which kind of job; each app registers its own in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from convergence.jobs.models import Job


@dataclass(frozen=True, slots=True)
class Output:
    """File that a job hands over; `open_to` nobody but the requester."""

    name: str
    content_type: str
    content: bytes


#: `report(percent, what_is_being_done)` keeps the row alive and the page informed.
Report = Callable[[int, str], None]
Handler = Callable[[Job, Report], Output | None]

_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Bind `kind` to its handler, which must be idempotent: it may run again after a crash."""
    _handlers[kind] = handler


def handler_for(kind: str) -> Handler:
    return _handlers[kind]
