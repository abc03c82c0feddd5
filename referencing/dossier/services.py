from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.audit.services import record
from convergence.documents.signatures import seal_bytes, seal_pdf
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from referencing.convention.enums import ConventionState
from referencing.convention.models import Convention
from referencing.dossier import core, notices
from referencing.dossier.models import Addendum, AddendumFile, AddendumKind, Dossier, DossierFile, SealedCopy
from referencing.dossier.payload import Live, build_payload, list_standings, load_live
from referencing.dossier.readers import frozen_evidence
from referencing.dossier.recovered import find_recovery_blockers, keep_recovered, read_recovered
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.exchange import find_exchange_blockers
from referencing.enrolment.models import Enrolment
from referencing.enrolment.white_label.blockers import find_attachment_blockers

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from convergence.accounts.models import User
    from evidence.models import StoredFile


@transaction.atomic
def generate_dossier(*, enrolment_id: UUID, actor: User) -> Dossier:
    """Freeze every validated answer at this instant, sealed by the platform (T12, BR-090 to BR-094).

    Refuses with every reason; raises PermissionDenied for who may not validate.
    """
    enrolments = Enrolment.objects.visible_to(actor).with_product().select_related("response__definition")
    enrolment = enrolments.defer("response__definition__source").locked().get(pk=enrolment_id)
    if not product_rules.can_validate(actor, enrolment):
        raise PermissionDenied("generate_dossier")
    live = load_live(enrolment)
    blockers = find_generation_blockers(enrolment, live)
    if blockers or live is None:
        raise TransitionRefused(blockers)
    now = timezone.now()
    number = next_number()
    reference = core.make_reference(number, now)
    recovered = read_recovered(live)
    seen = {code: each.as_seen() for code, each in recovered.items()}
    content = build_payload(live, reference=reference, at=now, author=str(actor), recovered=seen)
    payload = canonical_json(content)
    dossier = Dossier.objects.create(
        number=number,
        reference=reference,
        enrolment=enrolment,
        payload=payload,
        sha256=sha256_hex(payload),
        seal=seal_bytes(payload, at=now),
        schema=core.SCHEMA,
        is_complete=not core.missing_any(list_standings(live)),
        frozen_at=now,
        created_by=actor,
    )
    DossierFile.objects.bulk_create(
        DossierFile(
            dossier=dossier,
            deposit_id=item["deposit"],
            criterion=criterion["code"],
            evidence_type=item["type"],
            name=item["name"],
            sha256=item["sha256"],
            size=item["size"],
        )
        for questionnaire in content["questionnaires"]
        for criterion in questionnaire["criteria"]
        for item in frozen_evidence(criterion)
    )
    keep_recovered(dossier, recovered.values())
    record(
        "dossier.generate",
        subject=dossier,
        actor=actor,
        data={"reference": reference, "sha256": dossier.sha256, "enrolment": str(enrolment.pk)},
    )
    transaction.on_commit(partial(notices.dossier_generated, dossier))
    return dossier


def find_generation_blockers(enrolment: Enrolment, live: Live | None) -> list[Blocker]:
    """Every reason not to generate a dossier now, each with the page that mends it."""
    if enrolment.state != EnrolmentState.ACTIVE:
        return [Blocker("closed", "Ce rattachement est clos.")]
    if not Convention.objects.filter(enrolment=enrolment, state=ConventionState.VALIDATED).exists():
        return [
            Blocker(
                "convention",
                "La convention n’est pas encore validée.",
                reverse("convention:convention_detail", args=[enrolment.pk]),
            )
        ]
    if live is None:
        return [
            Blocker(
                "orientation",
                "Validez d’abord le questionnaire d’orientation.",
                reverse("enrolment:orientation_detail", args=[enrolment.pk]),
            )
        ]
    standings = list_standings(live)
    blockers = [*find_attachment_blockers(enrolment), *_find_cycle_blockers(enrolment, live)]
    blockers += [
        Blocker(
            "questionnaire_missing",
            (
                f"Validez de nouveau le questionnaire « {standing.title} » : un critère s’y ajoute, une preuve manque, ou "
                "un nouveau cycle a commencé."
            )
            if standing.was_validated
            else f"Terminez le questionnaire « {standing.title} ».",
            reverse("enrolment:questionnaire_form", args=[enrolment.pk, standing.code]),
        )
        for standing in core.missing_core(standings)
    ]
    blockers += [
        Blocker(
            "unsafe_evidence",
            f"« {name} » n’a pas encore été reconnu sain par l’antivirus (questionnaire « {standing.title} »).",
            reverse("enrolment:questionnaire_form", args=[enrolment.pk, standing.code]),
        )
        for standing in standings
        if standing.is_current
        for name in standing.unsafe
    ]
    blockers += find_recovery_blockers(live)
    if live.evaluation.exchange:
        blockers += find_exchange_blockers(enrolment, live.enrolment.response.orientation or {})
    return blockers


