from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import WITHOUT_RCS
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from convergence.products.models import Demarche, Product
from convergence.ui.typography import format_date
from questionnaires.services import ask_again, latest_definition, open_response
from referencing.enrolment import core, notices
from referencing.enrolment.enums import Cycle, EnrolmentState, SheetState, WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment, SheetVersion
from referencing.enrolment.white_label.attachments import ask, lock_joinable, not_pre_listed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from convergence.accounts.models import Organisation, User

#: Answers that a new fiche takes from the latest one of the organisation: they rarely change between two products.
PREFILLED = (
    "organisation_name",
    "legal_form",
    "address",
    "rcs",
    "rcs_not_applicable",
    "siret",
    "register_number",
    "register_extract_id",
    "finess",
    "website",
    "phone",
    "representative_last_name",
    "representative_first_name",
    "representative_function",
    "representative_email",
    "representative_phone",
)
#: White-label roles that the platform serves.
OFFERED_ROLES = (WhiteLabelRole.NONE, WhiteLabelRole.PRODUCER, WhiteLabelRole.DISTRIBUTOR)


@transaction.atomic
def attach_product(
    *,
    product_id: UUID,
    demarche: Demarche,
    white_label: str,
    actor: User,
    solution: UUID | None = None,
    is_on_behalf: bool | None = None,
    third_party: str = "",
) -> Enrolment:
    """Attach a product to a démarche, with its blank fiche and its unopened questionnaires (T01).

    A distributor chooses a pre-listed `solution` (BR-190), whose producer is asked at once (BR-192), and says whether it
    acts for a third party, by name (A-26). Refuses with every reason: role unanswered (BR-009), closed démarche
    (BR-011), active enrolment (BR-008), a question of the distributor unanswered.
    """
    is_distributor = white_label == WhiteLabelRole.DISTRIBUTOR
    third_party = third_party.strip() if is_distributor and is_on_behalf else ""
    pre_listing = lock_joinable(solution, demarche) if is_distributor else None
    product = Product.objects.visible_to(actor).locked().get(pk=product_id)
    if not product_rules.can_commit(actor, product):
        raise PermissionDenied("attach_product")
    definition = latest_definition(demarche)
    existing = product.enrolments.filter(demarche=demarche, state=EnrolmentState.ACTIVE).first()
    blockers = []
    if white_label not in OFFERED_ROLES:
        blockers.append(
            Blocker(
                "white_label",
                "Indiquez si votre produit est un produit unique (cas nominal) ou un produit en marque blanche, et dans ce "
                "cas si vous en êtes l’éditeur producteur ou un éditeur distributeur.",
                "#id_white_label",
            )
        )
    if is_distributor and pre_listing is None:
        blockers.append(not_pre_listed())
    if is_distributor and is_on_behalf is None:
        blockers.append(
            Blocker("on_behalf", "Indiquez si vous évaluez le produit pour le compte d’un tiers.", "#id_on_behalf")
        )
    if is_distributor and is_on_behalf and not third_party:
        blockers.append(
            Blocker("third_party", "Indiquez le nom du tiers pour le compte duquel vous agissez.", "#id_third_party")
        )
    if not demarche.is_open or definition is None:
        blockers.append(Blocker("closed", f"« {demarche.title} » n’accepte pas de nouveau rattachement."))
    if existing:
        blockers.append(
            Blocker(
                "already_enrolled",
                f"Ce produit est déjà rattaché à cette démarche : {existing.label}.",
                reverse("pages:enrolment_detail", args=[existing.pk]),
            )
        )
    if blockers or definition is None:
        raise TransitionRefused(blockers)
    enrolment = Enrolment.objects.create(
        product=product,
        demarche=demarche,
        response=open_response(definition=definition),
        white_label=white_label,
        is_on_behalf=bool(third_party),
        created_by=actor,
    )
    enrolment.refresh_from_db(fields=["number"])
    AdministrativeSheet.objects.create(
        enrolment=enrolment,
        **(prefill_third_party(product.organisation, third_party) if third_party else prefill(product.organisation)),
    )
    record(
        "enrolment.attach",
        subject=enrolment,
        actor=actor,
        target=enrolment.state,
        data={"white_label": white_label, "is_on_behalf": enrolment.is_on_behalf},
    )
    if pre_listing is not None:
        ask(enrolment=enrolment, pre_listing=pre_listing, actor=actor, at=timezone.now())
    return enrolment


