"""The demo's front desk: who one can be, with which password and which code."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from convergence.accounts import demo
from convergence.notifications.demo_views import demo_only


@require_GET
@demo_only
def demo_index(request: HttpRequest) -> HttpResponse:
    accounts = demo.list_accounts()
    context = {
        "password": demo.PASSWORD,
        "columns": ["Adresse e-mail", "Nom", "Qui", "Code à six chiffres"],
        "editor_columns": ["Adresse e-mail", "Nom", "Qui"],
        "agents": [[account.email, account.name, account.what, account.code] for account in accounts if account.code],
        "editors": [[account.email, account.name, account.what] for account in accounts if not account.code],
    }
    return render(request, "demo/demo_index.html", context)
