"""The bench’s side of a measure: taken by lease, measured, ended once and once only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from convergence.audit import workflow
from convergence.kernel.secrets import SecretUnreadable
from ecoscore import notices
from ecoscore.bench.driver import BenchError
from ecoscore.enums import MeasureState, Purpose
from ecoscore.figures import Measurement
from ecoscore.models import Measure
from ecoscore.services.applications import read_secrets
from ecoscore.services.measures import bench_blockers, wake_bench
from ecoscore.services.results import make_result
from ecoscore.services.scripts import read_script
from ecoscore.services.watching import BenchWatcher

logger = structlog.get_logger(__name__)

Runner = Callable[..., Measurement]

LOST = (
    "Le banc s’est arrêté pendant la mesure{where}. Aucun chiffre n’en a été gardé, et votre scénario est intact\u00a0: "
    "relancez la mesure."
)
LATE = "La mesure a dépassé la durée permise\u00a0: le banc l’a arrêtée. Raccourcissez le scénario."
UNEXPECTED = (
    "Le banc a rencontré une erreur qu’il ne connaît pas. Relancez la mesure\u00a0; si l’erreur revient, donnez ce code au "
    "support\u00a0: {code}."
)
REFUSED = (
    "La mesure finale est refusée\u00a0: {reasons} Ses chiffres restent lisibles\u202f; si l’application n’est pas en cause, "
    "la machine du banc était peut-être occupée\u00a0: relancez la mesure."
)
UNREADABLE_SECRET = "Un secret de l’application n’est plus lisible\u00a0: saisissez-le de nouveau."  # noqa: S105


def measure_next(*, bench: str, runner: Runner | None = None) -> Measure | None:
    """Take what has waited longest, measure it and end it. None when nothing waits, or when this bench is at work.

    `bench` names the machine: it measures one application at a time. `runner`: what measures, that of the settings by
    default. However the measure ends, its row says so; when it was cancelled or given up meanwhile, nothing is written.
    """
    measure = claim(bench=bench, at=timezone.now())
    if measure is None:
        return None
    try:
        measurement = _measure(measure, runner or import_string(settings.ECOSCORE["RUNNER"]))
    except BenchError as error:
        _end(measure, partial(_fail, failure=str(error)))
    except SecretUnreadable:
        _end(measure, partial(_fail, failure=UNREADABLE_SECRET))
    except Exception:
        logger.exception("bench_failed", measure=str(measure.pk), series=measure.series)
        _end(measure, partial(_fail, failure=UNEXPECTED.format(code=measure.pk)))
    else:
        _end(measure, partial(_conclude, measurement=measurement))
    return measure


@transaction.atomic
def claim(*, bench: str, at: datetime) -> Measure | None:
    """Give the bench a lease on what has waited longest; two benches never take the same one (SKIP LOCKED)."""
    if Measure.objects.leased().filter(bench=bench).exists():
        return None
    measure = Measure.objects.waiting().select_for_update(skip_locked=True, of=("self",)).first()
    if measure is None:
        return None
    measure.lease, measure.bench = uuid4(), bench
    measure.leased_at = measure.heartbeat_at = at
    measure.message = "Le banc se prépare."
    try:
        with transaction.atomic():
            measure.save(update_fields=["lease", "bench", "leased_at", "heartbeat_at", "message"])
    except IntegrityError:  # the same bench took another one in this very instant
        return None
    return measure


def _measure(measure: Measure, runner: Runner) -> Measurement:
    """Raises BenchError, or whatever the runner did not foresee."""
    is_final = measure.purpose == Purpose.FINAL
    checked = read_script(measure.application, measure.scenario.text, pause_ms=measure.pause_ms, final=is_final)
    if checked.plan is None:  # the rules of the bench changed since it was asked
        reasons = bench_blockers(measure, final=is_final)
        raise BenchError("script", " ".join(each.message for each in reasons))
    secrets = read_secrets(measure.application)
    watcher = BenchWatcher(measure)
    try:
        return runner(
            checked.plan,
            runs=measure.runs,
            pause_ms=measure.pause_ms,
            allow_private=settings.ECOSCORE_ALLOW_PRIVATE,
            secrets=secrets,
            watcher=watcher,
        )
    except BenchError as error:
        if watcher.is_late:
            raise BenchError("late", LATE) from error
        raise
    finally:
        watcher.flush()


@transaction.atomic
def _end(leased: Measure, end: Callable[[Measure], None]) -> None:
    """End the measure if this bench holds it still: a cancelled or given-up one is no business of ours."""
    measure = Measure.objects.with_application().locked().filter(pk=leased.pk, lease=leased.lease).first()
    if measure is not None:
        end(measure)


def _conclude(measure: Measure, *, measurement: Measurement) -> None:
    """Freeze the result; a final measure that the method refuses fails with every reason, its figures kept to mend it."""
    now = timezone.now()
    try:
        result, refusals = make_result(measure, measurement, at=now)
    except BenchError as error:
        _fail(measure, failure=str(error))
        return
    if measure.state == MeasureState.DEBUGGING:
        result.save(force_insert=True)
        workflow.fire(measure, "report", actor=None, at=now)
        return
    if result.ecoscore is None and not refusals:
        refusals = ("Il manque au scénario de quoi noter les trois facteurs.",)
    if refusals:
        result.purpose = Purpose.INTERMEDIATE
        result.save(force_insert=True)
        _fail(measure, failure=REFUSED.format(reasons=" ".join(refusals)))
        return
    result.save(force_insert=True)
    workflow.fire(measure, "conclude", actor=None, at=now, data={"sha256": result.sha256})
    transaction.on_commit(partial(notices.measure_concluded, measure, result))


def _fail(measure: Measure, *, failure: str) -> None:
    was_final = measure.purpose == Purpose.FINAL
    workflow.fire(measure, "fail", actor=None, at=timezone.now(), failure=failure)
    if was_final:
        transaction.on_commit(partial(notices.measure_failed, measure))


@transaction.atomic
def reclaim_lost(*, at: datetime) -> int:
    """Fail what a dead bench held, with the reason: nothing stays « en cours » for ever. Returns how many.

    Not measured again by itself: people read why, and a bench that dies of one page would die of it again.
    """
    before = at - timedelta(seconds=settings.ECOSCORE["LEASE_SECONDS"])
    lost = list(
        Measure.objects.with_application().lost(before=before).select_for_update(skip_locked=True, of=("self",))
    )
    for measure in lost:
        where = f" ({measure.message.rstrip('.')})" if measure.message else ""
        _fail(measure, failure=LOST.format(where=where))
    return len(lost)


def watch() -> None:
    """Each few seconds: give up dead benches, and wake one when something waits for it."""
    reclaim_lost(at=timezone.now())
    if Measure.objects.waiting().exists() and not Measure.objects.leased().exists():
        wake_bench()


def position_of(measure: Measure) -> int:
    """How many measures stand before this one, the one on the bench included."""
    ahead = Measure.objects.waiting().filter(asked_at__lt=measure.asked_at).count() if measure.asked_at else 0
    return ahead + Measure.objects.leased().exclude(pk=measure.pk).count()
