"""Who hears of a day that comes or has passed (BR-116, A-17). Run by beat; nobody hears twice of the same day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.selectors import without_conflict
from convergence.products.models import Demarche
from convergence.products.people import responsible_people
from referencing.candidature import deadline_notices, recovered_notices
from referencing.candidature.core.clock import Days, add_business_days, day_of, is_soon
from referencing.candidature.enums import Holder, NonConformityState, ReminderKind, RequestState
from referencing.candidature.models import (
    Candidature,
    ComplementRequest,
    DeadlineReminder,
    NonConformity,
    ProducerQuestion,
    ThemeReview,
)
from referencing.candidature.notices import listing_team
from referencing.candidature.services.clocks import legal_clock, list_stops
from referencing.candidature.services.journal import tell
from referencing.candidature.services.standing import load_standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Business days before a due day on which those who can still keep it are warned.
ALERT_BUSINESS_DAYS = 3
#: Calendar days before the effect of silence (A-17).
LEGAL_ALERT_DAYS = 15


def remind_deadlines(*, at: datetime) -> int:
    """Warn of days that come and remind of those that passed, each once. Returns how many were told of.

    One transaction per file: a failure in one keeps none of the others from being told.
    """
    return sum(
        _in_turn(keys, remind, at=at)
        for keys, remind in (
            (_files_to_remind_of(at=at), _remind_holder),
            (_files_with_late_editor(at=at), _remind_editor),
            (_files_with_late_producer(at=at), _remind_producer),
            (_files_near_silence(at=at), _warn_of_silence),
        )
    )


def _in_turn(keys: Iterable[UUID], remind: Callable[..., int], *, at: datetime) -> int:
    told = 0
    for key in keys:
        with transaction.atomic():
            candidature = (
                Candidature.objects.open()
                .locked()
                .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier", "referent")
                .filter(pk=key)
                .first()
            )
            if candidature is not None:
                told += remind(candidature, at=at)
    return told


def kind_for(due_on: date, *, today: date) -> ReminderKind | None:
    """What there is to say of a day: nothing yet, that it comes, that it has passed."""
    if due_on < today:
        return ReminderKind.PASSED
    return ReminderKind.SOON if is_soon(due_on, today=today, days=ALERT_BUSINESS_DAYS, unit=Days.BUSINESS) else None


def _is_news(candidature: Candidature, kind: ReminderKind, subject_id: UUID, due_on: date, *, at: datetime) -> bool:
    _, is_new = DeadlineReminder.objects.get_or_create(
        kind=kind, subject_id=subject_id, due_on=due_on, defaults={"candidature": candidature, "sent_at": at}
    )
    return is_new


def _reminded(kind: ReminderKind) -> Exists:
    return Exists(DeadlineReminder.objects.filter(kind=kind, subject_id=OuterRef("pk"), due_on=OuterRef("due_on")))


def _to_remind(*, today: date) -> Q:
    """Rows with a `due_on` that comes or has passed, and of which nobody was told."""
    horizon = add_business_days(today, ALERT_BUSINESS_DAYS)
    passed = Q(due_on__lt=today) & ~Q(_reminded(ReminderKind.PASSED))
    soon = Q(due_on__range=(today, horizon)) & ~Q(_reminded(ReminderKind.SOON))
    return passed | soon


# Agents: the internal day of the file


def _files_to_remind_of(*, at: datetime) -> list[UUID]:
    rows = Candidature.objects.open().exclude(
        waiting_for__in=[Holder.EDITOR, Holder.PRODUCER, Holder.COMMISSION, Holder.MINISTRY, Holder.NOBODY]
    )
    return list(rows.filter(_to_remind(today=day_of(at))).order_by("due_on", "pk").values_list("pk", flat=True))


def _remind_holder(candidature: Candidature, *, at: datetime) -> int:
    if candidature.due_on is None or candidature.waiting_for in (Holder.EDITOR, Holder.PRODUCER):
        return 0
    kind = kind_for(candidature.due_on, today=day_of(at))
    if kind is None or not _is_news(candidature, kind, candidature.pk, candidature.due_on, at=at):
        return 0
    deadline_notices.internal_day(
        candidature, find_holders(candidature), due_on=candidature.due_on, is_late=kind is ReminderKind.PASSED
    )
    return 1


def find_holders(candidature: Candidature) -> list[User]:
    """The agents who must act now: those who wait for somebody else hear nothing."""
    if candidature.waiting_for == Holder.EXPERTS:
        acting = [theme for theme, holder in load_standing(candidature).by_theme.items() if holder == Holder.EXPERTS]
        reviews = ThemeReview.objects.filter(candidature=candidature, theme__in=acting, expert__isnull=False)
        return list({review.expert for review in reviews.select_related("expert") if review.expert})
    if candidature.waiting_for == Holder.TESTS:
        return list(without_conflict(User.objects.with_role(Role.TESTS), candidature.enrolment.product.organisation))
    return [candidature.referent] if candidature.referent else list(listing_team(candidature))


# The editor: each request and each non-conformity has its own day


def _files_with_late_editor(*, at: datetime) -> list[UUID]:
    due = _to_remind(today=day_of(at))
    requests = ComplementRequest.objects.filter(due, state=RequestState.OPEN)
    gaps = NonConformity.objects.filter(due, state=NonConformityState.OPEN, closed_at__isnull=True)
    files = Candidature.objects.open().filter(
        Q(pk__in=requests.values("candidature")) | Q(pk__in=gaps.values("candidature"))
    )
    return list(files.order_by("pk").values_list("pk", flat=True))


def _remind_editor(candidature: Candidature, *, at: datetime) -> int:
    today, told = day_of(at), 0
    requests = ComplementRequest.objects.filter(candidature=candidature, state=RequestState.OPEN).order_by("number")
    gaps = NonConformity.objects.filter(
        candidature=candidature, state=NonConformityState.OPEN, closed_at__isnull=True, due_on__isnull=False
    ).order_by("number")
    children: list[ComplementRequest | NonConformity] = [*requests, *gaps]
    for child in children:
        due_on = child.due_on
        kind = kind_for(due_on, today=today) if due_on else None
        if due_on is None or kind is None or not _is_news(candidature, kind, child.pk, due_on, at=at):
            continue
        is_late = kind is ReminderKind.PASSED
        deadline_notices.editor_day(
            candidature,
            responsible_people(candidature.enrolment.product),
            what=str(child),
            due_on=due_on,
            is_late=is_late,
        )
        told += 1
        if not is_late:
            continue
        # A trace for both sides: the listing team may close the file only after such reminders.
        tell(
            candidature,
            "reminded",
            actor=None,
            subject=child,
            data={"what": str(child), "due_on": due_on.isoformat()},
        )
        if isinstance(child, ComplementRequest):
            ComplementRequest.objects.filter(pk=child.pk).update(reminded_at=at)
    return told


# The producer of a solution, about what was recovered from it: nobody else hears of its days


def _files_with_late_producer(*, at: datetime) -> list[UUID]:
    questions = ProducerQuestion.objects.filter(_to_remind(today=day_of(at))).waiting()
    files = Candidature.objects.open().filter(pk__in=questions.values("candidature"))
    return list(files.order_by("pk").values_list("pk", flat=True))


def _remind_producer(candidature: Candidature, *, at: datetime) -> int:
    today, told = day_of(at), 0
    questions = ProducerQuestion.objects.filter(candidature=candidature, due_on__isnull=False).waiting()
    for question in questions.select_related("pre_listing__enrolment__product__organisation").order_by("number"):
        due_on = question.due_on
        kind = kind_for(due_on, today=today) if due_on else None
        if due_on is None or kind is None or not _is_news(candidature, kind, question.pk, due_on, at=at):
            continue
        is_late = kind is ReminderKind.PASSED
        recovered_notices.day_comes(question, due_on=due_on, is_late=is_late)
        told += 1
        if is_late:
            tell(
                candidature,
                "producer_reminded",
                actor=None,
                internal=True,
                subject=question,
                criterion=question.criterion,
                data={"due_on": due_on.isoformat()},
            )
            ProducerQuestion.objects.filter(pk=question.pk).update(reminded_at=at)
    return told


# The law: silence has an effect, where the démarche says which


def _files_near_silence(*, at: datetime) -> list[UUID]:
    """Old enough for their delay to end soon, were it never stopped; the clock of each then says."""
    told = Exists(DeadlineReminder.objects.filter(kind=ReminderKind.LEGAL, subject_id=OuterRef("pk")))
    near = Q(pk__in=[])
    for demarche in Demarche.objects.filter(settings__silence__days__gt=0).order_by("pk"):
        age = timedelta(days=max(0, demarche.settings["silence"]["days"] - LEGAL_ALERT_DAYS))
        near |= Q(enrolment__demarche=demarche, applied_at__date__lte=day_of(at) - age)
    return list(Candidature.objects.open().filter(near).exclude(told).order_by("pk").values_list("pk", flat=True))


def _warn_of_silence(candidature: Candidature, *, at: datetime) -> int:
    clock = legal_clock(candidature, list_stops(candidature))
    due_on = clock.due_on if clock else None
    if due_on is None or not is_soon(due_on, today=day_of(at), days=LEGAL_ALERT_DAYS, unit=Days.CALENDAR):
        return 0
    if not _is_news(candidature, ReminderKind.LEGAL, candidature.pk, due_on, at=at):
        return 0
    people = [candidature.referent] if candidature.referent else list(listing_team(candidature))
    deadline_notices.silence_soon(candidature, people, due_on=due_on)
    return 1
