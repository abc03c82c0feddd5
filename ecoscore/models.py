from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django_fsm import FSMModelMixin, transition

from convergence.audit.triggers import frozen
from convergence.database.fields import StateField
from convergence.interests.selectors import reachable
from convergence.products import rules as product_rules
from convergence.products.models import Product
from ecoscore.enums import (
    CONCLUDED,
    ON_BENCH,
    TRANSITIONS,
    WRITABLE,
    MeasureKind,
    MeasureState,
    Platform,
    Purpose,
)

if TYPE_CHECKING:
    from convergence.accounts.models import User


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user: User) -> ApplicationQuerySet:
        """As the products that they belong to; the listing team not those that a link of interest bars."""
        return self.filter(reachable(user, "product__organisation"))

    def with_product(self) -> ApplicationQuerySet:
        return self.select_related("product__organisation").defer("product__description")


class Application(models.Model):
    """What is measured of a product: one site or one Android application."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    product = models.ForeignKey(Product, verbose_name="produit", on_delete=models.PROTECT, related_name="applications")
    name = models.CharField("nom de l’application", max_length=120)
    platform = models.CharField("plateforme", max_length=10, choices=Platform.choices, default=Platform.WEB)
    url = models.CharField("adresse de la page d’accueil", max_length=500, blank=True)
    package = models.CharField(
        "nom du paquet",
        max_length=200,
        blank=True,
        validators=[
            RegexValidator(
                r"^[A-Za-z][\w]*(\.[A-Za-z][\w]*)+$",
                "Indiquez le nom complet du paquet, par exemple\u00a0: fr.exemple.carnet.",
            )
        ],
    )
    journey = models.TextField("parcours représentatif", max_length=2000, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("enregistrée le", auto_now_add=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "application mesurée"
        verbose_name_plural = "applications mesurées"
        constraints = [
            models.UniqueConstraint(
                "product",
                Lower("name"),
                name="ecoscore_application_one_per_name",
                violation_error_message="Ce produit a déjà une application de ce nom.",
            ),
            models.CheckConstraint(
                condition=(Q(platform=Platform.WEB) & ~Q(url="")) | (Q(platform=Platform.ANDROID) & ~Q(package="")),
                name="ecoscore_application_has_address",
                violation_error_message="Indiquez l’adresse du site, ou le nom du paquet de l’application Android.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return self.url if self.platform == Platform.WEB else self.package


class ApplicationSecret(models.Model):
    """A value that a script names `${SECRET_…}`: encrypted here, typed by the bench, never shown again."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(
        "nom",
        max_length=60,
        validators=[
            RegexValidator(
                r"^SECRET_[A-Z0-9_]+$", "Un nom de secret commence par SECRET_ et s’écrit en majuscules sans accent."
            )
        ],
    )
    value = models.TextField("valeur chiffrée")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField("changé le", auto_now=True)

    class Meta:
        verbose_name = "secret d’une application"
        verbose_name_plural = "secrets d’une application"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "name"],
                name="ecoscore_secret_one_per_name",
                violation_error_message="Ce secret existe déjà.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Scenario(models.Model):
    """One version of a script. What was written stays: a result names the very text that was played."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="scenarios")
    number = models.PositiveIntegerField("version")
    text = models.TextField("script")
    sha256 = models.CharField("empreinte", max_length=64)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField("écrite le")

    class Meta:
        verbose_name = "version de scénario"
        verbose_name_plural = "versions de scénario"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "number"],
                name="ecoscore_scenario_version_once",
                violation_error_message="Cette version du scénario existe déjà.",
            )
        ]
        triggers = frozen("ecoscore_scenario")

    def __str__(self) -> str:
        return f"scénario {self.number}"


class MeasureQuerySet(models.QuerySet["Measure"]):
    def visible_to(self, user: User) -> MeasureQuerySet:
        return self.filter(reachable(user, "application__product__organisation"))

    def with_application(self) -> MeasureQuerySet:
        """What every page of a measure names."""
        return self.select_related("application__product__organisation", "scenario").defer(
            "application__product__description"
        )

    def locked(self) -> MeasureQuerySet:
        return self.select_for_update(of=("self",))

    def waiting(self) -> MeasureQuerySet:
        """The bench is asked for, and has not taken them: first come, first served."""
        return self.filter(state__in=ON_BENCH, lease__isnull=True).order_by("asked_at", "pk")

    def leased(self) -> MeasureQuerySet:
        return self.filter(state__in=ON_BENCH, lease__isnull=False)

    def lost(self, *, before: datetime) -> MeasureQuerySet:
        """A bench took them and has given no sign of life since."""
        return self.leased().filter(heartbeat_at__lt=before)


class Measure(FSMModelMixin, models.Model):
    """One measure of an application: its script, where it stands, and the bench that holds it.

    `series` counts what the bench was asked for; `lease` is the token of the bench at work. Whoever writes for a bench
    must hold the token: a bench that was given up changes nothing any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="measures")
    number = models.PositiveIntegerField("numéro")
    kind = models.CharField("nature", max_length=12, choices=MeasureKind.choices, default=MeasureKind.SCENARIO)
    version = models.CharField("version de l’application", max_length=60)
    scenario = models.ForeignKey(Scenario, verbose_name="scénario", on_delete=models.PROTECT, related_name="+")
    state = StateField("état", choices=MeasureState.choices, default=MeasureState.DRAFT)
    purpose = models.CharField("demande", max_length=12, choices=Purpose.choices, blank=True)
    series = models.PositiveIntegerField("passage au banc", default=0)
    runs = models.PositiveSmallIntegerField("répétitions", default=0)
    pause_ms = models.PositiveIntegerField("pauses (ms)", default=0)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("demandée le", null=True, blank=True)
    lease = models.UUIDField("bail du banc", null=True, blank=True, editable=False)
    bench = models.CharField("banc", max_length=120, blank=True)
    leased_at = models.DateTimeField("commencée le", null=True, blank=True)
    heartbeat_at = models.DateTimeField("dernier signe du banc", null=True, blank=True)
    progress = models.PositiveSmallIntegerField("avancement (%)", default=0)
    message = models.CharField("étape en cours", max_length=200, blank=True)
    failure = models.TextField("motif de l’échec", blank=True)
    ended_at = models.DateTimeField("finie le", null=True, blank=True)
    published_at = models.DateTimeField("publiée le", null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name = "mesure d’écoscore"
        verbose_name_plural = "mesures d’écoscore"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "number"],
                name="ecoscore_measure_one_per_number",
                violation_error_message="Cette mesure existe déjà.",
            ),
            models.UniqueConstraint(
                fields=["bench"],
                condition=Q(lease__isnull=False),
                name="ecoscore_measure_one_per_bench",
                violation_error_message="Ce banc mesure déjà une autre application.",
            ),
            models.CheckConstraint(
                condition=Q(lease__isnull=True) | Q(state__in=ON_BENCH),
                name="ecoscore_measure_lease_while_on_bench",
                violation_error_message="Un banc ne tient que ce qui lui est demandé.",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(state__in=ON_BENCH), name="ecoscore_measure_on_bench"),
        ]
        triggers = [pgtrigger.FSM(name="measure_machine", field="state", transitions=TRANSITIONS)]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """`Mesure 3 – v2.1`."""
        if self.kind == MeasureKind.ENVIRONMENT:
            return str(MeasureKind.ENVIRONMENT.label)
        return f"Mesure {self.number} – {self.version}"

    @property
    def product(self) -> Product:
        """What the rules of a product are asked about."""
        return self.application.product

    @property
    def is_on_bench(self) -> bool:
        return self.state in ON_BENCH

    @property
    def is_writable(self) -> bool:
        return self.state in WRITABLE and self.kind == MeasureKind.SCENARIO

    @property
    def is_concluded(self) -> bool:
        return self.state in CONCLUDED

    @transition(
        field=state,
        source=MeasureState.DRAFT,
        target=MeasureState.CHECKED,
        permission=product_rules.can_edit,
        custom={"label": "Vérifier le scénario"},
    )
    def verify(self) -> None:
        """The script has no error."""

    @transition(
        field=state,
        source=[
            MeasureState.CHECKED,
            MeasureState.INTERMEDIATE,
            MeasureState.FAILED,
            MeasureState.CANCELLED,
        ],
        target=MeasureState.DRAFT,
        permission=product_rules.can_edit,
        custom={"label": "Changer le scénario"},
    )
    def revise(self) -> None:
        self.failure = ""

    @transition(
        field=state,
        source=[
            MeasureState.CHECKED,
            MeasureState.INTERMEDIATE,
            MeasureState.FAILED,
            MeasureState.CANCELLED,
        ],
        target=MeasureState.DEBUGGING,
        permission=product_rules.can_edit,
        custom={"label": "Lancer une mesure intermédiaire"},
    )
    def debug(self, *, at: datetime, by: User, runs: int, pause_ms: int, purpose: Purpose) -> None:
        self._ask(at=at, by=by, runs=runs, pause_ms=pause_ms, purpose=purpose)

    @transition(
        field=state,
        source=MeasureState.DEBUGGING,
        target=MeasureState.INTERMEDIATE,
        custom={"label": "Résultat intermédiaire"},
    )
    def report(self, *, at: datetime) -> None:
        self._leave_bench(at=at)

    @transition(
        field=state,
        source=[MeasureState.INTERMEDIATE, MeasureState.FAILED, MeasureState.CANCELLED],
        target=MeasureState.QUEUED,
        permission=product_rules.can_edit,
        custom={"label": "Lancer la mesure finale"},
    )
    def queue(self, *, at: datetime, by: User, runs: int, pause_ms: int) -> None:
        self._ask(at=at, by=by, runs=runs, pause_ms=pause_ms, purpose=Purpose.FINAL)

    @transition(field=state, source=MeasureState.QUEUED, target=MeasureState.FINAL, custom={"label": "Résultat final"})
    def conclude(self, *, at: datetime) -> None:
        self._leave_bench(at=at)

    @transition(field=state, source=list(ON_BENCH), target=MeasureState.FAILED, custom={"label": "Échec"})
    def fail(self, *, at: datetime, failure: str) -> None:
        self._leave_bench(at=at)
        self.failure = failure

    @transition(
        field=state,
        source=list(ON_BENCH),
        target=MeasureState.CANCELLED,
        permission=product_rules.can_edit,
        custom={"label": "Annuler la mesure"},
    )
    def cancel(self, *, at: datetime) -> None:
        self._leave_bench(at=at)

    @transition(
        field=state,
        source=MeasureState.FINAL,
        target=MeasureState.PUBLISHED,
        permission=product_rules.can_validate,
        custom={"label": "Publier le résultat"},
    )
    def publish(self, *, at: datetime) -> None:
        self.published_at = at

    @transition(
        field=state,
        source=MeasureState.PUBLISHED,
        target=MeasureState.FINAL,
        permission=product_rules.can_validate,
        custom={"label": "Retirer la publication"},
    )
    def withdraw(self) -> None:
        self.published_at = None

    def _ask(self, *, at: datetime, by: User, runs: int, pause_ms: int, purpose: Purpose) -> None:
        self.series += 1
        self.purpose, self.runs, self.pause_ms = purpose, runs, pause_ms
        self.asked_at, self.asked_by, self.ended_at = at, by, None
        self.progress, self.message, self.failure = 0, "", ""

    def _leave_bench(self, *, at: datetime) -> None:
        self.ended_at, self.lease, self.message = at, None, ""


