from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit import workflow
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.decision.enums import DecisionKind, DecisionState
from referencing.decision.services import sign_decision
from referencing.enrolment.enums import Cycle
from referencing.listing.enums import AuditState, Condition, ListingState
from referencing.listing.models import CatalogueEntry, DecisionEffect, FormalNotice, Listing, Procedure
from referencing.listing.services.audits import open_audit
from referencing.listing.services.effects import apply_waiting
from referencing.listing.services.expiry import expire_listings
from referencing.listing.services.leaving import follow_unpublished, withdraw_service
from referencing.listing.services.sanctions import (
    draft_measure,
    draft_relief,
    drop_procedure,
    follow_formal_notices,
    give_observations,
    open_procedure,
    propose,
)
from tests.decision.factories import make_signatory
from tests.factories import make_agent, make_member
from tests.listing.factories import make_approved, make_listed
from tests.listing.life_factories import examined, make_decision, make_listing, make_sanction, noon, sign

pytestmark = pytest.mark.django_db


def codes(refused):
    return [each.code for each in refused.value.blockers]


@pytest.fixture
def ministry():
    return make_agent(Role.MINISTRY)


@pytest.fixture
def listed():
    return make_listing()


def opened(listing, ministry, kind=DecisionKind.SUSPENSION, **fields):
    return open_procedure(
        **{
            "listing_id": listing.pk,
            "kind": kind,
            "condition": Condition.CRITERIA,
            "facts": "Le chiffrement des données n’est plus actif.",
            "actor": ministry,
            **fields,
        }
    )


