"""What people do on the platform, through its pages only, as they would say it: sign up, attach, transmit, sign, apply."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
import pyzipper
from playwright.sync_api import Locator, Page, expect

PASSWORD = "une phrase longue et facile à retenir"
DEMO_PASSWORD = "convergence-demonstration"
MAIL_SECONDS = 60


def _siret() -> str:
    """A SIRET never seen before: 14 digits that pass Luhn on the SIREN and on the whole."""

    def check(digits: str) -> str:
        doubled = (int(digit) * (2 - rank % 2) for rank, digit in enumerate(reversed(digits)))
        return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)

    siren = f"9{secrets.randbelow(10**7):07}"
    siren += check(siren)
    return f"{siren}0001" + check(f"{siren}0001")


@dataclass(frozen=True, slots=True)
class Editor:
    """An editor nobody knows yet; `legal` is who may bind it and has no account."""

    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    siret: str = field(default_factory=_siret)

    @property
    def email(self) -> str:
        return f"jeanne.morel.{self.tag}@essai.example"

    @property
    def legal_email(self) -> str:
        return f"paul.girard.{self.tag}@essai.example"

    @property
    def organisation(self) -> str:
        return f"Éditions du Soin {self.tag}"

    @property
    def product(self) -> str:
        return f"Carnet {self.tag}"


# --- small gestures


def press(page: Page, label: str) -> None:
    """Press a button and see the page that answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=label, exact=True).click()


def follow(place: Page | Locator, label: str | re.Pattern[str]) -> None:
    """Follow a link; the first one when the page repeats it."""
    link = place.get_by_role("link", name=label).first
    with link.page.expect_navigation():
        link.click()


def do_and_confirm(page: Page, label: str) -> None:
    """An action that asks first: in a modal with JavaScript, on its own page without."""
    page.get_by_role("main").get_by_role("link", name=label, exact=True).click()
    expect(page.get_by_role("button", name=label, exact=True)).to_be_visible()
    press(page, label)


