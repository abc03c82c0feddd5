"""French as people read it: dates, numbers, delays and no-break spaces. Pure functions: values in, text out."""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
NBSP = "\u00a0"
NARROW_NBSP = "\u202f"

_MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]

_STEPS = (
    (60, 1, "seconde", "secondes"),
    (3600, 60, "minute", "minutes"),
    (86400, 3600, "heure", "heures"),
    (30 * 86400, 86400, "jour", "jours"),
    (365 * 86400, 30 * 86400, "mois", "mois"),
    (math.inf, 365 * 86400, "an", "ans"),
)


def in_paris(at: datetime) -> datetime:
    """The same instant on a Paris clock; a naive value is taken as Paris time already."""
    return at.astimezone(PARIS) if at.tzinfo else at.replace(tzinfo=PARIS)


def format_date(day: date) -> str:
    """« 8 juillet 2024 », « 1er août 2024 »; a datetime is first put on a Paris clock."""
    if isinstance(day, datetime):
        day = in_paris(day).date()
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number}{NBSP}{_MONTHS[day.month - 1]} {day.year}"


def format_time(at: datetime) -> str:
    """« 18 h 27 » in Paris."""
    local = in_paris(at)
    return f"{local.hour}{NBSP}h{NBSP}{local.minute:02d}"


def format_datetime(at: datetime) -> str:
    """« 8 juillet 2024 à 18 h 27 » in Paris."""
    at = in_paris(at)
    return f"{format_date(at)} à {format_time(at)}"


def format_ago(at: datetime, *, now: datetime) -> str:
    """« il y a 3 jours », « dans 2 heures », « à l’instant » (under a minute either way)."""
    seconds = int((now - at).total_seconds())
    past, seconds = seconds >= 0, abs(seconds)
    if seconds < 60:
        return "à l’instant"
    size, singular, plural = next(step[1:] for step in _STEPS if seconds < step[0])
    count = seconds // size
    words = f"{count}{NBSP}{singular if count == 1 else plural}"
    return f"il y a {words}" if past else f"dans {words}"


def format_number(value: int | float | Decimal, decimals: int | None = None) -> str:
    """« 1 234,5 »: narrow no-break space by thousands, decimal comma; `decimals` rounds half up and keeps zeros."""
    number = Decimal(str(value))
    if decimals is not None:
        number = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    sign = "−" if number < 0 else ""
    whole, _, fraction = f"{abs(number):,f}".partition(".")
    whole = whole.replace(",", NARROW_NBSP)
    return f"{sign}{whole},{fraction}" if fraction else f"{sign}{whole}"


def format_percent(value: int | float | Decimal, decimals: int = 0) -> str:
    """« 31 % » from 31: the value is already a percentage."""
    return f"{format_number(value, decimals)}{NBSP}%"


def join_no_break(text: str) -> str:
    """Put the no-break spaces that French asks for: narrow before ; ! ?, plain before : and inside « ».

    Only a space that is already there changes (and none is added inside 14:32 or http://), so codes stay intact.
    """
    text = re.sub(r"[ \u00a0]([;!?])", rf"{NARROW_NBSP}\1", text)
    text = re.sub(r" (:)(?=\s|$)", rf"{NBSP}\1", text)
    text = re.sub(r"« ", f"«{NBSP}", text)
    text = re.sub(r" »", f"{NBSP}»", text)
    return re.sub(r"(?<=\d) (?=[%€])", NBSP, text)


def join_words(words: Sequence[str]) -> str:
    """« a, b et c »."""
    return " et ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "")))
