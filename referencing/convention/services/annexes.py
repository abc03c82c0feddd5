"""The annex of a convention: made of what was decided, signed by the same person as the convention (A-04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.convention import core, drafting, rules
from referencing.convention.enums import AnnexState, ConventionState
from referencing.convention.models import Annex, Convention
from referencing.convention.services.handing import hand_over, keep_pdf, provider_name, take_back

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def send_annex(*, convention_id: UUID, scope: Sequence[Mapping[str, str]], source: str, actor: User) -> Annex:
    """Make the annex of these exchanges and mail its signing link to the legal representative of the convention.

    The stage that decides calls it, with the row that it found visible: `scope` comes from the frozen dossier, `source`
    names it. An annex that still waits for its signature is replaced. Raises PermissionDenied or TransitionRefused.
    """
    convention = Convention.objects.with_enrolment().with_documents().locked().get(pk=convention_id)
    if not rules.can_send_annex(actor, convention):
        raise PermissionDenied("send_annex")
    if blockers := find_annex_blockers(convention, scope):
        raise TransitionRefused(blockers)
    now = timezone.now()
    for former in (
        Annex.objects.with_convention()
        .locked()
        .filter(convention=convention, state__in=[AnnexState.TO_SEND, AnnexState.TO_SIGN])
    ):
        take_back(former, at=now)
        workflow.fire(former, "revoke", actor=actor, reason="Remplacée par une nouvelle annexe.")
    last: int = convention.annexes.aggregate(last=Max("number"))["last"] or 0
    annex = Annex(
        convention=convention,
        number=last + 1,
        scope=[dict(row) for row in scope],
        source=source,
        text=drafting.draft_annex(convention, scope=scope, source=source),
        provider=provider_name(),
        signer_name=convention.signer_name,
        signer_email=convention.signer_email,
    )
    annex.document = keep_pdf(
        drafting.render_annex(annex, at=now), name=drafting.file_name(annex, is_signed=False), actor=actor
    )
    workflow.fire(annex, "send", actor=actor, at=now)
    hand_over(annex, at=now)
    return annex


@transaction.atomic
def resend_annex(*, annex_id: UUID, actor: User) -> Annex:
    """Send a new link for the same annex; the former one stops working at once."""
    annex = Annex.objects.with_convention().locked().get(pk=annex_id)
    if not rules.can_send_annex(actor, annex):
        raise PermissionDenied("resend_annex")
    now = timezone.now()
    if annex.state == AnnexState.TO_SEND:
        workflow.fire(annex, "send", actor=actor, at=now)
    elif annex.state == AnnexState.TO_SIGN:
        take_back(annex, at=now)
        record("annex.resend", subject=annex, actor=actor)
    else:
        raise TransitionRefused([Blocker("wrong_state", "Cette annexe n’attend pas de signature.")])
    hand_over(annex, at=now)
    return annex


def find_annex_blockers(convention: Convention, scope: Sequence[Mapping[str, str]]) -> list[Blocker]:
    blockers = []
    if convention.state != ConventionState.VALIDATED:
        blockers.append(Blocker("convention", "La convention n’est pas encore signée et validée."))
    if not scope:
        blockers.append(Blocker("no_exchange", "Ce service n’échange aucune donnée : la convention n’a pas d’annexe."))
    if core.options_of(convention.enrolment.demarche.settings) is None:
        blockers.append(Blocker("options", "La démarche ne dit pas combien de temps vaut un lien de signature."))
    return blockers
