"""What people are told about a convention: editor, verifiers, and the legal representative, who has no account."""

from __future__ import annotations

from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send, send_mail
from convergence.products.people import responsible_people
from convergence.ui.typography import format_date
from referencing.convention.drafting import words_of
from referencing.convention.models import Annex, Convention, Signable, SigningLink

KIND = "Convention"
TEAM = "Équipe de référencement"


def sheet_validated(convention: Convention) -> None:
    """The editor learns that the fiche is accepted; nothing to do, hence no mail."""
    send(
        recipients=responsible_people(convention.enrolment.product),
        sender=TEAM,
        product=convention.enrolment.label,
        kind="Fiche administrative",
        content="Votre fiche administrative est validée. Les vérificateurs préparent l’envoi de la convention.",
        link=reverse("convention:convention_detail", args=[convention.enrolment_id]),
    )


def convention_to_sign(convention: Convention, link: SigningLink, token: str) -> None:
    """N03: the legal representative gets the only link that signs."""
    product = convention.enrolment.product
    send_mail(
        to=link.email,
        subject=f"{convention.enrolment.label} – convention à signer",
        paragraphs=[
            f"Bonjour {convention.signer_name},",
            f"Lisez et signez la convention de référencement de « {product.name} » avant le {format_date(link.expires_at)}. "
            f"{product.organisation.name} vous a désigné comme son représentant légal ; l’équipe de référencement de "
            "Mon espace santé vous adresse ce document.",
            "Vous n’avez pas besoin de compte : vous lirez la convention, vous recevrez un code à usage unique à cette "
            "adresse, puis vous signerez.",
            "Ce lien vous est personnel : ne le transmettez pas. Si vous n’êtes pas habilité à signer, répondez sur la "
            "page en refusant de signer.",
        ],
        link=reverse("convention:signing_detail", args=[token]),
        action="Lire et signer la convention",
    )


def convention_sent(convention: Convention) -> None:
    """The editor knows who must sign."""
    send(
        recipients=responsible_people(convention.enrolment.product),
        sender=TEAM,
        product=convention.enrolment.label,
        kind=KIND,
        content=f"La convention est à signer : {convention.signer_name} a reçu un lien à l’adresse "
        f"{convention.signer_email}.",
        link=reverse("convention:convention_detail", args=[convention.enrolment_id]),
    )


def document_to_sign(signable: Signable, link: SigningLink, token: str) -> None:
    if isinstance(signable, Annex):
        annex_to_sign(signable, link, token)
    else:
        convention_to_sign(signable, link, token)


def annex_to_sign(annex: Annex, link: SigningLink, token: str) -> None:
    """The same person, the same kind of link as for the convention (A-04)."""
    product = annex.enrolment.product
    send_mail(
        to=link.email,
        subject=f"{annex.enrolment.label} – annexe de la convention à signer",
        paragraphs=[
            f"Bonjour {annex.signer_name},",
            f"Lisez et signez l’annexe de la convention de référencement de « {product.name} » avant le "
            f"{format_date(link.expires_at)}. Elle dit quelles données de Mon espace santé sont échangées, dans quel sens "
            "et pour quoi ; le ministre et la Cnam la signeront après vous.",
            "Vous n’avez pas besoin de compte : vous lirez l’annexe, vous recevrez un code à usage unique à cette adresse, "
            "puis vous signerez.",
            "Ce lien vous est personnel : ne le transmettez pas. Si vous n’êtes pas habilité à signer, répondez sur la "
            "page en refusant de signer.",
        ],
        link=reverse("convention:signing_detail", args=[token]),
        action="Lire et signer l’annexe",
    )


def document_signed(signable: Signable) -> None:
    if isinstance(signable, Annex):
        annex_signed(signable)
    else:
        convention_signed(signable)


def annex_signed(annex: Annex) -> None:
    """Minister and Cnam have the ball; their stage shows it. Both sides are told."""
    for recipients in (User.objects.with_role(Role.LISTING_TEAM), responsible_people(annex.enrolment.product)):
        send(
            recipients=recipients,
            sender=annex.signer_name,
            product=annex.enrolment.label,
            kind=KIND,
            content="L’annexe de la convention est signée par l’éditeur. Le ministre et la Cnam vont la contresigner.",
            link=reverse("convention:convention_detail", args=[annex.enrolment.pk]),
        )


def document_returned(signable: Signable, *, reason: str, is_refusal: bool) -> None:
    if isinstance(signable, Annex):
        annex_returned(signable, reason=reason, is_refusal=is_refusal)
    else:
        convention_returned(signable, reason=reason, is_refusal=is_refusal)