def prefill_third_party(organisation: Organisation, name: str) -> dict[str, Any]:
    """The fiche is about the third party, editor of record (A-26): as it stood for an earlier product of the same one."""
    latest = (
        AdministrativeSheet.objects.filter(
            enrolment__product__organisation=organisation, enrolment__is_on_behalf=True, organisation_name__iexact=name
        )
        .exclude(state=SheetState.TO_COMPLETE)
        .order_by("-pk")
        .first()
    )
    return {field: getattr(latest, field) for field in PREFILLED} if latest else {"organisation_name": name}


def prefill(organisation: Organisation) -> dict[str, Any]:
    """What the organisation answered last about itself; else what its account says."""
    latest = (
        AdministrativeSheet.objects.filter(enrolment__product__organisation=organisation, enrolment__is_on_behalf=False)
        .exclude(state=SheetState.TO_COMPLETE)
        .order_by("-pk")
        .first()
    )
    if latest:
        return {field: getattr(latest, field) for field in PREFILLED}
    return {
        "organisation_name": organisation.name,
        "legal_form": organisation.legal_form,
        "address": organisation.address,
        "siret": organisation.siret or "",
        "register_number": organisation.register_number,
        "rcs_not_applicable": organisation.legal_form in WITHOUT_RCS,
    }


def sheet_values(sheet: AdministrativeSheet) -> dict[str, Any]:
    """Values of the fiche by field name, product name and version included (BR-020); the extract as its file name."""
    product = sheet.enrolment.product
    values: dict[str, Any] = {"product_name": product.name, "product_version": product.version_label}
    for field in PREFILLED:
        if field == "register_extract_id":
            values["register_extract"] = sheet.register_extract.name if sheet.register_extract else ""
        elif field == "rcs_not_applicable":
            values[field] = getattr(sheet, field)
        else:
            values[field] = str(getattr(sheet, field))
    return values


def sheet_progress(sheet: AdministrativeSheet) -> core.SheetProgress:
    return core.measure(sheet_values(sheet), without_rcs=sheet.legal_form in WITHOUT_RCS)


@transaction.atomic
def save_sheet(*, enrolment_id: UUID, values: Mapping[str, Any], base_version: int, actor: User) -> AdministrativeSheet:
    """Write the cleaned fields of `SheetForm` (T02); a fiche under examination refuses (BR-024), so does a stale save."""
    sheet = _locked_sheet(enrolment_id, actor)
    if not product_rules.can_edit(actor, sheet):
        raise PermissionDenied("save_sheet")
    if sheet.state not in (SheetState.TO_COMPLETE, SheetState.DRAFT, SheetState.CHANGES_REQUESTED):
        raise TransitionRefused([Blocker("read_only", "La fiche est transmise : elle ne peut plus être modifiée.")])
    if sheet.version != base_version:
        raise TransitionRefused(
            [
                Blocker(
                    "stale",
                    "Un collègue a modifié la fiche pendant votre saisie. Vos réponses sont conservées ci-dessous : "
                    "comparez-les avec la fiche enregistrée, puis enregistrez de nouveau.",
                )
            ]
        )
    before = sheet_values(sheet)
    for field, value in values.items():
        setattr(sheet, field, value)
    sheet.version += 1
    if sheet.state == SheetState.CHANGES_REQUESTED:
        sheet.save()
    else:
        workflow.fire(sheet, "save_draft", actor=actor)
    changed = sorted(core.compare(before, sheet_values(sheet)))
    record("administrativesheet.edit", subject=sheet, actor=actor, data={"fields": changed})
    return sheet


@transaction.atomic
def submit_sheet(*, enrolment_id: UUID, actor: User) -> AdministrativeSheet:
    """Transmit a complete fiche to the listing team and keep this version (T03, BR-023, BR-026)."""
    sheet = _locked_sheet(enrolment_id, actor)
    now = timezone.now()
    workflow.fire(sheet, "submit", actor=actor, guard=lambda: find_sheet_blockers(sheet), at=now)
    SheetVersion.objects.create(
        sheet=sheet, number=sheet.versions.count() + 1, at=now, by=actor, values=sheet_values(sheet)
    )
    transaction.on_commit(partial(notices.sheet_submitted, sheet))
    return sheet


def find_sheet_blockers(sheet: AdministrativeSheet) -> list[Blocker]:
    """Every reason not to transmit: items left (BR-023), a number that is no SIRET (BR-025)."""
    progress = sheet_progress(sheet)
    page = reverse("enrolment:sheet_edit", args=[sheet.enrolment_id])
    blockers = [
        Blocker("missing", f"Renseignez « {item.label} ».", f"{page}{item.anchor}") for item in progress.remaining
    ]
    if sheet.siret and sheet.legal_form != core.FOREIGN and (problem := core.explain_siret(sheet.siret)):
        blockers.append(Blocker("siret", problem, f"{page}#id_siret"))
    return blockers


