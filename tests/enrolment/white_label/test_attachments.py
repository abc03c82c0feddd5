from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.audit.workflow import fire
from convergence.jobs.models import Job
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from questionnaires.models import Recovery
from referencing.enrolment.enums import AttachmentState, PreListingState, SheetState, WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, AttachmentRequest, Enrolment, PreListing
from referencing.enrolment.services import attach_product
from referencing.enrolment.tasks import follow_attachments
from referencing.enrolment.white_label.attachments import (
    accept_attachment,
    announce_end,
    cancel_attachment,
    end_attachments,
    expire_attachments,
    refuse_attachment,
    request_attachment,
)
from referencing.enrolment.white_label.nominal import become_nominal
from tests.enrolment.white_label.factories import OFFER, make_attached, make_demand, make_pre_listing
from tests.factories import DemarcheFactory, OrganisationFactory, ProductFactory, make_agent, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def solution():
    return make_pre_listing()


def codes(refusal):
    return [each.code for each in refusal.value.blockers]


def state_of(request):
    return AttachmentRequest.objects.get(pk=request.pk).state


def recovered(request):
    return set(Recovery.objects.filter(response=request.enrolment.response_id).values_list("code", flat=True))


class TestAsk:
    @pytest.mark.rule("BR-192")
    def test_producer_is_told_at_once(self, solution, django_capture_on_commit_callbacks):
        pre_listing, producer = solution
        with django_capture_on_commit_callbacks(execute=True):
            request, _ = make_demand(pre_listing, third_party="Hôpital de la Côte")

        told = Notification.objects.get(recipient=producer)
        assert told.kind == "Solution marque blanche"
        assert told.sender == request.told_organisation
        assert told.content.startswith(
            f"Demande de rattachement à la solution de l’éditeur producteur {pre_listing.enrolment.label}"
        )
        assert "Hôpital de la Côte" in told.content
        assert request.told_product == request.enrolment.label
        assert request.state == AttachmentState.PENDING
        assert request.expires_on == timezone.localdate() + timedelta(days=30)
        assert AuditEntry.objects.filter(action="attachmentrequest.ask").count() == 1

    @pytest.mark.rule("BR-190")
    @pytest.mark.parametrize("state", [each for each in PreListingState if each != PreListingState.ACTIVE])
    def test_only_a_pre_listed_solution_is_joined(self, solution, state):
        pre_listing, _ = solution
        steps = {"suspend": {"why": "x"}, "replace": {}, "revoke": {"why": "x"}, "withdraw": {"why": "x"}, "expire": {}}
        step = state.value.removesuffix("ed") if state != PreListingState.WITHDRAWN else "withdraw"
        step = {"suspend": "suspend", "replac": "replace", "revok": "revoke", "expir": "expire"}.get(step, step)
        values = steps[step] | ({} if step == "suspend" else {"at": timezone.now()})
        fire(pre_listing, step, actor=None, **values)

        with pytest.raises(TransitionRefused) as refusal:
            make_demand(pre_listing)

        assert codes(refusal) == ["pre_listing"]
        assert not Enrolment.objects.filter(white_label=WhiteLabelRole.DISTRIBUTOR).exists()

    @pytest.mark.rule("BR-190")
    def test_neither_unknown_nor_past_its_day_nor_of_another_demarche(self, solution):
        pre_listing, _ = solution
        request, manager = make_demand(pre_listing)
        refuse_attachment(request_id=request.pk, why="Non.", actor=solution[1])
        PreListing.objects.filter(pk=pre_listing.pk).update(expires_on=timezone.localdate() - timedelta(days=1))
        elsewhere, _ = make_pre_listing()
        Enrolment.objects.filter(pk=elsewhere.enrolment_id).update(demarche=DemarcheFactory(slug="autre"))

        for chosen in (pre_listing.pk, elsewhere.pk, uuid4(), None):
            with pytest.raises(TransitionRefused) as refusal:
                request_attachment(enrolment_id=request.enrolment_id, pre_listing_id=chosen, actor=manager)
            assert codes(refusal) == ["pre_listing"]

    @pytest.mark.rule("BR-009", "BR-190", "A-26")
    def test_unanswered_questions_of_a_distributor_are_said_together(self):
        product = ProductFactory()
        manager = make_member(product.organisation)
        make_pre_listing()

        def attach(**answers):
            with pytest.raises(TransitionRefused) as refusal:
                attach_product(
                    product_id=product.pk,
                    demarche=DemarcheFactory(),
                    white_label=WhiteLabelRole.DISTRIBUTOR,
                    actor=manager,
                    **answers,
                )
            return codes(refusal)

        assert attach() == ["pre_listing", "on_behalf"]
        assert attach(is_on_behalf=True, third_party=" ") == ["pre_listing", "third_party"]

    @pytest.mark.rule("OQ-19")
    def test_one_at_a_time(self, solution):
        pre_listing, _ = solution
        request, manager = make_demand(pre_listing)
        with pytest.raises(TransitionRefused) as refusal:
            request_attachment(enrolment_id=request.enrolment_id, pre_listing_id=pre_listing.pk, actor=manager)
        assert codes(refusal) == ["standing"]
        with pytest.raises(IntegrityError, match="attachment_one_standing"), transaction.atomic():
            AttachmentRequest.objects.create(
                enrolment=request.enrolment,
                pre_listing=pre_listing,
                requested_by=manager,
                requested_at=timezone.now(),
                expires_on=timezone.localdate(),
            )

    def test_a_nominal_product_asks_nothing(self, solution):
        pre_listing, producer = solution
        with pytest.raises(TransitionRefused) as refusal:
            request_attachment(enrolment_id=pre_listing.enrolment_id, pre_listing_id=pre_listing.pk, actor=producer)
        assert codes(refusal) == ["not_a_distributor"]

    def test_contributeur_may_not_and_strangers_see_nothing(self, solution):
        pre_listing, producer = solution
        request, _ = make_demand(pre_listing)
        contributor = make_member(request.enrolment.product.organisation, MembershipType.SALARIE)
        with pytest.raises(PermissionDenied):
            request_attachment(enrolment_id=request.enrolment_id, pre_listing_id=pre_listing.pk, actor=contributor)
        with pytest.raises(Enrolment.DoesNotExist):
            request_attachment(enrolment_id=request.enrolment_id, pre_listing_id=pre_listing.pk, actor=producer)


