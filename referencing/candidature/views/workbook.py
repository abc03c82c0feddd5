"""The cahier de tests: filled by the editor, reviewed then filled again by the tests team; as a workbook, out and in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP, in_paris
from convergence.ui.values import Badge, Link, Progress
from evidence.core.formats import accept_attribute, accepted_in_words
from evidence.core.limits import MIB
from evidence.errors import UploadRefused
from referencing.candidature.connection_wording import campaign_badge
from referencing.candidature.core.workbook import count_complete, count_final, find_incomplete, lacks_of
from referencing.candidature.core.workbook_sheet import SHOWN, Change
from referencing.candidature.enums import CampaignState, TestResult
from referencing.candidature.forms.connection import WorkbookForm
from referencing.candidature.models import TestCampaign, TestDispute, TestFile, TestLine
from referencing.candidature.rules import can_deposit_tests, can_fill_tests, is_tests_team
from referencing.candidature.services.connection import campaigns
from referencing.candidature.services.connection.campaigns import VISUAL_FORMATS, VISUAL_MAX_MB
from referencing.candidature.services.connection.disputes import is_disputable
from referencing.candidature.services.connection.facts import facts_of, line_anchor
from referencing.candidature.services.connection.lines import (
    LineChange,
    Mode,
    Saved,
    add_visual,
    apply_import,
    find_mode,
    open_codes,
    remove_visual,
    save_lines,
)
from referencing.candidature.services.connection.workbook import export_workbook, read_upload
from referencing.candidature.views.connection import (
    COMPLETE,
    SEND_BACK,
    SUBMIT,
    Step,
    address,
    file_values,
    get_campaign,
    page_of,
    posted,
    run_step,
)
from referencing.candidature.views.frame import file_frame

SALT = "candidature.workbook_import"
PREVIEW_SECONDS = 3600
TO_DO = f"Il reste à faire avant de continuer. Votre saisie est enregistrée{NBSP}:"
NOT_SAVED = f"Rien n’a pu être enregistré{NBSP}:"
UNSAID = ("", "À tester")
CHOICES: dict[str, tuple[str, str]] = {value: (value, str(label)) for value, label in TestResult.choices}


@dataclass(slots=True)
class Outcome:
    """What one posting did: lines saved, files deposited, and everything that was refused, by code of line."""

    saved: Saved
    files: int = 0
    problems: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not (self.saved.conflicts or self.saved.refused or self.problems)


# -- the page


@require_http_methods(["GET", "POST"])
@login_required
def workbook_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The cahier line by line; whatever button is pressed, everything typed is saved and every chosen file deposited."""
    campaign = get_campaign(request, pk)
    if request.method == "GET":
        return render_workbook(request, campaign)
    try:
        outcome = _keep(request, campaign)
    except TransitionRefused as refusal:
        return render_workbook(request, campaign, data=request.POST, blockers=refusal.blockers, title=NOT_SAVED)
    if not outcome.is_clean:
        return render_workbook(request, campaign, data=request.POST, outcome=outcome)
    return _act(request, campaign, outcome)


def read_changes(
    campaign: TestCampaign, mode: Mode, data: QueryDict, *, fields: Iterable[str] | None = None
) -> dict[str, LineChange]:
    """What the posting says of each line; `fields` keeps those that the browser says have changed."""
    changes = {}
    wanted = None if fields is None else set(fields)
    for code in campaign.lines.kept().values_list("code", flat=True):
        names = {name: f"{code}-{name}" for name in mode.value}
        values = {
            name: str(data[key]) for name, key in names.items() if key in data and (wanted is None or key in wanted)
        }
        version = data.get(f"{code}-version", "")
        if values:
            changes[code] = LineChange(values, int(version) if version.isdecimal() else 0)
    return changes


