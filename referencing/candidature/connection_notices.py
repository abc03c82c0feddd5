"""What people are told about connection tests (N11, N12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.selectors import without_conflict
from convergence.notifications.services import MailFile, send
from convergence.products.people import responsible_people
from convergence.ui.typography import format_datetime
from referencing.candidature.core.invitation import Appointment, write_invitation
from referencing.candidature.people import tests_team

if TYPE_CHECKING:
    from referencing.candidature.models import TestCampaign, TestDispute, TestLine, TestSlot

TEAM = "Équipe de tests"
KIND = "Tests de connexion"


def campaign_opened(campaign: TestCampaign) -> None:
    _tell_team(
        campaign,
        subject="clés et cahier de tests à envoyer",
        content="Envoyez les clés de l’environnement de référencement et le cahier de tests : ce service échange des données "
        "avec Mon espace santé et son dossier est en évaluation.",
    )


def campaign_cancelled(campaign: TestCampaign) -> None:
    content = f"Arrêtez les tests de connexion : la campagne n° {campaign.number} est annulée."
    reason = f"\n\nMotif : {campaign.close_reason}"
    _tell_team(campaign, subject="campagne de tests annulée", content=content + reason)
    _tell_editor(campaign, subject="campagne de tests annulée", content=content + reason)


def coach_named(campaign: TestCampaign, actor: User) -> None:
    if campaign.coach and campaign.coach != actor:
        _tell_team(
            campaign,
            subject="campagne de tests à suivre",
            content="Suivez cette campagne de tests : vous en êtes l’accompagnateur.",
        )


def keys_sent(campaign: TestCampaign) -> None:
    """N11: where the keys went, never the keys."""
    _tell_editor(
        campaign,
        subject="clés et cahier de tests envoyés",
        content="Remplissez le cahier de tests, puis déposez votre dossier de recette.\n\nLes clés de l’environnement de "
        f"référencement ont été envoyées à {campaign.keys_sent_to} ({campaign.get_keys_channel_display().lower()}) : elles "
        "ne passent jamais par Convergence.",
        action="Ouvrir le cahier de tests",
    )


def recette_submitted(campaign: TestCampaign) -> None:
    _tell_team(
        campaign,
        subject="dossier de recette à examiner",
        content="Examinez le dossier de recette que l’éditeur vient de déposer.",
    )


def recette_sent_back(campaign: TestCampaign, codes: Sequence[str]) -> None:
    """N12, refused: which lines return to « à refaire » (BR-134)."""
    _tell_editor(
        campaign,
        subject="tests à refaire",
        content=f"Refaites les tests suivants, puis déposez de nouveau votre dossier de recette : {', '.join(codes)}.",
        action="Voir ce qui est à refaire",
    )


def recette_accepted(campaign: TestCampaign) -> None:
    """N12, accepted."""
    _tell_editor(
        campaign,
        subject="dossier de recette accepté",
        content=f"Choisissez un créneau de raccordement : votre dossier de recette est accepté.\n\n{campaign.modalities}",
        action="Choisir un créneau",
    )


def slot_proposed(slot: TestSlot) -> None:
    content = f"Réservez le créneau proposé le {format_datetime(slot.starts_at)}, ou proposez-en un autre."
    tell = _tell_team if slot.from_editor else _tell_editor
    tell(slot.campaign, subject="créneau de raccordement proposé", content=content, action="Voir les créneaux")


def slot_booked(slot: TestSlot) -> None:
    """Both sides: each wants it in its calendar."""
    content = f"Notez le raccordement du {format_datetime(slot.starts_at)}. Lieu : {slot.place}."
    for tell in (_tell_team, _tell_editor):
        tell(slot.campaign, subject="raccordement fixé", content=content, files=[invitation_file(slot)])


def slot_cancelled(slot: TestSlot) -> None:
    content = f"Retirez de votre agenda le raccordement du {format_datetime(slot.starts_at)} : ce créneau est annulé."
    files = [invitation_file(slot)] if slot.booked_at else []
    reason = f"\n\nMotif : {slot.cancel_reason}"
    for tell in (_tell_team, _tell_editor):
        tell(slot.campaign, subject="créneau de raccordement annulé", content=content + reason, files=files)


def line_disputed(dispute: TestDispute, campaign: TestCampaign) -> None:
    """To the leads: the author of the remark does not judge it (A-20)."""
    organisation = campaign.candidature.enrolment.product.organisation
    leads = without_conflict(User.objects.with_role(Role.TESTS_LEAD), organisation).exclude(pk=dispute.remark_by_id)
    _send(
        campaign,
        recipients=leads,
        sender=campaign.candidature.enrolment.product.organisation.name,
        subject="contestation à trancher",
        content=f"Tranchez la contestation de la remarque sur {dispute.line.code}.\n\nMotif de l’éditeur : {dispute.reason}",
    )


def dispute_judged(dispute: TestDispute, campaign: TestCampaign, line: TestLine) -> None:
    content = f"Lisez la décision sur votre contestation de {line.code} : {dispute.get_ruling_display().lower()}."
    _tell_editor(campaign, subject="contestation tranchée", content=f"{content}\n\nMotif : {dispute.note}")


def campaign_passed(campaign: TestCampaign) -> None:
    _tell_editor(
        campaign,
        subject="tests de connexion réussis",
        content="Vous n’avez plus rien à faire pour les tests : la réussite de vos tests de connexion est validée.",
    )


def campaign_failed(campaign: TestCampaign) -> None:
    _tell_editor(
        campaign,
        subject="tests de connexion en échec",
        content="Lisez pourquoi les tests de connexion sont déclarés en échec. L’équipe de tests peut ouvrir une nouvelle "
        f"campagne si vous corrigez ce qui suit.\n\nMotif : {campaign.close_reason}",
    )
    referent = campaign.candidature.referent
    if referent:
        _send(
            campaign,
            recipients=[referent],
            sender=TEAM,
            subject="tests de connexion en échec",
            content=f"Tenez compte de l’échec des tests de connexion de ce dossier.\n\nMotif : {campaign.close_reason}",
        )


def invitation_file(slot: TestSlot) -> MailFile:
    """The moment as a calendar file; sent again when it is cancelled, so that calendars drop it."""
    campaign = slot.campaign
    appointment = Appointment(
        uid=f"{slot.pk}@{settings.SITE_URL.partition('://')[2] or 'convergence'}",
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        title=f"Raccordement à Mon espace santé – {campaign.candidature.enrolment.label}",
        place=slot.place,
        description=f"Tests de raccordement. {settings.SITE_URL}{_page(campaign)}",
        stamped_at=timezone.now(),
        sequence=1 if slot.cancelled_at else 0,
        is_cancelled=slot.cancelled_at is not None,
    )
    return MailFile("raccordement.ics", "text/calendar", write_invitation(appointment))


def _page(campaign: TestCampaign) -> str:
    return reverse("candidature:campaign_detail", args=[campaign.candidature_id])


def _tell_editor(
    campaign: TestCampaign, *, subject: str, content: str, action: str = "", files: Sequence[MailFile] = ()
) -> None:
    _send(
        campaign,
        recipients=responsible_people(campaign.candidature.enrolment.product),
        sender=TEAM,
        subject=subject,
        content=content,
        action=action,
        files=files,
    )


def _tell_team(
    campaign: TestCampaign, *, subject: str, content: str, action: str = "", files: Sequence[MailFile] = ()
) -> None:
    """The accompagnateur, or the whole team while nobody is named."""
    team = [campaign.coach] if campaign.coach else tests_team()
    _send(
        campaign,
        recipients=team,
        sender=campaign.candidature.enrolment.product.organisation.name,
        subject=subject,
        content=content,
        action=action,
        files=files,
    )


def _send(
    campaign: TestCampaign,
    *,
    recipients: Iterable[User],
    sender: str,
    subject: str,
    content: str,
    action: str = "",
    files: Sequence[MailFile] = (),
) -> None:
    send(
        recipients=recipients,
        sender=sender,
        product=campaign.candidature.enrolment.label,
        kind=KIND,
        subject=subject,
        content=content,
        link=_page(campaign),
        action=action or "Ouvrir les tests de connexion",
        files=files,
    )
