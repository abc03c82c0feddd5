"""Pieces of script to begin with: a whole scenario for each platform, and the steps that come back in all of them."""

from __future__ import annotations

from dataclasses import dataclass

from ecoscore.gdsl.plan import Platform


@dataclass(frozen=True, slots=True)
class Model:
    """A text to insert. `is_whole`: a scenario from REFERENCE to BACKGROUND, else a step to add to one."""

    code: str
    label: str
    platform: Platform
    text: str
    is_whole: bool = False


_BEGINNING = """\
measureStart,REFERENCE
pause,${PAUSEDURATION}
measureStop
"""

_END = """\
# Arrière-plan : l’application n’est plus devant.
goBackground
measureStart,BACKGROUND
pause,${PAUSEDURATION}
measureStop
"""

_SEARCH = """\
measureStart,ACTION_RECHERCHE
clickById,recherche
enterText,infirmière
pressEnter
waitUntilText,résultats,10000
measureStop
"""

_SCROLL = """\
measureStart,SCROLL_RESULTATS
scrollDownward,2
measureStop
"""

_PAUSE = """\
measureStart,PAUSE_RESULTATS
pause,${PAUSEDURATION}
measureStop
"""

_WEB_LOAD = """\
browserGoToUrl,https://www.exemple.fr/
measureStart,CHRGT_ACCUEIL
pressEnter
waitUntilText,Bienvenue,20000
pause,${PAUSEAFTERLOAD}
measureStop
"""

_WEB_LOGIN = """\
clickById,identifiant
enterText,${SECRET_IDENTIFIANT}
clickById,mot-de-passe
enterText,${SECRET_MOT_DE_PASSE}
measureStart,CHRGT_COMPTE
clickByText,Se connecter
waitUntilText,Mon compte,20000
measureStop
"""

_COOKIES = """\
clickIfTextExists,Tout refuser
"""

_ANDROID_LOAD = """\
applicationKill,fr.exemple.sante
measureStart,CHRGT_OUVERTURE
applicationStart,fr.exemple.sante
waitUntilText,Welcome,20000
pause,${PAUSEAFTERLOAD}
measureStop
"""

_ANDROID_SEARCH = _SEARCH.replace("résultats", "results").replace("infirmière", "nurse")


def _join(*parts: str) -> str:
    return "\n".join(parts)


MODELS: tuple[Model, ...] = (
    Model(
        "web",
        "Scénario complet pour un site",
        Platform.WEB,
        _join(
            "# Référence : un onglet vide.\nsetBrowser,chrome\nbrowserPrepareAndOpenForReference\n" + _BEGINNING,
            "# Chargement : l’adresse est écrite, puis la page est chargée dans l’étape.\n" + _WEB_LOAD,
            "# Ce que vos usagers font le plus souvent.\n" + _SEARCH,
            _SCROLL,
            "# Repos : que consomme la page quand personne ne la touche ?\n" + _PAUSE,
            _END,
        ),
        is_whole=True,
    ),
    Model("web-chargement", "Chargement d’une page", Platform.WEB, _WEB_LOAD),
    Model("web-connexion", "Connexion avec des secrets", Platform.WEB, _WEB_LOGIN),
    Model("web-cookies", "Bandeau de cookies", Platform.WEB, _COOKIES),
    Model("web-action", "Action", Platform.WEB, _SEARCH),
    Model("web-defilement", "Défilement", Platform.WEB, _SCROLL),
    Model("web-pause", "Repos", Platform.WEB, _PAUSE),
    Model(
        "android",
        "Scénario complet pour une application Android",
        Platform.ANDROID,
        _join(
            "# Référence : le terminal, sans l’application. Les terminaux du banc sont en anglais.\n" + _BEGINNING,
            "# Ouverture de l’application.\n" + _ANDROID_LOAD,
            "# Ce que vos usagers font le plus souvent.\n" + _ANDROID_SEARCH,
            _SCROLL,
            "# Repos : que consomme l’écran quand personne ne le touche ?\n" + _PAUSE,
            _END,
        ),
        is_whole=True,
    ),
    Model("android-ouverture", "Ouverture de l’application", Platform.ANDROID, _ANDROID_LOAD),
    Model("android-action", "Action", Platform.ANDROID, _ANDROID_SEARCH),
    Model("android-defilement", "Défilement", Platform.ANDROID, _SCROLL),
    Model("android-pause", "Repos", Platform.ANDROID, _PAUSE),
)


def models_of(platform: Platform) -> tuple[Model, ...]:
    """The models of a platform, the whole scenario first."""
    return tuple(model for model in MODELS if model.platform is platform)


def insert(text: str, code: str, platform: Platform) -> str:
    """The text with a model after what is already written: nothing typed is lost. Raises KeyError for an unknown model."""
    found = {model.code: model for model in models_of(platform)}[code]
    return f"{text.rstrip()}\n\n{found.text}" if text.strip() else found.text
