"""Is the machine itself steady? A fixed work of ours, timed beside the measures: what varies there is no bench's doing."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import zlib
from collections.abc import Iterator
from statistics import mean

#: As long as a scroll or a load: what the machine does at that scale is what a step meets.
WINDOW_S = 1.5
_EVERY_S = 0.05
_TEXT = os.urandom(8192)


class Steadiness:
    """CPU seconds of one work, sampled on every processor; about one per cent of each is spent on it."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, float]] = []
        self._has_ended = threading.Event()

    def sample(self, processor: int) -> None:
        os.sched_setaffinity(threading.get_native_id(), {processor})
        while not self._has_ended.wait(_EVERY_S):
            before = time.thread_time()
            zlib.compress(_TEXT)
            self._samples.append((time.monotonic(), time.thread_time() - before))

    def end(self) -> None:
        self._has_ended.set()

    def windows(self) -> list[float]:
        """The mean CPU seconds of the work in each window, in the order of time."""
        found: dict[int, list[float]] = {}
        for moment, spent in self._samples:
            found.setdefault(int(moment / WINDOW_S), []).append(spent)
        return [mean(those) for _, those in sorted(found.items())]


@contextlib.contextmanager
def watched_machine() -> Iterator[Steadiness]:
    """Sample while the block runs."""
    steadiness = Steadiness()
    threads = [threading.Thread(target=steadiness.sample, args=(each,)) for each in sorted(os.sched_getaffinity(0))]
    for thread in threads:
        thread.start()
    try:
        yield steadiness
    finally:
        steadiness.end()
        for thread in threads:
            thread.join()
