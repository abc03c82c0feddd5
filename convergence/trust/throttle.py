"""How often one address may ask: every question counts, so that the pause teaches nothing about the answers."""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache

LIMIT = 30
PERIOD = 600  # seconds


def is_over_limit(address: str, *, at: datetime) -> bool:
    """Count one question of this address, in the cache that every process shares; True once it has asked too many.

    Windows are fixed: what was counted is forgotten at the latest after `PERIOD`.
    """
    key = f"verification:{address}:{int(at.timestamp()) // PERIOD}"
    if cache.add(key, 1, PERIOD):
        return False
    asked = cache.get(key, 0) + 1
    cache.set(key, asked, PERIOD)
    return asked > LIMIT


def seconds_left(at: datetime) -> int:
    """Until the current window ends."""
    return PERIOD - int(at.timestamp()) % PERIOD
