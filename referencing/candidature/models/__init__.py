"""Rows of the instruction, one module per topic."""

from referencing.candidature.models.candidature import Candidature, CandidatureEvent, CandidatureQuerySet, ThemeReview
from referencing.candidature.models.correspondence import Attachment, Letter
from referencing.candidature.models.queue import CalendarFeed, QueueHabit, QueueView, Reading
from referencing.candidature.models.requests import ComplementItem, ComplementRequest, Extension, NonConformity
from referencing.candidature.models.review import Verdict

__all__ = [
    "Attachment",
    "CalendarFeed",
    "Candidature",
    "CandidatureEvent",
    "CandidatureQuerySet",
    "ComplementItem",
    "ComplementRequest",
    "Extension",
    "Letter",
    "NonConformity",
    "QueueHabit",
    "QueueView",
    "Reading",
    "ThemeReview",
    "Verdict",
]
