"""Encrypted containers filled as a person does with 7-Zip."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from convergence.accounts.models import User
from questionnaires.services import renew_container
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.models import Enrolment
from tests.evidence import corpus


def filled_container(enrolment: Enrolment, user: User, *, plain: bool = False) -> SimpleUploadedFile:
    """A container that opens with the enrolment's passphrase; with `plain`, one entry was forgotten in clear."""
    credentials = renew_container(access=policy_for(enrolment, user), actor=user)
    assert credentials is not None
    content = corpus.container({"analyse.pdf": corpus.pdf()}, passphrase=credentials.passphrase)
    if plain:
        content = corpus.with_plain_entry(content, "en-clair.txt", b"lisible par tous")
    return SimpleUploadedFile("conteneur.zip", content, "application/zip")
