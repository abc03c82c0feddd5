"""Connection tests of a service that exchanges data with Mon espace santé (X1–X9)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django_fsm import FSMModelMixin, transition

from convergence.database.fields import StateField
from evidence.enums import ScanState
from evidence.models import StoredFile
from referencing.candidature.enums import (
    CAMPAIGN_TRANSITIONS,
    ENDED_CAMPAIGN_STATES,
    FAILABLE_CAMPAIGN_STATES,
    LIVE_CAMPAIGN_STATES,
    REPLACEABLE_CAMPAIGN_STATES,
    CampaignState,
    KeysChannel,
    Ruling,
    TestResult,
)
from referencing.candidature.models.candidature import Candidature
from referencing.candidature.rules import (
    can_cancel_tests,
    can_deposit_tests,
    can_fill_tests,
    is_tests_lead,
    is_tests_team,
)

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: Before the keys, and in a campaign cancelled meanwhile, nobody received anything.
_WITHOUT_KEYS = [CampaignState.UNIT_SELF_CHECK, CampaignState.CANCELLED]


class TestCampaignQuerySet(models.QuerySet["TestCampaign"]):
    def visible_to(self, user: User) -> TestCampaignQuerySet:
        """Those of the files that the person sees."""
        return self.filter(candidature__in=Candidature.objects.visible_to(user))

    def locked(self) -> TestCampaignQuerySet:
        return self.select_for_update(of=("self",))

    def live(self) -> TestCampaignQuerySet:
        return self.filter(state__in=LIVE_CAMPAIGN_STATES)

    def newest_first(self) -> TestCampaignQuerySet:
        return self.order_by("-number")

    def newest_of_each_file(self) -> TestCampaignQuerySet:
        """One per file: a campaign that another one replaced is history."""
        newest = TestCampaign.objects.filter(candidature=OuterRef("candidature")).newest_first()
        return self.filter(pk=Subquery(newest.values("pk")[:1]))

    def with_file(self) -> TestCampaignQuerySet:
        """What every page of a campaign names."""
        return self.select_related(
            "candidature__enrolment__product__organisation",
            "candidature__enrolment__demarche__parcours",
            "candidature__dossier",
            "candidature__referent",
            "coach",
        )


class TestCampaign(FSMModelMixin, models.Model):
    """One run of the connection tests of a file, from the keys to PASSED, FAILED or CANCELLED.

    Its lines are copies of the catalogue as it was when the keys were sent (BR-132).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="campaigns")
    number = models.PositiveSmallIntegerField("numéro")
    state = StateField("état", choices=CampaignState.choices, default=CampaignState.UNIT_SELF_CHECK, max_length=25)
    coach = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="accompagnateur",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    scope = models.JSONField("interfaces et sens", default=list)
    opened_at = models.DateTimeField("ouverte le")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    moved_at = models.DateTimeField("dans cet état depuis le")
    unit_declared_at = models.DateTimeField("tests unitaires déclarés le", null=True, blank=True)
    unit_declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    unit_comment = models.TextField("commentaire des tests unitaires", blank=True)
    catalogue_version = models.CharField("version du cahier", max_length=30, blank=True)
    keys_sent_at = models.DateTimeField("clés envoyées le", null=True, blank=True)
    keys_sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    keys_sent_to = models.CharField("destinataire des clés", max_length=200, blank=True)
    keys_channel = models.CharField("canal d’envoi des clés", max_length=20, choices=KeysChannel.choices, blank=True)
    submitted_at = models.DateTimeField("recette déposée le", null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    accepted_at = models.DateTimeField("recette acceptée le", null=True, blank=True)
    modalities = models.TextField("modalités du raccordement", blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    close_reason = models.TextField("motif", blank=True)

    objects = TestCampaignQuerySet.as_manager()

    class Meta:
        verbose_name = "campagne de tests"
        verbose_name_plural = "campagnes de tests"
        constraints = [
            models.UniqueConstraint(name="test_campaign_number_once", fields=["candidature", "number"]),
            models.UniqueConstraint(
                name="test_campaign_one_per_candidature",
                fields=["candidature"],
                condition=~Q(state__in=REPLACEABLE_CAMPAIGN_STATES),
                violation_error_message="Une campagne de tests est déjà en cours ou réussie pour ce dossier.",
            ),
            models.CheckConstraint(
                name="test_campaign_keys_are_recorded",
                condition=Q(state__in=_WITHOUT_KEYS)
                | (
                    Q(keys_sent_at__isnull=False, keys_sent_by__isnull=False)
                    & ~Q(keys_sent_to="")
                    & ~Q(keys_channel="")
                ),
                violation_error_message="L’envoi des clés se consigne : à qui, quand, par quel canal.",
            ),
            models.CheckConstraint(
                name="test_campaign_end_is_dated",
                condition=~Q(state__in=ENDED_CAMPAIGN_STATES) | Q(closed_at__isnull=False),
                violation_error_message="La fin d’une campagne est datée.",
            ),
            models.CheckConstraint(
                name="test_campaign_end_has_a_reason",
                condition=~Q(state__in=REPLACEABLE_CAMPAIGN_STATES) | ~Q(close_reason=""),
                violation_error_message="Un échec ou une annulation a un motif.",
            ),
        ]
        indexes = [models.Index(fields=["state", "moved_at", "id"], name="test_campaign_queue")]
        triggers = [pgtrigger.FSM(name="test_campaign_machine", field="state", transitions=CAMPAIGN_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Campagne de tests n° {self.number}"

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_CAMPAIGN_STATES

    @transition(
        field=state,
        source=CampaignState.UNIT_SELF_CHECK,
        target=CampaignState.UNIT_SELF_CHECK,
        permission=can_fill_tests,
        custom={"label": "Déclarer les tests unitaires"},
    )
    def declare_unit_tests(self, *, by: User, comment: str, at: datetime) -> None:
        """Optional, and may be said again (X1, BR-131)."""
        self.unit_declared_by, self.unit_declared_at, self.unit_comment = by, at, comment

    @transition(
        field=state,
        source=CampaignState.UNIT_SELF_CHECK,
        target=CampaignState.KEYS_SENT,
        permission=is_tests_team,
        custom={"label": "Envoyer les clés et le cahier"},
    )
    def send_keys(self, *, by: User, to: str, channel: str, on: datetime, catalogue_version: str, at: datetime) -> None:
        """The event, never the keys (X2). `on`: when they left by the other channel."""
        self.keys_sent_by, self.keys_sent_to, self.keys_channel, self.keys_sent_at = by, to, channel, on
        self.catalogue_version = catalogue_version
        self.coach = self.coach or by
        self.moved_at = at

    @transition(
        field=state,
        source=CampaignState.KEYS_SENT,
        target=CampaignState.E2E_RUNNING,
        permission=can_fill_tests,
        custom={"label": "Commencer le cahier"},
    )
    def start_filling(self, *, at: datetime) -> None:
        self.moved_at = at

    @transition(
        field=state,
        source=[CampaignState.E2E_RUNNING, CampaignState.E2E_REDO],
        target=CampaignState.ACCEPTANCE_SUBMITTED,
        permission=can_deposit_tests,
        custom={"label": "Déposer le dossier de recette"},
    )
    def submit_acceptance(self, *, by: User, at: datetime) -> None:
        self.submitted_by, self.submitted_at, self.moved_at = by, at, at

    @transition(
        field=state,
        source=CampaignState.ACCEPTANCE_SUBMITTED,
        target=CampaignState.E2E_REDO,
        permission=is_tests_team,
        custom={"label": "Renvoyer des tests à refaire"},
    )
    def send_back(self, *, at: datetime) -> None:
        self.moved_at = at

    @transition(
        field=state,
        source=CampaignState.ACCEPTANCE_SUBMITTED,
        target=CampaignState.CONNECTION_PLANNED,
        permission=is_tests_team,
        custom={"label": "Accepter le dossier de recette"},
    )
    def accept(self, *, modalities: str, at: datetime) -> None:
        self.accepted_at, self.modalities, self.moved_at = at, modalities, at

    @transition(
        field=state,
        source=CampaignState.CONNECTION_PLANNED,
        target=CampaignState.CONNECTION_RUNNING,
        permission=is_tests_team,
        custom={"label": "Commencer le raccordement"},
    )
    def start_connection(self, *, at: datetime) -> None:
        self.moved_at = at

    @transition(
        field=state,
        source=[CampaignState.CONNECTION_RUNNING, CampaignState.REMARK_DISPUTED],
        target=CampaignState.REMARK_DISPUTED,
        permission=can_deposit_tests,
        custom={"label": "Contester une remarque"},
    )
    def dispute(self, *, at: datetime) -> None:
        self.moved_at = at

    @transition(
        field=state,
        source=CampaignState.REMARK_DISPUTED,
        target=CampaignState.CONNECTION_RUNNING,
        permission=is_tests_lead,
        custom={"label": "Trancher la contestation"},
    )
    def settle(self, *, at: datetime) -> None:
        """The last open dispute was judged (X6)."""
        self.moved_at = at

    @transition(
        field=state,
        source=CampaignState.CONNECTION_RUNNING,
        target=CampaignState.PASSED,
        permission=is_tests_team,
        custom={"label": "Valider la réussite des tests"},
    )
    def complete(self, *, at: datetime) -> None:
        self.closed_at = self.moved_at = at

    @transition(
        field=state,
        source=FAILABLE_CAMPAIGN_STATES,
        target=CampaignState.FAILED,
        permission=is_tests_lead,
        custom={"label": "Déclarer l’échec des tests"},
    )
    def fail(self, *, because: str, at: datetime) -> None:
        """Not a sanction: the file may still be concluded, with an unfavourable proposal (A-20)."""
        self.close_reason = because
        self.closed_at = self.moved_at = at

    @transition(
        field=state,
        source=LIVE_CAMPAIGN_STATES,
        target=CampaignState.CANCELLED,
        permission=can_cancel_tests,
        custom={"label": "Annuler la campagne"},
    )
    def cancel(self, *, because: str, at: datetime) -> None:
        self.close_reason = because
        self.closed_at = self.moved_at = at


class TestLineQuerySet(models.QuerySet["TestLine"]):
    def kept(self) -> TestLineQuerySet:
        """Lines of what the file still exchanges: a reduction of its scope drops the others."""
        return self.filter(dropped_at__isnull=True)

    def with_visuals(self) -> TestLineQuerySet:
        """Adds `visual_count`: files of the line that were neither removed nor found infected."""
        kept = Q(files__removed_at__isnull=True) & ~Q(files__file__blob__state=ScanState.INFECTED)
        return self.annotate(visual_count=Count("files", filter=kept))


def _results(name: str, *fields: str) -> Sequence[models.BaseConstraint]:
    """« Sans objet » only where the line allows it, in each column of results."""
    return [
        models.CheckConstraint(
            name=f"test_line_{field}_{name}",
            condition=~Q(**{field: TestResult.NOT_APPLICABLE}) | Q(allows_not_applicable=True),
            violation_error_message="Ce test ne peut pas être sans objet.",
        )
        for field in fields
    ]


class TestLine(models.Model):
    """One test of a campaign: the text as the catalogue gave it, what the editor reports, what the tests team finds."""

    campaign = models.ForeignKey(TestCampaign, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField("rang")
    section = models.CharField("rubrique", max_length=200)
    exchange = models.CharField("interface et sens", max_length=40, blank=True)
    code = models.CharField("code", max_length=30)
    title = models.CharField("intitulé", max_length=300)
    steps = models.JSONField("étapes", default=list)
    expected = models.TextField("résultat attendu")
    is_mandatory = models.BooleanField("obligatoire")
    needs_visual = models.BooleanField("visuel demandé")
    allows_not_applicable = models.BooleanField("peut être sans objet")

    result = models.CharField("résultat", max_length=2, choices=TestResult.choices, blank=True)
    comment = models.TextField("commentaire", blank=True, max_length=5000)
    is_to_redo = models.BooleanField("à refaire", default=False)
    redo_reason = models.TextField("ce qui est à refaire", blank=True, max_length=5000)
    former_reason = models.TextField("ce qui était à refaire au renvoi précédent", blank=True, max_length=5000)
    final_result = models.CharField("résultat final", max_length=2, choices=TestResult.choices, blank=True)
    final_remark = models.TextField("remarque finale", blank=True, max_length=5000)
    final_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    dropped_at = models.DateTimeField("sortie du périmètre le", null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField("enregistrée le", null=True, blank=True)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TestLineQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne du cahier de tests"
        verbose_name_plural = "lignes du cahier de tests"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(name="test_line_code_once", fields=["campaign", "code"]),
            *_results("may_be_not_applicable", "result", "final_result"),
            models.CheckConstraint(
                name="test_line_is_sent_back_with_a_reason",
                condition=Q(is_to_redo=False) | ~Q(redo_reason=""),
                violation_error_message="Dites ce qui est à refaire.",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="test_line_text_is_fixed",
                fields=["code", "section", "exchange", "title", "steps", "expected", "is_mandatory", "needs_visual"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class TestFile(models.Model):
    """A file of the editor: a visual of one line, or, without line, evidence of the unit tests. Removed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(TestCampaign, on_delete=models.CASCADE, related_name="files")
    line = models.ForeignKey(TestLine, null=True, blank=True, on_delete=models.CASCADE, related_name="files")
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField("déposé le")
    removed_at = models.DateTimeField("retiré le", null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "fichier de test"
        verbose_name_plural = "fichiers de test"

    def __str__(self) -> str:
        return f"{self.file_id}"


class TestSlot(models.Model):
    """A moment of raccordement: proposed by one side, booked by the other, perhaps cancelled."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(TestCampaign, on_delete=models.CASCADE, related_name="slots")
    starts_at = models.DateTimeField("début")
    ends_at = models.DateTimeField("fin")
    place = models.CharField("lieu ou adresse de visioconférence", max_length=300)
    from_editor = models.BooleanField("proposé par l’éditeur")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField("proposé le")
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    booked_at = models.DateTimeField("réservé le", null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cancelled_at = models.DateTimeField("annulé le", null=True, blank=True)
    cancel_reason = models.TextField("motif", blank=True)

    class Meta:
        verbose_name = "créneau de raccordement"
        verbose_name_plural = "créneaux de raccordement"
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="test_slot_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message="Un créneau finit après son début.",
            ),
            models.UniqueConstraint(
                name="test_slot_once",
                fields=["campaign", "starts_at"],
                condition=Q(cancelled_at__isnull=True),
                violation_error_message="Ce créneau est déjà proposé.",
            ),
        ]

    def __str__(self) -> str:
        return f"Créneau du {self.starts_at}"


class TestDispute(models.Model):
    """A remark of the final workbook that the editor contests; judged by a lead who did not write it (X6, A-20)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    line = models.ForeignKey(TestLine, on_delete=models.CASCADE, related_name="disputes")
    result = models.CharField("résultat contesté", max_length=2, choices=TestResult.choices)
    remark = models.TextField("remarque contestée", blank=True)
    remark_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField("motif de la contestation")
    disputed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    disputed_at = models.DateTimeField("contestée le")
    ruling = models.CharField("décision", max_length=12, choices=Ruling.choices, blank=True)
    note = models.TextField("motif de la décision", blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    judged_at = models.DateTimeField("tranchée le", null=True, blank=True)

    class Meta:
        verbose_name = "contestation"
        ordering = ["disputed_at"]
        constraints = [
            models.UniqueConstraint(
                name="test_dispute_one_open_per_line",
                fields=["line"],
                condition=Q(judged_at__isnull=True),
                violation_error_message="Cette remarque est déjà contestée.",
            ),
            models.CheckConstraint(
                name="test_dispute_judged_by_another",
                condition=Q(judged_by__isnull=True) | ~Q(judged_by=F("remark_by")),
                violation_error_message="L’auteur d’une remarque ne tranche pas sa contestation.",
            ),
            models.CheckConstraint(
                name="test_dispute_ruling_has_a_reason",
                condition=Q(judged_at__isnull=True) | (~Q(ruling="") & ~Q(note="")),
                violation_error_message="Une décision sur une contestation est motivée.",
            ),
        ]

    def __str__(self) -> str:
        return f"Contestation de {self.line_id}"
