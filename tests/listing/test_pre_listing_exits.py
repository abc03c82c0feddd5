"""Each exit of a pre-listing, with its distributors unfrozen, frozen, applied and listed (A-23, BR-203, BR-204)."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.workflow import fire
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from questionnaires.models import Recovery
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature, CandidatureEvent
from referencing.candidature.services.applying import find_blockers
from referencing.candidature.services.prelisting import expire_pre_listings, leave
from referencing.dossier.models import Dossier
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import AttachmentState, PreListingState
from referencing.enrolment.models import AttachmentRequest, PreListing
from referencing.listing.enums import ListingState
from referencing.listing.models import Listing, ProducerReview
from referencing.listing.services.producer_reviews import close_review
from tests.candidature.factories import make_candidature
from tests.dossier.white_label import answer_own, make_distributor, make_solution
from tests.factories import make_agent
from tests.listing.factories import make_listed

pytestmark = pytest.mark.django_db

EXITS = ["suspend", "replace", "revoke", "withdraw", "expire"]
each_exit = pytest.mark.parametrize("exit_", EXITS)


def leave_by(exit_, solution):
    """The pre-listing leaves as it does in life: by its service, its beat, or the next one."""
    pre_listing = PreListing.objects.get(pk=solution.pre_listing.pk)
    match exit_:
        case "suspend" | "revoke":
            leave(pre_listing_id=pre_listing.pk, step=exit_, reason="Faille.", actor=make_agent(Role.LISTING_TEAM))
        case "withdraw":
            leave(pre_listing_id=pre_listing.pk, step=exit_, reason="Arrêt.", actor=solution.manager)
        case "expire":
            PreListing.objects.filter(pk=pre_listing.pk).update(expires_on=timezone.localdate())
            expire_pre_listings(at=timezone.now() + timedelta(days=1))
        case "replace":
            fire(pre_listing, "replace", actor=None, at=timezone.now())
    pre_listing.refresh_from_db()
    assert pre_listing.state != PreListingState.ACTIVE


def freeze(solution):
    enrolment, manager = make_distributor(solution)
    answer_own(enrolment)
    return generate_dossier(enrolment_id=enrolment.pk, actor=manager), manager


def content_of(dossier):
    row = Dossier.objects.get(pk=dossier.pk)
    return bytes(row.payload), sorted(row.recovered_values.values_list("criterion", "commitment"))


@pytest.fixture
def solution():
    return make_solution()


@pytest.mark.rule("A-23")
@each_exit
def test_unfrozen_answers_itself_and_must_validate_anew(solution, exit_, django_capture_on_commit_callbacks):
    enrolment, manager = make_distributor(solution)
    answer_own(enrolment)

    with django_capture_on_commit_callbacks(execute=True):
        leave_by(exit_, solution)

    assert not Recovery.objects.filter(response=enrolment.response_id).exists()
    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    assert {each.code for each in refusal.value.blockers} == {"questionnaire_missing"}
    told = Notification.objects.filter(recipient=manager, kind="Solution marque blanche").latest("pk").content
    assert told.startswith("Répondez vous-même")


@pytest.mark.rule("A-23", "BR-204")
@each_exit
def test_frozen_keeps_its_values_and_applies_with_a_warning(solution, exit_, django_capture_on_commit_callbacks):
    dossier, manager = freeze(solution)
    before = content_of(dossier)

    leave_by(exit_, solution)
    codes = {each.code for each in find_blockers(dossier.enrolment, dossier)}

    assert content_of(dossier) == before
    assert before[1]
    assert not codes & {"not_attached", "attachment_pending"}
    verifier = make_agent(Role.LISTING_TEAM)
    candidature = Candidature(dossier=dossier, enrolment=dossier.enrolment, applied_by=manager)
    with django_capture_on_commit_callbacks(execute=True):
        fire(candidature, "apply", actor=manager, at=timezone.now())
    assert CandidatureEvent.objects.filter(kind="producer_left", is_internal=True).count() == 1
    assert Notification.objects.filter(recipient=verifier, content__startswith="Appréciez la suite").exists()


@pytest.mark.rule("A-23")
@each_exit
def test_applied_goes_on_and_warns_the_verifier(solution, exit_, django_capture_on_commit_callbacks):
    dossier, manager = freeze(solution)
    verifier = make_agent(Role.LISTING_TEAM)
    candidature, _ = make_candidature(CandidatureState.EVALUATION, made=(dossier, manager), referent=verifier)
    before = content_of(dossier)

    with django_capture_on_commit_callbacks(execute=True):
        leave_by(exit_, solution)

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.EVALUATION
    assert content_of(dossier) == before
    event = CandidatureEvent.objects.get(candidature=candidature, kind="producer_left")
    assert event.is_internal
    assert Notification.objects.filter(recipient=verifier, content__startswith="Appréciez la suite").count() == 1
    assert not Notification.objects.filter(recipient=manager, content__startswith="Appréciez").exists()


@pytest.mark.rule("A-23", "BR-203")
@each_exit
def test_listed_stays_and_is_reviewed_in_ninety_days(solution, exit_, django_capture_on_commit_callbacks):
    dossier, manager = freeze(solution)
    make_listed(made=(dossier, manager))
    verifier = make_agent(Role.LISTING_TEAM)

    with django_capture_on_commit_callbacks(execute=True):
        leave_by(exit_, solution)

    review = ProducerReview.objects.get()
    assert review.listing.enrolment_id == dossier.enrolment_id
    assert review.due_on == timezone.localdate() + timedelta(days=90)
    assert review.listing.state == ListingState.LISTED
    for person in (verifier, manager):
        assert Notification.objects.filter(recipient=person, content__contains="n’est plus pré-référencée").exists()


def test_a_solution_suspended_then_revoked_is_reviewed_once(solution):
    dossier, manager = freeze(solution)
    make_listed(made=(dossier, manager))

    leave_by("suspend", solution)
    leave_by("revoke", solution)

    assert ProducerReview.objects.count() == 1


def test_nobody_else_is_concerned(solution):
    """A distributor that answered everything itself, and a service of its own, are left alone."""
    enrolment, _ = make_distributor(solution, is_accepted=False)
    make_listed()

    leave_by("revoke", solution)

    assert not ProducerReview.objects.exists()
    assert not CandidatureEvent.objects.filter(kind="producer_left").exists()
    assert AttachmentRequest.objects.get(enrolment=enrolment).state == AttachmentState.CANCELLED


class TestReview:
    @pytest.fixture
    def review(self, solution):
        dossier, manager = freeze(solution)
        make_listed(made=(dossier, manager))
        leave_by("revoke", solution)
        return ProducerReview.objects.select_related("listing").get()

    @pytest.fixture
    def verifier(self):
        return make_agent(Role.LISTING_TEAM)

    @pytest.mark.rule("BR-203")
    def test_it_is_found_closed_and_shown(self, client, review, verifier):
        client.force_login(verifier)
        listed = client.get(reverse("listing:life_list"), {"voir": "revues"}).content.decode()
        page = reverse("listing:life_detail", args=[review.listing_id])
        close = reverse("listing:producer_review_close", args=[review.pk])
        assert page in listed
        assert close in client.get(page).content.decode()
        assert client.post(close, {"outcome": ""}).status_code == 422

        client.post(close, {"outcome": "Les réponses propres sont conformes."})

        review.refresh_from_db()
        assert (review.closed_by, review.outcome) == (verifier, "Les réponses propres sont conformes.")
        assert close not in client.get(page).content.decode()

    def test_once_with_its_outcome_by_the_listing_team(self, review, verifier):
        with pytest.raises(TransitionRefused) as refusal:
            close_review(review_id=review.pk, outcome=" ", actor=verifier)
        assert [each.code for each in refusal.value.blockers] == ["outcome"]
        with pytest.raises(PermissionDenied):
            close_review(review_id=review.pk, outcome="Vu.", actor=make_agent(Role.MINISTRY))
        close_review(review_id=review.pk, outcome="Vu.", actor=verifier)
        with pytest.raises(TransitionRefused) as refusal:
            close_review(review_id=review.pk, outcome="Vu.", actor=verifier)
        assert [each.code for each in refusal.value.blockers] == ["closed"]

    def test_database_keeps_one_open(self, review):
        with pytest.raises(IntegrityError, match="producer_review_one_open"), transaction.atomic():
            ProducerReview.objects.create(
                listing=Listing.objects.get(pk=review.listing_id),
                pre_listing=review.pre_listing,
                opened_at=timezone.now(),
                due_on=timezone.localdate(),
            )
