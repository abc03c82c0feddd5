from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit import workflow
from convergence.kernel.errors import TransitionRefused
from questionnaires.enums import Status
from questionnaires.models import Deposit
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services.applying import apply, cancel
from referencing.decision.enums import DecisionKind, DecisionState
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import Cycle
from referencing.listing.enums import ListingState, RenewalState
from referencing.listing.models import DecisionEffect, Listing, Renewal
from referencing.listing.services import publishing
from referencing.listing.services.expiry import expire_listings
from referencing.listing.services.renewal import open_renewals, start_again, start_extension, start_renewal
from tests.candidature.factories import make_candidature
from tests.factories import make_agent, make_member
from tests.listing.factories import countersign, give_opinion, make_listed
from tests.listing.life_factories import make_decision, make_listing, noon
from tests.questionnaires.factories import deposit, finish, orient, row, states

pytestmark = pytest.mark.django_db

SOON = timedelta(days=100)


@pytest.fixture
def ministry():
    return make_agent(Role.MINISTRY)


def refusals(refused):
    return [each.code for each in refused.value.blockers]


def near_end(**fields):
    """A listing 100 days before its end, and its mandataire."""
    return make_listing(
        published_on=timezone.localdate() - timedelta(days=265), ends_on=timezone.localdate() + SOON, **fields
    )


def examined_renewal(*, ends_on, state=ListingState.LISTED, renewal_state=RenewalState.IN_REVIEW):
    """A renewal whose file is with the minister."""
    listing, manager = make_listing(published_on=ends_on - timedelta(days=365), ends_on=ends_on, state=state)
    candidature, _ = make_candidature(CandidatureState.MINISTER, dossier=listing.decision.candidature.dossier)
    Candidature.objects.filter(pk=candidature.pk).update(cycle=Cycle.RENEWAL)
    candidature.refresh_from_db()
    renewal = Renewal.objects.create(
        listing=listing, opened_at=timezone.now(), state=renewal_state, candidature=candidature
    )
    return listing, renewal, candidature, manager


def approve(candidature, ministry, *, signed_on=None):
    decision = make_decision(DecisionKind.RENEWAL, candidature, actor=ministry, signed_on=signed_on)
    workflow.fire(candidature, "approve", actor=ministry)
    return decision


class TestOpening:
    @pytest.mark.rule("A-35")
    def test_beat_opens_it_120_days_before_once(self):
        end = date(2028, 2, 29)
        listing, _ = make_listing(published_on=date(2027, 3, 1), ends_on=end)

        before = open_renewals(at=noon(end - timedelta(days=121)))
        on_the_day = open_renewals(at=noon(end - timedelta(days=120)))
        again = open_renewals(at=noon(end - timedelta(days=3)))

        assert [before, on_the_day, again] == [0, 1, 0]
        assert listing.renewals.get().state == RenewalState.OPEN

    def test_an_outage_is_made_up_for_and_an_expired_one_is_left(self):
        end = date(2028, 2, 29)
        make_listing(published_on=date(2027, 3, 1), ends_on=end)

        assert open_renewals(at=noon(end)) == 1
        Renewal.objects.all().delete()
        assert open_renewals(at=noon(end + timedelta(days=1))) == 0

    @pytest.mark.rule("BR-171")
    def test_a_renewed_listing_is_not_renewed_again(self):
        listing, manager = near_end(renewed_on=timezone.localdate() - timedelta(days=10))

        assert open_renewals(at=timezone.now()) == 0
        with pytest.raises(TransitionRefused) as refused:
            start_renewal(listing_id=listing.pk, actor=manager)

        assert refusals(refused) == ["renewed_once"]

    def test_every_reason_at_once(self):
        listing, manager = make_listing()
        make_candidature(CandidatureState.EVALUATION, dossier=listing.decision.candidature.dossier)

        with pytest.raises(TransitionRefused) as refused:
            start_renewal(listing_id=listing.pk, actor=manager)

        assert refusals(refused) == ["too_early", "open_candidature"]

    def test_a_contributor_does_not_commit_and_a_stranger_finds_nothing(self):
        listing, _ = near_end()
        contributor = make_member(listing.enrolment.product.organisation, MembershipType.SALARIE)

        with pytest.raises(PermissionDenied):
            start_renewal(listing_id=listing.pk, actor=contributor)
        with pytest.raises(Listing.DoesNotExist):
            start_renewal(listing_id=listing.pk, actor=make_listing()[1])

    def test_database_keeps_one_open_and_one_granted(self):
        listing, _ = near_end()
        Renewal.objects.create(listing=listing, opened_at=timezone.now())
        with pytest.raises(IntegrityError, match="renewal_one_open"), transaction.atomic():
            Renewal.objects.create(listing=listing, opened_at=timezone.now())


