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


class Vote(models.Model):
    """One round of voting on one point; `result` empty once closed when no opinion had the majority (another round)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    point = models.ForeignKey(AgendaPoint, on_delete=models.PROTECT, related_name="votes")
    round = models.PositiveSmallIntegerField("tour", default=1)
    is_secret = models.BooleanField("scrutin secret", default=False)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField("ouvert le")
    closed_at = models.DateTimeField("clos le", null=True, blank=True)
    quorum = models.JSONField("quorum constaté", default=dict)
    tally = models.JSONField("décompte", default=dict)
    result = models.CharField("résultat", max_length=20, choices=OpinionKind.choices, blank=True)
    has_casting_vote = models.BooleanField("voix prépondérante", default=False)

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
        ]
        triggers = [
            pgtrigger.Protect(
                name="vote_frozen_once_closed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_at__isnull=False),
            )
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
        triggers = frozen("ballot")

    def __str__(self) -> str:
        return f"{self.seat_id} – {self.vote_id}"


class SecretBallot(models.Model):
    """One voice of a secret vote: random key, no seat, no person, no time, so that nothing ties it to a ballot."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="secret_ballots")
    choice = models.CharField("voix", max_length=20, choices=Choice.choices)

    class Meta:
        verbose_name = "voix secrète"
        verbose_name_plural = "voix secrètes"
        triggers = frozen("secret_ballot")

    def __str__(self) -> str:
        return str(self.vote_id)
