"""A request and a non-conformity, read by both sides; the editor’s buffer, its sending, and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui import autosave
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Link
from evidence.errors import FileWithheld, UploadRefused
from evidence.models import StoredFile
from evidence.services import stream
from evidence.values import DropZone, deposited_file, drop_zone
from questionnaires.core import EvidenceType
from questionnaires.stored import restore_criterion
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.delays import propose_day
from referencing.candidature.enums import CandidatureState, NonConformityState, RequestState, Severity
from referencing.candidature.forms.requests import (
    DecisionForm,
    ExtensionForm,
    ItemForm,
    NonConformityForm,
    ReplyForm,
)
from referencing.candidature.models import Attachment, Candidature, ComplementItem, ComplementRequest, NonConformity
from referencing.candidature.rules import (
    can_answer,
    can_instruct,
    can_judge,
    can_open_encrypted,
    can_prepare,
    is_instructor,
)
from referencing.candidature.selectors.requests import Sent, list_sent
from referencing.candidature.services.answering import (
    FREE_FORMATS,
    FREE_SIZE_MB,
    Expected,
    StaleBuffer,
    add_file,
    find_item_gaps,
    list_buffer_files,
    load_expected,
    remove_file,
    save_item,
    save_reply,
    send_answers,
    send_reply,
)
from referencing.candidature.services.asking import ask_extension
from referencing.candidature.services.non_conformities import (
    lift_non_conformity,
    maintain_non_conformity,
    open_non_conformity,
    reopen_non_conformity,
)
from referencing.candidature.views.asking import (
    agent_actions,
    askable,
    form_page,
    gap_badge,
    get_request,
    request_badge,
    severity_badge,
)
from referencing.candidature.views.frame import file_frame, get_file
from referencing.dossier.models import Addendum
from referencing.dossier.readers import answer_text
from referencing.enrolment.answering.wording import answer_words

FILE = "-file-"


@dataclass(frozen=True, slots=True)
class Zone:
    """A drop zone of the page’s single form. `name` is that of its file input."""

    drop: DropZone
    name: str
    container_url: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One item as its page shows it: `form` and `zones` for the editor while it is open, `sent` once it is answered."""

    item: ComplementItem
    anchor: str
    form: ItemForm | None
    zones: Sequence[Zone]
    current: str
    sent: Sequence[Mapping[str, Any]]


# -- a request


