"""A white-label portal from its attachment to its instruction, clicked by everybody concerned, on the demonstration grid
(Chromium).

A producer is pre-listed by the services. A distributor is attached on behalf of a hospital, recovers what is offered, answers
the rest, freezes, applies; an expert asks for more on a recovered criterion and the producer answers. The agents read what the
producer wrote; the distributor finds it nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.pages.demo_products import GRID, Answering, load_parcours, publish_grid
from convergence.products.models import Demarche, Product
from questionnaires.models import Deposit, Recovery
from referencing.candidature.enums import CheckResult
from referencing.candidature.models import Candidature, ProducerFile
from referencing.candidature.services import take_charge
from referencing.candidature.services.admission import GivenAnswer, answer_checklist, declare_admissible
from referencing.candidature.services.assignment import assign_expert
from referencing.candidature.services.checklist import check_file
from referencing.convention import services as conventions
from referencing.convention.models import Convention
from referencing.dossier.models import Dossier
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.inheritance import CONFIDENTIAL
from referencing.enrolment.models import Enrolment
from referencing.enrolment.services import attach_product, save_sheet, submit_sheet
from tests.candidature.test_keyboard import elsewhere
from tests.candidature.test_recovered_browser import answer_as_producer, question_the_producer
from tests.commission.test_conflict_is_tight import Reader
from tests.convention.factories import SHEET, SIGNER, TERMS, last_code, last_token
from tests.dossier.white_label import Solution, pre_list_solution
from tests.e2e import people
from tests.factories import OrganisationFactory, ProductFactory, make_agent, make_member
from tests.listing.test_white_label_in_browser import HOSPITAL, accept, ask_for
from tests.platform.test_white_label_is_tight import Spy, guesses, says, told
from tests.plugins.browser import login
from tests.questionnaires.factories import deposit, pdf

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXAMPLE = "carnet-d-accompagnement-medico-social"
DISTRIBUTOR, PORTAL = "Éditions Distribution", "Mon hôpital"
#: A recovered criterion of ethics that has evidence, and a specific one among the levels.
PROOF, SPECIFIC_LEVEL = "ACC.1.2", "04.03"
#: Planted words, by what they are planted in.
WORDS = {
    "comment": "zelacommentaire",
    "file name": "zelafichier",
    "file content": "zelacontenu",
    "question of an expert": "zelaquestion",
    "answer to the question": "zelareponse",
    "added file name": "zelaajout",
    "added file content": "zelasupplement",
}
#: Anywhere, as texts of PDF have no spaces.
HASH = re.compile(r"(?=([0-9a-f]{64}))")
#: What colleagues find on every criterion alike: followed on the recovered one alone.
ALIKE = re.compile(r"/criteres/|/equipe/\?|/discussion/|/brouillons/")

Sit = Callable[[User], Page]


@pytest.fixture
def sit(browser: Browser, live_server: Any, settings: Any, tmp_path: Path) -> Iterator[Sit]:
    """`sit(person)`: a browser with its own session; no page may fail under anybody’s eyes."""
    settings.SIGNATURE_DIR = str(tmp_path / "authority")
    settings.SIGNATURE_PROVIDER = "embedded"
    cache.clear()
    contexts, faults = [], []

    def make(person: User) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="fr-FR", reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("response", lambda got: faults.append(f"{got.url}: {got.status}") if got.status >= 500 else None)
        login(page, live_server, person)
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []


class Visitor(Spy):
    """A person who opens, with their own session, everything that pages lead to; hashes of guessed answers count as words."""

    def __init__(self, page: Page, marks: Mapping[str, str], hashes: set[str]) -> None:
        self.page, self.marks, self.hashes = page, dict(marks), hashes

    def ask(self, address: str, method: str = "GET") -> tuple[int, str, list[str]]:
        response = self.page.request.fetch(address, method=method)
        content, kind = response.body(), response.headers.get("content-type", "")
        words = f"{says(content, kind)} {response.headers.get('content-disposition', '')} {response.url}".casefold()
        links = Reader.links(address, content.decode(errors="replace")) if "html" in kind else ()
        return response.status, words, [each for each in links if PROOF in each or not ALIKE.search(each)]

    def betrayed(self, words: str) -> list[str]:
        return [*super().betrayed(words), *(f"guess {each}" for each in HASH.findall(words) if each in self.hashes)]


@dataclass
class Cast:
    """Before the first click: a pre-listed solution, a distributor that has a product, the team."""

    solution: Solution
    product: Product
    distributor: User
    verifier: User
    expert: User


# -- what services do


def read_example() -> dict[str, Any]:
    found = yaml.safe_load(GRID.with_suffix(".examples.yaml").read_text(encoding="utf-8"))["examples"]
    answers: dict[str, Any] = next(each["answers"] for each in found if each["name"] == EXAMPLE)
    return answers


def make_cast() -> Cast:
    """The demonstration grid is published; a producer answers it, each comment and a file marked, and is pre-listed."""
    elsewhere(load_parcours)
    elsewhere(publish_grid)
    verifier = elsewhere(lambda: make_agent(Role.LISTING_TEAM))
    enrolment, manager = elsewhere(attach_producer)
    sign_convention(enrolment, manager, verifier, name="Éditions Production")
    proof = elsewhere(lambda: answer_as_it_should(load(enrolment), manager))

    def complete() -> Cast:
        organisation = OrganisationFactory(name=DISTRIBUTOR)
        distributor = make_member(organisation)
        return Cast(
            solution=pre_list_solution(load(enrolment), manager, proof),
            product=ProductFactory(organisation=organisation, name=PORTAL, owner=distributor),
            distributor=distributor,
            verifier=verifier,
            expert=make_agent(Role.EXPERT, "ethique"),
        )

    return elsewhere(complete)


def attach_producer() -> tuple[Enrolment, User]:
    organisation = OrganisationFactory(name="Éditions Production")
    manager = make_member(organisation)
    enrolment = attach_product(
        product_id=ProductFactory(organisation=organisation, name="Portail Mistral", owner=manager).pk,
        demarche=Demarche.objects.get(slug="referencement-guide"),
        white_label=WhiteLabelRole.PRODUCER,
        actor=manager,
    )
    return enrolment, manager


def load(enrolment: Enrolment) -> Enrolment:
    return Enrolment.objects.with_product().select_related("sheet", "response__definition").get(pk=enrolment.pk)


def sign_convention(enrolment: Enrolment, manager: User, verifier: User, *, name: str) -> None:
    """From the fiche of `name` to its validated convention, signed with the link and the code that were mailed."""

    def transmit() -> None:
        values = {**SHEET, "organisation_name": name}
        save_sheet(enrolment_id=enrolment.pk, values=values, base_version=load(enrolment).sheet.version, actor=manager)
        submit_sheet(enrolment_id=enrolment.pk, actor=manager)

    def send() -> Convention:
        convention = conventions.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)
        conventions.choose_terms(convention_id=convention.pk, actor=verifier, **TERMS)
        return conventions.send_convention(convention_id=convention.pk, actor=verifier)

    elsewhere(transmit)
    convention = elsewhere(send)
    token = last_token(SIGNER)
    elsewhere(lambda: conventions.send_code(token=token))
    elsewhere(lambda: conventions.sign(token=token, code=last_code(SIGNER)))
    elsewhere(lambda: conventions.validate_convention(convention_id=convention.pk, actor=verifier))


def answer_as_it_should(enrolment: Enrolment, manager: User) -> Deposit:
    """The inheritable questionnaires of a producer, specificities as the grid proposes; one optional file more."""
    answering = Answering(enrolment, manager, {})
    answering.comments = {code: f"{WORDS['comment']} {code}" for code in answering.grid.criteria}
    answering.orient(read_example())
    upload = pdf(f"{WORDS['file name']}.pdf", text=WORDS["file content"])
    proof = deposit(
        enrolment.response, PROOF, "plan-accessibilite", upload=upload, actor=manager, access=answering.access
    )
    inheritable = {each.code for each in answering.grid.questionnaires if each.inheritable}
    answering.criteria = {code: found for code, found in answering.criteria.items() if code in inheritable}
    answering.answer(halfway=False)
    return proof


def answer_personal_data(enrolment: Enrolment, manager: User) -> None:
    """The distributor’s own documents on personal data, which no producer gives."""
    answering = Answering(enrolment, manager, {})
    answering.criteria = {"rgpd": ("RGPD.1",)}
    answering.answer(halfway=False)


def admit(file: Candidature, cast: Cast) -> None:
    """Taken in charge, every line of the checklist met, admissible; ethics are given to the expert."""
    common: dict[str, Any] = {"candidature_id": file.pk, "actor": cast.verifier}
    take_charge(**common)
    checked = check_file(Candidature.objects.get(pk=file.pk))
    assert [each.line.code for each in checked if each.result == CheckResult.NO] == []
    looked_at = [each.line.code for each in checked if not each.line.auto]
    answer_checklist(**common, answers={code: GivenAnswer(CheckResult.YES) for code in looked_at})
    declare_admissible(**common)
    assign_expert(**common, theme="ethique", expert_id=cast.expert.pk)


# -- what people click


def be_attached(distributor: Page, producer: Page, cast: Cast, folder: Path) -> Enrolment:
    """SC-07, the mandate, « Vos notifications »."""
    solution = cast.solution
    distributor.goto(reverse("enrolment:product_attach", args=[cast.product.pk, solution.enrolment.demarche.slug]))
    ask_for(distributor, solution.enrolment.product.name, solution.pre_listing)
    people.follow(distributor.get_by_role("main"), "Mandat du tiers")
    distributor.get_by_label("Donné le").fill(f"{timezone.localdate() - timedelta(days=30):%d/%m/%Y}")
    distributor.locator("input[type=file]").set_input_files(people.make_pdf(folder / "mandat.pdf"))
    people.press(distributor, "Déposer le mandat")
    expect(distributor.get_by_role("link", name=re.compile("mandat.pdf"))).to_be_visible()
    accept(producer, DISTRIBUTOR)
    return elsewhere(lambda: load(Enrolment.objects.get(product=cast.product)))


def answer_the_rest(page: Page, enrolment: Enrolment, cast: Cast, folder: Path) -> None:
    """The orientation, then what is not recovered; the questionnaires of levels but one hold nothing else."""
    sections = yaml.safe_load(GRID.read_text(encoding="utf-8"))["orientation"]["sections"]
    page.goto(reverse("enrolment:questionnaire_list", args=[enrolment.pk]))
    people.open_questionnaire(page, "Questionnaire d’orientation")
    people.answer_orientation(page, [each for section in sections for each in section["questions"]], read_example())
    people.press(page, "Valider")
    elsewhere(lambda: answer_personal_data(load(enrolment), cast.distributor))
    for title, recovered in (("Interopérabilité", 9), ("Urbanisation", 8), ("Maturité Sécurité", 19)):
        open_and_count(page, title, recovered)
        people.choose_best_levels(page)
        people.press(page, "Valider")
    open_and_count(page, "Éthique Mon espace santé", 1)
    people.say_compliant(page, ecoscore="68,4")
    people.deposit_together(page, folder)
    people.press(page, "Valider")
    people.put_off_the_dossier(page)


def open_and_count(page: Page, title: str, recovered: int) -> None:
    people.open_questionnaire(page, title)
    expect(page.get_by_text(CONFIDENTIAL.capitalize())).to_have_count(recovered)


def freeze_and_apply(page: Page, folder: Path) -> list[Path]:
    """The dossier, its exports, the candidature; returns what was downloaded."""
    generate = "Générer une référence de dossier d’évaluation"
    people.follow(page.get_by_role("main"), generate)
    people.press(page, generate)
    reference = re.search(r"\bN\d{17,}\b", page.get_by_role("main").inner_text())
    assert reference
    downloads = []
    for label in ("Télécharger en PDF", "Télécharger en Excel"):
        downloads.append(people.download_export(page, label, folder))
        people.follow(page.get_by_role("main"), "Retour au dossier")
    people.follow(page.get_by_role("main"), "Tous les dossiers")
    people.choose_dossier(page, reference[0])
    people.press(page, "Candidater")
    expect(page.get_by_role("main")).to_contain_text("Votre candidature est déposée")
    return downloads


@pytest.mark.rule("BR-190", "BR-192", "BR-194", "BR-195", "BR-197", "BR-198", "A-24", "A-25", "A-26")
def test_a_portal_recovers_thirty_criteria_and_never_reads_them(sit: Sit, tmp_path: Path) -> None:
    cast = make_cast()
    distributor, producer = sit(cast.distributor), sit(cast.solution.manager)

    # attached on behalf of a hospital, whose representative signs; what is offered is recovered
    enrolment = be_attached(distributor, producer, cast, tmp_path)
    sign_convention(enrolment, cast.distributor, cast.verifier, name=HOSPITAL)
    recovered = elsewhere(
        lambda: set(Recovery.objects.filter(response=enrolment.response_id).values_list("code", flat=True))
    )
    assert len(recovered) >= 30
    assert PROOF in recovered
    assert SPECIFIC_LEVEL not in recovered

    # answered, frozen, applied
    answer_the_rest(distributor, enrolment, cast, tmp_path)
    downloads = freeze_and_apply(distributor, tmp_path)
    file: Candidature = elsewhere(lambda: Candidature.objects.select_related("dossier").get(enrolment=enrolment))
    assert set(elsewhere(lambda: codes_kept(file.dossier))) == recovered
    elsewhere(lambda: admit(file, cast))

    # an expert asks, the producer answers with a file
    criterion = f"/candidatures/{file.pk}/examen/{PROOF}/"
    expert = sit(cast.expert)
    expert.goto(criterion)
    expect(expert.get_by_text(f"{WORDS['comment']} {PROOF}")).to_be_visible()
    question_the_producer(expert, f"Expliquez {WORDS['question of an expert']}.")
    answer_as_producer(
        producer,
        PROOF,
        asked=WORDS["question of an expert"],
        answer=f"Voici {WORDS['answer to the question']}.",
        file=pdf(f"{WORDS['added file name']}.pdf", text=WORDS["added file content"]),
        about=PORTAL,
    )

    # the verifier reads the producer’s evidence, the former and the new
    verifier = sit(cast.verifier)
    verifier.goto(criterion)
    for name in (WORDS["file name"], WORDS["added file name"]):
        verifier.get_by_role("link", name=re.compile(f"{name}.pdf")).first.click()
        expect(verifier.locator("#viewer")).to_contain_text(f"{name}.pdf")
        expect(verifier.locator("#viewer img").first).to_be_visible()

    # the distributor finds nothing of it, wherever its pages, its downloads and its mails lead
    addendum = reverse("candidature:addendum_detail", args=[file.pk, 1])
    distributor.goto(addendum)
    downloads.append(people.download_export(distributor, "Télécharger en PDF", tmp_path))
    marks, hashes = elsewhere(lambda: find_marks(file, cast))
    told_them = elsewhere(lambda: list(told(cast.distributor)))
    _, words, _ = Visitor(verifier, marks, hashes).ask(criterion)
    reader = Visitor(distributor, marks, hashes)
    seen, found = reader.crawl("/", reverse("candidature:producer_question_list"), f"/candidatures/{file.pk}/")
    documents = [(path.name, says(path.read_bytes(), "")) for path in downloads]
    found += [f"{what}: {said}" for what, text in [*told_them, *documents] if (said := reader.betrayed(text))]

    readable = {"comment", "file name", "question of an expert", "answer to the question", "added file name"}
    assert set(Visitor(verifier, marks, hashes).betrayed(words)) >= readable
    assert seen >= {criterion, addendum, f"/dossiers/{file.dossier_id}/"}
    assert len(seen) > 200
    assert len(told_them) > 2
    assert found == []
    for sha256 in (marks["hash of the file"], marks["hash of the added file"]):
        original = f"/candidatures/{file.pk}/preuves/{sha256}/original/"
        assert (reader.ask(original)[0], Visitor(verifier, marks, hashes).ask(original)[0]) == (404, 200)


def codes_kept(dossier: Dossier) -> list[str]:
    return list(dossier.recovered_values.values_list("criterion", flat=True))


def find_marks(file: Candidature, cast: Cast) -> tuple[dict[str, str], set[str]]:
    """What betrays the producer: words, hashes of its files and dossier, then of every answer that may be guessed."""
    marks = {
        **WORDS,
        "deposit": str(cast.solution.deposit.pk),
        "hash of the file": cast.solution.deposit.file.blob.sha256,
        "hash of the added file": ProducerFile.objects.get().file.blob.sha256,
        "hash of the producer’s dossier": cast.solution.dossier.sha256,
    }
    return marks, guesses(file)
