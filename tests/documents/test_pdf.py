import io
import logging
import re
import unicodedata

import pikepdf
import pytest
from django.template import Context, Template
from pypdfium2 import PdfDocument

from convergence.documents import pdf
from convergence.documents.fetcher import ClosedFetcher, find_static

from .hostile import HOSTILE

PAGE = """
{% extends "documents/base_pdf.html" %}
{% block title %}Convention {{ reference }}{% endblock %}
{% block running_title %}Convention{% endblock %}
{% block reference %}{{ reference }}{% endblock %}
{% block operator %}Opérateur{% endblock %}
{% block notice %}Document généré{% endblock %}
{% block content %}
  <h1>Convention</h1><h2>Parties</h2>
  <p>Voir <a href="https://example.org/aide">l’aide</a>.</p>
  <table><thead><tr><th>Rang</th><th>Titre répété</th></tr></thead>
  <tbody>{% for row in rows %}<tr><td>{{ row }}</td><td class="typed">{{ text }}</td></tr>{% endfor %}</tbody></table>
{% endblock %}
"""


def make(*, rows=1, text="texte", reference="N00001", **options) -> bytes:
    html = Template(PAGE).render(Context({"rows": range(rows), "text": text, "reference": reference}))
    return pdf.render_html(html, **options)


def texts(content: bytes) -> list[str]:
    with PdfDocument(content) as document:
        return [page.get_textpage().get_text_range() for page in document]


def test_every_page_says_which_it_is_and_repeats_the_head_of_its_table():
    pages = texts(make(rows=100))
    assert len(pages) > 2
    for rank, page in enumerate(pages, 1):
        assert f"{rank} / {len(pages)}" in page
        assert "Titre répété" in page
        assert "N00001" in page
        assert "Document généré" in page


def test_links_are_spelled_out():
    assert "https://example.org/aide" in texts(make())[0]


def test_document_is_tagged_titled_french_and_embeds_its_fonts():
    with pikepdf.open(io.BytesIO(make())) as document:
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang) == "fr"
        with document.open_metadata() as metadata:
            assert metadata["dc:title"] == "Convention N00001"
            assert metadata["pdfuaid:part"] == "1"
        tags = {str(each.S) for each in document.objects if isinstance(each, pikepdf.Dictionary) and "/S" in each}
        assert {"/H1", "/H2", "/Table", "/TH", "/Link"} <= tags
        fonts = [each for each in document.objects if isinstance(each, pikepdf.Dictionary) and "/FontName" in each]
        assert fonts
        assert all("/FontFile3" in font or "/FontFile2" in font for font in fonts)
        assert any("Marianne" in str(font.FontName) for font in fonts)


def test_archive_carries_its_source():
    source = pdf.Attachment("dossier.json", b'{"a":1}', "application/json", "Source", "Contenu figé")
    with pikepdf.open(io.BytesIO(make(variant="pdf/a-3a", attachments=[source]))) as document:
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        spec = document.Root.AF[0]
        assert (str(spec.AFRelationship), str(spec.UF), str(spec.Desc)) == ("/Source", "dossier.json", "Contenu figé")
        assert spec.EF.F.read_bytes() == b'{"a":1}'
        assert str(spec.EF.F.Subtype) == "/application/json"


def test_only_an_archive_carries_files():
    with pytest.raises(ValueError, match="pdf/a-3a"):
        make(attachments=[pdf.Attachment("a", b"", "text/plain")])


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/x.png", "https://example.org/x.css", "ftp://x.invalid/a", "file:///etc/passwd",
        "data:image/png;base64,AAAA", "//x.invalid/a", "/etc/passwd", "STATIC:documents/print.css", "attachment:9",
        "static:../../settings/base.py", "static:/etc/passwd", "static:documents/../../../pyproject.toml", "static:",
    ],
)  # fmt: skip
def test_nothing_else_than_our_static_files_is_loaded(address):
    with pytest.raises((ValueError, FileNotFoundError, IndexError)):
        ClosedFetcher().fetch(address)


def test_hostile_addresses_in_a_document_are_left_out_and_logged(caplog):
    html = (
        "<!doctype html><html lang=fr><title>x</title><link rel=stylesheet href='http://127.0.0.1:9/x.css'>"
        "<style>@import url(file:///etc/passwd); p { background: url(http://127.0.0.1:9/y.png) }</style>"
        "<p>Reste lisible <img src='file:///etc/passwd' alt='image absente'><iframe src='http://127.0.0.1:9/'></iframe>"
        "<object data='file:///etc/passwd'></object><link rel=attachment href='file:///etc/passwd'>"
    )
    logger = logging.getLogger("weasyprint")
    logger.addHandler(caplog.handler)
    try:
        content = pdf.render_html(html)
    finally:
        logger.removeHandler(caplog.handler)
    assert "Reste lisible" in texts(content)[0]
    assert b"root:" not in content
    assert "address refused in a document" in caplog.text


def test_static_files_of_the_stylesheet_exist():
    css = find_static(pdf.PRINT_STYLESHEET).read_text()
    addresses = re.findall(r'url\("static:([^"]+)"\)', css)
    assert len(addresses) == 5
    for address in addresses:
        assert find_static(address).stat().st_size > 1000


def plain(text: str) -> str:
    """What every PDF reader extracts alike: ASCII signs, without spaces nor accents."""
    return "".join(each for each in unicodedata.normalize("NFD", text) if "!" <= each <= "~")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_printed_and_not_run(text):
    content = make(text=text, reference=text)
    printed, expected = plain("".join(texts(content))), plain(text.split("\n")[0])
    # a right-to-left override is kept, and therefore obeyed
    assert expected in printed or ("\u202e" in text and expected[::-1] in printed)
    with pikepdf.open(io.BytesIO(content)) as document:
        keys = {key for each in document.objects if isinstance(each, pikepdf.Dictionary) for key in each}
    assert not keys & {"/JS", "/JavaScript", "/OpenAction", "/Launch", "/EmbeddedFiles"}


def test_missing_libraries_are_named(monkeypatch):
    assert pdf.check_libraries() == []
    monkeypatch.setitem(pdf.LIBRARIES, "libabsent1", ("libabsent.so.1",))
    assert pdf.check_libraries() == ["libabsent1"]
