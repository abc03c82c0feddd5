"""What to try first on a step, by its weakest factor, tied to the themes of the RGESN (référentiel général d’écoconception
de services numériques, 2024): pure."""

from __future__ import annotations

from dataclasses import dataclass

from ecoscore.gdsl.plan import StepKind

RGESN_URL = "https://ecoresponsable.numerique.gouv.fr/publications/referentiel-general-ecoconception/"
MANY_REQUESTS = 40


@dataclass(frozen=True, slots=True)
class Advice:
    theme: str
    text: str


DATA_AT_LOAD = Advice(
    "Contenus",
    "Réduisez le poids de ce qui est chargé\u00a0: images à la taille affichée et dans un format récent, polices et scripts "
    "limités à ce que la page utilise.",
)
DATA_IN_ACTION = Advice(
    "Backend",
    "Ne renvoyez que ce que l’action affiche\u00a0: réponses paginées, champs utiles seulement, mise en cache.",
)
DATA_AT_REST = Advice(
    "Frontend",
    "La page échange des données alors que personne n’agit\u00a0: espacez ou supprimez les interrogations répétées, et "
    "suspendez-les quand la page n’est pas visible.",
)
SLOW_LOAD = Advice(
    "Frontend",
    "Affichez l’essentiel d’abord\u00a0: chargement différé de ce qui est hors de l’écran, scripts qui ne bloquent pas, "
    "moins d’allers-retours avant le premier texte utile.",
)
SLOW_ACTION = Advice(
    "Architecture",
    "Raccourcissez la réponse à l’action\u00a0: calcul préparé à l’avance, cache, moins de services appelés en chaîne.",
)
WORK = Advice(
    "Frontend",
    "Diminuez le travail du processeur\u00a0: moins de scripts au chargement, calculs lourds évités ou faits par le serveur.",
)
WORK_AT_REST = Advice(
    "Expérience et interface utilisateur",
    "La page travaille alors que personne n’agit\u00a0: arrêtez animations, carrousels et lectures automatiques.",
)
REQUESTS = Advice(
    "Frontend",
    "Diminuez le nombre de requêtes\u00a0: fichiers regroupés, ressources mises en cache, services tiers retirés.",
)


def advise(kind: StepKind, weakest: str, *, requests: int = 0) -> tuple[Advice, ...]:
    """`weakest`: `energy`, `data` or `performance`."""
    at_rest = kind in (StepKind.PAUSE, StepKind.BACKGROUND)
    loads = kind in (StepKind.LOAD, StepKind.OTHER)
    match weakest:
        case "data":
            first = DATA_AT_REST if at_rest else (DATA_AT_LOAD if loads else DATA_IN_ACTION)
        case "performance":
            first = SLOW_LOAD if loads else SLOW_ACTION
        case "energy":
            first = WORK_AT_REST if at_rest else WORK
        case _:
            raise ValueError(weakest)
    return (first, REQUESTS) if requests > MANY_REQUESTS else (first,)
