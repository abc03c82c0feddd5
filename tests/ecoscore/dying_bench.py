"""A bench of its own process, that stops in one phase of its work and waits to be killed: `database phase`."""

import sys
import time
from typing import Any, NoReturn

import django
from django.conf import settings


def stop(*_: Any, **__: Any) -> NoReturn:
    print("reached", flush=True)  # noqa: T201
    time.sleep(600)
    sys.exit("nobody killed this bench")


def main(database: str, phase: str) -> None:
    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    from ecoscore.services import bench  # models need the settings
    from tests.ecoscore.factories import fake_runner

    def runner(*arguments: Any, **options: Any) -> Any:
        if phase == "opening":
            stop()
        return fake_runner(stop if phase == "measuring" else None)(*arguments, **options)

    if phase == "concluding":
        bench.make_result = stop
    bench.measure_next(bench="banc", runner=runner)


if __name__ == "__main__":
    main(*sys.argv[1:])