@transaction.atomic
def request_sheet_changes(*, enrolment_id: UUID, reason: str, actor: User) -> AdministrativeSheet:
    """Give the fiche back to the editor with a reason (T04)."""
    sheet = _locked_sheet(enrolment_id, actor)
    workflow.fire(
        sheet,
        "request_changes",
        actor=actor,
        guard=lambda: _needs(reason),
        reason=reason,
        at=timezone.now(),
        decision_reason=reason,
    )
    transaction.on_commit(partial(notices.sheet_changes_requested, sheet))
    return sheet


@transaction.atomic
def reject_sheet(
    *, enrolment_id: UUID, reason: str, delegation: str, remedies: str, actor: User
) -> AdministrativeSheet:
    """Refuse an ineligible demand, for the minister under a recorded delegation (T05, A-01, BR-012)."""
    sheet = _locked_sheet(enrolment_id, actor)
    blockers = _needs(reason)
    if not delegation.strip():
        blockers.append(
            Blocker(
                "delegation", "Indiquez la délégation de signature en vertu de laquelle vous refusez.", "#id_delegation"
            )
        )
    workflow.fire(
        sheet,
        "reject",
        actor=actor,
        guard=lambda: blockers,
        reason=reason,
        data={"delegation": delegation, "remedies": remedies},
        at=timezone.now(),
        decision_reason=reason,
    )
    workflow.fire(sheet.enrolment, "reject", actor=actor, reason=reason)
    transaction.on_commit(partial(notices.sheet_rejected, sheet, remedies=remedies))
    return sheet


@transaction.atomic
def validate_sheet(*, enrolment_id: UUID, actor: User) -> AdministrativeSheet:
    """Accept the fiche (T06); the organisation becomes verified (A-06), unless the fiche is about a third party (A-26).

    The convention stage calls it and goes on.
    """
    sheet = _locked_sheet(enrolment_id, actor)
    workflow.fire(sheet, "validate", actor=actor, at=timezone.now())
    organisation = sheet.enrolment.product.organisation
    if not organisation.is_verified and not sheet.enrolment.is_on_behalf:
        organisation.verified_at = timezone.now()
        organisation.save(update_fields=["verified_at"])
    return sheet


@transaction.atomic
def reopen_sheet(*, enrolment_id: UUID, reason: str, actor: User) -> AdministrativeSheet:
    """Send a validated fiche back for a new legal representative (T06b, A-05). Called by the convention stage."""
    sheet = _locked_sheet(enrolment_id, actor)
    workflow.fire(sheet, "reopen", actor=actor, reason=reason, at=timezone.now(), decision_reason=reason)
    transaction.on_commit(partial(notices.sheet_reopened, sheet))
    return sheet


def _needs(reason: str) -> list[Blocker]:
    return [] if reason.strip() else [Blocker("reason", "Indiquez le motif : l’éditeur le lira.", "#id_reason")]


def _locked_sheet(enrolment_id: UUID, actor: User) -> AdministrativeSheet:
    enrolment = Enrolment.objects.visible_to(actor).with_product().get(pk=enrolment_id)
    sheet = (
        AdministrativeSheet.objects.select_for_update(of=("self",))
        .select_related("register_extract")
        .get(enrolment=enrolment)
    )
    sheet.enrolment = enrolment
    return sheet


def start_cycle(*, enrolment: Enrolment, cycle: Cycle, actor: User | None, at: datetime) -> None:
    """Begin a renewal, a new exchange or a new application on an enrolment that the caller has locked (OQ-12, A-31).

    Answers stay as they were. A new exchange asks only for the orientation again; the others ask for every
    questionnaire, and for evidence that is deposited once, whose former file is archived with its reason.
    """
    enrolment.cycle, enrolment.cycle_started_at = cycle, at
    enrolment.save(update_fields=["cycle", "cycle_started_at"])
    ask_again(
        response=enrolment.response,
        only_orientation=cycle == Cycle.EXTENSION,
        reason=f"{cycle.label} du {format_date(at)}",
        actor=actor,
        at=at,
    )
    record(
        "enrolment.start_cycle",
        subject=enrolment,
        actor=actor,
        data={"cycle": str(cycle), "started_at": at.isoformat()},
    )