class TestProcedure:
    @pytest.mark.rule("A-02", "OQ-16")
    def test_the_editor_has_fifteen_days(self, listed, ministry, django_capture_on_commit_callbacks):
        listing, manager = listed
        with django_capture_on_commit_callbacks(execute=True):
            procedure = opened(listing, ministry)
        due = timezone.localdate() + timedelta(days=15)

        assert procedure.observations_due_on == due
        assert "observations" in Notification.objects.get(recipient=manager).content
        with pytest.raises(TransitionRefused) as refused:
            draft_measure(procedure_id=procedure.pk, reasons="Motifs.", actor=ministry, at=noon(due))
        assert codes(refused) == ["hearing"]

        decision = draft_measure(
            procedure_id=procedure.pk, reasons="Motifs.", actor=ministry, at=noon(due + timedelta(days=1))
        )
        assert (decision.kind, decision.terms["listing"]) == (DecisionKind.SUSPENSION, str(listing.pk))
        assert decision.terms["invited_on"] == timezone.localdate().isoformat()

    @pytest.mark.rule("A-02")
    def test_heard_earlier_it_is_decided_earlier(self, listed, ministry):
        listing, manager = listed
        procedure = opened(listing, ministry)

        given = give_observations(
            procedure_id=procedure.pk, text="Le chiffrement est rétabli.", documents=[examined()], actor=manager
        )

        assert given.attachment.name == "plan.pdf"
        assert draft_measure(procedure_id=procedure.pk, reasons="Motifs.", actor=ministry).state == DecisionState.DRAFT
        with pytest.raises(TransitionRefused) as refused:
            give_observations(procedure_id=procedure.pk, text="Encore.", actor=manager)
        assert codes(refused) == ["closed"]
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            Procedure.objects.filter(pk=procedure.pk).update(observations="Rien.")

    @pytest.mark.rule("A-02", "OQ-16")
    def test_urgency_skips_the_hearing_with_its_reason(self, listed, ministry):
        procedure = opened(listed[0], ministry, urgency="Des données de santé sont publiques.")

        decision = draft_measure(procedure_id=procedure.pk, reasons="Motifs.", actor=ministry)

        assert decision.terms["urgency"] == "Des données de santé sont publiques."

    @pytest.mark.rule("A-02", "BR-175")
    def test_only_the_ministry_and_with_every_reason(self, listed, ministry):
        listing, manager = listed
        for person in (make_agent(Role.LISTING_TEAM), make_agent(Role.AUDITOR), manager):
            with pytest.raises(PermissionDenied):
                opened(listing, person)
        with pytest.raises(TransitionRefused) as refused:
            opened(listing, ministry, kind="listing", condition="autre", facts=" ")
        assert codes(refused) == ["kind", "condition", "facts"]
        opened(listing, ministry)
        with pytest.raises(TransitionRefused) as refused:
            opened(listing, ministry)
        assert codes(refused) == ["already_open"]

    def test_a_proposed_one_is_hidden_from_the_editor_until_opened(self, listed, ministry):
        listing, manager = listed
        proposed = propose(
            listing=listing,
            kind=DecisionKind.FORMAL_NOTICE,
            condition=Condition.AUDIT,
            facts="Aucune réponse.",
            actor=None,
            at=timezone.now(),
        )
        assert not Procedure.objects.visible_to(manager).exists()
        with pytest.raises(TransitionRefused) as refused:
            draft_measure(procedure_id=proposed.pk, reasons=" ", actor=ministry)
        assert codes(refused) == ["not_open", "reasons", "comply_by"]

        procedure = opened(listing, ministry, kind=DecisionKind.FORMAL_NOTICE)

        assert procedure.pk == proposed.pk
        assert Procedure.objects.visible_to(manager).get() == procedure
        contributor = make_member(listing.enrolment.product.organisation, MembershipType.SALARIE)
        with pytest.raises(PermissionDenied):
            give_observations(procedure_id=procedure.pk, text="Réponse.", actor=contributor)

    def test_dropped_with_its_reason_and_told(self, listed, ministry, django_capture_on_commit_callbacks):
        listing, manager = listed
        procedure = opened(listing, ministry)
        with pytest.raises(TransitionRefused) as refused:
            drop_procedure(procedure_id=procedure.pk, why=" ", actor=ministry)
        assert codes(refused) == ["why"]

        with django_capture_on_commit_callbacks(execute=True):
            drop_procedure(procedure_id=procedure.pk, why="Le chiffrement est rétabli.", actor=ministry)

        procedure.refresh_from_db()
        assert procedure.closed_at
        assert "abandonne" in Notification.objects.filter(recipient=manager).latest("pk").content
        with pytest.raises(TransitionRefused):
            drop_procedure(procedure_id=procedure.pk, why="Encore.", actor=ministry)

    @pytest.mark.rule("A-02", "BR-176")
    def test_from_the_procedure_to_the_signed_suspension(self, ministry):
        """The real signature: the draft carries what the act needs."""
        entry = make_listed()
        listing = entry.listing
        procedure = opened(listing, ministry, urgency="Fuite de données.")
        decision = draft_measure(procedure_id=procedure.pk, reasons="Le service expose des données.", actor=ministry)
        decision.remedies = "Recours dans les deux mois."
        decision.save(update_fields=["remedies"])

        sign_decision(
            decision_id=decision.pk, signatory=make_signatory(), signed_on=timezone.localdate(), actor=ministry
        )

        listing.refresh_from_db()
        entry.refresh_from_db()
        procedure.refresh_from_db()
        assert (listing.state, listing.state_reason) == (ListingState.SUSPENDED, "Le service expose des données.")
        assert not entry.is_listed
        assert procedure.closed_at


