"""Tab « Recevabilité » (BO-04): checklist, missing pieces, « recevable », « irrecevable », and documents of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.values import Action, Badge, Link, Progress, Tone
from convergence.ui.views import render_confirmation
from referencing.candidature.core.checklist import CheckedLine, Result, failing
from referencing.candidature.delays import instruction_settings
from referencing.candidature.enums import CandidatureState, RequestKind
from referencing.candidature.forms.admission import InadmissibleForm, LineForm
from referencing.candidature.models import AdmissibilityCheck, Candidature, ComplementRequest
from referencing.candidature.rules import is_instructor
from referencing.candidature.services.admission import (
    StaleAnswers,
    answer_checklist,
    declare_admissible,
    declare_inadmissible,
    find_admissible_blockers,
    find_inadmissible_blockers,
    reason_templates,
)
from referencing.candidature.services.checklist import check_file, place_url
from referencing.candidature.views.documents import list_documents, read_decision
from referencing.candidature.views.frame import file_frame, get_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULT_BADGES: dict[Result, tuple[str, Tone]] = {
    Result.YES: ("Oui", "success"),
    Result.NO: ("Non", "error"),
    Result.NOT_APPLICABLE: ("Sans objet", "neutral"),
    Result.UNKNOWN: ("À vérifier", "new"),
}


def get_examined_file(request: SignedInRequest, pk: UUID) -> Candidature:
    """404 for a stranger’s file, 403 for the editor: notes are internal."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature):
        raise PermissionDenied("admissibility")
    return candidature