class TestAnswer:
    @pytest.mark.rule("BR-194")
    def test_accepting_recovers_what_is_offered_and_tells_the_distributor(
        self, solution, django_capture_on_commit_callbacks
    ):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing)
        with django_capture_on_commit_callbacks(execute=True):
            accept_attachment(request_id=request.pk, actor=producer)

        request.refresh_from_db()
        assert (request.state, request.answered_by) == (AttachmentState.ACCEPTED, producer)
        assert recovered(request) == set(OFFER["recoverable"])
        assert "est accepté" in Notification.objects.get(recipient=manager).content
        assert AuditEntry.objects.filter(action="attachmentrequest.accept").count() == 1

    @pytest.mark.rule("BR-201")
    def test_refusing_says_why(self, solution, django_capture_on_commit_callbacks):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing)
        with pytest.raises(TransitionRefused) as refusal:
            refuse_attachment(request_id=request.pk, why=" ", actor=producer)
        assert codes(refusal) == ["why"]
        with django_capture_on_commit_callbacks(execute=True):
            refuse_attachment(request_id=request.pk, why="Pas de contrat.", actor=producer)

        assert state_of(request) == AttachmentState.REFUSED
        assert "Pas de contrat." in Notification.objects.get(recipient=manager).content
        assert not recovered(request)

    def test_cancelling_tells_the_producer_without_a_mail(self, solution, django_capture_on_commit_callbacks):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing)
        with django_capture_on_commit_callbacks(execute=True):
            cancel_attachment(request_id=request.pk, actor=manager)

        assert state_of(request) == AttachmentState.CANCELLED
        assert "a annulé sa demande" in Notification.objects.get(recipient=producer).content
        assert not Job.objects.filter(payload__to=producer.email).exists()

    def test_each_side_commits_its_own_organisation(self, solution):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing)
        clerk = make_member(pre_listing.enrolment.product.organisation, MembershipType.SALARIE)
        verifier = make_agent(Role.LISTING_TEAM)
        for person in (manager, clerk, verifier):
            with pytest.raises(PermissionDenied):
                accept_attachment(request_id=request.pk, actor=person)
            with pytest.raises(PermissionDenied):
                refuse_attachment(request_id=request.pk, why="Non.", actor=person)
        for person in (producer, verifier):
            with pytest.raises(PermissionDenied):
                cancel_attachment(request_id=request.pk, actor=person)
        stranger = make_member(OrganisationFactory())
        with pytest.raises(AttachmentRequest.DoesNotExist):
            accept_attachment(request_id=request.pk, actor=stranger)

    def test_responsable_of_the_solution_accepts(self, solution):
        pre_listing, _ = solution
        product = pre_listing.enrolment.product
        owner = make_member(product.organisation, MembershipType.SALARIE)
        product.owner = owner
        product.save(update_fields=["owner"])
        request, _ = make_demand(pre_listing)

        assert accept_attachment(request_id=request.pk, actor=owner).state == AttachmentState.ACCEPTED

    def test_nothing_is_answered_twice(self, solution):
        pre_listing, producer = solution
        request, manager = make_attached(pre_listing, producer)
        for service, values in (
            (accept_attachment, {"actor": producer}),
            (refuse_attachment, {"actor": producer, "why": "Non."}),
            (cancel_attachment, {"actor": manager}),
        ):
            with pytest.raises(TransitionRefused) as refusal:
                service(request_id=request.pk, **values)
            assert codes(refusal) == ["wrong_state"]


