"""Geometry of the charts, drawn by templates as SVG: labels above their bars, so that a narrow screen reads them too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, ROW, TOP, BAR = 400, 40, 4, 14
#: Room at the right of the longest bar for its figure.
FIGURE_WIDTH = 56
LABEL_DROP = 14


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    #: What is written beside the bar.
    text: str
    label_y: int
    y: int
    width: float
    text_x: float
    text_y: int
    #: False: the figure is secret or unknown, and no bar stands for it.
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Range:
    """From the first quartile to the third, the median across, a line up to the ninth decile."""

    label: str
    text: str
    label_y: int
    y: int
    middle_y: int
    start: float
    width: float
    median: float
    far: float
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    view_box: str
    marks: Sequence[Bar | Range]
    height: int


def draw_bars(items: Sequence[tuple[str, float | None, str]]) -> Chart:
    """One bar per (label, value, text), on one scale from nought."""
    longest = max((value or 0 for _, value, _ in items), default=0)
    marks = []
    for rank, (label, value, text) in enumerate(items):
        top = TOP + rank * ROW
        width = _scale(value or 0, longest, WIDTH - FIGURE_WIDTH)
        marks.append(
            Bar(label, text, top + LABEL_DROP, top + 19, width, round(width + 6, 1), top + 31, value is not None)
        )
    return _chart(marks)


def draw_ranges(items: Sequence[tuple[str, Sequence[float] | None, str]]) -> Chart:
    """One mark per (label, (first quartile, median, third quartile, ninth decile), text), on one scale from nought."""
    longest = max((values[3] for _, values, _ in items if values), default=0)
    marks = []
    for rank, (label, values, text) in enumerate(items):
        top = TOP + rank * ROW
        low, median, high, far = (_scale(each, longest, WIDTH - 8) for each in values or (0, 0, 0, 0))
        marks.append(
            Range(
                label,
                text,
                top + LABEL_DROP,
                top + 19,
                top + 19 + BAR // 2,
                low,
                round(high - low, 1),
                median,
                far,
                values is not None,
            )
        )
    return _chart(marks)


def _scale(value: float, longest: float, width: float) -> float:
    return round(value / longest * width, 1) if longest else 0.0


def _chart(marks: Sequence[Bar | Range]) -> Chart:
    height = TOP + ROW * max(len(marks), 1)
    return Chart(f"0 0 {WIDTH} {height}", marks, height)
