"""Encrypted containers: credentials and the instructions put in each container."""

from dataclasses import dataclass

README_NAME = "LISEZ-MOI.txt"

# No 0/O, 1/l/I: people copy it by eye into 7-Zip.
PASSPHRASE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # noqa: S105 - the letters it is drawn from
PASSPHRASE_GROUPS = 5
PASSPHRASE_GROUP_LENGTH = 5  # 25 characters of 31: about 123 bits


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens a container. `generation` counts the passphrases issued for it, from 1."""

    user_name: str
    passphrase: str
    generation: int

    def __repr__(self) -> str:  # never in a log or a traceback
        return f"Credentials(user_name={self.user_name!r}, generation={self.generation})"


def readme(user_name: str) -> str:
    """The instructions, in French, for the container of `user_name`."""
    return f"""Conteneur chiffré {user_name}
===========================================

Ce conteneur est une archive ZIP chiffrée en AES-256. Il sert à déposer des
documents que seuls les experts habilités pourront lire.

Pour y ajouter vos fichiers avec 7-Zip (logiciel libre et gratuit) :

1. Dans 7-Zip, ouvrez ce conteneur puis faites-y glisser vos fichiers, ou
   sélectionnez vos fichiers, clic droit, « Ajouter à l’archive… », et
   choisissez ce conteneur.
2. Dans la fenêtre d’ajout, choisissez le format « zip » et la méthode de
   chiffrement « AES-256 » (et non « ZipCrypto »).
3. Saisissez la phrase secrète affichée une seule fois sur la plateforme, la
   même pour tous les fichiers.
4. Validez, fermez 7-Zip, puis déposez le conteneur sur la plateforme.

Bon à savoir :

- le contenu des fichiers est chiffré, leurs noms ne le sont pas : évitez les
  noms qui en disent trop ;
- ne mettez pas d’archive dans le conteneur, seulement des documents ;
- phrase secrète perdue ? Demandez de nouveaux identifiants sur la plateforme :
  vos dépôts précédents restent lisibles.
""".replace("\n", "\r\n")
