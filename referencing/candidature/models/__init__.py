"""Rows of the instruction, one module per topic."""

from referencing.candidature.models.admission import AdmissibilityAct, AdmissibilityCheck, IssuedDocument
from referencing.candidature.models.candidature import Candidature, CandidatureEvent, CandidatureQuerySet, ThemeReview
from referencing.candidature.models.clock import ClockStop, DeadlineReminder
from referencing.candidature.models.conclusion import Conclusion
from referencing.candidature.models.connection import TestCampaign, TestDispute, TestFile, TestLine, TestSlot
from referencing.candidature.models.correspondence import Attachment, Letter, LetterRead
from referencing.candidature.models.discussion import Discussion, DiscussionMessage, DiscussionRead
from referencing.candidature.models.queue import CalendarFeed, QueueHabit, QueueView, Reading
from referencing.candidature.models.recovered import (
    ProducerAnswer,
    ProducerFile,
    ProducerQuestion,
    RecoveredSupplement,
)
from referencing.candidature.models.requests import ComplementItem, ComplementRequest, Extension, NonConformity
from referencing.candidature.models.review import Verdict
from referencing.candidature.models.workspace import EvidencePin, Presence

__all__ = [
    "AdmissibilityAct",
    "AdmissibilityCheck",
    "Attachment",
    "CalendarFeed",
    "Candidature",
    "CandidatureEvent",
    "CandidatureQuerySet",
    "ClockStop",
    "ComplementItem",
    "ComplementRequest",
    "Conclusion",
    "DeadlineReminder",
    "Discussion",
    "DiscussionMessage",
    "DiscussionRead",
    "EvidencePin",
    "Extension",
    "IssuedDocument",
    "Letter",
    "LetterRead",
    "NonConformity",
    "Presence",
    "ProducerAnswer",
    "ProducerFile",
    "ProducerQuestion",
    "QueueHabit",
    "QueueView",
    "Reading",
    "RecoveredSupplement",
    "TestCampaign",
    "TestDispute",
    "TestFile",
    "TestLine",
    "TestSlot",
    "ThemeReview",
    "Verdict",
]
