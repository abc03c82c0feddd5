"""The « Écoscore » space of a product: its applications, each with its way to a final measure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from convergence.products.models import Product
from convergence.ui.values import Badge, Column, Item, Link, Row, Step
from ecoscore import charts
from ecoscore.bench.android import connected_devices
from ecoscore.enums import CONCLUDED, MeasureKind, MeasureState, Platform
from ecoscore.forms import ApplicationForm, SecretForm
from ecoscore.models import Application, ApplicationSecret, Measure, Result
from ecoscore.services import check_environment, create_application, forget_secret, keep_secret
from ecoscore.services.measures import NO_DEVICE
from ecoscore.wording import state_badge

LIST_LIMIT = 100
EVOLUTION = 12


def find_application(request: SignedInRequest, pk: UUID) -> Application:
    """One query. Raises Http404 for strangers."""
    return get_object_or_404(Application.objects.visible_to(request.user).with_product(), pk=pk)


def crumbs(product: Product, *more: Link) -> list[Link]:
    """Vos produits, the product, Écoscore, then what the page adds; the last one is where one is."""
    return [
        Link("Vos produits", reverse("products:product_list")),
        Link(product.label, reverse("pages:product_detail", args=[product.pk])),
        Link("Écoscore", reverse("ecoscore:application_list", args=[product.pk])),
        *more,
    ]


def application_link(application: Application) -> Link:
    return Link(application.name, reverse("ecoscore:application_detail", args=[application.pk]))


def find_product(request: SignedInRequest, pk: UUID) -> Product:
    """Raises Http404 for a product whose applications the person may not see."""
    product = get_object_or_404(Product.objects.visible_to(request.user).select_related("organisation"), pk=pk)
    return product


@require_GET
@login_required
def application_list(request: SignedInRequest, product: UUID) -> HttpResponse:
    """What is measured of a product, with the newest final écoscore of each."""
    found = find_product(request, product)
    newest = Result.objects.final().filter(measure__application=OuterRef("pk")).order_by("-measured_at")
    applications = (
        Application.objects.visible_to(request.user)
        .filter(product=found)
        .annotate(
            score=Subquery(newest.values("ecoscore")[:1]),
            scored_at=Subquery(newest.values("measured_at")[:1]),
            scored_version=Subquery(newest.values("measure__version")[:1]),
        )
        .order_by("name")[:LIST_LIMIT]
    )
    rows = [
        Row(
            cells=[
                each.name,
                each.get_platform_display(),
                each.address,
                f"{each.score} sur 100" if each.score is not None else Badge("Aucune mesure finale"),
                each.scored_version or "",
                each.scored_at,
            ],
            url=reverse("ecoscore:application_detail", args=[each.pk]),
        )
        for each in applications
    ]
    return render(
        request,
        "ecoscore/application_list.html",
        {
            "product": found,
            "crumbs": crumbs(found),
            "columns": ["Application", "Plateforme", "Adresse", "Écoscore", "Version", "Mesuré"],
            "rows": rows,
            "may_edit": product_rules.can_edit(request.user, found),
            "create_url": reverse("ecoscore:application_create", args=[found.pk]),
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def application_create(request: SignedInRequest, product: UUID) -> HttpResponse:
    """First step: say what is measured."""
    found = find_product(request, product)
    if not product_rules.can_edit(request.user, found):
        raise PermissionDenied("create_application")
    form = ApplicationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            application = create_application(product=found, values=form.cleaned_data, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error.messages)  # type: ignore[arg-type]
        else:
            messages.success(request, f"« {application.name} » est enregistrée. Vérifiez maintenant son environnement.")
            return redirect("ecoscore:application_detail", application.pk)
    return render(
        request,
        "ecoscore/application_create.html",
        {"form": form, "product": found, "crumbs": crumbs(found, Link("Enregistrer une application"))},
        status=422 if form.errors else 200,
    )


@require_GET
@login_required
def application_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Where the application stands on its way, its measures, and how its écoscore changed from version to version."""
    application = find_application(request, pk)
    measures = list(
        Measure.objects.filter(application=application).select_related("created_by").order_by("-number")[:LIST_LIMIT]
    )
    results = list(Result.objects.light().filter(measure__in=measures).order_by("-measured_at"))
    by_measure: dict[UUID, Result] = {}
    for result in results:
        by_measure.setdefault(result.measure_id, result)
    environment = next((each for each in measures if each.kind == MeasureKind.ENVIRONMENT), None)
    scenarios = [each for each in measures if each.kind == MeasureKind.SCENARIO]
    may_edit = product_rules.can_edit(request.user, application)
    versions = {each.pk: each for each in scenarios}
    finals = [each for each in results if each.measure_id in versions and versions[each.measure_id].is_concluded]
    finals = [each for each in finals if each.purpose == "final"]
    comparable = [each for each in finals if _frame_of(each) == _frame_of(finals[0])][:EVOLUTION]
    points = [(versions[each.measure_id].version, each.ecoscore or 0) for each in reversed(comparable)]
    return render(
        request,
        "ecoscore/application_detail.html",
        {
            "application": application,
            "crumbs": crumbs(application.product, Link(application.name)),
            "steps": steps_of(environment, scenarios),
            "items": application_items(application),
            "no_device": NO_DEVICE if application.platform == Platform.ANDROID and not connected_devices() else "",
            "environment": environment,
            "environment_badge": state_badge(environment) if environment else None,
            "environment_result": by_measure.get(environment.pk) if environment else None,
            "columns": ["Mesure", "État", Column("Écoscore", numeric=True), "Par", "Créée"],
            "rows": [measure_row(each, by_measure.get(each.pk)) for each in scenarios],
            "may_edit": may_edit,
            "evolution": charts.evolution(points) if len(points) > 1 else None,
            "left_out": len(finals) - len(comparable),
            "compare_url": reverse("ecoscore:report_compare", args=[application.pk]) if len(results) > 1 else "",
        },
    )


