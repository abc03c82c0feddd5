"""Services on their way to the catalogue, and in it."""

from __future__ import annotations

import struct
import zlib
from datetime import date
from itertools import count
from typing import Any

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from evidence.models import StoredFile
from evidence.services import keep_generated
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.commission.enums import OpinionKind, PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, CommissionSession, Opinion, Reservation
from referencing.convention.enums import AnnexState
from referencing.convention.models import Annex, Convention
from referencing.decision.enums import DecisionKind, DecisionState, Party
from referencing.decision.models import Countersignature, Decision
from referencing.enrolment.models import Enrolment
from referencing.listing.core.terms import one_year_after
from referencing.listing.enums import ListingState, PublicationState
from referencing.listing.models import CatalogueEntry, Listing, PublicationSheet
from referencing.listing.services.publishing import freeze_version
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

LONG_TEXT = "Le carnet garde vos mesures de tension et les montre à votre médecin. " * 4
#: A complete sheet.
SHEET: dict[str, Any] = {
    "public_name": "Carnet de tension",
    "short_text": "Suivez votre tension à la maison et partagez-la avec votre médecin.",
    "long_text": LONG_TEXT.strip(),
    "categories": ["pathologies-et-traitements"],
    "price": "gratuit",
    "price_note": "",
    "platforms": ["web"],
    "web_url": "https://carnet.example/",
    "android_url": "",
    "ios_url": "",
    "accessibility": "partial",
    "accessibility_url": "https://carnet.example/accessibilite",
    "support_email": "aide@carnet.example",
    "support_url": "",
}
_numbers = count(1)