def title_is(page: Page, title: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def has_scripts(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.hasAttribute('data-ui-js')"))


def open_tab(page: Page, label: str) -> None:
    """A tab of the menu, which folds on small screens."""
    menu = page.get_by_role("button", name="Menu", exact=True)
    if menu.is_visible():
        menu.click()
    follow(page.get_by_role("navigation", name="Menu principal"), label)


# --- accounts


def sign_up(page: Page, editor: Editor) -> None:
    page.goto("/")
    follow(page.get_by_role("main"), "Créer un compte")
    page.get_by_label("Adresse e-mail").fill(editor.email)
    page.get_by_label("Prénom").fill("Jeanne")
    page.get_by_label("Nom", exact=False).and_(page.locator("[autocomplete=family-name]")).fill("Morel")
    page.get_by_label("Mot de passe", exact=False).first.fill(PASSWORD)
    page.get_by_label("Mot de passe, une seconde fois").fill(PASSWORD)
    press(page, "Créer mon compte")


def read_mail(page: Page, *, to: str, about: str) -> str:
    """Open the newest mail to somebody in the demo’s mailbox and return its text; waits until it has arrived."""
    deadline = time.monotonic() + MAIL_SECONDS
    mail = page.get_by_role("main").get_by_role("link", name=about).first
    page.goto(f"/demo/mails/?a={to}")
    while not mail.count():
        assert time.monotonic() < deadline, f"no mail to {to} about {about}"
        page.reload()
    with page.expect_navigation():
        mail.click()
    return page.locator("[data-mail]").inner_text()


def confirm_address(page: Page, editor: Editor) -> None:
    read_mail(page, to=editor.email, about="onfirm")
    follow_link_in_mail(page)
    press(page, "Confirmer mon adresse")


def follow_link_in_mail(page: Page) -> None:
    follow(page.locator("[data-mail]"), re.compile(""))


def create_organisation(page: Page, editor: Editor) -> None:
    follow(page.get_by_role("main"), "Créer une structure")
    page.get_by_label("SIRET").fill(editor.siret)
    page.get_by_label("Dénomination ou raison sociale").fill(editor.organisation)
    page.get_by_label("Forme juridique").select_option(label="Société par actions simplifiée (SAS, SASU)")
    page.get_by_label("Adresse du siège").fill("3 place du Parlement\n35000 Rennes")
    press(page, "Créer la structure")


def log_in(page: Page, email: str, password: str = DEMO_PASSWORD) -> None:
    page.goto("/compte/login/")
    page.get_by_label("Adresse e-mail").fill(email)
    page.get_by_label("Mot de passe").fill(password)
    press(page, "Se connecter")


def log_in_as_agent(page: Page, email: str) -> None:
    """Password, then the code of the moment, read on the demo’s front desk; a code serves once, hence the new try."""
    log_in(page, email)
    title_is(page, "Double authentification")
    desk = page.context.new_page()
    deadline = time.monotonic() + MAIL_SECONDS
    tried: set[str] = set()
    while page.get_by_role("heading", level=1, name="Double authentification").count():
        assert time.monotonic() < deadline, "the demo’s code was never accepted"
        desk.goto("/demo/")
        row = desk.get_by_role("row").filter(has=desk.get_by_text(email, exact=True))
        code = re.search(r"\b\d{6}\b", row.inner_text())
        assert code, f"no code for {email}"
        if code[0] not in tried:
            tried.add(code[0])
            page.get_by_role("textbox", name=re.compile("^Code")).fill(code[0])
            press(page, "Continuer")
    desk.close()


# --- product, fiche


def add_product(page: Page, editor: Editor) -> None:
    """Two steps: the form, then the summary (SC-04, SC-05)."""
    page.get_by_label("Nom du produit").fill(editor.product)
    page.get_by_label("Version").fill("1.0")
    page.get_by_label("Socle").check(force=True)
    page.get_by_label("Responsable").select_option(label="Jeanne Morel")
    page.get_by_label("Description de produit").fill("Un carnet partagé entre le patient et son équipe de soins.")
    page.get_by_label("1. Catalogue de services de Mon espace santé").check(force=True)
    press(page, "Suivant")


def choose_listing(page: Page) -> None:
    follow(page.get_by_role("main"), "Référencement Mon espace santé guidé")


def attach_single_product(page: Page) -> None:
    """The nominal case of SC-07."""
    page.get_by_label("Je veux référencer un produit unique (cas nominal)").check(force=True)
    press(page, "Valider")


def fill_sheet(page: Page, editor: Editor) -> None:
    """What the fiche does not know yet; the rest came from the organisation."""
    page.get_by_label("N° RCS").first.fill("Rennes B 912 345 678")
    page.get_by_label("Site web").fill("https://soin.example")
    page.locator("#id_phone").fill("02 99 00 01 02")
    page.locator("#id_representative_last_name").fill("Girard")
    page.get_by_label("Prénom").fill("Paul")
    page.get_by_label("Fonction").fill("Président")
    page.get_by_label("Adresse e-mail").fill(editor.legal_email)
    page.locator("#id_representative_phone").fill("06 00 00 01 02")


# --- the team


def open_file_of(page: Page, path: str, editor: Editor) -> None:
    page.goto(path)
    follow(page.get_by_role("main"), re.compile(editor.product))


def choose_terms(page: Page, *, data: Sequence[str], purposes: Sequence[str]) -> None:
    for label in (*data, *purposes):
        page.get_by_label(label, exact=True).check(force=True)
    press(page, "Enregistrer et relire avant l’envoi")


# --- the legal representative


def ask_for_code(page: Page) -> None:
    page.get_by_label("J’ai lu la convention et je suis habilité à la signer").check(force=True)
    press(page, "Recevoir mon code de signature")


def sign_with_code(page: Page, mailbox: Page, editor: Editor) -> None:
    text = read_mail(mailbox, to=editor.legal_email, about="votre code de signature")
    code = re.search(r"\b\d{6}\b", text)
    assert code, text
    page.get_by_label("Code à 6 chiffres").fill(code[0])
    press(page, "Signer la convention")


# --- answers


def _question(page: Page, question: Mapping[str, Any]) -> Locator:
    """A group of choices or a text, by the number that people read before its label."""
    named = re.compile(rf"^\s*{question['code'][1:]}\.\s")
    return page.get_by_role("group", name=named).or_(page.get_by_role("textbox", name=named))


def answer_question(page: Page, question: Mapping[str, Any], answer: Any) -> None:
    """Tick or type the answer of one question of the orientation."""
    place = _question(page, question)
    if question["type"] in ("boolean", "single_choice", "multiple_choice"):
        choices = {"oui": "Oui", "non": "Non"} | {each["code"]: each["label"] for each in question.get("choices", [])}
        for value in [answer] if isinstance(answer, str) else answer:
            place.get_by_label(choices[value], exact=True).check(force=True)
    else:
        place.fill(answer)


def answer_orientation(page: Page, questions: Sequence[Mapping[str, Any]], answers: Mapping[str, Any]) -> None:
    """Answer in order; what an answer brings appears by itself, or after the draft is saved when there are no scripts."""
    left = [question for question in questions if question["code"] in answers]
    if has_scripts(page):
        for question in left:
            expect(_question(page, question)).to_be_visible()
            answer_question(page, question, answers[question["code"]])
        return
    while left:
        shown = [question for question in left if _question(page, question).count()]
        assert shown, f"these questions never appeared: {left}"
        for question in shown:
            answer_question(page, question, answers[question["code"]])
            left.remove(question)
        if left:
            press(page, "Enregistrer comme brouillon")


def open_questionnaire(page: Page, title: str) -> None:
    """From the list of questionnaires (SC-12)."""
    tile = page.get_by_role("article").filter(has=page.get_by_role("heading", name=title, exact=True))
    follow(tile, re.compile(""))


def choose_best_levels(page: Page) -> None:
    """The strongest maturity of every criterion that one answers oneself (SC-14)."""
    for radio in page.get_by_role("article").get_by_role("radio", name=re.compile("^Maturité forte")).all():
        radio.check(force=True)


def say_compliant(page: Page, *, ecoscore: str) -> None:
    """« Conforme » everywhere that one answers oneself, and the measure where it is asked (SC-16)."""
    for radio in page.get_by_role("article").get_by_role("radio", name="Conforme", exact=True).all():
        radio.check(force=True)
    page.get_by_role("textbox", name=re.compile("core")).first.fill(ecoscore)


def empty_zones(page: Page) -> list[Locator]:
    """Drop zones of required evidence that hold no file yet."""
    zones = page.get_by_role("region", name=re.compile(r"\(obligatoire\)")).filter(has=page.locator("[type=file]"))
    return [zone for zone in zones.all() if zone.get_by_text("Aucun fichier déposé").count()]


def zone(page: Page, label: str) -> Locator:
    """The drop zone of a type of evidence."""
    return page.get_by_role("region", name=re.compile(f"^{label}"))


def deposit(zone: Locator, file: Path) -> None:
    """Choose a file and press the button of its zone."""
    zone.get_by_label(re.compile("^Choisir un fichier")).set_input_files(file)
    with zone.page.expect_navigation():
        zone.get_by_role("button", name=re.compile("^Déposer")).click()


def deposit_together(page: Page, folder: Path) -> None:
    """Choose a file in every empty zone, then save once."""
    for rank, zone in enumerate(empty_zones(page)):
        zone.get_by_label(re.compile("^Choisir un fichier")).set_input_files(make_pdf(folder / f"preuve-{rank}.pdf"))
    press(page, "Enregistrer comme brouillon")


def make_pdf(path: Path) -> Path:
    """A real PDF of one blank page, of a content never seen before."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.docinfo["/Title"] = f"{path.stem} {secrets.token_hex(8)}"
        pdf.save(path)
    return path


def take_credentials(page: Page) -> str:
    """From a drop zone to the passphrase that is shown once."""
    with page.expect_navigation():
        page.get_by_role("button", name="Obtenir le nom d’utilisateur et la phrase secrète").first.click()
    press(page, "Afficher les identifiants")
    return page.get_by_role("definition").nth(1).locator("code").inner_text()


def fill_container(page: Page, passphrase: str, file: Path, *, name: str) -> Path:
    """Download the container, add a document as 7-Zip would, close it."""
    with page.expect_download() as download:
        page.get_by_role("main").get_by_role("link", name="Télécharger le conteneur chiffré").click()
    container = file.parent / name
    download.value.save_as(container)
    with pyzipper.AESZipFile(container, "a", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(passphrase.encode())
        archive.write(file, file.name)
    return container


def put_off_the_dossier(page: Page) -> None:
    """Close the announcement that opens by itself after the last validation (SC-19); without scripts there is none."""
    if has_scripts(page):
        expect(page.get_by_role("dialog", name="Tous vos questionnaires sont terminés")).to_be_visible()
        page.get_by_role("button", name="Plus tard").click()


def describe_exchange(page: Page) -> None:
    """Every text of the exchange scope (A-11)."""
    for purpose in page.get_by_label("Finalité").all():
        purpose.select_option(label="Prévention")
    for text in page.get_by_role("main").get_by_role("textbox").all():
        text.fill("Le service en a besoin pour le suivi que l’usager demande, et pour rien d’autre.")
    press(page, "Enregistrer")


# --- dossier, candidature


def download_export(page: Page, label: str, folder: Path) -> Path:
    """Ask for an export, wait until its job is done, download it."""
    press(page, label)
    ready = page.get_by_role("link", name=re.compile("^Télécharger "))
    deadline = time.monotonic() + MAIL_SECONDS
    while not ready.count():
        assert time.monotonic() < deadline, "the export was never ready"
        page.reload()
    with page.expect_download() as download:
        ready.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def choose_dossier(page: Page, reference: str) -> None:
    page.get_by_label("Dossier avec lequel vous candidatez").select_option(reference)
    press(page, "Candidater")
