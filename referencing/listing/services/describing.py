"""The publication sheet, editor’s side: written, illustrated, submitted, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.services import keep_generated, redraw_image
from referencing.enrolment.models import Enrolment
from referencing.listing import publication_notices, rules
from referencing.listing.core.sheet import find_missing
from referencing.listing.enums import WRITABLE_SHEETS
from referencing.listing.models import PublicationSheet
from referencing.listing.selectors.publication import described_candidature, start_sheet

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

LOGO_WIDTH = 320
LOGO_MAX_MB = 5
TOO_EARLY = Blocker(
    "too_early", "La fiche de publication s’ouvre quand votre candidature est en cours d’évaluation par les experts."
)
NOT_WRITABLE = Blocker(
    "not_writable", "La fiche est soumise : reprenez-la avant de la modifier, ou attendez l’avis de l’équipe."
)


class StaleSheet(Exception):
    """A colleague saved the sheet meanwhile; `sheet` is theirs."""

    def __init__(self, sheet: PublicationSheet) -> None:
        self.sheet = sheet
        super().__init__(sheet.version)


def lock_sheet(enrolment_id: UUID, actor: User, *, action: str) -> PublicationSheet:
    """The sheet of an enrolment, locked; made from the frozen dossier when it is the first time.

    Raises Enrolment.DoesNotExist for a stranger’s, PermissionDenied, TransitionRefused before the evaluation.
    """
    enrolment = Enrolment.objects.visible_to(actor).select_related("product__organisation").get(pk=enrolment_id)
    if not rules.can_describe(actor, enrolment):
        raise PermissionDenied(action)
    if not PublicationSheet.objects.filter(enrolment=enrolment).exists():
        candidature = described_candidature(enrolment_id)
        if candidature is None:
            raise TransitionRefused([TOO_EARLY])
        fresh = start_sheet(enrolment, candidature)
        PublicationSheet.objects.bulk_create([fresh], ignore_conflicts=True)  # a colleague may have begun too
    rows = PublicationSheet.objects.locked().select_related("enrolment__product__organisation")
    sheet: PublicationSheet = rows.get(enrolment=enrolment_id)
    return sheet


def _write(sheet: PublicationSheet, actor: User, values: Mapping[str, Any]) -> None:
    if sheet.state not in WRITABLE_SHEETS:
        raise TransitionRefused([NOT_WRITABLE])
    for field, value in values.items():
        setattr(sheet, field, value)
    sheet.version += 1
    sheet.updated_by = actor
    sheet.save()
    record("publicationsheet.save", subject=sheet, actor=actor, data={"fields": sorted(values)})


@transaction.atomic
def save_sheet(
    *, enrolment_id: UUID, values: Mapping[str, Any], actor: User, version: int | None = None
) -> PublicationSheet:
    """Keep clean `values` (by field of `SHEET_FIELDS`); a draft may be incomplete.

    Raises StaleSheet when the sheet is no longer the `version` that was shown and says something else in these fields.
    """
    sheet = lock_sheet(enrolment_id, actor, action="save_sheet")
    changed = {field: value for field, value in values.items() if getattr(sheet, field) != value}
    if version is not None and version != sheet.version and changed:
        raise StaleSheet(sheet)
    if changed:
        _write(sheet, actor, changed)
    return sheet


def deposit_logo(*, enrolment_id: UUID, upload: UploadedFile[Any], actor: User) -> PublicationSheet:
    """Keep the logo, drawn again by the platform: what was sent is not kept. Raises UploadRefused."""
    content = redraw_image(upload=upload, width=LOGO_WIDTH, max_size_mb=LOGO_MAX_MB, anchor="#logo")
    with transaction.atomic():
        sheet = lock_sheet(enrolment_id, actor, action="deposit_logo")
        _write(sheet, actor, {"logo": keep_generated(content=content, name="logo.png", code="png", actor=actor)})
    return sheet


@transaction.atomic
def submit_sheet(*, enrolment_id: UUID, actor: User) -> PublicationSheet:
    """Hand the sheet to the listing team, or say everything that it lacks."""
    sheet = lock_sheet(enrolment_id, actor, action="submit_sheet")
    workflow.fire(
        sheet,
        "submit",
        actor=actor,
        guard=lambda: find_missing(sheet.values, has_logo=sheet.logo_id is not None),
        at=timezone.now(),
    )
    transaction.on_commit(partial(publication_notices.sheet_submitted, sheet))
    return sheet


@transaction.atomic
def revise_sheet(*, enrolment_id: UUID, actor: User) -> PublicationSheet:
    """Write again after having submitted, or after the acceptance: it will be checked again."""
    sheet = lock_sheet(enrolment_id, actor, action="revise_sheet")
    workflow.fire(sheet, "revise", actor=actor)
    return sheet