class TestNewCycle:
    @pytest.mark.rule("OQ-12", "A-35")
    def test_everything_is_validated_again_with_its_answers(self):
        listing, manager = near_end(complete=True)
        enrolment, response = listing.enrolment, listing.enrolment.response
        single = Deposit.objects.get(response=response, evidence_type="questionnaire")

        renewal = start_renewal(listing_id=listing.pk, actor=manager)

        enrolment.refresh_from_db()
        assert (renewal.state, enrolment.cycle) == (RenewalState.STARTED, Cycle.RENEWAL)
        assert states(response)["ethique"] == Status.TO_COMPLETE
        assert row(response, "ethique").answered == row(response, "ethique").total > 0
        single.refresh_from_db()
        assert single.archived_at
        assert single.confirmed_at
        assert "Renouvellement" in single.archive_reason

        with pytest.raises(TransitionRefused) as refused:
            generate_dossier(enrolment_id=enrolment.pk, actor=manager)
        assert refusals(refused) == ["orientation_again", "questionnaire_missing"]

        orient(response)
        finish(response, "interoperabilite")
        partial = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
        assert not partial.is_complete  # ethics and RGPD are not validated again yet

    @pytest.mark.rule("OQ-12")
    def test_a_single_deposit_may_come_again_and_the_old_one_stays(self):
        listing, manager = near_end(complete=True)
        response = listing.enrolment.response
        start_renewal(listing_id=listing.pk, actor=manager)

        orient(response)
        deposit(response, "RGPD.1", "questionnaire")

        rows = Deposit.objects.filter(response=response, evidence_type="questionnaire")
        assert rows.count() == 2
        assert rows.active().count() == 1

    def test_a_dossier_of_an_earlier_cycle_does_not_apply(self):
        listing, manager = near_end(complete=True)
        start_renewal(listing_id=listing.pk, actor=manager)

        with pytest.raises(TransitionRefused) as refused:
            apply(dossier_id=listing.decision.candidature.dossier_id, actor=manager)

        assert "earlier_cycle" in refusals(refused)

    def test_a_listed_service_applies_only_in_a_new_cycle(self):
        listing, manager = near_end(complete=True)

        with pytest.raises(TransitionRefused) as refused:
            apply(dossier_id=listing.decision.candidature.dossier_id, actor=manager)

        assert "cycle_done" in refusals(refused)

    @pytest.mark.rule("A-31")
    def test_a_new_exchange_asks_only_for_the_orientation(self):
        listing, manager = make_listing(complete=True)
        response = listing.enrolment.response

        start_extension(listing_id=listing.pk, actor=manager)

        listing.enrolment.refresh_from_db()
        assert listing.enrolment.cycle == Cycle.EXTENSION
        assert states(response)["ethique"] == Status.DONE
        with pytest.raises(TransitionRefused) as refused:
            generate_dossier(enrolment_id=listing.enrolment_id, actor=manager)
        assert refusals(refused) == ["orientation_again"]
        orient(response)
        dossier = generate_dossier(enrolment_id=listing.enrolment_id, actor=manager)
        candidature = apply(dossier_id=dossier.pk, actor=manager)
        listing.refresh_from_db()
        assert (candidature.cycle, listing.state) == (Cycle.EXTENSION, ListingState.LISTED)

    def test_no_new_exchange_beside_a_renewal(self):
        listing, manager = near_end()
        start_renewal(listing_id=listing.pk, actor=manager)

        with pytest.raises(TransitionRefused) as refused:
            start_extension(listing_id=listing.pk, actor=manager)

        assert refusals(refused) == ["renewal_running"]

    @pytest.mark.rule("OQ-13", "BR-171")
    def test_after_the_renewal_a_full_application(self):
        listing, manager = near_end(renewed_on=timezone.localdate() - timedelta(days=600))

        start_again(listing_id=listing.pk, actor=manager)

        listing.enrolment.refresh_from_db()
        assert (listing.enrolment.cycle, listing.enrolment.cycle_started_at is not None) == (Cycle.FIRST, True)

    def test_a_first_listing_does_not_apply_in_full_again(self):
        listing, manager = near_end()
        with pytest.raises(TransitionRefused) as refused:
            start_again(listing_id=listing.pk, actor=manager)
        assert refusals(refused) == ["not_renewed"]


