"""« Échanges »: the correspondence of a file, both sides (A-22)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.database.search import search
from convergence.drafts.services import discard, restore
from convergence.kernel.errors import TransitionRefused
from convergence.ui.forms import DsfrForm
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Badge, Link
from evidence.errors import FileWithheld
from evidence.services import stream
from evidence.values import deposited_file
from referencing.candidature.core.letters import Template, fill, parse_templates
from referencing.candidature.enums import LetterKind, Side
from referencing.candidature.forms.letters import MailForm, MessageForm, NoteForm
from referencing.candidature.models import Attachment, Candidature, Letter
from referencing.candidature.rules import can_note, can_write_message, is_instructor
from referencing.candidature.services.correspondence import add_note, mark_answered, mark_read, send_message
from referencing.candidature.views.frame import file_frame, get_file
from referencing.candidature.wording import say_answer_by
from referencing.enrolment.editors import name_editor

ICONS = {
    LetterKind.MESSAGE: "mail-line",
    LetterKind.CALL: "phone-line",
    LetterKind.MEETING: "team-line",
    LetterKind.INCOMING_MAIL: "mail-download-line",
}


@require_GET
@login_required
def letter_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Everything written about the file, the newest first; opening the page marks it as read."""
    candidature = get_file(request, pk, for_testers=True)
    instructor = is_instructor(request.user, candidature)
    text = request.GET.get("q", "").strip()
    rows = Letter.objects.of(candidature, is_instructor=instructor)
    unread = set(rows.unread_by(request.user).values_list("pk", flat=True))
    found = search(rows, text, "subject", "text", "sender", "author__first_name", "author__last_name") if text else rows
    files = Attachment.objects.select_related("file__blob", "file__uploaded_by").order_by("added_at", "pk")
    letters = found.select_related("author").prefetch_related(Prefetch("attachments", files))
    may_note = can_note(request.user, candidature)
    shown = [
        _present(letter, candidature, instructor=instructor, may_note=may_note, is_unread=letter.pk in unread)
        for letter in letters.order_by("-happened_at", "-written_at")
    ]
    if unread and not text:
        mark_read(candidature=candidature, user=request.user, at=timezone.now())
    return render(
        request,
        "candidature/letter_list.html",
        {
            **file_frame(request, candidature, "letters"),
            "letters": shown,
            "text": text,
            "unread": len(unread),
            "may_write": can_write_message(request.user, candidature),
            "may_note": may_note,
        },
    )


def _present(
    letter: Letter, candidature: Candidature, *, instructor: bool, may_note: bool, is_unread: bool
) -> dict[str, Any]:
    """One letter as the page shows it. Editors read no agent’s name but the référent’s."""
    is_named = instructor or letter.from_editor or letter.author_id == candidature.referent_id
    is_waiting = letter.waits_for_answer and letter.answered_at is None
    side = Side.TEAM if instructor else Side.EDITOR
    badges = [Badge("Nouveau", tone="new")] if is_unread else []
    if letter.is_internal:
        badges.append(Badge("Entre agents", tone="warning"))
    if is_waiting:
        badges.append(Badge(say_answer_by(letter.answer_by, is_instructor=instructor), tone="info"))
    elif letter.answered_at:
        badges.append(Badge("Répondu", tone="success"))
    write = reverse("candidature:letter_write", args=[candidature.pk])
    return {
        "letter": letter,
        "icon": ICONS[LetterKind(letter.kind)],
        "kind": letter.get_kind_display(),
        "who": letter.author.get_full_name() if is_named else "Équipe d’instruction",
        "side": "éditeur" if letter.from_editor else "instruction",
        "badges": badges,
        "reply_url": f"{write}?reponse={letter.pk}" if letter.answer_by == side and is_waiting else "",
        "may_settle": is_waiting and may_note,
        "files": [
            deposited_file(
                each.file, download_url=reverse("candidature:letter_attachment", args=[candidature.pk, each.pk])
            )
            for each in letter.attachments.all()
        ],
    }


