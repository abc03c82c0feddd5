"""What each code of a diagnostic stands for, in the order of the help (docs/ecoscore.md)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: E… forbids a measure, W… does not.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "E001": "Commande inconnue ; la plus proche est proposée.",
        "E002": "Nom mal écrit : une espace au lieu d’une virgule, un caractère interdit, un fichier qui n’est pas en UTF-8.",
        "E003": "Paramètre manquant.",
        "E004": "Paramètre de trop : la virgule n’est pas permise dans un paramètre.",
        "E005": "Nombre attendu, ou nombre hors des bornes (de 0 à 120 000 ms pour une durée).",
        "E006": "Variable inconnue ou mal écrite.",
        "E007": "measureStart et measureStop ne vont pas par paires.",
        "E008": "Deux étapes portent le même nom.",
        "E009": "Adresse que le banc n’ouvre pas : ni http ni https, mal écrite, ou sur un réseau privé.",
        "E010": "Commande ou navigateur que cette plateforme n’a pas.",
        "W101": "Étape REFERENCE absente au début, ou BACKGROUND à la fin : obligatoires pour une mesure finale.",
        "W102": "Étape CHRGT sans attente : son temps de réponse n’est pas mesuré.",
        "W103": "Nom d’étape sans préfixe connu : elle est notée comme une étape ACTION.",
        "W104": "Étape de repos qui contient une action.",
        "W105": "Pauses plus longues, en tout, que ce que le banc accorde à une exécution (10 minutes).",
        "W106": "Mot de passe écrit en clair : un secret s’écrit ${SECRET_NOM}.",
    }
)
