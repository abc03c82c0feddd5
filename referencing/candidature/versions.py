"""The frozen versions of a product: each dossier, alone or with the addenda that followed it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from questionnaires.core import Grid
from questionnaires.grids import compiled_grid
from referencing.candidature.content import load_parts, read_parts, recovers
from referencing.candidature.core.comparison import Ages, Version
from referencing.candidature.core.criteria import opened_addendum, opened_payload
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.dossier.models import Addendum, Dossier
from referencing.dossier.readers import read_payload

if TYPE_CHECKING:
    from convergence.products.models import Product


@dataclass(frozen=True, slots=True)
class VersionRef:
    """One version by its public reference (`N…`, or `N…-A2` with its first two addenda); nothing is loaded yet."""

    reference: str
    dossier_id: UUID
    addenda: int
    frozen_at: datetime
    was_submitted: bool


def list_versions(product: Product) -> list[VersionRef]:
    """Every version of the product, the oldest first, in three queries."""
    dossiers = Dossier.objects.filter(enrolment__product=product).order_by("number")
    rows = list(dossiers.values_list("pk", "reference", "frozen_at"))
    addenda: dict[UUID, list[tuple[int, datetime]]] = {}
    added = Addendum.objects.filter(dossier__enrolment__product=product).order_by("number")
    for dossier_id, number, frozen_at in added.values_list("dossier_id", "number", "frozen_at"):
        addenda.setdefault(dossier_id, []).append((number, frozen_at))
    submitted = set(
        Candidature.objects.filter(enrolment__product=product)
        .exclude(state=CandidatureState.NEW)
        .values_list("dossier_id", flat=True)
    )
    return [
        version
        for pk, reference, frozen_at in rows
        for version in (
            VersionRef(reference, pk, 0, frozen_at, pk in submitted),
            *(
                VersionRef(f"{reference}-A{number}", pk, number, at, was_submitted=True)
                for number, at in addenda.get(pk, [])
            ),
        )
    ]


def load_version(ref: VersionRef, *, opened: bool = False) -> Version:
    """Its frozen content, in two queries at most; `opened`, for agents alone, with what was recovered: two more."""
    dossier = Dossier.objects.only("payload").get(pk=ref.dossier_id)
    payload = read_payload(dossier)
    addenda = (
        Addendum.objects.filter(dossier_id=ref.dossier_id, number__lte=ref.addenda).order_by("number")
        if ref.addenda
        else ()
    )
    contents = [json.loads(bytes(each.payload)) | {"number": each.number} for each in addenda]
    if opened and recovers(dossier):
        parts = read_parts(load_parts(ref.dossier_id))
        opened_addenda = [opened_addendum(each, parts.get(each["number"], {})) for each in contents]
        return Version(opened_payload(payload, parts.get(0, {})), opened_addenda)
    return Version(payload, contents)


def default_pair(versions: Sequence[VersionRef], candidature: Candidature) -> tuple[VersionRef, VersionRef] | None:
    """(before, after): the file as it stands now, against what was last submitted before it, or else against any version
    before; with nothing before, the dossier without its addenda. None when there is a single version."""
    own = [each for each in versions if each.dossier_id == candidature.dossier_id]
    if not own:
        return None
    after = own[-1]
    earlier = versions[: versions.index(own[0])]
    submitted = [each for each in earlier if each.was_submitted]
    before = (submitted or earlier or own[:-1])[-1:]
    return (before[0], after) if before else None


def evidence_ages(grid: Grid) -> Ages:
    """Days that each type of evidence holds, where the grid limits them."""
    return {
        (criterion.code, evidence.code): evidence.max_age_days
        for criterion in grid.criteria.values()
        for evidence in criterion.evidence
        if evidence.max_age_days is not None
    }


def ages_of(candidature: Candidature) -> Ages:
    """Those of the grid that the enrolment follows; one query."""
    enrolment = (
        type(candidature.enrolment).objects.select_related("response__definition").get(pk=candidature.enrolment_id)
    )
    return evidence_ages(compiled_grid(enrolment.response.definition).grid)
