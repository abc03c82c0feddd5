"""What the bench says while it works, written to the row, the log and the screenshots of its measure.

The runner asks twice a second whether it should stop: then what it said is written, at most once a second, as the sign of
life of the bench; and the row says whether the measure is still the bench’s.
"""

from __future__ import annotations

import time
from datetime import datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from ecoscore.bench.driver import Pass
from ecoscore.models import BenchLine, Measure, Screenshot

PASSES = {Pass.ENERGY: "énergie et données", Pass.PERFORMANCE: "performance"}
FORMATS = {
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"RIFF": ("image/webp", "webp"),
    b"\xff\xd8": ("image/jpeg", "jpg"),
}
MAX_LINES = 2_000
MAX_IMAGE = 5_000_000
PERIOD_S = 1.0


class BenchWatcher:
    """The `Watcher` of the runner for one leased measure."""

    def __init__(self, measure: Measure) -> None:
        self.measure_id, self.lease, self.series = measure.pk, measure.lease, measure.series
        self.is_lost = False  # cancelled, or given up by the watch: somebody else decides now
        self.is_late = False
        self._deadline = time.monotonic() + settings.ECOSCORE["LONGEST_SECONDS"]
        self._flushed = 0.0
        self._lines: list[tuple[datetime, str]] = []
        self._now: tuple[int, str] = (0, measure.message)
        self._seen: set[str] = set()
        self._written = 0

    # -- what the runner calls

    def progress(self, run: int, runs: int, which_pass: Pass, step_index: int, steps: int, message: str) -> None:
        """`run` and `step_index` count from 1."""
        passes = (run - 1) * len(PASSES) + list(PASSES).index(Pass(which_pass))
        done = passes * steps + max(step_index - 1, 0)
        percent = 100 * done // max(runs * len(PASSES) * steps, 1)
        self._now = (
            min(percent, 99),
            f"Répétition {run} sur {runs}, {PASSES[Pass(which_pass)]}\u00a0: {message}"[:200],
        )

    def screenshot(self, run: int, step_name: str, image_bytes: bytes) -> None:
        """One per step is enough to recognise the scenario: that of the first run."""
        if run == 1 and step_name not in self._seen and len(image_bytes) <= MAX_IMAGE:
            self._seen.add(step_name)
            self._keep(len(self._seen), step_name, image_bytes)

    def log(self, line: str) -> None:
        self._written += 1
        if self._written < MAX_LINES:
            self._lines.append((timezone.now(), line.replace("\x00", "")[:500]))
        elif self._written == MAX_LINES:
            self._lines.append((timezone.now(), "La suite du journal n’est pas gardée."))

    def is_cancelled(self) -> bool:
        self.is_late = self.is_late or time.monotonic() > self._deadline
        if time.monotonic() - self._flushed >= PERIOD_S:
            self.flush()
        return self.is_lost or self.is_late

    def flush(self) -> None:
        """Write what was said, give a sign of life, and learn whether the measure is still ours."""
        self._flushed = time.monotonic()
        percent, message = self._now
        mine = Measure.objects.filter(pk=self.measure_id, lease=self.lease)
        if not mine.update(progress=percent, message=message, heartbeat_at=timezone.now()):
            self.is_lost = True
        lines, self._lines = self._lines, []
        BenchLine.objects.bulk_create(
            BenchLine(measure_id=self.measure_id, series=self.series, at=at, text=text) for at, text in lines
        )

    def _keep(self, position: int, step: str, image: bytes) -> None:
        known = next((each for start, each in FORMATS.items() if image.startswith(start)), None)
        if known is None:
            return
        mime, ending = known
        row = Screenshot(measure_id=self.measure_id, series=self.series, position=position, step=step[:120], mime=mime)
        row.image.save(f"{row.pk}.{ending}", ContentFile(image), save=False)
        row.save(force_insert=True)
