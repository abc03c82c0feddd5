"""Versions named on a command line: `DEMARCHE:VERSION`, or a file."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import CommandError

from questionnaires.management.files import read_file
from questionnaires.models import DefinitionVersion


def find_version(name: str) -> DefinitionVersion:
    """The version `DEMARCHE:VERSION`; CommandError, in French, when there is none."""
    demarche, _, version = name.partition(":")
    definition = DefinitionVersion.objects.filter(demarche__slug=demarche, version=version).first()
    if definition is None:
        raise CommandError(f"Aucune grille « {version} » n’est chargée pour la démarche « {demarche} ».")
    return definition


def read_grid(name: str) -> tuple[bytes, str]:
    """Content and file name of a grid, given as a file or, when there is no such file, as `DEMARCHE:VERSION`."""
    path = Path(name)
    if ":" in name and not path.exists():
        return find_version(name).source.encode(), f"{name}.yaml"
    return read_file(path), path.name