@require_http_methods(["GET", "POST"])
@login_required
def admissibility_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The checklist: what the platform finds, what agents answer, what to do next."""
    candidature = get_examined_file(request, pk)
    lines = check_file(candidature)
    if request.method == "GET":
        return _render(request, candidature, lines)
    forms = [LineForm(request.POST, checked=each) for each in lines]
    if not is_listing_team(request.user, candidature):
        raise PermissionDenied("answer_checklist")
    if not all(form.is_valid() for form in forms):
        return _render(request, candidature, lines, forms=forms)
    try:
        changed = answer_checklist(
            candidature_id=pk,
            answers={each.line.code: form.given for each, form in zip(lines, forms, strict=True)},
            actor=request.user,
        )
    except TransitionRefused as refusal:
        by_prefix = {f"#id_{form.prefix}-note": form for form in forms}
        left = []
        for blocker in refusal.blockers:
            form = by_prefix.get(blocker.anchor)
            if form:
                form.add_error("note", blocker.message)
            else:
                left.append(blocker)
        title = "Vos réponses ne sont pas enregistrées :"
        return _render(request, candidature, lines, forms=forms, blockers=left, title=title)
    except StaleAnswers as stale:
        # Both versions side by side; sending again keeps the reader’s own over the ones now shown.
        typed = request.POST.copy()
        for code, row in stale.rows.items():
            typed[f"{code}-version"] = str(row.version if row else 0)
        lines = check_file(candidature)
        forms = [LineForm(typed, checked=each) for each in lines]
        return _render(request, candidature, lines, forms=forms, stale=stale.rows)
    messages.success(request, "Vos réponses sont enregistrées." if changed else "Rien n’a changé.")
    return redirect("candidature:admissibility_detail", pk)


def _render(
    request: SignedInRequest,
    candidature: Candidature,
    lines: Sequence[CheckedLine],
    *,
    forms: Sequence[LineForm] = (),
    blockers: Sequence[Blocker] = (),
    title: str = "La candidature n’est pas encore recevable :",
    stale: dict[str, AdmissibilityCheck | None] | None = None,
) -> HttpResponse:
    may = candidature.state == CandidatureState.ADMISSIBILITY and is_listing_team(request.user, candidature)
    shown = forms or [LineForm(checked=each) for each in lines]
    has_errors = any(form.is_bound and form.errors for form in shown)
    rows = [_row(candidature, each, form, stale or {}) for each, form in zip(lines, shown, strict=True)]
    return render(
        request,
        "candidature/admissibility_detail.html",
        {
            **file_frame(request, candidature, "admissibility"),
            "waiting": [row for row in rows if not row["is_done"]],
            "done": [row for row in rows if row["is_done"]],
            "all_forms": shown,
            "progress": _progress(lines),
            "blockers": blockers,
            "title_of_blockers": title,
            "is_stale": bool(stale),
            "may": may,
            "requests": list(
                ComplementRequest.objects.filter(candidature=candidature, kind=RequestKind.PIECES).order_by("-number")
            ),
            "ask_url": _ask_url(candidature, lines) if may and failing(lines) else "",
            "admissible": _admissible_action(candidature) if may else None,
            "decision": read_decision(candidature),
            "documents": list_documents(candidature),
        },
        status=409 if stale else 422 if blockers or has_errors else 200,
    )


def _row(
    candidature: Candidature, checked: CheckedLine, form: LineForm, stale: Mapping[str, AdmissibilityCheck | None]
) -> dict[str, Any]:
    """One line: what waits comes first and in full, what is in order is one line that opens."""
    code = checked.line.code
    is_touched = bool(form.is_bound and form.errors) or code in stale
    return {
        "line": checked.line,
        "answer": checked.answer,
        "form": form,
        "badge": _badge(checked.result),
        "is_overridden": checked.is_overridden,
        "is_done": checked.passes and not is_touched,
        "is_open": is_touched or (not checked.passes and bool(form["note"].value() or form["result"].value())),
        "problems": [
            Link(problem.message, place_url(candidature.enrolment_id, problem.place))
            for problem in checked.finding.problems
        ],
        "conflict": _conflict(stale[code]) if code in stale else None,
    }


def _badge(result: Result) -> Badge:
    label, tone = RESULT_BADGES[result]
    return Badge(label, tone=tone)


def _progress(lines: Sequence[CheckedLine]) -> Progress:
    waiting = [each for each in lines if not each.passes]
    done = len(lines) - len(waiting)
    return Progress(
        "Recevabilité",
        round(100 * done / len(lines)) if lines else 100,
        done,
        len(lines),
        unit="lignes en ordre",
        remaining=[Link(each.line.label, f"#ligne-{each.line.code}") for each in waiting],
        remaining_title="Lignes à traiter :",
    )


def _ask_url(candidature: Candidature, lines: Sequence[CheckedLine]) -> str:
    """The request being composed, with the failing lines already chosen (T17b)."""
    codes = urlencode([("critere", each.line.code) for each in failing(lines)])
    return f"{reverse('candidature:request_create', args=[candidature.pk])}?{codes}"


def _conflict(row: AdmissibilityCheck | None) -> dict[str, Any]:
    """What a colleague wrote, None for an answer taken back."""
    return {
        "by": str(row.by) if row else "",
        "at": row.at if row else None,
        "result": row.get_result_display() if row else "réponse retirée",
        "note": row.note if row else "",
    }


def _admissible_action(candidature: Candidature) -> Action:
    address = reverse("candidature:candidature_declare_admissible", args=[candidature.pk])
    return Action(
        "Déclarer recevable",
        address,
        confirm_url=address,
        confirm_title="Déclarer la candidature recevable",
        confirm_text="L’évaluation commence : vous pourrez désigner un expert par thème. L’éditeur est prévenu que son "
        "dossier est recevable. Vous ne pourrez plus revenir à la recevabilité.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def candidature_declare_admissible(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Déclarer recevable » (T17): what stands in the way, else the question, then the deed."""
    candidature = get_examined_file(request, pk)
    if not is_listing_team(request.user, candidature):
        raise PermissionDenied("declare_admissible")
    page = reverse("candidature:admissibility_detail", args=[pk])
    if request.method == "GET":
        if not is_allowed(candidature, "declare_admissible", request.user):
            messages.info(request, "La recevabilité de ce dossier n’est plus en cours d’examen.")
            return redirect(page)
        lines = check_file(candidature)
        if blockers := find_admissible_blockers(candidature, lines):
            return _render(request, candidature, lines, blockers=blockers)
        return render_confirmation(request, _admissible_action(candidature), cancel_url=page)
    try:
        declare_admissible(candidature_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        candidature.refresh_from_db()
        return _render(request, candidature, check_file(candidature), blockers=refusal.blockers)
    messages.success(request, "La candidature est recevable. Désignez maintenant un expert par thème.")
    return redirect("candidature:expert_list", pk)


@require_http_methods(["GET", "POST"])
@login_required
def candidature_declare_inadmissible(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Déclarer irrecevable » (T18): the form, then what will happen, then the act."""
    candidature = get_examined_file(request, pk)
    if not is_listing_team(request.user, candidature):
        raise PermissionDenied("declare_inadmissible")
    page = reverse("candidature:admissibility_detail", args=[pk])
    if not is_allowed(candidature, "declare_inadmissible", request.user):
        messages.info(request, "La recevabilité de ce dossier n’est plus en cours d’examen.")
        return redirect(page)
    settings = instruction_settings(candidature)
    templates = reason_templates(candidature)
    form = InadmissibleForm(
        request.POST if request.method == "POST" else None,
        templates=templates,
        initial={key: settings.get(key, "") for key in ("delegation", "remedies")},
    )
    is_refused = request.method == "POST" and "edit" not in request.POST
    blockers: Sequence[Blocker] = ()
    if not is_refused:
        blockers = find_inadmissible_blockers(candidature, is_ineligible=False, at=timezone.now())
    elif form.is_valid():
        if "confirmed" not in request.POST:
            is_ineligible = any(templates[code].get("ineligible") for code in form.cleaned_data["reasons"])
            blockers = find_inadmissible_blockers(candidature, is_ineligible=is_ineligible, at=timezone.now())
            if not blockers:
                return _confirm_inadmissible(request, candidature, form.cleaned_data)
        else:
            try:
                declare_inadmissible(candidature_id=pk, actor=request.user, **form.cleaned_data)
            except TransitionRefused as refusal:
                blockers = refusal.blockers
            else:
                messages.success(
                    request, "La candidature est déclarée irrecevable. La décision est notifiée à l’éditeur."
                )
                return redirect(page)
    return render(
        request,
        "candidature/inadmissible_form.html",
        {
            **file_frame(request, candidature, "admissibility"),
            "form": form,
            "page": page,
            "blockers": blockers,
            "title_of_blockers": "La candidature n’est pas déclarée irrecevable :"
            if is_refused
            else "Sauf si le service est inéligible, vous ne pouvez pas encore décider :",
        },
        status=422 if is_refused else 200,
    )


def _confirm_inadmissible(request: SignedInRequest, candidature: Candidature, values: dict[str, Any]) -> HttpResponse:
    address = reverse("candidature:candidature_declare_inadmissible", args=[candidature.pk])
    return render(
        request,
        "candidature/inadmissible_confirm.html",
        {
            **file_frame(request, candidature, "admissibility"),
            "address": address,
            "values": values,
            "reasons": [reason_templates(candidature)[code]["text"] for code in values["reasons"]],
        },
    )
