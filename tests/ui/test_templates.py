"""Rules that hold for every template of ours, whoever wrote it."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2] / "templates"
TEMPLATES = sorted(ROOT.rglob("*.html"))
NAMES = [str(path.relative_to(ROOT)) for path in TEMPLATES]

# Not seen in a browser: PDF and mail.
ELSEWHERE = {"documents", "pdf", "mail", "mails", "email", "emails"}


def source(name: str) -> str:
    return re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", (ROOT / name).read_text(), flags=re.DOTALL)


def is_seen_in_a_browser(name: str) -> bool:
    return not ELSEWHERE & set(Path(name).parts) and "base_pdf.html" not in source(name)


@pytest.mark.parametrize("name", NAMES)
def test_template_compiles(name):
    get_template(name)


@pytest.mark.parametrize("name", [name for name in NAMES if is_seen_in_a_browser(name)])
def test_no_inline_script_or_style(name):
    html = source(name)
    assert not re.search(r"<style\b", html)
    assert not re.search(r"\sstyle\s*=", html)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", html)
    assert not re.search(r"\shx-on[:-]", html)
    assert "javascript:" not in html
    for tag in re.findall(r"<script\b[^>]*>", html):
        assert " src=" in tag or 'type="application/json"' in tag


@pytest.mark.parametrize("name", [name for name in NAMES if is_seen_in_a_browser(name) and name != "base.html"])
def test_only_the_base_writes_a_whole_document(name):
    """Else a page would miss skip links, title, language, messages and scripts."""
    assert not re.search(r"<!doctype|<html\b|<head\b|<body\b|<main\b", source(name), flags=re.IGNORECASE)


def test_every_icon_exists():
    """An unknown name shows as a filled square."""
    sheet = Path(finders.find("dsfr/dist/utility/icons/icons.main.min.css")).read_text()
    known = set(re.findall(r"\.(fr-icon-[\w-]+)", sheet)) | {"fr-icon--sm", "fr-icon--lg", "fr-icon--md", "fr-icon--xs"}
    for name in NAMES:
        used = set(re.findall(r"\bfr-icon-[\w-]+(?![\w{-])", source(name)))
        assert used <= known, (name, used - known)


#: Asks a question and changes nothing, for people without a cookie: its page may be kept (A-37).
WITHOUT_TOKEN = {"trust/verification.html"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_TOKEN])
def test_post_forms_carry_a_token(name):
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", source(name), flags=re.DOTALL):
        assert "csrf" in form


def test_components_know_neither_request_nor_person():
    for path in (ROOT / "components").rglob("*.html"):
        assert not re.search(r"{[{%][^}]*\b(request|user|perms)\b[.| }]", path.read_text()), path.name
