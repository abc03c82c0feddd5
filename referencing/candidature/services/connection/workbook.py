"""The cahier as an Excel workbook, out and in again."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile

from convergence.documents.xlsx import Column, Sheet, write_workbook
from evidence.services import read_workbook
from referencing.candidature.core.workbook_sheet import (
    CAMPAIGN,
    CODE,
    COMMENT,
    EDITOR,
    FINAL_REMARK,
    FINAL_RESULT,
    RESULT,
    SHOWN,
    TEAM,
    VERSION,
    Current,
    Read,
    read_sheet,
)
from referencing.candidature.models import TestCampaign
from referencing.candidature.services.connection.facts import facts_of
from referencing.candidature.services.connection.lines import Mode, open_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKBOOK_MAX_MB = 2

_COLUMNS = [
    Column(CODE, 12),
    Column("Rubrique", 24),
    Column("Test", 34),
    Column("Étapes", 60),
    Column("Résultat attendu", 50),
    Column("Nature", 14),
    Column("Visuel demandé", 14),
    Column("À refaire", 40),
    Column(RESULT, 14),
    Column(COMMENT, 50),
    Column(FINAL_RESULT, 14),
    Column(FINAL_REMARK, 50),
    Column(VERSION, 9),
    Column(CAMPAIGN, 38),
]


def export_workbook(campaign: TestCampaign) -> bytes:
    """The cahier as it stands; the columns to fill are « Résultat » and « Commentaire », by the words OK, KO, Sans objet."""
    file = BytesIO()
    title = f"Cahier de tests, campagne {campaign.number}"
    write_workbook([Sheet("Cahier de tests", _COLUMNS, _rows(campaign))], file, title=title)
    return file.getvalue()


def _rows(campaign: TestCampaign) -> Iterator[list[Any]]:
    for line in campaign.lines.kept():
        yield [
            line.code,
            line.section,
            line.title,
            "\n".join(f"{number}. {step}" for number, step in enumerate(line.steps, 1)),
            line.expected,
            "Obligatoire" if line.is_mandatory else "Facultatif",
            "Oui" if line.needs_visual else "",
            line.redo_reason if line.is_to_redo else "",
            SHOWN[line.result],
            line.comment,
            SHOWN[line.final_result],
            line.final_remark,
            line.version,
            str(campaign.pk),
        ]


def read_upload(campaign: TestCampaign, mode: Mode, upload: UploadedFile[Any], *, anchor: str = "") -> Read:
    """What a filled workbook would change; writes nothing. Raises UploadRefused for a file that cannot be read safely."""
    sheets = read_workbook(upload=upload, max_size_mb=WORKBOOK_MAX_MB, anchor=anchor)
    lines = list(campaign.lines.kept().with_visuals())
    writable = open_codes(campaign, mode, lines)
    result, text = mode.value
    current = [
        Current(facts_of(line), getattr(line, result), getattr(line, text), line.version, line.code in writable)
        for line in lines
    ]
    columns = EDITOR if mode is Mode.RECETTE else TEAM
    return read_sheet(sheets[0] if sheets else [], current, campaign=str(campaign.pk), columns=columns)
