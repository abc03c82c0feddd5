"""What the login library says, in our French: refusals, short messages, mails. Keys are the library’s own names."""

from dataclasses import dataclass

REFUSALS = {
    "account_inactive": "Ce compte est désactivé. Écrivez au support pour le rouvrir.",
    "cannot_remove_primary_email": "Vous ne pouvez pas retirer votre adresse principale.",
    "duplicate_email": "Cette adresse est déjà celle de votre compte.",
    "email_password_mismatch": "L’adresse e-mail ou le mot de passe ne correspond à aucun compte.",
    "email_taken": "Cette adresse est déjà utilisée par un autre compte.",
    "enter_current_password": "Ce n’est pas votre mot de passe actuel.",
    "incorrect_code": "Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant dans votre application.",
    "incorrect_password": "Ce mot de passe n’est pas le bon.",
    "invalid_or_expired_key": "Ce lien a expiré ou a déjà servi.",
    "invalid_login": "Cette connexion n’est pas possible.",
    "invalid_password_reset": "Ce lien a expiré ou a déjà servi. Demandez-en un nouveau.",
    "max_email_addresses": "Votre compte a déjà %d adresses.",
    "too_many_login_attempts": "Trop d’essais ont échoué. Réessayez dans quelques minutes.",
    "unknown_email": "Aucun compte n’a cette adresse.",
    "select_only_one": "Choisissez une seule réponse.",
    "same_as_current": "Cette valeur est déjà la vôtre : indiquez-en une autre.",
    "unverified_primary_email": "Votre adresse principale doit d’abord être confirmée.",
    "rate_limited": "Vous allez trop vite. Attendez une minute, puis réessayez.",
}

SECOND_FACTOR_REFUSALS = {
    "add_email_blocked": "Votre compte est protégé par une double authentification : l’adresse ne peut pas être ajoutée.",
    "cannot_delete_authenticator": "Votre rôle exige une double authentification : "
    "ajoutez d’abord une autre application ou une clé.",
    "cannot_generate_recovery_codes": "Activez d’abord une application ou une clé de sécurité.",
    "incorrect_code": REFUSALS["incorrect_code"],
    "unverified_email": "Confirmez d’abord votre adresse e-mail.",
}

