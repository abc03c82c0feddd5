"""The life of a campaign: opened with the evaluation, keys, recette, raccordement, end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.services import examine, keep
from referencing.candidature import connection_notices as notices
from referencing.candidature.core.workbook import CatalogueInvalid, find_incomplete, find_unpassed, select_sections
from referencing.candidature.enums import REPLACEABLE_CAMPAIGN_STATES, CandidatureState
from referencing.candidature.models import Candidature, TestCampaign, TestFile, TestLine, TestSlot
from referencing.candidature.people import tests_team
from referencing.candidature.rules import is_tests_lead, is_tests_team
from referencing.candidature.services import standing
from referencing.candidature.services.connection.catalogue import load_catalogue, read_scope
from referencing.candidature.services.connection.facts import facts_of, line_anchor
from referencing.candidature.services.connection.standing import newest_campaign
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.interests import find_obstacles
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from convergence.accounts.models import User

VISUAL_FORMATS = ("png", "jpg", "pdf")
VISUAL_MAX_MB = 10


# -- opening and cancelling, called by the admission, the withdrawal, the scope reduction


def open_campaign(candidature: Candidature, actor: User, *, reason: str = "") -> TestCampaign | None:
    """Open the campaign of a file that becomes admissible, in the caller’s transaction; None without exchange (BR-130).

    The candidature is locked by the caller, who refreshes its standing. Raises TransitionRefused when one is live or
    passed.
    """
    if not candidature.has_exchange:
        return None
    former = newest_campaign(candidature)
    if former and former.state not in REPLACEABLE_CAMPAIGN_STATES:
        raise TransitionRefused(
            [Blocker("campaign_exists", "Une campagne de tests est déjà en cours ou réussie pour ce dossier.")]
        )
    now = timezone.now()
    campaign = TestCampaign.objects.create(
        candidature=candidature,
        number=former.number + 1 if former else 1,
        scope=read_scope(candidature),
        opened_at=now,
        moved_at=now,
        opened_by=actor,
    )
    tell(
        candidature,
        "tests_opened",
        actor=actor,
        subject=campaign,
        reason=reason,
        data={"campaign": campaign.number, "scope": campaign.scope},
    )
    transaction.on_commit(partial(notices.campaign_opened, campaign))
    return campaign


def cancel_campaign(candidature: Candidature, actor: User | None, reason: str) -> TestCampaign | None:
    """Cancel the live campaign of a file that is withdrawn, closed or no longer exchanges; None when none is live.

    Same contract as `open_campaign`: the caller holds the lock on the candidature and refreshes its standing.
    """
    campaign = TestCampaign.objects.filter(candidature=candidature).live().locked().first()
    if campaign is None:
        return None
    campaign.candidature = candidature
    workflow.fire(campaign, "cancel", actor=actor, reason=reason, because=reason, at=timezone.now())
    tell(candidature, "tests_cancelled", actor=actor, reason=reason, data={"campaign": campaign.number})
    transaction.on_commit(partial(notices.campaign_cancelled, campaign))
    return campaign


def narrow_campaign(candidature: Candidature, given_up: Collection[str], actor: User, reason: str) -> None:
    """Follow a reduction of the scope: the lines of what was given up (`mesures-ecriture`) leave the live campaign, which
    is cancelled when nothing is exchanged any more (A-19). Same contract as `open_campaign`.
    """
    if not candidature.has_exchange:
        cancel_campaign(candidature, actor, reason)
        return
    campaign = TestCampaign.objects.filter(candidature=candidature).live().locked().first()
    if campaign is None:
        return
    campaign.scope = [each for each in campaign.scope if f"{each['api']}-{each['direction']}" not in given_up]
    campaign.save(update_fields=["scope"])
    dropped = campaign.lines.kept().filter(exchange__in=given_up)
    codes = list(dropped.values_list("code", flat=True))
    dropped.update(dropped_at=timezone.now())
    tell(
        candidature,
        "tests_narrowed",
        actor=actor,
        subject=campaign,
        reason=reason,
        data={"campaign": campaign.number, "given_up": sorted(given_up), "lines": codes},
    )


# -- one campaign


def lock_campaign(campaign_id: UUID, actor: User) -> TestCampaign:
    """The campaign with its file, both locked, the file first. Raises TestCampaign.DoesNotExist for a stranger’s."""
    seen = TestCampaign.objects.visible_to(actor).only("candidature_id").get(pk=campaign_id)
    candidature = lock_file(seen.candidature_id, actor)
    campaign: TestCampaign = TestCampaign.objects.locked().select_related("coach").get(pk=campaign_id)
    campaign.candidature = candidature
    return campaign


def require_evaluation(campaign: TestCampaign) -> list[Blocker]:
    """Tests move while the file is evaluated, not after its conclusion (A-20: reopen it first)."""
    if campaign.candidature.state == CandidatureState.EVALUATION:
        return []
    return [Blocker("not_in_evaluation", "Ce dossier n’est plus en évaluation : sa campagne de tests ne bouge plus.")]


def find_contribution_blockers(campaign: TestCampaign, actor: User) -> list[Blocker]:
    """Why this person may not act on the campaign now: the file’s state and, for the tests team, own interests (A-21)."""
    blockers = require_evaluation(campaign)
    if is_tests_team(actor, campaign):
        blockers += find_obstacles(campaign.candidature, person=actor, at=timezone.now())
    return blockers


def move(
    campaign: TestCampaign,
    name: str,
    *,
    actor: User,
    event: str,
    guard: Callable[[], Iterable[Blocker]] | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Fire a transition of a locked campaign, then say it in the timeline and refresh the file’s standing."""
    workflow.fire(
        campaign,
        name,
        actor=actor,
        guard=lambda: [*find_contribution_blockers(campaign, actor), *(guard() if guard else ())],
        reason=reason,
        data=data,
        **kwargs,
    )
    told = {"campaign": campaign.number, **(data or {})}
    tell(campaign.candidature, event, actor=actor, reason=reason, data=told)
    standing.refresh(campaign.candidature)