class TestEffects:
    @pytest.mark.rule("BR-176", "L8", "L10")
    def test_suspended_then_reinstated(self, ministry, django_capture_on_commit_callbacks):
        entry = make_listed()
        listing = entry.listing
        manager = listing.enrolment.candidatures.first().applied_by
        with django_capture_on_commit_callbacks(execute=True):
            sign(make_sanction(DecisionKind.SUSPENSION, listing, actor=ministry), actor=ministry)

        listing.refresh_from_db()
        assert listing.state == ListingState.SUSPENDED
        assert not CatalogueEntry.objects.filter(is_listed=True).exists()
        assert "suspendu" in Notification.objects.filter(recipient=manager).latest("pk").content
        assert Listing.objects.visible_to(manager).get().state_reason

        sign(
            draft_relief(listing_id=listing.pk, kind="reinstatement", reasons="Corrigé.", actor=ministry),
            actor=ministry,
        )
        listing.refresh_from_db()
        assert (listing.state, listing.state_reason, listing.suspended_at) == (ListingState.LISTED, "", None)
        assert CatalogueEntry.objects.get(listing=listing).is_listed

    @pytest.mark.rule("A-34")
    def test_a_service_is_suspended_in_the_middle_of_an_audit(self, listed, ministry):
        listing, _ = listed
        audit = open_audit(listing_id=listing.pk, motive="Suivi", actor=make_agent(Role.AUDITOR))

        sign(make_sanction(DecisionKind.SUSPENSION, listing, actor=ministry), actor=ministry)

        audit.refresh_from_db()
        listing.refresh_from_db()
        assert (listing.state, audit.state) == (ListingState.SUSPENDED, AuditState.PLANNED)

    @pytest.mark.rule("L9", "BR-175")
    def test_withdrawn_is_the_end_and_a_new_application_follows(self, listed, ministry):
        listing, _ = listed
        audit = open_audit(listing_id=listing.pk, motive="Suivi", actor=make_agent(Role.AUDITOR))

        sign(make_sanction(DecisionKind.WITHDRAWAL, listing, actor=ministry), actor=ministry)

        listing.refresh_from_db()
        audit.refresh_from_db()
        listing.enrolment.refresh_from_db()
        assert (listing.state, audit.state) == (ListingState.WITHDRAWN, AuditState.CANCELLED)
        assert (listing.enrolment.cycle, listing.enrolment.cycle_started_at is not None) == (Cycle.FIRST, True)

    @pytest.mark.rule("A-34", "BR-175")
    def test_a_formal_notice_is_followed_until_it_is_lifted(self, listed, ministry):
        listing, _ = listed
        due = timezone.localdate() + timedelta(days=30)
        sign(
            make_sanction(DecisionKind.FORMAL_NOTICE, listing, actor=ministry, comply_by=due.isoformat()),
            actor=ministry,
        )
        notice = FormalNotice.objects.get()
        assert (notice.comply_by, notice.lifted_at) == (due, None)
        late = noon(due + timedelta(days=1))
        assert [follow_formal_notices(at=each) for each in (noon(due), late, late)] == [0, 1, 0]

        sign(
            draft_relief(listing_id=listing.pk, kind="notice_lifting", reasons="Réglé.", actor=ministry), actor=ministry
        )

        notice.refresh_from_db()
        listing.refresh_from_db()
        assert notice.lifted_at
        assert listing.state == ListingState.LISTED

    @pytest.mark.rule("A-35")
    def test_only_a_dated_decision_prolongs(self, listed, ministry):
        listing, _ = listed
        with pytest.raises(TransitionRefused) as refused:
            draft_relief(
                listing_id=listing.pk, kind="extension", reasons="Délai.", ends_on=listing.ends_on, actor=ministry
            )
        assert codes(refused) == ["ends_on"]
        later = listing.ends_on + timedelta(days=60)

        sign(
            draft_relief(listing_id=listing.pk, kind="extension", reasons="Délai.", ends_on=later, actor=ministry),
            actor=ministry,
        )

        listing.refresh_from_db()
        assert listing.ends_on == later

    def test_a_relief_without_object_is_refused(self, listed, ministry):
        for kind, code in (("reinstatement", "not_suspended"), ("notice_lifting", "no_notice"), ("listing", "kind")):
            with pytest.raises(TransitionRefused) as refused:
                draft_relief(listing_id=listed[0].pk, kind=kind, reasons="Motifs.", actor=ministry)
            assert codes(refused) == [code]

    def test_a_decision_takes_effect_on_its_day_once(self, listed, ministry):
        listing, _ = listed
        day = timezone.localdate() + timedelta(days=10)
        sign(
            make_sanction(DecisionKind.WITHDRAWAL, listing, actor=ministry, effective_on=day.isoformat()),
            actor=ministry,
        )
        listing.refresh_from_db()
        assert listing.state == ListingState.LISTED

        counts = [apply_waiting(at=noon(each)) for each in (day - timedelta(days=1), day + timedelta(days=3), day)]

        listing.refresh_from_db()
        assert (counts, listing.state) == ([0, 1, 0], ListingState.WITHDRAWN)

    def test_a_signature_without_object_is_refused(self, ministry):
        listing, _ = make_listing(state=ListingState.SUSPENDED)
        for kind in (DecisionKind.SUSPENSION, DecisionKind.FORMAL_NOTICE):
            with pytest.raises(TransitionRefused) as refused, transaction.atomic():
                sign(make_sanction(kind, listing, actor=ministry), actor=ministry)
        assert codes(refused) == ["comply_by"]
        assert not DecisionEffect.objects.exists()


