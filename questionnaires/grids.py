"""Published grids, parsed and compiled once per process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from django.conf import settings

from questionnaires.core import Evaluator, Grid, load_yaml, require_orientable
from questionnaires.models import ORIENTATION, DefinitionVersion

MAX_KEPT = 8


@dataclass(frozen=True, slots=True)
class CompiledGrid:
    grid: Grid
    evaluator: Evaluator

    def title_of(self, questionnaire: str) -> str:
        """Raises KeyError for a code that is neither the orientation nor a questionnaire of the grid."""
        return (
            self.grid.orientation_title
            if questionnaire == ORIENTATION
            else self.grid.questionnaire(questionnaire).title
        )


class _Kept:
    """The last grids used, by the hash of their text: a draft that is loaded again never shows an older text."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._grids: OrderedDict[str, CompiledGrid] = OrderedDict()

    def get(self, definition: DefinitionVersion) -> CompiledGrid:
        with self._lock:
            if (found := self._grids.get(definition.sha256)) is not None:
                self._grids.move_to_end(definition.sha256)
                return found
        grid = require_orientable(load_yaml(definition.source))
        compiled = CompiledGrid(grid, Evaluator(grid))
        with self._lock:
            self._grids[definition.sha256] = compiled
            while len(self._grids) > self._size:
                self._grids.popitem(last=False)
        return compiled


_kept = _Kept(MAX_KEPT)


def compiled_grid(definition: DefinitionVersion) -> CompiledGrid:
    """The grid of `definition`, whose `source` may be deferred: it is read only the first time in this process."""
    return _kept.get(definition)


def load_grid(definition: DefinitionVersion) -> Grid:
    """The grid of `definition`, kept like `compiled_grid`."""
    return compiled_grid(definition).grid


def find_template(demarche: str, template: str) -> Path | None:
    """The file of an evidence template of a démarche; None when it is missing or leaves its folder."""
    folder = (Path(settings.BASE_DIR) / "fixtures" / "grids" / demarche).resolve()
    path = (folder / template).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None
