"""One measure: its scenario, the bench at work, its log, and what may be done next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.audit import workflow
from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Link, Row
from convergence.ui.views import render_confirmation
from ecoscore.enums import MeasureKind, MeasureState, Purpose
from ecoscore.forms import MeasureForm, ScenarioForm
from ecoscore.gdsl import Platform as GdslPlatform
from ecoscore.models import Measure, Result, Screenshot
from ecoscore.services import (
    ask_debug,
    ask_final,
    cancel_measure,
    create_measure,
    publish_result,
    save_scenario,
    withdraw_result,
)
from ecoscore.services.bench import position_of
from ecoscore.services.measures import bench_blockers, final_blockers
from ecoscore.services.scripts import read_script
from ecoscore.views.applications import find_application, refuse, values_of
from ecoscore.views.editor import editor_values, pending_edit
from ecoscore.wording import ball_words, state_badge

LOG_LINES = 200
PASSAGES = 20


def find_measure(request: SignedInRequest, pk: UUID) -> Measure:
    """One query. Raises Http404 for strangers."""
    return get_object_or_404(Measure.objects.visible_to(request.user).with_application(), pk=pk)


def measure_values(measure: Measure, *more: Link) -> dict[str, Any]:
    link = Link(measure.label, reverse("ecoscore:measure_detail", args=[measure.pk]))
    return {**values_of(measure.application, link, *more), "measure": measure, "badge": state_badge(measure)}


@require_http_methods(["GET", "POST"])
@login_required
def measure_create(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Third step: a measure of a version, whose scenario is then written."""
    application = find_application(request, pk)
    if not product_rules.can_edit(request.user, application):
        raise PermissionDenied("measure")
    initial = {"version": application.product.version}
    form = MeasureForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        measure = create_measure(application_id=application.pk, actor=request.user, **form.cleaned_data)
        messages.success(request, "La mesure est créée. Complétez son scénario.")
        return redirect("ecoscore:scenario_edit", measure.pk)
    return render(
        request,
        "ecoscore/measure_create.html",
        {**values_of(application, Link("Nouvelle mesure")), "form": form},
        status=422 if form.errors else 200,
    )


