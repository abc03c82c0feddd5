"""Files named on a command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.core.management.base import CommandError


def read_file(path: Path) -> bytes:
    """The content of a file; CommandError, in French, when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} est introuvable ou illisible.") from error


def template_finder(grid: Path) -> Callable[[str], bool]:
    """Tells whether an evidence template stands beside the grid or below; a path that leaves its folder is not found."""
    folder = grid.resolve().parent

    def has_template(template: str) -> bool:
        path = (folder / template).resolve()
        return path.is_relative_to(folder) and path.is_file()

    return has_template