class TestFollowingTheFile:
    def test_applying_puts_it_in_review_and_cancelling_takes_it_back(self):
        listing, manager = near_end(complete=True)
        response = listing.enrolment.response
        renewal = start_renewal(listing_id=listing.pk, actor=manager)
        orient(response)
        for code in ("interoperabilite", "ethique"):
            finish(response, code)
        single = deposit(response, "RGPD.1", "questionnaire")
        Deposit.objects.filter(pk=single.pk).update(confirmed_at=timezone.now())
        finish(response, "rgpd")
        dossier = generate_dossier(enrolment_id=listing.enrolment_id, actor=manager)

        candidature = apply(dossier_id=dossier.pk, actor=manager)
        renewal.refresh_from_db()
        assert (renewal.state, renewal.candidature_id) == (RenewalState.IN_REVIEW, candidature.pk)

        cancel(candidature_id=candidature.pk, actor=manager)
        renewal.refresh_from_db()
        assert renewal.state == RenewalState.STARTED

    def test_a_file_that_ends_after_the_listing_leaves_nothing_to_wait_for(self):
        today = timezone.localdate()
        _listing, renewal, candidature, manager = examined_renewal(ends_on=today - timedelta(days=1))
        expire_listings(at=timezone.now())

        workflow.fire(candidature, "withdraw", actor=manager, at=timezone.now())

        renewal.refresh_from_db()
        assert renewal.state == RenewalState.LAPSED

    @pytest.mark.rule("BR-171", "A-35")
    def test_decided_before_the_end_adds_two_years_to_it(self, ministry):
        end = timezone.localdate() + SOON
        listing, renewal, candidature, _ = examined_renewal(ends_on=end)

        decision = approve(candidature, ministry)

        listing.refresh_from_db()
        renewal.refresh_from_db()
        candidature.refresh_from_db()
        assert (listing.ends_on.year, listing.state) == (end.year + 2, ListingState.LISTED)
        assert (renewal.state, listing.decision) == (RenewalState.GRANTED, decision)
        assert candidature.state == CandidatureState.LISTED
        assert listing.renewed_on == timezone.localdate()

    @pytest.mark.rule("A-35")
    def test_the_end_comes_first_it_expires_that_day_and_the_review_goes_on(self, ministry):
        today = timezone.localdate()
        listing, renewal, candidature, _ = examined_renewal(ends_on=today - timedelta(days=3))
        expire_listings(at=timezone.now())
        listing.refresh_from_db()
        renewal.refresh_from_db()
        assert (listing.state, renewal.state) == (ListingState.EXPIRED, RenewalState.IN_REVIEW)

        approve(candidature, ministry)

        renewal.refresh_from_db()
        listing.refresh_from_db()
        assert (renewal.state, listing.state) == (RenewalState.TO_REPUBLISH, ListingState.EXPIRED)

    @pytest.mark.rule("A-35", "BR-161")
    def test_decided_late_two_years_run_from_the_republication(self, ministry):
        today = timezone.localdate()
        entry = make_listed(published_on=today - timedelta(days=400), ends_on=today - timedelta(days=30))
        listing = entry.listing
        candidature, _ = make_candidature(CandidatureState.MINISTER, dossier=listing.decision.candidature.dossier)
        Candidature.objects.filter(pk=candidature.pk).update(cycle=Cycle.RENEWAL)
        candidature.refresh_from_db()
        give_opinion(candidature)
        countersign(candidature)
        renewal = Renewal.objects.create(
            listing=listing, opened_at=timezone.now(), state=RenewalState.IN_REVIEW, candidature=candidature
        )
        expire_listings(at=timezone.now())
        decision = approve(candidature, ministry)
        team = make_agent(Role.LISTING_TEAM)

        with pytest.raises(TransitionRefused) as refused:
            publishing.publish(candidature_id=candidature.pk, actor=team)
        assert refusals(refused) == ["notification"]
        workflow.fire(decision, "notify", actor=None, at=timezone.now())
        published = publishing.publish(candidature_id=candidature.pk, actor=team)

        renewal.refresh_from_db()
        entry.refresh_from_db()
        assert published.pk == listing.pk
        assert (published.ends_on.year, published.state) == (today.year + 2, ListingState.LISTED)
        assert (renewal.state, entry.is_listed, entry.ends_on) == (RenewalState.GRANTED, True, published.ends_on)

    @pytest.mark.rule("A-35")
    def test_an_act_signed_in_time_counts_from_the_old_end(self, ministry):
        today = timezone.localdate()
        end = today - timedelta(days=2)
        listing, _renewal, candidature, _ = examined_renewal(ends_on=end)
        expire_listings(at=timezone.now())

        approve(candidature, ministry, signed_on=end)

        listing.refresh_from_db()
        assert (listing.state, listing.ends_on.year) == (ListingState.LISTED, end.year + 2)

    @pytest.mark.rule("A-35")
    @pytest.mark.parametrize("state", [ListingState.SUSPENDED, ListingState.WITHDRAWN])
    def test_a_suspended_or_withdrawn_service_is_not_renewed(self, ministry, state):
        _listing, _renewal, candidature, _ = examined_renewal(ends_on=timezone.localdate() + SOON, state=state)

        with pytest.raises(TransitionRefused) as refused, transaction.atomic():
            approve(candidature, ministry)

        assert refusals(refused) == ["suspended" if state == ListingState.SUSPENDED else "withdrawn"]

    @pytest.mark.rule("A-35")
    def test_suspended_then_expired_is_not_renewed_either(self, ministry):
        _listing, _renewal, candidature, _ = examined_renewal(
            ends_on=timezone.localdate() - timedelta(days=1), state=ListingState.SUSPENDED
        )
        expire_listings(at=timezone.now())
        with pytest.raises(TransitionRefused) as refused, transaction.atomic():
            approve(candidature, ministry)
        assert refusals(refused) == ["suspended"]

    def test_refused_leaves_the_end_where_it_is(self, ministry):
        end = timezone.localdate() + SOON
        listing, renewal, candidature, _ = examined_renewal(ends_on=end)
        make_decision(DecisionKind.REFUSAL, candidature, actor=ministry)

        workflow.fire(candidature, "refuse", actor=ministry, at=timezone.now())

        renewal.refresh_from_db()
        listing.refresh_from_db()
        assert (renewal.state, listing.ends_on) == (RenewalState.REFUSED, end)

    @pytest.mark.rule("A-33")
    def test_a_refusal_sent_back_is_examined_again(self, ministry):
        _, renewal, candidature, _ = examined_renewal(ends_on=timezone.localdate() + SOON)
        make_decision(DecisionKind.REFUSAL, candidature, actor=ministry)
        workflow.fire(candidature, "refuse", actor=ministry, at=timezone.now())

        workflow.fire(candidature, "reconsider", actor=ministry)

        renewal.refresh_from_db()
        assert (renewal.state, renewal.decision) == (RenewalState.IN_REVIEW, None)

    @pytest.mark.rule("A-33", "BR-171")
    def test_an_annulled_renewal_gives_the_old_end_and_decision_back(self, ministry):
        end = timezone.localdate() + SOON
        listing, renewal, candidature, _ = examined_renewal(ends_on=end)
        before = listing.decision_id
        decision = approve(candidature, ministry)

        workflow.fire(decision, "annul", actor=ministry, at=timezone.now())

        listing.refresh_from_db()
        renewal.refresh_from_db()
        assert (listing.ends_on, listing.decision_id, listing.renewed_on) == (end, before, None)
        assert renewal.state == RenewalState.LAPSED
        assert DecisionEffect.objects.get(decision=decision).undone_at

    @pytest.mark.rule("A-31", "A-33")
    def test_a_new_scope_takes_the_listing_and_falls_back_when_annulled(self, ministry):
        entry = make_listed()
        listing = entry.listing
        candidature, _ = make_candidature(CandidatureState.APPROVED, dossier=listing.decision.candidature.dossier)
        Candidature.objects.filter(pk=candidature.pk).update(cycle=Cycle.EXTENSION)
        give_opinion(candidature)
        countersign(candidature)
        old, end = listing.decision_id, listing.ends_on
        decision = make_decision(DecisionKind.LISTING, candidature, actor=ministry, state=DecisionState.NOTIFIED)

        publishing.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))
        listing.refresh_from_db()
        assert (listing.decision_id, listing.ends_on) == (decision.pk, end)

        workflow.fire(decision, "annul", actor=ministry, at=timezone.now())
        listing.refresh_from_db()
        assert (listing.decision_id, listing.state) == (old, ListingState.LISTED)
