"""What was asked of the editor, in the state that a test needs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from referencing.candidature.enums import CandidatureState, RequestKind
from referencing.candidature.models import Candidature, ComplementRequest, NonConformity
from referencing.candidature.services import open_non_conformity, open_request, save_item
from referencing.dossier.models import Dossier
from referencing.dossier.services import generate_dossier
from tests.candidature.factories import make_candidature
from tests.dossier.factories import make_signed_enrolment
from tests.factories import make_agent
from tests.questionnaires.factories import finish, orient

#: Criteria of the small grid: two with levels, of one theme, then one of each other kind.
LEVELS, OTHER, COMPLIANCE, EVIDENCE, DOCUMENTS = "A06.1.2", "A06.1.3", "DEV.1.1", "DEV.1.2", "RGPD.1"


def in_days(number: int) -> date:
    return timezone.localdate() + timedelta(days=number)


def make_file(*, complete: bool = False, **fields: Any) -> tuple[Candidature, User, User]:
    """A file in evaluation, a mandataire of its organisation, and its référent.

    It holds interoperability alone, answered in a moment; with `complete`, every questionnaire and its evidence.
    """
    made = None if complete else make_quick_dossier()
    candidature, editor = make_candidature(CandidatureState.EVALUATION, made=made, **fields)
    assert candidature.referent is not None
    return candidature, editor, candidature.referent


def make_quick_dossier(**fields: Any) -> tuple[Dossier, User]:
    """Two criteria, no evidence."""
    enrolment, manager = make_signed_enrolment(**fields)
    orient(enrolment.response, Q3=["mesures"])
    finish(enrolment.response, "interoperabilite", {LEVELS: {"level": "2"}, OTHER: {"level": "1"}})
    return generate_dossier(enrolment_id=enrolment.pk, actor=manager), manager


def ask(candidature: Candidature, *codes: str, actor: User | None = None, due_in: int = 10) -> ComplementRequest:
    """A request of the référent on those criteria."""
    return open_request(
        candidature_id=candidature.pk,
        kind=RequestKind.CRITERIA,
        items=[(code, f"Précisez {code}.") for code in codes],
        text="Il nous manque des éléments.",
        due_on=in_days(due_in),
        actor=actor or candidature.referent or make_agent(Role.LISTING_TEAM),
    )


def make_overdue(request: ComplementRequest, *, days: int = 1) -> ComplementRequest:
    """As if the day had passed."""
    ComplementRequest.objects.filter(pk=request.pk).update(due_on=in_days(-days))
    request.refresh_from_db()
    return request


def write(request: ComplementRequest, code: str, *, actor: User, comment: str = "Voici.", **answer: Any) -> None:
    """The buffer of one item."""
    item = request.items.get(code=code)
    save_item(item_id=item.pk, answer=answer, comment=comment, base_version=item.version, actor=actor)


def open_gap(
    candidature: Candidature, criterion: str = LEVELS, severity: str = "major", **fields: Any
) -> NonConformity:
    values = {"rationale": "Ce critère n’est pas tenu.", "due_on": in_days(10), "actor": candidature.referent}
    return open_non_conformity(
        candidature_id=candidature.pk, criterion=criterion, severity=severity, **(values | fields)
    )
