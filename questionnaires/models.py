from __future__ import annotations

import uuid
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMModelMixin, transition

from convergence.database.fields import StateField
from convergence.products.models import Demarche
from evidence.models import StoredFile
from questionnaires.enums import TRANSITIONS, DefinitionState, Status

#: Code under which the orientation is kept beside the evaluation questionnaires.
ORIENTATION = "orientation"


class DefinitionVersion(FSMModelMixin, models.Model):
    """One version of a démarche’s grid; its text is immutable once published (BR: nothing published is updated)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    demarche = models.ForeignKey(
        Demarche, verbose_name="démarche", on_delete=models.PROTECT, related_name="definitions"
    )
    version = models.CharField("version", max_length=30)
    state = StateField("état", choices=DefinitionState.choices, default=DefinitionState.DRAFT)
    source = models.TextField("grille (YAML)")
    sha256 = models.CharField("empreinte", max_length=64)
    effective_on = models.DateField("en vigueur le")
    created_at = models.DateTimeField("chargée le", auto_now_add=True)
    published_at = models.DateTimeField("publiée le", null=True, blank=True)

    class Meta:
        verbose_name = "version de grille"
        verbose_name_plural = "versions de grille"
        constraints = [
            models.UniqueConstraint(
                fields=["demarche", "version"],
                name="definition_version_once",
                violation_error_message="Cette version existe déjà pour cette démarche.",
            )
        ]
        triggers = [
            pgtrigger.FSM(
                name="definition_machine",
                field="state",
                transitions=[
                    (DefinitionState.DRAFT, DefinitionState.PUBLISHED),
                    (DefinitionState.PUBLISHED, DefinitionState.RETIRED),
                ],
            ),
            pgtrigger.Protect(
                name="definition_published_text",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=[DefinitionState.PUBLISHED, DefinitionState.RETIRED])
                & (
                    pgtrigger.Q(new__source__df=pgtrigger.F("old__source"))
                    | pgtrigger.Q(new__sha256__df=pgtrigger.F("old__sha256"))
                    | pgtrigger.Q(new__version__df=pgtrigger.F("old__version"))
                ),
            ),
            pgtrigger.Protect(
                name="definition_no_delete",
                operation=pgtrigger.Delete,
                condition=~pgtrigger.Q(old__state=DefinitionState.DRAFT),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.demarche} {self.version}"

    @transition(field=state, source=DefinitionState.DRAFT, target=DefinitionState.PUBLISHED)
    def publish(self, *, at: datetime) -> None:
        self.published_at = at

    @transition(field=state, source=DefinitionState.PUBLISHED, target=DefinitionState.RETIRED)
    def retire(self) -> None:
        """Kept for the responses that started with it; no new response uses it (OQ-25)."""


class ResponseQuerySet(models.QuerySet["Response"]):
    def with_definition(self) -> ResponseQuerySet:
        """The grid version without its text: compiled grids are kept by their hash (see `questionnaires.grids`)."""
        return self.select_related("definition").defer("definition__source")

    def locked(self) -> ResponseQuerySet:
        return self.select_for_update(of=("self",))


class Response(models.Model):
    """All the answers given for one enrolment, against the grid version it started with (OQ-25).

    `orientation`: the visible answers of the last validated orientation, by question code, as `questionnaires.stored`
    keeps them; None until the first validation. Whatever is shown, counted or frozen goes by it, never by the draft (A-08).
    `recovered`: what the rows of `Recovery` say, `{code: source}`, written with them: every page and every write reads a
    response, and asks nothing more to know which criteria are answered elsewhere.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    definition = models.ForeignKey(DefinitionVersion, verbose_name="grille", on_delete=models.PROTECT)
    orientation = models.JSONField("orientation validée", null=True, editable=False)
    recovered = models.JSONField("critères récupérés", default=dict, editable=False)
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        verbose_name = "réponse"

    def __str__(self) -> str:
        return f"Réponses {self.pk}"


