"""One criterion with everything that helps to judge it: text, answer, evidence, verdict, threads, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.drafts import services as drafts
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import join_words
from convergence.ui.values import Link
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import EffectiveCriterion, find_criterion
from referencing.candidature.core.examination import Judged, find_gap, find_next, neighbours
from referencing.candidature.enums import OPEN_STATES, CandidatureState, Outcome
from referencing.candidature.forms.review import DiscussionForm, MessageForm, PinForm, VerdictForm
from referencing.candidature.models import Candidature, ThemeReview, Verdict
from referencing.candidature.rules import can_instruct, can_judge, is_instructor
from referencing.candidature.services import (
    StaleVerdict,
    UnknownCriterion,
    be_present,
    give_verdict,
    show_secrets,
)
from referencing.candidature.services.presence import POLL_SECONDS
from referencing.candidature.services.reviewing import judged_of
from referencing.candidature.views.asked import asked_here
from referencing.candidature.views.awaited import asked_of_producer
from referencing.candidature.views.examined import (
    GAP_WORDS,
    Examined,
    criterion_url,
    load_examined,
    outcome_badge,
    progress_of,
    words_of,
)
from referencing.candidature.views.frame import file_frame, get_file
from referencing.candidature.views.threads import (
    discussion_key,
    load_threads,
    new_discussion,
    present_threads,
    reply_key,
)
from referencing.candidature.views.viewer import Builder
from referencing.dossier.readers import LEVELS, NATURES, acceptable_text

KEYS = (
    ("1 2 3 4", "Choisir le verdict : conforme, non conforme, à compléter, sans objet"),
    ("Ctrl + Entrée", "Enregistrer et passer au prochain critère à examiner"),
    ("n, j", "Critère suivant"),
    ("p, k", "Critère précédent"),
    ("t", "Motifs prêts à l’emploi"),
    ("e", "Aller aux preuves, puis ← et → pour tourner les pages"),
    ("/", "Chercher dans le document"),
    ("v", "Revenir au verdict"),
    ("c", "Demander à l’éditeur les compléments des critères « à compléter »"),
    ("m", "Écrire un message"),
    ("l", "Liste des critères"),
    ("Échap", "Quitter un champ, pour que les touches agissent de nouveau"),
    ("?", "Cette aide"),
)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def criterion_review(request: SignedInRequest, pk: UUID, criterion: str) -> HttpResponse:
    """The workspace: criterion, answer, evidence, verdict, threads, side by side."""
    examined = load_examined(request, pk)
    about = find_criterion(examined.criteria, criterion)
    if about is None:
        raise Http404(criterion)
    if request.headers.get("HX-Target") == "viewer":
        values = {
            "viewer": Builder(request, examined.candidature, about).build(),
            "pin_form": PinForm(),
            "candidature": examined.candidature,
            "criterion": about,
            "is_agent": examined.is_agent,
        }
        return render(request, "candidature/criterion_review.html#viewer", values)
    if request.method == "GET":
        return render_criterion(request, examined, about)
    return _judge(request, examined, about)


def _judge(request: SignedInRequest, examined: Examined, about: EffectiveCriterion) -> HttpResponse:
    candidature = examined.candidature
    review = examined.reviews.get(about.theme)
    if review is None or not can_judge(request.user, review):
        raise PermissionDenied("give_verdict")
    form = VerdictForm(request.POST)
    if "discard" in request.POST:
        drafts.discard(user=request.user, form=_verdict_key(candidature, about))
        return redirect("candidature:criterion_review", candidature.pk, about.code)
    if "insert" in request.POST:
        return render_criterion(request, examined, about, form=_with_template(request, candidature, about))
    if not form.is_valid():
        return render_criterion(request, examined, about, form=form, status=422)
    try:
        give_verdict(candidature_id=candidature.pk, criterion=about.code, actor=request.user, **form.cleaned_data)
    except StaleVerdict as stale:
        return _render_conflict(request, examined, about, stale.verdict)
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return render_criterion(request, examined, about, form=form, status=422)
    except UnknownCriterion as gone:
        raise Http404(about.code) from gone
    drafts.discard(user=request.user, form=_verdict_key(candidature, about))
    messages.success(request, f"{about.code} : {Outcome(form.cleaned_data['outcome']).label.lower()}.")
    if "stay" in request.POST:
        return redirect("candidature:criterion_review", candidature.pk, about.code)
    judged = {**examined.judged, about.code: Judged(form.cleaned_data["outcome"], about.content_sha256)}
    following = find_next(examined.scope(request), judged, after=about.code)
    if following:
        return redirect("candidature:criterion_review", candidature.pk, following)
    messages.info(request, "Tous vos critères ont un verdict : vous pouvez conclure.")
    return redirect(reverse("candidature:examination", args=[candidature.pk]) + f"#{about.theme}")


def _render_conflict(
    request: SignedInRequest, examined: Examined, about: EffectiveCriterion, theirs: Verdict
) -> HttpResponse:
    """Both versions side by side; sending again keeps mine over the newer one, knowingly."""
    values = request.POST.copy()
    values["base_version"] = str(theirs.version)
    return render_criterion(request, examined, about, form=VerdictForm(values), theirs=theirs, status=409)


def _verdict_key(candidature: Candidature, criterion: EffectiveCriterion) -> str:
    return f"verdict:{candidature.pk}:{criterion.code}"


def list_templates(candidature: Candidature, criterion: EffectiveCriterion) -> list[dict[str, str]]:
    """Reasons ready to insert, as the démarche’s settings hold them: for this criterion, its theme, or all of them."""
    settings = candidature.enrolment.demarche.settings.get("instruction", {})
    found = settings.get("reason_templates", {}).get("verdicts", [])
    return [
        {"code": each["code"], "title": each["label"], "text": each["text"], "outcome": each.get("outcome", "")}
        for each in found
        if each.get("criterion", criterion.code) == criterion.code
        and each.get("theme", criterion.theme) == criterion.theme
    ]


def _with_template(request: SignedInRequest, candidature: Candidature, criterion: EffectiveCriterion) -> VerdictForm:
    """The form as it was typed, with the reason chosen added to it: what the script does without a round trip."""
    values = request.POST.copy()
    chosen = next(
        (each for each in list_templates(candidature, criterion) if each["code"] == values.get("insert")), None
    )
    if chosen:
        values["text"] = "\n\n".join(filter(None, [values.get("text", "").strip(), chosen["text"]]))
        values["outcome"] = values.get("outcome") or chosen["outcome"]
    return VerdictForm(initial={name: values.get(name, "") for name in ("outcome", "text", "note", "base_version")})


def render_criterion(
    request: SignedInRequest,
    examined: Examined,
    about: EffectiveCriterion,
    *,
    form: VerdictForm | None = None,
    theirs: Verdict | None = None,
    discussion_form: DiscussionForm | None = None,
    refused_reply: tuple[UUID, MessageForm] | None = None,
    pin_form: PinForm | None = None,
    status: int = 200,
) -> HttpResponse:
    candidature = examined.candidature
    scope = examined.scope(request)
    if about not in scope:
        scope = list(examined.criteria)
    judged = examined.judged
    previous, following = neighbours(scope, about.code)
    open_file = candidature.state in OPEN_STATES
    threads = load_threads(request, examined, about)
    keys = [
        _verdict_key(candidature, about),
        discussion_key(candidature, about.code),
        *(reply_key(each.discussion) for each in threads),
    ]
    typed = drafts.load_drafts(user=request.user, forms=keys)
    values: dict[str, Any] = {
        **(frame := file_frame(request, candidature, "examination")),
        "crumbs": _crumbs(frame["crumbs"], candidature, about),
        "is_agent": examined.is_agent,
        "criterion": about,
        "rank": scope.index(about) + 1,
        "total": len(scope),
        "previous_url": criterion_url(candidature, previous) if previous else "",
        "next_url": criterion_url(candidature, following) if following else "",
        "next_open_url": criterion_url(candidature, code)
        if (code := find_next(scope, judged, after=about.code))
        else "",
        "list_url": reverse("candidature:examination", args=[candidature.pk]) + f"#{about.theme}",
        "nature": NATURES[about.nature],
        "expected": acceptable_text({"nature": about.nature, "acceptable": about.acceptable}),
        "levels": [
            {
                "label": LEVELS[each["level"]],
                "text": each["text"],
                "is_chosen": each["level"] == (about.answer or {}).get("level"),
                "is_acceptable": each["level"] in about.acceptable,
            }
            for each in about.levels
        ],
        "answer": words_of(about),
        "because": _because(examined, about),
        "exceptions": [
            {
                "system": each.system,
                "answer": words_of(about, each.answer) if each.answer else "",
                "comment": each.comment,
                "is_reached": each.is_reached,
                "files": [item.name for item in each.evidence],
            }
            for each in about.exceptions
        ],
        "supplements": [
            {
                "number": each.number,
                "at": parse_datetime(each.frozen_at),
                "answer": words_of(about, each.answer) if each.answer else "",
                "comment": each.comment,
                "files": [item.name for item in each.evidence],
                "from_producer": each.from_producer,
            }
            for each in about.supplements
        ],
        "viewer": Builder(request, candidature, about).build(),
        "here": asked_here(
            candidature, about.code, about.theme, request.user, is_recovered=about.recovered is not None
        ),
        "producer": asked_of_producer(candidature, about, request.user),
        "pin_form": pin_form or PinForm(),
        "threads": present_threads(request, examined, threads, typed, refused=refused_reply),
        "new_discussion": new_discussion(request, examined, about, typed, form=discussion_form),
        "may_read_secrets": open_file and bool(can_instruct(request.user, candidature)),
    }
    if examined.is_agent:
        values |= _verdict_values(request, examined, about, typed, form=form, theirs=theirs)
        values["progress"] = progress_of(scope, judged)
        values["poll_seconds"] = POLL_SECONDS
        values["keys"] = KEYS
        values["may_ask"] = bool(can_instruct(request.user, candidature))
        values["to_ask"] = sum(
            judged[each.code].outcome == Outcome.TO_COMPLETE for each in scope if each.code in judged
        )
    return render(request, "candidature/criterion_review.html", values, status=status)


def _crumbs(crumbs: Sequence[Link], candidature: Candidature, about: EffectiveCriterion) -> list[Link]:
    """The way back to the file and to its criteria stands in the breadcrumb: the page keeps its height for the work."""
    *before, file = crumbs
    return [
        *before,
        Link(file.label, reverse("candidature:candidature_detail", args=[candidature.pk])),
        Link("Critères", reverse("candidature:examination", args=[candidature.pk])),
        Link(about.code),
    ]


def _verdict_values(
    request: SignedInRequest,
    examined: Examined,
    about: EffectiveCriterion,
    typed: drafts.Drafts,
    *,
    form: VerdictForm | None,
    theirs: Verdict | None,
) -> dict[str, Any]:
    candidature, review = examined.candidature, examined.reviews.get(about.theme)
    verdict = examined.verdicts.get(about.code)
    may_judge = (
        review is not None
        and review.concluded_at is None
        and candidature.state == CandidatureState.EVALUATION
        and bool(can_judge(request.user, review))
    )
    restored_at: datetime | None = None
    if form is None and may_judge:
        saved = {"text": verdict.text if verdict else "", "note": verdict.note if verdict else ""}
        restored = typed.over(_verdict_key(candidature, about), saved)
        restored_at = restored.at
        form = VerdictForm(
            initial={
                **restored.values,
                "outcome": verdict.outcome if verdict else "",
                "base_version": verdict.version if verdict else 0,
            }
        )
    gap = find_gap(about, judged_of(verdict)) if verdict else ""
    return {
        "verdict": verdict,
        "verdict_badge": outcome_badge(verdict.outcome) if verdict else None,
        "gap": GAP_WORDS.get(gap, ""),
        "may_judge": may_judge,
        "why_not": _why_not(request, candidature, review),
        "form": form,
        "draft_key": _verdict_key(candidature, about),
        "restored_at": restored_at,
        "templates": list_templates(candidature, about),
        "theirs": theirs,
        "their_badge": outcome_badge(theirs.outcome) if theirs else None,
        "mine_outcome": dict(Outcome.choices).get(request.POST.get("outcome", ""), "") if theirs else "",
        "mine_text": request.POST.get("text", "") if theirs else "",
        "review": review,
    }


def _why_not(request: SignedInRequest, candidature: Candidature, review: ThemeReview | None) -> str:
    """Why there is no form, in words."""
    if candidature.state != CandidatureState.EVALUATION:
        return "Ce dossier n’est pas en cours d’évaluation : on n’y rend pas de verdict."
    if review is None:
        return "Ce thème n’est pas évalué."
    if review.concluded_at is not None:
        return "Ce thème est conclu. Rouvrez-le pour changer un verdict."
    who = review.expert.get_full_name() if review.expert else "personne pour le moment"
    return f"Ce thème est confié à {who} : vous le consultez."


def _because(examined: Examined, about: EffectiveCriterion) -> list[tuple[str, str]]:
    """(question, answer) of the orientation that made the criterion appear, as frozen."""
    answers = {row["code"]: row for row in examined.payload["orientation"]["answers"]}
    shown = [answers[code] for code in about.because if code in answers]
    return [
        (row["label"], join_words(row["text"]) if isinstance(row["text"], list) else str(row["text"])) for row in shown
    ]


def _others(request: SignedInRequest, candidature: Candidature, about: EffectiveCriterion, *, now: datetime) -> str:
    """« Rachid Amrani regarde aussi ce critère », empty when nobody does."""
    people = be_present(candidature=candidature, criterion=about.code, user=request.user, at=now)
    here = [name for name, criterion in people if criterion == about.code]
    if not here:
        return ""
    return f"{join_words(here)} {'regarde' if len(here) == 1 else 'regardent'} aussi ce critère."


@require_POST
@login_required
def criterion_presence(request: SignedInRequest, pk: UUID, criterion: str) -> HttpResponse:
    """The page says that it is still open; it learns who else is there. Agents only."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature):
        raise PermissionDenied("presence")
    about = find_criterion(load_criteria(candidature), criterion)
    if about is None:
        raise Http404(criterion)
    response = HttpResponse(
        _others(request, candidature, about, now=timezone.now()), content_type="text/plain; charset=utf-8"
    )
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@login_required
def secrets_show(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Afficher le compte de démonstration »: in clear, once, journalled, never kept by a browser (A-10)."""
    candidature = get_file(request, pk)
    shown = show_secrets(candidature=candidature, actor=request.user)
    values = {
        **file_frame(request, candidature, "examination"),
        "shown": shown,
        "back_url": _back(request, candidature),
    }
    fragment = "#secrets" if request.headers.get("HX-Request") else ""
    response = render(request, f"candidature/secrets_show.html{fragment}", values)
    response["Cache-Control"] = "no-store, private"
    return response


def _back(request: SignedInRequest, candidature: Candidature) -> str:
    code = request.POST.get("criterion", "")
    if any(code == each.code for each in load_criteria(candidature)):
        return criterion_url(candidature, code)
    return reverse("candidature:examination", args=[candidature.pk])
