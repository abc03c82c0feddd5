from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.enums import CandidatureState
from referencing.candidature.services.prelisting import expire_pre_listings, leave, pre_list
from referencing.enrolment.enums import PreListingState, WhiteLabelRole
from referencing.enrolment.models import Enrolment, PreListing
from tests.candidature.factories import conclude_themes, make_candidature
from tests.candidature.test_conclusion import add_gap
from tests.factories import OrganisationFactory, make_agent, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def producer(verifier):
    """The file of a producer, every theme concluded, and its mandataire."""
    candidature, manager = make_candidature(complete=False, referent=verifier)
    Enrolment.objects.filter(pk=candidature.enrolment_id).update(white_label=WhiteLabelRole.PRODUCER)
    conclude_themes(candidature, verifier)
    return candidature, manager


@pytest.fixture
def pre_listing(producer, verifier):
    candidature, _ = producer
    return pre_list(candidature_id=candidature.pk, expires_on=None, actor=verifier)


class TestPreList:
    @pytest.mark.rule("A-23")
    def test_it_points_to_the_frozen_dossier_and_frees_the_enrolment(
        self, producer, verifier, django_capture_on_commit_callbacks
    ):
        candidature, manager = producer
        with django_capture_on_commit_callbacks(execute=True):
            pre_listing = pre_list(candidature_id=candidature.pk, expires_on=None, actor=verifier)

        candidature.refresh_from_db()
        assert candidature.state == CandidatureState.PRE_LISTED
        assert (pre_listing.dossier_id, pre_listing.dossier_sha256) == (
            candidature.dossier_id,
            candidature.dossier.sha256,
        )
        assert "catalogue public" in Notification.objects.filter(recipient=manager).latest("pk").content

    def test_only_a_producer_without_open_gap_is_pre_listed(self, verifier):
        candidature, _ = make_candidature(complete=False, referent=verifier)
        add_gap(candidature, verifier)
        themes = candidature.reviews.count()

        with pytest.raises(TransitionRefused) as refused:
            pre_list(candidature_id=candidature.pk, expires_on=timezone.localdate(), actor=verifier)

        codes = [each.code for each in refused.value.blockers]
        assert codes == ["not_a_producer", *["theme_open"] * themes, "blocking_non_conformity", "expires_on"]

    def test_editor_may_not(self, producer):
        candidature, manager = producer
        with pytest.raises(PermissionDenied):
            pre_list(candidature_id=candidature.pk, expires_on=None, actor=manager)

    def test_database_keeps_one_standing_per_enrolment_and_its_dossier(self, pre_listing):
        copy = {
            name: getattr(pre_listing, name) for name in ("enrolment", "dossier_id", "pre_listed_by", "pre_listed_at")
        }
        with pytest.raises(IntegrityError, match="pre_listing_one_standing"), transaction.atomic():
            PreListing.objects.create(**copy)
        with pytest.raises(DatabaseError), transaction.atomic():
            PreListing.objects.filter(pk=pre_listing.pk).update(dossier_reference="N0")


