"""What people are told of the life of a listing."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send, send_mail
from convergence.products.people import responsible_people
from convergence.ui.typography import NBSP, format_date
from referencing.commission.selectors.people import without_link
from referencing.decision.models import Decision
from referencing.enrolment.models import Enrolment
from referencing.listing.enums import ListingState, VersionState
from referencing.listing.models import (
    Audit,
    FormalNotice,
    Listing,
    Procedure,
    ProducerReview,
    UserReport,
    VersionUpdate,
)

TEAM = "Équipe de référencement"
MINISTRY = "Ministère chargé de la santé"
KIND = "Référencement"


def life_page(listing: Listing) -> str:
    return reverse("listing:life_detail", args=[listing.pk])


def _tell_editor(
    enrolment: Enrolment, *, subject: str, content: str, link: str, action: str, sender: str = TEAM
) -> None:
    send(
        recipients=responsible_people(enrolment.product),
        sender=sender,
        product=enrolment.label,
        kind=KIND,
        subject=subject,
        content=content,
        link=link,
        action=action,
    )


def _tell_agents(
    enrolment: Enrolment, role: Role, *, subject: str, content: str, link: str, people: Iterable[User] | None = None
) -> None:
    """Those of the role whom no link of interest bars (A-21), or the people given."""
    organisation = enrolment.product.organisation
    send(
        recipients=without_link(User.objects.with_role(role), enrolment) if people is None else people,
        sender=organisation.name,
        product=enrolment.label,
        kind=KIND,
        subject=subject,
        content=content,
        link=link,
        action="Ouvrir",
    )


# White label


def producer_review_due(review: ProducerReview) -> None:
    """Both sides: the listing team reviews, the editor prepares its own answers (BR-203)."""
    listing, day = review.listing, format_date(review.due_on)
    _tell_agents(
        listing.enrolment,
        Role.LISTING_TEAM,
        subject="service à revoir : solution qui n’est plus pré-référencée",
        content=f"Revoyez ce service avant le {day} : la solution de l’éditeur producteur dont il reprend les réponses n’est "
        "plus pré-référencée.",
        link=life_page(listing),
    )
    _tell_editor(
        listing.enrolment,
        subject="revue de votre référencement",
        content="Préparez vos propres réponses : la solution de l’éditeur producteur que votre service reprend n’est plus "
        f"pré-référencée, et l’équipe de référencement revoit votre référencement avant le {day}. Votre service reste au "
        "catalogue.",
        link=life_page(listing),
        action="Ouvrir la vie du référencement",
    )


# End and renewal


def end_comes(listing: Listing) -> None:
    end = format_date(listing.ends_on)
    todo = (
        "Déposez une nouvelle candidature complète si vous voulez y rester : il a déjà été renouvelé."
        if listing.renewed_on
        else "Commencez son renouvellement : vos réponses sont reprises, vous les validez de nouveau avant de candidater."
    )
    _tell_editor(
        listing.enrolment,
        subject=f"votre référencement prend fin le {end}",
        content=f"{todo}\n\nVotre service figure au catalogue jusqu’au {end} inclus.",
        link=life_page(listing),
        action="Ouvrir la vie du référencement",
    )


def listing_expired(listing: Listing, *, in_review: bool) -> None:
    rest = (
        "L’examen de votre renouvellement continue : s’il est accordé, votre service sera publié de nouveau pour deux ans."
        if in_review
        else "Pour y revenir, candidatez de nouveau."
    )
    _tell_editor(
        listing.enrolment,
        subject="votre référencement a pris fin",
        content=f"Votre service ne figure plus au catalogue depuis aujourd’hui : son référencement courait jusqu’au "
        f"{format_date(listing.ends_on)}. {rest}",
        link=life_page(listing),
        action="Ouvrir la vie du référencement",
    )


def listing_renewed(listing: Listing) -> None:
    _tell_editor(
        listing.enrolment,
        subject="votre référencement est renouvelé",
        content=f"Votre service figure au catalogue jusqu’au {format_date(listing.ends_on)}.",
        link=life_page(listing),
        action="Ouvrir la vie du référencement",
    )


def withdrawn_by_editor(listing: Listing) -> None:
    _tell_agents(
        listing.enrolment,
        Role.LISTING_TEAM,
        subject="service retiré du catalogue par son éditeur",
        content=f"Le service ne figure plus au catalogue.\n\nMotif{NBSP}: {listing.state_reason}",
        link=life_page(listing),
    )


# Versions


def version_declared(row: VersionUpdate) -> None:
    """Only a major one calls for something (BR-173)."""
    if row.due_on is None:
        return
    _tell_editor(
        row.listing.enrolment,
        subject=f"déclaration à mettre à jour pour la version {row.version}",
        content=f"Mettez à jour votre déclaration de conformité avant le {format_date(row.due_on)} : la version "
        f"{row.version} est majeure.",
        link=reverse("listing:version_detail", args=[row.pk]),
        action="Mettre à jour la déclaration",
    )


def version_submitted(row: VersionUpdate) -> None:
    _tell_agents(
        row.listing.enrolment,
        Role.LISTING_TEAM,
        subject=f"mise à jour de la déclaration à examiner (version {row.version})",
        content=f"Examinez la mise à jour transmise pour la version {row.version}.",
        link=reverse("listing:version_detail", args=[row.pk]),
    )


def version_decided(row: VersionUpdate) -> None:
    if row.state == VersionState.ACCEPTED:
        subject, content = "mise à jour acceptée", f"Votre mise à jour pour la version {row.version} est acceptée."
    else:
        subject = "mise à jour refusée"
        content = (
            f"Corrigez votre mise à jour pour la version {row.version}, puis transmettez-la de nouveau. Une mise en demeure "
            f"est proposée au ministère.\n\nMotif{NBSP}: {row.note}"
        )
    _tell_editor(
        row.listing.enrolment,
        subject=subject,
        content=content,
        link=reverse("listing:version_detail", args=[row.pk]),
        action="Lire la réponse",
    )


def version_overdue(row: VersionUpdate) -> None:
    _tell_editor(
        row.listing.enrolment,
        subject="mise à jour de la déclaration en retard",
        content=f"Transmettez sans attendre la mise à jour de votre déclaration pour la version {row.version} : le délai est "
        "passé, et une mise en demeure est proposée au ministère.",
        link=reverse("listing:version_detail", args=[row.pk]),
        action="Mettre à jour la déclaration",
    )


# Procedures and decisions


def _procedure_page(procedure: Procedure) -> str:
    return reverse("listing:procedure_detail", args=[procedure.pk])


def procedure_proposed(procedure: Procedure) -> None:
    _tell_agents(
        procedure.enrolment,
        Role.MINISTRY,
        subject=f"{procedure.get_kind_display().lower()} proposée",
        content=f"Ouvrez la procédure contradictoire, ou abandonnez-la.\n\n{procedure.facts}",
        link=_procedure_page(procedure),
    )


def procedure_opened(procedure: Procedure) -> None:
    due_on = procedure.observations_due_on
    heard = (
        f"Présentez vos observations avant le {format_date(due_on)}."
        if due_on
        else f"L’urgence dispense le ministère d’attendre vos observations. Motif{NBSP}: {procedure.urgency}"
    )
    _tell_editor(
        procedure.enrolment,
        subject=f"mesure envisagée : {procedure.get_kind_display().lower()}",
        content=f"{heard}\n\n{procedure.get_condition_display()}.\n\n{procedure.facts}",
        link=_procedure_page(procedure),
        action="Lire et répondre",
        sender=MINISTRY,
    )


def observations_given(procedure: Procedure) -> None:
    _tell_agents(
        procedure.enrolment,
        Role.MINISTRY,
        subject="observations de l’éditeur reçues",
        content="Lisez les observations de l’éditeur, puis décidez.",
        link=_procedure_page(procedure),
    )


def procedure_dropped(procedure: Procedure) -> None:
    _tell_editor(
        procedure.enrolment,
        subject="procédure abandonnée",
        content=f"Vous n’avez plus rien à faire : le ministère abandonne la procédure.\n\nMotif{NBSP}: {procedure.outcome}",
        link=_procedure_page(procedure),
        action="Lire la suite donnée",
        sender=MINISTRY,
    )


def publication_late(procedure: Procedure) -> None:
    due_on = procedure.observations_due_on
    _tell_editor(
        procedure.enrolment,
        subject="votre service n’est pas publié",
        content=f"Complétez votre fiche de publication, ou présentez vos observations avant le "
        f"{format_date(due_on) if due_on else ''} : sans publication, la décision de référencement peut être abrogée."
        f"\n\n{procedure.facts}",
        link=_procedure_page(procedure),
        action="Lire et répondre",
        sender=MINISTRY,
    )
    _tell_agents(
        procedure.enrolment,
        Role.MINISTRY,
        subject="service décidé et jamais publié",
        content="L’éditeur est invité à présenter ses observations ; vous pourrez ensuite préparer l’abrogation.",
        link=_procedure_page(procedure),
    )


def formal_notice_overdue(notice: FormalNotice) -> None:
    _tell_agents(
        notice.listing.enrolment,
        Role.MINISTRY,
        subject="mise en demeure restée sans effet",
        content=f"Décidez de la suite : l’éditeur devait se mettre en règle avant le {format_date(notice.comply_by)}, et la "
        "mise en demeure n’est pas levée.",
        link=life_page(notice.listing),
    )


def decision_applied(listing: Listing, decision: Decision) -> None:
    """The act itself is notified by its own stage; this says what became of the service."""
    _tell_editor(
        listing.enrolment,
        subject=f"{decision.get_kind_display().lower()} {decision.number or ''}".strip(),
        content=f"{_say_state(listing)} Lisez la décision et ses motifs.",
        link=life_page(listing),
        action="Ouvrir la vie du référencement",
        sender=MINISTRY,
    )


def decision_fell(listing: Listing, decision: Decision) -> None:
    _tell_editor(
        listing.enrolment,
        subject="l’effet d’une décision change",
        content=f"{_say_state(listing)}\n\nDécision concernée{NBSP}: {decision}.",
        link=life_page(listing),
        action="Ouvrir la vie du référencement",
        sender=MINISTRY,
    )


def _say_state(listing: Listing) -> str:
    end = format_date(listing.ends_on)
    return {
        ListingState.LISTED: f"Votre service figure au catalogue jusqu’au {end}.",
        ListingState.SUSPENDED: "Votre service est suspendu : il ne figure plus au catalogue.",
        ListingState.WITHDRAWN: "Votre service est retiré du catalogue.",
    }.get(listing.state, "Votre service ne figure pas au catalogue.")


# Audits


def _audit_page(audit: Audit) -> str:
    return reverse("listing:audit_detail", args=[audit.pk])


def audit_announced(audit: Audit) -> None:
    """N21, a month before."""
    _tell_editor(
        audit.listing.enrolment,
        subject="audit de votre service",
        content=f"Préparez vos documents : l’audit commence le {format_date(audit.starts_on)}. "  # type: ignore[arg-type]
        "Vous aurez alors un mois pour les transmettre. Votre service reste au catalogue pendant l’audit.",
        link=_audit_page(audit),
        action="Lire le plan d’audit",
    )


def audit_started(audit: Audit) -> None:
    _tell_editor(
        audit.listing.enrolment,
        subject="documents d’audit à transmettre",
        content=f"Transmettez vos documents avant le {format_date(audit.due_on)} : l’audit commence.",  # type: ignore[arg-type]
        link=_audit_page(audit),
        action="Transmettre les documents",
    )


def audit_filed(audit: Audit) -> None:
    if audit.auditor is not None:
        _tell_agents(
            audit.listing.enrolment,
            Role.AUDITOR,
            subject="documents d’audit reçus",
            content="Examinez les documents transmis par l’éditeur.",
            link=_audit_page(audit),
            people=[audit.auditor],
        )


def audit_complements(audit: Audit) -> None:
    _tell_editor(
        audit.listing.enrolment,
        subject="compléments demandés pour l’audit",
        content=f"Répondez avant le {format_date(audit.due_on)} à la demande de l’auditeur.",  # type: ignore[arg-type]
        link=_audit_page(audit),
        action="Lire la demande",
    )


def audit_reported(audit: Audit) -> None:
    _tell_editor(
        audit.listing.enrolment,
        subject="rapport d’audit établi",
        content="Lisez le rapport de l’audit de votre service.",
        link=_audit_page(audit),
        action="Lire le rapport",
    )


def audit_concluded(audit: Audit) -> None:
    _tell_editor(
        audit.listing.enrolment,
        subject=f"conclusion de l’audit : {audit.get_state_display().lower()}",
        content=f"Lisez la conclusion de l’audit.\n\n{audit.conclusion}",
        link=_audit_page(audit),
        action="Lire la conclusion",
    )


def audit_cancelled(audit: Audit) -> None:
    _tell_editor(
        audit.listing.enrolment,
        subject="audit annulé",
        content=f"Vous n’avez plus rien à transmettre : l’audit est annulé.\n\nMotif{NBSP}: {audit.conclusion}",
        link=_audit_page(audit),
        action="Ouvrir l’audit",
    )


# Reports of visitors: the editor hears nothing of them


def report_received(report: UserReport) -> None:
    enrolment = report.listing.enrolment
    send(
        recipients=without_link(User.objects.with_role(Role.LISTING_TEAM), enrolment),
        sender="Catalogue public",
        product=enrolment.label,
        kind="Signalement",
        subject="signalement à traiter",
        content=f"Examinez le signalement reçu ({report.get_kind_display().lower()}).",
        link=reverse("listing:report_detail", args=[report.pk]),
        action="Ouvrir le signalement",
    )


def report_to_confirm(report: UserReport, token: str) -> None:
    send_mail(
        to=report.email,
        subject=f"Confirmez votre adresse – signalement sur {report.listing.enrolment.product.name}",
        paragraphs=[
            "Confirmez votre adresse pour être prévenu de la suite donnée à votre signalement.",
            "Votre nom et votre adresse ne sont jamais transmis à l’éditeur. Si vous n’avez rien signalé, ignorez ce message.",
        ],
        link=reverse("listing:report_confirm", args=[token]),
        action="Confirmer mon adresse",
    )


def report_settled(report: UserReport) -> None:
    send_mail(
        to=report.email,
        subject=f"Votre signalement sur {report.listing.enrolment.product.name} est traité",
        paragraphs=[
            "Vous n’avez rien à faire : l’équipe de référencement a examiné votre signalement.",
            "Merci de nous avoir écrit.",
        ],
    )
