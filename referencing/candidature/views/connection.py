"""Connection tests of a file: the tab of both sides, and each step of a campaign."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP, format_datetime
from convergence.ui.values import Action, Badge, Item, Link, TimelineEntry
from convergence.ui.views import render_confirmation
from evidence.errors import FileWithheld, UploadRefused
from evidence.services import stream
from evidence.values import DepositedFile, deposited_file
from referencing.candidature.connection_notices import invitation_file
from referencing.candidature.connection_wording import RULING_TONES, campaign_badge, campaign_ball
from referencing.candidature.core.workbook import count_complete, count_final
from referencing.candidature.enums import (
    FAILABLE_CAMPAIGN_STATES,
    LIVE_CAMPAIGN_STATES,
    SLOT_STATES,
    CampaignState,
    CandidatureState,
)
from referencing.candidature.forms.connection import (
    AcceptForm,
    CoachForm,
    JudgeForm,
    KeysForm,
    ReasonForm,
    SlotForm,
    UnitTestsForm,
)
from referencing.candidature.models import Candidature, TestCampaign, TestDispute, TestFile, TestSlot
from referencing.candidature.rules import (
    can_deposit_tests,
    can_fill_tests,
    is_tests_lead,
    is_tests_team,
)
from referencing.candidature.services.connection import campaigns, disputes, slots
from referencing.candidature.services.connection.disputes import may_judge
from referencing.candidature.services.connection.facts import facts_of
from referencing.candidature.services.connection.lines import Mode, find_mode
from referencing.candidature.services.connection.standing import holder_of
from referencing.candidature.views.frame import file_frame, get_file

GONE = "Cette action n’est plus possible : l’état de la campagne a changé."


def page_of(campaign: TestCampaign) -> str:
    return reverse("candidature:campaign_detail", args=[campaign.candidature_id])


def address(name: str, *arguments: object) -> str:
    return reverse(f"candidature:{name}", args=arguments)


def posted(request: SignedInRequest) -> QueryDict | None:
    """What was posted, even when it says nothing: a form is bound by the method."""
    return request.POST if request.method == "POST" else None


def get_campaign(request: SignedInRequest, pk: UUID) -> TestCampaign:
    """The campaign, or 404 for whoever may not see its file."""
    return get_object_or_404(TestCampaign.objects.visible_to(request.user).with_file(), pk=pk)


# -- the tab


@require_GET
@login_required
def campaign_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Tests de connexion »: the newest campaign of the file, or `?campagne=1` for a former one."""
    candidature = get_file(request, pk, for_testers=True)
    return render_campaign(request, candidature, number=request.GET.get("campagne", ""))


def render_campaign(
    request: SignedInRequest, candidature: Candidature, *, number: str = "", blockers: Iterable[Blocker] = ()
) -> HttpResponse:
    refused = list(blockers)
    found = list(
        TestCampaign.objects.filter(candidature=candidature)
        .select_related("coach", "opened_by", "keys_sent_by", "submitted_by", "unit_declared_by")
        .newest_first()
    )
    for each in found:
        each.candidature = candidature
    shown = next((each for each in found if str(each.number) == number), None) if number else None
    campaign = shown or (found[0] if found else None)
    values: dict[str, Any] = {
        **file_frame(request, candidature, "tests"),
        "campaign": campaign,
        "blockers": refused,
        "reopen_url": address("campaign_reopen", candidature.pk) if _may_reopen(request, candidature, found) else "",
        "former": [
            Link(
                f"Campagne n° {each.number} : {each.get_state_display().lower()}",
                f"{page_of(each)}?campagne={each.number}",
            )
            for each in found
            if campaign and each.pk != campaign.pk
        ],
    }
    if campaign:
        values |= _campaign_values(request, campaign, is_newest=campaign.pk == found[0].pk)
    return render(request, "candidature/campaign_detail.html", values, status=422 if refused else 200)


def _may_reopen(request: SignedInRequest, candidature: Candidature, found: list[TestCampaign]) -> bool:
    return (
        is_tests_team(request.user, candidature)
        and candidature.has_exchange
        and candidature.state == CandidatureState.EVALUATION
        and campaigns.is_replaceable(found[0] if found else None)
    )


