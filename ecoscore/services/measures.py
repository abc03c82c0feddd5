"""What people do with a measure: write its scenario, ask the bench, cancel, publish."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.canonical import sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from ecoscore.bench.android import connected_devices
from ecoscore.enums import MeasureKind, MeasureState, Platform, Purpose
from ecoscore.models import Application, Measure, Result, Scenario
from ecoscore.services.scripts import MAX_SCRIPT, first_script, read_script

if TYPE_CHECKING:
    from convergence.accounts.models import User

NO_DEVICE = (
    "Aucun terminal connecté\u00a0: ce banc n’a pas de téléphone Android. Le scénario se prépare et se vérifie, mais ne se "
    "mesure pas ici."
)


@transaction.atomic
def create_measure(*, application_id: UUID, version: str, actor: User) -> Measure:
    """Begin a measure of a version of the application: the newest scenario is taken up, or a model of one.

    Raises Application.DoesNotExist or PermissionDenied.
    """
    application = _lock_application(application_id, actor)
    newest = Measure.objects.filter(application=application, kind=MeasureKind.SCENARIO).order_by("-number").first()
    scenario = newest.scenario if newest else _write(application, first_script(application), actor)
    return _create(application, scenario, MeasureKind.SCENARIO, version, actor)


@transaction.atomic
def check_environment(*, application_id: UUID, actor: User) -> Measure:
    """First measure: once through the first page, to see that the bench reaches it and what it gives.

    The same row is used again each time. Raises Application.DoesNotExist, PermissionDenied, TransitionRefused.
    """
    application = _lock_application(application_id, actor)
    text = first_script(application)
    measure = Measure.objects.locked().filter(application=application, kind=MeasureKind.ENVIRONMENT).first()
    if measure is None or measure.scenario.sha256 != sha256_hex(text.encode()):
        scenario = _write(application, text, actor)
        if measure is None:
            measure = _create(application, scenario, MeasureKind.ENVIRONMENT, "", actor)
        else:
            measure.scenario = scenario
    if measure.state == MeasureState.DRAFT:
        _require_no_error(measure)
        workflow.fire(measure, "verify", actor=actor)
    _debug(measure, Purpose.ENVIRONMENT, runs=1, actor=actor)
    return measure


@transaction.atomic
def save_scenario(*, measure_id: UUID, text: str, actor: User) -> Measure:
    """Keep a new version of the script, with or without errors: nothing written is lost, and a draft may be wrong.

    Without error the measure is checked, else it is a draft. Writing the same text again changes nothing. Raises
    Measure.DoesNotExist, PermissionDenied, TransitionRefused (on the bench, concluded, too long).
    """
    measure = _lock(measure_id, actor)
    if not measure.is_writable:
        message = "Le scénario ne change plus\u00a0: la mesure est en cours ou terminée. Créez une autre mesure."
        raise TransitionRefused([Blocker("not_writable", message)])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_SCRIPT or "\x00" in text:
        message = f"Un script compte {MAX_SCRIPT} caractères au plus, sans caractère invisible."
        raise TransitionRefused([Blocker("unreadable_script", message, "#id_text")])
    is_new = sha256_hex(text.encode()) != measure.scenario.sha256
    if is_new:
        measure.scenario = _write(measure.application, text, actor)
        if measure.state != MeasureState.DRAFT:
            workflow.fire(measure, "revise", actor=actor)
        measure.save(update_fields=["scenario"])
        data = {"scenario": measure.scenario.number}
        record("measure.save_scenario", subject=measure, actor=actor, data=data)
    if measure.state == MeasureState.DRAFT and read_script(measure.application, text).plan is not None:
        workflow.fire(measure, "verify", actor=actor)
    return measure


@transaction.atomic
def ask_debug(*, measure_id: UUID, actor: User) -> Measure:
    """Ask the bench for an intermediate measure. Raises Measure.DoesNotExist, PermissionDenied, TransitionRefused."""
    measure = _lock(measure_id, actor)
    if measure.kind == MeasureKind.ENVIRONMENT:
        _debug(measure, Purpose.ENVIRONMENT, runs=1, actor=actor)
    else:
        _debug(measure, Purpose.INTERMEDIATE, runs=settings.ECOSCORE["RUNS"], actor=actor)
    return measure


@transaction.atomic
def ask_final(*, measure_id: UUID, actor: User) -> Measure:
    """Ask the bench for the final measure of a scenario that an intermediate measure has proved.

    Raises Measure.DoesNotExist, PermissionDenied, TransitionRefused with every reason.
    """
    measure = _lock(measure_id, actor)
    workflow.fire(
        measure,
        "queue",
        actor=actor,
        guard=lambda: final_blockers(measure),
        at=timezone.now(),
        by=actor,
        runs=settings.ECOSCORE["RUNS"],
        pause_ms=settings.ECOSCORE["FINAL_PAUSE_MS"],
    )
    transaction.on_commit(wake_bench)
    return measure


@transaction.atomic
def cancel_measure(*, measure_id: UUID, actor: User) -> Measure:
    """Take a measure from the bench, waiting or under way: the bench stops at its next instruction and keeps nothing.

    Raises Measure.DoesNotExist, PermissionDenied, TransitionRefused (not on the bench any more).
    """
    measure = _lock(measure_id, actor)
    workflow.fire(measure, "cancel", actor=actor, at=timezone.now())
    return measure


@transaction.atomic
def publish_result(*, measure_id: UUID, actor: User) -> Measure:
    """Name the final result as the one of this version. Raises Measure.DoesNotExist, PermissionDenied, TransitionRefused."""
    measure = _lock(measure_id, actor)
    workflow.fire(measure, "publish", actor=actor, at=timezone.now())
    return measure


@transaction.atomic
def withdraw_result(*, measure_id: UUID, actor: User) -> Measure:
    """The result is final still, and not named any more. Raises as `publish_result`."""
    measure = _lock(measure_id, actor)
    workflow.fire(measure, "withdraw", actor=actor)
    return measure


def bench_blockers(measure: Measure, *, final: bool = False) -> list[Blocker]:
    """Why the bench cannot play this script: every reason, each with its line."""
    if measure.application.platform == Platform.ANDROID and not connected_devices():
        return [Blocker("no_device", NO_DEVICE)]
    checked = read_script(measure.application, measure.scenario.text, final=final)
    blockers = [
        Blocker(each.code, f"Ligne {each.line}\u00a0: {each.message}", f"#ligne-{each.line}")
        for each in checked.blockers
    ]
    known = set(measure.application.secrets.values_list("name", flat=True)) if checked.secrets else set()
    where = reverse("ecoscore:secret_list", args=[measure.application_id])
    return blockers + [
        Blocker("missing_secret", f"Le scénario utilise ${{{name}}}\u00a0: donnez sa valeur dans les secrets.", where)
        for name in checked.secrets
        if name not in known
    ]


def final_blockers(measure: Measure) -> list[Blocker]:
    """Why no final measure of this scenario can be asked for."""
    blockers = bench_blockers(measure, final=True)
    if measure.kind != MeasureKind.SCENARIO:
        message = "La vérification de l’environnement ne donne pas d’écoscore\u00a0: créez une mesure."
        blockers.append(Blocker("environment_only", message))
    elif not Result.objects.filter(measure=measure, script_sha256=measure.scenario.sha256).exists():
        message = "Lancez d’abord une mesure intermédiaire de ce scénario\u00a0: elle montre s’il se rejoue sans échec."
        blockers.append(Blocker("no_intermediate", message))
    return blockers


def wake_bench() -> None:
    """Send one message to the bench; it takes whatever waits, so that a lost one costs nothing but a few seconds."""
    from ecoscore.tasks import measure_next  # the task module imports this package

    measure_next.apply_async(expires=60)


def _debug(measure: Measure, purpose: Purpose, *, runs: int, actor: User) -> None:
    workflow.fire(
        measure,
        "debug",
        actor=actor,
        guard=lambda: bench_blockers(measure),
        at=timezone.now(),
        by=actor,
        runs=runs,
        pause_ms=settings.ECOSCORE["PAUSE_MS"],
        purpose=purpose,
    )
    transaction.on_commit(wake_bench)


def _require_no_error(measure: Measure) -> None:
    if blockers := bench_blockers(measure):
        raise TransitionRefused(blockers)


def _lock_application(pk: UUID, actor: User) -> Application:
    application = Application.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=pk)
    if not product_rules.can_edit(actor, application):
        raise PermissionDenied("measure")
    return application


def _lock(pk: UUID, actor: User) -> Measure:
    measure = Measure.objects.visible_to(actor).with_application().locked().get(pk=pk)
    if not product_rules.can_edit(actor, measure):
        raise PermissionDenied("measure")
    return measure


def _write(application: Application, text: str, actor: User) -> Scenario:
    """The next version of the script; the application or one of its measures is locked."""
    last = Scenario.objects.filter(application=application).aggregate(last=Max("number"))["last"] or 0
    return Scenario.objects.create(
        application=application,
        number=last + 1,
        text=text,
        sha256=sha256_hex(text.encode()),
        written_by=actor,
        written_at=timezone.now(),
    )


def _create(application: Application, scenario: Scenario, kind: MeasureKind, version: str, actor: User) -> Measure:
    number = 0
    if kind == MeasureKind.SCENARIO:
        number = (Measure.objects.filter(application=application).aggregate(last=Max("number"))["last"] or 0) + 1
    measure = Measure.objects.create(
        application=application, number=number, kind=kind, version=version, scenario=scenario, created_by=actor
    )
    record("measure.create", subject=measure, actor=actor)
    if kind == MeasureKind.SCENARIO and read_script(application, scenario.text).plan is not None:
        workflow.fire(measure, "verify", actor=actor)
    return measure