class TestEnds:
    def test_no_answer_in_time_expires_once(self, solution, django_capture_on_commit_callbacks):
        pre_listing, _ = solution
        request, manager = make_demand(pre_listing)
        last_day = timezone.now() + timedelta(days=30)
        assert expire_attachments(at=last_day) == 0
        with django_capture_on_commit_callbacks(execute=True):
            late = last_day + timedelta(days=1)
            assert [expire_attachments(at=late), expire_attachments(at=late)] == [1, 0]

        assert state_of(request) == AttachmentState.EXPIRED
        assert "sans réponse" in Notification.objects.filter(recipient=manager).latest("pk").content

    @pytest.mark.rule("A-23")
    @pytest.mark.parametrize("side", ["producer", "distributor"])
    def test_either_side_ends_with_notice(self, solution, side, django_capture_on_commit_callbacks):
        pre_listing, producer = solution
        request, manager = make_attached(pre_listing, producer)
        who, other = (producer, manager) if side == "producer" else (manager, producer)
        with django_capture_on_commit_callbacks(execute=True):
            announce_end(request_id=request.pk, why="Fin du contrat.", actor=who)

        request.refresh_from_db()
        assert request.state == AttachmentState.ACCEPTED
        assert request.ends_on == timezone.localdate() + timedelta(days=60)
        assert recovered(request)
        assert "Fin du contrat." in Notification.objects.filter(recipient=other).latest("pk").content

        over = timezone.now() + timedelta(days=60)
        assert end_attachments(at=over - timedelta(days=1)) == 0
        assert [end_attachments(at=over), end_attachments(at=over)] == [1, 0]
        request.refresh_from_db()
        assert (request.state, request.why) == (AttachmentState.BROKEN, "Fin du contrat.")
        assert not recovered(request)

    def test_notice_is_a_setting(self, solution):
        pre_listing, producer = solution
        demarche = pre_listing.enrolment.demarche
        demarche.settings = {"white_label": {"answer_days": 7, "notice_days": 10, "review_days": 5}}
        demarche.save(update_fields=["settings"])
        request, _ = make_attached(pre_listing, producer)

        announce_end(request_id=request.pk, why="Fin.", actor=producer)

        request.refresh_from_db()
        assert request.expires_on == timezone.localdate() + timedelta(days=7)
        assert request.ends_on == timezone.localdate() + timedelta(days=10)

    def test_an_end_is_announced_once_with_its_reason_by_a_side(self, solution):
        pre_listing, producer = solution
        request, manager = make_attached(pre_listing, producer)
        with pytest.raises(TransitionRefused) as refusal:
            announce_end(request_id=request.pk, why="", actor=manager)
        assert codes(refusal) == ["why"]
        with pytest.raises(PermissionDenied):
            announce_end(request_id=request.pk, why="Fin.", actor=make_agent(Role.LISTING_TEAM))
        announce_end(request_id=request.pk, why="Fin.", actor=manager)
        with pytest.raises(TransitionRefused) as refusal:
            announce_end(request_id=request.pk, why="Fin.", actor=producer)
        assert codes(refusal) == ["already_ending"]
        waiting, asker = make_demand(pre_listing)
        with pytest.raises(TransitionRefused) as refusal:
            announce_end(request_id=waiting.pk, why="Fin.", actor=asker)
        assert codes(refusal) == ["wrong_state"]

    def test_the_beat_does_both(self, solution):
        pre_listing, producer = solution
        waiting, _ = make_demand(pre_listing)
        ending, _ = make_attached(pre_listing, producer)
        AttachmentRequest.objects.filter(pk=waiting.pk).update(expires_on=timezone.localdate() - timedelta(days=1))
        AttachmentRequest.objects.filter(pk=ending.pk).update(ends_on=timezone.localdate())

        follow_attachments()

        assert (state_of(waiting), state_of(ending)) == (AttachmentState.EXPIRED, AttachmentState.BROKEN)

    def test_a_refused_enrolment_leaves_nothing_standing(self, solution):
        pre_listing, producer = solution
        waiting, _ = make_demand(pre_listing)
        attached, _ = make_attached(pre_listing, producer)
        for request in (waiting, attached):
            fire(Enrolment.objects.get(pk=request.enrolment_id), "reject", actor=None)

        assert (state_of(waiting), state_of(attached)) == (AttachmentState.CANCELLED, AttachmentState.BROKEN)


