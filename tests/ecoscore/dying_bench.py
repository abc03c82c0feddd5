"""A bench of its own process, that stops in one phase of its work and waits to be killed: `database phase`."""

import sys
import time
from typing import Any, NoReturn

import django
from django.conf import settings

database, phase = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
django.setup()

from ecoscore.services import bench  # noqa: E402
from tests.ecoscore.factories import fake_runner  # noqa: E402


def stop(*_: Any, **__: Any) -> NoReturn:
    print("reached", flush=True)  # noqa: T201
    time.sleep(600)
    sys.exit("nobody killed this bench")


def runner(*arguments: Any, watcher: Any, **options: Any) -> Any:
    if phase == "opening":
        stop()
    return fake_runner(stop if phase == "measuring" else None)(*arguments, watcher=watcher, **options)


if phase == "concluding":
    bench.make_result = stop
bench.measure_next(bench="banc", runner=runner)
