"""« Vos notifications » (SC-21)."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from convergence.database.search import search
from convergence.notifications import services
from convergence.notifications.choices import find_choices
from convergence.notifications.models import Notification
from convergence.ui.values import FilterTag, Page

PAGE_SIZE = 25


@require_GET
@login_required
def notification_list(request: HttpRequest) -> HttpResponse:
    """Newest first, by key: `avant=<id>` goes on to older ones, `apres=<id>` back to newer ones."""
    text = request.GET.get("q", "").strip()
    mine = search(Notification.objects.visible_to(_person(request)), text, "sender", "product", "kind", "content")
    before, after = _key(request, "avant"), _key(request, "apres")
    if after:
        rows = list(mine.filter(pk__gt=after).order_by("pk")[: PAGE_SIZE + 1])
        has_newer, has_older = len(rows) > PAGE_SIZE, True
        rows = rows[:PAGE_SIZE][::-1]
    else:
        older = mine.filter(pk__lt=before) if before else mine
        rows = list(older.order_by("-pk")[: PAGE_SIZE + 1])
        has_newer, has_older = bool(before), len(rows) > PAGE_SIZE
        rows = rows[:PAGE_SIZE]
    choices = find_choices(_person(request), rows)
    context = {
        "text": text,
        "list_url": reverse("notifications:notification_list"),
        "tags": [FilterTag(f"« {text} »", reverse("notifications:notification_list"))] if text else [],
        "summary": "",
        "lines": [{**_line(row), "choices": choices.get(row.pk, ())} for row in rows],
        "unread": any(row.read_at is None for row in rows),
        "page": Page(
            previous_url=_page_url(text, "apres", rows[0].pk) if rows and has_newer else "",
            next_url=_page_url(text, "avant", rows[-1].pk) if rows and has_older else "",
        ),
    }
    return render(request, "notifications/notification_list.html", context)


@require_POST
@login_required
def notification_read(request: HttpRequest, notification_id: int) -> HttpResponse:
    """Mark one as read, then go where it leads."""
    try:
        notification = services.mark_read(notification_id=notification_id, person=_person(request))
    except Notification.DoesNotExist as error:
        raise Http404 from error
    return redirect(notification.link or reverse("notifications:notification_list"))


@require_POST
@login_required
def notification_read_all(request: HttpRequest) -> HttpResponse:
    if services.mark_all_read(person=_person(request)):
        messages.success(request, "Toutes vos notifications sont marquées comme lues.")
    return redirect("notifications:notification_list")


def _person(request: HttpRequest) -> AbstractBaseUser:
    return cast(AbstractBaseUser, request.user)


def _key(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None


def _page_url(text: str, name: str, key: int) -> str:
    query = urlencode(({"q": text} if text else {}) | {name: key})
    return f"{reverse('notifications:notification_list')}?{query}"


def _line(row: Notification) -> dict[str, Any]:
    return {
        "pk": row.pk,
        "sender": row.sender,
        "product": row.product,
        "kind": row.kind,
        "content": row.content,
        "created_at": row.created_at,
        "link": row.link,
        "is_read": row.read_at is not None,
        "read_url": reverse("notifications:notification_read", args=[row.pk]),
    }