class QuestionnaireResponseQuerySet(models.QuerySet["QuestionnaireResponse"]):
    def locked(self) -> QuestionnaireResponseQuerySet:
        """Lock the response, then the questionnaire, with the grid version at hand: every write starts here.

        The order of `of` is the order of the locks: the response is the gate that keeps two writers from waiting
        for each other, and both rows are read again once the lock is had.
        """
        return (
            self.select_related("response__definition")
            .defer("response__definition__source")
            .select_for_update(of=("response", "self"))
        )


class QuestionnaireResponse(FSMModelMixin, models.Model):
    """One questionnaire of a response: its state, its counters and its last validated content.

    Counters are written by the transaction that changes them; pages never count answers. `is_current` says whether the
    last validation still holds: the orientation has added no criterion since, no required evidence was archived.
    """

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="questionnaires")
    code = models.CharField("questionnaire", max_length=60)
    state = StateField("état", choices=Status.choices, default=Status.UNAVAILABLE)
    answered = models.PositiveSmallIntegerField("éléments renseignés (brouillon)", default=0)
    total = models.PositiveSmallIntegerField("éléments attendus (brouillon)", default=0)
    is_reached = models.BooleanField("niveau d’auto-évaluation atteint (dernière validation)", null=True)
    validation = models.ForeignKey(
        "Validation", verbose_name="dernière validation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    is_current = models.BooleanField("la dernière validation vaut encore", default=False)
    drafted_at = models.DateTimeField("dernier brouillon", null=True, blank=True)

    objects = QuestionnaireResponseQuerySet.as_manager()

    class Meta:
        verbose_name = "questionnaire en cours"
        constraints = [
            models.UniqueConstraint(fields=["response", "code"], name="questionnaire_once_per_response"),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(validation__isnull=False), name="questionnaire_current_was_validated"
            ),
        ]
        triggers = [pgtrigger.FSM(name="questionnaire_machine", field="state", transitions=TRANSITIONS)]

    def __str__(self) -> str:
        return f"{self.code} ({self.get_state_display()})"

    @transition(field=state, source="*", target=Status.TO_COMPLETE)
    def reopen(self) -> None:
        """Opened, or asked again, by the validation of the orientation (T10, BR-047)."""

    @transition(field=state, source="*", target=Status.NOT_APPLICABLE)
    def exclude(self) -> None:
        """Set aside by the validation of the orientation (BR-045)."""

    @transition(
        field=state,
        source=[Status.TO_COMPLETE, Status.VALIDATION_REQUESTED, Status.DONE, Status.DRAFT],
        target=Status.DRAFT,
    )
    def save_draft(self, *, at: datetime) -> None:
        self.drafted_at = at

    @transition(field=state, source=[Status.TO_COMPLETE, Status.DRAFT], target=Status.VALIDATION_REQUESTED)
    def request_validation(self, *, at: datetime) -> None:
        self.drafted_at = at

    @transition(
        field=state,
        source=[Status.TO_COMPLETE, Status.DRAFT, Status.VALIDATION_REQUESTED, Status.DONE],
        target=Status.DONE,
    )
    def validate(self, *, validation: Validation, is_reached: bool | None) -> None:
        self.validation = validation
        self.is_reached = is_reached
        self.is_current = True


