"""One's own account: name, address, password, second factor, organisations."""

from __future__ import annotations

from typing import cast

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from convergence.accounts import services
from convergence.accounts.access import SECOND_FACTORS
from convergence.accounts.enums import Role, Theme
from convergence.accounts.forms import NameForm
from convergence.accounts.models import User
from convergence.ui.values import Badge, Item


@require_http_methods(["GET", "POST"])
@login_required
def account_detail(request: HttpRequest) -> HttpResponse:
    """« Votre compte »; posting changes the name."""
    user = cast(User, request.user)
    typed = {"first_name": user.first_name, "last_name": user.last_name}
    form = NameForm(request.POST if request.method == "POST" else None, initial=typed)
    if request.method == "POST" and form.is_valid():
        services.rename(
            actor=user, first_name=form.cleaned_data["first_name"], last_name=form.cleaned_data["last_name"]
        )
        messages.success(request, "Votre nom est enregistré.")
        return redirect("accounts:account_detail")
    protected = Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists()
    factor = Badge("Activée", "success") if protected else Badge("Non activée", "warning")
    password_url = "account_change_password" if user.has_usable_password() else "account_set_password"
    items = [
        Item("Adresse e-mail", user.email, reverse("account_email")),
        Item("Mot de passe", "••••••••" if user.has_usable_password() else "", reverse(password_url)),
        Item("Double authentification", factor, reverse("mfa_index")),
    ]
    if user.access.is_agent:
        roles = [Role(role).label for role in sorted(user.access.roles)]
        themes = [Theme(theme).label for theme in sorted(user.access.themes)]
        items.append(Item("Rôles", [*roles, *themes]))
    memberships = [
        Item(membership.organisation.name, membership.get_type_display())
        for membership in user.access.memberships.values()
    ]
    context = {"form": form, "items": items, "memberships": memberships}
    return render(request, "accounts/account_detail.html", context, status=422 if form.errors else 200)
