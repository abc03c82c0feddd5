"""What a file holds, read from what was frozen: its dossier, its addenda, and the kept bytes of their evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from evidence.models import StoredFile
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import DefinitionVersion, Deposit
from referencing.candidature.core.criteria import EffectiveCriterion, effective_criteria
from referencing.candidature.models import Candidature
from referencing.dossier.models import Addendum, AddendumFile, DossierFile
from referencing.dossier.readers import parse_payload, read_payload
from referencing.enrolment.models import OsExceptionFile


@dataclass(frozen=True, slots=True)
class Content:
    """A dossier as it was frozen (`payload`, to be read only), and its criteria as its addenda leave them."""

    payload: Mapping[str, Any]
    criteria: tuple[EffectiveCriterion, ...]


def load_content(candidature: Candidature) -> Content:
    """One query when the dossier is loaded; none for a file that `get_file` found without addenda."""
    addenda: Iterable[Addendum] = ()
    if getattr(candidature, "has_addenda", True):
        addenda = Addendum.objects.filter(dossier_id=candidature.dossier_id).order_by("number")
    return _read(
        bytes(candidature.dossier.payload),
        tuple((each.number, each.frozen_at, bytes(each.payload)) for each in addenda),
    )


@lru_cache(maxsize=16)  # frozen bytes always read the same; a day’s work turns around a few files
def _read(payload: bytes, addenda: tuple[tuple[int, datetime, bytes], ...]) -> Content:
    content = parse_payload(payload)
    supplements = [{**json.loads(text), "number": number, "frozen_at": at.isoformat()} for number, at, text in addenda]
    return Content(content, effective_criteria(content, supplements))


def load_criteria(candidature: Candidature) -> tuple[EffectiveCriterion, ...]:
    """Every criterion as its addenda leave it; one query when the dossier is loaded."""
    return load_content(candidature).criteria


def find_files(candidature: Candidature, hashes: Iterable[str]) -> dict[str, StoredFile]:
    """By hash, the kept files that the dossier or its addenda froze under it, with their antivirus state: one query.

    A hash that was not frozen with this file is not there, whatever the platform keeps under it.
    """
    wanted = set(hashes)
    if not wanted:
        return {}
    deposits = DossierFile.objects.filter(dossier_id=candidature.dossier_id, sha256__in=wanted)
    added = AddendumFile.objects.filter(addendum__dossier_id=candidature.dossier_id, sha256__in=wanted)
    files = StoredFile.objects.select_related("blob", "passphrase")
    frozen = files.filter(pk__in=Deposit.objects.filter(pk__in=deposits.values("deposit_id")).values("file_id"))
    by_system = OsExceptionFile.objects.filter(pk__in=deposits.values("deposit_id"))
    found = frozen.union(files.filter(pk__in=by_system.values("file_id")), files.filter(pk__in=added.values("file_id")))
    return {file.blob.sha256: file for file in found if file.blob.sha256 in wanted}


def frozen_grid(candidature: Candidature) -> CompiledGrid:
    """The grid with which the dossier was answered. Raises LookupError when the platform no longer has it."""
    grid = read_payload(candidature.dossier)["grid"]
    definitions = DefinitionVersion.objects.filter(demarche=candidature.enrolment.demarche_id, sha256=grid["sha256"])
    definition = definitions.defer("source").order_by("pk").first()
    if definition is None:
        raise LookupError(f"no grid {grid['version']}")
    return compiled_grid(definition)
