"""What a file holds, read from what was frozen: its dossier, its addenda, and the kept bytes of their evidence.

Answers that a distributor recovered are masked in what was frozen (BR-197). Agents read them « opened », with the verifier’s
parts that stand beside (BR-198): whoever asks says so, and nothing that is kept in memory serves both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from convergence.interests.selectors import barred_organisations
from evidence.models import StoredFile
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import DefinitionVersion, Deposit
from referencing.candidature.core.criteria import (
    EffectiveCriterion,
    effective_criteria,
    opened_addendum,
    opened_payload,
)
from referencing.candidature.models import Attachment, Candidature, ProducerFile, RecoveredSupplement
from referencing.candidature.rules import is_instructor
from referencing.dossier.models import Addendum, AddendumFile, Dossier, DossierFile, RecoveredValue
from referencing.dossier.readers import frozen_evidence, parse_payload, read_payload
from referencing.enrolment.models import OsExceptionFile

if TYPE_CHECKING:
    from convergence.accounts.models import User


@dataclass(frozen=True, slots=True)
class Content:
    """A dossier as it was frozen (`payload`, to be read only), and its criteria as its addenda leave them."""

    payload: Mapping[str, Any]
    criteria: tuple[EffectiveCriterion, ...]


#: How canonical JSON begins what a recovered criterion carries in place of its answer.
RECOVERED = b'"recovered":{'
#: Verifier’s parts by value: (addendum, 0 for the dossier; criterion; canonical JSON).
Parts = tuple[tuple[int, str, bytes], ...]


def load_content(candidature: Candidature, *, opened: bool = False) -> Content:
    """One query when the dossier is loaded; none for a file that `get_file` found without addenda. `opened`, for agents
    alone, fills in what was recovered: two queries more, for a file that recovered something."""
    addenda: Iterable[Addendum] = ()
    if getattr(candidature, "has_addenda", True):
        addenda = Addendum.objects.filter(dossier_id=candidature.dossier_id).order_by("number")
    frozen = tuple((each.number, each.frozen_at, bytes(each.payload)) for each in addenda)
    payload = bytes(candidature.dossier.payload)
    parts = load_parts(candidature.dossier_id) if opened and recovers(candidature.dossier) else ()
    return _read(payload, frozen, parts)


@lru_cache(maxsize=16)  # frozen bytes always read the same; a day’s work turns around a few files
def _read(payload: bytes, addenda: tuple[tuple[int, datetime, bytes], ...], parts: Parts) -> Content:
    """By value: what one audience reads is never found under the other’s key, since the parts belong to it."""
    by_addendum = read_parts(parts)
    content = opened_payload(parse_payload(payload), by_addendum.get(0, {}))
    supplements = [
        {
            **opened_addendum(json.loads(text), by_addendum.get(number, {})),
            "number": number,
            "frozen_at": at.isoformat(),
        }
        for number, at, text in addenda
    ]
    return Content(content, effective_criteria(content, supplements))


def recovers(dossier: Dossier) -> bool:
    """Some of its answers come from a producer; without reading it: within a text, the quotes would be escaped."""
    return RECOVERED in bytes(dossier.payload)


def may_open(user: User, candidature: Candidature) -> bool:
    """Reads what was recovered: agents of the file, save those whom a link of interest ties to a producer of it (A-21).

    No query for most people: for whoever declared a link, one when the file recovered something.
    """
    if not is_instructor(user, candidature):
        return False
    if not (barred := barred_organisations(user)) or not recovers(candidature.dossier):
        return True
    return not RecoveredValue.objects.filter(
        dossier=candidature.dossier_id, producer_dossier__enrolment__product__organisation__in=sorted(barred)
    ).exists()


def load_parts(dossier_id: UUID) -> Parts:
    """The verifier’s parts of a dossier and of its addenda: for agents, and for what the platform computes for them."""
    values = RecoveredValue.objects.filter(dossier=dossier_id).order_by("criterion")
    added = RecoveredSupplement.objects.filter(addendum__dossier=dossier_id).order_by("addendum__number", "criterion")
    return (
        *((0, code, bytes(content)) for code, content in values.values_list("criterion", "content")),
        *(
            (number, code, bytes(content))
            for number, code, content in added.values_list("addendum__number", "criterion", "content")
        ),
    )


def read_parts(parts: Parts) -> dict[int, dict[str, Mapping[str, Any]]]:
    """By addendum (0: the dossier), then by criterion."""
    found: dict[int, dict[str, Mapping[str, Any]]] = {}
    for number, code, content in parts:
        found.setdefault(number, {})[code] = json.loads(content)
    return found


def load_criteria(candidature: Candidature, *, opened: bool = False) -> tuple[EffectiveCriterion, ...]:
    """Every criterion as its addenda leave it; one query when the dossier is loaded. `opened` as in `load_content`."""
    return load_content(candidature, opened=opened).criteria


def list_recovered(candidature: Candidature) -> dict[str, EffectiveCriterion]:
    """By code, masked, the criteria for which the producer’s answer stands today."""
    if not recovers(candidature.dossier):
        return {}
    return {each.code: each for each in load_criteria(candidature) if each.recovered is not None}


def find_files(candidature: Candidature, hashes: Iterable[str], *, opened: bool = False) -> dict[str, StoredFile]:
    """By hash, the kept files that the dossier or its addenda froze under it, with their antivirus state: one query.

    A hash that was not frozen with this file is not there, whatever the platform keeps under it. `opened`, for agents alone:
    also the evidence of what was recovered, which is the producer’s (BR-198); a few queries more, when it is asked for.
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
    kept = {file.blob.sha256: file for file in found if file.blob.sha256 in wanted}
    if opened and (left := wanted - kept.keys()) and recovers(candidature.dossier):
        kept |= _find_recovered_files(candidature, left)
    return kept


def _find_recovered_files(candidature: Candidature, wanted: set[str]) -> dict[str, StoredFile]:
    """Kept files of the producer that stand as evidence of this file: only those that its verifier’s parts name."""
    evidence = [
        item
        for parts in read_parts(load_parts(candidature.dossier_id)).values()
        for part in parts.values()
        for item in frozen_evidence(part)
        if item["sha256"] in wanted
    ]
    deposits = [item["deposit"] for item in evidence if item.get("deposit")]
    files = StoredFile.objects.select_related("blob", "passphrase")
    frozen = files.filter(pk__in=Deposit.objects.filter(pk__in=deposits).values("file_id"))
    earlier = files.filter(pk__in=Attachment.objects.filter(pk__in=deposits).values("file_id"))
    added = files.filter(pk__in=ProducerFile.objects.filter(pk__in=deposits).values("file_id"))
    by_system = files.filter(pk__in=OsExceptionFile.objects.filter(pk__in=deposits).values("file_id"))
    named = {item["sha256"] for item in evidence}
    found = frozen.union(earlier, added, by_system)
    return {file.blob.sha256: file for file in found if file.blob.sha256 in named}


def frozen_grid(candidature: Candidature) -> CompiledGrid:
    """The grid with which the dossier was answered. Raises LookupError when the platform no longer has it."""
    grid = read_payload(candidature.dossier)["grid"]
    definitions = DefinitionVersion.objects.filter(demarche=candidature.enrolment.demarche_id, sha256=grid["sha256"])
    definition = definitions.defer("source").order_by("pk").first()
    if definition is None:
        raise LookupError(f"no grid {grid['version']}")
    return compiled_grid(definition)
