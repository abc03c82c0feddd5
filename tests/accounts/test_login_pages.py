"""Sign-up, login, passwords, addresses: every page in French, every refusal beside its field."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.urls import get_resolver, reverse

from convergence.accounts import wording
from convergence.accounts.adapters import AccountAdapter
from convergence.accounts.models import User
from tests.accounts.pages import error_of, link_in, text_of
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

SIGNUP = {
    "email": "Nouvelle@Exemple.fr",
    "first_name": "Léa",
    "last_name": "Martin",
    "password1": "une phrase assez longue",
    "password2": "une phrase assez longue",
}


@pytest.fixture
def person():
    user = UserFactory(email="camille@editeur.example")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def post(client, django_capture_on_commit_callbacks):
    """Post as a browser does, mails included."""

    def send(url, data=None, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, data or {}, **kwargs)

    return send


class TestSignup:
    def test_from_sign_up_to_logged_in_through_the_mail(self, client, post, mailoutbox):
        sent = post(reverse("account_signup"), SIGNUP)
        assert sent.url == reverse("account_email_verification_sent")
        assert "Confirmez votre adresse e-mail" in text_of(client.get(sent.url))
        (mail,) = mailoutbox
        assert (mail.subject, mail.to) == ("Confirmez votre adresse e-mail", ["nouvelle@exemple.fr"])

        page = client.get(link_in(mail))
        assert "nouvelle@exemple.fr" in text_of(page)
        post(link_in(mail))

        user = User.objects.get(email="nouvelle@exemple.fr")
        assert user.get_full_name() == "Léa Martin"
        assert client.session["_auth_user_id"] == str(user.pk)

    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"email": ""}, "email", "Indiquez votre adresse e-mail."),
            ({"email": "lea"}, "email", "Indiquez une adresse e-mail complète"),
            ({"first_name": ""}, "first_name", "Indiquez votre prénom."),
            ({"last_name": " "}, "last_name", "Indiquez votre nom."),
            ({"password1": "court", "password2": "court"}, "password1", "trop court"),
            ({"password1": "", "password2": ""}, "password1", "Indiquez un mot de passe."),
            ({"password2": "une phrase différente"}, "password2", "même mot de passe"),
            ({"password1": "123456789012345"}, "password1", "entièrement numérique"),
        ],
    )
    def test_refusal_stands_beside_its_field_and_keeps_what_was_typed(self, client, change, field, message):
        response = client.post(reverse("account_signup"), SIGNUP | change)

        assert response.status_code == 422
        assert message in error_of(response, field)
        assert not User.objects.exists()
        kept = {"email": "Nouvelle@Exemple.fr", "first_name": "Léa", "last_name": "Martin"} | change
        for name in ("email", "first_name", "last_name"):
            if kept[name].strip():
                assert f'value="{kept[name]}"' in response.content.decode()

    def test_known_address_gets_the_same_answer_and_another_mail(self, client, post, person, mailoutbox):
        response = post(reverse("account_signup"), SIGNUP | {"email": person.email})

        assert response.url == reverse("account_email_verification_sent")
        assert mailoutbox[0].subject == "Vous avez déjà un compte"
        assert link_in(mailoutbox[0]) == reverse("account_reset_password")
        assert User.objects.count() == 1

    def test_wrong_confirmation_link_says_what_to_do(self, client):
        response = client.get(reverse("account_confirm_email", args=["MQ:faux"]))

        assert "Ce lien a expiré" in text_of(response)


class TestLogin:
    def test_person_logs_in_and_goes_where_the_link_led(self, client, person):
        url = f"{reverse('account_login')}?next=/structures/"
        assert 'name="next" value="/structures/"' in client.get(url).content.decode()

        response = client.post(url, {"login": "CAMILLE@editeur.example", "password": PASSWORD})

        assert response.url == "/structures/"

    def test_no_redirection_to_another_site(self, client, person):
        response = client.post(
            reverse("account_login"),
            {"login": person.email, "password": PASSWORD, "next": "https://ailleurs.example/"},
        )

        assert response.url == "/"

    def test_wrong_password_is_said_beside_the_field(self, client, person):
        response = client.post(reverse("account_login"), {"login": person.email, "password": "autre"})

        assert response.status_code == 422
        assert error_of(response, "password") == wording.REFUSALS["email_password_mismatch"]
        assert f'value="{person.email}"' in response.content.decode()

    def test_unknown_address_gets_the_same_answer(self, client):
        response = client.post(reverse("account_login"), {"login": "x@exemple.fr", "password": "autre"})

        assert error_of(response, "password") == wording.REFUSALS["email_password_mismatch"]

    def test_unconfirmed_address_gets_a_new_mail(self, client, post, mailoutbox):
        person = UserFactory()

        response = post(reverse("account_login"), {"login": person.email, "password": PASSWORD})

        assert response.url == reverse("account_email_verification_sent")
        assert mailoutbox[0].to == [person.email]

    def test_deactivated_account_is_told(self, client, person):
        User.objects.update(is_active=False)

        response = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD}, follow=True)

        assert "désactivé" in text_of(response)

    def test_too_many_tries_get_a_french_429(self, client, person, settings):
        settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
        cache.clear()
        answers = [
            client.post(reverse("account_login"), {"login": person.email, "password": "autre"}) for _ in range(3)
        ]

        assert [answer.status_code for answer in answers] == [422, 422, 429]
        assert "Attendez quelques minutes" in text_of(answers[2])

    def test_logout_asks_then_says_it(self, client, person):
        client.force_login(person)
        assert "Se déconnecter" in text_of(client.get(reverse("account_logout")))

        response = client.post(reverse("account_logout"))

        assert response.url == "/"
        assert "_auth_user_id" not in client.session

    def test_identity_providers_are_shown_only_when_configured(self, client, settings):
        url = reverse("account_login")
        assert "fournisseur d’identité" not in text_of(client.get(url))

        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "APPS": [
                    {
                        "provider_id": "proconnect",
                        "name": "ProConnect",
                        "client_id": "x",
                        "secret": "y",
                        "settings": {"server_url": "https://identite.example"},
                    }
                ]
            }
        }

        page = client.get(url)
        assert "S’identifier avec ProConnect" in text_of(page)
        assert "/compte/oidc/proconnect/login/" in page.content.decode()


class TestPasswords:
    def test_forgotten_password_is_replaced_through_the_mail(self, client, post, person, mailoutbox):
        post(reverse("account_reset_password"), {"email": person.email})
        form = client.get(link_in(mailoutbox[0]), follow=True)
        path = form.redirect_chain[-1][0]

        response = post(path, {"password1": "encore une phrase longue", "password2": "encore une phrase longue"})

        assert response.url == reverse("account_reset_password_from_key_done")
        assert "Vous pouvez vous connecter" in text_of(client.get(response.url))
        assert User.objects.get().check_password("encore une phrase longue")
        assert mailoutbox[1].subject == "Mot de passe remplacé"

    def test_used_link_leads_to_a_new_one(self, client):
        response = client.get(reverse("account_reset_password_from_key", args=["1", "faux-lien"]))

        assert "Ce lien a expiré ou a déjà servi" in text_of(response)

    def test_unknown_address_gets_the_same_page(self, client, post, mailoutbox):
        response = post(reverse("account_reset_password"), {"email": "inconnue@exemple.fr"})

        assert response.url == reverse("account_reset_password_done")
        assert mailoutbox[0].subject == "Aucun compte à cette adresse"

    def test_change_wants_the_present_password(self, client, person):
        client.force_login(person)

        response = client.post(
            reverse("account_change_password"),
            {"oldpassword": "faux", "password1": "une phrase nouvelle", "password2": "une phrase nouvelle"},
        )

        assert response.status_code == 422
        assert error_of(response, "oldpassword") == wording.REFUSALS["enter_current_password"]


class TestAddress:
    def test_address_changes_once_the_new_one_is_confirmed(self, client, post, person, mailoutbox):
        client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
        post(reverse("account_email"), {"email": "nouvelle@exemple.fr", "action_add": ""})
        assert "nouvelle@exemple.fr" in text_of(client.get(reverse("account_email")))
        assert User.objects.get().email == "camille@editeur.example"
        confirmation = next(mail for mail in mailoutbox if mail.to == ["nouvelle@exemple.fr"])

        post(link_in(confirmation))

        assert User.objects.get().email == "nouvelle@exemple.fr"
        assert {mail.subject for mail in mailoutbox} >= {"Adresse e-mail changée"}

    def test_change_asks_for_the_password_again_after_a_while(self, client, person):
        client.force_login(person)

        response = client.post(reverse("account_email"), {"email": "x@exemple.fr", "action_add": ""}, follow=True)

        assert response.redirect_chain[0][0].startswith(reverse("account_reauthenticate"))
        assert "Confirmer que c’est vous" in text_of(response)

        refused = client.post(response.redirect_chain[0][0], {"password": "faux"})
        assert refused.status_code == 422
        assert error_of(refused, "password") == wording.REFUSALS["incorrect_password"]


def test_every_refusal_and_mail_of_the_library_has_our_words():
    """What the library may say in English, except what features that we do not use say."""
    from pathlib import Path

    import allauth
    from allauth.account.adapter import DefaultAccountAdapter

    unused = {
        "phone_password_mismatch", "phone_taken", "unknown_phone", "invalid_phone", "username_blacklisted",
        "username_password_mismatch", "username_taken", "email_enumeration",
    }  # fmt: skip
    assert set(DefaultAccountAdapter.error_messages) - unused <= set(wording.REFUSALS)
    assert AccountAdapter.error_messages["incorrect_code"] == wording.REFUSALS["incorrect_code"]
    templates = Path(allauth.__file__).parent / "templates"
    mails = {
        str(path.relative_to(templates)).removesuffix("_subject.txt")
        for app in ("account", "mfa", "socialaccount")
        for path in (templates / app / "email").glob("*_subject.txt")
    }
    codes_by_mail = {"account/email/login_code", "account/email/password_reset_code"}
    assert mails - codes_by_mail == set(wording.MAILS)


def test_every_page_of_the_library_that_is_mounted_is_ours():
    """Our own template stands behind each mounted page of the library."""
    from django.template.loader import get_template

    ours = []
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern) != "compte/":
            continue
        for page in pattern.url_patterns:
            view = getattr(getattr(page, "callback", None), "view_class", None)
            name = getattr(view, "template_name", None)
            if name:
                ours.append(name)
                assert "/templates/" in get_template(name).origin.name
                assert not re.search(r"site-packages", get_template(name).origin.name), name
    assert len(ours) > 20
