"""Reports of visitors: the public form, its confirmation, the triage of the listing team (L5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Badge, Item, Link, Row
from referencing.listing import rules
from referencing.listing.enums import ReportOutcome
from referencing.listing.forms.life import ReportForm, TriageForm
from referencing.listing.models import Listing, UserReport
from referencing.listing.services.reports import (
    TooManyReports,
    confirm_report,
    hash_token,
    send_report,
    throttle,
    triage_report,
)
from referencing.listing.views.acting import Act, posted, show_act
from referencing.listing.views.life import LIST_LIMIT, life_url

#: A report is a few lines: what is bigger is not read.
MAX_BYTES = 64 * 1024


@never_cache
@require_http_methods(["GET", "POST"])
def report_create(request: HttpRequest, number: int) -> HttpResponse:
    """« Signaler un problème » on a service of the catalogue, without an account and without JavaScript."""
    listing = (
        Listing.objects.published(on=timezone.localdate())
        .select_related("enrolment__product__organisation")
        .filter(enrolment__number=number)
        .first()
    )
    if listing is None:
        raise Http404
    if request.method == "GET":
        return _render_report(request, listing, ReportForm())
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
        return HttpResponse(status=413)
    form = ReportForm(request.POST)
    if request.POST.get("site"):  # a robot: it is thanked, and nothing is kept
        return redirect("listing:report_sent")
    if not form.is_valid():
        return _render_report(request, listing, form, status=422)
    try:
        throttle(get_adapter().get_client_ip(request))
    except TooManyReports:
        return _render_report(request, listing, form, status=429, is_throttled=True)
    values = form.cleaned_data
    try:
        send_report(listing=listing, kind=values["kind"], text=values["text"], email=values["email"])
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return _render_report(request, listing, form, status=422)
    return redirect("listing:report_sent")


def _render_report(
    request: HttpRequest, listing: Listing, form: ReportForm, *, status: int = 200, is_throttled: bool = False
) -> HttpResponse:
    product = listing.enrolment.product
    return render(
        request,
        "listing/report_create.html",
        {
            "name": product.name,
            "organisation": product.organisation.name,
            "form": form,
            "is_throttled": is_throttled,
        },
        status=status,
    )


@require_GET
def report_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "listing/report_sent.html", {"is_confirmed": False})


@never_cache
@require_http_methods(["GET", "POST"])
def report_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail shows a button: programs that open links confirm nothing."""
    if request.method == "POST":
        if confirm_report(token=token) is None:
            raise Http404
        return render(request, "listing/report_sent.html", {"is_confirmed": True})
    report = get_object_or_404(UserReport, token_hash=hash_token(token))
    return render(request, "listing/report_confirm.html", {"is_confirmed": report.confirmed_at is not None})


def report_badge(report: UserReport) -> Badge:
    if not report.outcome:
        return Badge("À traiter", tone="new")
    tone: Any = "info" if report.outcome == ReportOutcome.AUDIT else "neutral"
    return Badge(report.get_outcome_display(), tone=tone)


def _require_reader(request: SignedInRequest) -> None:
    if not rules.reads_reports(request.user):
        raise PermissionDenied("reports")


@require_GET
@login_required
def report_list(request: SignedInRequest) -> HttpResponse:
    """Those to triage first, the oldest first."""
    _require_reader(request)
    rows = (
        UserReport.objects.visible_to(request.user)
        .select_related("listing__enrolment__product__organisation")
        .order_by(F("triaged_at").desc(nulls_first=True), "sent_at", "pk")[:LIST_LIMIT]
    )
    return render(
        request,
        "listing/records.html",
        {
            "title": "Signalements",
            "lead": "Ce que les visiteurs du catalogue signalent. L’éditeur ne sait jamais qui a écrit.",
            "columns": ["Service", "Structure", "Objet", "État", "Reçu"],
            "rows": [
                Row(
                    [
                        each.listing.enrolment.label,
                        each.listing.enrolment.product.organisation.name,
                        each.get_kind_display(),
                        report_badge(each),
                        each.sent_at,
                    ],
                    url=reverse("listing:report_detail", args=[each.pk]),
                )
                for each in rows
            ],
            "empty_title": "Aucun signalement",
            "empty_text": "Les signalements envoyés depuis le catalogue public arrivent ici.",
            "links": [],
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def report_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What was reported and, for the listing team, what becomes of it."""
    _require_reader(request)
    report = get_object_or_404(
        UserReport.objects.visible_to(request.user).select_related(
            "listing__enrolment__product__organisation", "triaged_by"
        ),
        pk=pk,
    )
    may_triage = rules.can_publish(request.user)
    if request.method == "POST":
        if not may_triage:
            raise PermissionDenied("triage_report")
        return show_act(
            request,
            _triage(report),
            TriageForm(posted(request)),
            lambda values: triage_report(report_id=pk, actor=request.user, **values),
        )
    items = [
        Item("Service", Link(report.listing.enrolment.label, life_url(report.listing))),
        Item("Structure", report.listing.enrolment.product.organisation.name),
        Item("Objet", report.get_kind_display()),
        Item("Reçu le", report.sent_at),
        Item("Description", report.text),
        Item("Adresse", _say_address(report)),
    ]
    if report.outcome:
        items += [
            Item("Traité le", report.triaged_at),
            Item("Par", report.triaged_by.get_full_name() if report.triaged_by else "–"),
            Item("Motif", report.note),
        ]
    return render(
        request,
        "listing/report_detail.html",
        {
            "title": "Signalement",
            "crumbs": [Link("Signalements", reverse("listing:report_list")), Link(report.listing.enrolment.label)],
            "badge": report_badge(report),
            "items": items,
            "form": TriageForm() if may_triage and not report.outcome else None,
        },
    )


def _say_address(report: UserReport) -> str:
    if not report.email:
        return "Non donnée"
    return f"{report.email} ({'confirmée' if report.confirmed_at else 'non confirmée'})"


def _triage(report: UserReport) -> Act:
    back = reverse("listing:report_detail", args=[report.pk])
    return Act(
        title="Traiter le signalement",
        text="L’éditeur ne sait ni qui a écrit, ni qu’un signalement est à l’origine d’un audit.",
        button="Enregistrer la suite",
        done="La suite est enregistrée.",
        back=back,
        crumbs=[
            Link("Signalements", reverse("listing:report_list")),
            Link(report.listing.enrolment.label, back),
            Link("Suite"),
        ],
    )
