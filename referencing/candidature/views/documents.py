"""Documents that the platform made for a file: the same bytes for both sides (A-17, A-01)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Link
from evidence.services import stream
from referencing.candidature.enums import CandidatureState, DocumentKind
from referencing.candidature.models import AdmissibilityAct, Candidature, IssuedDocument
from referencing.candidature.services.issuing import read_act
from referencing.candidature.views.frame import get_file


@require_GET
@login_required
def issued_document(request: SignedInRequest, pk: UUID, kind: str) -> HttpResponseBase:
    """The acknowledgement or the act, as an attachment; 404 until the platform has made it."""
    candidature = get_file(request, pk)
    if kind not in DocumentKind.values:
        raise Http404("kind")
    rows = IssuedDocument.objects.select_related("file__blob")
    return stream(get_object_or_404(rows, candidature=candidature, kind=kind).file)


def issued_kinds() -> ArraySubquery:
    """The documents already made for a file, the oldest first: what `get_file` reads `beside` for `list_documents`."""
    return ArraySubquery(IssuedDocument.objects.filter(candidature=OuterRef("pk")).order_by("made_at").values("kind"))


def list_documents(candidature: Candidature, kinds: Iterable[str] | None = None) -> list[Link]:
    """Those already made, the oldest first: one query, none with `kinds` at hand (`issued_kinds`)."""
    if kinds is None:
        found = IssuedDocument.objects.filter(candidature=candidature).order_by("made_at")
        kinds = found.values_list("kind", flat=True)
    return [
        Link(f"{DocumentKind(kind).label} (PDF)", reverse("candidature:issued_document", args=[candidature.pk, kind]))
        for kind in kinds
    ]


def read_decision(candidature: Candidature) -> dict[str, Any] | None:
    """What the act of inadmissibility says; None when there is none."""
    if candidature.state != CandidatureState.INADMISSIBLE:
        return None
    act = AdmissibilityAct.objects.filter(candidature=candidature).first()
    return read_act(bytes(act.payload)) if act else None