class Answer(models.Model):
    """The draft answer to one question or criterion; the validated one stands in `Validation.content` (A-08).

    `value` follows the table of the grid (see docs/grid.md), numbers as text; for a criterion `{"level": "2"}` or
    `{"compliance": "conforme", "number": "72.5"}` (the type of the expected value is its key). `secret` replaces `value`
    for questions of that type (A-10). `version` counts the writes of this answer (A-13); no row is version 0.
    """

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="answers")
    code = models.CharField("question ou critère", max_length=60)
    value = models.JSONField("réponse", null=True, blank=True)
    secret = models.TextField("réponse chiffrée", blank=True)
    comment = models.TextField("commentaire", blank=True)
    version = models.PositiveIntegerField("version", default=1)
    updated_at = models.DateTimeField("modifiée le")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "réponse à une question"
        constraints = [
            models.UniqueConstraint(fields=["response", "code"], name="answer_once_per_question"),
            models.CheckConstraint(
                condition=Q(secret="") | Q(value__isnull=True), name="answer_secret_is_never_in_clear"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Validation(models.Model):
    """One validation of a questionnaire, kept for ever: who, when, what (BR-068).

    `content`: `{"answers": {code: {"value", "comment", "evidence": [{"deposit", "type", "name", "sha256", "size",
    "deposited_at"}]}}, "counters": {"answered", "total"}}`, shown questions or criteria only, in the order of the grid. A
    secret answer is only said to be given. A criterion answered elsewhere has no value, and `"recovered"` names its source
    (A-23); one of a producer says whether it is `"specific"` (BR-202).
    """

    questionnaire = models.ForeignKey(QuestionnaireResponse, on_delete=models.CASCADE, related_name="validations")
    number = models.PositiveIntegerField("n°")
    at = models.DateTimeField("validé le")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="par", on_delete=models.PROTECT, related_name="+")
    content = models.JSONField("contenu")
    is_reached = models.BooleanField("atteint", null=True)

    class Meta:
        verbose_name = "validation"
        constraints = [models.UniqueConstraint(fields=["questionnaire", "number"], name="validation_number_once")]
        triggers = [
            pgtrigger.Protect(name="validation_append_only", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire_id} n° {self.number}"


class DepositQuerySet(models.QuerySet["Deposit"]):
    def active(self) -> DepositQuerySet:
        return self.filter(archived_at__isnull=True)

    def with_file(self) -> DepositQuerySet:
        """Name, size, hash, depositor and antivirus state come along."""
        return self.select_related("file__blob", "file__uploaded_by")


class Deposit(models.Model):
    """A piece of evidence given for a criterion and an expected type; archived, never deleted (BR-072)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="deposits")
    criterion = models.CharField("critère", max_length=60)
    evidence_type = models.CharField("type de preuve", max_length=60)
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    deposited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    deposited_at = models.DateTimeField("déposée le")
    confirmed_at = models.DateTimeField("confirmée le", null=True, blank=True)
    archived_at = models.DateTimeField("archivée le", null=True, blank=True)
    archived_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    archive_reason = models.CharField("motif de l’archivage", max_length=200, blank=True)

    objects = DepositQuerySet.as_manager()

    class Meta:
        verbose_name = "preuve déposée"
        indexes = [models.Index(fields=["response", "criterion"], name="deposit_by_criterion")]
        constraints = [
            models.CheckConstraint(
                # a new cycle asks for a new file, and keeps the former one (OQ-12)
                condition=Q(confirmed_at__isnull=True) | Q(archived_at__isnull=True) | ~Q(archive_reason=""),
                name="deposit_confirmed_is_never_archived",
                violation_error_message="Cette preuve à dépôt unique est définitive.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.criterion} {self.evidence_type}"


class Recovery(models.Model):
    """A criterion whose answer is taken from elsewhere: it counts as given, and what it says is never kept here (A-23).

    `source`: the pre-listing that a stage above owns. The response’s own answer and evidence stay, and count again once
    the row is gone (BR-194: the former answer is kept).
    """

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="recoveries")
    code = models.CharField("critère", max_length=60)
    source = models.UUIDField("récupéré de")
    recovered_at = models.DateTimeField("récupéré le")
    recovered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "réponse récupérée"
        verbose_name_plural = "réponses récupérées"
        constraints = [models.UniqueConstraint(fields=["response", "code"], name="recovery_once_per_criterion")]

    def __str__(self) -> str:
        return self.code


class Specificity(models.Model):
    """Whether each product made from a solution must answer a criterion itself, as its producer says (BR-195, BR-202)."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="specificities")
    code = models.CharField("critère", max_length=60)
    is_specific = models.BooleanField("spécifique à chaque distributeur")
    set_at = models.DateTimeField("précisée le")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "spécificité d’un critère"
        verbose_name_plural = "spécificités de critères"
        constraints = [models.UniqueConstraint(fields=["response", "code"], name="specificity_once_per_criterion")]

    def __str__(self) -> str:
        return self.code
