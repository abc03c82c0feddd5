"""Bad input on a running demo, as people give it: each time a clear French message, and nothing typed is lost."""

import io
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
import pyzipper
from playwright.sync_api import Page, expect

from tests.e2e import people
from tests.e2e.conftest import Album, Browsers

pytestmark = [pytest.mark.demo, pytest.mark.browser, pytest.mark.rule("BR-076")]

EDITOR = "mandataire@editeur.example"
#: The demo product whose questionnaires are half answered.
PRODUCT, CHARTER, AIPD = "Tension sereine", "Charte éditoriale", "Analyse d’impact"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture(params=["scripts", "no-scripts"])
def page(request: pytest.FixtureRequest, open_browsers: Callable[..., Browsers]) -> Page:
    browsers = open_browsers(width=390, java_script_enabled=request.param == "scripts")
    page = browsers.open()
    people.log_in(page, EDITOR)
    return page


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Album:
    return Album(f"refusals/{request.node.name}")


def open_questionnaire(page: Page, title: str) -> None:
    page.goto("/")
    people.follow(page.get_by_role("main"), PRODUCT)
    people.follow(page.get_by_role("main"), "Questionnaires")
    people.open_questionnaire(page, title)


def test_wrong_siret(page: Page, picture: Album) -> None:
    page.goto("/structures/nouvelle/")
    page.get_by_label("SIRET").fill("812 345 676 00018")
    page.get_by_label("Dénomination ou raison sociale").fill("Atelier de l’Aube")
    people.press(page, "Créer la structure")
    expect(page.get_by_role("main")).to_contain_text("Ce SIRET n’existe pas : un de ses chiffres est faux.")
    expect(page.get_by_label("Dénomination ou raison sociale")).to_have_value("Atelier de l’Aube")
    picture(page, "wrong-siret")


def _pdf(**root: bytes) -> bytes:
    output = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        for name, content in root.items():
            pdf.Root[f"/{name}"] = pikepdf.Stream(pdf, content)
        pdf.save(output, compress_streams=False)
    return output.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("charte.pdf", b"MZ\x90\x00" + bytes(2000), "PDF"),
        ("charte.pdf", b"", "vide"),
        ("charte.pdf", _pdf(Weight=bytes(21 * 1024 * 1024)), "20 Mo"),
        ("charte.pdf", _pdf(Note=EICAR), "antivirus"),
        ("charte.exe", b"MZ\x90\x00" + bytes(2000), "PDF"),
    ],
    ids=["renamed-executable", "empty", "too-big", "infected", "executable"],
)
def test_file_is_refused_and_the_comment_kept(
    page: Page, picture: Album, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    open_questionnaire(page, "Éthique Mon espace santé")
    file = tmp_path / name
    file.write_bytes(content)
    comment = page.get_by_label("Commentaire sur QUA.1.1")
    comment.fill("La charte est relue chaque année.")
    people.deposit(people.zone(page, CHARTER), file)
    zone = people.zone(page, CHARTER)
    expect(zone).to_contain_text(message)
    expect(comment).to_have_value("La charte est relue chaque année.")
    picture(page, message)


def test_plain_entry_in_an_encrypted_zone(page: Page, picture: Album, tmp_path: Path) -> None:
    open_questionnaire(page, "RGPD Mon espace santé")
    container = tmp_path / "aipd.zip"
    with pyzipper.AESZipFile(container, "w") as archive:
        archive.writestr("analyse.pdf", _pdf())
    people.deposit(people.zone(page, AIPD), container)
    expect(people.zone(page, AIPD)).to_contain_text("chiffré")
    picture(page, "plain-entry")


def test_unknown_signing_link(page: Page, picture: Album) -> None:
    page.goto("/signature/un-lien-que-personne-n-a-recu/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("lien")
    picture(page, "unknown-link")


def test_two_tabs_apply_once(page: Page, picture: Album) -> None:
    """A double submit: the second tab learns that a candidature is open; cancelling leaves the demo as it was."""
    page.goto("/")
    people.follow(page.get_by_role("main"), "Près de chez vous")
    people.follow(page.get_by_role("main"), "Dossiers")
    other = page.context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        tab.get_by_label("Dossier avec lequel vous candidatez").select_option(index=1)
        people.press(tab, "Candidater")
        people.title_is(tab, "Candidater au référencement")
    people.press(page, "Candidater")
    people.press(other, "Candidater")
    expect(other.get_by_role("main")).to_contain_text("Une candidature est déjà en cours pour ce produit")
    picture(other, "second-tab")
    page.reload()
    people.do_and_confirm(page, "Annuler le dossier candidat")
    expect(page.get_by_role("main")).to_contain_text("annulé")
