"""The demo's mailbox: every mail that would have left, for whoever walks the demo."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from convergence.notifications.models import DemoMail
from convergence.ui.values import FilterTag, Row

LIMIT = 100
_URL = re.compile(r"(https?://[^\s<>]+)")


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """404 unless the demo settings run, even where somebody mounted the address by mistake."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.CONVERGENCE["DEMO_MODE"]:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@demo_only
def mail_list(request: HttpRequest) -> HttpResponse:
    """The latest mails, newest first; `a=<address>` keeps those of one address."""
    address = request.GET.get("a", "").strip().lower()
    mails = DemoMail.objects.order_by("-pk")
    if address:
        mails = mails.filter(to__iexact=address)
    rows = []
    for mail in mails[:LIMIT]:
        url = reverse("demo_mails:mail_detail", args=[mail.pk])
        rows.append(Row(cells=[mail.subject, mail.to, mail.sent_at], url=url))
    context = {
        "rows": rows,
        "columns": ["Objet", "À", "Envoyé"],
        "address": address,
        "tags": [FilterTag(address, reverse("demo_mails:mail_list"))] if address else [],
    }
    return render(request, "demo/mail_list.html", context)


@require_GET
@demo_only
def mail_detail(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail as text, its links clickable; the HTML twin is shown as its source, never run."""
    mail = get_object_or_404(DemoMail, pk=mail_id)
    pieces = [{"text": piece, "is_link": bool(_URL.fullmatch(piece))} for piece in _URL.split(mail.text) if piece]
    return render(request, "demo/mail_detail.html", {"mail": mail, "pieces": pieces})
