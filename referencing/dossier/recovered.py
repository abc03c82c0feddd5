"""What a distributor’s dossier recovers of a producer: frozen by value for the verifier, by commitment for the rest (A-24).

A bare hash would tell everything: five levels are guessed in five tries. The dossier carries an HMAC-SHA-256 under a key
drawn at random for each criterion; key and content stay in `RecoveredValue`, which the back office alone reads.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from convergence.kernel.canonical import canonical_json
from convergence.kernel.errors import Blocker
from convergence.ui.typography import NBSP
from questionnaires.core import anchor
from questionnaires.facts import recovered_in
from referencing.dossier.models import Addendum, Dossier, RecoveredValue
from referencing.dossier.payload import Live
from referencing.dossier.readers import find_frozen, parse_payload, read_payload
from referencing.enrolment.inheritance import offer_for
from referencing.enrolment.models import PreListing

METHOD = "HMAC-SHA-256"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Recovered:
    """One recovered criterion, ready to be frozen. `solution` and `producer` are the names that the distributor reads."""

    code: str
    pre_listing_id: UUID
    producer_dossier_id: UUID
    solution: str
    producer: str
    content: bytes
    key: bytes

    @property
    def commitment(self) -> str:
        return commit(self.content, self.key)

    def as_seen(self) -> dict[str, str]:
        """What the distributor’s payload says of it."""
        return {
            "commitment": self.commitment,
            "method": METHOD,
            "solution": self.solution,
            "producer": self.producer,
        }


def commit(content: bytes, key: bytes) -> str:
    """HMAC-SHA-256 in hexadecimal: whoever holds key and content proves later what was committed."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def sources_of(live: Live) -> dict[str, str]:
    """Source of every shown criterion that the current validations take from elsewhere, by code."""
    found = {}
    for questionnaire in live.grid.questionnaires:
        row = live.rows[questionnaire.code]
        if row.validation is None or not row.is_current:
            continue
        shown = live.evaluation.criteria.get(questionnaire.code) or ()
        elsewhere = recovered_in(row.validation.content)
        found.update(
            {code: row.validation.content["answers"][code]["recovered"] for code in shown if code in elsewhere}
        )
    return found


def announce(live: Live) -> dict[str, dict[str, str]]:
    """What a payload that is only shown says of recovered criteria: that they are, without any commitment."""
    nothing = {"commitment": "", "method": METHOD, "solution": "", "producer": ""}
    return dict.fromkeys(sources_of(live), nothing)


def find_recovery_blockers(live: Live) -> list[Blocker]:
    """Recovered criteria whose solution offers nothing any more: the distributor answers them itself (A-23)."""
    sources = sources_of(live)
    if not sources:
        return []
    offer = offer_for(live.enrolment)
    return [
        Blocker(
            "recovered_gone",
            f"{code}{NBSP}: l’éditeur producteur n’offre plus cette réponse, répondez vous-même.",
            f"{live.form_url(code)}#{anchor(code)}",
        )
        for code, source in sources.items()
        if offer is None or not offer.is_open or str(offer.pre_listing_id) != source or code not in offer.recoverable
    ]


def read_recovered(live: Live) -> dict[str, Recovered]:
    """By code, what the producer’s frozen values say; three queries for each source, none when nothing is recovered.

    Raises LookupError when the producer’s dossier does not hold a criterion that was offered.
    """
    by_source: dict[str, list[str]] = {}
    for code, source in sources_of(live).items():
        by_source.setdefault(source, []).append(code)
    return {each.code: each for source, codes in by_source.items() for each in _read_source(UUID(source), codes)}


def _read_source(source: UUID, codes: Iterable[str]) -> Iterable[Recovered]:
    pre_listing = PreListing.objects.get(pk=source)
    dossier = Dossier.objects.get(pk=pre_listing.dossier_id)
    payload = read_payload(dossier)
    addenda = Addendum.objects.filter(dossier=dossier, frozen_at__lte=pre_listing.pre_listed_at).order_by("number")
    values = producer_values(payload, [parse_payload(bytes(each.payload)) for each in addenda])
    for code in codes:
        content = {
            "pre_listing": pre_listing.pk,
            "dossier": dossier.reference,
            "dossier_sha256": dossier.sha256,
            "solution": payload["enrolment"]["label"],
            "producer": payload["organisation"]["name"],
            **values[code],
        }
        yield Recovered(
            code=code,
            pre_listing_id=pre_listing.pk,
            producer_dossier_id=dossier.pk,
            solution=payload["enrolment"]["label"],
            producer=payload["organisation"]["name"],
            content=canonical_json(content),
            key=secrets.token_bytes(KEY_BYTES),
        )


def producer_values(payload: Mapping[str, Any], addenda: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The frozen criteria of a producer as its addenda left them when it was pre-listed, oldest first (A-23).

    An addendum replaces the answer when it gives one, adds its evidence (with its `addendum` number), and keeps its own
    comment in `supplements`: `{"number", "frozen_at", "answer", "comment"}`.
    """
    values = {code: {**row, "supplements": []} for code, row in find_frozen(dict(payload)).items()}
    for addendum in addenda:
        for code in addendum.get("removed", ()):
            values.pop(code, None)
        for item in addendum.get("items", ()):
            row = values.get(item.get("criterion", ""))
            if row is None:
                continue
            answer = item.get("answer")
            row["answer"] = row["answer"] if answer is None else answer
            row["is_reached"] = item.get("is_reached", row["is_reached"])
            added = [{**each, "addendum": addendum["number"]} for each in item.get("evidence", ())]
            row["evidence"] = [*row["evidence"], *added]
            row["supplements"].append(
                {
                    "number": addendum["number"],
                    "frozen_at": addendum["frozen_at"],
                    "answer": answer,
                    "comment": item.get("comment", ""),
                }
            )
    return values


def keep_recovered(dossier: Dossier, recovered: Iterable[Recovered]) -> None:
    """Write the verifier’s part beside a dossier that was just frozen."""
    RecoveredValue.objects.bulk_create(
        RecoveredValue(
            dossier=dossier,
            criterion=each.code,
            pre_listing_id=each.pre_listing_id,
            producer_dossier_id=each.producer_dossier_id,
            content=each.content,
            key=each.key,
            commitment=each.commitment,
        )
        for each in recovered
    )


def read_value(value: RecoveredValue) -> dict[str, Any]:
    """What the producer answered, for whoever may read the row: the criterion as its dossier writes it, with its
    `supplements`, and where it comes from (`solution`, `producer`, `dossier`, `dossier_sha256`)."""
    content: dict[str, Any] = json.loads(bytes(value.content))
    return content


def keeps_commitment(value: RecoveredValue) -> bool:
    """Whether key and content still give the commitment that the distributor holds."""
    return hmac.compare_digest(commit(bytes(value.content), bytes(value.key)), value.commitment)
