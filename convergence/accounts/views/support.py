"""The support's desk: find a person, say why, look."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts import support
from convergence.accounts.enums import Role
from convergence.accounts.forms import SupportForm
from convergence.accounts.models import User
from convergence.database.search import search
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Row

LIMIT = 50


@require_GET
@login_required
def support_list(request: HttpRequest) -> HttpResponse:
    """People by name or address; nobody is listed before a search."""
    _refuse_others(request)
    text = request.GET.get("q", "").strip()
    people = User.objects.filter(is_active=True, role_assignments=None)
    found = search(people, text, "first_name", "last_name", "email").order_by("email")[:LIMIT] if text else []
    rows = [
        Row(cells=[person.email, person.get_full_name()], url=reverse("accounts:support_start", args=[person.pk]))
        for person in found
    ]
    return render(
        request, "accounts/support_list.html", {"text": text, "rows": rows, "columns": ["Adresse e-mail", "Nom"]}
    )


@require_http_methods(["GET", "POST"])
@login_required
def support_start(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Say why, then see what the person sees."""
    _refuse_others(request)
    person = get_object_or_404(User.objects.filter(is_active=True, role_assignments=None), pk=person_id)
    form = SupportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            support.start(request=request, person_id=person.pk, reason=form.cleaned_data["reason"])
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            return redirect("/")
    context = {"form": form, "person": person}
    return render(request, "accounts/support_start.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def support_stop(request: HttpRequest) -> HttpResponse:
    support.stop(request=request)
    messages.success(request, "Vous êtes de nouveau sur votre compte.")
    return redirect("accounts:support_list" if hasattr(request, "support_agent") else "/")


def _refuse_others(request: HttpRequest) -> None:
    if not cast(User, request.user).access.has(Role.SUPPORT):
        raise PermissionDenied("support")