def _campaign_values(request: SignedInRequest, campaign: TestCampaign, *, is_newest: bool) -> dict[str, Any]:
    user = request.user
    is_editor = bool(can_fill_tests(user, campaign))
    open_slots = list(campaign.slots.select_related("proposed_by", "booked_by"))
    is_booked = any(slot.booked_at and not slot.cancelled_at for slot in open_slots)
    holder = holder_of(campaign)
    contested = list(_disputes(campaign))
    to_judge = [each for each in contested if not each.judged_at and may_judge(user, each)]
    who, what, mine = campaign_ball(
        campaign.state, holder, is_editor=is_editor, is_booked=is_booked, may_judge=bool(to_judge)
    )
    lines = [facts_of(line) for line in campaign.lines.kept().with_visuals()]
    done, final = count_complete(lines), count_final(lines)
    is_open = is_newest and campaign.candidature.state == CandidatureState.EVALUATION
    return {
        "campaign_badge": campaign_badge(campaign.state, is_editor=is_editor),
        "campaign_who": who,
        "campaign_what": what,
        "campaign_is_mine": mine,
        "is_editor": is_editor,
        "steps": list(_steps(campaign, done.percent)),
        "actions": list(_actions(user, campaign, to_judge)) if is_open else [],
        "more": list(_more(user, campaign)) if is_open else [],
        "items": list(_items(campaign)),
        "scope": [f"{entry['api_text']} – {entry['direction_text'].lower()}" for entry in campaign.scope],
        "workbook_url": address("workbook_detail", campaign.pk) if lines else "",
        "export_url": address("workbook_export", campaign.pk) if lines else "",
        "import_url": address("workbook_import", campaign.pk)
        if lines and find_mode(campaign, user) in (Mode.RECETTE, Mode.FINAL)
        else "",
        "done": done,
        "final": final if campaign.accepted_at else None,
        "unit_files": _unit_files(campaign),
        "shows_slots": bool(open_slots) or campaign.state in SLOT_STATES,
        "slots": [_slot_values(slot, user, campaign, is_open) for slot in open_slots],
        "propose_url": address("slot_propose", campaign.pk) if is_open and _may_fix_slots(user, campaign) else "",
        "disputes": [_dispute_values(each, user) for each in contested],
    }


def _steps(campaign: TestCampaign, percent: int) -> Iterable[TimelineEntry]:
    """The stages of the campaign, in words; how far the cahier is."""
    state = campaign.state
    ended = state in (CampaignState.FAILED, CampaignState.CANCELLED)
    entries: list[tuple[str, Any, bool, str]] = [
        ("Clés et cahier envoyés", campaign.keys_sent_at, state == CampaignState.UNIT_SELF_CHECK, ""),
        (
            "Tests de bout en bout et dossier de recette",
            campaign.accepted_at or campaign.submitted_at,
            state in (CampaignState.KEYS_SENT, CampaignState.E2E_RUNNING, CampaignState.E2E_REDO),
            f"{percent}{NBSP}% du cahier rempli" if campaign.keys_sent_at and not campaign.accepted_at else "",
        ),
        ("Recette acceptée", campaign.accepted_at, state == CampaignState.ACCEPTANCE_SUBMITTED, ""),
        ("Raccordement", campaign.closed_at if state == CampaignState.PASSED else None, state in SLOT_STATES, ""),
        ("Réussite validée", campaign.closed_at if state == CampaignState.PASSED else None, False, ""),
    ]
    if campaign.unit_declared_at or state == CampaignState.UNIT_SELF_CHECK:
        entries.insert(0, ("Tests unitaires (facultatifs)", campaign.unit_declared_at, False, ""))
    for label, at, current, detail in entries:
        word = "current" if current and not ended else "done" if at else "upcoming"
        yield TimelineEntry(label, word, at=at, detail=detail)  # type: ignore[arg-type]