class TestExits:
    @pytest.mark.rule("A-23")
    @pytest.mark.parametrize(
        ("steps", "state"),
        [
            (["suspend"], PreListingState.SUSPENDED),
            (["suspend", "resume"], PreListingState.ACTIVE),
            (["revoke"], PreListingState.REVOKED),
            (["suspend", "revoke"], PreListingState.REVOKED),
        ],
    )
    def test_listing_team(self, pre_listing, verifier, steps, state):
        for step in steps:
            leave(pre_listing_id=pre_listing.pk, step=step, reason="Motif écrit.", actor=verifier)
        pre_listing.refresh_from_db()
        assert pre_listing.state == state

    def test_editor_withdraws_and_the_team_does_not(self, pre_listing, producer, verifier):
        with pytest.raises(PermissionDenied):
            leave(pre_listing_id=pre_listing.pk, step="withdraw", reason="Motif.", actor=verifier)
        leave(pre_listing_id=pre_listing.pk, step="withdraw", reason="Motif.", actor=producer[1])
        pre_listing.refresh_from_db()
        assert (pre_listing.state, pre_listing.reason) == (PreListingState.WITHDRAWN, "Motif.")

    def test_reason_is_asked_and_nothing_follows_the_end(self, pre_listing, verifier):
        with pytest.raises(TransitionRefused) as refused:
            leave(pre_listing_id=pre_listing.pk, step="revoke", reason=" ", actor=verifier)
        assert [each.code for each in refused.value.blockers] == ["reason"]
        leave(pre_listing_id=pre_listing.pk, step="revoke", reason="Motif.", actor=verifier)
        with pytest.raises(TransitionRefused):
            leave(pre_listing_id=pre_listing.pk, step="resume", reason="", actor=verifier)

    def test_day_past_ends_it_once(self, pre_listing):
        assert expire_pre_listings(at=timezone.now()) == 0
        PreListing.objects.filter(pk=pre_listing.pk).update(expires_on=timezone.localdate())
        tomorrow = timezone.now() + timedelta(days=1)
        assert [expire_pre_listings(at=tomorrow), expire_pre_listings(at=tomorrow)] == [1, 0]
        pre_listing.refresh_from_db()
        assert pre_listing.state == PreListingState.EXPIRED


class TestPages:
    def test_pre_listing_is_confirmed_then_listed(self, client, producer, verifier):
        candidature, _ = producer
        client.force_login(verifier)
        assert (
            "Pré-référencer la solution"
            in client.get(reverse("candidature:candidature_conclude", args=[candidature.pk])).content.decode()
        )
        address = reverse("candidature:candidature_pre_list", args=[candidature.pk])

        assert "distributeurs pourront" in client.post(address, {"expires_on": ""}).content.decode()
        assert not PreListing.objects.exists()
        shown = client.post(address, {"expires_on": "8/7/2031", "confirmed": "1"}, follow=True).content.decode()

        assert candidature.dossier.reference in shown

    def test_bad_date_is_refused_beside_its_field(self, client, producer, verifier):
        client.force_login(verifier)
        address = reverse("candidature:candidature_pre_list", args=[producer[0].pk])
        assert client.post(address, {"expires_on": "demain"}).status_code == 422

    def test_change_page_asks_for_the_reason(self, client, pre_listing, verifier):
        client.force_login(verifier)
        address = reverse("candidature:pre_listing_change", args=[pre_listing.pk, "suspend"])
        assert client.get(address).status_code == 200
        assert client.post(address, {"reason": ""}).status_code == 422
        assert client.post(address, {"reason": "Motif."}).status_code == 302
        assert (
            "Suspendu" in client.get(reverse("candidature:pre_listing_detail", args=[pre_listing.pk])).content.decode()
        )

    def test_stranger_sees_nothing(self, client, pre_listing):
        client.force_login(make_member(OrganisationFactory()))
        assert client.get(reverse("candidature:pre_listing_detail", args=[pre_listing.pk])).status_code == 404
        assert "Aucune solution" in client.get(reverse("candidature:pre_listing_list")).content.decode()

    @pytest.mark.parametrize("count", [1, 3])
    def test_list_asks_as_much_for_one_as_for_three(
        self, client, pre_listing, verifier, django_assert_num_queries, count
    ):
        rows = [pre_listing]
        for _ in range(count - 1):
            candidature, _ = make_candidature(complete=False, referent=verifier)
            rows.append(
                PreListing.objects.create(
                    enrolment=candidature.enrolment,
                    dossier_id=candidature.dossier_id,
                    dossier_reference=candidature.dossier.reference,
                    pre_listed_by=verifier,
                    pre_listed_at=timezone.now(),
                )
            )
        client.force_login(verifier)
        with django_assert_num_queries(3):
            shown = client.get(reverse("candidature:pre_listing_list")).content.decode()
        assert all(each.dossier_reference in shown for each in rows)
