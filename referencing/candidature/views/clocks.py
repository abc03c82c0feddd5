"""The delays of a file in words: the internal one for agents only, the legal one where it is set (A-17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Badge, Item
from referencing.candidature.core.clock import Clock, Days, business_days_between, day_of
from referencing.candidature.enums import CandidatureState, StopReason
from referencing.candidature.models import Candidature, ClockStop
from referencing.candidature.services.clocks import internal_clock, legal_clock, list_stops
from referencing.candidature.services.reminders import ALERT_BUSINESS_DAYS, LEGAL_ALERT_DAYS
from referencing.candidature.wording import Audience, effect_of_silence

PHASE_LABELS: dict[str, str] = {
    CandidatureState.APPLIED: "Prise en charge",
    CandidatureState.ADMISSIBILITY: "Recevabilité",
    CandidatureState.EVALUATION: "Évaluation",
    CandidatureState.READY_COMMISSION: "Évaluation",
}


@dataclass(frozen=True, slots=True)
class ClockCard:
    title: str
    badge: Badge
    items: Sequence[Item]


def clock_cards(candidature: Candidature, *, audience: Audience, at: datetime) -> list[ClockCard]:
    """What to show of the delays of a file to this reader, in one query; nothing once it is closed."""
    stops = list_stops(candidature)
    cards = []
    internal = internal_clock(candidature, stops)
    if internal is not None and audience is not Audience.EDITOR:
        cards.append(_internal_card(candidature, internal, stops, at=at))
    legal = legal_clock(candidature, stops)
    if legal is not None:
        cards.append(_legal_card(candidature, legal, at=at))
    if audience is Audience.EDITOR and (waits := [stop for stop in stops if stop.reason != StopReason.CONCLUDED]):
        badge = Badge("En cours", tone="warning") if waits[-1].ended_at is None else Badge("Terminé")
        cards.append(
            ClockCard("En attente de vos réponses", badge, [Item("Périodes", _say_stops(waits, reasons=False))])
        )
    return cards


def _internal_card(candidature: Candidature, clock: Clock, stops: Sequence[ClockStop], *, at: datetime) -> ClockCard:
    phase = f"{PHASE_LABELS[candidature.state]}, depuis le {format_date(clock.started_on)}"
    used = f"{_count(clock.days_used(at), 'jour ouvré', 'jours ouvrés')}"
    if clock.allowed_days is not None:
        used += f" sur {clock.allowed_days}"
    items = [Item("Phase", phase), Item("Temps utilisé", used)]
    if clock.due_on is not None:
        items.append(Item("Échéance", format_date(clock.due_on)))
    items.append(Item("Suspensions", _say_stops(stops, reasons=True) or "Aucune"))
    return ClockCard("Délai interne", _badge(clock, soon=ALERT_BUSINESS_DAYS, at=at), items)


def _legal_card(candidature: Candidature, clock: Clock, *, at: datetime) -> ClockCard:
    items = [
        Item(
            "Durée",
            f"{_count(clock.allowed_days or 0, 'jour', 'jours')} depuis le dépôt, le {format_date(clock.started_on)}",
        ),
    ]
    if clock.due_on is not None:
        effect = effect_of_silence(candidature.enrolment.demarche.settings["silence"])
        items.append(Item("Échéance", f"{format_date(clock.due_on)}{NBSP}: sans décision ce jour-là, {effect}"))
    return ClockCard("Délai légal", _badge(clock, soon=LEGAL_ALERT_DAYS, at=at), items)


def _badge(clock: Clock, *, soon: int, at: datetime) -> Badge:
    unit = ("jour ouvré", "jours ouvrés") if clock.days is Days.BUSINESS else ("jour", "jours")
    due_on, left = clock.due_on, clock.days_left(at)
    if left is None:
        return Badge("Aucun délai fixé")
    if due_on is None:
        return Badge(f"Suspendu, reste {_count(left, *unit)}", tone="info")
    if clock.is_late(at):
        return Badge(f"Dépassé de {_count(_days_since(due_on, clock, at=at), *unit)}", tone="error")
    if left == 0:
        return Badge("Dernier jour", tone="warning")
    return Badge(f"Encore {_count(left, *unit)}", tone="warning" if left <= soon else "success")


def _days_since(due_on: date, clock: Clock, *, at: datetime) -> int:
    today = day_of(at)
    days = business_days_between(due_on, today) if clock.days is Days.BUSINESS else (today - due_on).days
    return max(1, days)


def _say_stops(stops: Sequence[ClockStop], *, reasons: bool) -> list[str]:
    """« du 3 mars 2026 au 9 mars 2026 », « depuis le 12 mars 2026 », with the reason for agents."""
    lines = []
    for stop in stops:
        start = format_date(stop.started_at)
        period = f"du {start} au {format_date(stop.ended_at)}" if stop.ended_at else f"depuis le {start}"
        lines.append(f"{period}{NBSP}: {stop.get_reason_display().lower()}" if reasons else period)
    return lines


def _count(number: int, one: str, many: str) -> str:
    return f"{number}{NBSP}{one if abs(number) < 2 else many}"
