"""Where a distributor’s product stands with its producer, on top of its pages (SC-22, BR-193, BR-201)."""

from __future__ import annotations

from dataclasses import dataclass

from convergence.ui.typography import format_date
from convergence.ui.values import Tone
from referencing.enrolment.enums import AttachmentState, PreListingState, WhiteLabelRole
from referencing.enrolment.models import AttachmentRequest, Enrolment
from referencing.enrolment.white_label.notices import name_solution
from referencing.enrolment.white_label.selectors import latest_request

#: BR-193, on the page of a questionnaire whose answers may be recovered.
REPLACED = (
    "Vous pouvez répondre dès maintenant. Si l’éditeur producteur accepte votre rattachement, ses réponses remplaceront les "
    "vôtres sur les critères qui ne sont pas spécifiques ; les vôtres resteront dans votre historique."
)


@dataclass(frozen=True, slots=True)
class Banner:
    title: str
    text: str
    tone: Tone
    is_waiting: bool = False


def find_banner(enrolment: Enrolment) -> Banner | None:
    """One query for a distributor’s product, none for the others."""
    if enrolment.white_label != WhiteLabelRole.DISTRIBUTOR:
        return None
    request = latest_request(enrolment)
    return describe(request) if request else None


def describe(request: AttachmentRequest) -> Banner:
    solution = name_solution(request.pre_listing)
    title = f"Rattachement à la solution de l’éditeur producteur {solution}"
    if request.state == AttachmentState.PENDING:
        return Banner(
            title,
            "L’éditeur producteur est informé de votre demande ; il y répond avant le "
            f"{format_date(request.expires_on)}. En attendant, vous pouvez lire les critères et y répondre : si votre "
            "rattachement est accepté, ses réponses remplaceront les vôtres sur les critères qui ne sont pas spécifiques, et "
            "les vôtres resteront dans votre historique.",
            "info",
            is_waiting=True,
        )
    if request.state == AttachmentState.ACCEPTED:
        if request.pre_listing.state == PreListingState.SUSPENDED:
            return Banner(
                title,
                "Cette solution est suspendue : répondez vous-même aux critères que vous récupériez, ou attendez qu’elle soit "
                "de nouveau pré-référencée.",
                "warning",
            )
        if request.ends_on:
            return Banner(
                title,
                f"Ce rattachement prend fin le {format_date(request.ends_on)}. Préparez vos propres réponses : celles que vous "
                "récupérez ne vaudront plus ensuite.",
                "warning",
            )
        return Banner(
            title,
            "Votre rattachement est accepté : vous récupérez les réponses de l’éditeur producteur, ou vous répondez "
            "vous-même, critère par critère.",
            "success",
        )
    if request.state == AttachmentState.BROKEN:
        return Banner(
            f"Rattachement terminé : {solution}",
            "Vous répondez vous-même à tous les critères, ou vous demandez à vous rattacher à une autre solution.",
            "info",
        )
    said = {
        AttachmentState.REFUSED: f"refusé. Motif : {request.why}",
        AttachmentState.EXPIRED: "resté sans réponse.",
    }.get(AttachmentState(request.state), "annulé.")
    return Banner(
        f"Votre produit n’est rattaché à aucune solution : rattachement à {solution} {said}",
        "Choisissez une autre solution, ou passez au cas nominal. D’ici là, vous ne pouvez pas candidater.",
        "warning",
    )
