"""The scripts of an application: read with the bench’s own rules, and begun from a model."""

from __future__ import annotations

from django.conf import settings

from ecoscore.enums import Platform
from ecoscore.gdsl import Checked, check
from ecoscore.gdsl.plan import Platform as GdslPlatform
from ecoscore.models import Application

MAX_SCRIPT = 200_000


def read_script(application: Application, text: str, *, pause_ms: int = 0, final: bool = False) -> Checked:
    """What the checker says of a script, with the pauses of the measure it is meant for."""
    return check(
        text,
        GdslPlatform(application.platform),
        variables={"PAUSEDURATION": str(pause_ms or settings.ECOSCORE["PAUSE_MS"])},
        allow_private=settings.ECOSCORE_ALLOW_PRIVATE,
        final=final,
    )


def first_script(application: Application) -> str:
    """The mandatory steps around the load of the first page: checks the environment, and begins a scenario."""
    if application.platform == Platform.ANDROID:
        opening = (
            f"applicationKill,{application.package}\n\n"
            "measureStart,CHRGT_ACCUEIL\n"
            f"applicationStart,{application.package}\n"
        )
        start = ""
    else:
        start = "setBrowser,chrome\nbrowserPrepareAndOpenForReference\n\n"
        opening = f"browserGoToUrl,{application.url}\n\nmeasureStart,CHRGT_ACCUEIL\npressEnter\n"
    return (
        f"# {application.name}\n"
        f"{start}"
        "measureStart,REFERENCE\n"
        "pause,${PAUSEDURATION}\n"
        "measureStop\n\n"
        f"{opening}"
        "pause,${PAUSEAFTERLOAD}\n"
        "measureStop\n\n"
        "measureStart,PAUSE_ACCUEIL\n"
        "pause,${PAUSEDURATION}\n"
        "measureStop\n\n"
        "goBackground\n"
        "measureStart,BACKGROUND\n"
        "pause,${PAUSEDURATION}\n"
        "measureStop\n"
    )
