"""Creating, joining, inviting, leaving: through pages."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from convergence.accounts import services
from convergence.accounts.enums import LegalForm, MembershipState, MembershipType, Role
from convergence.accounts.models import Invitation, Membership, Organisation, User
from tests.accounts.pages import error_of, link_in, rows_of, text_of
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory, make_agent, make_member, make_siret

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation():
    return OrganisationFactory(name="Alizé Santé")


@pytest.fixture
def manager(organisation):
    return make_member(organisation)


@pytest.fixture
def employee(organisation, manager):
    return make_member(organisation, MembershipType.SALARIE)


@pytest.fixture
def person(client):
    """Somebody without organisation, logged in."""
    user = UserFactory()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.force_login(user)
    return user


@pytest.fixture
def post(client, django_capture_on_commit_callbacks):
    def send(url, data=None, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, data or {}, **kwargs)

    return send


class TestWelcome:
    def test_person_without_organisation_may_join_or_create(self, client, person):
        page = client.get(reverse("accounts:welcome"))

        assert "Rejoindre une structure" in text_of(page)
        assert "Créer une structure" in text_of(page)
        assert person.email in text_of(page)

    def test_member_goes_to_own_organisations(self, client, manager):
        client.force_login(manager)

        assert client.get(reverse("accounts:welcome")).url == reverse("accounts:organisation_list")

    def test_waiting_invitation_is_accepted_from_there(self, client, person, organisation, manager):
        invitation = services.invite(
            organisation_id=organisation.pk, actor=manager, email=person.email, type=MembershipType.SALARIE
        )
        url = reverse("accounts:invitation_accept", args=[organisation.pk, invitation.pk])
        assert url in client.get(reverse("accounts:welcome")).content.decode()

        client.post(url)

        assert User.objects.get(pk=person.pk).access.is_member(organisation.pk)

    def test_invitation_of_somebody_else_is_not_found(self, client, person, organisation, manager):
        invitation = services.invite(
            organisation_id=organisation.pk, actor=manager, email="autre@exemple.fr", type=MembershipType.SALARIE
        )

        response = client.post(reverse("accounts:invitation_accept", args=[organisation.pk, invitation.pk]))

        assert response.status_code == 404


class TestCreate:
    URL = "accounts:organisation_create"
    TYPED = {"siret": "732 829 320 00074", "name": "Boréal", "legal_form": "association", "address": "Nantes"}

    @pytest.mark.rule("A-06")
    def test_siret_with_spaces_makes_an_organisation(self, client, person):
        response = client.post(reverse(self.URL), self.TYPED, follow=False)

        organisation = Organisation.objects.get()
        assert (organisation.siret, organisation.legal_form) == ("73282932000074", LegalForm.ASSOCIATION)
        assert response.url == "/"
        assert client.session["organisation_id"] == str(organisation.pk)

    @pytest.mark.rule("BR-025", "A-06")
    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"siret": ""}, "siret", "Indiquez le SIRET de votre structure."),
            ({"siret": "732 829 320"}, "siret", "14 chiffres"),
            ({"siret": "732 829 320 00075"}, "siret", "Ce SIRET n’existe pas"),
            ({"siret": "ABCDEFGHIJKLMN"}, "siret", "14 chiffres"),
            ({"name": ""}, "name", "Indiquez la dénomination"),
            ({"legal_form": ""}, "legal_form", "Choisissez la forme juridique"),
            ({"legal_form": "foreign"}, "legal_form", ""),
        ],
    )
    def test_refusal_stands_beside_its_field_and_keeps_the_rest(self, client, person, change, field, message):
        response = client.post(reverse(self.URL), self.TYPED | change)

        assert response.status_code == 422
        assert message in error_of(response, field)
        assert error_of(response, field)
        assert "Nantes" in response.content.decode()
        if change.get("siret"):
            assert f'value="{change["siret"]}"' in response.content.decode()
        assert not Organisation.objects.exists()

    @pytest.mark.rule("BR-222")
    def test_known_siret_leads_to_the_request(self, client, post, person, organisation, manager):
        response = client.post(reverse(self.URL), self.TYPED | {"siret": organisation.siret})
        assert response.url == reverse("accounts:organisation_join", args=[organisation.pk])
        assert "Alizé Santé" in text_of(client.get(response.url))

        post(response.url)

        assert Membership.objects.get(user=person).state == MembershipState.REQUESTED
        waiting = text_of(client.get(reverse("accounts:welcome")))
        assert "Demandes en attente" in waiting

    @pytest.mark.rule("A-06")
    def test_foreign_organisation_gives_country_and_register_number(self, client, person):
        client.post(
            reverse("accounts:organisation_create_foreign"),
            {"country": "BE", "register_number": " 0123.456.789 ", "name": "Aurore"},
        )

        organisation = Organisation.objects.get()
        assert (organisation.country, organisation.register_number) == ("BE", "0123.456.789")
        assert (organisation.legal_form, organisation.siret) == (LegalForm.FOREIGN, None)

    @pytest.mark.rule("A-06")
    @pytest.mark.parametrize(
        ("change", "field"), [({"country": ""}, "country"), ({"country": "FR"}, "country"),
                              ({"register_number": " "}, "register_number"), ({"name": ""}, "name")]
    )  # fmt: skip
    def test_foreign_refusals(self, client, person, change, field):
        typed = {"country": "BE", "register_number": "0123.456.789", "name": "Aurore"} | change

        response = client.post(reverse("accounts:organisation_create_foreign"), typed)

        assert response.status_code == 422
        assert error_of(response, field)
        assert not Organisation.objects.exists()


class TestFind:
    URL = "accounts:organisation_find"

    @pytest.mark.rule("BR-222")
    @pytest.mark.parametrize(
        "fields", [{"siret": make_siret(900)}, {"siret": None, "country": "DE", "register_number": "HRB 1"}]
    )
    def test_known_organisation_is_found(self, client, person, fields):
        organisation = OrganisationFactory(**fields)

        response = client.post(reverse(self.URL), {name: value for name, value in fields.items() if value})

        assert response.url == reverse("accounts:organisation_join", args=[organisation.pk])

    def test_unknown_one_leads_to_its_creation_prefilled(self, client, person):
        response = client.post(reverse(self.URL), {"siret": "73282932000074"}, follow=True)

        assert 'value="73282932000074"' in response.content.decode()
        assert "n’est pas encore inscrite" in text_of(response)

    @pytest.mark.parametrize(
        ("typed", "field"),
        [({}, "siret"), ({"siret": "12"}, "siret"), ({"country": "DE"}, "register_number"),
         ({"register_number": "HRB 1"}, "country")],
    )  # fmt: skip
    def test_refusals(self, client, person, typed, field):
        response = client.post(reverse(self.URL), typed)

        assert response.status_code == 422
        assert error_of(response, field)


class TestSwitch:
    def test_choice_lasts_and_stays_within_own_organisations(self, client, manager, organisation):
        other = MembershipFactory(user=manager, organisation=OrganisationFactory(name="Zéphyr")).organisation
        stranger = OrganisationFactory()
        client.force_login(manager)

        assert client.post(reverse("accounts:organisation_choose", args=[other.pk])).url == "/"
        assert client.session["organisation_id"] == str(other.pk)
        client.post(reverse("accounts:organisation_switch"), {"organisation": str(organisation.pk)})
        assert client.session["organisation_id"] == str(organisation.pk)

        assert client.post(reverse("accounts:organisation_choose", args=[stranger.pk])).status_code == 404
        assert client.post(reverse("accounts:organisation_switch"), {"organisation": "x"}).status_code == 404
        assert client.session["organisation_id"] == str(organisation.pk)

    def test_organisation_that_one_left_is_no_longer_current(self, rf, client, manager, organisation):
        from convergence.accounts.organisations import choose_organisation, current_organisation

        other = MembershipFactory(user=manager, organisation=OrganisationFactory(name="Zéphyr")).organisation
        make_member(other)
        request = rf.get("/")
        request.user, request.session = manager, {}
        choose_organisation(request, other.pk)
        assert current_organisation(request) == other

        services.leave(organisation_id=other.pk, actor=manager)

        assert current_organisation(request) == organisation


class TestMembers:
    def url(self, name, *args):
        return reverse(f"accounts:{name}", args=args)

    def test_members_see_members_and_managers_see_more(self, client, organisation, manager, employee):
        MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)
        services.invite(organisation_id=organisation.pk, actor=manager, email="x@y.fr", type=MembershipType.SALARIE)
        url = self.url("member_list", organisation.pk)

        client.force_login(employee)
        seen_by_employee = text_of(client.get(url))
        client.force_login(manager)
        seen_by_manager = text_of(client.get(url))

        assert manager.email in seen_by_employee
        for word in ("Demandes à traiter", "Inviter une personne", "x@y.fr", "Retirer"):
            assert word not in seen_by_employee
            assert word in seen_by_manager

    @pytest.mark.rule("A-06")
    def test_organisation_is_said_unverified(self, client, organisation, manager):
        client.force_login(manager)

        assert "Non vérifiée" in text_of(client.get(self.url("member_list", organisation.pk)))

    @pytest.mark.parametrize("count", [1, 3, 30])
    def test_query_count_is_constant(self, client, organisation, manager, django_assert_num_queries, count):
        for number in range(count - 1):
            make_member(organisation)
            MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)
            services.invite(
                organisation_id=organisation.pk, actor=manager, email=f"i{number}@y.fr", type=MembershipType.SALARIE
            )
        client.force_login(manager)

        with django_assert_num_queries(7):
            response = client.get(self.url("member_list", organisation.pk))

        assert rows_of(response) == count

    @pytest.mark.parametrize("count", [1, 3, 30])
    def test_list_of_organisations_has_a_constant_query_count(self, client, person, django_assert_num_queries, count):
        for _ in range(count):
            MembershipFactory(user=person)
            inviting = OrganisationFactory()
            services.invite(
                organisation_id=inviting.pk, actor=make_member(inviting), email=person.email, type="salarie"
            )

        with django_assert_num_queries(5):
            response = client.get(self.url("organisation_list"))

        assert rows_of(response) == count

    def test_request_is_accepted_with_a_type(self, client, post, organisation, manager, mailoutbox):
        asked = MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)
        client.force_login(manager)
        url = self.url("request_accept", organisation.pk, asked.pk)
        assert asked.user.email in text_of(client.get(url))

        refused = client.post(url, {"type": ""})
        post(url, {"type": "salarie", "is_validator": "on"})

        assert refused.status_code == 422
        assert error_of(refused, "type") == "Choisissez un type de compte."
        membership = Membership.objects.get(pk=asked.pk)
        assert (membership.state, membership.is_validator) == (MembershipState.ACTIVE, True)
        assert "demande acceptée" in mailoutbox[0].subject

    def test_request_is_refused_with_a_reason(self, client, post, organisation, manager, mailoutbox):
        asked = MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)
        client.force_login(manager)
        url = self.url("request_refuse", organisation.pk, asked.pk)

        assert client.post(url, {"reason": " "}).status_code == 422
        post(url, {"reason": "Vous n’êtes pas de la maison."})

        assert Membership.objects.get(pk=asked.pk).state == MembershipState.REFUSED
        assert "pas de la maison" in mailoutbox[0].body

    @pytest.mark.rule("BR-221")
    def test_last_manager_reads_why_nothing_changed(self, client, organisation, manager, employee):
        mine = Membership.objects.get(user=manager)
        client.force_login(manager)

        refused = client.post(self.url("member_update", organisation.pk, mine.pk), {"type": "salarie"})
        left = client.post(self.url("organisation_leave", organisation.pk), follow=True)

        assert refused.status_code == 422
        assert "au moins un mandataire" in error_of(refused, "type")
        assert "au moins un mandataire" in text_of(left)
        assert Membership.objects.get(pk=mine.pk).type == MembershipType.MANDATAIRE

    def test_manager_removes_after_a_question(self, client, organisation, manager, employee):
        theirs = Membership.objects.get(user=employee)
        client.force_login(manager)
        url = self.url("member_remove", organisation.pk, theirs.pk)

        assert "n’aura plus accès" in text_of(client.get(url))
        assert Membership.objects.get(pk=theirs.pk).state == MembershipState.ACTIVE
        client.post(url)

        assert Membership.objects.get(pk=theirs.pk).state == MembershipState.ENDED

    def test_person_who_leaves_returns_to_own_organisations(self, client, organisation, employee):
        client.force_login(employee)
        url = self.url("organisation_leave", organisation.pk)
        assert "Quitter Alizé Santé" in text_of(client.get(url))

        assert client.post(url).url == reverse("accounts:organisation_list")

    @pytest.mark.rule("BR-220")
    @pytest.mark.parametrize(
        ("name", "of"),
        [("invitation_create", "organisation"), ("member_update", "member"), ("member_remove", "member"),
         ("request_accept", "request"), ("request_refuse", "request"), ("invitation_resend", "invitation"),
         ("invitation_revoke", "invitation")],
    )  # fmt: skip
    @pytest.mark.parametrize(("who", "status"), [("employee", 403), ("stranger", 404), ("anonymous", 302)])
    def test_managing_pages_are_closed(self, client, organisation, manager, employee, name, of, who, status):
        rows = {
            "organisation": [],
            "member": [Membership.objects.get(user=manager).pk],
            "request": [MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED).pk],
            "invitation": [
                services.invite(
                    organisation_id=organisation.pk, actor=manager, email="x@y.fr", type=MembershipType.SALARIE
                ).pk
            ],
        }
        if who != "anonymous":
            client.force_login(employee if who == "employee" else make_member(OrganisationFactory()))

        response = client.post(self.url(name, organisation.pk, *rows[of]), {"type": "salarie", "reason": "x"})

        assert response.status_code == status
        if status == 302:
            assert response.url.startswith(reverse("account_login"))

    def test_row_of_another_organisation_is_not_found(self, client, organisation, manager):
        foreign = MembershipFactory()
        client.force_login(manager)

        assert client.get(self.url("member_update", organisation.pk, foreign.pk)).status_code == 404
        assert client.get(self.url("member_list", foreign.organisation.pk)).status_code == 404
        assert client.get(self.url("organisation_leave", foreign.organisation.pk)).status_code == 404

    def test_agent_reads_members_and_only_the_administrator_manages(self, client, organisation, manager):
        mine = Membership.objects.get(user=manager)
        client.force_login(make_agent(Role.SUPPORT))
        assert client.get(self.url("member_list", organisation.pk)).status_code == 200
        assert client.get(self.url("member_update", organisation.pk, mine.pk)).status_code == 403

        client.force_login(make_agent(Role.ADMIN))
        assert client.get(self.url("member_update", organisation.pk, mine.pk)).status_code == 200


class TestInvitation:
    @pytest.fixture
    def invite(self, client, post, organisation, manager, mailoutbox):
        def send(email):
            client.force_login(manager)
            url = reverse("accounts:invitation_create", args=[organisation.pk])
            assert post(url, {"email": email, "type": "representant"}).status_code == 302
            client.logout()
            return link_in(mailoutbox[-1])

        return send

    def test_person_without_account_signs_up_through_the_link_and_is_in(
        self, client, post, organisation, invite, mailoutbox
    ):
        page = client.get(invite("nouvelle@exemple.fr"))
        assert "Alizé Santé" in text_of(page)
        form = client.get(reverse("account_signup"))
        assert 'value="nouvelle@exemple.fr"' in form.content.decode()

        post(
            reverse("account_signup"),
            {
                "email": "nouvelle@exemple.fr",
                "first_name": "Léa",
                "last_name": "Martin",
                "password1": "une phrase assez longue",
                "password2": "une phrase assez longue",
            },
        )

        user = User.objects.get(email="nouvelle@exemple.fr")
        assert user.access.is_manager(organisation.pk)
        assert client.session["_auth_user_id"] == str(user.pk)
        assert not [mail for mail in mailoutbox if "Confirmez" in mail.subject]

    def test_signing_up_with_another_address_does_not_join(self, client, post, organisation, invite):
        client.get(invite("nouvelle@exemple.fr"))

        post(
            reverse("account_signup"),
            {
                "email": "intrus@exemple.fr",
                "first_name": "Léa",
                "last_name": "Martin",
                "password1": "une phrase assez longue",
                "password2": "une phrase assez longue",
            },
        )

        user = User.objects.get(email="intrus@exemple.fr")
        assert not user.access.is_member(organisation.pk)
        assert not EmailAddress.objects.get(user=user).verified
        assert "_auth_user_id" not in client.session

    def test_person_with_account_logs_in_and_accepts(self, client, organisation, invite):
        person = UserFactory()
        link = invite(person.email)
        assert "Connectez-vous avec l’adresse" in text_of(client.get(link))
        client.force_login(person)
        assert "Accepter l’invitation" in text_of(client.get(link))

        assert client.post(link).url == "/"

        assert User.objects.get(pk=person.pk).access.is_manager(organisation.pk)
        assert client.get(link).status_code == 410

    def test_somebody_else_reads_whose_invitation_it_is(self, client, organisation, invite):
        link = invite("nouvelle@exemple.fr")
        other = UserFactory()
        client.force_login(other)

        response = client.post(link)

        assert response.status_code == 403
        assert "adressée à nouvelle@exemple.fr" in text_of(response)
        assert not other.memberships.exists()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"expires_at": timezone.now() - timedelta(seconds=1)}, "a expiré"),
            ({"revoked_at": timezone.now()}, "a été annulée"),
        ],
    )
    def test_dead_link_says_why(self, client, invite, change, words):
        link = invite("nouvelle@exemple.fr")
        Invitation.objects.update(**change)

        response = client.get(link)

        assert response.status_code == 410
        assert words in text_of(response)

    def test_unknown_link_is_not_found(self, client):
        response = client.get(reverse("accounts:invitation_detail", args=["inconnu"]))

        assert response.status_code == 404
        assert "Cette invitation n’existe pas" in text_of(response)

    @pytest.mark.parametrize(
        ("typed", "field"), [({"email": "x"}, "email"), ({"email": ""}, "email"), ({"type": "roi"}, "type")]
    )
    def test_refusals_keep_what_was_typed(self, client, organisation, manager, typed, field):
        client.force_login(manager)
        data = {"email": "lea@exemple.fr", "type": "representant"} | typed

        response = client.post(reverse("accounts:invitation_create", args=[organisation.pk]), data)

        assert response.status_code == 422
        assert error_of(response, field)
        assert f'value="{data["email"]}"' in response.content.decode() or not data["email"]

    def test_second_invitation_is_refused_beside_the_address(self, client, organisation, manager, invite):
        invite("nouvelle@exemple.fr")
        client.force_login(manager)

        response = client.post(
            reverse("accounts:invitation_create", args=[organisation.pk]),
            {"email": "nouvelle@exemple.fr", "type": "salarie"},
        )

        assert response.status_code == 422
        assert "déjà en attente" in error_of(response, "email")

    def test_resend_and_revoke(self, client, post, organisation, manager, invite, mailoutbox):
        old = invite("nouvelle@exemple.fr")
        invitation = Invitation.objects.get()
        client.force_login(manager)

        post(reverse("accounts:invitation_resend", args=[organisation.pk, invitation.pk]))
        assert client.get(old).status_code == 404
        post(reverse("accounts:invitation_revoke", args=[organisation.pk, invitation.pk]))
        again = client.post(reverse("accounts:invitation_revoke", args=[organisation.pk, invitation.pk]), follow=True)

        assert client.get(link_in(mailoutbox[-1])).status_code == 410
        assert "n’est plus en attente" in text_of(again)


class TestAccount:
    def test_account_says_name_second_factor_and_organisations(self, client, organisation, manager):
        client.force_login(manager)

        page = text_of(client.get(reverse("accounts:account_detail")))

        for words in (manager.email, "Non activée", "Alizé Santé", "Mandataire"):
            assert words in page

    def test_agent_reads_own_roles(self, client):
        client.force_login(make_agent(Role.EXPERT, "ethique"))

        page = text_of(client.get(reverse("accounts:account_detail")))

        assert "Expert évaluateur" in page
        assert "Éthique" in page
        assert "Activée" in page

    def test_name_changes(self, client, person):
        client.post(reverse("accounts:account_detail"), {"first_name": "Zoé", "last_name": "Durand"})

        assert User.objects.get().get_full_name() == "Zoé Durand"

    def test_name_is_not_emptied(self, client, person):
        response = client.post(reverse("accounts:account_detail"), {"first_name": "", "last_name": "Durand"})

        assert response.status_code == 422
        assert error_of(response, "first_name") == "Indiquez votre prénom."
        assert 'value="Durand"' in response.content.decode()
