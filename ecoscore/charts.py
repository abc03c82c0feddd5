"""Geometry of the charts: pure functions from figures to points, for the page and for PDF (as `convergence.ui.radar`).

Every chart has its figures in a table beside it; shapes and dashes say what colours say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

Number = int | Decimal

GAUGE_CENTRE, GAUGE_RADIUS = (120, 120), 96
BAR_WIDTH, BAR_HEIGHT, BAR_GAP = 300, 16, 14
PLOT_WIDTH, PLOT_HEIGHT, PLOT_LEFT, PLOT_TOP = 520, 180, 44, 16
FULL = 100


@dataclass(frozen=True, slots=True)
class Gauge:
    """A half circle from 0 (left) to 100 (right); `span` is the part between the least and the best run."""

    score: int
    track: str
    arc: str
    span: str
    tip_x: float
    tip_y: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of horizontal bars; `width` is None when nothing applies."""

    label: str
    value: int | None
    text: str
    y: int
    label_y: int
    width: float | None


@dataclass(frozen=True, slots=True)
class Bars:
    height: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Point:
    label: str
    value: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Scores from version to version: points from left (oldest) to right."""

    points: tuple[Point, ...]
    path: str
    rows: tuple[tuple[str, int], ...]
    grid: tuple[tuple[int, float], ...]
    columns: tuple[str, str] = ("Version", "Écoscore")


def gauge(score: int, low: int | None = None, high: int | None = None) -> Gauge:
    """Raises ValueError outside 0…100."""
    if not 0 <= score <= FULL:
        raise ValueError(f"a score is between 0 and {FULL}, not {score}")
    tip = _on_gauge(score)
    span = _arc(low, high) if low is not None and high is not None and high > low else ""
    return Gauge(score, _arc(0, FULL), _arc(0, score) if score else "", span, *tip)


def bars(rows: Sequence[tuple[str, Number | None]], *, maximum: Number = FULL, unit: str = "") -> Bars:
    """One bar per row, as long as its share of `maximum`; a value of None is a row without bar."""
    if maximum <= 0:
        raise ValueError("maximum must be positive")
    drawn = []
    for rank, (label, value) in enumerate(rows):
        y = rank * (BAR_HEIGHT + BAR_GAP + 14) + 16
        width = None if value is None else round(BAR_WIDTH * float(min(max(value, 0), maximum) / Decimal(maximum)), 1)
        whole = None if value is None else round(value)
        text = "sans objet" if whole is None else f"{whole}{unit}"
        drawn.append(Bar(label, whole, text, y, y - 5, width))
    return Bars(height=len(rows) * (BAR_HEIGHT + BAR_GAP + 14) + 8, bars=tuple(drawn))


def evolution(rows: Sequence[tuple[str, int]]) -> Plot:
    """Raises ValueError below two points: one makes no evolution."""
    if len(rows) < 2:
        raise ValueError("an evolution needs two points or more")
    step = PLOT_WIDTH / (len(rows) - 1)
    points = tuple(
        Point(label, value, round(PLOT_LEFT + rank * step, 1), _height(value))
        for rank, (label, value) in enumerate(rows)
    )
    path = " ".join(f"{point.x:g},{point.y:g}" for point in points)
    return Plot(points, path, tuple(rows), tuple((mark, _height(mark)) for mark in (0, 25, 50, 75, 100)))


def _height(value: int) -> float:
    return round(PLOT_TOP + PLOT_HEIGHT * (1 - value / FULL), 1)


def _on_gauge(value: int) -> tuple[float, float]:
    angle = math.pi * (1 - value / FULL)
    x, y = GAUGE_CENTRE
    return round(x + GAUGE_RADIUS * math.cos(angle), 2), round(y - GAUGE_RADIUS * math.sin(angle), 2)


def _arc(start: int, end: int) -> str:
    """An SVG path along the half circle; it never turns by more than half a circle."""
    (x1, y1), (x2, y2) = _on_gauge(start), _on_gauge(end)
    return f"M {x1:g} {y1:g} A {GAUGE_RADIUS} {GAUGE_RADIUS} 0 0 1 {x2:g} {y2:g}"
