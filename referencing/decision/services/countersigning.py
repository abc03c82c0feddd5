"""Minister and Cnam countersign what the editor signed: the convention, then its annex (A-03, A-04)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.accounts.rules import is_ministry
from convergence.audit.services import record
from convergence.documents.signatures import SignatureFailed, Status, sign_pdf, verify_pdf
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from evidence.errors import UploadRefused
from evidence.services import keep_generated, read_bytes
from referencing.convention.drafting import file_name, signature_box, title_of
from referencing.convention.enums import AnnexState, ConventionState
from referencing.convention.models import Annex, Convention, Signable
from referencing.convention.services import resend_annex, send_annex
from referencing.decision import notices
from referencing.decision.core.act import Signatory
from referencing.decision.enums import Party
from referencing.decision.models import Countersignature
from referencing.decision.rules import can_countersign, is_cnam
from referencing.decision.selectors.conventions import covering_annex, reachable_conventions
from referencing.decision.selectors.current import current_decision
from referencing.decision.services.signing import find_signatory_blockers

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from evidence.models import StoredFile


def party_of(user: User) -> Party:
    """For whom a person countersigns. Raises PermissionDenied for who signs for nobody."""
    if is_ministry(user):
        return Party.MINISTER
    if is_cnam(user):
        return Party.CNAM
    raise PermissionDenied("countersign")


def countersign_conventions(
    *, convention_ids: Sequence[UUID], signatory: Signatory, signed_on: date, actor: User
) -> list[Countersignature]:
    """Sign, for the actor’s party, the convention and the signed annex of each service; every reason at once if one cannot.

    Each service is one transaction. What this party signed already is left as it is. Raises PermissionDenied or
    TransitionRefused.
    """
    party = party_of(actor)
    blockers = find_signatory_blockers(signatory, signed_on=signed_on, needs_delegation=True)
    if not convention_ids:
        blockers.append(Blocker("conventions", "Choisissez au moins une convention à signer."))
    if blockers:
        raise TransitionRefused(blockers)
    made: list[Countersignature] = []
    for convention_id in convention_ids:
        made += countersign(
            convention_id=convention_id, party=party, signatory=signatory, signed_on=signed_on, actor=actor
        )
    return made


@transaction.atomic
def countersign(
    *, convention_id: UUID, party: Party, signatory: Signatory, signed_on: date, actor: User
) -> list[Countersignature]:
    """One service: the convention if this party has not signed it, and every annex that the editor signed."""
    if not can_countersign(actor):
        raise PermissionDenied("countersign")
    convention = (
        Convention.objects.filter(pk__in=reachable_conventions(actor).values("pk"))
        .with_enrolment()
        .with_documents()
        .locked()
        .get(pk=convention_id)
    )
    annexes = Annex.objects.with_convention().locked().filter(convention=convention, state=AnnexState.SIGNED)
    to_sign: list[Signable] = [convention, *annexes.order_by("number")]
    to_sign = [each for each in to_sign if party not in {row.party for row in signatures_of(each)}]
    if not to_sign:
        raise TransitionRefused(
            [Blocker("already_signed", f"{convention.enrolment.label}{NBSP}: il n’y a plus rien à signer.")]
        )
    now = timezone.now()
    return [
        _countersign(each, party=party, signatory=signatory, signed_on=signed_on, actor=actor, at=now)
        for each in to_sign
    ]


def signatures_of(signable: Signable) -> list[Countersignature]:
    """In the order in which they were made: the last one has the whole file."""
    return list(signable.countersignatures.select_related("document__blob").order_by("signed_at", "pk"))


def latest_document(signable: Signable) -> StoredFile | None:
    """The PDF with every signature made so far."""
    made = signatures_of(signable)
    return made[-1].document if made else signable.signed_document


def _countersign(
    signable: Signable, *, party: Party, signatory: Signatory, signed_on: date, actor: User, at: datetime
) -> Countersignature:
    """One more signature on the same file: what was signed before stays in it, byte for byte."""
    if signatory.delegation_from is None or signatory.delegation_until is None:
        raise ValueError("a countersignature is made under a delegation and its dates")
    document = latest_document(signable)
    if document is None:
        raise TransitionRefused([Blocker("unsigned", "L’éditeur n’a pas encore signé ce document.")])
    before = read_bytes(document)
    if verify_pdf(before).status is not Status.INTACT:
        raise TransitionRefused(
            [Blocker("altered", f"{signable.enrolment.label}{NBSP}: le document déjà signé n’est plus intact.")]
        )
    try:
        signed = sign_pdf(
            before,
            signer_name=signatory.name,
            signer_email=signatory.email or actor.email,
            reason=f"{title_of(signable)} {signable.enrolment.label}",
            location="France",
            field_name=party,
            at=at,
            box=signature_box(party),
        )
        kept = keep_generated(content=signed, name=file_name(signable, is_signed=True), code="pdf", actor=actor)
    except SignatureFailed as failure:
        raise TransitionRefused([Blocker("signature_failed", str(failure))]) from failure
    except UploadRefused as refusal:
        raise TransitionRefused(refusal.problems) from refusal
    target: dict[str, Signable] = {"annex" if isinstance(signable, Annex) else "convention": signable}
    made = Countersignature.objects.create(
        **target,
        party=party,
        signatory_name=signatory.name.strip(),
        signatory_quality=signatory.quality.strip(),
        delegation=signatory.delegation.strip(),
        delegation_from=signatory.delegation_from,
        delegation_until=signatory.delegation_until,
        signed_on=signed_on,
        signed_by=actor,
        signed_at=at,
        document=kept,
        sha256=kept.blob.sha256,
    )
    record(
        f"{signable._meta.model_name}.countersign",
        subject=signable,
        actor=actor,
        data={"party": party, "signatory": made.signatory_name, "sha256": made.sha256},
    )
    if len(signatures_of(signable)) == len(Party.values):
        transaction.on_commit(partial(notices.fully_signed, signable))
    return made


@transaction.atomic
def prepare_annex(*, convention_id: UUID, actor: User) -> Annex:
    """Build the annex from the exchanges that the minister authorised, and mail its link to the legal representative (A-04).

    Raises Convention.DoesNotExist, PermissionDenied or TransitionRefused.
    """
    convention = reachable_conventions(actor).select_related("enrolment").get(pk=convention_id)
    decision = current_decision(convention.enrolment)
    if decision is None:
        raise TransitionRefused(
            [Blocker("decision", "L’annexe suit la décision du ministre : elle n’est pas encore signée.")]
        )
    if covering_annex(convention, decision.scope) is not None:
        raise TransitionRefused([Blocker("annex_exists", "Une annexe dit déjà ces échanges.")])
    source = decision.candidature.dossier.reference if decision.candidature else str(decision.number)
    return send_annex(convention_id=convention_id, scope=decision.scope, source=source, actor=actor)


@transaction.atomic
def send_annex_again(*, convention_id: UUID, actor: User) -> Annex:
    """A new link for the annex that the legal representative has not signed."""
    convention = reachable_conventions(actor).get(pk=convention_id)
    annex = convention.annexes.filter(state__in=[AnnexState.TO_SEND, AnnexState.TO_SIGN]).first()
    if annex is None or convention.state != ConventionState.VALIDATED:
        raise TransitionRefused([Blocker("wrong_state", "Aucune annexe n’attend de signature.")])
    return resend_annex(annex_id=annex.pk, actor=actor)