def png(width: int = 4, height: int = 4, colour: bytes = b"\x00\x00\x91") -> bytes:
    """A whole PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\x00" + colour * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make_logo() -> StoredFile:
    return keep_generated(content=png(), name="logo.png", code="png")


def make_sheet(
    enrolment: Enrolment, state: PublicationState = PublicationState.ACCEPTED, **fields: Any
) -> PublicationSheet:
    is_written = state in (PublicationState.SUBMITTED, PublicationState.ACCEPTED)
    return PublicationSheet.objects.create(
        **{
            "enrolment": enrolment,
            "state": state,
            "logo": make_logo(),
            "submitted_at": timezone.now() if is_written else None,
            "decision_reason": "Précisez le prix." if state == PublicationState.CHANGES_REQUESTED else "",
            **SHEET,
            **fields,
        }
    )


def give_opinion(candidature: Candidature, kind: OpinionKind = OpinionKind.FAVOURABLE) -> Opinion:
    now, secretary = timezone.now(), make_agent(Role.SECRETARY)
    session = CommissionSession.objects.create(
        state=SessionState.CLOSED,
        held_at=now,
        place="Salle 1",
        chair=make_agent(Role.PRESIDENT),
        created_by=secretary,
        opened_at=now,
        closed_at=now,
    )
    point = AgendaPoint.objects.create(
        session=session,
        candidature=candidature,
        position=1,
        product_name="Produit",
        organisation_name="Éditeur",
        outcome=PointOutcome.OPINION,
        added_by=secretary,
        added_at=now,
        ended_at=now,
    )
    return Opinion.objects.create(
        candidature=candidature,
        point=point,
        kind=kind,
        payload=b"{}",
        sha256="0" * 64,
        seal=b"",
        schema=1,
        given_at=now,
    )


def reserve(opinion: Opinion, *, is_suspensive: bool = True, **fields: Any) -> Reservation:
    return Reservation.objects.create(
        **{
            "opinion": opinion,
            "candidature": opinion.candidature,
            "number": 1,
            "is_suspensive": is_suspensive,
            "criterion": "RGPD.1",
            "text": "Complétez l’analyse d’impact.",
            "due_on": timezone.localdate(),
            **fields,
        }
    )


def decide(candidature: Candidature, *, is_notified: bool = True, **fields: Any) -> Decision:
    """The minister’s favourable decision."""
    now = timezone.now()
    return Decision.objects.create(
        **{
            "kind": DecisionKind.LISTING,
            "state": DecisionState.NOTIFIED if is_notified else DecisionState.SIGNED,
            "enrolment": candidature.enrolment,
            "candidature": candidature,
            "number": f"REF-2026-{next(_numbers):05d}",
            "drafted_by": make_agent(Role.MINISTRY),
            "signed_at": now,
            "signed_on": timezone.localdate(now),
            "signatory_name": "Camille Martin",
            "document": keep_generated(content=b"%PDF-1.7 acte", name="decision.pdf", code="pdf"),
            "sha256": "1" * 64,
            "notified_at": now if is_notified else None,
            **fields,
        }
    )


def countersign(candidature: Candidature, *parties: str) -> None:
    """Minister and Cnam, unless `parties` are named, sign the convention that the editor signed."""
    today = timezone.localdate()
    convention = Convention.objects.current().get(enrolment=candidature.enrolment)
    for party in parties or Party.values:
        Countersignature.objects.create(
            convention=convention,
            party=party,
            signatory_name="Camille Martin",
            signatory_quality="Délégation au numérique en santé",
            delegation="Arrêté du 3 mars 2026",
            delegation_from=today,
            delegation_until=today,
            signed_on=today,
            signed_by=make_agent(Role.MINISTRY),
            signed_at=timezone.now(),
            document=convention.signed_document,
            sha256="2" * 64,
        )


def sign_annex(candidature: Candidature, scope: list[dict[str, Any]]) -> Annex:
    """The annex of these exchanges, signed by the three parties (A-04)."""
    today, now = timezone.localdate(), timezone.now()
    convention = Convention.objects.current().get(enrolment=candidature.enrolment)
    annex = Annex.objects.create(
        convention=convention,
        number=convention.annexes.count() + 1,
        state=AnnexState.SIGNED,
        scope=scope,
        source="dossier",
        text="Annexe",
        document=convention.document,
        signed_document=convention.signed_document,
        signer_name="Camille",
        signer_email="camille@editeur.example",
        sent_at=now,
        signed_at=now,
    )
    for party in Party.values:
        Countersignature.objects.create(
            annex=annex,
            party=party,
            signatory_name="Camille Martin",
            signatory_quality="Délégation au numérique en santé",
            delegation="Arrêté du 3 mars 2026",
            delegation_from=today,
            delegation_until=today,
            signed_on=today,
            signed_by=make_agent(Role.MINISTRY),
            signed_at=now,
            document=convention.signed_document,
            sha256="3" * 64,
        )
    return annex


def make_approved(**fields: Any) -> tuple[Candidature, User]:
    """A file that may be published at once, and a mandataire of its organisation; `fields` as `make_candidature`."""
    candidature, manager = make_candidature(CandidatureState.APPROVED, **{"complete": False, **fields})
    give_opinion(candidature)
    decide(candidature)
    countersign(candidature)
    make_sheet(candidature.enrolment)
    return candidature, manager


def make_listed(
    *,
    state: ListingState = ListingState.LISTED,
    published_on: date | None = None,
    ends_on: date | None = None,
    sheet: dict[str, Any] | None = None,
    scope: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> CatalogueEntry:
    """A service in the catalogue (or that left it, with `state`): its row, from which the listing is read.

    `sheet`: fields of its publication sheet; `fields` as `make_candidature`.
    """
    candidature, _ = make_candidature(CandidatureState.LISTED, **{"complete": False, **fields})
    now = timezone.now()
    Candidature.objects.filter(pk=candidature.pk).update(closed_at=now)
    day = published_on or timezone.localdate(now)
    decision = decide(candidature, scope=scope or [])
    listing = Listing.objects.create(
        enrolment=candidature.enrolment,
        decision=decision,
        state=state,
        published_on=day,
        ends_on=ends_on or one_year_after(day),
    )
    freeze_version(
        make_sheet(candidature.enrolment, **(sheet or {})),
        listing,
        candidature=candidature,
        decision=decision,
        actor=make_agent(Role.LISTING_TEAM),
        at=now,
    )
    return CatalogueEntry.objects.get(listing=listing)
