from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.audit.triggers import frozen
from convergence.database.fields import StateField
from convergence.database.sequences import NextNumber
from evidence.models import StoredFile
from referencing.listing.enums import AUDIT_TRANSITIONS, OPEN_AUDITS, TOLD_AUDITS, AuditOrigin, AuditState
from referencing.listing.models.listing import Listing
from referencing.listing.models.reports import UserReport
from referencing.listing.rules import can_audit, can_commit

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.enrolment.models import Enrolment


class AuditDraw(models.Model):
    """First act of a draw: who may be drawn, who may not and why, how many; frozen and hashed before any seed (A-38).

    `population`: `{"number", "day", "sample", "services": [numbers], "excluded": [{"number", "reason"}]}` as canonical
    JSON bytes, in `docs/audit_draw.md`.
    """

    number = models.BigIntegerField("n°", primary_key=True, db_default=NextNumber("audit_draw_number"))
    population = models.BinaryField("population (JSON canonique)")
    sha256 = models.CharField("empreinte de la population", max_length=64)
    sample = models.PositiveSmallIntegerField("services à tirer")
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField("population figée le")

    class Meta:
        verbose_name = "tirage au sort"
        verbose_name_plural = "tirages au sort"
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                name="audit_draw_takes_some",
                condition=Q(sample__gt=0),
                violation_error_message="Un tirage désigne au moins un service.",
            )
        ]
        triggers = frozen("audit_draw")

    def __str__(self) -> str:
        return f"Tirage n° {self.number}"


