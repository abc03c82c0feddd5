"""Who may do what with an organisation's accounts, and what the database refuses whoever asks."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.utils import timezone

from convergence.accounts import services
from convergence.accounts.enums import LegalForm, MembershipState, MembershipType, Role
from convergence.accounts.models import Invitation, Membership, Organisation, User
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory, make_agent, make_member, make_siret

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation():
    return OrganisationFactory()


@pytest.fixture
def manager(organisation):
    return make_member(organisation)


@pytest.fixture
def employee(organisation, manager):
    return make_member(organisation, MembershipType.SALARIE)


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


def membership_of(user, organisation):
    return Membership.objects.get(user=user, organisation=organisation)


def actions(subject):
    return list(AuditEntry.objects.about(subject).values_list("action", flat=True))


class TestCreate:
    @pytest.mark.rule("A-06")
    def test_creator_becomes_mandataire_of_an_unverified_organisation(self):
        person = UserFactory()

        organisation = services.create_organisation(
            actor=person, name="Alizé", legal_form=LegalForm.SAS, siret=make_siret(500)
        )

        assert not organisation.is_verified
        assert person.access.is_manager(organisation.pk)
        membership = membership_of(person, organisation)
        assert (membership.type, membership.state) == (MembershipType.MANDATAIRE, MembershipState.ACTIVE)
        assert actions(organisation) == ["organisation.create"]
        assert actions(membership) == ["membership.accept"]

    @pytest.mark.rule("A-06")
    def test_foreign_organisation_has_a_register_number_instead_of_a_siret(self):
        organisation = services.create_organisation(
            actor=UserFactory(), name="Gesund", legal_form=LegalForm.FOREIGN, country="DE", register_number="HRB 12345"
        )

        assert (organisation.siret, organisation.identifier_label) == (None, "Registre DE HRB 12345")

    @pytest.mark.rule("A-06")
    @pytest.mark.parametrize("fields", [{"country": "FR", "siret": None}, {"country": "DE", "register_number": ""}])
    def test_database_wants_a_siret_or_a_register_number(self, fields):
        with pytest.raises(IntegrityError, match="organisation_siret_or_register_number"), transaction.atomic():
            OrganisationFactory(**({"siret": None} | fields))

    @pytest.mark.rule("BR-222")
    def test_existing_siret_leads_to_the_existing_organisation(self, organisation, manager):
        with pytest.raises(services.OrganisationExists) as exists:
            services.create_organisation(
                actor=UserFactory(), name="Autre", legal_form=LegalForm.SAS, siret=organisation.siret
            )

        assert exists.value.organisation == organisation
        assert Organisation.objects.count() == 1

    def test_existing_register_number_is_found_whatever_its_case(self):
        OrganisationFactory(siret=None, country="DE", register_number="HRB 12345")

        with pytest.raises(services.OrganisationExists):
            services.create_organisation(
                actor=UserFactory(), name="X", legal_form=LegalForm.FOREIGN, country="DE", register_number="hrb 12345"
            )


class TestRequest:
    @pytest.mark.rule("BR-222")
    def test_request_goes_to_the_managers_only(
        self, organisation, manager, employee, django_capture_on_commit_callbacks, mailoutbox
    ):
        deputy = make_member(organisation, MembershipType.REPRESENTANT)
        person = UserFactory()

        with django_capture_on_commit_callbacks(execute=True):
            membership = services.request_membership(organisation_id=organisation.pk, actor=person)

        assert membership.state == MembershipState.REQUESTED
        assert set(Notification.objects.values_list("recipient", flat=True)) == {manager.pk, deputy.pk}
        assert {mail.to[0] for mail in mailoutbox} == {manager.email, deputy.email}
        assert f"/demandes/{membership.pk}/accepter/" in mailoutbox[0].body
        assert not person.access.is_member(organisation.pk)
        assert actions(membership) == ["membership.request"]

    @pytest.mark.rule("BR-222")
    @pytest.mark.parametrize("state", [MembershipState.REQUESTED, MembershipState.ACTIVE])
    def test_second_request_is_refused(self, organisation, state):
        person = MembershipFactory(organisation=organisation, state=state).user

        with pytest.raises(TransitionRefused) as refusal:
            services.request_membership(organisation_id=organisation.pk, actor=person)

        assert codes(refusal) == ["already_member"]

    def test_refused_person_may_ask_again(self, organisation):
        person = MembershipFactory(organisation=organisation, state=MembershipState.REFUSED).user

        assert services.request_membership(organisation_id=organisation.pk, actor=person).pk

    @pytest.mark.rule("BR-222")
    def test_manager_accepts_with_a_type(self, organisation, manager):
        asked = MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)

        services.accept_request(membership_id=asked.pk, actor=manager, type=MembershipType.SALARIE, is_validator=True)

        membership = Membership.objects.get(pk=asked.pk)
        assert (membership.state, membership.type, membership.is_validator) == ("active", "salarie", True)
        assert actions(membership) == ["membership.accept"]

    @pytest.mark.rule("BR-222")
    def test_manager_refuses_with_a_reason_that_the_person_reads(
        self, organisation, manager, django_capture_on_commit_callbacks, mailoutbox
    ):
        asked = MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)

        with django_capture_on_commit_callbacks(execute=True):
            services.refuse_request(membership_id=asked.pk, actor=manager, reason="Adresse personnelle")

        entry = AuditEntry.objects.about(asked).get()
        assert (entry.action, entry.target, entry.reason) == ("membership.refuse", "refused", "Adresse personnelle")
        assert "Adresse personnelle" in mailoutbox[0].body

    def test_answered_request_cannot_be_answered_again(self, organisation, manager):
        asked = MembershipFactory(organisation=organisation, state=MembershipState.REFUSED)

        with pytest.raises(TransitionRefused) as refusal:
            services.accept_request(membership_id=asked.pk, actor=manager, type=MembershipType.SALARIE)

        assert codes(refusal) == ["wrong_state"]

    @pytest.mark.rule("BR-220")
    def test_employee_answers_no_request(self, organisation, employee):
        asked = MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)

        with pytest.raises(PermissionDenied):
            services.accept_request(membership_id=asked.pk, actor=employee, type=MembershipType.SALARIE)

    def test_stranger_answers_no_request(self, organisation, manager):
        asked = MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)

        with pytest.raises(Membership.DoesNotExist):
            services.accept_request(
                membership_id=asked.pk, actor=make_member(OrganisationFactory()), type=MembershipType.SALARIE
            )


class TestInvite:
    def invite(self, organisation, actor, email="nouvelle@exemple.fr", type=MembershipType.SALARIE):
        return services.invite(organisation_id=organisation.pk, actor=actor, email=email, type=type)

    @pytest.mark.rule("BR-220")
    @pytest.mark.parametrize("type", [MembershipType.MANDATAIRE, MembershipType.REPRESENTANT])
    def test_managers_invite_by_a_link_of_which_only_the_hash_is_kept(
        self, organisation, type, django_capture_on_commit_callbacks, mailoutbox
    ):
        manager = make_member(organisation, type)

        with django_capture_on_commit_callbacks(execute=True):
            invitation = self.invite(organisation, manager, "Nouvelle@Exemple.fr")

        (mail,) = mailoutbox
        token = mail.body.split("/structures/invitations/")[1].split("/")[0]
        assert mail.to == ["nouvelle@exemple.fr"]
        assert token not in str(Invitation.objects.values().get())
        assert services.find_invitation(token=token) == invitation
        assert timedelta(days=6, hours=23) < invitation.expires_at - timezone.now() <= timedelta(days=7)
        assert actions(invitation) == ["invitation.send"]

    @pytest.mark.rule("BR-220")
    def test_employee_cannot_invite(self, organisation, employee):
        with pytest.raises(PermissionDenied):
            self.invite(organisation, employee)

        assert not Invitation.objects.exists()

    def test_stranger_does_not_see_the_organisation(self, organisation):
        with pytest.raises(Organisation.DoesNotExist):
            self.invite(organisation, make_member(OrganisationFactory()))

    def test_agent_cannot_invite_and_the_administrator_can(self, organisation):
        with pytest.raises(PermissionDenied):
            self.invite(organisation, make_agent(Role.LISTING_TEAM))

        assert self.invite(organisation, make_agent(Role.ADMIN)).pk

    def test_one_open_invitation_per_address(self, organisation, manager):
        self.invite(organisation, manager)

        with pytest.raises(TransitionRefused) as refusal:
            self.invite(organisation, manager, "NOUVELLE@exemple.fr")

        assert codes(refusal) == ["already_invited"]
        assert refusal.value.blockers[0].anchor == "#id_email"

    def test_expired_invitation_is_renewed_by_inviting_again(self, organisation, manager):
        first = self.invite(organisation, manager)
        Invitation.objects.filter(pk=first.pk).update(expires_at=timezone.now())

        second = self.invite(organisation, manager, type=MembershipType.REPRESENTANT)

        assert second.pk == first.pk
        assert second.type == MembershipType.REPRESENTANT
        assert not second.has_expired(at=timezone.now())

    @pytest.mark.parametrize("state", [MembershipState.REQUESTED, MembershipState.ACTIVE])
    def test_member_or_applicant_is_not_invited(self, organisation, manager, state):
        person = MembershipFactory(organisation=organisation, state=state).user

        with pytest.raises(TransitionRefused) as refusal:
            self.invite(organisation, manager, person.email)

        assert codes(refusal) == ["already_member"]

    def test_invited_person_joins_with_the_type_of_the_invitation(self, organisation, manager):
        person = UserFactory()
        invitation = self.invite(organisation, manager, person.email, MembershipType.REPRESENTANT)

        membership = services.accept_invitation(invitation_id=invitation.pk, actor=person)

        assert (membership.type, membership.state) == (MembershipType.REPRESENTANT, MembershipState.ACTIVE)
        assert person.access.is_manager(organisation.pk)
        assert actions(invitation) == ["invitation.send", "invitation.accept"]

    def test_pending_request_becomes_the_membership(self, organisation, manager):
        person = UserFactory()
        invitation = self.invite(organisation, manager, person.email)
        asked = services.request_membership(organisation_id=organisation.pk, actor=person)

        assert services.accept_invitation(invitation_id=invitation.pk, actor=person).pk == asked.pk

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired"),
            ({"revoked_at": timezone.now()}, "revoked"),
            ({"accepted_at": timezone.now()}, "accepted"),
            ({"email": "autre@exemple.fr"}, "other_address"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_unusable_invitation_is_refused(self, organisation, manager, change, code):
        person = UserFactory()
        invitation = self.invite(organisation, manager, person.email)
        Invitation.objects.filter(pk=invitation.pk).update(**change)

        with pytest.raises(TransitionRefused) as refusal:
            services.accept_invitation(invitation_id=invitation.pk, actor=person)

        assert codes(refusal) == [code]
        assert not person.access.is_member(organisation.pk)

    def test_resending_replaces_the_link(self, organisation, manager, django_capture_on_commit_callbacks, mailoutbox):
        with django_capture_on_commit_callbacks(execute=True):
            invitation = self.invite(organisation, manager)
            services.resend_invitation(invitation_id=invitation.pk, actor=manager)

        old, new = (mail.body.split("/structures/invitations/")[1].split("/")[0] for mail in mailoutbox)
        assert services.find_invitation(token=old) is None
        assert services.find_invitation(token=new) == invitation

    def test_revoked_invitation_cannot_be_resent(self, organisation, manager):
        invitation = self.invite(organisation, manager)
        services.revoke_invitation(invitation_id=invitation.pk, actor=manager)

        with pytest.raises(TransitionRefused) as refusal:
            services.resend_invitation(invitation_id=invitation.pk, actor=manager)

        assert codes(refusal) == ["closed"]

    @pytest.mark.rule("BR-220")
    @pytest.mark.parametrize("service", [services.resend_invitation, services.revoke_invitation])
    def test_employee_and_stranger_do_not_touch_invitations(self, organisation, manager, employee, service):
        invitation = self.invite(organisation, manager)

        with pytest.raises(PermissionDenied):
            service(invitation_id=invitation.pk, actor=employee)
        with pytest.raises(Invitation.DoesNotExist):
            service(invitation_id=invitation.pk, actor=make_member(OrganisationFactory()))


class TestMembers:
    @pytest.mark.rule("A-07")
    def test_right_to_validate_is_added_to_a_contributeur(self, organisation, manager, employee):
        membership = membership_of(employee, organisation)

        services.change_member(
            membership_id=membership.pk, actor=manager, type=MembershipType.SALARIE, is_validator=True
        )

        assert User.objects.get(pk=employee.pk).access.is_validator(organisation.pk)
        assert AuditEntry.objects.about(membership).get().data == {
            "before": {"type": "salarie", "is_validator": False},
            "after": {"type": "salarie", "is_validator": True},
        }

    @pytest.mark.rule("BR-221")
    def test_last_manager_cannot_become_contributeur(self, organisation, manager):
        membership = membership_of(manager, organisation)

        with pytest.raises(TransitionRefused) as refusal:
            services.change_member(
                membership_id=membership.pk, actor=manager, type=MembershipType.SALARIE, is_validator=False
            )

        assert codes(refusal) == ["last_manager"]
        assert membership_of(manager, organisation).type == MembershipType.MANDATAIRE

    @pytest.mark.rule("BR-221")
    def test_last_mandataire_may_become_representant(self, organisation, manager):
        membership = membership_of(manager, organisation)

        services.change_member(
            membership_id=membership.pk, actor=manager, type=MembershipType.REPRESENTANT, is_validator=False
        )

        assert membership_of(manager, organisation).type == MembershipType.REPRESENTANT

    @pytest.mark.rule("BR-221")
    def test_last_manager_cannot_leave(self, organisation, manager, employee):
        with pytest.raises(TransitionRefused) as refusal:
            services.leave(organisation_id=organisation.pk, actor=manager)

        assert codes(refusal) == ["last_manager"]
        assert membership_of(manager, organisation).state == MembershipState.ACTIVE

    @pytest.mark.rule("BR-221")
    def test_manager_whose_colleague_is_deactivated_cannot_leave(self, organisation, manager):
        other = make_member(organisation)
        User.objects.filter(pk=other.pk).update(is_active=False)

        with pytest.raises(TransitionRefused):
            services.leave(organisation_id=organisation.pk, actor=manager)

    @pytest.mark.rule("BR-221")
    def test_manager_leaves_when_another_remains(self, organisation, manager):
        make_member(organisation, MembershipType.REPRESENTANT)

        services.leave(organisation_id=organisation.pk, actor=manager)

        assert membership_of(manager, organisation).state == MembershipState.ENDED
        assert not manager.access.is_member(organisation.pk)

    def test_employee_leaves(self, organisation, employee):
        services.leave(organisation_id=organisation.pk, actor=employee)

        assert membership_of(employee, organisation).state == MembershipState.ENDED

    def test_manager_removes_a_member_who_is_told(
        self, organisation, manager, employee, django_capture_on_commit_callbacks, mailoutbox
    ):
        with django_capture_on_commit_callbacks(execute=True):
            services.remove_member(membership_id=membership_of(employee, organisation).pk, actor=manager)

        assert mailoutbox[0].to == [employee.email]
        assert not User.objects.get(pk=employee.pk).access.is_member(organisation.pk)

    @pytest.mark.rule("BR-221")
    def test_administrator_cannot_remove_the_last_manager(self, organisation, manager):
        with pytest.raises(TransitionRefused) as refusal:
            services.remove_member(membership_id=membership_of(manager, organisation).pk, actor=make_agent(Role.ADMIN))

        assert codes(refusal) == ["last_manager"]

    @pytest.mark.rule("BR-220")
    def test_employee_removes_and_changes_nobody(self, organisation, manager, employee):
        membership = membership_of(manager, organisation)

        with pytest.raises(PermissionDenied):
            services.remove_member(membership_id=membership.pk, actor=employee)
        with pytest.raises(PermissionDenied):
            services.change_member(
                membership_id=membership.pk, actor=employee, type=MembershipType.SALARIE, is_validator=False
            )

    def test_former_manager_with_an_old_session_manages_nothing(self, organisation, manager):
        other = make_member(organisation)
        assert other.access.is_manager(organisation.pk)
        services.remove_member(membership_id=membership_of(other, organisation).pk, actor=manager)

        with pytest.raises(PermissionDenied):
            services.remove_member(membership_id=membership_of(manager, organisation).pk, actor=other)

    def test_ended_membership_is_not_changed(self, organisation, manager):
        ended = MembershipFactory(organisation=organisation, state=MembershipState.ENDED)

        with pytest.raises(TransitionRefused) as refusal:
            services.change_member(
                membership_id=ended.pk, actor=manager, type=MembershipType.SALARIE, is_validator=False
            )

        assert codes(refusal) == ["wrong_state"]


@pytest.mark.rule("BR-221")
class TestDatabaseKeepsAManager:
    def immediately(self):
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    @pytest.mark.parametrize(
        "change",
        [
            lambda row: Membership.objects.filter(pk=row.pk).update(state=MembershipState.ENDED),
            lambda row: Membership.objects.filter(pk=row.pk).update(type=MembershipType.SALARIE),
            lambda row: Membership.objects.filter(pk=row.pk).delete(),
        ],
        ids=["end", "change of type", "delete"],
    )
    def test_last_one_cannot_go(self, organisation, manager, change):
        def change_and_commit():
            with transaction.atomic():
                change(membership_of(manager, organisation))
                self.immediately()

        with pytest.raises(IntegrityError, match="membership_keep_a_manager"):
            change_and_commit()

        assert membership_of(manager, organisation).state == MembershipState.ACTIVE

    def test_one_may_go_when_another_comes_in_the_same_transaction(self, organisation, manager):
        with transaction.atomic():
            Membership.objects.filter(user=manager).update(state=MembershipState.ENDED)
            make_member(organisation)
            self.immediately()

        assert membership_of(manager, organisation).state == MembershipState.ENDED

    def test_organisation_may_be_deleted_whole(self, organisation, manager):
        with transaction.atomic():
            organisation.delete()
            self.immediately()

        assert not Organisation.objects.exists()


@pytest.mark.rule("BR-221")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("through", ["service", "database"])
def test_two_managers_leave_at_once_and_one_stays(through):
    organisation = OrganisationFactory()
    people = [make_member(organisation), make_member(organisation)]
    start = threading.Barrier(2)
    outcomes = []

    def go(person):
        try:
            person.access  # noqa: B018 - both have read who they are before either leaves
            start.wait(timeout=10)
            if through == "service":
                services.leave(organisation_id=organisation.pk, actor=person)
            else:
                Membership.objects.filter(user=person).update(state=MembershipState.ENDED)
            outcomes.append("left")
        except (TransitionRefused, IntegrityError):
            outcomes.append("stays")
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=go, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert sorted(outcomes) == ["left", "stays"]
    assert Membership.objects.managing().filter(organisation=organisation).count() == 1