#: Shown on top of the next page; a message that only repeats what the page shows is left out.
MESSAGES = {
    "account/messages/cannot_delete_primary_email.txt": "Vous ne pouvez pas retirer votre adresse principale.",
    "account/messages/email_confirmation_failed.txt": "Cette adresse est déjà celle d’un autre compte.",
    "account/messages/email_confirmation_sent.txt": "Un message est parti : ouvrez le lien qu’il contient.",
    "account/messages/email_confirmed.txt": "Votre adresse e-mail est confirmée.",
    "account/messages/email_deleted.txt": "Le changement d’adresse est abandonné.",
    "account/messages/logged_out.txt": "Vous êtes déconnecté.",
    "account/messages/password_changed.txt": "Votre mot de passe est changé.",
    "account/messages/password_set.txt": "Votre mot de passe est enregistré.",
    "account/messages/primary_email_set.txt": "Votre adresse principale est changée.",
    "account/messages/unverified_primary_email.txt": "Confirmez d’abord cette adresse.",
    "mfa/messages/recovery_codes_generated.txt": "De nouveaux codes de secours sont prêts. Les anciens ne marchent plus.",
    "mfa/messages/totp_activated.txt": "Votre application d’authentification est activée.",
    "mfa/messages/totp_deactivated.txt": "L’application d’authentification est désactivée.",
    "mfa/messages/webauthn_added.txt": "Votre clé de sécurité est ajoutée.",
    "mfa/messages/webauthn_removed.txt": "La clé de sécurité est retirée.",
    "socialaccount/messages/account_connected.txt": "Ce fournisseur d’identité est relié à votre compte.",
    "socialaccount/messages/account_connected_other.txt": "Cette identité est déjà reliée à un autre compte.",
    "socialaccount/messages/account_disconnected.txt": "Ce fournisseur d’identité n’est plus relié à votre compte.",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """`link` names the value of the library’s context that holds the address to open."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""
    action: str = ""


_NOT_YOU = "Si vous n’avez rien demandé, ignorez ce message : rien ne change."


def _change(subject: str, what: str) -> Mail:
    """A change that its owner must be able to notice; the address and the browser come from the request."""
    return Mail(
        subject,
        (
            what,
            "Si ce n’est pas vous, changez votre mot de passe aujourd’hui et écrivez au support.",
            "Adresse IP : {ip}\nNavigateur : {user_agent}",
        ),
        link="profile_url",
        action="Vérifier votre compte",
    )


_CONFIRM = Mail(
    "Confirmez votre adresse e-mail",
    ("Ouvrez le lien ci-dessous pour confirmer que cette adresse est la vôtre. Il vaut trois jours.", _NOT_YOU),
    link="activate_url",
    action="Confirmer mon adresse",
)

MAILS = {
    "account/email/email_confirmation_signup": _CONFIRM,
    "account/email/email_confirmation": _CONFIRM,
    "account/email/account_already_exists": Mail(
        "Vous avez déjà un compte",
        (
            "Connectez-vous avec cette adresse : un compte existe déjà. "
            "Si vous avez oublié son mot de passe, choisissez-en un nouveau.",
            _NOT_YOU,
        ),
        link="password_reset_url",
        action="Choisir un nouveau mot de passe",
    ),
    "account/email/password_reset_key": Mail(
        "Choisissez un nouveau mot de passe",
        ("Ouvrez le lien ci-dessous pour choisir un nouveau mot de passe.", _NOT_YOU),
        link="password_reset_url",
        action="Choisir un nouveau mot de passe",
    ),
    "account/email/unknown_account": Mail(
        "Aucun compte à cette adresse",
        ("Créez un compte si vous le souhaitez : aucun n’existe à cette adresse.", _NOT_YOU),
        link="signup_url",
        action="Créer un compte",
    ),
    "account/email/email_changed": _change(
        "Adresse e-mail changée", "L’adresse de votre compte est passée de {from_email} à {to_email}."
    ),
    "account/email/email_confirm": _change("Adresse e-mail confirmée", "Une adresse de votre compte est confirmée."),
    "account/email/email_deleted": _change(
        "Adresse e-mail retirée", "L’adresse {deleted_email} est retirée de votre compte."
    ),
    "account/email/password_changed": _change("Mot de passe changé", "Le mot de passe de votre compte est changé."),
    "account/email/password_reset": _change(
        "Mot de passe remplacé", "Un nouveau mot de passe est enregistré pour votre compte."
    ),
    "account/email/password_set": _change("Mot de passe enregistré", "Votre compte a maintenant un mot de passe."),
    "mfa/email/totp_activated": _change(
        "Application d’authentification activée", "La connexion à votre compte demande maintenant un code."
    ),
    "mfa/email/totp_deactivated": _change(
        "Application d’authentification désactivée", "L’application d’authentification est retirée de votre compte."
    ),
    "mfa/email/recovery_codes_generated": _change(
        "Nouveaux codes de secours", "De nouveaux codes de secours remplacent les anciens."
    ),
    "mfa/email/webauthn_added": _change(
        "Clé de sécurité ajoutée", "Une clé de sécurité permet maintenant d’ouvrir votre compte."
    ),
    "mfa/email/webauthn_removed": _change(
        "Clé de sécurité retirée", "Une clé de sécurité est retirée de votre compte."
    ),
    "socialaccount/email/account_connected": _change(
        "Fournisseur d’identité relié", "Un fournisseur d’identité permet maintenant d’ouvrir votre compte."
    ),
    "socialaccount/email/account_disconnected": _change(
        "Fournisseur d’identité retiré", "Un fournisseur d’identité n’ouvre plus votre compte."
    ),
}