def _items(campaign: TestCampaign) -> Iterable[Item]:
    yield Item("Ouverte", format_datetime(campaign.opened_at))
    yield Item("Accompagnateur", campaign.coach.get_full_name() if campaign.coach else "Pas encore désigné")
    if campaign.unit_declared_at:
        yield Item("Tests unitaires", f"Déclarés le {format_datetime(campaign.unit_declared_at)}")
        if campaign.unit_comment:
            yield Item("Ce qui a été vérifié", campaign.unit_comment)
    if campaign.keys_sent_at:
        channel = campaign.get_keys_channel_display().lower()
        yield Item(
            "Clés", f"Envoyées à {campaign.keys_sent_to} le {format_datetime(campaign.keys_sent_at)} ({channel})"
        )
        yield Item("Version du cahier", campaign.catalogue_version)
    if campaign.submitted_at:
        yield Item("Recette déposée", f"{format_datetime(campaign.submitted_at)}, par {campaign.submitted_by}")
    if campaign.modalities:
        yield Item("Modalités du raccordement", campaign.modalities)
    if campaign.close_reason:
        yield Item("Motif", campaign.close_reason)


def _actions(user: Any, campaign: TestCampaign, to_judge: Sequence[TestDispute]) -> Iterable[Action]:
    """What this person does next, the first one being the main one."""
    if to_judge:
        yield Action("Trancher la contestation", address("dispute_judge", to_judge[0].pk))
    links: list[tuple[str, str, str]] = []
    mode = find_mode(campaign, user)
    if mode is Mode.RECETTE:
        links.append(("Remplir le cahier de tests", "workbook_detail", ""))
    elif mode is Mode.REVIEW:
        links.append(("Examiner le dossier de recette", "workbook_detail", ""))
    elif mode is Mode.FINAL:
        links.append(("Remplir le cahier final", "workbook_detail", ""))
    links += [
        ("Envoyer les clés et le cahier", "keys_send", "send_keys"),
        ("Déclarer les tests unitaires", "unit_declare", "declare_unit_tests"),
        ("Commencer le raccordement", "connection_start", "start_connection"),
        ("Valider la réussite des tests", "campaign_complete", "complete"),
    ]
    shown = [each for each in links if not each[2] or is_allowed(campaign, each[2], user)]
    for rank, (label, name, _) in enumerate(shown):
        yield Action(label, address(name, campaign.pk), style="secondary" if rank or to_judge else "primary")


def _more(user: Any, campaign: TestCampaign) -> Iterable[Link]:
    if campaign.is_live and is_tests_team(user, campaign):
        yield Link("Désigner l’accompagnateur", address("coach_assign", campaign.pk))
    if is_allowed(campaign, "fail", user):
        yield Link("Déclarer l’échec des tests", address("campaign_fail", campaign.pk))
    if campaign.is_live and is_tests_lead(user, campaign):
        yield Link("Annuler la campagne", address("campaign_cancel", campaign.pk))


def _unit_files(campaign: TestCampaign) -> list[DepositedFile]:
    files = campaign.files.filter(line__isnull=True, removed_at__isnull=True).select_related(
        "file__blob", "file__uploaded_by"
    )
    return [file_values(each) for each in files.order_by("added_at", "pk")]


def file_values(each: TestFile) -> DepositedFile:
    return deposited_file(each.file, download_url=address("test_file_download", each.pk))


def _may_fix_slots(user: Any, campaign: TestCampaign) -> bool:
    return campaign.state in SLOT_STATES and bool(can_fill_tests(user, campaign) or is_tests_team(user, campaign))


def _slot_values(slot: TestSlot, user: Any, campaign: TestCampaign, is_open: bool) -> dict[str, Any]:
    may = is_open and _may_fix_slots(user, campaign)
    is_other_side = bool(can_fill_tests(user, campaign)) != slot.from_editor
    is_past = slot.starts_at <= timezone.now()
    if slot.cancelled_at:
        badge = Badge("Annulé", tone="neutral")
    elif slot.booked_at:
        badge = Badge("Réservé", tone="success")
    else:
        badge = Badge("Passé" if is_past else "Proposé", tone="neutral" if is_past else "info")
    return {
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "place": slot.place,
        "badge": badge,
        "by": "l’éditeur" if slot.from_editor else "l’équipe de tests",
        "reason": slot.cancel_reason,
        "calendar_url": address("slot_calendar", slot.pk) if slot.booked_at and not slot.cancelled_at else "",
        "book": Action("Réserver ce créneau", address("slot_book", slot.pk), key=f"book-{slot.pk}")
        if may and is_other_side and not (slot.booked_at or slot.cancelled_at or is_past)
        else None,
        "cancel_url": address("slot_cancel", slot.pk)
        if may and not slot.cancelled_at and not (slot.booked_at and is_past)
        else "",
    }


