"""The page of an evaluation questionnaire (SC-14, SC-16 to SC-18): levels, compliance with evidence, documents.

One form holds answers and files: whatever button is pressed, everything typed is saved and every chosen file deposited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP, in_paris
from convergence.ui.values import Link, Progress
from evidence.errors import UploadRefused
from questionnaires.core import Kind, Section, anchor
from questionnaires.core import Progress as Counter
from questionnaires.enums import Status
from questionnaires.models import Deposit, QuestionnaireResponse
from questionnaires.selectors import EvaluationForm, EvidenceView, load_form, load_overview, load_row
from questionnaires.services import (
    SaveResult,
    archive_deposit,
    closed_reason,
    deposit_evidence,
    load_grid,
    request_validation,
    save_answers,
    set_specificities,
    validate,
)
from referencing.enrolment.answering import extras, notices
from referencing.enrolment.answering.criteria import (
    Posted,
    Problems,
    conflict_texts,
    read_answers,
    render_criterion,
)
from referencing.enrolment.answering.forms import VERSION
from referencing.enrolment.answering.pages import (
    Place,
    address,
    conflict_title,
    find_place,
    page_values,
    panel,
    refused,
    state_badge,
)
from referencing.enrolment.answering.sharing import read_choices, summarise
from referencing.enrolment.answering.zones import FILE, ZoneMaker
from referencing.enrolment.inheritance import choose_each, offer_for
from referencing.enrolment.white_label.banner import REPLACED

TO_DO = f"Il reste à faire avant de continuer. Vos réponses sont enregistrées{NBSP}:"


@dataclass(frozen=True, slots=True)
class Page:
    """A questionnaire of an enrolment, as one person sees it."""

    place: Place
    shown: EvaluationForm

    @property
    def url(self) -> str:
        return reverse("enrolment:questionnaire_form", args=[self.place.enrolment.pk, self.shown.code])

    @property
    def title(self) -> str:
        return f"Questionnaire d’évaluation{NBSP}: {self.shown.title}"

    def zones(self) -> Iterable[tuple[str, EvidenceView]]:
        """Every zone with the criterion that it belongs to."""
        return ((view.code, zone) for view in self.shown.criteria for zone in view.evidence)


@dataclass(slots=True)
class Outcome:
    """What one posting did: answers saved, files deposited, and everything that was refused."""

    result: SaveResult
    posted: Posted
    deposits: list[Deposit] = field(default_factory=list)
    refusals: list[Blocker] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.result.conflicts or self.result.refused or self.posted.errors or self.refusals)


def open_page(place: Place, code: str) -> Page | Blocker:
    """The page, or why it is closed. Raises Http404 for a code that the grid does not have."""
    try:
        shown = load_form(place.enrolment.response, code, asks_specificity=place.access.asks_specificity)
    except (QuestionnaireResponse.DoesNotExist, KeyError) as unknown:
        raise Http404 from unknown
    if shown.state in (Status.UNAVAILABLE, Status.NOT_APPLICABLE):
        reason = closed_reason(load_row(place.enrolment.response, code))
        return reason or Blocker("closed", "")
    return Page(place, shown)


@require_http_methods(["GET", "POST"])
@login_required
def questionnaire_form(request: HttpRequest, pk: UUID, code: str) -> HttpResponse:
    """Show the page; its buttons save and deposit, then do what they say."""
    place = find_place(request, pk)
    page = open_page(place, code)
    if isinstance(page, Blocker):
        return refused(
            request, place, page, page=load_grid(place.enrolment.response.definition).questionnaire(code).title
        )
    if request.method == "GET":
        return render_page(request, page)
    try:
        outcome = _keep(request, page)
    except TransitionRefused as refusal:
        return _show_again(request, page, blockers=refusal.blockers, title=f"Rien n’a pu être enregistré{NBSP}:")
    if not outcome.is_clean:
        return _show_again(request, page, outcome=outcome)
    try:
        return _act(request, page, outcome)
    except TransitionRefused as refusal:
        return _show_again(request, page, blockers=refusal.blockers)


def _keep(request: HttpRequest, page: Page) -> Outcome:
    """Save every answer and deposit every file of the posting. Raises TransitionRefused when nothing can be written."""
    posted = read_answers(page.shown.criteria, request.POST)
    _specify(page, read_choices(page.shown.criteria, request.POST))
    outcome = Outcome(_save(page, posted), posted)
    asked = request.POST.get("action", "")
    for criterion, zone in page.zones():
        uploads = request.FILES.getlist(zone.anchor + FILE)
        if not uploads and asked == f"deposit:{zone.anchor}":
            message = f"Choisissez un fichier pour « {zone.expected.label} », puis déposez-le."
            outcome.refusals.append(Blocker("no_file", message, f"#{zone.anchor}"))
        for upload in uploads:
            try:
                outcome.deposits.append(
                    deposit_evidence(
                        response=page.place.enrolment.response,
                        criterion=criterion,
                        evidence_type=zone.expected.code,
                        upload=upload,
                        actor=page.place.user,
                        at=timezone.now(),
                        access=page.place.access,
                    )
                )
            except UploadRefused as refusal:
                outcome.refusals += refusal.problems
            except TransitionRefused as refusal:
                outcome.refusals += refusal.blockers
    return outcome


def _specify(page: Page, choices: dict[str, bool]) -> None:
    """What a producer says of its criteria (BR-202). Raises TransitionRefused when nothing can be written."""
    if choices:
        set_specificities(
            response=page.place.enrolment.response,
            questionnaire=page.shown.code,
            choices=choices,
            actor=page.place.user,
            at=timezone.now(),
            access=page.place.access,
        )


def _save(page: Page, posted: Posted) -> SaveResult:
    return save_answers(
        response=page.place.enrolment.response,
        questionnaire=page.shown.code,
        changes=posted.changes,
        actor=page.place.user,
        at=timezone.now(),
        access=page.place.access,
    )


def _act(request: HttpRequest, page: Page, outcome: Outcome) -> HttpResponse:
    """What the button asked for, once everything is kept. Raises TransitionRefused, PermissionDenied."""
    place = page.place
    action, _, target = request.POST.get("action", "").partition(":")
    overview = reverse("enrolment:questionnaire_list", args=[place.enrolment.pk])
    match action:
        case "recover" | "own" | "recover_all":
            return _choose(request, page, action, target)
        case "archive":
            return _archive(request, page, target)
        case "container":
            return redirect("enrolment:container_detail", place.enrolment.pk)
        case "request":
            return _request_validation(request, page, outcome, overview)
        case "validate":
            validate(
                response=place.enrolment.response,
                questionnaire=page.shown.code,
                actor=place.user,
                at=timezone.now(),
                access=place.access,
            )
            messages.success(request, f"Le questionnaire « {page.shown.title} » est validé.")
            is_last = load_overview(place.enrolment.response).is_complete
            return redirect(f"{overview}?termine" if is_last else overview)
    if waiting := _waiting(page, outcome):
        return redirect("enrolment:evidence_confirm", place.enrolment.pk, waiting.pk)
    messages.success(request, saved_words(outcome))
    return redirect(f"{page.url}#{target}" if action == "deposit" else page.url)


def _choose(request: HttpRequest, page: Page, action: str, target: str) -> HttpResponse:
    """Who answers a criterion, or all that the producer offers here (BR-196). Raises TransitionRefused."""
    enrolment, codes = page.place.enrolment, [target]
    if action == "recover_all":
        inheritance = summarise(page.shown.criteria, offer_for(enrolment))
        codes = list(inheritance.offered) if inheritance else []
    changed = choose_each(enrolment_id=enrolment.pk, codes=codes, recovered=action != "own", actor=page.place.user)
    count = len(changed)
    if action == "own":
        words = f"Vous répondez vous-même au critère {target}."
    else:
        words = f"{count}{NBSP}réponse{'s récupérées' if count > 1 else ' récupérée'} de l’éditeur producteur."
    messages.success(request, words if changed else "Rien n’avait changé.")
    return redirect(f"{page.url}#{anchor(target)}" if target else page.url)


def _request_validation(request: HttpRequest, page: Page, outcome: Outcome, overview: str) -> HttpResponse:
    place = page.place
    state = outcome.result.state if not outcome.deposits else Status.DRAFT
    if state in (Status.VALIDATION_REQUESTED, Status.DONE):
        already = "est déjà demandée" if state == Status.VALIDATION_REQUESTED else "est déjà faite"
        messages.info(request, f"La validation {already}, et vos réponses n’ont pas changé depuis.")
        return redirect(overview)
    with transaction.atomic():
        asked = request_validation(
            response=place.enrolment.response,
            questionnaire=page.shown.code,
            actor=place.user,
            at=timezone.now(),
            access=place.access,
        )
        link = address("teamwork:validation_review", place.enrolment.pk, page.shown.code) or page.url
        tell = partial(notices.validation_requested, place.enrolment, request=asked, link=link, actor=place.user)
        transaction.on_commit(tell)
    messages.success(request, "La validation est demandée aux valideurs de votre structure.")
    return redirect(overview)


def _waiting(page: Page, outcome: Outcome) -> Deposit | None:
    """The single deposit just made, to be confirmed at once (BR-074)."""
    single = {(code, zone.expected.code) for code, zone in page.zones() if zone.expected.single_deposit}
    return next((each for each in outcome.deposits if (each.criterion, each.evidence_type) in single), None)


def _archive(request: HttpRequest, page: Page, target: str) -> HttpResponse:
    """The cross of a file: archived at once when its zone keeps another one, else asked on a page (BR-072, BR-073)."""
    for _, zone in page.zones():
        for deposit in zone.deposits:
            if str(deposit.pk) != target:
                continue
            if len(zone.deposits) == 1 and zone.expected.required:
                return redirect("enrolment:evidence_archive", page.place.enrolment.pk, deposit.pk)
            archive_deposit(deposit=deposit, actor=page.place.user, at=timezone.now(), access=page.place.access)
            messages.success(request, f"« {deposit.file.name} » est archivé.")
            return redirect(f"{page.url}#{zone.anchor}")
    messages.info(request, "Ce fichier n’est plus dans la liste\u00a0: il a été archivé entre-temps.")
    return redirect(page.url)


def saved_words(outcome: Outcome) -> str:
    """« Brouillon enregistré. 1 fichier déposé. »"""
    count = len(outcome.deposits)
    words = ["Brouillon enregistré."] if outcome.result.saved else []
    if count:
        words.append(f"{count}{NBSP}fichier{'s déposés' if count > 1 else ' déposé'}.")
    return " ".join(words) or "Rien n’avait changé depuis le dernier enregistrement."


@require_POST
@login_required
def questionnaire_save(request: HttpRequest, pk: UUID, code: str) -> HttpResponse:
    """Autosave: the changed fields only. 200 with what changed, 422 with errors, 409 with both texts (A-13)."""
    place = find_place(request, pk)
    page = open_page(place, code)
    if isinstance(page, Blocker):
        return JsonResponse({"versions": {}, "errors": {}, "message": page.message}, status=422)
    posted = read_answers(page.shown.criteria, request.POST, fields=set(request.POST.getlist("_fields")))
    try:
        _specify(page, read_choices(page.shown.criteria, request.POST, fields=set(request.POST.getlist("_fields"))))
        result = _save(page, posted)
    except TransitionRefused as refusal:
        errors = {code: [blocker.message for blocker in refusal.blockers] for code in posted.changes}
        return JsonResponse({"versions": {}, "errors": errors}, status=422)
    versions = {f"{code}{VERSION}": str(version) for code, version in result.versions.items()}
    if result.conflicts:
        both = render_to_string("enrolment/answering/conflicts.html", {"conflicts": list(conflicts(page, result))})
        return HttpResponse(both, status=409, headers={"X-Autosave-Versions": JsonResponse(versions).content.decode()})
    errors = {name: [message] for name, message in {**result.refused, **posted.errors}.items()}
    sent = {*request.POST.getlist("_fields"), *posted.changes}
    content = {
        "versions": versions,
        "saved_at": f"{in_paris(timezone.now()):%H:%M}",
        "errors": errors,
        "mended": sorted(sent - set(errors)),
        "badge": render_to_string("enrolment/answering/badge.html", {"state": state_badge(result.state)}),
        "progress": render_to_string(
            "enrolment/answering/progress.html", {"progress": form_panel(page.shown, result.progress)}
        ),
    }
    return JsonResponse(content, status=422 if errors else 200)


# -- the page


def render_page(
    request: HttpRequest,
    page: Page,
    *,
    data: QueryDict | None = None,
    problems: Problems | None = None,
    errors: Iterable[Link] = (),
    blockers: Iterable[Blocker] = (),
    blockers_title: str = TO_DO,
    stale: Iterable[dict[str, Any]] = (),
    status: int = 200,
) -> HttpResponse:
    place, shown = page.place, page.shown
    found = problems or Problems()
    can_write = place.access.can_write
    banners, beside = extras.on_form(place, shown.code)
    stale = list(stale)
    maker = ZoneMaker(place.enrolment, can_write=can_write, errors=found.zones)
    offer = offer_for(place.enrolment)
    sections = [
        {
            "title": section_title(section.section),
            "introduction": section.section.introduction,
            "resources": [Link(each.label, each.url) for each in section.section.resources],
            "criteria": [
                render_criterion(maker, view, data, found, offer) + beside(view.criterion, view.version)
                for view in section.criteria
            ],
        }
        for section in shown.sections
    ]
    return render(
        request,
        "enrolment/answering/questionnaire_form.html",
        {
            **page_values(place, shown.title),
            "page_title": page.title,
            "shown": shown,
            "sections": sections,
            "kind": shown.kind.value,
            "inheritance": summarise(shown.criteria, offer),
            "progress": form_panel(shown, shown.progress),
            "state": state_badge(shown.state),
            "can_write": can_write,
            "is_inheritable": load_grid(place.enrolment.response.definition).questionnaire(shown.code).inheritable,
            "replaced_note": REPLACED,
            "offers_request": shown.kind is not Kind.DOCUMENTS or not place.access.can_validate,
            "has_newer_draft": bool(shown.validated_at) and shown.state in (Status.DRAFT, Status.VALIDATION_REQUESTED),
            "errors": list(errors),
            "blockers": list(blockers),
            "blockers_title": blockers_title,
            "conflicts": stale,
            "conflict_title": conflict_title(stale),
            "extras": banners,
            "form_url": page.url,
            "save_url": reverse("enrolment:questionnaire_save", args=[place.enrolment.pk, shown.code]),
        },
        status=status,
    )


def section_title(section: Section) -> str:
    """« A06.1 Référentiel d’interopérabilité »; a code that is only a name for the file stays there."""
    has_number = any(character.isdigit() for character in section.code)
    return f"{section.code} {section.title}" if has_number else section.title


def _show_again(
    request: HttpRequest,
    page: Page,
    *,
    outcome: Outcome | None = None,
    blockers: Iterable[Blocker] = (),
    title: str = TO_DO,
) -> HttpResponse:
    """The page with everything that was typed beside every refusal: 409 for a colleague's change, else 422."""
    again = open_page(page.place, page.shown.code)
    if isinstance(again, Blocker):
        return refused(request, page.place, again, page=page.shown.title)
    if outcome is None:
        return render_page(request, again, data=request.POST, blockers=blockers, blockers_title=title, status=422)
    fields = {**outcome.result.refused, **outcome.posted.errors}
    zones: dict[str, list[str]] = {}
    for refusal in outcome.refusals:
        zones.setdefault(refusal.anchor.removeprefix("#"), []).append(refusal.message)
    stale = list(conflicts(page, outcome.result))
    errors = [
        Link(f"{_criterion_of(name)}{NBSP}: {message}", f"#field-{_criterion_of(name)}")
        for name, message in fields.items()
    ]
    errors += [Link(refusal.message, refusal.anchor) for refusal in outcome.refusals]
    return render_page(
        request,
        again,
        data=request.POST,
        problems=Problems(fields, zones),
        errors=errors,
        stale=stale,
        status=409 if stale else 422,
    )


def _criterion_of(name: str) -> str:
    return name.removesuffix("-value")


def conflicts(page: Page, result: SaveResult) -> Iterable[dict[str, Any]]:
    """Values of `{% conflict %}` for each stale answer."""
    views = {view.code: view for view in page.shown.criteria}
    for stale in result.conflicts:
        theirs, mine = conflict_texts(views[stale.code], stale)
        label = f"{stale.code} {views[stale.code].criterion.title}"
        yield {"label": label, "theirs": theirs, "mine": mine, "actor": stale.by, "at": stale.at}


def form_panel(shown: EvaluationForm, counter: Counter) -> Progress:
    title = f"L’évaluation «{NBSP}{shown.title}{NBSP}» est complétée à"
    if shown.kind is Kind.DOCUMENTS:
        return panel(title, counter, unit="types de documents déposés", remaining_title=f"Documents restants{NBSP}:")
    return panel(title, counter, unit="critères évalués", remaining_title=f"Critères restants{NBSP}:")
