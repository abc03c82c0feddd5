"""Which documents the platform recognises, read from the rows that issued them (A-37).

There is no register to keep in step: a hash is looked for where the stages keep theirs, by index, in one statement. What
somebody deposited (evidence, conventions, letters) is nowhere in it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Cast

from convergence.trust.core import Answer, Asked, Standing
from referencing.candidature.models import IssuedDocument
from referencing.commission.models import Erratum, Minutes
from referencing.decision.enums import CANDIDATURE_KINDS, FAVOURABLE_KINDS, IN_FORCE_STATES, DecisionKind
from referencing.decision.models import Decision
from referencing.decision.models.decision import UNSIGNED_STATES
from referencing.dossier.models import Addendum, Dossier, SealedCopy
from referencing.listing.models import CatalogueEntry, Listing

NO_ROW = UUID(int=0)
NO_DECISION = Cast(Value(None), UUIDField())
#: Each lets a service stand for a term; a reinstatement or an extension only adds to it.
TERM_KINDS = [kind for kind in CANDIDATURE_KINDS if kind != DecisionKind.REFUSAL]


def find_answer(asked: Asked, *, today: date) -> Answer:
    """What anybody may know of what was asked: as many statements for what is unknown, withheld or recognised."""
    decision_id: UUID | None = None
    sealed_at: datetime | None = None
    if asked.sha256:
        sealed_at, decision_id = _find_sealed(asked.sha256)
    # an act signed outside the platform bears its own number, in whatever form it was written
    by_reference = Q(number__in={asked.reference, asked.text}) if asked.reference else Q(pk=decision_id or NO_ROW)
    decision = _public_decisions(today).filter(by_reference).first()
    if decision is not None:
        return _describe(decision, sealed_at)
    if sealed_at is not None:
        return Answer(Standing.SEALED, sealed_at=sealed_at)
    return Answer()


def _find_sealed(sha256: str) -> tuple[datetime | None, UUID | None]:
    """When what has this hash was sealed, and of which decision it is; (None, None) when nobody sealed it here."""
    signed = Decision.objects.exclude(state__in=UNSIGNED_STATES)
    places: list[tuple[QuerySet[Any], str, str]] = [
        # frozen contents, which a QR code leads to
        (Dossier.objects.filter(sha256=sha256), "frozen_at", ""),
        (Addendum.objects.filter(sha256=sha256), "frozen_at", ""),
        (signed.filter(sha256=sha256), "signed_at", "pk"),
        # PDF, as they were handed over
        (SealedCopy.objects.filter(sha256=sha256), "sealed_at", ""),
        (IssuedDocument.objects.filter(file__blob__sha256=sha256), "made_at", ""),
        (Minutes.objects.filter(document__blob__sha256=sha256, signed_at__isnull=False), "signed_at", ""),
        (Minutes.objects.filter(attendance_sheet__blob__sha256=sha256, signed_at__isnull=False), "signed_at", ""),
        (Erratum.objects.filter(document__blob__sha256=sha256), "signed_at", ""),
        (signed.filter(document__blob__sha256=sha256), "signed_at", "pk"),
    ]
    first, *others = [
        rows.order_by().values_list(F(dated), F(key) if key else NO_DECISION) for rows, dated, key in places
    ]
    found = first.union(*others, all=True)[:1]
    return next(iter(found), (None, None))


def _public_decisions(today: date) -> QuerySet[Decision, Any]:
    """Favourable decisions that anybody may ask about: of services that are or were listed, known to their addressee."""
    of_service = Listing.objects.filter(enrolment=OuterRef("enrolment"))
    replaced_by = Decision.objects.in_force().filter(
        enrolment=OuterRef("enrolment"),
        kind__in=TERM_KINDS,
        notified_at__isnull=False,
        signed_at__gt=OuterRef("signed_at"),
    )
    published = of_service.published(on=today)
    shown = CatalogueEntry.objects.published(on=today).filter(enrolment=OuterRef("enrolment"))
    return (
        Decision.objects.exclude(state__in=UNSIGNED_STATES)
        .filter(Exists(of_service), kind__in=FAVOURABLE_KINDS)
        .filter(Q(notified_at__isnull=False) | Exists(Listing.objects.filter(decision=OuterRef("pk"))))
        .annotate(
            until=Subquery(published.values("ends_on")[:1]),
            is_replaced=Exists(replaced_by),
            **{
                f"shown_{name}": Subquery(shown.values(name)[:1]) for name in ("number", "slug", "name", "organisation")
            },
        )
        .defer("payload")
    )


def _describe(decision: Any, sealed_at: datetime | None) -> Answer:
    """`service` and `editor` are told while the catalogue shows them, and not afterwards."""
    known = {
        "sealed_at": sealed_at,
        "kind": decision.get_kind_display(),
        "number": decision.number,
        "signed_on": decision.signed_on,
    }
    if decision.until is None or decision.is_replaced or decision.state not in IN_FORCE_STATES:
        return Answer(Standing.NOT_IN_FORCE, **known)
    return Answer(
        Standing.IN_FORCE,
        **known,
        until=decision.until,
        service=decision.shown_name or "",
        editor=decision.shown_organisation or "",
        page=(decision.shown_number, decision.shown_slug) if decision.shown_name else None,
    )
