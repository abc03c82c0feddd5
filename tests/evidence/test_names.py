import unicodedata

import pytest

from evidence.core.formats import FORMATS, accept_attribute, accepted_in_words, format_of
from evidence.core.messages import MESSAGES, problem
from evidence.core.names import display_name, name_problems, printable
from evidence.core.sizes import size_in_words


@pytest.mark.rule("BR-078")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("facture.pdf.exe", "name_double_extension"),
        ("a.php.pdf", "name_double_extension"),
        ("contrat.pdf .pdf", "name_double_extension"),
        ("contrat.docx.pdf", "name_double_extension"),
        ("archive.tar.zip", "name_double_extension"),
        ("facture\u202efdp.exe", "name_reordered"),
        ("a\u2066b.pdf", "name_reordered"),
        ("a\x00b.pdf", "name_characters"),
        ("a\nb.pdf", "name_characters"),
        ("a<b>.pdf", "name_characters"),
        ("CON.pdf", "name_reserved"),
        ("lpt1.docx", "name_reserved"),
        ("x" * 150 + ".pdf", "name_too_long"),
        ("é" * 125 + ".pdf", "name_too_long"),
        (".pdf", "name_without_extension"),
        ("preuve", "name_without_extension"),
        ("", "name_without_extension"),
        ("preuve.pdf.", "name_trailing_dot"),
    ],
)
def test_a_hostile_or_clumsy_name_is_refused(name, code):
    assert code in list(name_problems(name))


@pytest.mark.parametrize(
    "name",
    [
        "Attestation d’hébergement v1.2.pdf",
        "2024.12.01 – rapport.docx",
        "Étude (finale).xlsx",
        "консент.pdf",
        "a.b.c.png",
    ],
)
def test_an_ordinary_name_is_accepted(name):
    assert list(name_problems(name)) == []


def test_all_problems_of_a_name_are_told_at_once():
    assert list(name_problems("con.exe\x01.pdf")) == ["name_characters", "name_reserved"]
    assert list(name_problems("nul.php.pdf")) == ["name_reserved", "name_double_extension"]


def test_the_name_is_kept_in_nfc_without_its_path():
    name = display_name("C:\\Users\\camille\\e\u0301tude.pdf ")
    assert name == "étude.pdf"
    assert unicodedata.is_normalized("NFC", name)
    assert display_name("../../etc/passwd.pdf") == "passwd.pdf"


def test_names_in_messages_can_neither_reorder_nor_flood_the_page():
    assert printable("a\u202eb\x07c") == "a�b�c"
    assert len(printable("x" * 5000)) == 80


def test_formats_are_found_by_extension_whatever_the_case():
    assert format_of("A.PDF") is FORMATS["pdf"]
    assert format_of("photo.JPEG") is FORMATS["jpg"]
    assert format_of("a.exe") is None
    assert format_of("pdf") is None


def test_formats_are_told_in_words_and_to_the_file_picker():
    assert accepted_in_words(["pdf", "docx", "jpg"]) == "PDF, Word (.docx) ou image JPEG (.jpg)"
    assert accepted_in_words(["pdf"]) == "PDF"
    assert accept_attribute(["jpg", "pdf"]) == ".pdf,.jpg,.jpeg"


@pytest.mark.parametrize(
    ("size", "words"),
    [(1, "1\u00a0Ko"), (812 * 1024, "812\u00a0Ko"), (1_572_864, "1,5\u00a0Mo"), (50 << 20, "50\u00a0Mo")],
)
def test_sizes_are_told_in_french(size, words):
    assert size_in_words(size) == words


@pytest.mark.parametrize("code", MESSAGES)
def test_each_message_is_french_typography_and_a_sentence(code):
    details = dict.fromkeys(
        [
            "size",
            "limit",
            "accepted",
            "label",
            "found",
            "pages",
            "width",
            "height",
            "entry",
            "entries",
            "cell",
            "sheet",
            "bits",
            "signature",
        ],
        "x",
    )
    message = problem(code, **details).message
    assert message.endswith(".")
    assert "'" not in message
    assert "« " not in message
    for sign in ";!?":
        assert f" {sign}" not in message.replace(': " / \\ | ? *', "")
