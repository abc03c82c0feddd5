"""Finding, creating, joining and choosing an organisation."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts import company_lookup, services
from convergence.accounts.enums import LegalForm
from convergence.accounts.forms import FindOrganisationForm, ForeignOrganisationForm, FrenchOrganisationForm
from convergence.accounts.models import Invitation, Membership, Organisation, User
from convergence.accounts.organisations import choose_organisation, current_organisation
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Action, Badge, Row


@require_GET
@login_required
def organisation_list(request: HttpRequest) -> HttpResponse:
    """« Vos structures », with what waits for an answer."""
    user = cast(User, request.user)
    current = current_organisation(request)
    rows = [
        Row(
            cells=[
                membership.organisation.name,
                membership.organisation.identifier_label,
                membership.get_type_display(),
                Badge("Structure affichée", "info") if membership.organisation == current else "",
            ],
            url=_members_url(membership.organisation),
        )
        for membership in user.access.memberships.values()
    ]
    context = {
        "columns": ["Structure", "Identifiant", "Votre type de compte", "Affichage"],
        "rows": rows,
        "actions": [
            Action(
                f"Travailler pour {membership.organisation.name}",
                reverse("accounts:organisation_choose", args=[membership.organisation_id]),
                style="tertiary",
            )
            for membership in user.access.memberships.values()
            if membership.organisation != current
        ],
        **_waiting(user),
    }
    return render(request, "accounts/organisation_list.html", context)


@require_GET
@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """What a person without organisation can do first: accept an invitation, join, or create."""
    user = cast(User, request.user)
    if user.access.memberships:
        return redirect("accounts:organisation_list")
    return render(request, "accounts/welcome.html", _waiting(user))


@require_POST
@login_required
def organisation_switch(request: HttpRequest) -> HttpResponse:
    """The list in the header: work for another of one's organisations."""
    try:
        organisation_id = UUID(request.POST.get("organisation", ""))
    except ValueError as error:
        raise Http404 from error
    return organisation_choose(request, organisation_id)


@require_POST
@login_required
def organisation_choose(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Work for one of one's own organisations until the end of the session."""
    membership = cast(User, request.user).access.memberships.get(organisation_id)
    if membership is None:
        raise Http404
    choose_organisation(request, organisation_id)
    messages.success(request, f"Vous travaillez maintenant pour {membership.organisation}.")
    return redirect("/")


@require_http_methods(["GET", "POST"])
@login_required
def organisation_create(request: HttpRequest) -> HttpResponse:
    """Create from a SIRET; the company lookup, when there is one, fills what is still empty."""
    if request.method == "GET":
        initial = {"siret": request.GET.get("siret", "")}
        return _creation_page(request, FrenchOrganisationForm(initial=initial))
    form = FrenchOrganisationForm(request.POST)
    if "lookup" in request.POST and company_lookup.is_enabled():
        return _fill_from_lookup(request, form)
    if not form.is_valid():
        return _creation_page(request, form, status=422)
    return _create(request, **form.cleaned_data)


@require_http_methods(["GET", "POST"])
@login_required
def organisation_create_foreign(request: HttpRequest) -> HttpResponse:
    """Create from a country and a register number (A-06)."""
    if request.method == "GET":
        initial = {name: request.GET.get(name, "") for name in ("country", "register_number")}
        return _creation_page(request, ForeignOrganisationForm(initial=initial), is_foreign=True)
    form = ForeignOrganisationForm(request.POST)
    if not form.is_valid():
        return _creation_page(request, form, is_foreign=True, status=422)
    return _create(request, legal_form=LegalForm.FOREIGN, **form.cleaned_data)


@require_http_methods(["GET", "POST"])
@login_required
def organisation_find(request: HttpRequest) -> HttpResponse:
    """Find the organisation to join; an unknown one leads to its creation, prefilled."""
    form = FindOrganisationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        typed = {name: value for name, value in form.cleaned_data.items() if value}
        if form.cleaned_data["siret"]:
            typed = {"siret": form.cleaned_data["siret"]}
        found = services.find_organisation(**typed)
        if found is not None:
            return redirect("accounts:organisation_join", found.pk)
        messages.info(request, "Cette structure n’est pas encore inscrite : vous pouvez la créer.")
        name = "organisation_create" if "siret" in typed else "organisation_create_foreign"
        return redirect(f"{reverse(f'accounts:{name}')}?{urlencode(typed)}")
    return render(request, "accounts/organisation_find.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def organisation_join(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Ask the managers of a registered organisation (BR-222). Its name is public: whoever knows the SIRET reads it."""
    user = cast(User, request.user)
    organisation = get_object_or_404(Organisation, pk=organisation_id)
    if request.method == "POST":
        try:
            services.request_membership(organisation_id=organisation.pk, actor=user)
        except TransitionRefused as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, "Votre demande est envoyée. Vous recevrez la réponse par e-mail.")
        return redirect("accounts:organisation_list" if user.access.memberships else "accounts:welcome")
    context = {"organisation": organisation, "identifier": organisation.identifier_label}
    return render(request, "accounts/organisation_join.html", context)


def _create(request: HttpRequest, **fields: Any) -> HttpResponse:
    try:
        organisation = services.create_organisation(actor=cast(User, request.user), **fields)
    except services.OrganisationExists as exists:
        messages.info(request, f"{exists.organisation} est déjà inscrite : demandez à la rejoindre.")
        return redirect("accounts:organisation_join", exists.organisation.pk)
    choose_organisation(request, organisation.pk)
    messages.success(request, f"{organisation} est inscrite. Vous en êtes mandataire.")
    return redirect("/")


def _fill_from_lookup(request: HttpRequest, form: FrenchOrganisationForm) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in form.fields}
    form.is_valid()
    if "siret" in form.errors:
        return _creation_page(request, form, status=422)
    company = company_lookup.look_up(form.cleaned_data["siret"])
    if company is None:
        messages.info(request, "L’annuaire n’a pas répondu pour ce SIRET : complétez vous-même les champs.")
    else:
        found = {"name": company.name, "legal_form": company.legal_form, "address": company.address}
        typed |= {name: value for name, value in found.items() if value and not typed[name]}
    return _creation_page(request, FrenchOrganisationForm(initial=typed))


def _creation_page(request: HttpRequest, form: Any, *, is_foreign: bool = False, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "is_foreign": is_foreign,
        "can_look_up": company_lookup.is_enabled() and not is_foreign,
    }
    return render(request, "accounts/organisation_create.html", context, status=status)


def _waiting(user: User) -> dict[str, Any]:
    """Own requests without answer, and invitations that wait for one's address."""
    requests = Membership.objects.requested().filter(user=user).select_related("organisation").order_by("pk")
    invitations = (
        Invitation.objects.waiting_for(user, at=timezone.now())
        .exclude(organisation__in=user.access.organisation_ids)
        .select_related("organisation", "invited_by")
        .order_by("created_at", "pk")
    )
    return {
        "requests": [{"name": asked.organisation.name, "at": asked.requested_at} for asked in requests],
        "invitations": [
            {
                "name": invitation.organisation.name,
                "by": invitation.invited_by.get_full_name(),
                "type": invitation.get_type_display(),
                "action": Action(
                    f"Rejoindre {invitation.organisation}",
                    reverse("accounts:invitation_accept", args=[invitation.organisation_id, invitation.pk]),
                ),
            }
            for invitation in invitations
        ],
    }


def _members_url(organisation: Organisation) -> str:
    return reverse("accounts:member_list", args=[organisation.pk])
