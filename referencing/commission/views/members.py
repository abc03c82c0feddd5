"""Members of the commission: who holds which seat, until when, with which declaration of interests."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.interests.models import InterestDeclaration
from convergence.ui.typography import format_date
from convergence.ui.values import Badge, Item, Link
from referencing.commission.enums import Capacity
from referencing.commission.forms.sessions import AppointForm, EndForm, ReplaceForm
from referencing.commission.models import Seat, Term
from referencing.commission.rules import can_run
from referencing.commission.services.members import appoint, end_term, replace
from referencing.commission.views.frame import address, posted, require_commission, run_step


@require_GET
@login_required
def member_list(request: SignedInRequest) -> HttpResponse:
    """The nine seats with their people; vacant ones stand out."""
    require_commission(request.user)
    now, today = timezone.now(), timezone.localdate()
    terms = list(
        Term.objects.not_past(today)
        .select_related("person", "replaces__person")
        .order_by("-capacity", "started_on", "pk")
    )
    newest = {
        each.person_id: each
        for each in InterestDeclaration.objects.filter(person__in=[term.person_id for term in terms]).newest_of_each(
            at=now
        )
    }
    former = list(
        Term.objects.filter(started_on__lte=today)
        .exclude(pk__in=[term.pk for term in terms])
        .select_related("person", "seat")
        .order_by("-ends_on", "pk")[:50]
    )
    is_secretary = bool(can_run(request.user))
    return render(
        request,
        "commission/member_list.html",
        {
            "is_secretary": is_secretary,
            "seats": [
                {
                    "position": seat.position,
                    "title": seat.title,
                    "designated_by": seat.designated_by,
                    "is_vacant": not any(
                        term.seat_id == seat.pk and term.capacity == Capacity.TITULAR and term.started_on <= today
                        for term in terms
                    ),
                    "terms": [
                        _term(term, newest.get(term.person_id), is_secretary=is_secretary, now=now)
                        for term in terms
                        if term.seat_id == seat.pk
                    ],
                    "appoint_url": address("term_create", seat.pk) if is_secretary else "",
                    "appoint_label": "Nommer un successeur ou un représentant"
                    if seat.is_ex_officio
                    else "Nommer un successeur",
                }
                for seat in Seat.objects.order_by("position")
            ],
            "columns": ["Siège", "Personne", "Mandat", "Motif de fin"],
            "former": [
                [
                    term.seat.title,
                    term.person.get_full_name(),
                    f"du {format_date(term.started_on)} au {format_date(term.last_day)}",
                    term.end_reason or "Terme du mandat",
                ]
                for term in former
            ],
        },
    )


def _term(term: Term, declaration: Any, *, is_secretary: bool, now: Any) -> dict[str, Any]:
    if declaration is None:
        badge = Badge("Pas de déclaration d’intérêts : ne peut pas voter", tone="error")
    elif not declaration.is_current(at=now):
        badge = Badge(f"Déclaration expirée le {format_date(declaration.expires_on)} : ne peut pas voter", tone="error")
    else:
        badge = Badge(f"Déclaration valable jusqu’au {format_date(declaration.expires_on)}", tone="success")
    words = f"{term.get_capacity_display()} du {format_date(term.started_on)} au {format_date(term.last_day)}"
    if term.replaces:
        words += f", en remplacement de {term.replaces.person.get_full_name()}"
    return {
        "name": term.person.get_full_name(),
        "words": words,
        "act": term.act_reference,
        "declaration": badge,
        "replace_url": address("term_replace", term.pk) if is_secretary else "",
        "end_url": address("term_end", term.pk) if is_secretary and term.ended_on is None else "",
    }


def _crumbs() -> list[Link]:
    return [Link("Commission", address("session_list")), Link("Membres", address("member_list"))]


def _require_secretary(request: SignedInRequest) -> None:
    if not can_run(request.user):
        raise PermissionDenied("members")


@require_http_methods(["GET", "POST"])
@login_required
def term_create(request: SignedInRequest, pk: int) -> HttpResponse:
    """Somebody for a vacant seat, or a representative for an ex officio one."""
    _require_secretary(request)
    seat = get_object_or_404(Seat, pk=pk)
    form = AppointForm(posted(request), seat=seat, initial={"capacity": Capacity.TITULAR})
    return run_step(
        request,
        form=form,
        service=lambda: appoint(
            seat_id=pk,
            person=form.cleaned_data["person"],
            capacity=form.cleaned_data.get("capacity") or Capacity.TITULAR,
            started_on=form.cleaned_data["started_on"],
            ends_on=form.cleaned_data["ends_on"],
            act_reference=form.cleaned_data["act_reference"],
            actor=request.user,
        ),
        title="Nommer un membre",
        button="Nommer",
        done="Le mandat est enregistré.",
        items=[Item("Siège", seat.title), Item("Désignation", seat.designated_by)],
        back=address("member_list"),
        crumbs=_crumbs(),
    )


@require_http_methods(["GET", "POST"])
@login_required
def term_replace(request: SignedInRequest, pk: int) -> HttpResponse:
    """Somebody serves what remains of a term (A-27)."""
    _require_secretary(request)
    term = get_object_or_404(Term.objects.select_related("seat", "person"), pk=pk)
    form = ReplaceForm(posted(request), seat=term.seat)
    return run_step(
        request,
        form=form,
        service=lambda: replace(term_id=pk, actor=request.user, **form.cleaned_data),
        title=f"Remplacer {term.person.get_full_name()}",
        button="Remplacer",
        done="Le remplacement est enregistré.",
        text="Le remplaçant siège pour la durée qui reste.",
        items=[Item("Siège", term.seat.title), Item("Mandat jusqu’au", format_date(term.ends_on))],
        back=address("member_list"),
        crumbs=_crumbs(),
    )


@require_http_methods(["GET", "POST"])
@login_required
def term_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End a term before its time."""
    _require_secretary(request)
    term = get_object_or_404(Term.objects.select_related("seat", "person"), pk=pk)
    form = EndForm(posted(request))
    return run_step(
        request,
        form=form,
        service=lambda: end_term(term_id=pk, actor=request.user, **form.cleaned_data),
        title=f"Mettre fin au mandat de {term.person.get_full_name()}",
        button="Mettre fin au mandat",
        done="La fin du mandat est enregistrée.",
        text="Le siège est vacant le lendemain. Il reste compté dans le dénominateur du quorum.",
        items=[Item("Siège", term.seat.title), Item("Mandat jusqu’au", format_date(term.ends_on))],
        back=address("member_list"),
        crumbs=_crumbs(),
    )
