"""A calendar as other programs read it (iCalendar, RFC 5545): whole days, read-only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

#: A line holds 75 bytes at most; what follows begins with a space (§3.1).
LINE_BYTES = 75


@dataclass(frozen=True, slots=True)
class DayEvent:
    """`uid` stays the same as long as it is the same thing, so that a moved day moves the event."""

    uid: str
    day: date
    title: str
    text: str = ""
    url: str = ""


def write_calendar(events: Iterable[DayEvent], *, name: str, at: datetime) -> str:
    """The whole calendar; `at` stamps every event, an aware datetime."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Convergence//FR",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_say(name)}",
    ]
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{event.uid}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{event.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_say(event.title)}",
            *([f"DESCRIPTION:{_say(event.text)}"] if event.text else []),
            *([f"URL:{event.url}"] if event.url else []),
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _say(text: str) -> str:
    """Text as a value: what separates values is escaped, so that no text makes a line of its own (§3.3.11)."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join("".join(each for each in line if each.isprintable()) for line in escaped.splitlines())


def _fold(line: str) -> str:
    """Cut between characters, never inside one."""
    pieces, piece, size = [], "", 0
    for each in line:
        width = len(each.encode())
        if size + width > LINE_BYTES:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + each, size + width
    return "\r\n".join([*pieces, piece])
