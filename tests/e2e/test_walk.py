"""From a new account to « Candidater » and « Prendre en charge », in a real Chromium, on a running demo, pages only."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, expect

from tests.e2e import people
from tests.e2e.conftest import Album, Browsers

ROOT = Path(__file__).resolve().parents[2]
GRID = ROOT / "fixtures" / "grids" / "referencement-guide" / "2024.12.yaml"
EXAMPLE = "compteurs-du-guide"

pytestmark = [pytest.mark.demo, pytest.mark.browser]


@pytest.mark.parametrize(
    ("width", "verifier"), [(1280, "verificateur@gie.example"), (390, "verificateur2@gie.example")]
)
def test_an_editor_goes_from_a_new_account_to_candidater(
    open_browsers: Callable[..., Browsers], tmp_path: Path, width: int, verifier: str
) -> None:
    walk(open_browsers(width=width), Album(f"walk-{width}"), verifier=verifier, folder=tmp_path)


def test_the_same_walk_without_javascript(open_browsers: Callable[..., Browsers], tmp_path: Path) -> None:
    browsers = open_browsers(width=1280, java_script_enabled=False)
    walk(browsers, Album("walk-without-javascript"), verifier="verificateur@gie.example", folder=tmp_path)


def walk(browsers: Browsers, picture: Album, *, verifier: str, folder: Path) -> None:
    editor = people.Editor()
    page, team, mailbox = browsers.open(), browsers.open(), browsers.open()
    enter(page, picture, editor)
    attach(page, picture, editor)
    transmit(page, picture, editor)
    people.log_in_as_agent(team, verifier)
    agree(page, team, browsers.open(), mailbox, picture, editor)
    answer(page, picture, folder)
    apply(page, picture, folder)
    take_charge(team, picture, editor)
    page.reload()
    picture(page, "SC-20-taken-in-charge")


def enter(page: Page, picture: Album, editor: people.Editor) -> None:
    """Account, address, organisation."""
    page.goto("/")
    picture(page, "welcome")
    people.sign_up(page, editor)
    picture(page, "verification-sent")
    people.confirm_address(page, editor)
    picture(page, "confirmed")
    people.create_organisation(page, editor)
    picture(page, "SC-01-dashboard")


def attach(page: Page, picture: Album, editor: people.Editor) -> None:
    """The product in two steps, then the démarche."""
    people.open_tab(page, "Vos produits")
    picture(page, "catalogue")
    people.follow(page.get_by_role("main"), "Ajouter un nouveau produit")
    picture(page, "SC-04-new-product")
    people.add_product(page, editor)
    picture(page, "SC-05-summary")
    people.press(page, "Valider")
    picture(page, "SC-06-product")
    people.follow(page.get_by_role("main"), re.compile("Commencer"))
    picture(page, "SC-06-choose-demarche")
    people.choose_listing(page)
    picture(page, "SC-07-white-label")
    people.attach_single_product(page)
    picture(page, "SC-08-enrolment")


def transmit(page: Page, picture: Album, editor: people.Editor) -> None:
    """The fiche administrative."""
    people.follow(page.get_by_role("main"), "Démarrer")
    picture(page, "SC-09-sheet")
    people.fill_sheet(page, editor)
    picture(page, "SC-09-sheet-filled")
    people.press(page, "Suivant")
    picture(page, "SC-10-summary")
    people.do_and_confirm(page, "Transmettre la fiche administrative")
    picture(page, "SC-10-transmitted")


def agree(page: Page, team: Page, signer: Page, mailbox: Page, picture: Album, editor: people.Editor) -> None:
    """The team accepts the fiche and sends the convention; the legal representative signs it; the team validates it."""
    picture(team, "agent-dashboard")
    people.open_file_of(team, "/instruction/fiches/", editor)
    picture(team, "BO-02-sheet-review")
    people.do_and_confirm(team, "Valider la fiche")
    picture(team, "BO-03-convention")
    people.choose_terms(
        team, data=["Mesures de santé", "Documents de santé"], purposes=["Prévention", "Suivi social et médico-social"]
    )
    picture(team, "BO-03-before-sending")
    people.press(team, "Envoyer la convention")
    picture(team, "BO-03-sent")
    page.reload()
    people.follow(page.get_by_role("main"), "Convention")
    picture(page, "SC-11-to-sign")

    people.read_mail(signer, to=editor.legal_email, about="convention à signer")
    picture(signer, "mail-to-sign")
    people.follow_link_in_mail(signer)
    picture(signer, "signing")
    people.ask_for_code(signer)
    picture(signer, "signing-code")
    people.sign_with_code(signer, mailbox, editor)
    picture(signer, "signed")

    people.open_file_of(team, "/instruction/conventions/?etat=signed", editor)
    people.do_and_confirm(team, "Accuser réception et valider")
    picture(team, "BO-03-validated")
    page.reload()
    people.follow(page.get_by_role("main"), "Questionnaires")
    picture(page, "SC-12-questionnaires")


def answer(page: Page, picture: Album, folder: Path) -> None:
    """The orientation of a worked example, then the questionnaires of the three kinds that it opens."""
    sections = yaml.safe_load(GRID.read_text(encoding="utf-8"))["orientation"]["sections"]
    examples = yaml.safe_load(GRID.with_suffix(".examples.yaml").read_text(encoding="utf-8"))["examples"]
    answers = next(example["answers"] for example in examples if example["name"] == EXAMPLE)
    people.open_questionnaire(page, "Questionnaire d’orientation")
    picture(page, "SC-13-orientation")
    people.answer_orientation(page, [each for section in sections for each in section["questions"]], answers)
    picture(page, "SC-13-orientation-answered")
    people.press(page, "Valider")
    picture(page, "SC-12-questionnaires-open")

    for title in ("Interopérabilité", "Urbanisation", "Maturité Sécurité"):
        people.open_questionnaire(page, title)
        people.choose_best_levels(page)
        picture(page, f"SC-14-{title}")
        people.press(page, "Valider")

    people.open_questionnaire(page, "Éthique Mon espace santé")
    picture(page, "SC-16-ethics")
    people.say_compliant(page, ecoscore="68,4")
    people.deposit(people.empty_zones(page)[0], people.make_pdf(folder / "charte.pdf"))
    people.deposit_together(page, folder)
    picture(page, "SC-16-ethics-answered")
    people.press(page, "Valider")

    people.open_questionnaire(page, "RGPD Mon espace santé")
    picture(page, "SC-17-rgpd")
    passphrase = people.take_credentials(page)
    picture(page, "SC-17-credentials")
    aipd = people.fill_container(page, passphrase, people.make_pdf(folder / "aipd.pdf"), name="aipd.zip")
    proof = people.fill_container(page, passphrase, people.make_pdf(folder / "reponses.pdf"), name="securite.zip")
    people.follow(page.get_by_role("main"), "Retour aux questionnaires")
    people.open_questionnaire(page, "RGPD Mon espace santé")
    people.deposit(people.zone(page, "Analyse d’impact"), aipd)
    people.deposit(people.zone(page, "Questionnaire RGPD"), people.make_pdf(folder / "questionnaire-rgpd.pdf"))
    picture(page, "SC-17-confirm-single-deposit")
    people.press(page, "Confirmer le dépôt")
    people.deposit_together(page, folder)
    picture(page, "SC-17-rgpd-answered")
    people.press(page, "Valider")

    people.open_questionnaire(page, "Sécurité Mon espace santé pour les échanges de données")
    people.deposit(people.empty_zones(page)[0], proof)
    picture(page, "SC-18-exchange-security")
    people.press(page, "Valider")
    picture(page, "SC-19-all-done")


def apply(page: Page, picture: Album, folder: Path) -> None:
    """The exchange scope when it is asked, the dossier, its PDF, the candidature."""
    generate = "Générer une référence de dossier d’évaluation"
    people.put_off_the_dossier(page)
    people.open_questionnaire(page, "Échanges avec Mon espace santé")
    picture(page, "exchange-scope")
    people.describe_exchange(page)
    picture(page, "exchange-scope-described")
    people.follow(page.get_by_role("main"), "Retour")
    people.follow(page.get_by_role("main"), generate)
    picture(page, "SC-20-generate")
    people.press(page, generate)
    picture(page, "SC-20-dossier")
    reference = re.search(r"\bN\d{17,}\b", page.get_by_role("main").inner_text())
    assert reference
    pdf = people.download_export(page, "Télécharger en PDF", folder)
    picture(page, "job-done")
    assert "intact" in verify(pdf)
    people.follow(page.get_by_role("main"), "Retour au dossier")
    people.follow(page.get_by_role("main"), "Tous les dossiers")
    picture(page, "SC-20-dossiers")
    people.choose_dossier(page, reference[0])
    picture(page, "SC-20-apply")
    people.press(page, "Candidater")
    expect(page.get_by_role("main")).to_contain_text("Votre candidature est déposée")
    picture(page, "SC-20-applied")


def take_charge(team: Page, picture: Album, editor: people.Editor) -> None:
    people.open_file_of(team, "/candidatures/", editor)
    picture(team, "BO-04-candidature")
    people.do_and_confirm(team, "Prendre en charge")
    picture(team, "BO-04-taken")


def verify(subject: object) -> str:
    """What `manage.py verify_dossier` says, without database when it is given a file."""
    command = [sys.executable, "manage.py", "verify_dossier", str(subject)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