def _disputes(campaign: TestCampaign) -> Iterable[TestDispute]:
    rows = TestDispute.objects.filter(line__campaign=campaign).select_related("line", "judged_by", "disputed_by")
    return rows.order_by("-disputed_at")


def _dispute_values(dispute: TestDispute, user: Any) -> dict[str, Any]:
    tone = RULING_TONES.get(dispute.ruling, "info")
    return {
        "dispute": dispute,
        "badge": Badge(dispute.get_ruling_display() or "En attente de décision", tone=tone),
        "judge_url": address("dispute_judge", dispute.pk) if not dispute.judged_at and may_judge(user, dispute) else "",
    }


# -- steps: each asks on a page, then does


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a step: who may, in which states it makes sense, what it says and does."""

    rule: rules.Predicate
    states: list[CampaignState]
    title: str
    text: str
    button: str
    done: str


def run_step(
    request: SignedInRequest,
    campaign: TestCampaign,
    step: Step,
    form: Form | None,
    perform: Callable[[], object],
    *,
    extra: dict[str, Any] | None = None,
    show_refusal: Callable[[list[Blocker]], HttpResponse] | None = None,
) -> HttpResponse:
    """Show the form or the question, then call the service; a refusal stands beside the fields, nothing typed is lost.

    Raises PermissionDenied. A page of another time goes back to the campaign, which says what it is now.
    """
    if not step.rule(request.user, campaign):
        raise PermissionDenied(step.title)
    page = page_of(campaign)
    if campaign.state not in step.states:
        messages.info(request, GONE)
        return redirect(page)
    refused: list[Blocker] = []
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            perform()
        except TransitionRefused as refusal:
            refused = list(refusal.blockers)
        except UploadRefused as refusal:
            refused = list(refusal.problems)
        else:
            messages.success(request, step.done)
            return redirect(page)
    if refused and show_refusal:
        return show_refusal(refused)
    if refused and form is None:
        return render_campaign(request, get_file(request, campaign.candidature_id, for_testers=True), blockers=refused)
    if refused:
        form.add_blockers(refused)  # type: ignore[union-attr]
    if form is None:
        action = Action(step.button, request.path, confirm_title=step.title, confirm_text=step.text)
        return render_confirmation(request, action, cancel_url=page)
    return render(
        request,
        "candidature/campaign_step.html",
        {
            **file_frame(request, campaign.candidature, "tests"),
            "step": step,
            "form": form,
            "cancel_url": page,
            "has_file": form.is_multipart(),
            **(extra or {}),
        },
        status=422 if form.errors else 200,
    )


UNIT = Step(
    can_fill_tests,
    [CampaignState.UNIT_SELF_CHECK],
    "Déclarer les tests unitaires",
    "Dites que votre code a été vérifié avec les spécifications des interfaces. Cette étape est facultative : rien ne l’attend.",
    "Déclarer les tests unitaires",
    "Vos tests unitaires sont déclarés.",
)
KEYS = Step(
    is_tests_team,
    [CampaignState.UNIT_SELF_CHECK],
    "Envoyer les clés et le cahier de tests",
    "Consignez à qui les clés de l’environnement de référencement ont été remises, et comment. N’écrivez jamais les clés ici : "
    "elles passent par un autre canal. Le cahier de tests s’ouvre à l’éditeur dès cet enregistrement.",
    "Consigner l’envoi et ouvrir le cahier",
    "L’envoi des clés est consigné et le cahier de tests est ouvert à l’éditeur.",
)
COACH = Step(
    is_tests_team,
    LIVE_CAMPAIGN_STATES,
    "Désigner l’accompagnateur",
    "L’accompagnateur suit la campagne et reçoit ses messages.",
    "Désigner l’accompagnateur",
    "L’accompagnateur est désigné.",
)
SUBMIT = Step(
    can_deposit_tests,
    [CampaignState.E2E_RUNNING, CampaignState.E2E_REDO],
    "Déposer le dossier de recette",
    "L’équipe de tests reçoit votre cahier et l’examine. Vous ne pourrez plus le modifier, sauf les tests qu’elle vous renverra.",
    "Déposer le dossier de recette",
    "Votre dossier de recette est déposé.",
)
ACCEPT = Step(
    is_tests_team,
    [CampaignState.ACCEPTANCE_SUBMITTED],
    "Accepter le dossier de recette",
    "L’éditeur est prévenu et lit les modalités ci-dessous. Le raccordement peut alors être planifié.",
    "Accepter le dossier de recette",
    "Le dossier de recette est accepté.",
)
SEND_BACK = Step(
    is_tests_team,
    [CampaignState.ACCEPTANCE_SUBMITTED],
    "Renvoyer des tests à refaire",
    "L’éditeur reçoit la liste des tests à refaire avec vos raisons. Seuls ces tests lui sont ouverts.",
    "Renvoyer les tests à refaire",
    "Les tests à refaire sont renvoyés à l’éditeur.",
)
START = Step(
    is_tests_team,
    [CampaignState.CONNECTION_PLANNED],
    "Commencer le raccordement",
    "Le cahier final s’ouvre à l’équipe de tests. L’éditeur le lit et peut contester une remarque.",
    "Commencer le raccordement",
    "Le raccordement est commencé : le cahier final est ouvert.",
)
COMPLETE = Step(
    is_tests_team,
    [CampaignState.CONNECTION_RUNNING],
    "Valider la réussite des tests",
    "La campagne se termine et l’éditeur en est informé. Le cahier final ne change plus.",
    "Valider la réussite des tests",
    "La réussite des tests est validée.",
)
FAIL = Step(
    is_tests_lead,
    FAILABLE_CAMPAIGN_STATES,
    "Déclarer l’échec des tests",
    "La campagne se termine. Le dossier ne peut plus être conclu favorablement, sauf si une nouvelle campagne réussit.",
    "Déclarer l’échec des tests",
    "L’échec des tests est déclaré.",
)
CANCEL = Step(
    is_tests_lead,
    LIVE_CAMPAIGN_STATES,
    "Annuler la campagne",
    "La campagne s’arrête sans résultat. Une nouvelle campagne pourra être ouverte.",
    "Annuler la campagne",
    "La campagne est annulée.",
)
PROPOSE = Step(
    can_fill_tests | is_tests_team,
    SLOT_STATES,
    "Proposer un créneau de raccordement",
    "L’autre partie est prévenue et réserve le créneau qui lui convient.",
    "Proposer ce créneau",
    "Le créneau est proposé.",
)
CANCEL_SLOT = Step(
    can_fill_tests | is_tests_team,
    SLOT_STATES,
    "Annuler un créneau",
    "Les deux parties sont prévenues. Proposez ensuite un autre créneau.",
    "Annuler ce créneau",
    "Le créneau est annulé.",
)
DISPUTE = Step(
    can_deposit_tests,
    [CampaignState.CONNECTION_RUNNING, CampaignState.REMARK_DISPUTED],
    "Contester une remarque",
    "Le responsable des tests tranche ; ce n’est jamais l’auteur de la remarque.",
    "Contester cette remarque",
    "Votre contestation est transmise au responsable des tests.",
)
JUDGE = Step(
    is_tests_lead,
    [CampaignState.REMARK_DISPUTED],
    "Trancher une contestation",
    "Votre décision est motivée et transmise à l’éditeur.",
    "Enregistrer la décision",
    "La contestation est tranchée.",
)


@require_http_methods(["GET", "POST"])
@login_required
def unit_declare(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X1."""
    campaign = get_campaign(request, pk)
    form = UnitTestsForm(posted(request), request.FILES or None, initial={"comment": campaign.unit_comment})
    return run_step(
        request,
        campaign,
        UNIT,
        form,
        lambda: campaigns.declare_unit_tests(
            campaign_id=pk, comment=form.cleaned_data["comment"], upload=form.cleaned_data["file"], actor=request.user
        ),
    )


