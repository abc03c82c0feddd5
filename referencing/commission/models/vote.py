from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from convergence.audit.triggers import frozen
from referencing.commission.enums import Choice, OpinionKind
from referencing.commission.models.members import Seat
from referencing.commission.models.session import AgendaPoint
from referencing.commission.querysets import VoteQuerySet


def _only_while_open(name: str, operation: pgtrigger.Operation) -> pgtrigger.Trigger:
    """A voice enters, or leaves, only while its vote is open, whoever writes."""
    return pgtrigger.Trigger(
        name=name,
        operation=operation,
        when=pgtrigger.Before,
        func="""
            IF EXISTS (
                SELECT 1 FROM commission_vote
                WHERE id = COALESCE(NEW.vote_id, OLD.vote_id) AND closed_at IS NOT NULL
            ) THEN
                RAISE EXCEPTION 'pgtrigger: the vote is closed';
            END IF;
            RETURN COALESCE(NEW, OLD);
        """,
    )


class Vote(models.Model):
    """One round of voting on one point, limited to `options`.

    `result` stays empty once closed when no opinion had the majority: another round follows, or, when two opinions are
    level, whoever presides fills it in by a casting vote (`decided_by`, BR-155). `void_reason`: the round counts for nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    point = models.ForeignKey(AgendaPoint, on_delete=models.PROTECT, related_name="votes")
    round = models.PositiveSmallIntegerField("tour", default=1)
    is_secret = models.BooleanField("scrutin secret", default=False)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField("ouvert le")
    closed_at = models.DateTimeField("clos le", null=True, blank=True)
    options = models.JSONField("avis proposés", default=list)
    quorum = models.JSONField("quorum constaté", default=dict)
    tally = models.JSONField("décompte", default=dict)
    result = models.CharField("résultat", max_length=20, choices=OpinionKind.choices, blank=True)
    has_casting_vote = models.BooleanField("voix prépondérante", default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="départagé par",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    void_reason = models.TextField("motif d’annulation", blank=True)

    objects = VoteQuerySet.as_manager()

    class Meta:
        verbose_name = "scrutin"
        constraints = [
            models.UniqueConstraint(name="vote_round_once", fields=["point", "round"]),
            models.UniqueConstraint(
                name="vote_one_open_per_point",
                fields=["point"],
                condition=Q(closed_at__isnull=True),
                violation_error_message="Un scrutin est déjà ouvert sur ce point.",
            ),
            models.CheckConstraint(
                name="vote_result_once_closed",
                condition=Q(result="") | Q(closed_at__isnull=False),
                violation_error_message="Un scrutin ouvert n’a pas de résultat.",
            ),
            models.CheckConstraint(
                name="vote_casting_vote_has_its_author",
                condition=Q(has_casting_vote=False) | (Q(decided_by__isnull=False) & ~Q(result="")),
                violation_error_message="Une voix prépondérante est celle de quelqu’un.",
            ),
            models.CheckConstraint(
                name="vote_void_has_no_result",
                condition=Q(void_reason="") | (Q(result="") & Q(closed_at__isnull=False)),
                violation_error_message="Un scrutin annulé n’a pas de résultat.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="vote_frozen_once_closed",
                operation=pgtrigger.Update,
                # Only the casting vote comes after the count, once, and touches nothing else.
                condition=pgtrigger.Q(old__closed_at__isnull=False)
                & (
                    ~pgtrigger.Q(old__result="")
                    | pgtrigger.Q(new__has_casting_vote=False)
                    | pgtrigger.Q(old__closed_at__df=pgtrigger.F("new__closed_at"))
                    | pgtrigger.Q(old__quorum__df=pgtrigger.F("new__quorum"))
                    | pgtrigger.Q(old__tally__df=pgtrigger.F("new__tally"))
                    | pgtrigger.Q(old__options__df=pgtrigger.F("new__options"))
                    | pgtrigger.Q(old__is_secret__df=pgtrigger.F("new__is_secret"))
                ),
            ),
            pgtrigger.Protect(name="vote_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Scrutin {self.round} – {self.point_id}"


class Ballot(models.Model):
    """That a seat voted, by whom; `choice` stays empty when the vote is secret."""

    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="ballots")
    seat = models.ForeignKey(Seat, verbose_name="siège", on_delete=models.PROTECT, related_name="+")
    cast_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_by_mandate = models.BooleanField("par mandat", default=False)
    choice = models.CharField("voix", max_length=20, choices=Choice.choices, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="relevée par",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    wants_dissent_noted = models.BooleanField("désaccord à mentionner", default=False)
    cast_at = models.DateTimeField("exprimée le")

    class Meta:
        verbose_name = "voix"
        verbose_name_plural = "voix"
        constraints = [
            models.UniqueConstraint(
                name="ballot_one_per_seat",
                fields=["vote", "seat"],
                violation_error_message="Ce siège a déjà voté.",
            )
        ]
        triggers = [*frozen("ballot"), _only_while_open("ballot_while_open", pgtrigger.Insert)]

    def __str__(self) -> str:
        return f"{self.seat_id} – {self.vote_id}"


class SecretBallot(models.Model):
    """One voice of a secret vote that is still open: random key, no seat, no person, no time.

    Every voice makes all those of the round be written again, in a random order (`services.voting`): neither the place of
    a row nor its transaction tells whose it is. At the closing only totals are kept. Limits: docs/commission.md.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="secret_ballots")
    choice = models.CharField("voix", max_length=20, choices=Choice.choices)

    class Meta:
        verbose_name = "voix secrète"
        verbose_name_plural = "voix secrètes"
        triggers = [
            pgtrigger.Protect(name="secret_ballot_is_fixed", operation=pgtrigger.Update),
            _only_while_open("secret_ballot_while_open", pgtrigger.Insert),
            _only_while_open("secret_ballot_kept_open", pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return str(self.vote_id)
