"""The commands of GDSL that this platform knows: one table for the checker, the drivers, the help page and its tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ecoscore.gdsl.plan import Platform

WEB = frozenset({Platform.WEB})
ANDROID = frozenset({Platform.ANDROID})
BOTH = WEB | ANDROID

#: Milliseconds of one pause or one wait, and how much the bench gives to a whole run.
LONGEST_MS = 120_000
LONGEST_RUN_MS = 600_000

#: Names under which a script may ask for the only browser of the bench.
BROWSERS = frozenset({"chrome", "chromium", "com.android.chrome"})


class Kind(StrEnum):
    """What an argument must look like."""

    TEXT = "texte"
    TYPED = "texte à saisir"
    STEP = "nom d’étape"
    URL = "adresse"
    MS = "millisecondes"
    COUNT = "nombre de fois"
    RANK = "rang"
    PERCENT = "pourcentage"
    PACKAGE = "paquet"
    FILE = "fichier"
    BROWSER = "navigateur"


#: Smallest and largest value of the arguments that are whole numbers.
RANGES: Mapping[Kind, tuple[int, int]] = MappingProxyType(
    {Kind.MS: (0, LONGEST_MS), Kind.COUNT: (1, 100), Kind.RANK: (1, 100), Kind.PERCENT: (0, 100)}
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument; with a `default` it may be left out."""

    label: str
    kind: Kind
    default: str | None = None

    @property
    def signature(self) -> str:
        return self.label if self.default is None else f"[{self.label}={self.default}]"


@dataclass(frozen=True, slots=True)
class Command:
    """What a line may start with. `is_passive`: it changes nothing on the screen, a PAUSE step may hold it."""

    name: str
    family: str
    help: str
    example: str
    parameters: tuple[Parameter, ...] = ()
    platforms: frozenset[Platform] = BOTH
    is_passive: bool = False
    is_ours: bool = False

    @property
    def required(self) -> int:
        return sum(parameter.default is None for parameter in self.parameters)

    @property
    def signature(self) -> str:
        return ",".join([self.name, *(parameter.signature for parameter in self.parameters)])

    def argument(self, args: tuple[str, ...], place: int) -> str:
        """The argument at this place as written, or its default. Raises IndexError when the command has none there."""
        if place < len(args):
            return args[place]
        return self.parameters[place].default or ""


_TEXT = Parameter("texte", Kind.TEXT)
_ID = Parameter("identifiant", Kind.TEXT)
_DESCRIPTION = Parameter("description", Kind.TEXT)
_TIMEOUT = Parameter("délai", Kind.MS, "30000")
_RANK = Parameter("rang", Kind.RANK, "1")
_COUNT = Parameter("nombre", Kind.COUNT, "1")
_PACKAGE = Parameter("paquet", Kind.PACKAGE)

_MEASURE, _BROWSER, _APPLICATION = "Mesure", "Navigateur", "Application"
_WAIT, _CLICK, _TYPE, _MOVE, _ASSERT, _KEYS = "Attente", "Clic", "Saisie", "Déplacement", "Vérification", "Touches"

