"""Whether the convention of a service binds the three parties (A-03, A-04): a condition of publication (T34)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from convergence.interests.selectors import conflicting_organisations
from convergence.kernel.errors import Blocker
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.commission.selectors.conflicts import recused_on
from referencing.convention.enums import AnnexState, ConventionState
from referencing.convention.models import Annex, Convention
from referencing.decision.enums import Party
from referencing.decision.models import Countersignature
from referencing.decision.rules import reads_decisions
from referencing.decision.selectors.current import current_decision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convergence.accounts.models import User
    from referencing.enrolment.models import Enrolment

PARTY_WORDS = {Party.MINISTER: "le ministre chargé de la santé", Party.CNAM: "la Cnam"}
#: From the decision on: before it, there is nothing to countersign.
COUNTERSIGNED_STATES = [CandidatureState.APPROVED, CandidatureState.LISTED]


def reachable_conventions(user: User) -> QuerySet[Convention, Any]:
    """Validated conventions of services that the minister decided to list; for members, those of their organisations."""
    mine = Q(enrolment__product__organisation__in=user.access.organisation_ids)
    decided = Candidature.objects.filter(enrolment=OuterRef("enrolment"), state__in=COUNTERSIGNED_STATES)
    found = Convention.objects.filter(state=ConventionState.VALIDATED)
    if not reads_decisions(user):
        return found.filter(mine)
    barred = Q(enrolment__product__organisation__in=conflicting_organisations(user)) | Q(recused_on(user))
    return found.filter(mine | (Exists(decided) & ~barred))


def awaiting_party(user: User, party: str) -> QuerySet[Convention, Any]:
    """Conventions on which, or on whose annex, this party has not signed yet; the editor did."""
    signed = Countersignature.objects.filter(convention=OuterRef("pk"), party=party)
    annexes = Annex.objects.filter(convention=OuterRef("pk"), state=AnnexState.SIGNED).exclude(
        Exists(Countersignature.objects.filter(annex=OuterRef("pk"), party=party))
    )
    return reachable_conventions(user).filter(~Exists(signed) | Exists(annexes)).order_by("validated_at", "pk")


def covering_annex(convention: Convention, scope: Sequence[dict[str, str]]) -> Annex | None:
    """The newest annex that says exactly these exchanges."""
    wanted = exchanges_of(scope)
    for annex in convention.annexes.current().order_by("-number"):
        if exchanges_of(annex.scope) == wanted:
            return annex
    return None


def exchanges_of(scope: Sequence[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(row["api"], row["direction"], row["purpose"]) for row in scope}


def convention_blockers(enrolment: Enrolment) -> list[Blocker]:
    """What is missing before the convention binds the three parties; empty when it is in force (T34).

    Without exchange there is no annex: the convention itself says that no data passes. Costs five queries at most.
    """
    page = reverse("decision:convention_detail", args=[enrolment.pk])
    convention = Convention.objects.current().filter(enrolment=enrolment, state=ConventionState.VALIDATED).first()
    if convention is None:
        return [Blocker("convention", "La convention n’est pas signée par l’éditeur et validée.", page)]
    signed = set(Countersignature.objects.filter(convention=convention).values_list("party", flat=True))
    blockers = [
        Blocker("convention_countersigned", f"La convention n’est pas signée par {words}.", page)
        for party, words in PARTY_WORDS.items()
        if party not in signed
    ]
    decision = current_decision(enrolment)
    if decision is None or not decision.scope:
        return blockers
    annex = covering_annex(convention, decision.scope)
    if annex is None or annex.state != AnnexState.SIGNED:
        return [*blockers, Blocker("annex", "L’annexe de la convention n’est pas signée par l’éditeur.", page)]
    annexed = set(Countersignature.objects.filter(annex=annex).values_list("party", flat=True))
    return blockers + [
        Blocker("annex_countersigned", f"L’annexe de la convention n’est pas signée par {words}.", page)
        for party, words in PARTY_WORDS.items()
        if party not in annexed
    ]


def convention_in_force(enrolment: Enrolment) -> bool:
    """Whether editor, minister and Cnam have signed the convention and, for a service that exchanges, its annex."""
    return not convention_blockers(enrolment)
