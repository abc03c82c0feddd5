"""Files whose answers were recovered from a producer, frozen as A-24 says: masked dossiers, verifier’s parts beside."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.utils import timezone

from convergence.accounts.models import User
from convergence.documents.signatures import seal_bytes
from convergence.kernel.canonical import canonical_json, sha256_hex
from referencing.candidature.enums import CandidatureState, ProducerQuestionKind
from referencing.candidature.models import Candidature, ProducerQuestion
from referencing.candidature.services.recovered import ask_producer
from referencing.dossier.core import SCHEMA, make_reference
from referencing.dossier.models import Dossier, RecoveredValue
from referencing.dossier.readers import find_frozen, read_payload
from referencing.dossier.services import generate_dossier, next_number
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import Enrolment, PreListing
from tests.candidature.asking import LEVELS, OTHER, in_days, make_quick_dossier
from tests.candidature.factories import make_candidature
from tests.dossier.factories import make_dossier, make_signed_enrolment
from tests.questionnaires.factories import finish, orient

#: What only the producer and the agents may ever read.
SECRET = "Zanzibar-7731"


@dataclass(frozen=True, slots=True)
class Producer:
    """A pre-listed solution: its file, one of its mandataires, its pre-listing."""

    candidature: Candidature
    manager: User
    pre_listing: PreListing


def make_producer(*, complete: bool = False, **fields: Any) -> Producer:
    """It answered interoperability at level 3, and with `complete` every questionnaire with its evidence."""
    if complete:
        made = make_dossier(**fields)
    else:
        enrolment, manager = make_signed_enrolment(**fields)
        orient(enrolment.response, Q3=["mesures"])
        finish(
            enrolment.response,
            "interoperabilite",
            {LEVELS: {"level": "3"}, OTHER: {"level": "1"}},
        )
        made = generate_dossier(enrolment_id=enrolment.pk, actor=manager), manager
    Enrolment.objects.filter(pk=made[0].enrolment_id).update(white_label=WhiteLabelRole.PRODUCER)
    made[0].enrolment.refresh_from_db()
    candidature, manager = make_candidature(CandidatureState.PRE_LISTED, made=made)
    dossier = candidature.dossier
    codes = sorted(find_frozen(read_payload(dossier)))
    pre_listing = PreListing.objects.create(
        enrolment=dossier.enrolment,
        dossier_id=dossier.pk,
        dossier_reference=dossier.reference,
        dossier_sha256=dossier.sha256,
        offer={"recoverable": codes, "specific": []},
        pre_listed_by=manager,
        pre_listed_at=timezone.now(),
    )
    return Producer(candidature, manager, pre_listing)


def make_recovered_file(
    producer: Producer,
    *codes: str,
    complete: bool = False,
    comment: str = SECRET,
    state: CandidatureState = CandidatureState.EVALUATION,
    product: dict[str, Any] | None = None,
    **fields: Any,
) -> tuple[Candidature, User, User]:
    """A distributor’s file under evaluation that recovers `codes`, a mandataire of the distributor, and its référent.

    `product`: fields of the distributor’s product; `fields` go to `make_candidature`.
    """
    dossier, manager = make_dossier(**(product or {})) if complete else make_quick_dossier(**(product or {}))
    Enrolment.objects.filter(pk=dossier.enrolment_id).update(white_label=WhiteLabelRole.DISTRIBUTOR)
    masked = recover(dossier, producer, codes or (LEVELS,), comment=comment)
    masked.enrolment.refresh_from_db()
    candidature, manager = make_candidature(state, made=(masked, manager), **fields)
    assert candidature.referent is not None
    return candidature, manager, candidature.referent


def recover(dossier: Dossier, producer: Producer, codes: tuple[str, ...], *, comment: str = SECRET) -> Dossier:
    """Another dossier of the same enrolment, in which the answers to `codes` are the producer’s."""
    content, theirs = read_payload(dossier), find_frozen(read_payload(producer.candidature.dossier))
    number, now = next_number(), timezone.now()
    content["reference"], values = make_reference(number, now), []
    for questionnaire in content["questionnaires"]:
        for row in questionnaire["criteria"]:
            if row["code"] not in codes:
                continue
            source = theirs[row["code"]]
            part = canonical_json(
                {
                    "answer": source["answer"],
                    "comment": comment,
                    "evidence": source["evidence"],
                    "is_reached": source["is_reached"],
                    "levels": source["levels"],
                }
            )
            key = sha256(row["code"].encode()).digest()
            commitment = hmac.new(key, part, sha256).hexdigest()
            values.append((row["code"], part, key, commitment))
            row |= {
                "answer": None,
                "comment": "",
                "evidence": [],
                "is_reached": None,
                "recovered": {
                    "commitment": commitment,
                    "method": "HMAC-SHA-256",
                    "solution": producer.pre_listing.enrolment.label,
                    "producer": producer.pre_listing.enrolment.product.organisation.name,
                },
            }
    payload = canonical_json(content)
    masked = Dossier.objects.create(
        number=number,
        reference=content["reference"],
        enrolment=dossier.enrolment,
        payload=payload,
        sha256=sha256_hex(payload),
        seal=seal_bytes(payload, at=now),
        schema=SCHEMA,
        is_complete=True,
        frozen_at=now,
        created_by=dossier.created_by,
    )
    RecoveredValue.objects.bulk_create(
        RecoveredValue(
            dossier=masked,
            criterion=code,
            pre_listing_id=producer.pre_listing.pk,
            producer_dossier=producer.candidature.dossier,
            content=part,
            key=key,
            commitment=commitment,
        )
        for code, part, key, commitment in values
    )
    return masked


def ask(candidature: Candidature, criterion: str = LEVELS, **fields: Any) -> ProducerQuestion:
    """A question of the référent to the producer."""
    values: dict[str, Any] = {
        "kind": ProducerQuestionKind.COMPLEMENT,
        "severity": "",
        "text": f"Expliquez {SECRET}.",
        "due_on": in_days(10),
        "actor": candidature.referent,
    }
    return ask_producer(candidature_id=candidature.pk, criterion=criterion, **(values | fields))[0]
