from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services import apply, cancel, take_charge, withdraw
from referencing.dossier.models import Dossier
from referencing.dossier.services import generate_dossier
from tests.dossier.factories import answer_everything, make_dossier, make_signed_enrolment
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import answer

pytestmark = pytest.mark.django_db


def refused(dossier, actor):
    with pytest.raises(TransitionRefused) as refusal:
        apply(dossier_id=dossier.pk, actor=actor)
    assert not Candidature.objects.filter(dossier=dossier).exists()
    return refusal.value.blockers


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def complete():
    return make_dossier()


class TestApply:
    def test_complete_dossier_becomes_a_candidature(self, complete, verifier, django_capture_on_commit_callbacks):
        dossier, manager = complete
        with django_capture_on_commit_callbacks(execute=True):
            candidature = apply(dossier_id=dossier.pk, actor=manager)

        assert (candidature.state, candidature.applied_by) == (CandidatureState.APPLIED, manager)
        assert AuditEntry.objects.get(action="candidature.apply").data == {"dossier": dossier.reference}
        assert Notification.objects.filter(recipient=verifier, kind="Candidature").count() == 1
        assert "Vous n’avez rien à faire" in Notification.objects.get(recipient=manager, kind="Candidature").content

    @pytest.mark.rule("BR-095")
    def test_incomplete_dossier_is_refused_naming_what_it_lacks(self):
        dossier, manager = make_dossier(complete=False)

        messages = [blocker.message for blocker in refused(dossier, manager)]

        assert messages == [
            "Le dossier ne contient pas le questionnaire « Ethique Mon espace santé » : terminez-le, puis générez un "
            "nouveau dossier.",
            "Le dossier ne contient pas le questionnaire « RGPD Mon espace santé » : terminez-le, puis générez un "
            "nouveau dossier.",
        ]

    @pytest.mark.rule("BR-096")
    def test_second_open_candidature_is_refused_until_cancelled(self, complete):
        first, manager = complete
        candidature = apply(dossier_id=first.pk, actor=manager)
        second = generate_dossier(enrolment_id=first.enrolment_id, actor=manager)

        assert [blocker.code for blocker in refused(second, manager)] == ["open_candidature"]

        cancel(candidature_id=candidature.pk, actor=manager)
        assert apply(dossier_id=second.pk, actor=manager).state == CandidatureState.APPLIED

    @pytest.mark.rule("BR-096")
    def test_database_refuses_a_second_open_candidature(self, complete):
        dossier, manager = complete
        apply(dossier_id=dossier.pk, actor=manager)

        with pytest.raises(IntegrityError, match="candidature_one_open_per_enrolment"), transaction.atomic():
            Candidature.objects.create(
                dossier=dossier, enrolment=dossier.enrolment, applied_by=manager, state=CandidatureState.APPLIED
            )

    @pytest.mark.rule("BR-098")
    def test_unreached_obligation_is_refused_with_its_name(self):
        enrolment, manager = make_signed_enrolment()
        answer_everything(enrolment, level="0")
        dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

        (blocker,) = refused(dossier, manager)

        assert "A06.1.2 Terminologies" in blocker.message

    @pytest.mark.rule("BR-098")
    def test_setting_of_the_demarche_lets_it_pass(self):
        enrolment, manager = make_signed_enrolment()
        answer_everything(enrolment, level="0")
        dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
        enrolment.demarche.settings = {"require_reached_to_apply": False}
        enrolment.demarche.save()

        assert apply(dossier_id=dossier.pk, actor=manager).state == CandidatureState.APPLIED

    @pytest.mark.rule("A-10")
    def test_service_that_users_cannot_use_yet_is_refused(self):
        enrolment, manager = make_signed_enrolment()
        enrolment.demarche.settings = {"usable_now": "Q10"}
        enrolment.demarche.save()
        answer_everything(enrolment)
        dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

        assert [blocker.code for blocker in refused(dossier, manager)] == ["not_usable"]

    @pytest.mark.rule("BR-049")
    def test_live_answers_change_and_the_candidate_dossier_does_not(self, complete):
        dossier, manager = complete
        apply(dossier_id=dossier.pk, actor=manager)

        answer(dossier.enrolment.response, "interoperabilite", {"A06.1.2": {"level": "0"}})

        assert Dossier.objects.get(pk=dossier.pk).sha256 == dossier.sha256

    @pytest.mark.parametrize("is_validator", [False, True])
    def test_contributor_cannot_apply(self, complete, is_validator):
        dossier, _ = complete
        member = make_member(dossier.enrolment.product.organisation, MembershipType.SALARIE, is_validator=is_validator)
        with pytest.raises(PermissionDenied):
            apply(dossier_id=dossier.pk, actor=member)

    def test_stranger_finds_no_dossier(self, complete):
        with pytest.raises(Dossier.DoesNotExist):
            apply(dossier_id=complete[0].pk, actor=make_member(OrganisationFactory()))


