"""Files under instruction by the ten thousand, for measures only: copied into the tables, past services and mails.

Every file has its product, enrolment, frozen dossier, timeline and, once admissible, its themes; some have requests,
non-conformities and stopped clocks. One in a hundred holds the frozen answers of the newest dossier of the demo with a
verdict on each criterion; the others hold the same dossier without its questionnaires: 100,000 real ones would fill a
disk, and a list reads none. Seals are those of that dossier: verifying a copied one fails, as it must.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from psycopg import sql
from psycopg.types.json import Jsonb

from convergence.accounts.enums import LegalForm, Role
from convergence.accounts.models import Organisation, RoleAssignment
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.products.enums import Interest, ProductType
from convergence.products.models import Product
from questionnaires.models import Response
from referencing.candidature.enums import (
    OPEN_STATES,
    CandidatureState,
    Holder,
    NonConformityState,
    Outcome,
    Proposal,
    RequestKind,
    RequestState,
    Severity,
    StopReason,
)
from referencing.candidature.models import (
    Candidature,
    CandidatureEvent,
    ClockStop,
    ComplementItem,
    ComplementRequest,
    NonConformity,
    Reading,
    ThemeReview,
    Verdict,
)
from referencing.dossier.models import Dossier, DossierFile
from referencing.dossier.readers import read_payload
from referencing.enrolment.enums import Cycle, EnrolmentState, WhiteLabelRole
from referencing.enrolment.models import Enrolment

BATCH = 2_000
FULL_EVERY = 100
FILES_PER_ORGANISATION = 20
YEARS = 3
REGISTER = "MESURE-"
State = CandidatureState
#: Out of a hundred files after some years of service.
SHARES = {
    State.APPLIED: 6,
    State.ADMISSIBILITY: 7,
    State.EVALUATION: 20,
    State.READY_COMMISSION: 7,
    State.PRE_LISTED: 30,
    State.INADMISSIBLE: 8,
    State.CANCELLED: 6,
    State.WITHDRAWN: 9,
    State.ABANDONED: 7,
}
JUDGED = (State.EVALUATION, State.READY_COMMISSION, State.PRE_LISTED)
CONCLUDED = (State.READY_COMMISSION, State.PRE_LISTED)
UNTAKEN = (State.APPLIED, State.CANCELLED)
#: Who may hold the ball in each open state; nobody holds that of a closed file.
HOLDERS = {
    State.APPLIED: [Holder.LISTING_TEAM],
    State.ADMISSIBILITY: [Holder.LISTING_TEAM, Holder.LISTING_TEAM, Holder.EDITOR],
    State.EVALUATION: [Holder.EXPERTS, Holder.EXPERTS, Holder.EDITOR, Holder.TESTS, Holder.LISTING_TEAM],
    State.READY_COMMISSION: [Holder.COMMISSION],
}
NAMES = ["Carnet", "Suivi", "Agenda", "Rappel", "Journal", "Passerelle", "Compagnon", "Relais", "Mémo", "Portail"]
SUBJECTS = ["diabète", "sommeil", "cœur", "grossesse", "vaccins", "douleur", "asthme", "mémoire", "dos", "nutrition"]
BRANDS = [
    "Alizé",
    "Boréal",
    "Cobalt",
    "Dune",
    "Écume",
    "Fjord",
    "Granit",
    "Horizon",
    "Iris",
    "Jade",
    "Lagune",
    "Mistral",
]


@dataclass(frozen=True, slots=True)
class Model:
    """The dossier that is copied: its content in two sizes, with marks where each copy says its own."""

    dossier: Dossier
    full: bytes
    light: bytes
    criteria: Mapping[str, Sequence[str]]
    """Codes by theme, in the order of the dossier."""
    files: Sequence[DossierFile]

    @classmethod
    def newest(cls) -> Model:
        """Raises Dossier.DoesNotExist on a platform without any."""
        own = Dossier.objects.exclude(enrolment__product__organisation__register_number__startswith=REGISTER)
        dossier = own.filter(is_complete=True).select_related("enrolment__response").latest("number")
        content = read_payload(dossier)
        content["reference"], content["enrolment"]["label"], content["organisation"]["name"] = (
            "§ref§",
            "§label§",
            "§org§",
        )
        return cls(
            dossier=dossier,
            full=canonical_json(content),
            light=canonical_json({**content, "questionnaires": []}),
            criteria={each["code"]: [row["code"] for row in each["criteria"]] for each in content["questionnaires"]},
            files=list(dossier.files.all()),
        )

    def copy(self, *, is_full: bool, reference: str, label: str, organisation: str) -> bytes:
        payload = self.full if is_full else self.light
        for mark, text in (("§ref§", reference), ("§label§", label), ("§org§", organisation)):
            payload = payload.replace(mark.encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode())
        return payload


@dataclass(slots=True)
class Batch:
    """Rows to copy, by table."""

    rows: dict[type[models.Model], list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, model: type[models.Model], **values: Any) -> None:
        """What `values` does not say has the default that its column would have from Django."""
        self.rows.setdefault(model, []).append({**_defaults(model), **values})

    def copy(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for model, rows in self.rows.items():
                statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                    sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, rows[0]))
                )
                with cursor.copy(statement) as copy:
                    for row in rows:
                        copy.write_row(list(row.values()))


@cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    return {
        each.attname: each.get_db_prep_save(each.get_default(), connection)
        for each in model._meta.concrete_fields
        if each.has_default() and not each.primary_key
    }


class Load:
    """The same rows for the same seed, day and demo world."""

    def __init__(self, *, seed: int, now: datetime) -> None:
        self.random = Random(seed)  # noqa: S311 - invented rows
        self.seed, self.now = seed, now
        self.model = Model.newest()
        self.editor = self.model.dossier.created_by_id
        roles = RoleAssignment.objects.filter(user__is_active=True).order_by("role", "theme", "user_id")
        self.team = [each.user_id for each in roles if each.role == Role.LISTING_TEAM]
        self.experts = [each.user_id for each in roles if each.role == Role.EXPERT]

    def write(self, count: int) -> Iterator[int]:
        """Write the files, and say how many are there after each batch."""
        organisation = (UUID(int=0), "")
        for ranks in (range(count)[start : start + BATCH] for start in range(0, count, BATCH)):
            numbers = [self._numbers(name, len(ranks)) for name in ("product", "enrolment", "dossier")]
            batch = Batch()
            for rank, *own in zip(ranks, *numbers, strict=True):
                if rank % FILES_PER_ORGANISATION == 0:
                    organisation = self._organisation(batch, rank)
                self._file(batch, rank, own, organisation)
            batch.copy()
            yield ranks[-1] + 1

    @staticmethod
    def _numbers(name: str, count: int) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [f"{name}_number", count])
            return [number for (number,) in cursor.fetchall()]

    def _key(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def _organisation(self, batch: Batch, rank: int) -> tuple[UUID, str]:
        key, name = self._key(), f"{self.random.choice(BRANDS)} Santé {self.seed}-{rank // FILES_PER_ORGANISATION}"
        batch.add(
            Organisation,
            id=key,
            name=name,
            legal_form=LegalForm.SAS,
            country="BE",
            register_number=f"{REGISTER}{self.seed}-{rank}",
            address="",
            created_at=self.now,
        )
        return key, name

    def _file(self, batch: Batch, rank: int, numbers: Sequence[int], organisation: tuple[UUID, str]) -> None:
        random = self.random
        product, enrolment, dossier = numbers
        is_full = rank % FULL_EVERY == 0
        state = State.EVALUATION if rank == 0 else random.choices(list(SHARES), list(SHARES.values()))[0]
        applied_at = self.now - timedelta(seconds=random.randrange(86_400, YEARS * 365 * 86_400))
        if state in OPEN_STATES:  # what is open was applied for lately
            applied_at = self.now - (self.now - applied_at) / 10
        name = f"{random.choice(NAMES)} {random.choice(SUBJECTS)} {random.choice(BRANDS)}"
        label, reference = f"{name} - v1 - {enrolment}", f"N{dossier:05d}{applied_at:%Y%m%d%H%M}"
        keys = self._subject(batch, organisation, name, (product, enrolment), applied_at)
        payload = self.model.copy(is_full=is_full, reference=reference, label=label, organisation=organisation[1])
        frozen = self._key()
        batch.add(
            Dossier,
            id=frozen,
            number=dossier,
            reference=reference,
            enrolment_id=keys,
            payload=payload,
            sha256=sha256_hex(payload),
            seal=bytes(self.model.dossier.seal),
            schema=self.model.dossier.schema,
            is_complete=True,
            frozen_at=applied_at,
            created_by_id=self.editor,
        )
        for file in self.model.files if is_full else ():
            batch.add(
                DossierFile,
                dossier_id=frozen,
                deposit_id=file.deposit_id,
                criterion=file.criterion,
                evidence_type=file.evidence_type,
                name=file.name,
                sha256=file.sha256,
                size=file.size,
            )
        candidature = self._candidature(
            batch, keys, frozen, state, applied_at, organisation[1], f"{label} {organisation[1]} {reference}"
        )
        if state in JUDGED:
            self._examine(batch, candidature, applied_at, is_concluded=state in CONCLUDED, is_full=is_full)

    def _subject(
        self, batch: Batch, organisation: tuple[UUID, str], name: str, numbers: tuple[int, int], at: datetime
    ) -> UUID:
        """The product and its enrolment; returns the key of the latter."""
        model = self.model.dossier.enrolment
        product, response, enrolment = self._key(), self._key(), self._key()
        batch.add(
            Product,
            id=product,
            number=numbers[0],
            organisation_id=organisation[0],
            name=f"{name} {numbers[0]}",
            version="1",
            type=ProductType.SOCLE,
            nil="",
            owner_id=self.editor,
            description="Produit des mesures.",
            certifications="",
            interests=[Interest.MES.value],
            created_by_id=self.editor,
            created_at=at,
        )
        batch.add(
            Response, id=response, definition_id=model.response.definition_id, orientation=Jsonb({}), created_at=at
        )
        batch.add(
            Enrolment,
            id=enrolment,
            number=numbers[1],
            product_id=product,
            demarche_id=model.demarche_id,
            response_id=response,
            white_label=WhiteLabelRole.NONE,
            state=EnrolmentState.ACTIVE,
            cycle=Cycle.FIRST,
            created_by_id=self.editor,
            created_at=at,
        )
        return enrolment

    def _candidature(
        self,
        batch: Batch,
        enrolment: UUID,
        dossier: UUID,
        state: CandidatureState,
        applied_at: datetime,
        organisation: str,
        words: str,
    ) -> UUID:
        random, key = self.random, self._key()
        is_taken, is_open = state not in UNTAKEN, state in OPEN_STATES
        is_admissible = state in JUDGED
        holder = random.choice(HOLDERS[state]) if is_open else Holder.NOBODY
        due_on = applied_at.date() + timedelta(days=random.randrange(20, 160)) if is_open else None
        last_event_at = applied_at + (self.now - applied_at) * random.random()
        batch.add(
            Candidature,
            id=key,
            enrolment_id=enrolment,
            dossier_id=dossier,
            state=state,
            cycle=Cycle.FIRST,
            applied_by_id=self.editor,
            applied_at=applied_at,
            referent_id=random.choice(self.team) if is_taken else None,
            taken_at=applied_at if is_taken else None,
            admissible_at=applied_at if is_admissible else None,
            concluded_at=last_event_at if state in CONCLUDED else None,
            proposal=Proposal.FAVOURABLE if state in CONCLUDED else "",
            closed_at=None if is_open else last_event_at,
            has_exchange=random.random() < 0.4,
            waiting_for=holder,
            due_on=None if holder == Holder.COMMISSION else due_on,
            last_event_at=last_event_at,
            searchable=words,
            organisation_name=organisation,
            acknowledgement=Jsonb({}),
        )
        steps = ["applied", *(["taken"] if is_taken else []), *(["admissible"] if is_admissible else [])]
        for kind in steps:
            batch.add(
                CandidatureEvent,
                candidature_id=key,
                at=applied_at,
                actor_id=self.editor,
                kind=kind,
                is_internal=False,
                criterion="",
                data=Jsonb({"dossier": "", "referent": ""}),
            )
        if is_taken and random.random() < 0.3:
            batch.add(Reading, user_id=random.choice(self.team), candidature_id=key, read_at=self.now)
        if holder == Holder.EDITOR and due_on:
            self._ask(batch, key, state, last_event_at, due_on)
        return key

    def _ask(self, batch: Batch, key: UUID, state: CandidatureState, at: datetime, due_on: date) -> None:
        """A request that waits for the editor, with its stopped clock and, one time in two, a non-conformity."""
        request, agent = self._key(), self.random.choice(self.team)
        is_pieces = state == State.ADMISSIBILITY
        theme, codes = self.random.choice(list(self.model.criteria.items()))
        batch.add(
            ComplementRequest,
            id=request,
            candidature_id=key,
            number=1,
            kind=RequestKind.PIECES if is_pieces else RequestKind.CRITERIA,
            state=RequestState.OPEN,
            text="",
            due_on=due_on,
            requested_by_id=agent,
            requested_at=at,
            close_reason="",
        )
        batch.add(
            ComplementItem,
            id=self._key(),
            request_id=request,
            candidature_id=key,
            position=1,
            code=codes[0],
            theme=theme,
            title="Critère à compléter",
            question="Précisez la mesure prise.",
            answer=Jsonb({}),
            comment="",
            version=1,
        )
        reason = StopReason.PIECES if is_pieces else StopReason.ANSWERS
        batch.add(ClockStop, candidature_id=key, started_at=at, reason=reason)
        if not is_pieces and self.random.random() < 0.5:
            batch.add(
                NonConformity,
                id=self._key(),
                candidature_id=key,
                number=1,
                theme=theme,
                criterion=codes[0],
                title="Critère non atteint",
                severity=Severity.MINOR,
                state=NonConformityState.OPEN,
                rationale="La preuve ne montre pas la mesure.",
                due_on=due_on,
                opened_by_id=agent,
                opened_at=at,
                version=1,
                reply="",
                decision_note="",
            )

    def _examine(self, batch: Batch, key: UUID, at: datetime, *, is_concluded: bool, is_full: bool) -> None:
        """The themes of an admissible file, and the verdicts of those that hold criteria."""
        for position, (theme, codes) in enumerate(self.model.criteria.items()):
            expert = self.random.choice(self.experts) if is_concluded or self.random.random() < 0.8 else None
            is_done = is_concluded or (expert is not None and self.random.random() < 0.3)
            batch.add(
                ThemeReview,
                candidature_id=key,
                theme=theme,
                position=position,
                expert_id=expert,
                assigned_at=at if expert else None,
                summary="",
                concluded_at=at if is_done else None,
                concluded_by_id=expert if is_done else None,
            )
            for code in codes if is_full and expert else ():
                batch.add(
                    Verdict,
                    candidature_id=key,
                    theme=theme,
                    criterion=code,
                    outcome=Outcome.COMPLIANT,
                    text="",
                    note="",
                    version=1,
                    content_sha256=sha256_hex(code.encode()),
                    by_id=expert,
                    at=at,
                    needs_rereading=False,
                )


def today() -> datetime:
    """The instant from which the load counts: this morning, so that two loads of one day are alike."""
    return datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0)