@require_http_methods(["GET", "POST"])
@login_required
def letter_write(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """A message to the other side: blank, from a template of the démarche, or in answer to a letter."""
    candidature = get_file(request, pk, for_testers=True)
    if not can_write_message(request.user, candidature):
        raise PermissionDenied("letter_write")
    instructor = is_instructor(request.user, candidature)
    answered = _answered(request, candidature, instructor=instructor)
    templates = _templates(candidature) if instructor else ()
    draft = f"letter-{candidature.pk}-{answered.pk if answered else 'message'}"
    if request.method == "POST":
        form = MessageForm(request.POST, request.FILES)
        if form.is_valid() and _send(
            form,
            draft,
            request,
            lambda: send_message(
                candidature_id=pk,
                subject=form.cleaned_data["subject"],
                text=form.cleaned_data["text"],
                waits_for_answer=form.cleaned_data["waits_for_answer"],
                files=form.cleaned_data["attachments"],
                answers=answered.pk if answered else None,
                actor=request.user,
            ),
        ):
            messages.success(request, "Votre message est envoyé.")
            return redirect("candidature:letter_list", pk)
        return _form_page(request, candidature, form, title="Écrire un message", draft=draft, status=422)
    chosen = next((each for each in templates if each.code == request.GET.get("modele")), None)
    values = {"subject": "", "text": ""}
    if answered:
        values["subject"] = f"Réponse{NBSP}: {answered.subject}"[:200]
    if chosen:
        values = {"subject": chosen.subject, "text": chosen.text}
    kept = restore(user=request.user, form=draft, values=values) if not chosen else None
    return _form_page(
        request,
        candidature,
        MessageForm(initial=kept.values if kept else values),
        title="Écrire un message",
        draft=draft,
        kept_at=kept.at if kept else None,
        templates=templates if not answered else (),
        chosen=chosen,
        answered=answered,
    )


@require_http_methods(["GET", "POST"])
@login_required
def letter_note(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Noter un appel ou une réunion »."""
    candidature = _get_to_note(request, pk)
    draft = f"letter-{pk}-note"
    if request.method == "POST":
        form = NoteForm(request.POST, request.FILES)
        if form.is_valid() and _send(
            form,
            draft,
            request,
            lambda: add_note(
                candidature_id=pk,
                kind=LetterKind(form.cleaned_data["kind"]),
                subject=form.cleaned_data["subject"],
                text=form.cleaned_data["text"],
                happened_at=form.happened_at,
                is_internal=form.is_internal,
                answer_by=form.cleaned_data["answer_by"],
                files=form.cleaned_data["attachments"],
                actor=request.user,
            ),
        ):
            messages.success(request, "La note est au dossier.")
            return redirect("candidature:letter_list", pk)
        return _form_page(request, candidature, form, title="Noter un appel ou une réunion", draft=draft, status=422)
    kept = restore(user=request.user, form=draft, values={"subject": "", "text": ""})
    form = NoteForm(initial={"happened_on": timezone.localdate(), **kept.values})
    return _form_page(request, candidature, form, title="Noter un appel ou une réunion", draft=draft, kept_at=kept.at)


@require_http_methods(["GET", "POST"])
@login_required
def letter_file_mail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Classer un courrier reçu »: a .eml or a PDF."""
    candidature = _get_to_note(request, pk)
    draft = f"letter-{pk}-mail"
    if request.method == "POST":
        form = MailForm(request.POST, request.FILES)
        if form.is_valid() and _send(
            form,
            draft,
            request,
            lambda: add_note(
                candidature_id=pk,
                kind=LetterKind.INCOMING_MAIL,
                subject=form.cleaned_data["subject"],
                text=form.cleaned_data["text"],
                sender=form.cleaned_data["sender"],
                happened_at=form.cleaned_data["happened_at"],
                is_internal=form.is_internal,
                answer_by=form.cleaned_data["answer_by"],
                files=form.cleaned_data["attachments"],
                actor=request.user,
            ),
        ):
            messages.success(request, "Le courrier est classé au dossier.")
            return redirect("candidature:letter_list", pk)
        return _form_page(request, candidature, form, title="Classer un courrier reçu", draft=draft, status=422)
    kept = restore(user=request.user, form=draft, values={"sender": "", "subject": "", "text": ""})
    return _form_page(
        request,
        candidature,
        MailForm(initial=kept.values),
        title="Classer un courrier reçu",
        draft=draft,
        kept_at=kept.at,
    )


@require_POST
@login_required
def letter_settle(request: SignedInRequest, pk: UUID, letter: UUID) -> HttpResponse:
    """The answer came by another way."""
    candidature = _get_to_note(request, pk)
    found = get_object_or_404(Letter.objects.of(candidature, is_instructor=True), pk=letter)
    mark_answered(candidature_id=pk, letter_id=found.pk, actor=request.user)
    messages.success(request, "L’échange est marqué comme ayant reçu sa réponse.")
    return redirect(f"{reverse('candidature:letter_list', args=[pk])}#echange-{letter}")


@require_GET
@login_required
def letter_attachment(request: SignedInRequest, pk: UUID, attachment: UUID) -> HttpResponse | FileResponse:
    """The original, as an attachment; what the antivirus holds back says why."""
    candidature = get_file(request, pk, for_testers=True)
    letters = Letter.objects.of(candidature, is_instructor=is_instructor(request.user, candidature))
    found = get_object_or_404(Attachment.objects.select_related("file__blob"), pk=attachment, letter__in=letters)
    try:
        return stream(found.file)
    except FileWithheld as withheld:
        messages.error(request, f"{found.file.name}{NBSP}: {withheld.problem.message}")
        return redirect("candidature:letter_list", pk)


def _get_to_note(request: SignedInRequest, pk: UUID) -> Candidature:
    candidature = get_file(request, pk, for_testers=True)
    if not can_note(request.user, candidature):
        raise PermissionDenied("letter_note")
    return candidature


def _send(form: DsfrForm, draft: str, request: SignedInRequest, service: Callable[[], Letter]) -> bool:
    """Run the service and forget the draft; its refusal goes beside the fields."""
    try:
        service()
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return False
    discard(user=request.user, form=draft)
    return True


def _answered(request: SignedInRequest, candidature: Candidature, *, instructor: bool) -> Letter | None:
    """The letter that the message answers; an unknown one is left out."""
    try:
        wanted = UUID(request.GET.get("reponse", ""))
    except ValueError:
        return None
    return Letter.objects.of(candidature, is_instructor=instructor).filter(pk=wanted).first()


def _templates(candidature: Candidature) -> tuple[Template, ...]:
    enrolment = candidature.enrolment
    written = enrolment.demarche.settings.get("instruction", {}).get("message_templates", {}).get("letters", [])
    values = {
        "produit": enrolment.product.name,
        "version": enrolment.product.version_label,
        "structure": name_editor(enrolment),
        "reference": candidature.dossier.reference,
        "date": format_date(timezone.localdate()),
        "referent": candidature.referent.get_full_name() if candidature.referent else "",
    }
    return tuple(fill(each, values) for each in parse_templates(written))


def _form_page(
    request: SignedInRequest,
    candidature: Candidature,
    form: DsfrForm,
    *,
    title: str,
    draft: str,
    status: int = 200,
    kept_at: Any = None,
    templates: tuple[Template, ...] = (),
    chosen: Template | None = None,
    answered: Letter | None = None,
) -> HttpResponse:
    page = file_frame(request, candidature, "letters")
    home, file = page["crumbs"]
    letters = Link("Échanges", reverse("candidature:letter_list", args=[candidature.pk]))
    return render(
        request,
        "candidature/letter_form.html",
        {
            **page,
            "crumbs": [home, Link(file.label, page["tabs"][0]["url"]), letters, Link(title)],
            "form_title": title,
            "form": form,
            "draft": draft,
            "kept_at": kept_at,
            "templates": templates,
            "chosen": chosen.code if chosen else "",
            "answered": answered,
            "list_url": letters.url,
        },
        status=status,
    )
