"""What a file holds, read from what was frozen: its dossier, its addenda, and the kept bytes of their evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable

from evidence.models import StoredFile
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import DefinitionVersion, Deposit
from referencing.candidature.core.criteria import EffectiveCriterion, effective_criteria
from referencing.candidature.models import Candidature
from referencing.dossier.models import Addendum, AddendumFile, DossierFile
from referencing.dossier.readers import read_payload


def load_criteria(candidature: Candidature) -> tuple[EffectiveCriterion, ...]:
    """Every criterion as its addenda leave it; one query when the dossier is loaded."""
    addenda = Addendum.objects.filter(dossier_id=candidature.dossier_id).order_by("number")
    return effective_criteria(read_payload(candidature.dossier), [_read_addendum(each) for each in addenda])


def _read_addendum(addendum: Addendum) -> dict[str, object]:
    content: dict[str, object] = json.loads(bytes(addendum.payload))
    return {**content, "number": addendum.number, "frozen_at": addendum.frozen_at.isoformat()}


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
    found = frozen.union(files.filter(pk__in=added.values("file_id")))
    return {file.blob.sha256: file for file in found if file.blob.sha256 in wanted}


def frozen_grid(candidature: Candidature) -> CompiledGrid:
    """The grid with which the dossier was answered. Raises LookupError when the platform no longer has it."""
    grid = read_payload(candidature.dossier)["grid"]
    definitions = DefinitionVersion.objects.filter(demarche=candidature.enrolment.demarche_id, sha256=grid["sha256"])
    definition = definitions.defer("source").order_by("pk").first()
    if definition is None:
        raise LookupError(f"no grid {grid['version']}")
    return compiled_grid(definition)
