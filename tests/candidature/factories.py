"""Files under instruction in the state that a test needs, on the small grid."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import (
    ADMISSIBLE_STATES,
    CONCLUDED_STATES,
    UNTAKEN_STATES,
    CandidatureState,
    Outcome,
    Proposal,
)
from referencing.candidature.models import Candidature, ThemeReview, Verdict
from referencing.candidature.services import standing
from referencing.dossier.models import Dossier
from referencing.dossier.readers import read_payload
from referencing.enrolment.models import Enrolment
from tests.dossier.factories import make_dossier
from tests.factories import make_agent


def make_candidature(
    state: CandidatureState = CandidatureState.EVALUATION,
    *,
    referent: User | None = None,
    experts: dict[str, User] | None = None,
    complete: bool = True,
    has_exchange: bool = False,
    dossier: Dossier | None = None,
    made: tuple[Dossier, User] | None = None,
    **fields: Any,
) -> tuple[Candidature, User]:
    """A file in `state` and a mandataire of its organisation; `experts` maps a theme to its expert.

    `fields` go to the product. `complete=False` is faster: only the core questionnaires were answered. With `dossier`,
    the file is another one of the same product, applied for by the author of that dossier; `made` is a dossier and its
    mandataire, when the usual ones would not do.
    """
    if dossier is not None:
        manager = dossier.created_by
    else:
        dossier, manager = made or make_dossier(complete=complete, **fields)
    now = timezone.now()
    is_taken = state not in UNTAKEN_STATES
    candidature = Candidature.objects.create(
        enrolment=dossier.enrolment,
        dossier=dossier,
        state=state,
        applied_by=manager,
        applied_at=now,
        referent=(referent or make_agent(Role.LISTING_TEAM)) if is_taken else None,
        taken_at=now if is_taken else None,
        admissible_at=now if state in ADMISSIBLE_STATES else None,
        concluded_at=now if state in CONCLUDED_STATES else None,
        proposal=Proposal.FAVOURABLE if state in CONCLUDED_STATES else "",
        has_exchange=has_exchange,
        organisation_name=dossier.enrolment.product.organisation.name,
        searchable=f"{dossier.enrolment.label} {dossier.enrolment.product.organisation.name} {dossier.reference}",
    )
    if state in ADMISSIBLE_STATES:
        for position, questionnaire in enumerate(read_payload(dossier)["questionnaires"]):
            expert = (experts or {}).get(questionnaire["code"])
            ThemeReview.objects.create(
                candidature=candidature,
                theme=questionnaire["code"],
                position=position,
                expert=expert,
                assigned_at=now if expert else None,
            )
    standing.refresh(candidature)
    return candidature, manager


def set_instruction(candidature: Candidature | Enrolment, **settings: Any) -> None:
    """What the démarche decides about its instruction: `checklist=[…]`, `reason_templates={…}`…"""
    enrolment = candidature.enrolment if isinstance(candidature, Candidature) else candidature
    demarche = enrolment.demarche
    demarche.settings = {**demarche.settings, "instruction": {**demarche.settings.get("instruction", {}), **settings}}
    demarche.save(update_fields=["settings"])


def conclude_themes(candidature: Candidature, by: User) -> None:
    """Every criterion judged as it stands, except those that have a verdict; every theme concluded."""
    now = timezone.now()
    judged = set(candidature.verdicts.values_list("criterion", flat=True))
    Verdict.objects.bulk_create(
        Verdict(
            candidature=candidature,
            theme=each.theme,
            criterion=each.code,
            outcome=Outcome.COMPLIANT,
            content_sha256=each.content_sha256,
            by=by,
            at=now,
        )
        for each in load_criteria(candidature, opened=True)
        if each.code not in judged
    )
    ThemeReview.objects.filter(candidature=candidature).update(concluded_at=now, concluded_by=by)
