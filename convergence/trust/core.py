"""What somebody gives to have a document recognised, and what the platform answers: values in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPACES = re.compile(r"\s+")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
#: Longer than any reference of ours: what is longer is not one.
REFERENCE_MAX = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A reference or a SHA-256, never both; `text` is what to show again."""

    text: str
    reference: str = ""
    sha256: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)


def read_asked(text: str) -> Asked:
    """What was typed, pasted or computed, freed of spaces, of typographic hyphens and of the case.

    Whatever has the form of a hash is one; anything else is taken for a reference. Never fails.
    """
    shown = _SPACES.sub(" ", text.replace("\x00", "")).strip()[:REFERENCE_MAX]
    compact = _SPACES.sub("", shown).translate(_DASHES)
    if _SHA256.fullmatch(compact.lower()):
        return Asked(compact.lower(), sha256=compact.lower())
    return Asked(shown, reference=compact.upper())


class Standing(Enum):
    UNKNOWN = "unknown"
    SEALED = "sealed"
    IN_FORCE = "in_force"
    NOT_IN_FORCE = "not_in_force"


@dataclass(frozen=True, slots=True)
class Answer:
    """What anybody may know of a document (A-37).

    UNKNOWN says nothing else, be it because there is no such document or because it is nobody’s business. SEALED dates
    the seal. Only a favourable decision of a service that is or was listed is named; `until` goes with IN_FORCE, and
    `service`, `editor` and `page` with what the catalogue shows today.
    """

    standing: Standing = Standing.UNKNOWN
    sealed_at: datetime | None = None
    kind: str = ""
    number: str = ""
    signed_on: date | None = None
    until: date | None = None
    service: str = ""
    editor: str = ""
    #: (number, slug) of its page in the catalogue.
    page: tuple[int, str] | None = None
