"""The script editor, shared by the pages that hold a script: what is wrong while it is typed, models to insert, a file to
load. Everything works without scripts; the check alone then waits for the page to be sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from convergence.accounts.requests import SignedInRequest
from ecoscore.gdsl import Checked, Platform, check, commands_of, read
from ecoscore.gdsl.commands import FAMILIES, Command
from ecoscore.gdsl.models import insert, models_of
from evidence.uploads import IncomingUpload

#: Characters of a script, bytes of its file: far above any scenario, far below what costs.
MAX_SCRIPT = 200_000
#: How many diagnostics a page shows; the rest is counted.
SHOWN = 50

TOO_LONG = f"Ce scénario est trop long : {MAX_SCRIPT // 1000} 000 caractères au plus."
NO_FILE = "Choisissez d’abord un fichier .testgb sur votre ordinateur."


@dataclass(frozen=True, slots=True)
class Edit:
    """What a button of the editor made of the text, before anything is saved. `replaced`: the text that a file took the
    place of, still shown so that it is not lost; `problem`: why nothing changed.
    """

    text: str
    notice: str = ""
    replaced: str = ""
    problem: str = ""


def editor_values(platform: Platform, checked: Checked, *, edit: Edit | None = None) -> dict[str, Any]:
    """What `ecoscore/_editor.html` shows beside the field `form.text`."""
    return {
        **diagnostic_values(checked),
        "edit": edit,
        "script_platform": platform.value,
        "check_url": reverse("ecoscore:script_check"),
        "models": models_of(platform),
        "families": help_of(platform),
    }


def diagnostic_values(checked: Checked) -> dict[str, Any]:
    """What `ecoscore/_diagnostics.html` shows: the first ones, how many more, and one sentence about all of them."""
    return {
        "diagnostics": checked.diagnostics[:SHOWN],
        "hidden_diagnostics": max(0, len(checked.diagnostics) - SHOWN),
        "diagnostics_summary": summary_of(checked),
    }


def summary_of(checked: Checked) -> str:
    """« 2 erreurs et 1 avertissement : corrigez les erreurs avant de mesurer. »"""
    errors = len(checked.errors)
    warnings = len(checked.diagnostics) - errors
    said = [
        f"{count} {word}{'s' if count > 1 else ''}"
        for count, word in ((errors, "erreur"), (warnings, "avertissement"))
        if count
    ]
    if checked.is_empty and not errors:
        end = "le scénario ne mesure encore aucune étape."
    elif checked.blockers:
        end = "corrigez les erreurs avant de mesurer."
    elif any(each.code == "W101" for each in checked.diagnostics):
        end = "le scénario peut être mesuré, mais pas encore de façon finale."
    else:
        end = "le scénario peut être mesuré."
    return f"{' et '.join(said) or 'Aucune remarque'} : {end}"


def help_of(platform: Platform) -> list[tuple[str, list[Command]]]:
    """The commands of a platform by family, for the help."""
    commands = commands_of(platform)
    return [(name, found) for name in FAMILIES if (found := [each for each in commands if each.family == name])]


def pending_edit(request: HttpRequest, platform: Platform) -> Edit | None:
    """What the buttons « Insérer » and « Charger le fichier » ask for; None when the form is sent to be saved.

    Field `text` holds the script, `insert` the code of a model, `load` was pressed to read the file `script_file`.
    """
    text = request.POST.get("text", "")
    if code := request.POST.get("insert"):
        try:
            return Edit(
                insert(text, code, platform),
                notice="Le modèle est ajouté à la fin du scénario. Rien n’est encore enregistré.",
            )
        except KeyError:
            return Edit(text, problem="Ce modèle n’existe pas.")
    if "load" not in request.POST:
        return None
    return _load(request, text)


def _load(request: HttpRequest, text: str) -> Edit:
    file = request.FILES.get("script_file")
    if file is None or (isinstance(file, IncomingUpload) and file.failure):
        return Edit(text, problem=NO_FILE)
    if file.size is None or file.size > MAX_SCRIPT:
        return Edit(text, problem=TOO_LONG)
    loaded, unreadable = read(file.read())
    if unreadable is not None:
        place = f"Ligne {unreadable.line}, colonne {unreadable.column} : "
        return Edit(text, problem=f"{place}{unreadable.message}")
    if "\x00" in loaded:
        return Edit(text, problem="Ce fichier n’est pas un texte.")
    replaced = text if text.strip() and text.split() != loaded.split() else ""
    return Edit(loaded, notice="Le fichier est chargé. Rien n’est encore enregistré.", replaced=replaced)


@require_POST
@login_required
def script_check(request: SignedInRequest) -> HttpResponse:
    """What is wrong with a text that is being typed: a fragment, for whoever is logged in; no row is read or written.

    POST `text` and `platform`; 422 for a platform that does not exist or a text that is too long.
    """
    text = request.POST.get("text", "")
    platform = request.POST.get("platform", Platform.WEB.value)
    if platform not in {each.value for each in Platform} or len(text) > MAX_SCRIPT:
        return render(request, "ecoscore/_diagnostics.html", {"diagnostics_summary": TOO_LONG}, status=422)
    checked = check(text, Platform(platform), allow_private=settings.ECOSCORE_ALLOW_PRIVATE)
    return render(request, "ecoscore/_diagnostics.html", diagnostic_values(checked))
