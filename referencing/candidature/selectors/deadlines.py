"""The days that concern one person, as plain values: for a calendar, a list, a mail (A-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from convergence.accounts.enums import Role
from referencing.candidature.enums import Holder, NonConformityState, RequestState
from referencing.candidature.models import Candidature, ClockStop, ComplementRequest, NonConformity, ThemeReview
from referencing.candidature.services.clocks import legal_clock
from referencing.candidature.wording import effect_of_silence

if TYPE_CHECKING:
    from convergence.accounts.models import User


@dataclass(frozen=True, slots=True)
class Deadline:
    """One day. `key` is stable from one reading to the next; `url` is a path of this site; texts are French."""

    key: str
    day: date
    title: str
    description: str
    url: str
    candidature_id: UUID | None = None


#: Days that stages above know: a session of the commission…
_sources: list[Callable[[User], Iterable[Deadline]]] = []


def add_source(source: Callable[[User], Iterable[Deadline]]) -> None:
    """Have `source(user)` asked each time that somebody’s days are listed. Registered in `AppConfig.ready`, once."""
    if source not in _sources:
        _sources.append(source)


def list_deadlines(user: User) -> list[Deadline]:
    """What the person must do, or follow, by a day, soonest first; a fixed number of queries.

    An editor’s people find what was asked of their organisation. Agents find the files whose ball they hold; a référent
    also the answers expected from editors and the legal days, which stay apart from internal ones.
    """
    deadlines = [*_asked_of_editor(user)]
    if user.access.is_agent:
        deadlines += _followed_by_agent(user)
        deadlines += _legal_days(user)
    for source in _sources:
        deadlines += source(user)
    return sorted(deadlines, key=lambda each: (each.day, each.title, each.key))


def _asked_of_editor(user: User) -> Iterator[Deadline]:
    organisations = user.access.organisation_ids
    if not organisations:
        return
    files = Candidature.objects.open().filter(enrolment__product__organisation__in=organisations)
    requests = ComplementRequest.objects.filter(candidature__in=files, state=RequestState.OPEN)
    gaps = NonConformity.objects.filter(
        candidature__in=files, state=NonConformityState.OPEN, closed_at__isnull=True, due_on__isnull=False
    )
    for rows, words in ((requests, "Répondre à la demande"), (gaps, "Répondre à la non-conformité")):
        for child in rows.select_related("candidature__enrolment__product"):
            yield _deadline(
                child.candidature,
                key=f"{child._meta.model_name}-{child.pk}",
                day=child.due_on,
                what=f"{words} n° {child.number}",
                description="Dernier jour pour répondre.",
            )


def _followed_by_agent(user: User) -> Iterator[Deadline]:
    mine = Q(referent=user)
    if user.access.has(Role.EXPERT):
        reviews = ThemeReview.objects.filter(candidature=OuterRef("pk"), expert=user, concluded_at__isnull=True)
        mine |= Q(Exists(reviews), waiting_for=Holder.EXPERTS)
    if user.access.has(Role.TESTS, Role.TESTS_LEAD):
        mine |= Q(waiting_for=Holder.TESTS)
    for candidature in _files(user).filter(mine, due_on__isnull=False):
        if candidature.waiting_for == Holder.EDITOR:
            what, description = "Réponse attendue de l’éditeur", "Dernier jour donné à l’éditeur."
        elif candidature.waiting_for == Holder.PRODUCER:
            what, description = "Réponse attendue de l’éditeur producteur", "Dernier jour donné à l’éditeur producteur."
        else:
            what, description = "Échéance interne", "Le délai interne de cette phase prend fin."
        yield _deadline(
            candidature, key=f"candidature-{candidature.pk}", day=candidature.due_on, what=what, description=description
        )


def _legal_days(user: User) -> Iterator[Deadline]:
    files = list(_files(user).filter(referent=user, enrolment__demarche__settings__silence__days__gt=0))
    stops: dict[UUID, list[ClockStop]] = {candidature.pk: [] for candidature in files}
    for stop in ClockStop.objects.filter(candidature__in=list(stops)).order_by("started_at", "pk"):
        stops[stop.candidature_id].append(stop)
    for candidature in files:
        clock = legal_clock(candidature, stops[candidature.pk])
        if clock is not None and clock.due_on is not None:
            effect = effect_of_silence(candidature.enrolment.demarche.settings["silence"])
            yield _deadline(
                candidature,
                key=f"silence-{candidature.pk}",
                day=clock.due_on,
                what="Fin du délai légal",
                description=f"Sans décision ce jour-là, {effect}.",
            )


def _files(user: User) -> QuerySet[Candidature]:
    return (
        Candidature.objects.visible_to(user)
        .open()
        .select_related("enrolment__product__organisation", "enrolment__demarche")
    )


def _deadline(candidature: Candidature, *, key: str, day: date | None, what: str, description: str) -> Deadline:
    if day is None:
        raise ValueError("a deadline has a day")
    return Deadline(
        key=key,
        day=day,
        title=f"{what} – {candidature.enrolment.label}",
        description=description,
        url=reverse("candidature:candidature_detail", args=[candidature.pk]),
        candidature_id=candidature.pk,
    )
