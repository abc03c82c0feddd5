from django.db import models


class Measure(models.TextChoices):
    """What is counted. The code of a cell says which kind of it, its month when it began."""

    FILES = "files", "Candidatures, par état, selon le mois de leur dépôt"
    OPINIONS = "opinions", "Avis de la commission, selon le mois où ils sont rendus"
    DECISIONS = "decisions", "Décisions, selon le mois de leur signature"
    LISTINGS = "listings", "Référencements, par état, selon le mois de leur publication"
    CATEGORIES = "categories", "Services au catalogue, par catégorie, selon le mois de leur publication"


class Stage(models.TextChoices):
    """A part of the way of a file whose length is measured."""

    TAKE_CHARGE = "take_charge", "Prise en charge"
    ADMISSIBILITY = "admissibility", "Recevabilité"
    EVALUATION = "evaluation", "Évaluation"
    COMMISSION = "commission", "Avis de la commission"
    DECISION = "decision", "Décision du ministre"
    PUBLICATION = "publication", "Publication"
    WHOLE = "whole", "Du dépôt à la décision"


class Group(models.TextChoices):
    """What the public page says of the state of a file."""

    INSTRUCTION = "instruction", "En instruction"
    COMMISSION = "commission", "Devant la commission ou le ministre"
    LISTED = "listed", "Référencement décidé"
    PRE_LISTED = "pre_listed", "Pré-référencées"
    REFUSED = "refused", "Refusées, ou décision annulée"
    INADMISSIBLE = "inadmissible", "Irrecevables"
    GIVEN_UP = "given_up", "Annulées, retirées ou abandonnées"
