"""Rows of the instruction, one module per topic."""

from referencing.candidature.models.candidature import Candidature, CandidatureEvent, CandidatureQuerySet, ThemeReview
from referencing.candidature.models.clock import ClockStop, DeadlineReminder
from referencing.candidature.models.conclusion import Conclusion
from referencing.candidature.models.correspondence import Attachment, Letter
from referencing.candidature.models.requests import ComplementItem, ComplementRequest, Extension, NonConformity
from referencing.candidature.models.review import Verdict

__all__ = [
    "Attachment",
    "Candidature",
    "CandidatureEvent",
    "CandidatureQuerySet",
    "ClockStop",
    "ComplementItem",
    "ComplementRequest",
    "Conclusion",
    "DeadlineReminder",
    "Extension",
    "Letter",
    "NonConformity",
    "ThemeReview",
    "Verdict",
]