def annex_returned(annex: Annex, *, reason: str, is_refusal: bool) -> None:
    """Refused or lapsed: the listing team sends it again, the editor sees its signer."""
    event = "signature de l’annexe refusée" if is_refusal else "lien de signature de l’annexe expiré"
    for recipients in (User.objects.with_role(Role.LISTING_TEAM), responsible_people(annex.enrolment.product)):
        send(
            recipients=recipients,
            sender=annex.signer_name if is_refusal else "Convergence",
            product=annex.enrolment.label,
            kind=KIND,
            subject=event,
            content="L’annexe de la convention n’a pas été signée : elle doit être envoyée de nouveau.\n\n"
            f"Motif : {reason}",
            link=reverse("convention:convention_detail", args=[annex.enrolment.pk]),
            action="Ouvrir la convention",
        )


def code_sent(link: SigningLink, code: str) -> None:
    words = words_of(link.signable)
    send_mail(
        to=link.email,
        subject=f"{link.signable.enrolment.label} – votre code de signature",
        paragraphs=[
            f"Saisissez ce code pour signer {words} : {code}",
            "Il est valable 10 minutes et ne sert qu’une fois. Personne ne vous le demandera par téléphone.",
            f"Si vous n’avez pas demandé ce code, ne faites rien : {words} ne sera pas signée.",
        ],
    )


def convention_signed(convention: Convention) -> None:
    """The verifiers have the ball; the editor is told."""
    enrolment = convention.enrolment
    send(
        recipients=User.objects.with_role(Role.LISTING_TEAM),
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind=KIND,
        subject="convention signée à valider",
        content=f"Validez la convention : {convention.signer_name} vient de la signer.",
        link=reverse("convention:convention_prepare", args=[convention.pk]),
        action="Valider la convention",
    )
    send(
        recipients=responsible_people(enrolment.product),
        sender=convention.signer_name,
        product=enrolment.label,
        kind=KIND,
        content="La convention est signée. Les vérificateurs vont la valider.",
        link=reverse("convention:convention_detail", args=[convention.enrolment_id]),
    )


def signed_copy(link: SigningLink, token: str) -> None:
    """The signer keeps the way to the signed copy: the same link hands it over."""
    is_annex = isinstance(link.signable, Annex)
    the_document = "l’annexe" if is_annex else "la convention"
    following = (
        "Le ministre et la Cnam vont maintenant la contresigner."
        if is_annex
        else "Les vérificateurs Mon espace santé vont maintenant la valider."
    )
    send_mail(
        to=link.email,
        subject=f"{link.signable.enrolment.label} – {'annexe' if is_annex else 'convention'} signée",
        paragraphs=[
            f"Conservez votre exemplaire de {the_document} signée : le lien qui vous a servi à signer permet de le "
            "télécharger pendant 90 jours.",
            f"{following} Vous n’avez plus rien à faire.",
        ],
        link=reverse("convention:signing_detail", args=[token]) if token else "",
        action=f"Télécharger {the_document} signée",
    )


def convention_returned(convention: Convention, *, reason: str, is_refusal: bool) -> None:
    """T08b: refused or lapsed; the verifiers decide what next, the editor may name another representative."""
    enrolment = convention.enrolment
    event = "signature de la convention refusée" if is_refusal else "lien de signature expiré"
    send(
        recipients=User.objects.with_role(Role.LISTING_TEAM),
        sender=convention.signer_name if is_refusal else "Convergence",
        product=enrolment.label,
        kind=KIND,
        subject=event,
        content="Voyez avec l’éditeur, puis envoyez de nouveau la convention : elle n’a pas été signée.\n\n"
        f"Motif : {reason}",
        link=reverse("convention:convention_prepare", args=[convention.pk]),
        action="Ouvrir la convention",
    )
    send(
        recipients=responsible_people(enrolment.product),
        sender=convention.signer_name if is_refusal else "Convergence",
        product=enrolment.label,
        kind=KIND,
        subject=event,
        content=f"Vérifiez avec {convention.signer_name} : la convention n’a pas été signée. Les vérificateurs peuvent "
        f"l’envoyer de nouveau ; vous pouvez aussi désigner un autre représentant légal.\n\nMotif : {reason}",
        link=reverse("convention:convention_detail", args=[convention.enrolment_id]),
        action="Ouvrir la convention",
    )


def representative_changed(convention: Convention, *, reason: str) -> None:
    """The verifiers will see the fiche again; the editor is told by the enrolment stage."""
    enrolment = convention.enrolment
    send(
        recipients=User.objects.with_role(Role.LISTING_TEAM),
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind=KIND,
        content="La convention est annulée et la fiche administrative retourne à l’éditeur : le représentant légal change. "
        f"Motif : {reason}",
        link=reverse("convention:convention_prepare", args=[convention.pk]),
    )


def convention_validated(convention: Convention) -> None:
    """N04."""
    send(
        recipients=responsible_people(convention.enrolment.product),
        sender=TEAM,
        product=convention.enrolment.label,
        kind=KIND,
        subject="votre convention a été validée",
        content="Votre convention a été validée. Commencez le questionnaire d’orientation : il ouvre les questionnaires "
        "d’évaluation qui concernent votre produit.",
        link=reverse("enrolment:questionnaire_list", args=[convention.enrolment_id]),
        action="Ouvrir les questionnaires",
    )