def _keep(request: SignedInRequest, campaign: TestCampaign) -> Outcome:
    """Raises PermissionDenied, TransitionRefused when nothing can be written."""
    mode = find_mode(campaign, request.user)
    changes = read_changes(campaign, mode, request.POST) if mode else {}
    outcome = Outcome(save_lines(campaign_id=campaign.pk, changes=changes, actor=request.user))
    asked, _, target = request.POST.get("action", "").partition(":")
    if mode is not Mode.RECETTE:
        return outcome
    for key in request.FILES:
        code = key.removesuffix("-file")
        for upload in request.FILES.getlist(key):
            try:
                add_visual(campaign_id=campaign.pk, code=code, upload=upload, actor=request.user)
                outcome.files += 1
            except UploadRefused as refusal:
                outcome.problems.setdefault(code, []).extend(each.message for each in refusal.problems)
            except TransitionRefused as refusal:
                outcome.problems.setdefault(code, []).extend(each.message for each in refusal.blockers)
            except TestLine.DoesNotExist:
                continue  # a field that this cahier does not have
    if asked == "deposit" and f"{target}-file" not in request.FILES:
        outcome.problems.setdefault(target, []).append("Choisissez un fichier, puis déposez-le.")
    return outcome


def _act(request: SignedInRequest, campaign: TestCampaign, outcome: Outcome) -> HttpResponse:
    """What the button asked for, once everything is kept."""
    action, _, target = request.POST.get("action", "").partition(":")
    page = address("workbook_detail", campaign.pk)
    match action:
        case "remove":
            return _remove(request, campaign, target, page)
        case "submit":
            lacks = find_incomplete(facts_of(line) for line in campaign.lines.kept().with_visuals())
            if lacks:
                blockers = [Blocker("incomplete_line", lack.message, line_anchor(lack.code)) for lack in lacks]
                return render_workbook(request, get_campaign(request, campaign.pk), blockers=blockers)
            return redirect("candidature:acceptance_submit", campaign.pk)
        case "send_back" | "accept" | "complete":
            names = {
                "send_back": "acceptance_send_back",
                "accept": "acceptance_accept",
                "complete": "campaign_complete",
            }
            return redirect(address(names[action], campaign.pk))
    messages.success(request, _saved_words(outcome))
    return redirect(f"{page}{line_anchor(target)}" if action == "deposit" else page)


def _remove(request: SignedInRequest, campaign: TestCampaign, target: str, page: str) -> HttpResponse:
    try:
        removed = remove_visual(file_id=UUID(target), campaign_id=campaign.pk, actor=request.user)
    except (ValueError, TestFile.DoesNotExist):
        messages.info(request, "Ce fichier n’est plus dans la liste.")
        return redirect(page)
    except TransitionRefused as refusal:
        return render_workbook(request, campaign, data=request.POST, blockers=refusal.blockers, title=NOT_SAVED)
    messages.success(request, f"« {removed.file.name} » est retiré.")
    return redirect(f"{page}{line_anchor(removed.line.code)}" if removed.line else page)


def _saved_words(outcome: Outcome) -> str:
    count = len(outcome.saved.changed)
    words = [f"{count}{NBSP}ligne{'s enregistrées' if count > 1 else ' enregistrée'}."] if count else []
    if outcome.files:
        words.append(f"{outcome.files}{NBSP}fichier{'s déposés' if outcome.files > 1 else ' déposé'}.")
    return " ".join(words) or "Rien n’avait changé depuis le dernier enregistrement."


