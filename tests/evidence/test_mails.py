"""Mails saved as files: who, when, about what; nothing hostile in their headers breaks the reading."""

import pytest

from evidence.errors import UploadRefused
from evidence.services import examine
from tests.evidence import corpus

HEAD = b"From: Camille <c@editeur.example>\r\nDate: Tue, 3 Mar 2026 09:12:00 +0100\r\nSubject: Bonjour\r\n"


@pytest.fixture
def facts_of(upload):
    def read(content: bytes):
        return dict(examine(upload=upload("a.eml", content), allowed_formats=["eml"], max_size_mb=1).facts)

    return read


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (HEAD + b"\r\nTexte", ("Camille <c@editeur.example>", "Bonjour", "2026-03-03T08:12:00+00:00")),
        (
            HEAD.replace(b"\r\n", b"\n") + b"\nTexte",
            ("Camille <c@editeur.example>", "Bonjour", "2026-03-03T08:12:00+00:00"),
        ),
        (b"Received: by a\r\n" + HEAD, ("Camille <c@editeur.example>", "Bonjour", "2026-03-03T08:12:00+00:00")),
        (
            b"From: c@editeur.example\nSubject: =?iso-8859-1?q?R=E9ponse_?=\n =?utf-8?b?w6A=?= vous\n\n",
            ("c@editeur.example", "Réponse à vous", ""),
        ),
        (b"From: c@editeur.example\nSubject: =?inconnu?q?abc?=\n\n", ("c@editeur.example", "=?inconnu?q?abc?=", "")),
        (b"From: c@editeur.example\nSubject: =?utf-8?b?!!?=\n\n", None),
        (b"From: c@editeur.example\nDate: hier\nSubject: a\n\n", ("c@editeur.example", "a", "")),
        (
            b"From: c@editeur.example\nDate: Tue, 99 Mar 99999 09:12:00 +9999\nSubject: a\n\n",
            ("c@editeur.example", "a", ""),
        ),
        (b"From: c@editeur.example\nSubject: brut \xe9\n\n", None),
        (b"From: <<<>>@,;:\nSubject: a\n\n", None),
        (
            HEAD + b"X-Long: " + b"a" * 300_000 + b"\r\n\r\n",
            ("Camille <c@editeur.example>", "Bonjour", "2026-03-03T08:12:00+00:00"),
        ),
    ],
)
def test_headers_are_read_and_bad_ones_forgiven(facts_of, content, facts):
    found = facts_of(content)

    assert set(found) == {"sender", "subject", "sent_at"}
    if facts is not None:
        assert (found["sender"], found["subject"], found["sent_at"]) == facts


def test_long_and_invisible_text_of_headers_is_tamed(facts_of):
    subject = facts_of(b"From: c@editeur.example\nSubject: =?utf-8?q?a=0D=0Ab=E2=80=AEc?= " + b"d" * 5000 + b"\n\n")[
        "subject"
    ]

    assert len(subject) <= 300
    assert subject.isprintable()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"Ceci n'est pas un courriel.", "mail_malformed"),
        (b"Subject: seul\n\nTexte", "mail_malformed"),
        (corpus.image("png"), "content_mismatch"),
        (b"%PDF-1.7\n", "content_mismatch"),
    ],
)
def test_what_is_no_mail_is_refused(facts_of, content, code):
    with pytest.raises(UploadRefused) as refusal:
        facts_of(content)

    assert [problem.code for problem in refusal.value.problems] == [code]
