"""The login library’s forms in our French and our layout; what they do stays the library’s."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.recovery_codes import forms as recovery_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from allauth.socialaccount import forms as social_forms
from django import forms
from django.http import HttpRequest

from convergence.accounts import services
from convergence.accounts.models import Invitation, User
from convergence.ui.forms import DsfrFormMixin

PASSWORD_HINT = "12 caractères au moins. Une phrase facile à retenir pour vous convient très bien."  # noqa: S105

_LABELS = {
    "login": "Adresse e-mail",
    "email": "Adresse e-mail",
    "password": "Mot de passe",
    "oldpassword": "Mot de passe actuel",
    "password1": "Mot de passe",
    "password2": "Mot de passe, une seconde fois",
    "code": "Code à six chiffres",
    "name": "Nom de la clé",
    "passwordless": "Permettre la connexion avec cette seule clé",
}
_HINTS = {
    "login": "Par exemple : nom@exemple.fr",
    "email": "Par exemple : nom@exemple.fr",
    "password": "",
    "password1": PASSWORD_HINT,
    "name": "Pour la reconnaître parmi les autres, par exemple : Téléphone professionnel",
    "passwordless": "La clé demandera alors une empreinte, un visage ou un code.",
}


class FrenchForm(DsfrFormMixin):
    """Labels and hints above the field, never inside it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = _LABELS.get(name, field.label)
            field.help_text = _HINTS.get(name, field.help_text)
            field.widget.attrs.pop("placeholder", None)
            if name == "code":
                field.widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}
            self._speak_french(name, field)


class LoginForm(FrenchForm, account_forms.LoginForm):
    phrases = {"login": "votre adresse e-mail", "password": "votre mot de passe"}

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except forms.ValidationError as error:
            self.add_error("password", error)
            return self.cleaned_data


class NameMixin(forms.Form):
    first_name = forms.CharField(
        label="Prénom", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label="Nom", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )


_NAMES = {"first_name": "votre prénom", "last_name": "votre nom"}


class SignupForm(FrenchForm, NameMixin, account_forms.SignupForm):
    field_order = ["email", "first_name", "last_name", "password1", "password2"]
    phrases = _NAMES | {
        "email": "votre adresse e-mail",
        "password1": "un mot de passe",
        "password2": "le même mot de passe une seconde fois",
    }

    def save(self, request: HttpRequest) -> User:
        """Whoever signs up from an invitation, with the address that received it, joins at once."""
        invitation_id = request.session.pop("invitation_id", None)
        if request.session.get("account_verified_email") != self.cleaned_data["email"]:
            # Another address than the one that the link proved: it is confirmed as usual, and joins nothing.
            request.session.pop("account_verified_email", None)
            invitation_id = None
        user: User = super().save(request)
        invitation = Invitation.objects.filter(pk=invitation_id).first() if invitation_id else None
        if invitation and not services.invitation_blocker(invitation, actor=user):
            services.accept_invitation(invitation_id=invitation.pk, actor=user)
        return user


class SocialSignupForm(FrenchForm, NameMixin, social_forms.SignupForm):
    field_order = ["email", "first_name", "last_name"]
    phrases = _NAMES | {"email": "votre adresse e-mail"}


class EmailForm(FrenchForm, account_forms.AddEmailForm):
    phrases = {"email": "la nouvelle adresse"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Nouvelle adresse e-mail"


class ChangePasswordForm(FrenchForm, account_forms.ChangePasswordForm):
    phrases = {"oldpassword": "votre mot de passe actuel", "password1": "un nouveau mot de passe"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = "Nouveau mot de passe"


class SetPasswordForm(FrenchForm, account_forms.SetPasswordForm):
    phrases = {"password1": "un mot de passe"}


class ResetPasswordForm(FrenchForm, account_forms.ResetPasswordForm):
    phrases = {"email": "l’adresse de votre compte"}


class ResetPasswordKeyForm(FrenchForm, account_forms.ResetPasswordKeyForm):
    phrases = {"password1": "un nouveau mot de passe"}


class ReauthenticateForm(FrenchForm, account_forms.ReauthenticateForm):
    phrases = {"password": "votre mot de passe"}


class CodeForm(FrenchForm, mfa_forms.AuthenticateForm):
    phrases = {"code": "le code"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code"
        self.fields["code"].help_text = "Les six chiffres de votre application, ou un code de secours."
        self.fields["code"].widget.attrs["inputmode"] = "text"


class ReauthenticateCodeForm(CodeForm, mfa_forms.ReauthenticateForm):
    """The same form, before a sensitive change."""


class ActivateTotpForm(FrenchForm, totp_forms.ActivateTOTPForm):
    phrases = {"code": "le code que l’application affiche"}


class DeactivateTotpForm(FrenchForm, totp_forms.DeactivateTOTPForm):
    pass


class AddKeyForm(FrenchForm, webauthn_forms.AddWebAuthnForm):
    pass


class EditKeyForm(FrenchForm, webauthn_forms.EditWebAuthnForm):
    phrases = {"name": "un nom"}


class GenerateCodesForm(FrenchForm, recovery_forms.GenerateRecoveryCodesForm):
    pass
