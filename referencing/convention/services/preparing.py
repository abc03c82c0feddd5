"""The verifier’s part, until the convention has left; and going back when the legal representative changes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.convention import core, drafting, notices, rules
from referencing.convention.enums import ConventionState
from referencing.convention.models import Convention
from referencing.convention.services.handing import hand_over, keep_pdf, provider_name, take_back
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.services import reopen_sheet, validate_sheet
from referencing.enrolment.white_label.dissolution import find_dissolution_blockers
from referencing.enrolment.white_label.mandates import find_mandate_blockers

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def validate_sheet_and_prepare(*, enrolment_id: UUID, actor: User) -> Convention:
    """Accept the fiche and prepare the convention of this version of it, or neither (T06, BR-027).

    A convention that follows a revoked one keeps the choices of the verifier.
    """
    sheet = validate_sheet(enrolment_id=enrolment_id, actor=actor)
    enrolment = sheet.enrolment
    before = enrolment.conventions.order_by("-created_at").first()
    convention = Convention(
        enrolment=enrolment,
        sheet_version=sheet.versions.latest("number"),
        data_categories=before.data_categories if before else [],
        purposes=before.purposes if before else [],
    )
    _copy_from_sheet(convention)
    convention.save(force_insert=True)
    record("convention.prepare", subject=convention, actor=actor, target=convention.state)
    transaction.on_commit(partial(notices.sheet_validated, convention))
    return convention


def _copy_from_sheet(convention: Convention) -> None:
    """Parties and signer from the fiche, duration and withdrawal terms from the démarche (BR-032, A-04)."""
    values = convention.sheet_version.values
    options = core.options_of(convention.enrolment.demarche.settings)
    convention.parties = [party.as_dict() for party in core.parties_of(values)]
    convention.signer_name = core.signer_of(values)
    convention.signer_email = values.get("representative_email", "").lower()
    convention.duration_months = options.duration_months if options else None
    convention.withdrawal_terms = options.withdrawal_terms if options else ""


@transaction.atomic
def choose_terms(
    *, convention_id: UUID, data_categories: Sequence[str], purposes: Sequence[str], actor: User
) -> Convention:
    """Write the verifier’s choices of data and purposes, before the convention is sent (A-04)."""
    convention = lock_convention(convention_id, actor)
    if not rules.can_prepare(actor, convention):
        raise PermissionDenied("choose_terms")
    if convention.state != ConventionState.TO_SEND:
        raise TransitionRefused(
            [Blocker("wrong_state", "La convention est envoyée : elle ne peut plus être modifiée.")]
        )
    if problems := core.explain_terms(data_categories, purposes):
        raise TransitionRefused([Blocker(code, message, f"#id_{field}_0") for code, message, field in problems])
    convention.data_categories = list(data_categories)
    convention.purposes = list(purposes)
    convention.save(update_fields=["data_categories", "purposes"])
    record(
        "convention.choose_terms",
        subject=convention,
        actor=actor,
        data={"data_categories": list(data_categories), "purposes": list(purposes)},
    )
    return convention


def preview(*, convention_id: UUID, actor: User) -> tuple[str, bytes]:
    """Name and bytes of what would be sent now; nothing is kept."""
    convention = Convention.objects.visible_to(actor).with_enrolment().get(pk=convention_id)
    if not rules.can_prepare(actor, convention):
        raise PermissionDenied("preview")
    if convention.state == ConventionState.TO_SEND:
        _copy_from_sheet(convention)
    text = drafting.draft_text(convention)
    content = drafting.render_convention(convention, text=text, at=timezone.now(), is_preview=True)
    return f"apercu-{drafting.file_name(convention, is_signed=False)}", content


def find_send_blockers(convention: Convention) -> list[Blocker]:
    """Every reason not to send: choices, settings of the démarche, address of the signer (T07, A-04)."""
    page = reverse("convention:convention_prepare", args=[convention.pk])
    blockers = [
        Blocker(code, message, f"{page}#id_{field}_0")
        for code, message, field in core.explain_terms(convention.data_categories, convention.purposes)
    ]
    if core.options_of(convention.enrolment.demarche.settings) is None:
        blockers.append(
            Blocker(
                "settings",
                "La durée, les conditions de retrait ou la validité du lien ne sont pas réglées pour cette démarche : "
                "demandez à un administrateur de les compléter.",
            )
        )
    if not convention.signer_email:
        blockers.append(Blocker("signer_email", "La fiche ne donne pas l’adresse e-mail du représentant légal."))
    if convention.enrolment.state != EnrolmentState.ACTIVE:
        blockers.append(Blocker("enrolment", "Ce rattachement n’est plus en cours."))
    return [*blockers, *find_third_party_blockers(convention)]


def find_third_party_blockers(convention: Convention) -> list[Blocker]:
    """Nothing is signed without the mandate of the third party, nor by an editor that no longer exists (A-26)."""
    enrolment = convention.enrolment
    return [
        *find_mandate_blockers(enrolment, on=timezone.localdate()),
        *find_dissolution_blockers(enrolment),
    ]


@transaction.atomic
def send_convention(*, convention_id: UUID, actor: User) -> Convention:
    """Make the PDF, keep it, and hand the convention to the legal representative (T07, BR-032, N03).

    Refuses with every reason, also when the signature provider does not answer: nothing has left then.
    """
    convention = lock_convention(convention_id, actor)
    now = timezone.now()
    if convention.state == ConventionState.TO_SEND:
        _copy_from_sheet(convention)
    blockers = find_send_blockers(convention)
    if convention.state == ConventionState.TO_SEND and not blockers and rules.can_prepare(actor, convention):
        convention.text = drafting.draft_text(convention)
        convention.document = keep_pdf(
            drafting.render_convention(convention, text=convention.text, at=now),
            name=drafting.file_name(convention, is_signed=False),
            actor=actor,
        )
        convention.provider = provider_name()
    workflow.fire(convention, "send", actor=actor, guard=lambda: blockers, at=now)
    hand_over(convention, at=now)
    transaction.on_commit(partial(notices.convention_sent, convention))
    return convention


@transaction.atomic
def resend_link(*, convention_id: UUID, actor: User) -> Convention:
    """Send a new link; the former one stops working at once."""
    convention = lock_convention(convention_id, actor)
    if not rules.can_prepare(actor, convention):
        raise PermissionDenied("resend_link")
    if convention.state != ConventionState.TO_SIGN:
        raise TransitionRefused([Blocker("wrong_state", "Cette convention n’attend pas de signature.")])
    now = timezone.now()
    take_back(convention, at=now)
    hand_over(convention, at=now)
    record("convention.resend", subject=convention, actor=actor)
    return convention


@transaction.atomic
def change_representative(*, convention_id: UUID, reason: str, actor: User) -> Convention:
    """Revoke the convention and its link, and send the fiche back for a new legal representative (T06b, A-05)."""
    convention = lock_convention(convention_id, actor)
    guard = (
        [] if reason.strip() else [Blocker("reason", "Indiquez pourquoi le représentant légal change.", "#id_reason")]
    )
    workflow.fire(convention, "revoke", actor=actor, guard=lambda: guard, reason=reason)
    take_back(convention, at=timezone.now())
    reopen_sheet(enrolment_id=convention.enrolment_id, reason=reason, actor=actor)
    transaction.on_commit(partial(notices.representative_changed, convention, reason=reason))
    return convention


def lock_convention(convention_id: UUID, actor: User) -> Convention:
    """The row that the actor may see, locked, with what its pages and notices name."""
    return Convention.objects.visible_to(actor).with_enrolment().with_documents().locked().get(pk=convention_id)
