"""Marks what changed: any transition of a file, a decision or a listing has its service counted again (ADR 0010)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import FSMField

from convergence.audit.machines import read_machine
from convergence.audit.workflow import follow
from convergence.statistics.models import PendingService
from referencing.candidature.models import Candidature
from referencing.decision.models import Decision
from referencing.listing.models import Listing

#: Each has an `enrolment`.
FOLLOWED: tuple[type[models.Model], ...] = (Candidature, Decision, Listing)


def register() -> None:
    for model in FOLLOWED:
        field = model._meta.get_field("state")
        if not isinstance(field, FSMField):
            raise TypeError(f"{model} has no machine")
        for step in read_machine(model, field).steps:
            follow(f"{model._meta.model_name}.{step.name}", mark_service)


def mark_service(instance: Any, **_: object) -> None:
    """One insertion, in the transaction of the transition: nothing is read, computed or locked while somebody waits."""
    PendingService.objects.create(enrolment_id=instance.enrolment_id)