class ResultQuerySet(models.QuerySet["Result"]):
    def visible_to(self, user: User) -> ResultQuerySet:
        return self.filter(reachable(user, "measure__application__product__organisation"))

    def with_measure(self) -> ResultQuerySet:
        return self.select_related("measure__application__product__organisation", "measure__scenario").defer(
            "measure__application__product__description"
        )

    def light(self) -> ResultQuerySet:
        """For lists: without the payload."""
        return self.defer("payload")

    def final(self) -> ResultQuerySet:
        return self.filter(purpose=Purpose.FINAL)


class Result(models.Model):
    """What one passage on the bench gave, frozen: pages, PDF and dossier read `payload`, never a live table.

    The hashes name everything that made the figures: script, method, bench, factors. Two results compare only when
    method, bench and pauses are the same.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="results")
    series = models.PositiveIntegerField("passage au banc")
    purpose = models.CharField("nature", max_length=12, choices=Purpose.choices)
    measured_at = models.DateTimeField("mesuré le")
    payload = models.BinaryField("résultat (JSON canonique)")
    sha256 = models.CharField("empreinte du résultat", max_length=64)
    script_sha256 = models.CharField("empreinte du script", max_length=64)
    method = models.CharField("version de la méthode", max_length=30)
    bench = models.CharField("version du banc", max_length=120)
    factors_sha256 = models.CharField("empreinte des facteurs", max_length=64)
    pause_ms = models.PositiveIntegerField("pauses (ms)")
    ecoscore = models.PositiveSmallIntegerField("écoscore", null=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        verbose_name = "résultat de mesure"
        verbose_name_plural = "résultats de mesure"
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "series"],
                name="ecoscore_result_once_per_passage",
                violation_error_message="Ce passage au banc a déjà son résultat.",
            ),
            models.UniqueConstraint(
                fields=["measure"],
                condition=Q(purpose=Purpose.FINAL),
                name="ecoscore_result_one_final",
                violation_error_message="Cette mesure a déjà son résultat final.",
            ),
            models.CheckConstraint(
                condition=Q(ecoscore__lte=100) | Q(ecoscore__isnull=True),
                name="ecoscore_result_within_100",
                violation_error_message="Un écoscore va de 0 à 100.",
            ),
            models.CheckConstraint(
                condition=~Q(purpose=Purpose.FINAL) | Q(ecoscore__isnull=False),
                name="ecoscore_result_final_has_score",
                violation_error_message="Un résultat final a un écoscore.",
            ),
        ]
        triggers = frozen("ecoscore_result")

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} – {self.ecoscore}"

    @property
    def content(self) -> dict[str, Any]:
        """The frozen payload, read."""
        content: dict[str, Any] = json.loads(bytes(self.payload))
        return content


class BenchLine(models.Model):
    """One line of the bench’s log."""

    measure = models.ForeignKey(Measure, on_delete=models.CASCADE, related_name="lines")
    series = models.PositiveIntegerField("passage au banc")
    at = models.DateTimeField("à")
    text = models.CharField("ligne", max_length=500)

    class Meta:
        verbose_name = "ligne du journal du banc"
        verbose_name_plural = "lignes du journal du banc"
        indexes = [models.Index(fields=["measure", "series", "id"], name="ecoscore_line_by_passage")]

    def __str__(self) -> str:
        return self.text


class ScreenshotQuerySet(models.QuerySet["Screenshot"]):
    def visible_to(self, user: User) -> ScreenshotQuerySet:
        return self.filter(reachable(user, "measure__application__product__organisation"))


class Screenshot(models.Model):
    """What the bench saw at the end of a step of the first run, taken outside the measured window."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    measure = models.ForeignKey(Measure, on_delete=models.CASCADE, related_name="screenshots")
    series = models.PositiveIntegerField("passage au banc")
    position = models.PositiveSmallIntegerField("rang")
    step = models.CharField("étape", max_length=120)
    image = models.FileField("image", upload_to="ecoscore/%Y/%m/", max_length=200)
    mime = models.CharField("type", max_length=20)

    objects = ScreenshotQuerySet.as_manager()

    class Meta:
        verbose_name = "capture d’écran"
        verbose_name_plural = "captures d’écran"
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "series", "step"],
                name="ecoscore_screenshot_one_per_step",
                violation_error_message="Cette étape a déjà sa capture.",
            )
        ]

    def __str__(self) -> str:
        return self.step
