"""Contradictory procedures: the ministry’s list, the page of both sides, and each act (A-02)."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Item, Link, Row
from evidence.errors import FileWithheld
from evidence.services import stream
from referencing.listing import rules
from referencing.listing.forms.life import MeasureForm, ObservationsForm, ProcedureForm, ReasonForm, ReliefForm
from referencing.listing.life_wording import procedure_badge
from referencing.listing.models import Procedure
from referencing.listing.services.sanctions import (
    draft_measure,
    draft_relief,
    drop_procedure,
    give_observations,
    open_procedure,
)
from referencing.listing.views.acting import Act, posted, show_act
from referencing.listing.views.life import LIST_LIMIT, crumbs, get_listing, life_url


@require_GET
@login_required
def procedure_list(request: SignedInRequest) -> HttpResponse:
    """Those that wait for somebody first, then the newest."""
    if not rules.reads_listings(request.user):
        raise PermissionDenied("procedure_list")
    today = timezone.localdate()
    rows = (
        Procedure.objects.visible_to(request.user)
        .select_related("enrolment__product__organisation")
        .order_by(F("closed_at").desc(nulls_first=True), "-proposed_at")[:LIST_LIMIT]
    )
    return render(
        request,
        "listing/records.html",
        {
            "title": "Procédures contradictoires",
            "lead": "Mises en demeure, suspensions, retraits et abrogations envisagés par le ministère. L’éditeur est entendu "
            "avant toute décision, sauf urgence motivée.",
            "columns": ["Service", "Structure", "Mesure envisagée", "État", "Proposée le", "Observations avant le"],
            "rows": [
                Row(
                    [
                        each.enrolment.label,
                        each.enrolment.product.organisation.name,
                        each.get_kind_display(),
                        procedure_badge(each, today=today),
                        each.proposed_at,
                        each.observations_due_on or "–",
                    ],
                    url=reverse("listing:procedure_detail", args=[each.pk]),
                )
                for each in rows
            ],
            "empty_title": "Aucune procédure",
            "empty_text": "Un audit défavorable ou une déclaration en retard en propose une ici.",
            "links": [],
        },
    )


def get_procedure(request: SignedInRequest, pk: UUID) -> Procedure:
    rows = Procedure.objects.visible_to(request.user).select_related(
        "enrolment__product__organisation",
        "listing__enrolment__product__organisation",
        "decision",
        "attachment__blob",
        "observed_by",
    )
    return get_object_or_404(rows, pk=pk)


def _crumbs(request: SignedInRequest, procedure: Procedure, *labels: str) -> list[Link]:
    name = procedure.get_kind_display()
    if procedure.listing is not None:
        return crumbs(request.user, procedure.listing, name, *labels)
    if rules.reads_listings(request.user):
        return [Link("Procédures", reverse("listing:procedure_list")), Link(name), *(Link(each) for each in labels)]
    home = reverse("pages:enrolment_detail", args=[procedure.enrolment_id])
    return [Link(procedure.enrolment.label, home), Link(name), *(Link(each) for each in labels)]


@require_GET
@login_required
def procedure_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    procedure = get_procedure(request, pk)
    today = timezone.localdate()
    items = [
        Item("Service", procedure.enrolment.label),
        Item("Mesure envisagée", procedure.get_kind_display()),
        Item("Condition qui n’est plus remplie", procedure.get_condition_display()),
        Item("Faits reprochés", procedure.facts),
        Item("Proposée le", procedure.proposed_at),
    ]
    if procedure.opened_at:
        items.append(Item("Ouverte le", procedure.opened_at))
    if procedure.urgency:
        items.append(Item("Motif de l’urgence", procedure.urgency))
    if procedure.observations_due_on:
        items.append(Item("Observations attendues avant le", procedure.observations_due_on))
    if procedure.closed_at:
        items += [Item("Close le", procedure.closed_at), Item("Suite donnée", procedure.outcome)]
    observations = []
    if procedure.observed_at:
        observations = [Item("Reçues le", procedure.observed_at), Item("Observations", procedure.observations)]
    return render(
        request,
        "listing/record.html",
        {
            "title": f"{procedure.get_kind_display()} envisagée"
            if procedure.kind != "abrogation"
            else "Abrogation envisagée",
            "crumbs": _crumbs(request, procedure),
            "badge": procedure_badge(procedure, today=today),
            "sections": [
                {"title": "Procédure contradictoire", "rows": items},
                *(
                    [
                        {
                            "title": "Observations de l’éditeur",
                            "rows": observations,
                            "link": Link(
                                procedure.attachment.name, reverse("listing:procedure_document", args=[procedure.pk])
                            )
                            if procedure.attachment
                            else None,
                        }
                    ]
                    if observations
                    else []
                ),
            ],
            "steps": _steps(request, procedure),
        },
    )


def _steps(request: SignedInRequest, procedure: Procedure) -> list[Link]:
    """What may be begun; the pages say what still bars it."""
    if procedure.closed_at is not None or procedure.decision_id is not None:
        return []
    user, pk, steps = request.user, procedure.pk, []
    if procedure.opened_at and not procedure.observed_at and rules.can_commit(user, procedure):
        steps.append(Link("Présenter vos observations", reverse("listing:procedure_observe", args=[pk])))
    if rules.can_sanction(user):
        if procedure.opened_at is None and procedure.listing_id:
            steps.append(
                Link(
                    "Ouvrir la procédure",
                    reverse("listing:procedure_open", args=[procedure.listing_id]),
                )
            )
        else:
            steps.append(Link("Préparer la décision", reverse("listing:procedure_draft", args=[pk])))
        steps.append(Link("Abandonner la procédure", reverse("listing:procedure_drop", args=[pk])))
    return steps


@require_GET
@login_required
def procedure_document(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """What the editor joined to its observations."""
    procedure = get_procedure(request, pk)
    if procedure.attachment is None:
        raise Http404
    try:
        return stream(procedure.attachment)
    except FileWithheld as withheld:
        raise Http404 from withheld


def _require_ministry(request: SignedInRequest) -> None:
    if not rules.can_sanction(request.user):
        raise PermissionDenied("sanction")


@require_http_methods(["GET", "POST"])
@login_required
def procedure_open(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Tell the editor what is envisaged; a proposed one is taken over with its facts."""
    listing = get_listing(request, pk)
    _require_ministry(request)
    proposed = Procedure.objects.open().filter(enrolment=listing.enrolment_id, opened_at__isnull=True).first()
    initial = (
        {"kind": proposed.kind, "condition": proposed.condition, "facts": proposed.facts}
        if proposed is not None
        else {}
    )
    act = Act(
        title="Ouvrir une procédure contradictoire",
        text="L’éditeur est prévenu de la mesure envisagée et des faits ; il a 15 jours pour présenter ses observations. Vous "
        "préparez ensuite la décision, ou abandonnez la procédure.",
        button="Ouvrir la procédure",
        done="La procédure est ouverte. L’éditeur est prévenu.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Procédure contradictoire"),
    )
    return show_act(
        request,
        act,
        ProcedureForm(posted(request), initial=initial),
        lambda values: open_procedure(listing_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def procedure_observe(request: SignedInRequest, pk: UUID) -> HttpResponse:
    procedure = get_procedure(request, pk)
    if not rules.can_commit(request.user, procedure):
        raise PermissionDenied("procedure_observe")
    act = Act(
        title="Présenter vos observations",
        text="Le ministère lit vos observations avant de décider. Elles se transmettent une fois.",
        button="Transmettre les observations",
        done="Vos observations sont transmises au ministère.",
        back=reverse("listing:procedure_detail", args=[pk]),
        crumbs=_crumbs(request, procedure, "Observations"),
        has_file=True,
    )
    return show_act(
        request,
        act,
        ObservationsForm(posted(request), request.FILES or None),
        lambda values: give_observations(procedure_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def procedure_draft(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The draft then follows the way of every decision: visa, signature, notification."""
    procedure = get_procedure(request, pk)
    _require_ministry(request)
    act = Act(
        title="Préparer la décision",
        text=f"{procedure.get_kind_display()} : {procedure.enrolment.label}. Le projet rejoint les décisions à signer ; il "
        "prend effet à sa signature, ou au jour que vous indiquez.",
        button="Préparer la décision",
        done="Le projet de décision est préparé.",
        back=reverse("listing:procedure_detail", args=[pk]),
        crumbs=_crumbs(request, procedure, "Décision"),
    )
    return show_act(
        request,
        act,
        MeasureForm(procedure.kind, posted(request)),
        lambda values: draft_measure(procedure_id=pk, actor=request.user, **values),
    )


@require_http_methods(["GET", "POST"])
@login_required
def procedure_drop(request: SignedInRequest, pk: UUID) -> HttpResponse:
    procedure = get_procedure(request, pk)
    _require_ministry(request)
    act = Act(
        title="Abandonner la procédure",
        text="Rien n’est plus reproché à ce service dans cette procédure. Si elle était ouverte, l’éditeur est prévenu.",
        button="Abandonner la procédure",
        done="La procédure est abandonnée.",
        back=reverse("listing:procedure_detail", args=[pk]),
        crumbs=_crumbs(request, procedure, "Abandon"),
    )
    return show_act(
        request,
        act,
        ReasonForm(posted(request)),
        lambda values: drop_procedure(procedure_id=pk, why=values["reason"], actor=request.user),
    )


@require_http_methods(["GET", "POST"])
@login_required
def relief_draft(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Lifting, reinstatement, extension: in favour of the editor, hence without hearing."""
    listing = get_listing(request, pk)
    _require_ministry(request)
    act = Act(
        title="Préparer une décision favorable à l’éditeur",
        text="Levée de mise en demeure, rétablissement ou prolongation datée. Le projet rejoint les décisions à signer.",
        button="Préparer la décision",
        done="Le projet de décision est préparé.",
        back=life_url(listing),
        crumbs=crumbs(request.user, listing, "Décision favorable"),
    )
    return show_act(
        request,
        act,
        ReliefForm(posted(request)),
        lambda values: draft_relief(listing_id=pk, actor=request.user, **values),
    )