class TestCourts:
    @pytest.mark.rule("A-33")
    def test_an_annulled_listing_decision_leaves_the_catalogue(self, ministry):
        entry = make_listed()

        workflow.fire(entry.listing.decision, "annul", actor=ministry, at=timezone.now())

        entry.refresh_from_db()
        assert (Listing.objects.get().state, entry.is_listed) == (ListingState.WITHDRAWN, False)

    @pytest.mark.rule("A-33")
    def test_suspended_by_the_judge_then_resumed(self, listed, ministry):
        listing, _ = listed
        workflow.fire(listing.decision, "court_suspend", actor=ministry)
        listing.refresh_from_db()
        assert listing.state == ListingState.SUSPENDED

        workflow.fire(listing.decision, "court_resume", actor=ministry)

        listing.refresh_from_db()
        assert listing.state == ListingState.LISTED

    @pytest.mark.rule("A-33")
    def test_the_ministry_does_not_undo_what_the_judge_suspended(self, listed, ministry):
        listing, _ = listed
        workflow.fire(listing.decision, "court_suspend", actor=ministry)
        with pytest.raises(TransitionRefused) as refused:
            draft_relief(listing_id=listing.pk, kind="reinstatement", reasons="Motifs.", actor=ministry)
        assert codes(refused) == ["court"]

    @pytest.mark.rule("A-33")
    @pytest.mark.parametrize("kind", [DecisionKind.SUSPENSION, DecisionKind.WITHDRAWAL])
    def test_a_cancelled_sanction_restores_what_is_unexpired(self, listed, ministry, kind):
        listing, _ = listed
        end = listing.ends_on
        decision = sign(make_sanction(kind, listing, actor=ministry), actor=ministry)

        workflow.fire(decision, "annul", actor=ministry, at=timezone.now())

        listing.refresh_from_db()
        assert (listing.state, listing.ends_on) == (ListingState.LISTED, end)

    @pytest.mark.rule("A-33")
    def test_a_cancelled_withdrawal_restores_nothing_past_the_end(self, listed, ministry):
        listing, _ = listed
        decision = sign(make_sanction(DecisionKind.WITHDRAWAL, listing, actor=ministry), actor=ministry)
        yesterday = timezone.localdate() - timedelta(days=1)
        Listing.objects.filter(pk=listing.pk).update(published_on=yesterday - timedelta(days=365), ends_on=yesterday)

        workflow.fire(decision, "annul", actor=ministry, at=timezone.now())

        listing.refresh_from_db()
        assert listing.state == ListingState.WITHDRAWN

    @pytest.mark.rule("A-33")
    def test_a_sanction_suspended_by_the_judge_comes_back_with_the_judgment(self, listed, ministry):
        listing, _ = listed
        decision = sign(make_sanction(DecisionKind.SUSPENSION, listing, actor=ministry), actor=ministry)
        workflow.fire(decision, "notify", actor=None, at=timezone.now())

        workflow.fire(decision, "court_suspend", actor=ministry)
        listing.refresh_from_db()
        assert listing.state == ListingState.LISTED
        workflow.fire(decision, "court_resume", actor=ministry)
        listing.refresh_from_db()
        assert listing.state == ListingState.SUSPENDED

    @pytest.mark.rule("A-33", "A-35")
    def test_an_annulled_prolongation_that_is_past_ends_the_listing(self, listed, ministry):
        listing, _ = listed
        yesterday = timezone.localdate() - timedelta(days=1)
        later = listing.ends_on + timedelta(days=30)
        decision = sign(
            make_sanction(DecisionKind.EXTENSION, listing, actor=ministry, ends_on=later.isoformat()), actor=ministry
        )
        effect = DecisionEffect.objects.get()
        DecisionEffect.objects.filter(pk=effect.pk).update(before={**effect.before, "ends_on": yesterday.isoformat()})
        Listing.objects.filter(pk=listing.pk).update(published_on=yesterday - timedelta(days=365))

        workflow.fire(decision, "annul", actor=ministry, at=timezone.now())

        listing.refresh_from_db()
        assert (listing.ends_on, listing.state) == (yesterday, ListingState.EXPIRED)

    @pytest.mark.rule("A-33")
    def test_the_listing_expired_meanwhile_and_its_suspension_falls(self, ministry):
        today = timezone.localdate()
        listing, _ = make_listing(published_on=today - timedelta(days=366), ends_on=today)
        decision = sign(make_sanction(DecisionKind.SUSPENSION, listing, actor=ministry), actor=ministry)
        expire_listings(at=noon(today + timedelta(days=1)))

        workflow.fire(decision, "annul", actor=ministry, at=timezone.now())

        listing.refresh_from_db()
        assert (listing.state, listing.suspended_at) == (ListingState.EXPIRED, None)


