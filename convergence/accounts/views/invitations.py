"""Inviting by mail, and answering an invitation."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from convergence.accounts import rules, services
from convergence.accounts.enums import MembershipType
from convergence.accounts.forms import InvitationForm
from convergence.accounts.models import Invitation, Organisation, User
from convergence.accounts.organisations import choose_organisation
from convergence.kernel.errors import TransitionRefused


@require_http_methods(["GET", "POST"])
@login_required
def invitation_create(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Invite a colleague; a salarié cannot (BR-220)."""
    user = cast(User, request.user)
    organisation = get_object_or_404(Organisation.objects.visible_to(user), pk=organisation_id)
    if not rules.can_manage_accounts(user, organisation):
        raise PermissionDenied("accounts")
    form = InvitationForm(request.POST if request.method == "POST" else None, initial={"type": MembershipType.SALARIE})
    if request.method == "POST" and form.is_valid():
        try:
            services.invite(
                organisation_id=organisation.pk,
                actor=user,
                email=form.cleaned_data["email"],
                type=MembershipType(form.cleaned_data["type"]),
                is_validator=form.cleaned_data["is_validator"],
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, f"L’invitation est partie à {form.cleaned_data['email']}. Elle vaut sept jours.")
            return redirect("accounts:member_list", organisation.pk)
    context = {
        "form": form,
        "title": "Inviter une personne",
        "text": "Elle recevra un lien pour rejoindre la structure, avec ou sans compte.",
        "button": "Envoyer l’invitation",
        "other": None,
        "organisation": organisation,
        "back_url": reverse("accounts:member_list", args=[organisation.pk]),
    }
    return render(request, "accounts/member_form.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def invitation_resend(request: HttpRequest, organisation_id: UUID, invitation_id: UUID) -> HttpResponse:
    try:
        invitation = services.resend_invitation(invitation_id=invitation_id, actor=cast(User, request.user))
    except Invitation.DoesNotExist as error:
        raise Http404 from error
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Un nouveau lien est parti à {invitation.email}. L’ancien ne marche plus.")
    return redirect("accounts:member_list", organisation_id)


@require_POST
@login_required
def invitation_revoke(request: HttpRequest, organisation_id: UUID, invitation_id: UUID) -> HttpResponse:
    try:
        invitation = services.revoke_invitation(invitation_id=invitation_id, actor=cast(User, request.user))
    except Invitation.DoesNotExist as error:
        raise Http404 from error
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"L’invitation de {invitation.email} est annulée.")
    return redirect("accounts:member_list", organisation_id)


@require_POST
@login_required
def invitation_accept(request: HttpRequest, organisation_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Accept from inside: an invitation sent to one's own confirmed address."""
    user = cast(User, request.user)
    invitation = get_object_or_404(
        Invitation.objects.filter(email=user.email, organisation=organisation_id), pk=invitation_id
    )
    return _accept(request, invitation)


@require_http_methods(["GET", "POST"])
def invitation_detail(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: says who invites and where, then lets one accept, log in or sign up."""
    user = cast(User, request.user)
    invitation = services.find_invitation(token=token)
    if invitation is None:
        return render(request, "accounts/invitation_unknown.html", status=404)
    blocker = services.invitation_blocker(invitation, actor=user if user.is_authenticated else None)
    if request.method == "POST" and user.is_authenticated and blocker is None:
        return _accept(request, invitation)
    here = reverse("accounts:invitation_detail", args=[token])
    if not user.is_authenticated and blocker is None:
        # Opening the link proves the mailbox: signing up with this address needs no second confirmation.
        get_adapter().stash_verified_email(request, invitation.email)
        request.session["invitation_id"] = str(invitation.pk)
    context = {
        "invitation": invitation,
        "blocker": blocker,
        "has_account": User.objects.filter(email=invitation.email).exists(),
        "is_authenticated": user.is_authenticated,
        "login_url": f"{reverse('account_login')}?{urlencode({'next': here})}",
        "signup_url": reverse("account_signup"),
    }
    status = 200 if blocker is None else (410 if blocker.code in ("accepted", "revoked", "expired") else 403)
    return render(request, "accounts/invitation_detail.html", context, status=status)


def _accept(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    try:
        membership = services.accept_invitation(invitation_id=invitation.pk, actor=cast(User, request.user))
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:organisation_list")
    choose_organisation(request, membership.organisation_id)
    messages.success(request, f"Vous faites maintenant partie de {membership.organisation}.")
    return redirect("/")
