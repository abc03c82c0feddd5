"""The delays of a file: which clocks run, since when, and while what they stood still (A-17, A-19)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from referencing.candidature.core.clock import Clock, Days, Interval, day_of
from referencing.candidature.enums import DECIDED_STATES, OPEN_STATES, CandidatureState, StopReason
from referencing.candidature.models import Candidature, ClockStop

#: Phase of each state in which agents work: key of `settings.instruction.delays`, and the instant that starts it.
PHASES: dict[str, tuple[str, str]] = {
    CandidatureState.APPLIED: ("take_charge", "applied_at"),
    CandidatureState.ADMISSIBILITY: ("admissibility", "taken_at"),
    CandidatureState.EVALUATION: ("evaluation", "admissible_at"),
    CandidatureState.READY_COMMISSION: ("evaluation", "admissible_at"),
}


def list_stops(candidature: Candidature) -> list[ClockStop]:
    """Every stop of the file, oldest first."""
    return list(ClockStop.objects.filter(candidature=candidature).order_by("started_at", "pk"))


def internal_clock(candidature: Candidature, stops: Iterable[ClockStop]) -> Clock | None:
    """Business days of the current phase; None once the file is closed. The démarche may have set no delay."""
    phase = PHASES.get(candidature.state)
    if phase is None:
        return None
    key, start = phase
    delays = candidature.enrolment.demarche.settings.get("instruction", {}).get("delays", {})
    return Clock(day_of(getattr(candidature, start)), delays.get(key), _intervals(stops))


def legal_clock(candidature: Candidature, stops: Iterable[ClockStop]) -> Clock | None:
    """Calendar days from the application to the effect of silence; None while no length is set, or once decided.

    It stands still for missing pieces only, and only if the démarche says so (L.114-5 CRPA).
    """
    silence = candidature.enrolment.demarche.settings.get("silence", {})
    is_decided = candidature.state in DECIDED_STATES or candidature.state not in OPEN_STATES
    if not silence.get("days") or is_decided or candidature.applied_at is None:
        return None
    pieces = [stop for stop in stops if stop.reason == StopReason.PIECES] if silence.get("stops_for_pieces") else []
    return Clock(day_of(candidature.applied_at), silence["days"], _intervals(pieces), Days.CALENDAR)


def turn(candidature: Candidature, reason: StopReason | None, *, at: datetime) -> list[ClockStop]:
    """Let the clock of a locked file stand still for `reason`, or run with None. Returns its stops, oldest first."""
    stops = list_stops(candidature)
    current = next((stop for stop in stops if stop.ended_at is None), None)
    if current is not None and current.reason != reason:
        current.ended_at = max(at, current.started_at)
        current.save(update_fields=["ended_at"])
    if reason is not None and (current is None or current.reason != reason):
        stops.append(ClockStop.objects.create(candidature=candidature, started_at=at, reason=reason))
    return stops


def _intervals(stops: Iterable[ClockStop]) -> tuple[Interval, ...]:
    return tuple(Interval(stop.started_at, stop.ended_at) for stop in stops)
