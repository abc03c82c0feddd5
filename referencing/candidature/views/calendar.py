"""Deadlines in one’s own calendar program: a secret address, read without logging in, revocable."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.enums import Role
from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Action
from referencing.candidature.core.calendar import DayEvent, write_calendar
from referencing.candidature.models import CalendarFeed
from referencing.candidature.selectors.deadlines import list_deadlines
from referencing.candidature.services.calendar import close_feed, find_feed, open_feed, write_token


@require_http_methods(["GET", "POST"])
@login_required
def calendar_detail(request: SignedInRequest) -> HttpResponse:
    """One’s next deadlines, the address to subscribe to, and the two ways to make it stop working."""
    page = reverse("candidature:calendar_detail")
    if request.method == "POST":
        if request.POST.get("action") == "close":
            close_feed(person=request.user)
            messages.success(request, "L’adresse est révoquée : elle ne donne plus rien.")
        else:
            open_feed(person=request.user)
            messages.success(request, "Votre adresse de calendrier est prête.")
        return redirect(page)
    feed = CalendarFeed.objects.filter(person=request.user).first()
    deadlines = list_deadlines(request.user)
    return render(
        request,
        "candidature/calendar_detail.html",
        {
            "feed_url": f"{settings.SITE_URL}{reverse('candidature:calendar_feed', args=[write_token(feed)])}"
            if feed
            else "",
            "since": feed.created_at if feed else None,
            "actions": _actions(page, is_open=feed is not None),
            "deadlines": deadlines,
            "today": timezone.localdate(),
            "has_queue": request.user.access.has(
                Role.LISTING_TEAM, Role.EXPERT, Role.TESTS, Role.TESTS_LEAD, Role.SUPPORT
            ),
        },
    )


def _actions(page: str, *, is_open: bool) -> list[Action]:
    if not is_open:
        return [Action("Créer mon adresse de calendrier", page, hidden={"action": "open"}, key="open")]
    return [
        Action("Changer d’adresse", page, style="secondary", hidden={"action": "open"}, key="open"),
        Action("Révoquer l’adresse", page, style="tertiary", hidden={"action": "close"}, key="close"),
    ]


@require_GET
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """What a calendar program reads; the address itself is the key, and shows what its owner may see today."""
    feed = find_feed(token)
    if feed is None:
        raise Http404("calendar")
    events = [
        DayEvent(
            uid=f"{deadline.key}@{settings.SITE_URL.partition('//')[2].partition('/')[0]}",
            day=deadline.day,
            title=deadline.title,
            text=deadline.description,
            url=f"{settings.SITE_URL}{deadline.url}",
        )
        for deadline in list_deadlines(feed.person)
    ]
    name = f"{settings.CONVERGENCE['BRAND_NAME']} – échéances"
    return HttpResponse(
        write_calendar(events, name=name, at=timezone.now()),
        headers={
            "Content-Type": "text/calendar; charset=utf-8",
            "Content-Disposition": 'inline; filename="echeances.ics"',
            "Referrer-Policy": "no-referrer",
        },
    )
