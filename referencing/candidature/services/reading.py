"""What a person has read, and how they like the queue to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from referencing.candidature.models import Candidature, QueueHabit, QueueView, Reading

if TYPE_CHECKING:
    from convergence.accounts.models import User


def mark_read(*, candidature: Candidature, person: User) -> None:
    """What happened on the file until now is read by the person. One statement; called when a page of the file opens."""
    Reading.objects.bulk_create(
        [Reading(user=person, candidature=candidature, read_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["user", "candidature"],
        update_fields=["read_at"],
    )


def mark_all_read(*, person: User) -> None:
    """What happened on every file until now is read; what comes next is not."""
    QueueHabit.objects.update_or_create(person=person, defaults={"read_before": timezone.now()})


@transaction.atomic
def save_view(
    *, view: QueueView | None, person: User, name: str, query: str, is_shared: bool, is_default: bool
) -> QueueView:
    """Make a view of one’s own, or change it; a view of somebody else can only become the one on which the queue opens."""
    if view is None:
        view = QueueView.objects.create(owner=person, name=name, query=query, is_shared=is_shared)
    elif view.owner_id == person.pk:
        view.name, view.query, view.is_shared = name, query, is_shared
        view.save(update_fields=["name", "query", "is_shared"])
    habit, _ = QueueHabit.objects.get_or_create(person=person)
    if is_default or habit.default_view_id == view.pk:
        habit.default_view = view if is_default else None
        habit.save(update_fields=["default_view"])
    return view


def delete_view(*, view: QueueView, person: User) -> None:
    """Raises QueueView.DoesNotExist unless the view is one’s own. Whoever opened the queue on it gets the usual one."""
    QueueView.objects.get(pk=view.pk, owner=person).delete()