def _frame_of(result: Result) -> tuple[str, str, int]:
    """What must be the same for two results to be compared."""
    return result.method, result.bench, result.pause_ms


def measure_row(measure: Measure, result: Result | None) -> Row:
    score = f"{result.ecoscore}" if result and result.ecoscore is not None else ""
    if score and not measure.is_concluded:
        score = f"{score} (intermédiaire)"
    return Row(
        cells=[measure.label, state_badge(measure), score, str(measure.created_by), measure.created_at],
        url=reverse("ecoscore:measure_detail", args=[measure.pk]),
    )


def application_items(application: Application) -> list[Item]:
    is_web = application.platform == Platform.WEB
    return [
        Item("Plateforme", application.get_platform_display()),
        Item("Adresse", Link(application.url, application.url)) if is_web else Item("Paquet", application.package),
        Item("Parcours représentatif", application.journey),
    ]


def steps_of(environment: Measure | None, scenarios: Iterable[Measure]) -> list[Step]:
    """The five steps of the way to an écoscore."""
    newest = next(iter(scenarios), None)
    state = newest.state if newest else ""
    written = bool(newest) and state != MeasureState.DRAFT
    proved = state in (MeasureState.INTERMEDIATE, MeasureState.QUEUED, *CONCLUDED)
    ended = state in CONCLUDED
    # a measure that came to its end proves as much as the check of the environment
    is_checked = proved or (environment is not None and environment.state == MeasureState.INTERMEDIATE)
    done = [True, is_checked, written, proved, ended]
    labels = [
        "Enregistrer l’application",
        "Vérifier l’environnement",
        "Écrire le scénario",
        "Mettre au point",
        "Mesure finale",
    ]
    current = next((index for index, each in enumerate(done) if not each), len(done))
    return [
        Step(label, "done" if is_done else ("current" if index == current else "upcoming"))
        for index, (label, is_done) in enumerate(zip(labels, done, strict=True))
    ]


@require_POST
@login_required
def environment_check(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Second step: the bench opens the first page once."""
    application = find_application(request, pk)
    try:
        measure = check_environment(application_id=application.pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("ecoscore:application_detail", pk)
    return redirect("ecoscore:measure_detail", measure.pk)


@require_http_methods(["GET", "POST"])
@login_required
def secret_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Names of the secrets that scripts may write; posting keeps one, or forgets one."""
    application = find_application(request, pk)
    if not product_rules.can_edit(request.user, application):
        raise PermissionDenied("keep_secret")
    forgotten = request.POST.get("forget", "")
    form = SecretForm(request.POST if request.method == "POST" and not forgotten else None)
    if forgotten:
        forget_secret(application=application, name=forgotten, actor=request.user)
        messages.success(request, f"Le secret {forgotten} est effacé.")
        return redirect("ecoscore:secret_list", pk)
    if request.method == "POST" and form.is_valid():
        keep_secret(application=application, actor=request.user, **form.cleaned_data)
        messages.success(request, f"Le secret {form.cleaned_data['name']} est gardé.")
        return redirect("ecoscore:secret_list", pk)
    known = ApplicationSecret.objects.filter(application=application).order_by("name").select_related("updated_by")
    return render(
        request,
        "ecoscore/secret_list.html",
        {
            "application": application,
            "crumbs": crumbs(application.product, application_link(application), Link("Secrets du scénario")),
            "form": form,
            "secrets": known.only("name", "updated_at", "updated_by", "application"),
        },
        status=422 if form.errors else 200,
    )


def refuse(request: HttpRequest, refusal: TransitionRefused) -> None:
    """Every reason, as one message each: the page that follows shows them on top."""
    for blocker in refusal.blockers:
        messages.error(request, blocker.message)


def values_of(application: Application, *more: Link) -> dict[str, Any]:
    """What every page under an application shows."""
    return {
        "application": application,
        "crumbs": crumbs(application.product, application_link(application), *more),
    }
