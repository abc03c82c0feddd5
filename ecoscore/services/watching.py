"""What the bench says while it works, written by a thread of its own.

Playwright runs an event loop in the thread of the bench, where Django refuses to query; and a bench that waits thirty
seconds in a pause must still give signs of life. The bench puts what it says in memory; the thread writes it once a second,
and reads whether the measure is still the bench’s.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import datetime
from types import TracebackType

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone

from ecoscore.bench.driver import Pass
from ecoscore.models import BenchLine, Measure, Screenshot

PASSES = {Pass.ENERGY: "énergie et données", Pass.PERFORMANCE: "performance"}
FORMATS = {b"\x89PNG\r\n\x1a\n": ("image/png", "png"), b"RIFF": ("image/webp", "webp"), b"\xff\xd8": ("image/jpeg", "jpg")}
MAX_LINES = 2_000
MAX_IMAGE = 5_000_000
PERIOD_S = 1.0


class BenchWatcher:
    """The `Watcher` of the runner for one leased measure; use it as a context around the runner."""

    def __init__(self, measure: Measure) -> None:
        self.measure_id, self.lease, self.series = measure.pk, measure.lease, measure.series
        self.is_lost = False  # cancelled, or given up by the watch: somebody else decides now
        self.is_late = False
        self._deadline = time.monotonic() + settings.ECOSCORE["LONGEST_SECONDS"]
        self._lines: deque[tuple[datetime, str]] = deque()
        self._images: deque[tuple[int, str, bytes]] = deque()
        self._now: tuple[int, str] = (0, "Le banc se prépare.")
        self._seen: set[str] = set()
        self._written = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="bench-watcher", daemon=True)

    def __enter__(self) -> BenchWatcher:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    # -- what the runner calls

    def progress(self, run: int, runs: int, which_pass: Pass, step_index: int, steps: int, message: str) -> None:
        """`run` and `step_index` count from 1."""
        passes = (run - 1) * len(PASSES) + list(PASSES).index(Pass(which_pass))
        done = passes * steps + max(step_index - 1, 0)
        percent = 100 * done // max(runs * len(PASSES) * steps, 1)
        self._now = (min(percent, 99), f"Répétition {run} sur {runs}, {PASSES[Pass(which_pass)]}\u00a0: {message}"[:200])

    def screenshot(self, run: int, step_name: str, image_bytes: bytes) -> None:
        """One per step is enough to recognise the scenario: that of the first run."""
        if run == 1 and step_name not in self._seen and len(image_bytes) <= MAX_IMAGE:
            self._seen.add(step_name)
            self._images.append((len(self._seen), step_name, image_bytes))

    def log(self, line: str) -> None:
        self._written += 1
        if self._written < MAX_LINES:
            self._lines.append((timezone.now(), line.replace("\x00", "")[:500]))
        elif self._written == MAX_LINES:
            self._lines.append((timezone.now(), "La suite du journal n’est pas gardée."))

    def is_cancelled(self) -> bool:
        self.is_late = self.is_late or time.monotonic() > self._deadline
        return self.is_lost or self.is_late

    # -- the thread

    def _work(self) -> None:
        try:
            while not self._stop.wait(PERIOD_S):
                self.flush()
            self.flush()
        finally:
            connections.close_all()

    def flush(self) -> None:
        """Write what was said, give a sign of life, and learn whether the measure is still ours."""
        percent, message = self._now
        mine = Measure.objects.filter(pk=self.measure_id, lease=self.lease)
        if not mine.update(progress=percent, message=message, heartbeat_at=timezone.now()):
            self.is_lost = True
            return
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        BenchLine.objects.bulk_create(
            BenchLine(measure_id=self.measure_id, series=self.series, at=at, text=text) for at, text in lines
        )
        for position, step, image in [self._images.popleft() for _ in range(len(self._images))]:
            self._keep(position, step, image)

    def _keep(self, position: int, step: str, image: bytes) -> None:
        known = next((each for start, each in FORMATS.items() if image.startswith(start)), None)
        if known is None:
            return
        mime, ending = known
        row = Screenshot(
            measure_id=self.measure_id, series=self.series, position=position, step=step[:120], mime=mime
        )
        row.image.save(f"{row.pk}.{ending}", ContentFile(image), save=False)
        row.save(force_insert=True)
