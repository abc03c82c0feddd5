"""« Pré-référencement » of a producer’s file and its ways out (T23, A-23); it appears in no public catalogue."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker
from referencing.candidature import notices
from referencing.candidature.content import frozen_grid, load_criteria
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services import standing
from referencing.candidature.services.conclusion import find_objections, find_unfinished
from referencing.candidature.services.connection.campaigns import cancel_campaign
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.dossier.readers import find_frozen, read_payload
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import PreListing

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def pre_list(*, candidature_id: UUID, expires_on: date | None, actor: User) -> PreListing:
    """Pre-list a producer’s solution on its frozen values; a former pre-listing of it is replaced (T23).

    `expires_on`: None when the démarche sets no end. Refuses with every blocker.
    """
    candidature = lock_file(candidature_id, actor)
    now = timezone.now()
    workflow.fire(
        candidature,
        "pre_list",
        actor=actor,
        guard=lambda: find_pre_listing_blockers(candidature, expires_on=expires_on, today=timezone.localdate(now)),
        at=now,
    )
    for former in PreListing.objects.standing().filter(enrolment=candidature.enrolment_id).select_for_update():
        workflow.fire(former, "replace", actor=actor, at=now)
    cancel_campaign(candidature, actor, "Solution pré-référencée : elle ne passe pas en commission.")
    dossier = candidature.dossier
    pre_listing = PreListing.objects.create(
        enrolment=candidature.enrolment,
        dossier_id=dossier.pk,
        dossier_reference=dossier.reference,
        dossier_sha256=dossier.sha256,
        offer=make_offer(candidature),
        pre_listed_by=actor,
        pre_listed_at=now,
        expires_on=expires_on,
    )
    tell(candidature, "pre_listed", actor=actor, data={"dossier": dossier.reference})
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.solution_pre_listed, candidature))
    return pre_listing


def make_offer(candidature: Candidature) -> dict[str, list[str]]:
    """Codes that distributors may recover, and codes that they must answer themselves; contents never (A-23).

    Recoverable: of an inheritable questionnaire, frozen and answered, and said not to be specific (BR-195, BR-196, BR-199).
    """
    grid = frozen_grid(candidature).grid
    frozen = find_frozen(read_payload(candidature.dossier))
    inheritable = [each for each in load_criteria(candidature) if grid.questionnaire(each.theme).inheritable]
    return {
        "recoverable": [
            each.code
            for each in inheritable
            if frozen[each.code]["specific"] is False and (each.answer is not None or each.evidence)
        ],
        "specific": [each.code for each in inheritable if frozen[each.code]["specific"]],
    }


def find_pre_listing_blockers(candidature: Candidature, *, expires_on: date | None, today: date) -> list[Blocker]:
    blockers = []
    if candidature.enrolment.white_label != WhiteLabelRole.PRODUCER:
        blockers.append(
            Blocker(
                "not_a_producer", "Seule la solution d’un éditeur producteur se pré-référence : concluez l’évaluation."
            )
        )
    blockers += [*find_unfinished(candidature), *find_objections(candidature)]
    blockers += [
        Blocker("obligation_unreached", f"Critère obligatoire non atteint : {each.code} {each.title}.")
        for each in load_criteria(candidature)
        if each.nature == "obligation" and not each.is_reached
    ]
    if expires_on is not None and expires_on <= today:
        blockers.append(Blocker("expires_on", "Indiquez une date de fin à venir.", "#id_expires_on"))
    return blockers


@transaction.atomic
def leave(*, pre_listing_id: UUID, step: str, reason: str, actor: User) -> PreListing:
    """Suspend, resume, revoke (listing team) or withdraw (editor) a pre-listing; all but resuming say why."""
    pre_listing = _lock(pre_listing_id, actor)
    why = reason.strip()
    said: dict[str, dict[str, Any]] = {"suspend": {"why": why}, "resume": {}}

    def guard() -> list[Blocker]:
        if step == "resume" or why:
            return []
        return [Blocker("reason", "Indiquez le motif : l’éditeur le lira.", "#id_reason")]

    workflow.fire(
        pre_listing,
        step,
        actor=actor,
        guard=guard,
        reason=why,
        **said.get(step, {"why": why, "at": timezone.now()}),
    )
    candidature = Candidature.objects.filter(dossier=pre_listing.dossier_id, state=CandidatureState.PRE_LISTED).first()
    if candidature:
        tell(candidature, f"pre_listing_{step}", actor=actor, reason=why)
        transaction.on_commit(partial(notices.pre_listing_changed, candidature, pre_listing))
    return pre_listing


def expire_pre_listings(*, at: datetime) -> int:
    """End those whose day is past; returns how many."""
    today, count = timezone.localdate(at), 0
    for pk in PreListing.objects.standing().filter(expires_on__lt=today).values_list("pk", flat=True):
        with transaction.atomic():
            pre_listing = PreListing.objects.select_for_update(of=("self",)).standing().filter(pk=pk).first()
            if pre_listing:
                workflow.fire(pre_listing, "expire", actor=None, at=at)
                count += 1
    return count


def _lock(pre_listing_id: UUID, actor: User) -> PreListing:
    """Raises PreListing.DoesNotExist for a stranger’s."""
    pre_listing: PreListing = (
        PreListing.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("enrolment__product__organisation")
        .get(pk=pre_listing_id)
    )
    return pre_listing