@transaction.atomic
def reopen_campaign(*, candidature_id: UUID, reason: str, actor: User) -> TestCampaign:
    """A new campaign after a failed or cancelled one (X9). Raises PermissionDenied, TransitionRefused."""
    candidature = lock_file(candidature_id, actor)
    if not is_tests_team(actor, candidature):
        raise PermissionDenied("reopen_campaign")
    blockers = find_obstacles(candidature, person=actor, at=timezone.now())
    if candidature.state != CandidatureState.EVALUATION:
        blockers.append(Blocker("not_in_evaluation", "Une campagne s’ouvre pendant l’évaluation du dossier."))
    if not candidature.has_exchange:
        blockers.append(Blocker("no_exchange", "Ce service n’échange pas de données : aucun test n’est à faire."))
    if not reason.strip():
        blockers.append(Blocker("reason", "Dites pourquoi une nouvelle campagne s’ouvre.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    campaign = open_campaign(candidature, actor, reason=reason)
    assert campaign is not None  # noqa: S101 - it exchanges, as checked above
    standing.refresh(candidature)
    return campaign


@transaction.atomic
def cancel_campaign_by_hand(*, campaign_id: UUID, reason: str, actor: User) -> TestCampaign:
    """The lead cancels a campaign that must begin again. Raises PermissionDenied, TransitionRefused."""
    campaign = lock_campaign(campaign_id, actor)
    if not is_tests_lead(actor, campaign):
        raise PermissionDenied("cancel_campaign")
    move(
        campaign,
        "cancel",
        actor=actor,
        event="tests_cancelled",
        guard=lambda: _needs(reason),
        reason=reason.strip(),
        because=reason.strip(),
        at=timezone.now(),
    )
    transaction.on_commit(partial(notices.campaign_cancelled, campaign))
    return campaign


@transaction.atomic
def assign_coach(*, campaign_id: UUID, coach_id: UUID, actor: User) -> TestCampaign:
    """Name the accompagnateur: the lead names anybody of the tests team, a member of the team oneself."""
    campaign = lock_campaign(campaign_id, actor)
    if not is_tests_lead(actor, campaign) and not (is_tests_team(actor, campaign) and coach_id == actor.pk):
        raise PermissionDenied("assign_coach")
    if not campaign.is_live:
        raise TransitionRefused([Blocker("wrong_state", "Cette campagne est terminée.")])
    coach = tests_team().filter(pk=coach_id).first()
    if coach is None:
        raise TransitionRefused([Blocker("coach", "Choisissez une personne de l’équipe de tests.", "#id_coach")])
    if blockers := find_obstacles(campaign.candidature, person=coach, at=timezone.now()):
        raise TransitionRefused(blockers)
    campaign.coach = coach
    campaign.save(update_fields=["coach"])
    tell(
        campaign.candidature,
        "tests_coach_named",
        actor=actor,
        subject=campaign,
        data={"campaign": campaign.number, "coach": str(coach)},
    )
    transaction.on_commit(partial(notices.coach_named, campaign, actor))
    return campaign


def declare_unit_tests(
    *, campaign_id: UUID, comment: str, upload: UploadedFile[Any] | None, actor: User
) -> TestCampaign:
    """Say that the unit tests are done, with optional evidence; nothing ever waits for it (X1, BR-131).

    Raises UploadRefused, PermissionDenied, TransitionRefused.
    """
    examined = (
        examine(upload=upload, allowed_formats=VISUAL_FORMATS, max_size_mb=VISUAL_MAX_MB, anchor="#id_file")
        if upload
        else None
    )
    with transaction.atomic():
        campaign = lock_campaign(campaign_id, actor)
        now = timezone.now()
        move(
            campaign,
            "declare_unit_tests",
            actor=actor,
            event="tests_unit_declared",
            by=actor,
            comment=comment.strip(),
            at=now,
        )
        if examined:
            file = keep(examined=examined, actor=actor)
            TestFile.objects.create(campaign=campaign, file=file, added_by=actor, added_at=now)
    return campaign


@transaction.atomic
def send_keys(*, campaign_id: UUID, to: str, channel: str, on: datetime, actor: User) -> TestCampaign:
    """Record that the keys left by another channel, and hand over the cahier made for the chosen interfaces (X2, BR-132).

    The keys themselves never enter the platform. Raises PermissionDenied, TransitionRefused.
    """
    campaign = lock_campaign(campaign_id, actor)
    now = timezone.now()
    catalogue = load_catalogue(campaign.candidature.enrolment.demarche.slug)
    pairs = {(entry["api"], entry["direction"]) for entry in campaign.scope}

    def guard() -> Iterable[Blocker]:
        if not to.strip():
            yield Blocker("to", "Indiquez à qui les clés ont été envoyées.", "#id_to")
        if on > now:
            yield Blocker("on", "La date d’envoi des clés est dans le futur.", "#id_on")
        try:
            select_sections(catalogue, pairs)
        except CatalogueInvalid as error:
            yield Blocker("catalogue", f"Le cahier de tests ne couvre pas ce périmètre : {error}")

    move(
        campaign,
        "send_keys",
        actor=actor,
        event="tests_keys_sent",
        guard=guard,
        data={"to": to.strip(), "channel": channel, "catalogue": catalogue.version},
        by=actor,
        to=to.strip(),
        channel=channel,
        on=on,
        catalogue_version=catalogue.version,
        at=now,
    )
    lines = [(section, line) for section in select_sections(catalogue, pairs) for line in section.lines]
    TestLine.objects.bulk_create(
        TestLine(
            campaign=campaign,
            position=position,
            section=section.title,
            exchange="-".join(section.pair or ()),
            code=line.code,
            title=line.title,
            steps=list(line.steps),
            expected=line.expected,
            is_mandatory=line.is_mandatory,
            needs_visual=line.needs_visual,
            allows_not_applicable=line.allows_not_applicable,
        )
        for position, (section, line) in enumerate(lines, 1)
    )
    transaction.on_commit(partial(notices.keys_sent, campaign))
    return campaign


@transaction.atomic
def submit_acceptance(*, campaign_id: UUID, actor: User) -> TestCampaign:
    """« Déposer le dossier de recette », refused with every incomplete line (X3, BR-133)."""
    campaign = lock_campaign(campaign_id, actor)
    lines = list(campaign.lines.kept().with_visuals())

    def guard() -> Iterable[Blocker]:
        return [
            Blocker("incomplete_line", lack.message, line_anchor(lack.code))
            for lack in find_incomplete(map(facts_of, lines))
        ]

    move(
        campaign,
        "submit_acceptance",
        actor=actor,
        event="tests_recette_submitted",
        guard=guard,
        by=actor,
        at=timezone.now(),
    )
    for line in lines:
        line.former_reason, line.redo_reason, line.is_to_redo = line.redo_reason, "", False
    TestLine.objects.bulk_update(lines, ["former_reason", "redo_reason", "is_to_redo"])
    transaction.on_commit(partial(notices.recette_submitted, campaign))
    return campaign


@transaction.atomic
def send_back(*, campaign_id: UUID, actor: User) -> TestCampaign:
    """Send back the lines that were given a reason; these return to « à refaire » (X4, BR-134)."""
    campaign = lock_campaign(campaign_id, actor)
    lines = [line for line in campaign.lines.kept() if line.redo_reason.strip()]

    def guard() -> Iterable[Blocker]:
        if not lines:
            yield Blocker("no_line", "Dites sur au moins une ligne ce qui est à refaire.")

    codes = [line.code for line in lines]
    former = {line.code: line.result for line in lines}
    move(
        campaign,
        "send_back",
        actor=actor,
        event="tests_recette_sent_back",
        guard=guard,
        data={"lines": codes, "results": former},
        at=timezone.now(),
    )
    for line in lines:
        line.is_to_redo, line.result, line.version = True, "", line.version + 1
    TestLine.objects.bulk_update(lines, ["is_to_redo", "result", "version"])
    transaction.on_commit(partial(notices.recette_sent_back, campaign, codes))
    return campaign


@transaction.atomic
def accept_acceptance(*, campaign_id: UUID, modalities: str, actor: User) -> TestCampaign:
    """Accept the dossier de recette and give the modalities of the raccordement (X4)."""
    campaign = lock_campaign(campaign_id, actor)

    def guard() -> Iterable[Blocker]:
        if not modalities.strip():
            yield Blocker("modalities", "Indiquez les modalités du raccordement.", "#id_modalities")
        for line in campaign.lines.kept().exclude(redo_reason=""):
            yield Blocker(
                "line_to_redo",
                f"{line.code} porte une demande de reprise : renvoyez-la ou effacez-la.",
                line_anchor(line.code),
            )

    move(
        campaign,
        "accept",
        actor=actor,
        event="tests_recette_accepted",
        guard=guard,
        modalities=modalities.strip(),
        at=timezone.now(),
    )
    transaction.on_commit(partial(notices.recette_accepted, campaign))
    return campaign


@transaction.atomic
def start_connection(*, campaign_id: UUID, actor: User) -> TestCampaign:
    """Begin the raccordement, once a slot is booked (X5)."""
    campaign = lock_campaign(campaign_id, actor)

    def guard() -> Iterable[Blocker]:
        booked = TestSlot.objects.filter(campaign=campaign, booked_at__isnull=False, cancelled_at__isnull=True)
        if not booked.exists():
            yield Blocker("no_slot", "Aucun créneau de raccordement n’est réservé.", "#creneaux")

    move(campaign, "start_connection", actor=actor, event="tests_started", guard=guard, at=timezone.now())
    return campaign


@transaction.atomic
def complete_campaign(*, campaign_id: UUID, actor: User) -> TestCampaign:
    """« Tests réussis », only if every mandatory line of the final workbook is OK (X7)."""
    campaign = lock_campaign(campaign_id, actor)

    def guard() -> Iterable[Blocker]:
        return [
            Blocker("line_not_passed", lack.message, line_anchor(lack.code))
            for lack in find_unpassed(facts_of(line) for line in campaign.lines.kept().with_visuals())
        ]

    move(campaign, "complete", actor=actor, event="tests_passed", guard=guard, at=timezone.now())
    transaction.on_commit(partial(notices.campaign_passed, campaign))
    return campaign


@transaction.atomic
def fail_campaign(*, campaign_id: UUID, reason: str, actor: User) -> TestCampaign:
    """The lead declares the tests failed, with reasons (X8, A-20)."""
    campaign = lock_campaign(campaign_id, actor)
    move(
        campaign,
        "fail",
        actor=actor,
        event="tests_failed",
        guard=lambda: _needs(reason),
        reason=reason.strip(),
        because=reason.strip(),
        at=timezone.now(),
    )
    transaction.on_commit(partial(notices.campaign_failed, campaign))
    return campaign


def _needs(reason: str) -> list[Blocker]:
    return [] if reason.strip() else [Blocker("reason", "Indiquez le motif.", "#id_reason")]


def is_replaceable(campaign: TestCampaign | None) -> bool:
    """Whether a new campaign may follow this one (X9)."""
    return campaign is None or campaign.state in REPLACEABLE_CAMPAIGN_STATES
