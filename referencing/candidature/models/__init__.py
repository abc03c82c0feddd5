"""Rows of the instruction, one module per topic."""

from referencing.candidature.models.candidature import Candidature, CandidatureEvent, CandidatureQuerySet, ThemeReview
from referencing.candidature.models.conclusion import Conclusion
from referencing.candidature.models.connection import TestCampaign, TestDispute, TestFile, TestLine, TestSlot
from referencing.candidature.models.correspondence import Attachment, Letter
from referencing.candidature.models.discussion import Discussion, DiscussionMessage, DiscussionRead
from referencing.candidature.models.requests import ComplementItem, ComplementRequest, Extension, NonConformity
from referencing.candidature.models.review import Verdict
from referencing.candidature.models.workspace import EvidencePin, Presence

__all__ = [
    "Attachment",
    "Candidature",
    "CandidatureEvent",
    "CandidatureQuerySet",
    "ComplementItem",
    "ComplementRequest",
    "Conclusion",
    "Discussion",
    "DiscussionMessage",
    "DiscussionRead",
    "EvidencePin",
    "Extension",
    "Letter",
    "NonConformity",
    "Presence",
    "TestCampaign",
    "TestDispute",
    "TestFile",
    "TestLine",
    "TestSlot",
    "ThemeReview",
    "Verdict",
]
