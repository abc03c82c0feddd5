"""QR codes: the drawing is the library’s matrix to the module, on paper too, and it leads to the public page."""

import io
import re

import pikepdf
import pytest
import qrcode
from pypdfium2 import PdfDocument

from convergence.documents.pdf import render_html
from convergence.documents.qr import qr_svg, verification_url

SHA256 = "0f" * 32


def modules(svg: str) -> list[list[bool]]:
    """What the path draws, read again module by module."""
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    dark = [[False] * side for _ in range(side)]
    path = re.search(r'fill="#000" d="([^"]*)"', svg)[1]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path):
        for column in range(int(x), int(x) + int(length)):
            dark[int(y)][column] = True
    return dark


@pytest.mark.parametrize(
    "url", ["https://exemple.fr/", verification_url(sha256=SHA256), "https://exemple.fr/?q=" + "é" * 200]
)
def test_the_drawing_is_the_code_of_the_address(url):
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(url)

    assert modules(qr_svg(url)) == code.get_matrix()


def test_the_code_on_paper_is_the_drawing_and_has_a_text_alternative():
    url = verification_url(sha256=SHA256)
    svg = qr_svg(url)

    content = render_html(f"<html lang=fr><title>QR</title><body>{svg}</body></html>")

    with PdfDocument(content) as document:
        page = document[0].render(scale=8, grayscale=True).to_pil()
    image = page.crop((0, 0, page.width, page.height // 2))  # without the number of the page
    expected = modules(svg)
    black = image.point(lambda value: 255 if value < 128 else 0).getbbox()
    left, top, right, bottom = black
    side = (right - left) / (len(expected) - 8)
    read = [
        [
            image.getpixel((int(left + (column + 0.5) * side), int(top + (row + 0.5) * side))) < 128
            for column in range(len(expected) - 8)
        ]
        for row in range(len(expected) - 8)
    ]
    assert bottom - top == pytest.approx(right - left, abs=2)
    assert read == [line[4:-4] for line in expected[4:-4]]
    with pikepdf.open(io.BytesIO(content)) as document:
        alternatives = [
            str(each.Alt) for each in document.objects if isinstance(each, pikepdf.Dictionary) and "/Alt" in each
        ]
    assert alternatives == [f"Code QR de l’adresse {url}"]


def test_an_address_cannot_leave_its_title():
    assert "<script>" not in qr_svg("https://exemple.fr/?<script>")


def test_a_document_is_known_by_its_reference_or_by_its_hash(settings):
    settings.SITE_URL = "https://convergence.example"

    assert verification_url(reference="D 2026/1") == "https://convergence.example/verifier/?reference=D+2026%2F1"
    assert verification_url(sha256=SHA256) == f"https://convergence.example/verifier/?empreinte={SHA256}"


@pytest.mark.parametrize("said", [{}, {"reference": "D", "sha256": SHA256}, {"sha256": "abc"}])
def test_an_address_that_leads_nowhere_is_refused(said):
    with pytest.raises(ValueError, match=r"hash|SHA-256"):
        verification_url(**said)


def test_an_address_too_long_for_a_code_is_refused():
    with pytest.raises(ValueError, match="version"):
        qr_svg("https://exemple.fr/" + "a" * 4000)
