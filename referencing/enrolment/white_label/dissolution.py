"""An editor of record that no longer exists: the verifier records the evidence, the successor signs anew (A-26)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.rules import is_listing_team
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from evidence.services import keep
from referencing.enrolment.editors import name_editor
from referencing.enrolment.models import Dissolution, Enrolment
from referencing.enrolment.white_label import notices

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from convergence.accounts.models import User
    from evidence.services import Examined


@transaction.atomic
def record_dissolution(
    *, enrolment_id: UUID, examined: Examined, dissolved_on: date, successor: str, note: str, actor: User
) -> Dissolution:
    """Keep the evidence, once; tell the editor’s people. `successor`: its name, empty when there is none.

    A service that is listed is then withdrawn by the ministry after a contradictory procedure (A-02), unless a successor
    signs its own convention. Raises PermissionDenied for who is not of the listing team.
    """
    enrolment: Enrolment = Enrolment.objects.visible_to(actor).with_product().locked().get(pk=enrolment_id)
    if not is_listing_team(actor):
        raise PermissionDenied("record_dissolution")
    now = timezone.now()
    blockers = []
    if Dissolution.objects.filter(enrolment=enrolment).exists():
        blockers.append(Blocker("recorded", "La dissolution est déjà constatée."))
    if dissolved_on > timezone.localdate(now):
        blockers.append(
            Blocker("dissolved_on", "Une dissolution à venir ne se constate pas encore.", "#id_dissolved_on")
        )
    if blockers:
        raise TransitionRefused(blockers)
    found = Dissolution.objects.create(
        enrolment=enrolment,
        editor=name_editor(enrolment),
        dissolved_on=dissolved_on,
        successor=successor.strip(),
        note=note.strip(),
        evidence=keep(examined=examined, actor=actor),
        recorded_by=actor,
        recorded_at=now,
    )
    record(
        "dissolution.record",
        subject=found,
        actor=actor,
        data={"enrolment": str(enrolment.pk), "dissolved_on": dissolved_on.isoformat(), "successor": found.successor},
    )
    transaction.on_commit(partial(notices.dissolution_recorded, found))
    return found


def find_dissolution_blockers(enrolment: Enrolment) -> list[Blocker]:
    """An editor that no longer exists neither signs nor applies."""
    found = Dissolution.objects.filter(enrolment=enrolment).first()
    if found is None:
        return []
    return [Blocker("dissolved", say_dissolution(found), reverse("enrolment:sheet_detail", args=[enrolment.pk]))]


def say_dissolution(found: Dissolution) -> str:
    """One sentence for pages and refusals."""
    ended = f"L’éditeur {found.editor} est dissous depuis le {format_date(found.dissolved_on)}"
    if found.successor:
        return (
            f"{ended} : {found.successor}, qui lui succède, transmet sa propre fiche et signe une nouvelle convention."
        )
    return f"{ended}, sans successeur connu."
