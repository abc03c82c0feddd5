"""`kill -9` of the bench in each phase: the measure ends failed with a reason, its figures are written once or never."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from ecoscore.enums import MeasureState
from ecoscore.models import Measure, Result
from ecoscore.services import ask_final, measure_next, reclaim_lost
from tests.ecoscore.factories import fake_runner, make_intermediate

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_dead_bench_is_given_up_within_a_minute():
    """Lease and watch together; the watch runs on the ordinary worker, which a busy or dead bench does not hold up."""
    entry = settings.CELERY_BEAT_SCHEDULE["watch-bench"]

    assert settings.ECOSCORE["LEASE_SECONDS"] + entry["schedule"] <= 45
    assert entry["task"] not in settings.CELERY_TASK_ROUTES


@pytest.fixture(autouse=True)
def _asleep(monkeypatch):
    """Nobody measures but who is told to: tasks of tests would run at once, in this process."""
    monkeypatch.setattr("ecoscore.tasks.measure_next.apply_async", lambda **options: None)


@pytest.mark.parametrize("phase", ["opening", "measuring", "concluding"])
def test_kill_9_leaves_a_reason_and_nothing_twice(phase):
    measure = make_intermediate()
    ask_final(measure_id=measure.pk, actor=measure.created_by)
    program = [sys.executable, "-m", "tests.ecoscore.dying_bench", connection.settings_dict["NAME"], phase]
    with subprocess.Popen(
        program, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "EMBEDDED_CLUSTER": "test"}
    ) as process:
        assert process.stdout.readline() == b"reached\n"
        assert Measure.objects.get(pk=measure.pk).lease is not None
        process.send_signal(signal.SIGKILL)
    assert measure_next(bench="banc", runner=fake_runner()) is None  # its lease stands until it is given up

    lost = 0
    for _ in range(100):  # a lock of the dead process may outlive it for an instant
        if lost := reclaim_lost(at=timezone.now() + timedelta(seconds=settings.ECOSCORE["LEASE_SECONDS"] + 1)):
            break
        time.sleep(0.1)

    measure = Measure.objects.get(pk=measure.pk)
    assert lost == 1
    assert (measure.state, measure.lease) == (MeasureState.FAILED, None)
    assert "Le banc s’est arrêté pendant la mesure" in measure.failure
    assert not Result.objects.final().exists()

    ask_final(measure_id=measure.pk, actor=measure.created_by)
    assert measure_next(bench="banc", runner=fake_runner()) is not None
    assert measure_next(bench="banc", runner=fake_runner()) is None
    assert Result.objects.final().get().measure_id == measure.pk