_TABLE = (
    Command(
        "measureStart",
        _MEASURE,
        "Ouvre une étape mesurée. Seul ce qui se passe jusqu’à measureStop compte.",
        "measureStart,CHRGT_ACCUEIL",
        (Parameter("étape", Kind.STEP),),
        is_passive=True,
    ),
    Command("measureStop", _MEASURE, "Ferme l’étape mesurée.", "measureStop", is_passive=True),
    Command(
        "pause",
        _MEASURE,
        "Attend sans rien faire. Dans une étape PAUSE, révèle ce que l’application consomme au repos.",
        "pause,${PAUSEDURATION}",
        (Parameter("durée", Kind.MS),),
        is_passive=True,
    ),
    Command(
        "setBrowser",
        _BROWSER,
        "Choisit le navigateur du banc. Chrome est le seul.",
        "setBrowser,chrome",
        (Parameter("navigateur", Kind.BROWSER),),
    ),
    Command(
        "browserPrepareAndOpenForReference",
        _BROWSER,
        "Ouvre un navigateur neuf, sans cache ni historique, sur un onglet vide. À écrire avant l’étape REFERENCE.",
        "browserPrepareAndOpenForReference",
    ),
    Command(
        "browserGoToUrl",
        _BROWSER,
        "Écrit l’adresse sans charger la page : c’est pressEnter, dans l’étape mesurée, qui la charge.",
        "browserGoToUrl,https://www.exemple.fr/",
        (Parameter("adresse", Kind.URL),),
    ),
    Command(
        "pressEnter",
        _KEYS,
        "Appuie sur Entrée : charge l’adresse écrite par browserGoToUrl, sinon valide la saisie.",
        "pressEnter",
    ),
    Command("pressBack", _KEYS, "Revient à l’écran ou à la page qui précède.", "pressBack"),
    Command("pressHome", _KEYS, "Revient à l’écran d’accueil : l’application passe à l’arrière-plan.", "pressHome"),
    Command(
        "goBackground",
        _KEYS,
        "Passe l’application à l’arrière-plan. À écrire avant l’étape BACKGROUND.",
        "goBackground",
        is_ours=True,
    ),
    Command(
        "applicationStart",
        _APPLICATION,
        "Démarre l’application.",
        "applicationStart,fr.exemple.sante",
        (_PACKAGE,),
        ANDROID,
    ),
    Command(
        "applicationKill",
        _APPLICATION,
        "Arrête l’application.",
        "applicationKill,fr.exemple.sante",
        (_PACKAGE,),
        ANDROID,
    ),
    Command(
        "applicationClear",
        _APPLICATION,
        "Efface les données de l’application, comme après une première installation.",
        "applicationClear,fr.exemple.sante",
        (_PACKAGE,),
        ANDROID,
    ),
    Command(
        "applicationInstall",
        _APPLICATION,
        "Installe le fichier de l’application déposé sur le banc.",
        "applicationInstall,exemple.apk",
        (Parameter("fichier", Kind.FILE),),
        ANDROID,
    ),
    Command(
        "applicationUninstall",
        _APPLICATION,
        "Désinstalle l’application.",
        "applicationUninstall,fr.exemple.sante",
        (_PACKAGE,),
        ANDROID,
    ),
    Command(
        "waitUntilText",
        _WAIT,
        "Attend que ce texte soit visible. La durée d’attente est le temps de réponse de l’étape.",
        "waitUntilText,Bienvenue,10000",
        (_TEXT, _TIMEOUT),
        is_passive=True,
    ),
    Command(
        "waitUntilId",
        _WAIT,
        "Attend que l’élément qui porte cet identifiant soit visible.",
        "waitUntilId,resultats",
        (_ID, _TIMEOUT),
        is_passive=True,
    ),
    Command(
        "waitUntilDescription",
        _WAIT,
        "Attend l’élément qui porte cette description (aria-label, title ou alt sur le web).",
        "waitUntilDescription,Fermer",
        (_DESCRIPTION, _TIMEOUT),
        is_passive=True,
    ),
    Command(
        "waitUntilTextGone",
        _WAIT,
        "Attend que ce texte ne soit plus visible, par exemple « Chargement ».",
        "waitUntilTextGone,Chargement",
        (_TEXT, _TIMEOUT),
        is_passive=True,
        is_ours=True,
    ),
    Command(
        "clickByText",
        _CLICK,
        "Clique sur l’élément qui porte ce texte ; le rang choisit parmi plusieurs.",
        "clickByText,Rechercher",
        (_TEXT, _RANK),
    ),
    Command(
        "clickById", _CLICK, "Clique sur l’élément qui porte cet identifiant.", "clickById,rechercher", (_ID, _RANK)
    ),
    Command(
        "clickByDescription",
        _CLICK,
        "Clique sur l’élément qui porte cette description.",
        "clickByDescription,Menu",
        (_DESCRIPTION, _RANK),
    ),
    Command(
        "clickIfTextExists",
        _CLICK,
        "Clique sur ce texte s’il apparaît dans le délai, sinon continue : utile pour un bandeau de cookies.",
        "clickIfTextExists,Tout refuser",
        (_TEXT, Parameter("délai", Kind.MS, "2000")),
        is_ours=True,
    ),
    Command(
        "clickByPosition",
        _CLICK,
        "Clique à cet endroit, en pourcentage de la largeur puis de la hauteur de l’écran.",
        "clickByPosition,50,80",
        (Parameter("x", Kind.PERCENT), Parameter("y", Kind.PERCENT)),
    ),
    Command(
        "enterText",
        _TYPE,
        "Saisit ce texte dans le champ qui a le curseur. Un mot de passe s’écrit ${SECRET_NOM}.",
        "enterText,infirmière",
        (Parameter("texte", Kind.TYPED),),
    ),
    Command("clearText", _TYPE, "Vide le champ qui a le curseur.", "clearText"),
    Command("swipeDownward", _MOVE, "Glisse vers le bas, pour avancer dans l’écran.", "swipeDownward,2", (_COUNT,)),
    Command("swipeUpward", _MOVE, "Glisse vers le haut, pour revenir en arrière.", "swipeUpward", (_COUNT,)),
    Command("swipeLeft", _MOVE, "Glisse vers la gauche.", "swipeLeft", (_COUNT,)),
    Command("swipeRight", _MOVE, "Glisse vers la droite.", "swipeRight", (_COUNT,)),
    Command("scrollDownward", _MOVE, "Fait défiler d’un écran vers le bas.", "scrollDownward,3", (_COUNT,)),
    Command(
        "scrollToText",
        _MOVE,
        "Fait défiler jusqu’à ce que ce texte soit visible.",
        "scrollToText,Mentions légales",
        (_TEXT,),
    ),
    Command(
        "assertText",
        _ASSERT,
        "Arrête la mesure si ce texte n’est pas visible.",
        "assertText,3 résultats",
        (_TEXT,),
        is_passive=True,
    ),
    Command(
        "assertId",
        _ASSERT,
        "Arrête la mesure si cet identifiant n’est pas visible.",
        "assertId,resultats",
        (_ID,),
        is_passive=True,
    ),
)

COMMANDS: Mapping[str, Command] = MappingProxyType({command.name: command for command in _TABLE})
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(command.family for command in _TABLE))


def commands_of(platform: Platform) -> tuple[Command, ...]:
    """The commands that a script of this platform may use, in the order of the help."""
    return tuple(command for command in _TABLE if platform in command.platforms)