class TestLeaving:
    def test_the_editor_withdraws_with_a_reason(self, listed, django_capture_on_commit_callbacks):
        listing, manager = listed
        team = make_agent(Role.LISTING_TEAM)
        with pytest.raises(TransitionRefused) as refused:
            withdraw_service(listing_id=listing.pk, reason=" ", actor=manager)
        assert codes(refused) == ["reason"]

        with django_capture_on_commit_callbacks(execute=True):
            withdraw_service(listing_id=listing.pk, reason="Fin du service.", actor=manager)

        listing.refresh_from_db()
        assert (listing.state, listing.state_reason) == (ListingState.WITHDRAWN_BY_EDITOR, "Fin du service.")
        assert Notification.objects.filter(recipient=team).exists()
        with pytest.raises(PermissionDenied):
            withdraw_service(listing_id=make_listing()[0].pk, reason="Fin.", actor=team)

    @pytest.mark.rule("A-34")
    def test_a_suspended_service_may_be_withdrawn_by_its_editor(self):
        listing, manager = make_listing(state=ListingState.SUSPENDED)
        assert withdraw_service(listing_id=listing.pk, reason="Fin.", actor=manager).state == "withdrawn_by_editor"

    @pytest.mark.rule("A-36")
    def test_approved_and_not_published_for_six_months(self, ministry):
        candidature, manager = make_approved()
        decision = candidature.decisions.get()
        signed_on = decision.signed_on
        early, late = noon(signed_on + timedelta(days=175)), noon(signed_on + timedelta(days=190))

        counts = [follow_unpublished(at=each) for each in (early, late, late)]

        procedure = Procedure.objects.get()
        assert (counts, procedure.kind) == ([0, 1, 0], DecisionKind.ABROGATION)
        assert Procedure.objects.visible_to(manager).get() == procedure
        ripe = noon(procedure.observations_due_on + timedelta(days=1))
        draft = draft_measure(procedure_id=procedure.pk, reasons="Jamais publié.", actor=ministry, at=ripe)
        draft.remedies = "Recours dans les deux mois."
        draft.save(update_fields=["remedies"])
        assert draft.about == decision

        sign_decision(decision_id=draft.pk, signatory=make_signatory(), signed_on=timezone.localdate(), actor=ministry)

        decision.refresh_from_db()
        assert decision.state == DecisionState.ABROGATED
        assert Candidature.objects.get(pk=candidature.pk).state == CandidatureState.RESCINDED

    @pytest.mark.rule("A-36")
    def test_a_published_one_is_left_alone(self):
        make_listing()
        assert follow_unpublished(at=noon(timezone.localdate() + timedelta(days=400))) == 0


def test_decisions_of_others_are_not_followed(ministry, listed):
    """A decision about a file changes no listing by itself."""
    listing, _ = listed
    make_decision(DecisionKind.REFUSAL, listing.decision.candidature, actor=ministry)
    listing.refresh_from_db()
    assert listing.state == ListingState.LISTED
