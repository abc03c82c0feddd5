"""A complement on a recovered answer, clicked by everybody concerned (Chromium): its producer answers, the verifier reads the
producer’s evidence, the distributor reads nothing of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from convergence.accounts.models import User
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.enums import ProducerQuestionState
from referencing.candidature.models import ProducerQuestion
from tests.candidature.asking import EVIDENCE
from tests.candidature.recovering import SECRET, make_producer, make_recovered_file
from tests.candidature.test_keyboard import elsewhere
from tests.plugins.browser import login
from tests.questionnaires.factories import pdf

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sit = Callable[[User], Page]


@pytest.fixture
def sit(browser: Browser, live_server: Any, settings: Any, tmp_path: Any) -> Iterator[Sit]:
    """`sit(person)`: a page with its own session."""
    settings.SIGNATURE_DIR = str(tmp_path)
    contexts = []

    def make(person: User) -> Page:
        context = browser.new_context(base_url=live_server.url)
        contexts.append(context)
        page = context.new_page()
        login(page, live_server, person)
        return page

    yield make
    for context in contexts:
        context.close()


def question_the_producer(page: Page, text: str) -> None:
    """On the page of a recovered criterion, by whoever examines it: a complement, wanted in twelve days."""
    page.get_by_role("link", name="Interroger l’éditeur producteur sur ce critère").click()
    page.get_by_text("Une demande de complément").click()
    page.get_by_label("Ce qui est demandé ou constaté").fill(text)
    page.get_by_label("Réponse attendue avant le").fill(f"{timezone.localdate() + timedelta(days=12):%d/%m/%Y}")
    page.get_by_role("button", name="Envoyer à l’éditeur producteur").click()
    expect(page.get_by_text("L’éditeur producteur est interrogé.")).to_be_visible()


def answer_as_producer(
    page: Page, criterion: str, *, asked: str, answer: str, file: SimpleUploadedFile, about: str
) -> None:
    """From the producer’s list: read what is asked about a product, answer with a file, send for the one file concerned."""
    page.goto("/demandes-sur-vos-solutions/")
    page.get_by_role("link", name=re.compile(re.escape(criterion))).click()
    expect(page.get_by_text(asked)).to_be_visible()
    page.get_by_label("Votre réponse").fill(answer)
    name = str(file.name)
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "application/pdf", "buffer": file.read()}
    )
    page.get_by_role("button", name="Relire et envoyer").click()
    expect(page.get_by_text(name)).to_be_visible()
    expect(page.get_by_text(about).first).to_be_visible()
    page.get_by_role("button", name="Envoyer pour les dossiers cochés").click()
    expect(page.get_by_text("Votre réponse est envoyée pour 1")).to_be_visible()


@pytest.mark.rule("A-25", "BR-197", "BR-198")
def test_a_complement_on_a_recovered_criterion_is_answered_by_the_producer(sit: Sit) -> None:
    producer = elsewhere(lambda: make_producer(complete=True))
    candidature, distributor, verifier = elsewhere(lambda: make_recovered_file(producer, EVIDENCE, complete=True))
    (proof,) = elsewhere(lambda: find_criterion(load_criteria(candidature, opened=True), EVIDENCE).evidence)
    file = f"/candidatures/{candidature.pk}"

    # the verifier reads the producer’s answer and evidence, and asks for more
    agent = sit(verifier)
    agent.goto(f"{file}/examen/{EVIDENCE}/")
    expect(agent.get_by_text("Récupérée de")).to_be_visible()
    expect(agent.get_by_text(SECRET)).to_be_visible()
    expect(agent.locator("#viewer")).to_contain_text(proof.name)
    question_the_producer(agent, "Joignez le rapport Ornithorynque.")

    # the distributor: a criterion, a day, and a way to answer itself
    editor = sit(distributor)
    editor.goto(f"{file}/demandes/")
    expect(editor.get_by_text("en attente de l’éditeur producteur").first).to_be_visible()
    expect(editor.get_by_role("link", name="Répondre moi-même")).to_be_visible()

    # the producer: its own list, a buffer with a file, the files that the answer serves
    other = sit(producer.manager)
    answer_as_producer(
        other,
        EVIDENCE,
        asked="Joignez le rapport Ornithorynque.",
        answer="Le rapport Casoar est joint.",
        file=pdf("casoar.pdf"),
        about=candidature.enrolment.product.name,
    )
    state = elsewhere(lambda: ProducerQuestion.objects.get().state)
    assert state == ProducerQuestionState.ANSWERED

    # the verifier reads both pieces of evidence
    agent.goto(f"{file}/examen/{EVIDENCE}/")
    expect(agent.get_by_text("Le rapport Casoar est joint.")).to_be_visible()
    agent.get_by_role("link", name=re.compile("casoar.pdf")).first.click()
    expect(agent.locator("#viewer img").first).to_be_visible()

    # the distributor reads neither, wherever it looks
    secrets = [SECRET, "Ornithorynque", "Casoar", "casoar", proof.sha256]
    for path in (
        f"{file}/",
        f"{file}/dossier/",
        f"{file}/examen/",
        f"{file}/examen/{EVIDENCE}/",
        f"{file}/demandes/",
        f"{file}/changements/",
        f"{file}/historique/",
        f"{file}/additifs/1/",
        f"{file}/additifs/1/json/",
        f"{file}/editeur-producteur/1/",
        f"/dossiers/{candidature.dossier_id}/",
    ):
        text = editor.request.get(path).text()
        assert not [each for each in secrets if each in text], path
    assert editor.request.get(f"{file}/preuves/{proof.sha256}/original/").status == 404