class AuditSeed(models.Model):
    """Second act: the seed, drawn once, after the population stood; then whom it designates follows (A-38, BR-178)."""

    draw = models.OneToOneField(AuditDraw, primary_key=True, on_delete=models.PROTECT, related_name="seed")
    value = models.CharField("graine (hexadécimal)", max_length=64)
    selected = models.JSONField("services désignés")
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField("tirée le")

    class Meta:
        verbose_name = "graine d’un tirage"
        verbose_name_plural = "graines de tirages"
        constraints = [
            models.CheckConstraint(
                name="audit_seed_is_hexadecimal",
                condition=Q(value__regex=r"^[0-9a-f]{64}$"),
                violation_error_message="La graine compte 64 chiffres hexadécimaux.",
            )
        ]
        triggers = [
            *frozen("audit_seed"),
            pgtrigger.Trigger(
                name="audit_seed_comes_after",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NEW.drawn_at <= (SELECT frozen_at FROM listing_auditdraw WHERE number = NEW.draw_id) THEN "
                "RAISE EXCEPTION 'pgtrigger: the seed is drawn after the population was frozen'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"Graine du tirage n° {self.draw_id}"


class AuditQuerySet(models.QuerySet["Audit"]):
    def visible_to(self, user: User) -> AuditQuerySet:
        """Whoever sees the listing; its editor, once told of the audit."""
        own = Q(listing__enrolment__product__organisation__in=user.access.organisation_ids)
        told = Q(state__in=TOLD_AUDITS) | Q(state=AuditState.CANCELLED, notified_at__isnull=False)
        return self.filter(listing__in=Listing.objects.visible_to(user)).exclude(own & ~told)

    def open(self) -> AuditQuerySet:
        return self.filter(state__in=OPEN_AUDITS)

    def locked(self) -> AuditQuerySet:
        return self.select_for_update(of=("self",))


class Audit(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """The audit of a listed service, announced a month ahead, on documents, on site if need be (L5 to L7, BR-174).

    The listing stays visible meanwhile (OQ-15). State moves only through `workflow.fire`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey(Listing, verbose_name="référencement", on_delete=models.PROTECT, related_name="audits")
    state = StateField("état", choices=AuditState.choices, default=AuditState.PLANNED)
    origin = models.CharField("origine", max_length=10, choices=AuditOrigin.choices)
    draw = models.ForeignKey(AuditDraw, null=True, blank=True, on_delete=models.PROTECT, related_name="audits")
    user_report = models.ForeignKey(UserReport, null=True, blank=True, on_delete=models.PROTECT, related_name="audits")
    motive = models.TextField("motif", blank=True)
    auditor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="audits"
    )
    planned_at = models.DateTimeField("décidé le")
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    plan = models.TextField("périmètre et modalités", blank=True)
    plan_file = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    notified_at = models.DateTimeField("annoncé le", null=True, blank=True)
    starts_on = models.DateField("commence le", null=True, blank=True)
    started_at = models.DateTimeField("commencé le", null=True, blank=True)
    due_on = models.DateField("documents attendus avant le", null=True, blank=True)
    filed_at = models.DateTimeField("documents reçus le", null=True, blank=True)
    payload = models.BinaryField("rapport (JSON canonique)", default=b"", blank=True)
    sha256 = models.CharField("empreinte du rapport", max_length=64, blank=True)
    seal = models.BinaryField("cachet de la plateforme (CMS)", default=b"", blank=True)
    report_file = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField("rapport établi le", null=True, blank=True)
    conclusion = models.TextField("conclusion", blank=True)
    ended_at = models.DateTimeField("clos le", null=True, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = "audit"
        ordering = ["-planned_at"]
        constraints = [
            models.UniqueConstraint(
                name="audit_one_open_per_listing",
                fields=["listing"],
                condition=Q(state__in=OPEN_AUDITS),
                violation_error_message="Un audit de ce service est déjà en cours.",
            ),
            models.CheckConstraint(
                name="audit_announced_with_its_plan",
                condition=Q(state__in=[AuditState.PLANNED, AuditState.CANCELLED])
                | Q(notified_at__isnull=False, starts_on__isnull=False, plan_file__isnull=False, auditor__isnull=False),
                violation_error_message="Un audit s’annonce avec son plan, sa date et son auditeur.",
            ),
            models.CheckConstraint(
                name="audit_drawn_has_a_draw",
                condition=~Q(origin=AuditOrigin.DRAW) | Q(draw__isnull=False),
                violation_error_message="Un audit tiré au sort renvoie à son tirage.",
            ),
            models.CheckConstraint(
                name="audit_concluded_with_a_report",
                condition=~Q(state__in=[AuditState.REPORTED, AuditState.FAVOURABLE, AuditState.UNFAVOURABLE])
                | (Q(reported_at__isnull=False) & ~Q(sha256="")),
                violation_error_message="Un audit se conclut avec un rapport.",
            ),
            models.CheckConstraint(
                name="audit_due_after_its_start",
                condition=Q(due_on__isnull=True) | Q(due_on__gt=F("starts_on")),
                violation_error_message="Les documents s’envoient après le début de l’audit.",
            ),
        ]
        indexes = [
            models.Index(fields=["starts_on"], condition=Q(state=AuditState.NOTIFIED), name="audit_to_start"),
            models.Index(fields=["auditor", "-planned_at"], name="audit_of_auditor"),
        ]
        triggers = [
            pgtrigger.FSM(name="audit_machine", field="state", transitions=AUDIT_TRANSITIONS),
            pgtrigger.Protect(
                name="audit_report_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__reported_at__isnull=False)
                & (
                    pgtrigger.Q(old__payload__df=pgtrigger.F("new__payload"))
                    | pgtrigger.Q(old__sha256__df=pgtrigger.F("new__sha256"))
                    | pgtrigger.Q(old__reported_at__df=pgtrigger.F("new__reported_at"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Audit – {self.listing_id}"

    @property
    def enrolment(self) -> Enrolment:
        """For the predicates of products; needs the listing loaded."""
        enrolment: Enrolment = self.listing.enrolment
        return enrolment

    @transition(
        field=state,
        source=AuditState.PLANNED,
        target=AuditState.NOTIFIED,
        permission=can_audit,
        custom={"label": "Annoncer l’audit"},
    )
    def notify(self, *, starts_on: date, at: datetime) -> None:
        """At least a month before it starts, with its plan (L5, BR-174)."""
        self.starts_on, self.notified_at = starts_on, at

    @transition(field=state, source=AuditState.NOTIFIED, target=AuditState.RUNNING)
    def start(self, *, due_on: date, at: datetime) -> None:
        """The day has come: the editor has a month (BR-174)."""
        self.started_at, self.due_on = at, due_on

    @transition(
        field=state,
        source=AuditState.RUNNING,
        target=AuditState.FILED,
        permission=can_commit,
        custom={"label": "Transmettre les documents"},
    )
    def file(self, *, at: datetime) -> None:
        self.filed_at = at

    @transition(
        field=state,
        source=AuditState.FILED,
        target=AuditState.RUNNING,
        permission=can_audit,
        custom={"label": "Demander des compléments"},
    )
    def ask(self, *, due_on: date) -> None:
        self.due_on = due_on

    @transition(
        field=state,
        source=[AuditState.RUNNING, AuditState.FILED],
        target=AuditState.REPORTED,
        permission=can_audit,
        custom={"label": "Établir le rapport"},
    )
    def report(self, *, at: datetime) -> None:
        """Once the documents came, or their day is past without an answer (L7)."""
        self.reported_at = at

    @transition(
        field=state,
        source=AuditState.REPORTED,
        target=AuditState.FAVOURABLE,
        permission=can_audit,
        custom={"label": "Conclure favorablement"},
    )
    def clear(self, *, why: str, at: datetime) -> None:
        self.conclusion, self.ended_at = why, at

    @transition(
        field=state,
        source=AuditState.REPORTED,
        target=AuditState.UNFAVOURABLE,
        permission=can_audit,
        custom={"label": "Proposer une mise en demeure"},
    )
    def propose_notice(self, *, why: str, at: datetime) -> None:
        """The ministry decides (A-02, BR-175)."""
        self.conclusion, self.ended_at = why, at

    @transition(
        field=state,
        source=OPEN_AUDITS,
        target=AuditState.CANCELLED,
        permission=can_audit,
        custom={"label": "Annuler l’audit"},
    )
    def cancel(self, *, why: str, at: datetime) -> None:
        self.conclusion, self.ended_at = why, at


class AuditExchange(models.Model):
    """One turn of the documents of an audit: what the auditor asks, what the editor declares and sends. Never changed."""

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="exchanges")
    is_request = models.BooleanField("demande de l’auditeur")
    text = models.TextField("texte")
    confirms_answers = models.BooleanField("l’éditeur confirme les réponses de son dossier", default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("le")

    class Meta:
        verbose_name = "échange d’un audit"
        verbose_name_plural = "échanges d’audits"
        ordering = ["at", "pk"]
        triggers = frozen("audit_exchange")

    def __str__(self) -> str:
        return f"{'Demande' if self.is_request else 'Réponse'} – {self.audit_id}"


class AuditDocument(models.Model):
    """A file that the editor sends in answer (BR-174)."""

    exchange = models.ForeignKey(AuditExchange, on_delete=models.PROTECT, related_name="documents")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "document d’audit"
        verbose_name_plural = "documents d’audit"
        triggers = frozen("audit_document")

    def __str__(self) -> str:
        return f"Document {self.file_id}"


class AuditVisit(models.Model):
    """An on-site complement of an audit, and what was found there (L6). Never changed."""

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="visits")
    visited_on = models.DateField("visite du")
    place = models.CharField("lieu", max_length=300)
    people = models.CharField("personnes rencontrées", max_length=500)
    findings = models.TextField("constats")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("enregistrée le")

    class Meta:
        verbose_name = "visite sur place"
        verbose_name_plural = "visites sur place"
        ordering = ["visited_on", "pk"]
        triggers = frozen("audit_visit")

    def __str__(self) -> str:
        return f"Visite – {self.audit_id}"