@require_POST
@login_required
def workbook_save(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Autosave: the changed fields only. 200, 422 with errors, 409 with both texts (A-13)."""
    campaign = get_campaign(request, pk)
    mode = find_mode(campaign, request.user)
    changes = read_changes(campaign, mode, request.POST, fields=request.POST.getlist("_fields")) if mode else {}
    try:
        saved = save_lines(campaign_id=pk, changes=changes, actor=request.user)
    except TransitionRefused as refusal:
        errors = {name: [str(refusal)] for name in request.POST.getlist("_fields")}
        return JsonResponse({"versions": {}, "errors": errors}, status=422)
    versions = {f"{code}-version": str(version) for code, version in saved.versions.items()}
    if saved.conflicts:
        both = render_to_string("enrolment/answering/conflicts.html", {"conflicts": list(_conflicts(saved))})
        return HttpResponse(both, status=409, headers={"X-Autosave-Versions": JsonResponse(versions).content.decode()})
    assert mode is not None  # noqa: S101 - else refused
    errors = {f"{code}-{mode.value[0]}": [message] for code, message in saved.refused.items()}
    content = {
        "versions": versions,
        "saved_at": f"{in_paris(timezone.now()):%H:%M}",
        "errors": errors,
        "progress": render_to_string(
            "enrolment/answering/progress.html", {"progress": _panel(list(campaign.lines.kept().with_visuals()), mode)}
        ),
    }
    return JsonResponse(content, status=422 if errors else 200)


def _conflicts(saved: Saved) -> Iterable[dict[str, Any]]:
    """Values of `{% conflict %}` for each stale line."""
    for stale in saved.conflicts:
        yield {
            "label": stale.code,
            "theirs": _both(stale.theirs),
            "mine": _both(stale.mine),
            "actor": stale.by or "un collègue",
            "at": stale.at,
        }


def _both(values: Mapping[str, str]) -> str:
    return " – ".join(SHOWN.get(value, value) if "result" in name else value for name, value in values.items())


def _panel(lines: list[TestLine], mode: Mode | None) -> Progress:
    facts = [facts_of(line) for line in lines]
    if mode is Mode.FINAL:
        counts = count_final(facts)
        remaining = [line for line in lines if not line.final_result]
        title, unit = "Le cahier final est rempli à", "résultats saisis"
    else:
        counts = count_complete(facts)
        remaining = [line for line, fact in zip(lines, facts, strict=True) if lacks_of(fact)]
        title, unit = "Le cahier de tests est rempli à", "lignes complètes"
    links = [Link(f"{line.code} {line.title}", line_anchor(line.code)) for line in remaining]
    return Progress(title, counts.percent, counts.done, counts.total, unit, links, f"Lignes restantes{NBSP}:")


def render_workbook(
    request: SignedInRequest,
    campaign: TestCampaign,
    *,
    data: QueryDict | None = None,
    outcome: Outcome | None = None,
    blockers: Iterable[Blocker] = (),
    title: str = TO_DO,
) -> HttpResponse:
    """The page; with everything that was typed beside every refusal: 409 for a colleague’s change, else 422."""
    user, refused = request.user, list(blockers)
    mode = find_mode(campaign, user)
    lines = list(campaign.lines.kept().with_visuals().select_related("final_by").order_by("position"))
    files: dict[int, list[TestFile]] = {}
    for each in (
        campaign.files.filter(line__isnull=False, removed_at__isnull=True)
        .select_related("file__blob", "file__uploaded_by")
        .order_by("added_at", "pk")
    ):
        files.setdefault(each.line_id, []).append(each)  # type: ignore[arg-type]
    waiting = set(
        TestDispute.objects.filter(line__campaign=campaign, judged_at__isnull=True).values_list("line_id", flat=True)
    )
    page = _Page(
        campaign=campaign,
        mode=mode,
        writable=open_codes(campaign, mode, lines),
        is_team=bool(is_tests_team(user, campaign)),
        may_dispute=bool(can_deposit_tests(user, campaign)),
        data=data,
        outcome=outcome,
    )
    sections: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        values = page.line_values(line, files.get(line.pk, []), is_disputed=line.pk in waiting)
        sections.setdefault(line.section, []).append(values)
    conflicts = list(_conflicts(outcome.saved)) if outcome else []
    is_refused = bool(refused) or (outcome is not None and not outcome.is_clean)
    return render(
        request,
        "candidature/workbook_detail.html",
        {
            **file_frame(request, campaign.candidature, "tests"),
            "campaign": campaign,
            "campaign_badge": campaign_badge(campaign.state, is_editor=bool(can_fill_tests(user, campaign))),
            "mode": mode.name if mode else "",
            "sections": sections.items(),
            "progress": _panel(lines, mode),
            "blockers": refused,
            "blockers_title": title,
            "errors": page.errors(),
            "conflicts": conflicts,
            "may_submit": campaign.state in [*SUBMIT.states, CampaignState.KEYS_SENT] and SUBMIT.rule(user, campaign),
            "can_complete": campaign.state == CampaignState.CONNECTION_RUNNING,
            "form_url": address("workbook_detail", campaign.pk),
            "save_url": address("workbook_save", campaign.pk),
            "export_url": address("workbook_export", campaign.pk),
            "import_url": address("workbook_import", campaign.pk) if mode in (Mode.RECETTE, Mode.FINAL) else "",
            "back_url": page_of(campaign),
            "accepted": accepted_in_words(VISUAL_FORMATS),
            "accept": accept_attribute(VISUAL_FORMATS),
            "max_bytes": VISUAL_MAX_MB * MIB,
            "max_size": f"{VISUAL_MAX_MB}{NBSP}Mo",
        },
        status=409 if conflicts else 422 if is_refused else 200,
    )


@dataclass(slots=True)
class _Page:
    campaign: TestCampaign
    mode: Mode | None
    writable: set[str]
    is_team: bool
    may_dispute: bool
    data: QueryDict | None
    outcome: Outcome | None

    def _value(self, line: TestLine, name: str) -> str:
        """What was typed, else what is saved."""
        key = f"{line.code}-{name}"
        if self.data is not None and key in self.data:
            return str(self.data[key])
        return str(getattr(line, name))

    def line_values(self, line: TestLine, files: list[TestFile], *, is_disputed: bool) -> dict[str, Any]:
        is_open = line.code in self.writable
        mode = self.mode.name if self.mode and is_open else ""
        result, text = {"RECETTE": ("result", "comment"), "FINAL": ("final_result", "final_remark")}.get(
            mode, ("", "redo_reason")
        )
        in_review = self.campaign.state == CampaignState.ACCEPTANCE_SUBMITTED
        offered = [UNSAID, CHOICES["ok"], CHOICES["ko"], *([CHOICES["na"]] if line.allows_not_applicable else [])]
        return {
            "line": line,
            "code": line.code,
            "mode": mode,
            "choices": offered,
            "result_name": f"{line.code}-{result}",
            "result": self._value(line, result) if result else "",
            "text_name": f"{line.code}-{text}",
            "text": self._value(line, text),
            "result_label": line.get_result_display(),
            "final_label": line.get_final_result_display(),
            "final_badge": Badge(
                line.get_final_result_display(), tone="success" if line.final_result == "ok" else "warning"
            )
            if line.final_result
            else None,
            "is_complete": not lacks_of(facts_of(line)),
            "redo": line.redo_reason if line.is_to_redo or (in_review and self.is_team and mode == "") else "",
            "former": line.former_reason,
            "files": [(each.pk, file_values(each)) for each in files],
            "errors": self._errors_of(line.code),
            "dispute_url": address("line_dispute", self.campaign.pk, line.code)
            if self.may_dispute
            and self.campaign.state in (CampaignState.CONNECTION_RUNNING, CampaignState.REMARK_DISPUTED)
            and is_disputable(line)
            and not is_disputed
            else "",
            "is_disputed": is_disputed,
        }

    def _errors_of(self, code: str) -> list[str]:
        if self.outcome is None:
            return []
        refused = self.outcome.saved.refused.get(code)
        return [*([refused] if refused else []), *self.outcome.problems.get(code, [])]

    def errors(self) -> list[Link]:
        if self.outcome is None:
            return []
        codes = [*self.outcome.saved.refused, *self.outcome.problems]
        return [
            Link(f"{code}{NBSP}: {message}", line_anchor(code))
            for code in dict.fromkeys(codes)
            for message in self._errors_of(code)
        ]


# -- steps that the page leads to


@require_http_methods(["GET", "POST"])
@login_required
def acceptance_submit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Déposer le dossier de recette » (X3): asks first; refused with every incomplete line."""
    campaign = get_campaign(request, pk)
    return _ask(request, campaign, SUBMIT, campaigns.submit_acceptance)


@require_http_methods(["GET", "POST"])
@login_required
def acceptance_send_back(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X4, sent back: the lines that were given a reason."""
    campaign = get_campaign(request, pk)
    return _ask(request, campaign, SEND_BACK, campaigns.send_back)


@require_http_methods(["GET", "POST"])
@login_required
def campaign_complete(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """X7."""
    campaign = get_campaign(request, pk)
    return _ask(request, campaign, COMPLETE, campaigns.complete_campaign)


def _ask(request: SignedInRequest, campaign: TestCampaign, step: Step, service: Callable[..., object]) -> HttpResponse:
    """A step whose reasons of refusal are lines: these are shown in the cahier itself."""
    return run_step(
        request,
        campaign,
        step,
        None,
        lambda: service(campaign_id=campaign.pk, actor=request.user),
        show_refusal=lambda blockers: render_workbook(request, campaign, blockers=blockers),
    )


# -- as a workbook


@require_GET
@login_required
def workbook_export(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The cahier as it stands, to be filled offline or kept."""
    campaign = get_campaign(request, pk)
    response = HttpResponse(
        export_workbook(campaign), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    name = f"cahier-de-tests-{campaign.candidature.dossier.reference}-{campaign.number}.xlsx"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "POST"])
@login_required
def workbook_import(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Send a filled workbook: what it would change is shown first; with one error, nothing is applied."""
    campaign = get_campaign(request, pk)
    if not (can_fill_tests(request.user, campaign) or is_tests_team(request.user, campaign)):
        raise PermissionDenied("workbook_import")
    mode = find_mode(campaign, request.user)
    if mode not in (Mode.RECETTE, Mode.FINAL):
        messages.info(request, "Le cahier de tests ne se remplit pas dans cet état.")
        return redirect(page_of(campaign))
    if "changes" in request.POST:
        return _apply(request, campaign, mode, request.POST["changes"])
    form = WorkbookForm(posted(request), request.FILES or None)
    changes: tuple[Change, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            read = read_upload(campaign, mode, form.cleaned_data["file"], anchor="#id_file")
        except UploadRefused as refusal:
            form.add_blockers(refusal.problems)
        else:
            changes = read.changes
            for error in read.errors:
                form.add_error("file", error)
            if not read.errors and not changes:
                messages.info(request, "Ce classeur ne change rien : il dit ce qui est déjà enregistré.")
    return render(
        request,
        "candidature/workbook_import.html",
        {
            **file_frame(request, campaign.candidature, "tests"),
            "form": form,
            "rows": [[f"{each.code} {each.title}", _cell(each.before), _cell(each.after)] for each in changes],
            "columns": ["Test", "Aujourd’hui", "Après l’import"],
            "changes": _seal(campaign, mode, changes) if changes else "",
            "count": len(changes),
            "export_url": address("workbook_export", campaign.pk),
            "back_url": address("workbook_detail", campaign.pk),
        },
        status=422 if form.errors else 200,
    )


def _cell(values: tuple[str, str]) -> str:
    result, text = values
    return " – ".join(filter(None, (SHOWN[result], text))) or "Rien"


def _seal(campaign: TestCampaign, mode: Mode, changes: Iterable[Change]) -> str:
    """What was shown, signed: the confirmation applies that and nothing else."""
    shown = [(each.code, *each.after, each.version) for each in changes]
    return signing.dumps({"campaign": str(campaign.pk), "mode": mode.name, "lines": shown}, salt=SALT, compress=True)


def _apply(request: SignedInRequest, campaign: TestCampaign, mode: Mode, sealed: str) -> HttpResponse:
    here = address("workbook_import", campaign.pk)
    try:
        shown = signing.loads(sealed, salt=SALT, max_age=PREVIEW_SECONDS)
    except signing.BadSignature:
        messages.error(request, "Cet aperçu a expiré : envoyez de nouveau votre classeur.")
        return redirect(here)
    if (shown["campaign"], shown["mode"]) != (str(campaign.pk), mode.name):
        messages.error(request, "Cet aperçu n’est plus valable : envoyez de nouveau votre classeur.")
        return redirect(here)
    changes = {
        code: LineChange(dict(zip(mode.value, (result, text), strict=True)), version)
        for code, result, text, version in shown["lines"]
    }
    try:
        changed = apply_import(campaign_id=campaign.pk, changes=changes, actor=request.user)
    except TransitionRefused as refusal:
        return render_workbook(request, campaign, blockers=refusal.blockers, title=NOT_SAVED)
    count = len(changed)
    messages.success(request, f"{count}{NBSP}ligne{'s importées' if count > 1 else ' importée'}.")
    return redirect("candidature:workbook_detail", campaign.pk)
