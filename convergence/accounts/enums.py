from django.db import models


class MembershipType(models.TextChoices):
    """Account types of a company (Industriels Santé Connect)."""

    MANDATAIRE = "mandataire", "Mandataire"
    REPRESENTANT = "representant", "Représentant"
    SALARIE = "salarie", "Contributeur"


MANAGING_TYPES = (MembershipType.MANDATAIRE, MembershipType.REPRESENTANT)


class MembershipState(models.TextChoices):
    REQUESTED = "requested", "Demandé"
    ACTIVE = "active", "Actif"
    REFUSED = "refused", "Refusé"
    ENDED = "ended", "Terminé"


class LegalForm(models.TextChoices):
    """Legal forms that decide whether a trade-register number and a SIRET exist (A-06)."""

    SA = "sa", "Société anonyme (SA)"
    SAS = "sas", "Société par actions simplifiée (SAS, SASU)"
    SARL = "sarl", "Société à responsabilité limitée (SARL, EURL)"
    OTHER_COMPANY = "other_company", "Autre société commerciale"
    SOLE_TRADER = "sole_trader", "Entreprise individuelle"
    ASSOCIATION = "association", "Association"
    FOUNDATION = "foundation", "Fondation"
    MUTUAL = "mutual", "Mutuelle"
    PUBLIC_HOSPITAL = "public_hospital", "Établissement public de santé"
    PUBLIC_BODY = "public_body", "Autre établissement public ou collectivité"
    GROUPING = "grouping", "Groupement (GIP, GCS, GIE)"
    FOREIGN = "foreign", "Société ou organisme de droit étranger"


#: Forms that are not entered in the trade register: « Sans objet » counts as an answer (A-06).
WITHOUT_RCS = (
    LegalForm.SOLE_TRADER,
    LegalForm.ASSOCIATION,
    LegalForm.FOUNDATION,
    LegalForm.MUTUAL,
    LegalForm.PUBLIC_HOSPITAL,
    LegalForm.PUBLIC_BODY,
    LegalForm.GROUPING,
    LegalForm.FOREIGN,
)


class Role(models.TextChoices):
    """Back-office roles (domain.md §4, A-07)."""

    LISTING_TEAM = "listing_team", "Équipe de référencement"
    EXPERT = "expert", "Expert évaluateur"
    TESTS = "tests", "Équipe de tests"
    TESTS_LEAD = "tests_lead", "Responsable des tests"
    SECRETARY = "secretary", "Secrétariat de la commission"
    PRESIDENT = "president", "Présidence de la commission"
    MEMBER = "member", "Membre de la commission"
    MINISTRY = "ministry", "Ministère"
    CNAM = "cnam", "Cnam"
    AUDITOR = "auditor", "Auditeur"
    SUPPORT = "support", "Support"
    ADMIN = "admin", "Administrateur"


class Theme(models.TextChoices):
    """Themes of expertise; an account may hold several (A-07)."""

    INTEROPERABILITE = "interoperabilite", "Interopérabilité"
    URBANISATION = "urbanisation", "Urbanisation"
    SECURITE = "maturite-securite", "Sécurité"
    ETHIQUE = "ethique", "Éthique"
    RGPD = "rgpd", "RGPD"
    SECURITE_ECHANGES = "securite-echanges", "Sécurité des échanges"
