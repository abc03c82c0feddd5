from __future__ import annotations

from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q

from convergence.accounts.enums import Role
from convergence.interests.selectors import conflicting_organisations
from referencing.commission.enums import ANNOUNCED_STATES, STANDING_RESERVATIONS, PointOutcome

if TYPE_CHECKING:
    from convergence.accounts.models import User


class CommissionSessionQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> CommissionSessionQuerySet:
        """The secretary sees every session; presidents and members those that were announced to them."""
        if user.access.has(Role.SECRETARY):
            return self
        if user.access.has(Role.PRESIDENT, Role.MEMBER):
            return self.filter(state__in=ANNOUNCED_STATES)
        return self.none()

    def with_point_count(self) -> CommissionSessionQuerySet:
        """`point_count`: places of the agenda, masked ones included, which every member counts alike."""
        return self.annotate(point_count=Count("points"))

    def locked(self) -> CommissionSessionQuerySet:
        return self.select_for_update(of=("self",))


def _covering(day: date, term: str = "") -> Q:
    """`term` leads to the term from the rows that are asked."""
    runs = Q(**{f"{term}started_on__lte": day, f"{term}ends_on__gte": day})
    return runs & (Q(**{f"{term}ended_on__isnull": True}) | Q(**{f"{term}ended_on__gte": day}))


class SeatQuerySet(models.QuerySet):
    def with_terms_on(self, *days: date) -> SeatQuerySet:
        """One row per seat and term that covers one of these days, titular first, with the term and its person as `term`;
        a vacant seat stands once, without it."""
        running = reduce(or_, (_covering(day, "terms__") for day in days))
        seats = self.annotate(term=FilteredRelation("terms", condition=running)).select_related("term__person")
        return seats.order_by("position", "-term__capacity", "term__started_on", "term__pk")


class TermQuerySet(models.QuerySet):
    def covering(self, day: date) -> TermQuerySet:
        """Running on that day, both ends included, unless ended before (BR-159, A-27)."""
        return self.filter(_covering(day))

    def not_past(self, day: date) -> TermQuerySet:
        """Running on that day, or to come."""
        return self.filter(ends_on__gte=day).filter(Q(ended_on__isnull=True) | Q(ended_on__gte=day))


class AgendaPointQuerySet(models.QuerySet):
    """What one person may know of an agenda.

    The single door to a file from the commission is `visible_to`; pages, mails, exports and counters all start there.
    Before it, `known_by_name_to` shows names only, on which people declare their links; a point that is in neither is
    « déport », its position and nothing else.
    """

    def visible_to(self, user: User) -> AgendaPointQuerySet:
        """Points whose file the person may know (BR-153, A-28).

        Of a session that they see, without any conflict; members and presidents must also have declared, on the names
        alone, that they have no link with the file.
        """
        points = self.known_by_name_to(user)
        return points if user.access.has(Role.SECRETARY) else points.declared_free_by(user)

    def known_by_name_to(self, user: User) -> AgendaPointQuerySet:
        """Points of which the person may read product and editor: of a session that they see, and without conflict."""
        if not user.access.has(Role.SECRETARY, Role.PRESIDENT, Role.MEMBER):
            return self.none()
        points = self.without_conflict_of(user)
        return points if user.access.has(Role.SECRETARY) else points.filter(session__state__in=ANNOUNCED_STATES)

    def declared_free_by(self, user: User) -> AgendaPointQuerySet:
        """The person answered « aucun lien » on the file."""
        from referencing.commission.models import Clearance

        return self.filter(Exists(Clearance.objects.filter(candidature=OuterRef("candidature"), person=user)))

    def without_conflict_of(self, user: User) -> AgendaPointQuerySet:
        """Neither declared on the file nor found by the platform: same organisation, declared interest."""
        from referencing.commission.models import Recusal

        recused = Recusal.objects.filter(candidature=OuterRef("candidature"), person=user)
        return self.exclude(candidature__enrolment__product__organisation__in=conflicting_organisations(user)).exclude(
            Exists(recused)
        )

    def with_knowledge_of(self, user: User) -> AgendaPointQuerySet:
        """Every point, with `is_known` and `is_readable`: whether the person may read its names, and its file. For
        selectors alone, which drop what is not known."""
        from referencing.commission.models import AgendaPoint

        points = AgendaPoint.objects.filter(pk=OuterRef("pk"))
        return self.annotate(
            is_known=Exists(points.known_by_name_to(user)), is_readable=Exists(points.visible_to(user))
        )

    def locked(self) -> AgendaPointQuerySet:
        return self.select_for_update(of=("self",))

    def pending(self) -> AgendaPointQuerySet:
        return self.filter(outcome=PointOutcome.PENDING)

    def in_order(self) -> AgendaPointQuerySet:
        return self.order_by("position", "pk")


class ConvocationQuerySet(models.QuerySet):
    def in_order(self) -> ConvocationQuerySet:
        return self.order_by("sent_at", "pk")

    def with_receipts(self) -> ConvocationQuerySet:
        """One row per convocation and receipt, in the order of the seats, with the receipt and its person as `receipt`."""
        rows = self.annotate(receipt=FilteredRelation("receipts")).select_related("receipt__person")
        return rows.order_by("sent_at", "pk", "receipt__seat__position", "receipt__pk")


class ConvocationReceiptQuerySet(models.QuerySet):
    def unread_by(self, person: User) -> ConvocationReceiptQuerySet:
        """Of convocations that the person has not consulted yet."""
        return self.filter(person=person, consulted_at__isnull=True)


class VoteQuerySet(models.QuerySet):
    def with_dissents(self) -> VoteQuerySet:
        """Rounds in order, one row per round and voice whose dissent is to be mentioned, with the ballot and its person as
        `dissent`; a round without any stands once."""
        noted = FilteredRelation("ballots", condition=Q(ballots__wants_dissent_noted=True))
        rows = self.annotate(dissent=noted).select_related("decided_by", "dissent__cast_by")
        return rows.order_by("round", "pk", "dissent__pk")


class OpinionQuerySet(models.QuerySet):
    def newest_first(self) -> OpinionQuerySet:
        return self.order_by("-given_at", "-pk")


class ReservationQuerySet(models.QuerySet):
    def standing(self) -> ReservationQuerySet:
        """Still to be lifted."""
        return self.filter(state__in=STANDING_RESERVATIONS)

    def suspensive(self) -> ReservationQuerySet:
        return self.filter(is_suspensive=True)

    def overdue(self, *, on: date) -> ReservationQuerySet:
        return self.standing().filter(due_on__lt=on)

    def locked(self) -> ReservationQuerySet:
        return self.select_for_update(of=("self",))

    def in_order(self) -> ReservationQuerySet:
        return self.order_by(F("due_on"), "number", "pk")

    def visible_to(self, user: User) -> ReservationQuerySet:
        """Of the files that the person sees, and of the points that a member may know."""
        from referencing.candidature.models import Candidature
        from referencing.commission.models import AgendaPoint

        files = Candidature.objects.visible_to(user).values("pk")
        points = AgendaPoint.objects.visible_to(user).values("candidature")
        return self.filter(Q(candidature__in=files) | Q(candidature__in=points))
