"""Geometry of the radar chart: pure functions from figures to points, for the page and for PDF."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from convergence.ui.values import Series

CENTRE = 240
RADIUS = 165
VIEW_BOX = "-50 30 580 420"  # leaves room for the labels around the rim
RINGS = 4
MARKS = ("circle", "square")


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Axis:
    label_lines: tuple[str, ...]
    end: Point
    label: Point
    anchor: str  # SVG text-anchor


@dataclass(frozen=True, slots=True)
class Shape:
    label: str
    points: tuple[Point, ...]
    is_closed: bool
    mark: str
    number: int  # 1 or 2: line and mark style

    @property
    def path(self) -> str:
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)


@dataclass(frozen=True, slots=True)
class Chart:
    view_box: str
    axes: tuple[Axis, ...]
    rings: tuple[str, ...]  # polygon points, from the centre out
    shapes: tuple[Shape, ...]


def place(index: int, count: int, ratio: float) -> Point:
    """The point at `ratio` (0 centre, 1 rim) of axis `index` among `count`; the first axis points up, clockwise."""
    angle = 2 * math.pi * index / count - math.pi / 2
    return Point(
        round(CENTRE + RADIUS * ratio * math.cos(angle), 2), round(CENTRE + RADIUS * ratio * math.sin(angle), 2)
    )


def draw(axes: Sequence[str], series: Sequence[Series], *, maximum: float) -> Chart:
    """Points for each series (clipped to 0…maximum; an unknown value is left out and its shape stays open).

    Raises ValueError below three axes, above two series, or when a series does not match the axes.
    """
    count = len(axes)
    if count < 3:
        raise ValueError("a radar needs three axes or more")
    if len(series) > len(MARKS):
        raise ValueError("a radar shows two series at most")
    if maximum <= 0:
        raise ValueError("maximum must be positive")
    shapes = []
    for number, one in enumerate(series, start=1):
        if len(one.values) != count:
            raise ValueError(f"series {one.label!r} has {len(one.values)} values for {count} axes")
        points = tuple(
            place(index, count, min(max(value / maximum, 0), 1))
            for index, value in enumerate(one.values)
            if value is not None
        )
        shapes.append(Shape(one.label, points, len(points) == count, MARKS[number - 1], number))
    rings = tuple(
        " ".join(f"{p.x:g},{p.y:g}" for p in (place(index, count, ring / RINGS) for index in range(count)))
        for ring in range(1, RINGS + 1)
    )
    return Chart(VIEW_BOX, tuple(_axis(label, index, count) for index, label in enumerate(axes)), rings, tuple(shapes))


def tabulate(axes: Sequence[str], series: Sequence[Series]) -> list[tuple[str, list[float | None]]]:
    """The same figures by axis, for the table beside the chart."""
    return [(axis, [one.values[index] for one in series]) for index, axis in enumerate(axes)]


def _axis(label: str, index: int, count: int) -> Axis:
    rim = place(index, count, 1.12)
    offset = rim.x - CENTRE
    anchor = "middle" if abs(offset) < 20 else ("start" if offset > 0 else "end")
    return Axis(_wrap(label), place(index, count, 1), rim, anchor)


def _wrap(label: str, width: int = 14) -> tuple[str, ...]:
    """Break a label at spaces so that no line is longer than `width` unless one word is."""
    lines: list[str] = []
    for word in label.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)