@require_GET
@login_required
def measure_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The measure and the bench at work; the part that moves asks for itself again (htmx), or is reloaded by hand."""
    measure = find_measure(request, pk)
    values = progress_values(measure)
    if request.htmx:  # type: ignore[attr-defined]
        if not measure.is_on_bench:  # buttons and results change with it: the whole page is loaded again
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "ecoscore/measure_detail.html#progress", values)
    may_edit = product_rules.can_edit(request.user, measure)
    values |= measure_values(measure)
    who, what = ball_words(measure, may_edit=may_edit)
    results = list(measure.results.light().order_by("-series")[:PASSAGES])  # type: ignore[attr-defined]
    values |= {
        "who": who,
        "what": what,
        "is_mine": who == "Vous",
        "may_edit": may_edit,
        "is_environment": measure.kind == MeasureKind.ENVIRONMENT,
        "actions": actions_of(measure, request.user),
        "blockers": bench_blockers(measure) if measure.state == MeasureState.DRAFT else [],
        "lines": list(enumerate(measure.scenario.text.split("\n"), start=1)),
        "report_url": reverse("ecoscore:report_detail", args=[results[0].pk]) if results else "",
        "columns": ["Rapport", "Nature", "Écoscore", "Mesuré"],
        "rows": [
            Row(
                cells=[
                    f"Passage {each.series}",
                    each.get_purpose_display(),
                    score_words(each),
                    each.measured_at,
                ],
                url=reverse("ecoscore:report_detail", args=[each.pk]),
            )
            for each in results
        ],
        "screenshots": list(Screenshot.objects.filter(measure=measure, series=measure.series).order_by("position")),
        "log": list(measure.lines.filter(series=measure.series).order_by("pk")[:LOG_LINES]),  # type: ignore[attr-defined]
    }
    return render(request, "ecoscore/measure_detail.html", values)


def score_words(result: Result) -> str:
    """« 72 sur 100 »; nothing for a check of the environment, which is no measure of a journey."""
    if result.ecoscore is None or result.purpose == Purpose.ENVIRONMENT:
        return ""
    return f"{result.ecoscore} sur 100"


def progress_values(measure: Measure) -> dict[str, Any]:
    """What the moving part shows; it is the same when it is asked for alone."""
    return {
        "measure": measure,
        "is_open": measure.is_on_bench,
        "is_waiting": measure.is_on_bench and measure.lease is None,
        "ahead": position_of(measure) if measure.is_on_bench and measure.lease is None else 0,
        "duration": expected_duration(measure),
        "poll_url": reverse("ecoscore:measure_detail", args=[measure.pk]),
    }


def expected_duration(measure: Measure) -> str:
    """« environ 3 minutes »: the pauses are known, the rest is not."""
    plan = read_script(measure.application, measure.scenario.text, pause_ms=measure.pause_ms).plan
    if plan is None or not measure.runs:
        return ""
    pauses = sum(int(each.args[0]) for step in plan.steps for each in step.instructions if each.name == "pause")
    seconds = measure.runs * (pauses / 1000 + 2 * (5 + 2 * len(plan.steps)))
    minutes = max(round(seconds / 60), 1)
    return f"environ {minutes}{NBSP}minute{'s' if minutes > 1 else ''}"


def actions_of(measure: Measure, user: Any) -> list[Action]:
    """The buttons of this state for this person, the main one first."""

    def may(name: str) -> bool:
        return workflow.is_allowed(measure, name, user)

    def url(name: str) -> str:
        return reverse(f"ecoscore:{name}", args=[measure.pk])

    actions = []
    is_scenario = measure.kind == MeasureKind.SCENARIO
    if is_scenario and may("queue") and not final_blockers(measure):
        actions.append(
            Action(
                "Lancer la mesure finale",
                url("measure_queue"),
                confirm_url=url("measure_queue"),
                confirm_title="Lancer la mesure finale",
                confirm_text=FINAL_TEXT,
            )
        )
    if may("debug"):
        label = "Lancer une mesure intermédiaire" if is_scenario else "Vérifier de nouveau"
        is_second = actions or (not is_scenario and measure.state == MeasureState.INTERMEDIATE)
        actions.append(Action(label, url("measure_debug"), style="secondary" if is_second else "primary"))
    if may("publish"):
        actions.append(Action("Publier le résultat", url("measure_publish"), style="secondary"))
    if may("withdraw"):
        actions.append(
            Action(
                "Retirer la publication",
                url("measure_withdraw"),
                style="secondary",
                confirm_url=url("measure_withdraw"),
                confirm_title="Retirer la publication",
                confirm_text=WITHDRAW_TEXT,
            )
        )
    if may("cancel"):
        actions.append(
            Action(
                "Annuler la mesure",
                url("measure_cancel"),
                style="secondary",
                confirm_url=url("measure_cancel"),
                confirm_title="Annuler la mesure",
                confirm_text=CANCEL_TEXT,
            )
        )
    return actions


FINAL_TEXT = (
    "Le banc rejoue le scénario plusieurs fois, avec les pauses d’une mesure finale. Le résultat ne change plus ensuite\u00a0: "
    "le scénario de cette mesure non plus. Une autre version de l’application se mesure par une autre mesure."
)
CANCEL_TEXT = (
    "Le banc s’arrête à l’instruction suivante et ne garde aucun chiffre de ce passage. Le scénario et les résultats "
    "précédents restent, et vous pouvez relancer la mesure."
)
WITHDRAW_TEXT = "Le résultat reste final et lisible par votre structure. Un dossier qui l’a déjà repris ne change pas."


@require_http_methods(["GET", "POST"])
@login_required
def scenario_edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The script; posting keeps it, with its errors too: 422 shows them, and nothing typed is lost."""
    measure = find_measure(request, pk)
    if not product_rules.can_edit(request.user, measure):
        raise PermissionDenied("measure")
    if not measure.is_writable:
        messages.error(request, "Le scénario ne change plus\u00a0: la mesure est en cours ou terminée.")
        return redirect("ecoscore:measure_detail", pk)
    platform = GdslPlatform(measure.application.platform)
    edit = pending_edit(request, platform) if request.method == "POST" else None
    text = measure.scenario.text if edit is None else edit.text
    form = ScenarioForm(request.POST if request.method == "POST" and edit is None else None, initial={"text": text})
    if form.is_bound and form.is_valid():
        text = form.cleaned_data["text"]
        try:
            measure = save_scenario(measure_id=measure.pk, text=text, actor=request.user)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            if measure.state != MeasureState.DRAFT:
                messages.success(request, "Le scénario est enregistré et vérifié.")
                return redirect("ecoscore:measure_detail", pk)
    checked = read_script(measure.application, text)
    return render(
        request,
        "ecoscore/scenario_edit.html",
        {
            **measure_values(measure, Link("Scénario")),
            "form": form,
            **editor_values(platform, checked, edit=edit),
            "is_saved": form.is_bound and not form.errors,
        },
        status=422 if form.is_bound or (edit and edit.problem) else 200,
    )


@require_POST
@login_required
def measure_debug(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Ask the bench for an intermediate measure."""
    measure = find_measure(request, pk)
    try:
        ask_debug(measure_id=measure.pk, actor=request.user)
    except TransitionRefused as refusal:
        refuse(request, refusal)
    return redirect("ecoscore:measure_detail", pk)


@require_http_methods(["GET", "POST"])
@login_required
def measure_queue(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Ask, then give the final measure to the bench."""
    return _confirmed(request, pk, "queue", ask_final, "Lancer la mesure finale", FINAL_TEXT)


@require_http_methods(["GET", "POST"])
@login_required
def measure_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _confirmed(request, pk, "cancel", cancel_measure, "Annuler la mesure", CANCEL_TEXT)


@require_POST
@login_required
def measure_publish(request: SignedInRequest, pk: UUID) -> HttpResponse:
    measure = find_measure(request, pk)
    try:
        publish_result(measure_id=measure.pk, actor=request.user)
    except TransitionRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, f"Le résultat de la {measure.label.lower()} est publié.")
    return redirect("ecoscore:measure_detail", pk)


@require_http_methods(["GET", "POST"])
@login_required
def measure_withdraw(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _confirmed(request, pk, "withdraw", withdraw_result, "Retirer la publication", WITHDRAW_TEXT)


def _confirmed(
    request: SignedInRequest, pk: UUID, transition: str, service: Any, label: str, text: str
) -> HttpResponse:
    """The page twin of a confirmation, then the service; a refusal is told on the page of the measure."""
    measure = find_measure(request, pk)
    if not product_rules.can_edit(request.user, measure):
        raise PermissionDenied(transition)
    back = reverse("ecoscore:measure_detail", args=[pk])
    if request.method == "GET":
        if not workflow.is_allowed(measure, transition, request.user):
            return redirect(back)
        action = Action(label, request.path, confirm_title=label, confirm_text=text)
        return render_confirmation(request, action, cancel_url=back)
    try:
        service(measure_id=measure.pk, actor=request.user)
    except TransitionRefused as refusal:
        refuse(request, refusal)
    return redirect(back)
