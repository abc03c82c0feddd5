"""A link of interest declared late takes its declarer off the files that it touches (A-21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Value
from django.urls import reverse

from convergence.accounts.models import User
from convergence.database.search import Fold
from convergence.interests import services as interests
from convergence.interests.selectors import conflicting_organisations
from convergence.kernel.errors import Blocker
from referencing.candidature import interest_notices
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature, CandidatureQuerySet, TestCampaign, ThemeReview, Verdict
from referencing.candidature.services import standing
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from convergence.interests.core import InterestLine
    from convergence.interests.models import InterestDeclaration


@transaction.atomic
def declare_interests(
    *, person: User, lines: Sequence[InterestLine], has_none: bool = False, at: datetime
) -> InterestDeclaration:
    """Declare, then withdraw the person from every open file of the organisations concerned (A-21).

    Of such a file the person is no longer référent nor expert; themes under evaluation that the person concluded or gave
    its visa to are open again, own verdicts are to be read again, and the listing team learns that somebody else is needed.
    Raises what `convergence.interests.services.declare` raises.
    """
    declaration = interests.declare(person=person, lines=lines, has_none=has_none, at=at)
    for candidature in touched_files(person).locked().order_by("pk"):
        _withdraw_from(candidature, person)
    return declaration


def find_obstacles(candidature: Candidature, *, person: User, at: datetime) -> list[Blocker]:
    """Why the person may not be given the file, each with the address where interests are declared (A-21)."""
    page = reverse("candidature:interest_list")
    found = interests.find_obstacles(person=person, organisation=candidature.enrolment.product.organisation, at=at)
    return [replace(blocker, anchor=page) for blocker in found]


def touched_files(person: User) -> CandidatureQuerySet:
    """Open files on which the person works or judged, of organisations that a declared link bars."""
    return _worked_on(person).filter(enrolment__product__organisation__in=conflicting_organisations(person))


def files_named_by(person: User, lines: Sequence[InterestLine]) -> CandidatureQuerySet:
    """Open files that the person would leave by declaring these links."""
    chosen = Q(organisation__in=[line.organisation_id for line in lines if line.organisation_id])
    named = Q(folded_name__in=[Fold(Value(line.name)) for line in lines])
    return (
        _worked_on(person)
        .alias(
            organisation=F("enrolment__product__organisation"),
            folded_name=Fold("enrolment__product__organisation__name"),
        )
        .filter(chosen | named)
        .order_by("applied_at", "pk")
    )


def _worked_on(person: User) -> CandidatureQuerySet:
    own_reviews = ThemeReview.objects.filter(candidature=OuterRef("pk")).filter(_of_review(person))
    own_verdicts = Verdict.objects.filter(candidature=OuterRef("pk"), needs_rereading=False).filter(
        Q(by=person) | Q(visa_by=person)
    )
    own_campaigns = TestCampaign.objects.live().filter(candidature=OuterRef("pk"), coach=person)
    files: CandidatureQuerySet = (
        Candidature.objects.open()
        .filter(Q(referent=person) | Exists(own_reviews) | Exists(own_verdicts) | Exists(own_campaigns))
        .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier", "referent")
    )
    return files


def _of_review(person: User) -> Q:
    return Q(expert=person) | Q(concluded_by=person) | Q(visa_by=person)


def _withdraw_from(candidature: Candidature, person: User) -> None:
    reviews = list(ThemeReview.objects.filter(candidature=candidature).filter(_of_review(person)).order_by("position"))
    themes = [review.theme for review in reviews if review.expert_id == person.pk]
    for review in reviews:
        if review.expert_id == person.pk:
            review.expert = review.assigned_at = None
        # Once the whole instruction is concluded, the listing team decides whether to open it again.
        if candidature.state == CandidatureState.EVALUATION:
            review.visa_by = review.visa_at = None
            if review.concluded_by_id == person.pk:
                review.concluded_by = review.concluded_at = None
        review.save()
    verdicts = Verdict.objects.filter(candidature=candidature)
    count = verdicts.filter(by=person, needs_rereading=False).update(needs_rereading=True)
    verdicts.filter(visa_by=person).update(visa_by=None, visa_at=None)
    was_coach = bool(TestCampaign.objects.live().filter(candidature=candidature, coach=person).update(coach=None))
    was_referent = candidature.referent_id == person.pk
    if was_referent:
        candidature.referent = None
        candidature.save(update_fields=["referent"])
    tell(
        candidature,
        "interest_declared",
        actor=person,
        internal=True,
        subject=candidature,
        data={
            "person": str(person),
            "was_referent": was_referent,
            "was_coach": was_coach,
            "themes": themes,
            "verdicts": count,
        },
    )
    standing.refresh(candidature)
    transaction.on_commit(
        partial(
            interest_notices.somebody_is_needed,
            candidature,
            person=person,
            was_referent=was_referent,
            themes=themes,
            verdicts=count,
        )
    )