@pytest.mark.rule("BR-097")
@pytest.mark.django_db(transaction=True)
def test_of_two_applications_at_once_exactly_one_wins():
    first, manager = make_dossier()
    second = generate_dossier(enrolment_id=first.enrolment_id, actor=manager)
    barrier = Barrier(2)

    def attempt(dossier):
        try:
            barrier.wait()
            apply(dossier_id=dossier.pk, actor=manager)
        except TransitionRefused as refusal:
            return [blocker.code for blocker in refusal.blockers]
        finally:
            connection.close()
        return "applied"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, [first, second]))

    assert sorted(map(str, outcomes)) == ["['open_candidature']", "applied"]
    assert AuditEntry.objects.filter(action="candidature.apply").count() == 1


class TestAfterwards:
    @pytest.fixture
    def candidature(self, complete):
        dossier, manager = complete
        return apply(dossier_id=dossier.pk, actor=manager)

    @pytest.mark.rule("A-16")
    def test_cancel_before_it_is_taken_frees_the_enrolment(self, candidature):
        cancelled = cancel(candidature_id=candidature.pk, actor=candidature.applied_by)

        assert cancelled.state == CandidatureState.CANCELLED
        assert not Candidature.objects.open().exists()

    def test_taking_charge_names_the_referent_and_tells_the_editor(
        self, candidature, verifier, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            taken = take_charge(candidature_id=candidature.pk, actor=verifier)

        assert (taken.state, taken.referent) == (CandidatureState.ADMISSIBILITY, verifier)
        assert str(verifier) in Notification.objects.get(recipient=candidature.applied_by).content

    @pytest.mark.rule("A-16")
    def test_taken_candidature_cannot_be_cancelled(self, candidature, verifier):
        take_charge(candidature_id=candidature.pk, actor=verifier)

        with pytest.raises(TransitionRefused):
            cancel(candidature_id=candidature.pk, actor=candidature.applied_by)

    @pytest.mark.rule("BR-099", "A-16")
    def test_withdrawal_of_a_taken_candidature_tells_its_referent(
        self, candidature, verifier, django_capture_on_commit_callbacks
    ):
        take_charge(candidature_id=candidature.pk, actor=verifier)

        with django_capture_on_commit_callbacks(execute=True):
            withdrawn = withdraw(candidature_id=candidature.pk, actor=candidature.applied_by)

        assert withdrawn.state == CandidatureState.WITHDRAWN
        assert "Arrêtez l’examen" in Notification.objects.get(recipient=verifier).content
        assert not Candidature.objects.open().exists()

    def test_candidature_is_taken_once(self, candidature, verifier):
        take_charge(candidature_id=candidature.pk, actor=verifier)

        with pytest.raises(TransitionRefused):
            take_charge(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    def test_editor_takes_nothing_in_charge(self, candidature):
        with pytest.raises(PermissionDenied):
            take_charge(candidature_id=candidature.pk, actor=candidature.applied_by)
