"""One value, one sequence of bytes: the form in which payloads are hashed, sealed and frozen."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID


def canonical_json(value: Any) -> bytes:
    """Return `value` as canonical JSON in UTF-8: sorted keys, no spaces, no escapes beyond what JSON requires.

    Accepts None, bool, int, str, Decimal, aware datetime, date, UUID, string or integer enums, mappings with text keys,
    lists and tuples. Decimals become text with their digits kept (`"1.50"`), datetimes UTC text ending in `Z` with
    microseconds, dates ISO text. Text is kept as it was typed, never normalised: what was frozen must read back
    identical.

    Raises TypeError for anything else (floats first: their text form is not exact) and ValueError for what has no
    unambiguous form: a naive datetime, a decimal that is not a number, a lone surrogate.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def sha256_hex(payload: bytes) -> str:
    """Return the SHA-256 of `payload` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(payload).hexdigest()


def _plain(value: Any) -> Any:
    """Return `value` made of the types JSON has; see `canonical_json` for what is refused."""
    if type(value) is str:  # nearly everything in a dossier, hence before the dispatch
        return value
    match value:
        case dict() | Mapping():
            for key in value:
                if not isinstance(key, str):
                    raise TypeError(f"key {key!r} is not text")
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Enum():
            return _plain(value.value)
        case None | bool() | int():
            return value
        case str():
            return str(value)  # a str subclass (SafeString, lazy result) must not bring its own JSON form
        case Decimal():
            if not value.is_finite():
                raise ValueError(f"{value} has no canonical form")
            return format(value, "f")
        case dt.datetime():
            if value.utcoffset() is None:
                raise ValueError(f"naive datetime {value.isoformat()} has no canonical form")
            return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case dt.date():
            return value.isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