class TestAfterARefusal:
    @pytest.mark.rule("BR-201")
    def test_another_solution(self, solution):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing)
        refuse_attachment(request_id=request.pk, why="Non.", actor=producer)
        other, other_producer = make_pre_listing()

        again = request_attachment(enrolment_id=request.enrolment_id, pre_listing_id=other.pk, actor=manager)
        accept_attachment(request_id=again.pk, actor=other_producer)

        assert recovered(again) == set(OFFER["recoverable"])

    @pytest.mark.rule("BR-201", "A-26")
    def test_nominal_case_is_the_organisation_itself_again(self, solution):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing, third_party="Hôpital de la Côte")
        with pytest.raises(TransitionRefused) as refusal:
            become_nominal(enrolment_id=request.enrolment_id, actor=manager)
        assert codes(refusal) == ["standing"]
        refuse_attachment(request_id=request.pk, why="Non.", actor=producer)

        enrolment = become_nominal(enrolment_id=request.enrolment_id, actor=manager)

        assert (enrolment.white_label, enrolment.is_on_behalf) == (WhiteLabelRole.NONE, False)
        sheet = AdministrativeSheet.objects.get(enrolment=enrolment)
        assert sheet.organisation_name == enrolment.product.organisation.name

    @pytest.mark.rule("A-26")
    def test_third_party_that_was_transmitted_stays(self, solution):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing, third_party="Hôpital de la Côte")
        refuse_attachment(request_id=request.pk, why="Non.", actor=producer)
        sheet = AdministrativeSheet.objects.get(enrolment=request.enrolment_id)
        sheet.delete()
        AdministrativeSheet.objects.create(enrolment_id=request.enrolment_id, state=SheetState.SUBMITTED)

        with pytest.raises(TransitionRefused) as refusal:
            become_nominal(enrolment_id=request.enrolment_id, actor=manager)

        assert codes(refusal) == ["third_party"]

    def test_only_who_commits_a_distributor(self, solution):
        pre_listing, producer = solution
        request, _ = make_demand(pre_listing)
        clerk = make_member(request.enrolment.product.organisation, MembershipType.SALARIE)
        with pytest.raises(PermissionDenied):
            become_nominal(enrolment_id=request.enrolment_id, actor=clerk)
        with pytest.raises(TransitionRefused) as refusal:
            become_nominal(enrolment_id=pre_listing.enrolment_id, actor=producer)
        assert codes(refusal) == ["wrong_state"]


class TestWhoSees:
    def test_both_sides_and_the_listing_team(self, solution):
        pre_listing, producer = solution
        request, manager = make_demand(pre_listing)
        people = {
            "producer": producer,
            "distributor": manager,
            "team": make_agent(Role.LISTING_TEAM),
            "stranger": make_member(OrganisationFactory()),
            "cnam": make_agent(Role.CNAM),
        }
        seen = {
            name
            for name, person in people.items()
            if AttachmentRequest.objects.visible_to(person).filter(pk=request.pk)
        }
        assert seen == {"producer", "distributor", "team"}
