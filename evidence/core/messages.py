"""Every refusal in French: what is wrong, then what to do about it."""

from convergence.kernel.errors import Blocker
from evidence.core.names import printable

MESSAGES = {
    # name
    "name_without_extension": "Le nom du fichier n’a pas d’extension. Ajoutez celle de son format, par exemple « .pdf ».",
    "name_too_long": "Le nom du fichier dépasse 150 caractères. Renommez-le plus court.",
    "name_reordered": "Le nom du fichier contient des caractères invisibles qui masquent son extension. "
    "Renommez-le en le retapant.",
    "name_characters": 'Le nom du fichier contient des caractères interdits (caractères de contrôle ou < > : " / \\ | ? *). '
    "Renommez-le.",
    "name_trailing_dot": "Le nom du fichier se termine par un point. Renommez-le.",
    "name_reserved": "Ce nom de fichier est réservé par Windows (CON, NUL, COM1…). Renommez le fichier.",
    "name_double_extension": "Le nom du fichier porte deux extensions (par exemple « facture.pdf.exe »). "
    "Renommez-le avec une seule extension, celle de son format.",
    # size
    "empty": "Le fichier est vide. Vérifiez qu’il s’ouvre sur votre poste, puis déposez-le à nouveau.",
    "too_big": "Le fichier pèse {size} et la limite est de {limit}. Réduisez-le (par exemple en comprimant ses images) "
    "ou découpez-le.",
    "upload_cut": "Le fichier n’est pas arrivé en entier. Déposez-le à nouveau.",
    "storage_full": "Le fichier n’a pas pu être enregistré : l’espace de stockage de la plateforme est plein. "
    "Votre saisie est conservée ; réessayez plus tard ou prévenez le support.",
    # type
    "format_not_allowed": "Ce format n’est pas accepté ici. Formats acceptés : {accepted}.",
    "content_mismatch": "Le contenu du fichier n’est pas celui d’un fichier {label} (contenu reconnu : {found}). "
    "Ouvrez-le avec son logiciel et enregistrez-le dans un format accepté : changer l’extension ne suffit pas.",
    "polyglot": "Ce fichier {label} contient aussi une archive cachée. Exportez-le à nouveau depuis le logiciel d’origine.",
    "unreadable": "Le fichier est abîmé ou incomplet : il n’a pas pu être lu. Exportez-le à nouveau, puis déposez-le.",
    "too_complex": "Le fichier demande trop de mémoire ou de temps pour être ouvert sans risque. "
    "Simplifiez-le (moins de pages, images plus petites) ou exportez-le à nouveau.",
    "inspection_failed": "Le fichier n’a pas pu être contrôlé à cause d’un incident de la plateforme. "
    "Votre saisie est conservée ; réessayez dans quelques minutes.",
    # PDF
    "pdf_malformed": "Ce PDF est abîmé. Ouvrez-le, enregistrez-le à nouveau en PDF, puis déposez la nouvelle version.",
    "pdf_encrypted": "Ce PDF demande un mot de passe. Enregistrez-en une version sans mot de passe, puis déposez-la.",
    "pdf_no_page": "Ce PDF ne contient aucune page. Exportez-le à nouveau depuis le document d’origine.",
    "pdf_too_many_pages": "Ce PDF compte {pages} pages et la limite est de {limit}. Découpez-le.",
    # mails
    "mail_malformed": "Ce fichier n’est pas un courriel. Enregistrez-le depuis votre messagerie au format .eml, ou en PDF.",
    # images
    "image_malformed": "Cette image est abîmée ou incomplète. Enregistrez-la à nouveau, puis déposez-la.",
    "image_too_large": "Cette image mesure {width} × {height} pixels, soit plus de {limit} millions de pixels. Réduisez-la.",
    # office files
    "office_malformed": "Ce fichier {label} est abîmé. Ouvrez-le avec son logiciel, enregistrez-le à nouveau, puis déposez-le.",
    "office_encrypted": "Ce document est protégé par un mot de passe. Enregistrez-en une version sans mot de passe.",
    "office_macro": "Ce document contient des macros. Enregistrez-en une version sans macro.",
    "workbook_formula": "La cellule {cell} de la feuille « {sheet} » contient une formule ou une erreur : "
    "remplacez-la par sa valeur.",
    "workbook_too_long": "Ce classeur a trop de feuilles ou de lignes (au plus {limit} par feuille). Partez du fichier téléchargé ici.",
    # archives
    "zip_malformed": "Cette archive est abîmée. Créez-la à nouveau, puis déposez-la.",
    "zip_empty": "Cette archive ne contient aucun fichier. Ajoutez-y vos documents, puis déposez-la.",
    "zip_too_many_entries": "Cette archive contient {entries} fichiers et la limite est de {limit}. Répartissez-les.",
    "zip_bomb": "Le contenu de cette archive est démesuré une fois décompressé (au plus {limit}). "
    "Retirez-en les fichiers inutiles ou répartissez-les.",
    "zip_overlap": "Cette archive est construite de façon anormale (fichiers superposés). Créez-la à nouveau avec un logiciel courant.",
    "zip_slip": "L’archive contient « {entry} », dont le chemin sort de l’archive. Créez-la à nouveau à partir d’un dossier.",
    "zip_link": "L’archive contient « {entry} », qui est un lien. Remplacez-le par le fichier lui-même.",
    "zip_name": "L’archive contient « {entry} », dont le nom n’est pas valide. Renommez ce fichier.",
    "zip_encrypted_entry": "« {entry} » est chiffré dans l’archive : il ne peut pas être contrôlé. Retirez le mot de passe.",
    "zip_executable": "L’archive contient « {entry} », qui est un programme. Retirez-le.",
    "zip_nested": "L’archive contient une autre archive, « {entry} ». Déposez ses fichiers directement.",
    "zip_method": "« {entry} » est comprimé par une méthode peu courante. Créez l’archive à nouveau avec la méthode « Deflate ».",
    # encrypted containers
    "container_expected": "Cette zone n’accepte que le conteneur chiffré : téléchargez-le, ajoutez-y vos fichiers "
    "avec sa phrase secrète, puis déposez-le ici.",
    "container_empty": "Le conteneur ne contient encore aucun de vos fichiers. Ajoutez-les avec 7-Zip et la phrase secrète.",
    "container_plain_entry": "« {entry} » n’est pas chiffré dans le conteneur. Ajoutez-le à nouveau en choisissant "
    "le chiffrement AES-256 et la phrase secrète.",
    "container_zipcrypto_entry": "« {entry} » est chiffré par ZipCrypto, une méthode trop faible. Ajoutez-le à nouveau en "
    "choisissant le chiffrement AES-256.",
    "container_weak_entry": "« {entry} » est chiffré en AES-{bits}. Ajoutez-le à nouveau en choisissant le chiffrement AES-256.",
    "container_passphrase": "« {entry} » ne s’ouvre pas avec la phrase secrète de votre conteneur. Ajoutez-le à nouveau avec "
    "la bonne phrase secrète, ou demandez de nouveaux identifiants.",
    "container_altered": "« {entry} » est abîmé : son contrôle d’intégrité échoue. Ajoutez-le à nouveau au conteneur.",
    # antivirus
    "infected": "L’antivirus a reconnu un contenu dangereux ({signature}) : le fichier n’a pas été conservé. "
    "Analysez votre poste, puis déposez un fichier sain.",
    "scan_pending": "L’analyse antivirus de ce fichier n’est pas terminée. Réessayez dans quelques minutes.",
    "scan_infected": "L’antivirus a reconnu un contenu dangereux dans ce fichier : il ne peut pas être ouvert. "
    "Archivez-le et déposez un fichier sain.",
    "scan_error": "L’analyse antivirus de ce fichier a échoué ; elle sera relancée. Le fichier ne peut pas être ouvert d’ici là.",
    "scan_not_scanned": "Ce fichier est trop gros pour l’antivirus : il ne peut pas être ouvert. "
    "Déposez une version plus légère ou découpez-le.",
    # showing
    "page_missing": "Cette page n’existe pas dans le document.",
    "not_renderable": "Ce fichier ne peut pas être affiché ici. Téléchargez-le.",
    "entry_missing": "Ce fichier n’existe pas dans le conteneur.",
}


def problem(code: str, *, anchor: str = "", **details: object) -> Blocker:
    """The refusal `code` as people read it; text among `details` comes from the file and is made printable."""
    shown = {key: printable(value) if isinstance(value, str) else value for key, value in details.items()}
    return Blocker(code, MESSAGES[code].format(**shown), anchor)
