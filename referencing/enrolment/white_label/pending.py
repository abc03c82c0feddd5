"""« Accepter » and « Refuser » beside the notification of a demand that waits (SC-21, BR-192)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.urls import Resolver404, resolve, reverse

from convergence.ui.values import Link
from referencing.enrolment import rules
from referencing.enrolment.enums import AttachmentState
from referencing.enrolment.models import AttachmentRequest

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from convergence.notifications.models import Notification


def offer_answers(person: AbstractBaseUser, rows: Sequence[Notification]) -> dict[int, Sequence[Link]]:
    """Both buttons for who may answer, as long as the demand waits; one query for the page."""
    user = cast("User", person)
    named = {row.pk: key for row in rows if (key := _demand_of(row.link))}
    waiting = {
        request.pk: request
        for request in AttachmentRequest.objects.visible_to(user)
        .filter(pk__in=named.values(), state=AttachmentState.PENDING)
        .select_related("pre_listing__enrolment__product")
        if rules.can_answer_attachment(user, request)
    }
    return {pk: answers_to(waiting[key]) for pk, key in named.items() if key in waiting}


def answers_to(request: AttachmentRequest) -> list[Link]:
    """« Accepter », which asks once more, and « Refuser », which asks for the reason."""
    return [
        Link("Accepter", reverse("enrolment:attachment_accept", args=[request.pk])),
        Link("Refuser", reverse("enrolment:attachment_refuse", args=[request.pk])),
    ]


def _demand_of(link: str) -> UUID | None:
    try:
        match = resolve(link)
    except Resolver404:
        return None
    return match.kwargs["pk"] if match.view_name == "enrolment:attachment_detail" else None
