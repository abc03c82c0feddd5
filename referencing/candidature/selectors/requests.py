"""What was asked of the editor and answered, as each side may read it: a buffer is its editor’s until it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from referencing.candidature.models import Candidature, ComplementItem, ComplementRequest, NonConformity
from referencing.dossier.models import Addendum


@dataclass(frozen=True, slots=True)
class Sent:
    """What the editor sent, by value, as an addendum froze it. `answer` is None when it was left as it was."""

    addendum: int
    reference: str
    answer: dict[str, Any] | None
    comment: str
    evidence: tuple[dict[str, Any], ...]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One point of a request. `sent` is None until the editor sends an answer; `is_open` while one is awaited."""

    request: ComplementRequest
    code: str
    title: str
    question: str
    is_open: bool
    due_on: date
    asked_by: str
    asked_at: datetime
    sent: Sent | None


def items_of(candidature: Candidature, criterion: str) -> list[AskedItem]:
    """What was asked on a criterion, the newest first, with what was sent: two queries. Nothing of a buffer."""
    rows = (
        ComplementItem.objects.filter(candidature=candidature, code=criterion)
        .select_related("request__requested_by", "answered_by", "addendum__dossier")
        .order_by("-request__requested_at")
    )
    return [_asked(row) for row in rows]


def non_conformities_of(candidature: Candidature, criterion: str) -> list[NonConformity]:
    """The gaps of a criterion, the newest first; read `sent_reply`, never `reply`: one query."""
    rows = NonConformity.objects.filter(candidature=candidature, criterion=criterion)
    return list(rows.select_related("opened_by", "replied_by", "decided_by").order_by("-number"))


def list_sent(row: ComplementItem | NonConformity, addenda: Iterable[Addendum]) -> list[Sent]:
    """Every answer sent to this item or non-conformity, the oldest first, read from what was frozen."""
    kind = "request" if isinstance(row, ComplementItem) else "non_conformity"
    number = row.request.number if isinstance(row, ComplementItem) else row.number
    code = row.code if isinstance(row, ComplementItem) else row.criterion
    found = []
    for addendum in addenda:
        content = json.loads(bytes(addendum.payload))
        for item in content["items"]:
            if item["criterion"] == code and item["origin"] == {"kind": kind, "number": number}:
                found.append(_sent(item, addendum, content["created_by"]))
    return found


def _asked(row: ComplementItem) -> AskedItem:
    sent = list_sent(row, [row.addendum]) if row.addendum else []
    return AskedItem(
        request=row.request,
        code=row.code,
        title=row.title,
        question=row.question,
        is_open=row.is_open,
        due_on=row.request.due_on,
        asked_by=str(row.request.requested_by),
        asked_at=row.request.requested_at,
        sent=sent[-1] if sent else None,
    )


def _sent(item: dict[str, Any], addendum: Addendum, by: str) -> Sent:
    return Sent(
        addendum=addendum.number,
        reference=addendum.reference,
        answer=item["answer"],
        comment=item["comment"],
        evidence=tuple(item["evidence"]),
        by=by,
        at=addendum.frozen_at,
    )
