"""Days given to the editor: what a form proposes, from the settings of the démarche (business days, internal: A-17)."""

from __future__ import annotations

from datetime import date
from typing import Any

from referencing.candidature.core.clock import add_business_days
from referencing.candidature.models import Candidature

#: Used while the démarche says nothing; an agent may always choose another day.
DEFAULTS = {"pieces": 15, "criteria": 15, "non_conformity": 20, "grace": 10}


def instruction_settings(candidature: Candidature) -> dict[str, Any]:
    found: dict[str, Any] = candidature.enrolment.demarche.settings.get("instruction", {})
    return found


def delay_of(candidature: Candidature, key: str) -> int:
    return int(instruction_settings(candidature).get("delays", {}).get(key, DEFAULTS[key]))


def propose_day(candidature: Candidature, key: str, *, today: date) -> date:
    """The last day of the delay `key` when it starts today."""
    return add_business_days(today, delay_of(candidature, key))