@require_http_methods(["GET", "POST"])
@login_required
def keys_send(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X2: the event, never the keys."""
    campaign = get_campaign(request, pk)
    form = KeysForm(posted(request))
    return run_step(
        request,
        campaign,
        KEYS,
        form,
        lambda: campaigns.send_keys(
            campaign_id=pk,
            to=form.cleaned_data["to"],
            channel=form.cleaned_data["channel"],
            on=form.sent_at(),
            actor=request.user,
        ),
    )


@require_http_methods(["GET", "POST"])
@login_required
def coach_assign(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The lead names anybody of the team; a member of the team, oneself."""
    campaign = get_campaign(request, pk)
    form = CoachForm(posted(request), initial={"coach": campaign.coach_id or request.user.pk})
    if not is_tests_lead(request.user, campaign):
        form.fields["coach"].queryset = form.fields["coach"].queryset.filter(pk=request.user.pk)  # type: ignore[attr-defined]
    return run_step(
        request,
        campaign,
        COACH,
        form,
        lambda: campaigns.assign_coach(campaign_id=pk, coach_id=form.cleaned_data["coach"].pk, actor=request.user),
    )


@require_http_methods(["GET", "POST"])
@login_required
def acceptance_accept(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X4, accepted."""
    campaign = get_campaign(request, pk)
    form = AcceptForm(posted(request))
    return run_step(
        request,
        campaign,
        ACCEPT,
        form,
        lambda: campaigns.accept_acceptance(
            campaign_id=pk, modalities=form.cleaned_data["modalities"], actor=request.user
        ),
    )


@require_http_methods(["GET", "POST"])
@login_required
def connection_start(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X5."""
    campaign = get_campaign(request, pk)
    perform = lambda: campaigns.start_connection(campaign_id=pk, actor=request.user)  # noqa: E731
    return run_step(request, campaign, START, None, perform)


@require_http_methods(["GET", "POST"])
@login_required
def campaign_fail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X8."""
    campaign = get_campaign(request, pk)
    form = ReasonForm(posted(request))
    return run_step(
        request,
        campaign,
        FAIL,
        form,
        lambda: campaigns.fail_campaign(campaign_id=pk, reason=form.cleaned_data["reason"], actor=request.user),
    )


@require_http_methods(["GET", "POST"])
@login_required
def campaign_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """By hand, when everything must begin again."""
    campaign = get_campaign(request, pk)
    form = ReasonForm(posted(request))
    return run_step(
        request,
        campaign,
        CANCEL,
        form,
        lambda: campaigns.cancel_campaign_by_hand(
            campaign_id=pk, reason=form.cleaned_data["reason"], actor=request.user
        ),
    )


@require_http_methods(["GET", "POST"])
@login_required
def campaign_reopen(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X9: a new campaign of the file."""
    candidature = get_file(request, pk, for_testers=True)
    if not is_tests_team(request.user, candidature):
        raise PermissionDenied("campaign_reopen")
    page = address("campaign_detail", pk)
    found = list(TestCampaign.objects.filter(candidature=candidature).newest_first()[:1])
    if not _may_reopen(request, candidature, found):
        messages.info(request, GONE)
        return redirect(page)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            campaigns.reopen_campaign(candidature_id=pk, reason=form.cleaned_data["reason"], actor=request.user)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "Une nouvelle campagne de tests est ouverte.")
            return redirect(page)
    step = Step(
        is_tests_team,
        [],
        "Ouvrir une nouvelle campagne",
        "Tout recommence : les tests unitaires, les clés, un cahier neuf. Les campagnes précédentes restent consultables.",
        "Ouvrir une nouvelle campagne",
        "",
    )
    values = {"step": step, "form": form, "cancel_url": page, "has_file": False}
    return render(
        request,
        "candidature/campaign_step.html",
        {**file_frame(request, candidature, "tests"), **values},
        status=422 if form.errors else 200,
    )


# -- slots


def get_slot(request: SignedInRequest, pk: UUID) -> TestSlot:
    """Raises Http404 for a slot of a file that the person does not see."""
    slot = get_object_or_404(TestSlot, pk=pk, campaign__in=TestCampaign.objects.visible_to(request.user))
    slot.campaign = get_campaign(request, slot.campaign_id)
    return slot


@require_http_methods(["GET", "POST"])
@login_required
def slot_propose(request: SignedInRequest, pk: UUID) -> HttpResponse:
    campaign = get_campaign(request, pk)
    form = SlotForm(posted(request))
    return run_step(
        request,
        campaign,
        PROPOSE,
        form,
        lambda: slots.propose_slot(
            campaign_id=pk,
            starts_at=form.starts_at(),
            minutes=form.cleaned_data["minutes"],
            place=form.cleaned_data["place"],
            actor=request.user,
        ),
    )


@require_POST
@login_required
def slot_book(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One press: the page that offers it says everything, and a booked slot may still be cancelled."""
    slot = get_slot(request, pk)
    if not PROPOSE.rule(request.user, slot.campaign):
        raise PermissionDenied("slot_book")
    try:
        slots.book_slot(slot_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        candidature = get_file(request, slot.campaign.candidature_id, for_testers=True)
        return render_campaign(request, candidature, blockers=refusal.blockers)
    messages.success(request, f"Le raccordement est fixé le {format_datetime(slot.starts_at)}.")
    return redirect(page_of(slot.campaign))


@require_http_methods(["GET", "POST"])
@login_required
def slot_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    slot = get_slot(request, pk)
    form = ReasonForm(posted(request))
    return run_step(
        request,
        slot.campaign,
        CANCEL_SLOT,
        form,
        lambda: slots.cancel_slot(slot_id=pk, reason=form.cleaned_data["reason"], actor=request.user),
        extra={"items": [Item("Créneau", f"{format_datetime(slot.starts_at)}, {slot.place}")]},
    )


@require_GET
@login_required
def slot_calendar(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The booked moment as a file for one’s calendar."""
    slot = get_slot(request, pk)
    if not slot.booked_at:
        raise Http404
    file = invitation_file(slot)
    response = HttpResponse(file.text, content_type=f"{file.mime}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


# -- disputes


@require_http_methods(["GET", "POST"])
@login_required
def line_dispute(request: SignedInRequest, pk: UUID, code: str) -> HttpResponse:
    """X6: the editor contests a remark."""
    campaign = get_campaign(request, pk)
    line = get_object_or_404(campaign.lines.kept(), code=code)
    form = ReasonForm(posted(request))
    items = [
        Item("Test", f"{line.code} {line.title}"),
        Item("Résultat final", line.get_final_result_display()),
        Item("Remarque", line.final_remark),
    ]
    return run_step(
        request,
        campaign,
        DISPUTE,
        form,
        lambda: disputes.dispute_line(
            campaign_id=pk, code=code, reason=form.cleaned_data["reason"], actor=request.user
        ),
        extra={"items": items},
    )


@require_http_methods(["GET", "POST"])
@login_required
def dispute_judge(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The lead judges; whoever wrote the remark is refused (A-20)."""
    found = get_object_or_404(
        TestDispute.objects.select_related("line", "remark_by", "disputed_by"),
        pk=pk,
        line__campaign__in=TestCampaign.objects.visible_to(request.user),
    )
    if not may_judge(request.user, found):
        raise PermissionDenied("dispute_judge")
    campaign = get_campaign(request, found.line.campaign_id)
    if found.judged_at:
        messages.info(request, "Cette contestation est déjà tranchée.")
        return redirect(page_of(campaign))
    form = JudgeForm(posted(request), line=found.line)
    items = [
        Item("Test", f"{found.line.code} {found.line.title}"),
        Item("Résultat contesté", found.get_result_display()),
        Item("Remarque", f"{found.remark} ({found.remark_by})"),
        Item("Motif de l’éditeur", f"{found.reason} ({found.disputed_by})"),
        Item("Ce que l’éditeur avait constaté", f"{found.line.get_result_display()} – {found.line.comment}"),
    ]
    return run_step(
        request,
        campaign,
        JUDGE,
        form,
        lambda: disputes.judge_dispute(
            dispute_id=pk,
            ruling=form.cleaned_data["ruling"],
            note=form.cleaned_data["note"],
            result=form.cleaned_data["result"],
            actor=request.user,
        ),
        extra={"items": items},
    )


# -- files


@require_GET
@login_required
def test_file_download(request: SignedInRequest, pk: UUID) -> HttpResponse | FileResponse:
    """The original, as an attachment; a file that the antivirus holds back says why."""
    found = get_object_or_404(
        TestFile.objects.select_related("file__blob", "campaign"),
        pk=pk,
        campaign__in=TestCampaign.objects.visible_to(request.user),
    )
    try:
        return stream(found.file)
    except FileWithheld as withheld:
        messages.error(request, f"{found.file.name}{NBSP}: {withheld.problem.message}")
        return redirect(page_of(found.campaign))