@require_http_methods(["GET", "POST"])
@login_required
def request_detail(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """What is asked, until when, by theme; the editor answers here, in a buffer that agents never read (BR-113)."""
    candidature = get_file(request, pk)
    asked = get_request(candidature, number)
    if request.method == "GET":
        return _show_request(request, asked)
    _require_editor(request, asked)
    return _save_request(request, asked)


def _require_editor(request: SignedInRequest, row: ComplementRequest | NonConformity) -> None:
    """Agents read only."""
    if not can_prepare(request.user, row):
        raise PermissionDenied("answer")


def _open_items(asked: ComplementRequest) -> list[ComplementItem]:
    return [item for item in asked.items.all() if item.is_open] if asked.state == RequestState.OPEN else []


def _save_request(request: SignedInRequest, asked: ComplementRequest) -> HttpResponse:
    """Save every answer and deposit every file of the posting, then do what the button says."""
    items = _open_items(asked)
    expected = load_expected(asked.candidature, {item.code for item in items})
    saved = Saved()
    for item in items:
        form = ItemForm(item, expected.get(item.code), "", request.POST)
        if form.name_of_version in request.POST:
            _save_one(request, item, form, saved)
        for kind in _types(expected.get(item.code)):
            for upload in request.FILES.getlist(f"{item.code}{FILE}{kind}"):
                saved.deposit(request, item, upload, kind, _zone_id(item.code, kind))
    action, _, target = request.POST.get("action", "save").partition(":")
    if action == "deposit" and not request.FILES:
        saved.refuse([Blocker("no_file", "Choisissez un fichier, puis déposez-le.", f"#{target}")])
    if action == "remove":
        saved.remove(request, target)
    again = get_request(asked.candidature, asked.number)
    if not saved.is_clean:
        return _show_request(request, again, data=request.POST, saved=saved)
    page = reverse("candidature:request_detail", args=[asked.candidature_id, asked.number])
    if action == "send":
        return redirect("candidature:request_send", asked.candidature_id, asked.number)
    messages.success(request, saved.words())
    return redirect(f"{page}#{target}" if action == "deposit" else page)


class Saved:
    """What one posting did, and everything that was refused; nothing typed is lost."""

    def __init__(self) -> None:
        self.deposits: list[Attachment] = []
        self.removed = 0
        self.refusals: list[Blocker] = []
        self.stale: list[dict[str, Any]] = []
        self.errors: dict[str, list[str]] = {}
        self.versions: dict[str, int] = {}

    @property
    def is_clean(self) -> bool:
        return not (self.refusals or self.stale or self.errors)

    def refuse(self, blockers: Sequence[Blocker]) -> None:
        self.refusals += blockers

    def deposit(
        self, request: SignedInRequest, row: ComplementItem | NonConformity, upload: Any, kind: str, anchor: str
    ) -> None:
        try:
            self.deposits.append(
                add_file(
                    row_id=row.pk,
                    is_item=isinstance(row, ComplementItem),
                    upload=upload,
                    evidence_type=kind,
                    actor=request.user,
                    anchor=f"#{anchor}",
                )
            )
        except UploadRefused as refusal:
            self.refuse(refusal.problems)
        except TransitionRefused as refusal:
            self.refuse(refusal.blockers)

    def remove(self, request: SignedInRequest, target: str) -> None:
        try:
            remove_file(attachment_id=UUID(target), actor=request.user)
        except (ValueError, Attachment.DoesNotExist):
            return  # already gone
        except TransitionRefused as refusal:
            self.refuse(refusal.blockers)
        else:
            self.removed += 1

    def words(self) -> str:
        count = len(self.deposits)
        text = "Brouillon enregistré. L’équipe de référencement ne le voit pas."
        if count:
            text += f" {count}{NBSP}fichier{'s déposés' if count > 1 else ' déposé'}."
        if self.removed:
            text += " Le fichier est retiré."
        return text

    def zone_errors(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for refusal in self.refusals:
            found.setdefault(refusal.anchor.removeprefix("#"), []).append(refusal.message)
        return found

    def links(self) -> list[Link]:
        return [
            *(Link(message, f"#id_{name}") for name, found in self.errors.items() for message in found),
            *(Link(refusal.message, refusal.anchor) for refusal in self.refusals),
        ]


def _save_one(request: SignedInRequest, item: ComplementItem, form: ItemForm, saved: Saved) -> None:
    if not form.is_valid():
        saved.errors |= {form.add_prefix(name): _texts(found) for name, found in form.errors.items()}
        return
    try:
        row = save_item(
            item_id=item.pk,
            answer=form.given,
            comment=form.cleaned_data["comment"],
            base_version=_version(request.POST, form.name_of_version),
            actor=request.user,
        )
    except StaleBuffer as stale:
        theirs = stale.row
        saved.versions[form.name_of_version] = theirs.version
        saved.stale.append(
            {
                "label": f"{item.code} {item.title}",
                "theirs": _buffer_words(theirs.answer, theirs.comment) if isinstance(theirs, ComplementItem) else "",
                "mine": _buffer_words(form.given, form.cleaned_data["comment"]),
                "actor": str(theirs.edited_by or ""),
                "at": theirs.edited_at,
            }
        )
    except TransitionRefused as refusal:
        saved.refuse(refusal.blockers)
    else:
        saved.versions[form.name_of_version] = row.version


def _texts(errors: Iterable[object]) -> list[str]:
    return [str(each) for each in errors]


def _buffer_words(answer: Mapping[str, Any], comment: str) -> str:
    head = ", ".join(str(value) for value in answer.values())
    return f"{head}\n{comment}" if head else comment


def _version(data: QueryDict, name: str) -> int:
    text = data.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


@require_POST
@login_required
def request_save(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Autosave of the items whose fields changed: 200, 422 with errors, 409 with both texts (A-13)."""
    candidature = get_file(request, pk)
    asked = get_request(candidature, number)
    _require_editor(request, asked)
    items = [
        item
        for item in _open_items(asked)
        if any(name.startswith(f"{item.code}-") for name in autosave.changed_fields(request))
    ]
    if asked.state != RequestState.OPEN:
        return JsonResponse(
            {"versions": {}, "errors": {}, "message": "Cette demande n’est plus en attente de réponse."}, status=422
        )
    expected = load_expected(candidature, {item.code for item in items})
    saved = Saved()
    for item in items:
        _save_one(request, item, _patched_form(request, item, expected.get(item.code)), saved)
    return _autosaved(saved)


def _patched_form(request: SignedInRequest, item: ComplementItem, expected: Expected | None) -> ItemForm:
    """The fields that changed, over those that are kept: an autosave carries no others."""
    kept = ItemForm(item, expected, "")
    changed = autosave.changed_fields(request)
    data = QueryDict(mutable=True)
    for name in kept.fields:
        full = kept.add_prefix(name)
        values = changed.get(full)
        data.setlist(full, values if values is not None else [kept.initial.get(name) or ""])
    return ItemForm(item, expected, "", data)


def _autosaved(saved: Saved) -> HttpResponse:
    if saved.stale:
        both = render_to_string("enrolment/answering/conflicts.html", {"conflicts": saved.stale})
        return autosave.saved(at=timezone.now(), versions=saved.versions, html=both, status=409)
    errors = {**saved.errors, **{each.anchor.removeprefix("#id_"): [each.message] for each in saved.refusals}}
    at = timezone.localtime(timezone.now())
    return JsonResponse(
        {
            "versions": {name: str(version) for name, version in saved.versions.items()},
            "saved_at": f"{at:%H:%M}",
            "errors": errors,
        },
        status=422 if errors else 200,
    )


def _show_request(
    request: SignedInRequest,
    asked: ComplementRequest,
    *,
    data: QueryDict | None = None,
    saved: Saved | None = None,
) -> HttpResponse:
    candidature = asked.candidature
    user = request.user
    items = list(asked.items.all())
    is_editor = not is_instructor(user, candidature)
    can_write = is_editor and bool(can_prepare(user, asked)) and asked.state == RequestState.OPEN
    expected = load_expected(candidature, {item.code for item in items})
    errors = saved.zone_errors() if saved else {}
    points = [
        _point(item, expected.get(item.code), can_write=can_write and item.is_open, data=data, errors=errors)
        for item in items
    ]
    themes: dict[str, list[Point]] = {}
    titles = {each.current.theme: each.current.theme_title for each in expected.values()}
    for point in points:
        themes.setdefault(titles.get(point.item.theme, "") or "Pièces demandées", []).append(point)
    status = 200 if saved is None else 409 if saved.stale else 422
    remaining = [item for item in items if item.is_open]
    pending = next((each for each in asked.extensions.all() if each.decided_at is None), None)
    is_open = asked.state == RequestState.OPEN
    return render(
        request,
        "candidature/request_detail.html",
        {
            **file_frame(request, candidature, "requests"),
            "asked": asked,
            "state": request_badge(asked),
            "is_open": is_open,
            "themes": themes,
            "done": len(items) - len(remaining),
            "total": len(items),
            "can_write": can_write,
            "may_send": can_write and bool(can_answer(user, asked)),
            "may_extend": is_open and is_editor and bool(can_answer(user, asked)) and pending is None,
            "extensions": asked.extensions.all(),
            "links": agent_actions(request, asked),
            "save_url": reverse("candidature:request_save", args=[candidature.pk, asked.number]),
            "errors": saved.links() if saved else [],
            "conflicts": saved.stale if saved else [],
        },
        status=status,
    )


def _point(
    item: ComplementItem,
    expected: Expected | None,
    *,
    can_write: bool,
    data: QueryDict | None,
    errors: Mapping[str, list[str]],
) -> Point:
    current = _current_words(expected)
    form = ItemForm(item, expected, current, data if data and f"{item.code}-version" in data else None)
    return Point(
        item=item,
        anchor=f"point-{item.code}",
        form=form if can_write else None,
        zones=_zones(item, expected, errors) if can_write else (),
        current=current,
        sent=[present_sent(sent, expected) for sent in list_sent(item, [item.addendum] if item.addendum else [])],
    )


def _current_words(expected: Expected | None) -> str:
    if expected is None or expected.current.answer is None:
        return ""
    typed = restore_criterion(expected.criterion, expected.current.answer, frozenset())
    return answer_words(expected.criterion, typed)


def present_sent(sent: Sent, expected: Expected | None) -> dict[str, Any]:
    """What was sent, in words, for a page."""
    words = ""
    if sent.answer:
        words = answer_text(_row_of(expected.current, sent.answer)) if expected else ""
    return {"sent": sent, "answer": words}


def _row_of(criterion: EffectiveCriterion, answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"answer": dict(answer), "levels": criterion.levels, "value_label": criterion.value_label}


def _types(expected: Expected | None) -> list[str]:
    """Codes of the evidence types that may be joined; the empty one is a free file."""
    return [each.code for each in expected.criterion.evidence] if expected and expected.criterion.evidence else [""]


def _zone_id(code: str, kind: str) -> str:
    return f"zone-{code}-{kind}" if kind else f"zone-{code}"


def _zones(item: ComplementItem, expected: Expected | None, errors: Mapping[str, list[str]]) -> list[Zone]:
    types: list[EvidenceType | None] = list(expected.criterion.evidence) if expected else []
    files = list(item.attachments.all())  # prefetched with the request
    return [_zone(item, each, files, errors) for each in types or [None]]


def _zone(
    row: ComplementItem | NonConformity,
    expected: EvidenceType | None,
    files: Sequence[Attachment],
    errors: Mapping[str, list[str]],
) -> Zone:
    kind = expected.code if expected else ""
    code = row.code if isinstance(row, ComplementItem) else str(row.number)
    place = _zone_id(code, kind)
    if expected is None:
        formats: Sequence[str] = FREE_FORMATS
    else:
        formats = ("zip",) if expected.encrypted else expected.formats
    return Zone(
        drop=drop_zone(
            id=place,
            label=expected.label if expected else "Fichiers joints à votre réponse",
            url="",
            formats=formats,
            max_size_mb=expected.max_size_mb if expected else FREE_SIZE_MB,
            errors=errors.get(place, ()),
            files=[
                deposited_file(
                    each.file,
                    download_url=reverse("candidature:answer_file", args=[row.candidature_id, each.pk]),
                    archive=Action("Retirer", "", key=f"remove:{each.pk}"),
                )
                for each in files
                if each.evidence_type == kind
            ],
        ),
        name=f"{code}{FILE}{kind}",
        container_url=(
            reverse("enrolment:container_detail", args=[row.candidature.enrolment_id])
            if expected and expected.encrypted
            else ""
        ),
    )


@require_http_methods(["GET", "POST"])
@login_required
def request_send(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Read the answers again, choose those that leave now, send: they never change any more (T20)."""
    candidature = get_file(request, pk)
    asked = get_request(candidature, number)
    _require_editor(request, asked)
    back = reverse("candidature:request_detail", args=[pk, number])
    if not can_answer(request.user, asked):
        messages.info(
            request,
            "Vos réponses sont enregistrées. Un mandataire, un représentant ou le responsable du produit les envoie.",
        )
        return redirect(back)
    blockers: Sequence[Blocker] = ()
    codes: list[str] | None = None
    if request.method == "POST":
        codes = request.POST.getlist("code")
        try:
            addendum = send_answers(request_id=asked.pk, codes=codes, actor=request.user)
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        else:
            messages.success(request, f"Vos réponses sont envoyées. L’additif {addendum.reference} en garde la trace.")
            return redirect(back)
    items = _open_items(asked)
    if not items and request.method == "GET":
        messages.info(request, "Cette demande n’attend plus de réponse.")
        return redirect(back)
    expected = load_expected(candidature, {item.code for item in items})
    rows = []
    for item in items:
        files = list(item.attachments.all())
        gaps = find_item_gaps(item, files, expected.get(item.code))
        words = _current_words_of(expected.get(item.code), item.answer)
        is_chosen = not gaps if codes is None else item.code in codes
        rows.append({"item": item, "files": files, "gaps": gaps, "answer": words, "is_chosen": is_chosen})
    return render(
        request,
        "candidature/request_send.html",
        {
            **file_frame(request, candidature, "requests"),
            "asked": asked,
            "rows": rows,
            "blockers": blockers,
            "back_url": back,
        },
        status=422 if request.method == "POST" else 200,
    )


def _current_words_of(expected: Expected | None, answer: Mapping[str, Any]) -> str:
    if expected is None or not answer:
        return ""
    return answer_words(expected.criterion, restore_criterion(expected.criterion, answer, frozenset()))


@require_http_methods(["GET", "POST"])
@login_required
def extension_ask(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    candidature = get_file(request, pk)
    asked = get_request(candidature, number)
    if not can_answer(request.user, asked):
        raise PermissionDenied("extension")
    back = reverse("candidature:request_detail", args=[pk, number])
    form = ExtensionForm(request.POST if request.method == "POST" else None)

    def show(blockers: Sequence[Blocker] = ()) -> HttpResponse:
        return form_page(
            request,
            candidature,
            form,
            heading="Demander un délai",
            lead=f"La demande n°{NBSP}{number} attend votre réponse avant le {asked.due_on:%d/%m/%Y}. L’échéance ne change "
            "qu’une fois le délai accordé.",
            button="Demander ce délai",
            back=back,
            blockers=blockers,
        )

    if not form.is_bound or not form.is_valid():
        return show()
    try:
        ask_extension(request_id=asked.pk, actor=request.user, **form.cleaned_data)
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, "Votre demande de délai est envoyée.")
    return redirect(back)


@require_GET
@login_required
def answer_file(request: SignedInRequest, pk: UUID, attachment: UUID) -> HttpResponse | FileResponse:
    """A file joined to an answer: its editor at any time, agents once it was sent."""
    candidature = get_file(request, pk)
    files = Attachment.objects.filter(candidature=candidature, letter__isnull=True)
    found = files.select_related("file__blob", "item", "non_conformity").filter(pk=attachment).first()
    if found is None or (is_instructor(request.user, candidature) and not is_sent(found)):
        raise Http404
    require_opening(request, candidature, found.file)
    return _stream(request, found.file, reverse("candidature:request_list", args=[pk]))


def require_opening(request: SignedInRequest, candidature: Candidature, file: StoredFile) -> None:
    """An encrypted container goes to those who may open it (A-14). Raises PermissionDenied."""
    is_encrypted = file.passphrase_id is not None
    if is_encrypted and is_instructor(request.user, candidature) and not can_open_encrypted(request.user, candidature):
        raise PermissionDenied("encrypted")


def is_sent(attachment: Attachment) -> bool:
    """It left the buffer: an addendum holds it."""
    row = attachment.item or attachment.non_conformity
    if isinstance(row, ComplementItem):
        return row.answered_at is not None
    return row is not None and attachment.pk not in {each.pk for each in unsent_files(row)}


def unsent_files(gap: NonConformity) -> list[Attachment]:
    return list_buffer_files(gap) if gap.state == NonConformityState.OPEN else []


def _stream(request: SignedInRequest, file: StoredFile, back: str) -> HttpResponse | FileResponse:
    try:
        return stream(file)
    except FileWithheld as withheld:
        messages.error(request, f"{file.name}{NBSP}: {withheld.problem.message}")
        return redirect(back)


# -- a non-conformity


def get_gap(candidature: Candidature, number: int) -> NonConformity:
    """Raises Http404."""
    found = (
        NonConformity.objects.filter(candidature=candidature, number=number)
        .select_related("opened_by", "replied_by", "decided_by", "edited_by")
        .first()
    )
    if found is None:
        raise Http404
    found.candidature = candidature
    return found


@require_http_methods(["GET", "POST"])
@login_required
def non_conformity_create(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Record a gap on a criterion of one’s themes (T21, BR-112)."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature) or not can_instruct(request.user, candidature):
        raise PermissionDenied("non_conformity")
    titles = askable(candidature, request.user)[1] if candidature.admissible_at else {}
    blocking = candidature.enrolment.demarche.settings.get("instruction", {}).get("blocking_severities", ["major"])
    form = NonConformityForm(
        [(code, f"{code} {title}") for code, title in titles.items()],
        blocking,
        request.POST if request.method == "POST" else None,
        initial={
            "criterion": request.GET.get("critere", ""),
            "due_on": propose_day(candidature, "non_conformity", today=timezone.localdate()),
        },
    )

    def show(blockers: Sequence[Blocker] = ()) -> HttpResponse:
        return form_page(
            request,
            candidature,
            form,
            heading="Ouvrir une non-conformité",
            lead="L’éditeur est prévenu et lit le constat. Une non-conformité ne change pas le verdict du critère.",
            button="Ouvrir la non-conformité",
            back=reverse("candidature:request_list", args=[pk]),
            blockers=blockers,
        )

    if not form.is_bound or not form.is_valid():
        return show()
    try:
        gap = open_non_conformity(candidature_id=pk, actor=request.user, **form.cleaned_data)
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, f"La non-conformité n°{NBSP}{gap.number} est ouverte.")
    return redirect("candidature:non_conformity_detail", pk, gap.number)


@require_http_methods(["GET", "POST"])
@login_required
def non_conformity_detail(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """The finding, what was replied, what was decided; the editor writes its reply here."""
    candidature = get_file(request, pk)
    gap = get_gap(candidature, number)
    if request.method == "GET":
        return _show_gap(request, gap)
    _require_editor(request, gap)
    saved = Saved()
    form = ReplyForm(request.POST)
    if not form.is_valid():
        saved.errors = {name: _texts(found) for name, found in form.errors.items()}
        return _show_gap(request, gap, form=form, saved=saved)
    if "reply-version" in request.POST:
        _save_gap(request, gap, form.cleaned_data["reply"], saved)
    for upload in request.FILES.getlist(f"{gap.number}{FILE}"):
        saved.deposit(request, gap, upload, "", _zone_id(str(gap.number), ""))
    action, _, target = request.POST.get("action", "save").partition(":")
    if action == "deposit" and not request.FILES:
        saved.refuse([Blocker("no_file", "Choisissez un fichier, puis déposez-le.", f"#{target}")])
    if action == "remove":
        saved.remove(request, target)
    if not saved.is_clean:
        return _show_gap(request, get_gap(candidature, number), form=form, saved=saved)
    if action == "send":
        return redirect("candidature:non_conformity_send", pk, number)
    messages.success(request, saved.words())
    return redirect("candidature:non_conformity_detail", pk, number)


def _save_gap(request: SignedInRequest, gap: NonConformity, text: str, saved: Saved) -> None:
    try:
        row = save_reply(
            non_conformity_id=gap.pk,
            text=text,
            base_version=_version(request.POST, "reply-version"),
            actor=request.user,
        )
    except StaleBuffer as stale:
        theirs = stale.row
        saved.versions["reply-version"] = theirs.version
        saved.stale.append(
            {
                "label": f"Non-conformité n°{NBSP}{gap.number}",
                "theirs": theirs.reply if isinstance(theirs, NonConformity) else "",
                "mine": text,
                "actor": str(theirs.edited_by or ""),
                "at": theirs.edited_at,
            }
        )
    except TransitionRefused as refusal:
        saved.refuse(refusal.blockers)
    else:
        saved.versions["reply-version"] = row.version


@require_POST
@login_required
def non_conformity_save(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Autosave of the reply."""
    candidature = get_file(request, pk)
    gap = get_gap(candidature, number)
    _require_editor(request, gap)
    saved = Saved()
    form = ReplyForm(request.POST)
    if not form.is_valid():
        saved.errors = {name: _texts(found) for name, found in form.errors.items()}
    elif "reply-version" in request.POST:
        _save_gap(request, gap, form.cleaned_data["reply"], saved)
    return _autosaved(saved)


def _show_gap(
    request: SignedInRequest,
    gap: NonConformity,
    *,
    form: ReplyForm | None = None,
    saved: Saved | None = None,
    decision: DecisionForm | None = None,
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    candidature = gap.candidature
    is_editor = not is_instructor(request.user, candidature)
    waits = gap.state == NonConformityState.OPEN and gap.closed_at is None and gap.severity != Severity.OBSERVATION
    can_write = is_editor and waits and bool(can_prepare(request.user, gap))
    errors = saved.zone_errors() if saved else {}
    addenda = Addendum.objects.filter(dossier=candidature.dossier_id).select_related("dossier").order_by("number")
    if decision is None and can_judge(request.user, gap) and not is_editor:
        decision = _decision_form(gap)
    status = 200
    if saved is not None:
        status = 409 if saved.stale else 422
    elif blockers or (decision is not None and decision.is_bound):
        status = 422
    return render(
        request,
        "candidature/non_conformity_detail.html",
        {
            **file_frame(request, candidature, "requests"),
            "gap": gap,
            "severity": severity_badge(gap),
            "state": gap_badge(gap),
            "waits": waits,
            "can_write": can_write,
            "may_send": can_write and bool(can_answer(request.user, gap)),
            "reply_form": (form or ReplyForm(initial={"reply": gap.reply})) if can_write else None,
            "zone": _zone(gap, None, list_buffer_files(gap), errors) if can_write else None,
            "sent": [{"sent": sent, "answer": ""} for sent in list_sent(gap, addenda)],
            "decision": decision,
            "decision_url": reverse("candidature:non_conformity_decide", args=[candidature.pk, gap.number]),
            "save_url": reverse("candidature:non_conformity_save", args=[candidature.pk, gap.number]),
            "errors": saved.links() if saved else [],
            "conflicts": saved.stale if saved else [],
            "blockers": blockers,
        },
        status=status,
    )


def _decision_form(gap: NonConformity, data: QueryDict | None = None) -> DecisionForm | None:
    if gap.closed_at is not None or gap.candidature.state != CandidatureState.EVALUATION:
        return None
    if gap.state in (NonConformityState.LIFTED, NonConformityState.MAINTAINED):
        choices = [("reopen", "Rouvrir")]
    else:
        choices = [("lift", "Lever"), ("maintain", "Maintenir")]
    is_reopening = choices[0][0] == "reopen"
    return DecisionForm(
        choices,
        asks_day=is_reopening and gap.severity != Severity.OBSERVATION,
        data=data,
        initial={
            "decision": "reopen" if is_reopening else "",
            "due_on": propose_day(gap.candidature, "non_conformity", today=timezone.localdate()),
        },
    )


@require_POST
@login_required
def non_conformity_decide(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Lift, maintain or reopen, with a reason (T22)."""
    candidature = get_file(request, pk)
    gap = get_gap(candidature, number)
    if not is_instructor(request.user, candidature) or not can_judge(request.user, gap):
        raise PermissionDenied("non_conformity_decide")
    form = _decision_form(gap, request.POST)
    if form is None:
        messages.info(request, "Cette non-conformité ne change plus.")
        return redirect("candidature:non_conformity_detail", pk, number)
    if not form.is_valid():
        return _show_gap(request, gap, decision=form)
    note = form.cleaned_data["note"]
    try:
        match form.cleaned_data["decision"]:
            case "lift":
                lift_non_conformity(non_conformity_id=gap.pk, note=note, actor=request.user)
            case "maintain":
                maintain_non_conformity(non_conformity_id=gap.pk, note=note, actor=request.user)
            case _:
                reopen_non_conformity(
                    non_conformity_id=gap.pk, reason=note, due_on=form.cleaned_data.get("due_on"), actor=request.user
                )
    except TransitionRefused as refusal:
        return _show_gap(request, gap, decision=form, blockers=refusal.blockers)
    messages.success(request, "Votre décision est enregistrée, l’éditeur est prévenu.")
    return redirect("candidature:non_conformity_detail", pk, number)


@require_http_methods(["GET", "POST"])
@login_required
def non_conformity_send(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Read the reply again, then send it."""
    candidature = get_file(request, pk)
    gap = get_gap(candidature, number)
    _require_editor(request, gap)
    back = reverse("candidature:non_conformity_detail", args=[pk, number])
    if not can_answer(request.user, gap):
        messages.info(
            request,
            "Votre réponse est enregistrée. Un mandataire, un représentant ou le responsable du produit l’envoie.",
        )
        return redirect(back)
    blockers: Sequence[Blocker] = ()
    if request.method == "POST":
        try:
            addendum = send_reply(non_conformity_id=gap.pk, actor=request.user)
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        else:
            messages.success(request, f"Votre réponse est envoyée. L’additif {addendum.reference} en garde la trace.")
            return redirect(back)
    return render(
        request,
        "candidature/non_conformity_send.html",
        {
            **file_frame(request, candidature, "requests"),
            "gap": gap,
            "files": list_buffer_files(gap),
            "blockers": blockers,
            "back_url": back,
        },
        status=422 if request.method == "POST" else 200,
    )
