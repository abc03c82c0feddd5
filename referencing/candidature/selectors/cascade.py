"""The distributors of a pre-listed solution and what its life means for each: read in a few queries, whatever their number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from questionnaires.facts import restore_orientation
from questionnaires.grids import compiled_grid
from questionnaires.models import Recovery
from referencing.candidature.core.cascade import Cause, Effect, Held, Solution, Stage, find_effects
from referencing.candidature.core.criteria import EffectiveCriterion, effective_criteria
from referencing.candidature.enums import OPEN_STATES, CandidatureState, ProducerQuestionState
from referencing.candidature.models import Candidature, ProducerQuestion
from referencing.candidature.versions import evidence_ages
from referencing.dossier.models import Dossier, RecoveredValue
from referencing.dossier.readers import parse_payload
from referencing.enrolment.enums import STANDING_PRE_LISTINGS, AttachmentState, PreListingState
from referencing.enrolment.models import AttachmentRequest, PreListing

_CAUSES = {
    ProducerQuestionState.OPEN: Cause.ASKED,
    ProducerQuestionState.LAPSED: Cause.LAPSED,
    ProducerQuestionState.MAINTAINED: Cause.MAINTAINED,
}
#: A distributor whose file is closed otherwise holds nothing any more.
_HOLDING = [*OPEN_STATES, CandidatureState.LISTED]


@dataclass(frozen=True, slots=True)
class Distributor:
    """One product attached to the solution, under the names that its producer reads (`AttachmentRequest.told_*`).

    `candidature_id`: of the file that recovers, for agents to open. `effects` are in the order of the criteria.
    """

    organisation: str
    product: str
    third_party: str
    stage: Stage
    recovered: tuple[str, ...]
    effects: tuple[Effect, ...]
    candidature_id: UUID | None
    is_attached: bool


@dataclass(frozen=True, slots=True)
class CascadeMap:
    titles: dict[str, str]
    distributors: tuple[Distributor, ...]


def load_cascade(pre_listing: PreListing, *, on: date) -> CascadeMap:
    """Distributors that are, or were, attached to the solution and still hold something of it; eight queries at most."""
    solution, titles = _solution(pre_listing)
    attachments = list(
        AttachmentRequest.objects.filter(
            pre_listing=pre_listing, state__in=[AttachmentState.ACCEPTED, AttachmentState.BROKEN]
        )
        .select_related("enrolment__response__definition")
        .defer("enrolment__response__definition__source")
        .order_by("told_organisation", "told_product", "-requested_at")
    )
    frozen: dict[UUID, set[str]] = {}
    values = RecoveredValue.objects.filter(pre_listing_id=pre_listing.pk)
    for dossier, code in values.values_list("dossier", "criterion"):
        frozen.setdefault(dossier, set()).add(code)
    dossiers = dict(
        Dossier.objects.filter(pk__in=frozen).order_by("number").values_list("enrolment", "pk")
    )  # the newest of each enrolment
    files = {
        each.enrolment_id: each
        for each in Candidature.objects.filter(dossier__in=frozen, state__in=_HOLDING)
        .only("enrolment", "dossier", "state", "applied_at")
        .order_by("applied_at", "pk")
    }
    live: dict[UUID, set[str]] = {}
    responses = [each.enrolment.response_id for each in attachments]
    for response, code in Recovery.objects.filter(response__in=responses, source=pre_listing.pk).values_list(
        "response", "code"
    ):
        live.setdefault(response, set()).add(code)
    asked: dict[UUID, dict[str, Cause]] = {}
    own: dict[UUID, set[str]] = {}
    states = [*_CAUSES, ProducerQuestionState.TAKEN_OVER]
    questions = ProducerQuestion.objects.filter(pre_listing=pre_listing, state__in=states)
    for question in questions.only("candidature", "criterion", "state", "severity").order_by("number"):
        if question.state == ProducerQuestionState.TAKEN_OVER:
            own.setdefault(question.candidature_id, set()).add(question.criterion)
        elif question.state != ProducerQuestionState.OPEN or question.waits:
            cause = _CAUSES[ProducerQuestionState(question.state)]
            asked.setdefault(question.candidature_id, {})[question.criterion] = cause
    seen: set[UUID] = set()
    found = []
    for attachment in attachments:
        enrolment = attachment.enrolment
        if enrolment.pk in seen:
            continue
        seen.add(enrolment.pk)
        file = files.get(enrolment.pk)
        stage = _stage(file, is_frozen=enrolment.pk in dossiers)
        codes = live.get(enrolment.response_id, set())
        if file is not None:  # what the distributor answers itself since is its own
            codes = frozen[file.dossier_id] - own.get(file.pk, set())
        is_attached = attachment.state == AttachmentState.ACCEPTED
        if not is_attached and not codes:
            continue
        held = Held(
            stage=stage,
            recovered=codes,
            applicable=_applicable(attachment) if stage is Stage.ANSWERING else (),
            questions=asked.get(file.pk, {}) if file else {},
        )
        found.append(
            Distributor(
                organisation=attachment.told_organisation,
                product=attachment.told_product,
                third_party=attachment.told_third_party,
                stage=stage,
                recovered=tuple(sorted(codes)),
                effects=tuple(find_effects(held, solution, on=on)),
                candidature_id=file.pk if file else None,
                is_attached=is_attached,
            )
        )
    return CascadeMap(titles=titles, distributors=tuple(found))


def _stage(file: Candidature | None, *, is_frozen: bool) -> Stage:
    if file is None:
        return Stage.FROZEN if is_frozen else Stage.ANSWERING
    return Stage.LISTED if file.state == CandidatureState.LISTED else Stage.APPLIED


def _solution(pre_listing: PreListing) -> tuple[Solution, dict[str, str]]:
    """What the pre-listing froze, and the newer one that replaced it, read from their dossiers."""
    newer = None
    if pre_listing.state == PreListingState.REPLACED:
        rows = PreListing.objects.standing().filter(enrolment=pre_listing.enrolment_id)
        newer = rows.exclude(pk=pre_listing.pk).first()
    frozen = _criteria(pre_listing)
    newest = _criteria(newer) if newer else None
    grid = compiled_grid(pre_listing.enrolment.response.definition).grid
    titles = {code: criterion.title for code, criterion in grid.criteria.items()}
    return (
        Solution(
            frozen=frozen,
            offered=pre_listing.offer.get("recoverable", ()),
            specific=pre_listing.offer.get("specific", ()),
            is_standing=pre_listing.state in STANDING_PRE_LISTINGS,
            newer=newest,
            newer_offered=newer.offer.get("recoverable", ()) if newer else (),
            ages=evidence_ages(grid),
        ),
        titles,
    )


def _criteria(pre_listing: PreListing) -> dict[str, EffectiveCriterion]:
    dossier = Dossier.objects.only("payload").filter(pk=pre_listing.dossier_id).first()
    if dossier is None:
        return {}
    return {each.code: each for each in effective_criteria(parse_payload(bytes(dossier.payload)))}


def _applicable(attachment: AttachmentRequest) -> set[str]:
    """Criteria of the inheritable questionnaires that apply to the distributor, from its validated orientation (BR-200)."""
    response = attachment.enrolment.response
    if response.orientation is None:
        return set()
    compiled = compiled_grid(response.definition)
    evaluation = compiled.evaluator.evaluate(restore_orientation(compiled.grid, response.orientation))
    return {
        code
        for questionnaire in compiled.grid.questionnaires
        if questionnaire.inheritable
        for code in evaluation.criteria.get(questionnaire.code) or ()
    }
