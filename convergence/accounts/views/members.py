"""Members of an organisation, and requests to join it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts import rules, services
from convergence.accounts.enums import MembershipState, MembershipType
from convergence.accounts.forms import MemberForm, RefusalForm
from convergence.accounts.models import Membership, Organisation, User
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Action, Badge, Link
from convergence.ui.views import render_confirmation


@require_GET
@login_required
def member_list(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """« Membres »: everybody of the organisation sees who belongs; managers see requests and invitations too."""
    user = cast(User, request.user)
    organisation = get_object_or_404(Organisation.objects.visible_to(user), pk=organisation_id)
    can_manage = rules.can_manage_accounts(user, organisation)
    members = organisation.memberships.active().select_related("user").order_by("user__last_name", "pk")
    context: dict[str, Any] = {
        "organisation": organisation,
        "identifier": organisation.identifier_label,
        "badge": Badge("Vérifiée", "success") if organisation.is_verified else Badge("Non vérifiée", "info"),
        "can_manage": can_manage,
        "is_member": user.access.is_member(organisation.pk),
        "columns": ["Personne", "Adresse e-mail", "Type de compte", "Droit de valider", "Depuis"],
        "rows": [_member_row(member, can_manage=can_manage) for member in members],
        "requests": [],
        "invitations": [],
    }
    if can_manage:
        context["columns"] = [*context["columns"], "Actions"]
        context["requests"] = [
            {
                "name": asked.user.get_full_name(),
                "email": asked.user.email,
                "at": asked.requested_at,
                "accept_url": _url("request_accept", asked),
                "refuse_url": _url("request_refuse", asked),
            }
            for asked in organisation.memberships.requested().select_related("user").order_by("requested_at", "pk")
        ]
        context["invitations"] = [
            _invitation_line(invitation)
            for invitation in organisation.invitations.pending().order_by("created_at", "pk")
        ]
    return render(request, "accounts/member_list.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def member_update(request: HttpRequest, organisation_id: UUID, membership_id: int) -> HttpResponse:
    """Change the type of account and the right to validate."""
    membership = _managed(request, organisation_id, membership_id, MembershipState.ACTIVE)
    form = MemberForm(
        request.POST if request.method == "POST" else None,
        initial={"type": membership.type, "is_validator": membership.is_validator},
    )
    return _handle_form(
        request,
        membership,
        form,
        lambda: services.change_member(
            membership_id=membership.pk,
            actor=cast(User, request.user),
            type=MembershipType(form.cleaned_data["type"]),
            is_validator=form.cleaned_data["is_validator"],
        ),
        title=f"Modifier le compte de {membership.user}",
        text=membership.user.email,
        button="Enregistrer",
        done="Le compte est modifié.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def request_accept(request: HttpRequest, organisation_id: UUID, membership_id: int) -> HttpResponse:
    """Let a person in, with a type of account."""
    membership = _managed(request, organisation_id, membership_id, MembershipState.REQUESTED)
    form = MemberForm(request.POST if request.method == "POST" else None, initial={"type": MembershipType.SALARIE})
    return _handle_form(
        request,
        membership,
        form,
        lambda: services.accept_request(
            membership_id=membership.pk,
            actor=cast(User, request.user),
            type=MembershipType(form.cleaned_data["type"]),
            is_validator=form.cleaned_data["is_validator"],
        ),
        title=f"Accepter la demande de {membership.user}",
        text=f"{membership.user} ({membership.user.email}) pourra travailler sur les produits de "
        f"{membership.organisation}.",
        button="Accepter la demande",
        done=f"{membership.user} fait maintenant partie de la structure.",
        other=Link("Refuser la demande", _url("request_refuse", membership)),
    )


@require_http_methods(["GET", "POST"])
@login_required
def request_refuse(request: HttpRequest, organisation_id: UUID, membership_id: int) -> HttpResponse:
    """Refuse, with a reason."""
    membership = _managed(request, organisation_id, membership_id, MembershipState.REQUESTED)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    return _handle_form(
        request,
        membership,
        form,
        lambda: services.refuse_request(
            membership_id=membership.pk, actor=cast(User, request.user), reason=form.cleaned_data["reason"]
        ),
        title=f"Refuser la demande de {membership.user}",
        text=f"{membership.user} ({membership.user.email}) recevra ce motif par e-mail.",
        button="Refuser la demande",
        done="La demande est refusée.",
        other=Link("Accepter la demande", _url("request_accept", membership)),
    )


@require_http_methods(["GET", "POST"])
@login_required
def member_remove(request: HttpRequest, organisation_id: UUID, membership_id: int) -> HttpResponse:
    """Ask, then end the membership."""
    membership = _managed(request, organisation_id, membership_id, MembershipState.ACTIVE)
    action = Action(
        "Retirer de la structure",
        _url("member_remove", membership),
        confirm_title=f"Retirer {membership.user}",
        confirm_text=f"{membership.user} n’aura plus accès aux produits de {membership.organisation}. "
        "Son travail est conservé.",
    )
    if request.method == "GET":
        return render_confirmation(request, action, cancel_url=_members_url(membership.organisation_id))
    try:
        services.remove_member(membership_id=membership.pk, actor=cast(User, request.user))
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{membership.user} ne fait plus partie de la structure.")
    return redirect(_after(request, membership.organisation_id))


@require_http_methods(["GET", "POST"])
@login_required
def organisation_leave(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Ask, then leave; the last manager names somebody else first (BR-221)."""
    user = cast(User, request.user)
    membership = get_object_or_404(
        Membership.objects.active().select_related("organisation"), user=user, organisation=organisation_id
    )
    action = Action(
        "Quitter la structure",
        reverse("accounts:organisation_leave", args=[organisation_id]),
        confirm_title=f"Quitter {membership.organisation}",
        confirm_text=f"Vous n’aurez plus accès aux produits de {membership.organisation}. Votre travail est conservé.",
    )
    if request.method == "GET":
        return render_confirmation(request, action, cancel_url=_members_url(organisation_id))
    try:
        services.leave(organisation_id=organisation_id, actor=user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Vous ne faites plus partie de {membership.organisation}.")
    return redirect(_after(request, organisation_id))


def _managed(request: HttpRequest, organisation_id: UUID, membership_id: int, state: MembershipState) -> Membership:
    """A membership of an organisation whose accounts the person manages; 404 to strangers, 403 to salariés."""
    user = cast(User, request.user)
    organisation = get_object_or_404(Organisation.objects.visible_to(user), pk=organisation_id)
    if not rules.can_manage_accounts(user, organisation):
        raise PermissionDenied("accounts")
    memberships = Membership.objects.select_related("user", "organisation")
    return get_object_or_404(memberships, pk=membership_id, organisation=organisation, state=state)


def _handle_form(
    request: HttpRequest,
    membership: Membership,
    form: Any,
    act: Callable[[], object],
    *,
    title: str,
    text: str,
    button: str,
    done: str,
    other: Link | None = None,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            act()
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, done)
            return redirect(_after(request, membership.organisation_id))
    context = {
        "form": form,
        "title": title,
        "text": text,
        "button": button,
        "other": other,
        "organisation": membership.organisation,
        "back_url": _members_url(membership.organisation_id),
    }
    return render(request, "accounts/member_form.html", context, status=422 if form.errors else 200)


def _member_row(member: Membership, *, can_manage: bool) -> list[Any]:
    is_contributor = member.type == MembershipType.SALARIE
    cells: list[Any] = [
        member.user.get_full_name(),
        member.user.email,
        member.get_type_display(),
        "Oui" if member.is_validator or not is_contributor else "Non",
        member.started_at,
    ]
    if can_manage:
        cells.append(
            [
                Link(f"Modifier {member.user}", _url("member_update", member)),
                Link(f"Retirer {member.user}", _url("member_remove", member)),
            ]
        )
    return cells


def _invitation_line(invitation: Any) -> dict[str, Any]:
    expired = invitation.has_expired(at=timezone.now())
    arguments = [invitation.organisation_id, invitation.pk]
    return {
        "email": invitation.email,
        "type": invitation.get_type_display(),
        "expires_at": invitation.expires_at,
        "badge": Badge("Expirée", "warning") if expired else Badge("En attente", "info"),
        "actions": [
            Action(
                f"Renvoyer à {invitation.email}",
                reverse("accounts:invitation_resend", args=arguments),
                style="tertiary",
            ),
            Action(
                f"Annuler l’invitation de {invitation.email}",
                reverse("accounts:invitation_revoke", args=arguments),
                style="tertiary",
            ),
        ],
    }


def _url(name: str, membership: Membership) -> str:
    return reverse(f"accounts:{name}", args=[membership.organisation_id, membership.pk])


def _members_url(organisation_id: UUID) -> str:
    return reverse("accounts:member_list", args=[organisation_id])


def _after(request: HttpRequest, organisation_id: UUID) -> str:
    """The members' page, unless the person has just lost access to it."""
    user = cast(User, request.user)
    if user.access.is_member(organisation_id) or user.access.is_agent:
        return _members_url(organisation_id)
    return reverse("accounts:organisation_list")