def _find_cycle_blockers(enrolment: Enrolment, live: Live) -> list[Blocker]:
    """A later cycle begins with its orientation, validated anew (OQ-12, A-31)."""
    validation, since = live.orientation.validation, enrolment.cycle_started_at
    if since is None or (validation is not None and validation.at >= since):
        return []
    return [
        Blocker(
            "orientation_again",
            "Validez de nouveau le questionnaire d’orientation : ses réponses datent d’avant ce cycle.",
            reverse("enrolment:orientation_detail", args=[enrolment.pk]),
        )
    ]


def next_number() -> int:
    """The reference holds the number, so that it is drawn before the row is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('dossier_number')")
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class AddedEvidence:
    """A file that an addendum brings, and where it belongs. `file` has its blob loaded."""

    file: StoredFile
    criterion: str
    evidence_type: str = ""


def freeze_addendum(
    *,
    dossier: Dossier,
    kind: AddendumKind,
    content: Mapping[str, Any],
    files: Iterable[AddedEvidence],
    actor: User,
    at: datetime,
    author: str = "",
) -> Addendum:
    """Freeze `content` beside a dossier that stays as it was, sealed like it (BR-114); in the caller’s transaction.

    `author` stands in the frozen content in place of the name of whoever sends it. The caller holds a lock under which nobody else adds to this dossier (its candidature): numbers follow each other.
    """
    number = Addendum.objects.filter(dossier=dossier).count() + 1
    payload = canonical_json(
        {
            **content,
            "schema": core.SCHEMA,
            "reference": f"{dossier.reference}-A{number}",
            "number": number,
            "kind": str(kind),
            "dossier": dossier.reference,
            "dossier_sha256": dossier.sha256,
            "frozen_at": at,
            "created_by": author or str(actor),
        }
    )
    addendum = Addendum.objects.create(
        dossier=dossier,
        number=number,
        kind=kind,
        payload=payload,
        sha256=sha256_hex(payload),
        seal=seal_bytes(payload, at=at),
        schema=core.SCHEMA,
        frozen_at=at,
        created_by=actor,
    )
    AddendumFile.objects.bulk_create(
        AddendumFile(
            addendum=addendum,
            file=each.file,
            criterion=each.criterion,
            evidence_type=each.evidence_type,
            name=each.file.name,
            sha256=each.file.blob.sha256,
            size=each.file.blob.size,
        )
        for each in files
    )
    record(
        "addendum.freeze",
        subject=addendum,
        actor=actor,
        data={"reference": addendum.reference, "sha256": addendum.sha256, "dossier": str(dossier.pk)},
    )
    return addendum


def seal_copy(document: bytes, *, reference: str, reason: str) -> bytes:
    """The PDF with the platform’s seal, its hash kept for the public verification before anybody holds it (A-37)."""
    now = timezone.now()
    sealed = seal_pdf(document, reason=reason, at=now)
    SealedCopy.objects.create(sha256=sha256_hex(sealed), reference=reference, sealed_at=now)
    return sealed
