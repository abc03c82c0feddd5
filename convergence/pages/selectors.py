"""Reads across stages, each in a fixed number of queries."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce, Least

from convergence.pages.core import Facts
from questionnaires.enums import Status
from questionnaires.facts import validated_evaluation
from questionnaires.grids import compiled_grid
from questionnaires.models import ORIENTATION, QuestionnaireResponse
from referencing.candidature.enums import (
    OPEN_STATES,
    CandidatureState,
    NonConformityState,
    RequestKind,
    RequestState,
    Severity,
)
from referencing.candidature.models import Candidature, ComplementRequest, NonConformity, TestCampaign
from referencing.convention.models import Convention
from referencing.decision.enums import DecisionState
from referencing.decision.models import Decision
from referencing.dossier.models import Dossier
from referencing.enrolment.models import EnrolmentQuerySet
from referencing.listing.models import Listing, PublicationSheet

#: What may wait for the editor’s answer, as its page says it; each is an annotation of `last_candidatures`.
ASKED = {
    "asks_pieces": "la demande de pièces",
    "asks_criteria": "la demande de compléments",
    "asks_gaps": "une non-conformité",
}


def last_candidatures() -> QuerySet[Candidature]:
    """The newest first, with what waits for the editor."""
    requests = ComplementRequest.objects.filter(candidature=OuterRef("pk"), state=RequestState.OPEN)
    gaps = NonConformity.objects.filter(
        candidature=OuterRef("pk"), state=NonConformityState.OPEN, closed_at=None
    ).exclude(severity=Severity.OBSERVATION)
    campaign = TestCampaign.objects.filter(candidature=OuterRef("pk")).newest_first()
    return (
        Candidature.objects.exclude(state=CandidatureState.NEW)
        .annotate(
            asks_pieces=Exists(requests.filter(kind=RequestKind.PIECES)),
            asks_criteria=Exists(requests.filter(kind=RequestKind.CRITERIA)),
            asks_gaps=Exists(gaps),
            tests=Subquery(campaign.values("state")[:1]),
            tests_at=Subquery(campaign.values("moved_at")[:1]),
            editor_due_on=Least(_first_day(requests), _first_day(gaps)),
            has_newer_dossier=Exists(
                Dossier.objects.filter(
                    enrolment=OuterRef("enrolment"), is_complete=True, frozen_at__gt=OuterRef("applied_at")
                )
            ),
        )
        .order_by("-applied_at", "-pk")
    )


def _first_day(rows: QuerySet[Any]) -> Subquery:
    """The nearest day given to the editor: the file’s own day may be an internal one (A-17)."""
    return Subquery(rows.exclude(due_on=None).order_by("due_on").values("due_on")[:1])


def with_stages(rows: EnrolmentQuerySet) -> EnrolmentQuerySet:
    """The shape that `read_facts` needs: four queries whatever the number of rows."""
    return (
        rows.with_product()
        .select_related("sheet", "response__definition")
        .defer("response__definition__source")
        .prefetch_related(
            Prefetch("conventions", Convention.objects.current(), to_attr="current_conventions"),
            Prefetch("candidatures", last_candidatures(), to_attr="last_candidatures"),
            Prefetch("response__questionnaires", QuestionnaireResponse.objects.order_by("pk"), to_attr="all_states"),
        )
        .annotate(
            has_complete_dossier=Exists(  # of the cycle that runs (OQ-12)
                Dossier.objects.filter(
                    enrolment=OuterRef("pk"),
                    is_complete=True,
                    frozen_at__gte=Coalesce(OuterRef("cycle_started_at"), OuterRef("created_at")),
                )
            ),
            unopened_decision=_newest(Decision.objects.filter(state=DecisionState.SIGNED).order_by("-signed_at"), "pk"),
            publication_state=_newest(PublicationSheet.objects.order_by("pk"), "state"),
            listing_state=_newest(Listing.objects.order_by("-published_on", "-ends_on"), "state"),
        )
    )


def _newest(rows: QuerySet[Any], field: str) -> Subquery:
    return Subquery(rows.filter(enrolment=OuterRef("pk")).values(field)[:1])


def read_facts(enrolment: Any) -> Facts:
    """Facts of an enrolment that came through `with_stages`, hence the attributes that its model lacks; no query."""
    convention = next(iter(enrolment.current_conventions), None)
    candidature = next(iter(enrolment.last_candidatures), None)
    evaluations = [row for row in enrolment.response.all_states if row.code != ORIENTATION]
    decided = validated_evaluation(compiled_grid(enrolment.response.definition), enrolment.response)
    is_oriented = decided is not None
    return Facts(
        enrolment=enrolment.state,
        sheet=enrolment.sheet.state,
        convention=convention.state if convention else "",
        orientation_done=is_oriented,
        all_done=is_oriented and all(row.is_current or row.state == Status.NOT_APPLICABLE for row in evaluations),
        has_complete_dossier=enrolment.has_complete_dossier,
        has_newer_dossier=candidature.has_newer_dossier if candidature else False,
        candidature=candidature.state if candidature else "",
        candidature_id=candidature.pk if candidature else None,
        is_new_cycle=bool(
            candidature
            and enrolment.cycle_started_at
            and candidature.applied_at
            and candidature.applied_at < enrolment.cycle_started_at
        ),
        waiting_for=candidature.waiting_for if candidature else "",
        asked=tuple(words for flag, words in ASKED.items() if getattr(candidature, flag, False)),
        due_on=candidature.editor_due_on if candidature else None,
        decision_id=enrolment.unopened_decision,
        publication=enrolment.publication_state or "",
        listing=enrolment.listing_state or "",
        # an open file says it, whatever the orientation has become since
        has_exchange=candidature.has_exchange
        if candidature and candidature.state in OPEN_STATES
        else bool(decided and decided.exchange),
        tests=(candidature.tests or "") if candidature else "",
        tests_at=candidature.tests_at if candidature else None,
        attached_at=enrolment.created_at,
        sheet_at=enrolment.sheet.decided_at,
        convention_at=convention.validated_at if convention else None,
        applied_at=candidature.applied_at if candidature else None,
        taken_at=candidature.taken_at if candidature else None,
        admissible_at=candidature.admissible_at if candidature else None,
        concluded_at=candidature.concluded_at if candidature else None,
        closed_at=candidature.closed_at if candidature else None,
    )
