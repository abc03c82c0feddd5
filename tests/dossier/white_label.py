"""A producer whose solution is pre-listed, and distributors that are attached to it, on the small grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from questionnaires.access import AccessPolicy
from questionnaires.models import Deposit
from questionnaires.services import Change, save_answers, set_specificities, validate
from referencing.candidature.services.prelisting import pre_list
from referencing.dossier.models import Dossier
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import AttachmentState, WhiteLabelRole
from referencing.enrolment.inheritance import take_over
from referencing.enrolment.models import AttachmentRequest, Enrolment, PreListing
from tests.candidature.factories import conclude_themes, make_candidature
from tests.dossier.factories import make_signed_enrolment
from tests.factories import OrganisationFactory, make_agent
from tests.questionnaires.factories import FULL_ACCESS, deposit, orient

PRODUCER_ACCESS = AccessPolicy(
    owner_key="test:producer", may_read=True, may_write=True, may_validate=True, asks_specificity=True
)
#: What the producer of `make_solution` says of its criteria: A06.1.2 and DEV.1.2 are offered, DEV.1.1 is not.
SPECIFIC = {"A06.1.2": False, "DEV.1.1": True, "DEV.1.2": False}


@dataclass(frozen=True, slots=True)
class Solution:
    """A pre-listed solution and what stands behind it."""

    enrolment: Enrolment
    manager: User
    dossier: Dossier
    pre_listing: PreListing
    deposit: Deposit


def make_solution(
    *,
    comment: str = "",
    specific: dict[str, bool] | None = None,
    upload: Any = None,
    number: str = "63.2",
    **answers: Any,
) -> Solution:
    """A producer’s solution, answered (interoperability and ethics), examined and pre-listed (A-23)."""
    said = specific or SPECIFIC
    enrolment, manager = make_signed_enrolment(organisation=OrganisationFactory())
    Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.PRODUCER)
    enrolment.refresh_from_db()
    orient(enrolment.response, **answers)
    given = {
        "interoperabilite": {"A06.1.2": {"level": "2"}},
        "ethique": {"DEV.1.1": {"compliance": "conforme", "number": number}, "DEV.1.2": {"compliance": "conforme"}},
    }
    proof = deposit(enrolment.response, "DEV.1.2", "declaration", upload=upload)
    for questionnaire, values in given.items():
        _produce(enrolment, manager, questionnaire, values, comment=comment, said=said)
    return pre_list_solution(enrolment, manager, proof)


def pre_list_solution(enrolment: Enrolment, manager: User, proof: Deposit) -> Solution:
    """What a producer validated, frozen, examined and pre-listed; `proof` is one of its deposits."""
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    verifier = make_agent(Role.LISTING_TEAM)
    candidature, _ = make_candidature(made=(dossier, manager), referent=verifier)
    conclude_themes(candidature, verifier)
    pre_listing = pre_list(candidature_id=candidature.pk, expires_on=None, actor=verifier)
    return Solution(enrolment, manager, dossier, pre_listing, proof)


def _produce(
    enrolment: Enrolment,
    manager: User,
    questionnaire: str,
    values: dict[str, dict[str, str]],
    *,
    comment: str,
    said: dict[str, bool],
) -> None:
    now = timezone.now()
    common: dict[str, Any] = {
        "response": enrolment.response,
        "questionnaire": questionnaire,
        "actor": manager,
        "at": now,
    }
    changes = {code: Change(value=value, comment=comment) for code, value in values.items()}
    save_answers(**common, changes=changes, access=PRODUCER_ACCESS)
    choices = {code: said[code] for code in values}
    set_specificities(**common, choices=choices, access=PRODUCER_ACCESS)
    validate(**common, access=PRODUCER_ACCESS)


def make_distributor(solution: Solution, *, is_accepted: bool = True, **fields: Any) -> tuple[Enrolment, User]:
    """A distributor whose convention is validated, attached to the solution; everything that it offers is recovered."""
    enrolment, manager = make_signed_enrolment(organisation=fields.pop("organisation", None) or OrganisationFactory())
    Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.DISTRIBUTOR)
    enrolment.refresh_from_db()
    attach(enrolment, solution, manager, is_accepted=is_accepted)
    return enrolment, manager


def attach(enrolment: Enrolment, solution: Solution, manager: User, *, is_accepted: bool = True) -> AttachmentRequest:
    now = timezone.now()
    attachment = AttachmentRequest.objects.create(
        enrolment=enrolment,
        pre_listing=solution.pre_listing,
        state=AttachmentState.ACCEPTED if is_accepted else AttachmentState.PENDING,
        told_organisation=enrolment.product.organisation.name,
        told_product=enrolment.label,
        requested_by=manager,
        requested_at=now,
        expires_on=(now + timedelta(days=30)).date(),
        answered_by=solution.manager if is_accepted else None,
        answered_at=now if is_accepted else None,
    )
    if is_accepted:
        take_over(enrolment=enrolment, pre_listing=solution.pre_listing, actor=solution.manager, at=now)
    return attachment


def answer_own(enrolment: Enrolment, **answers: Any) -> None:
    """The distributor’s orientation, its own écoscore, and both questionnaires validated."""
    actor = enrolment.created_by
    orient(enrolment.response, actor=actor, **answers)
    now = timezone.now()
    save_answers(
        response=enrolment.response,
        questionnaire="ethique",
        changes={"DEV.1.1": Change(value={"compliance": "conforme", "number": "41"})},
        actor=actor,
        at=now,
        access=FULL_ACCESS,
    )
    for questionnaire in ("interoperabilite", "ethique"):
        validate(response=enrolment.response, questionnaire=questionnaire, actor=actor, at=now, access=FULL_ACCESS)
