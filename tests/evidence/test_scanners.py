"""The clamd client against a local server that answers as clamd(8) says, and the demonstration backend."""

import io
import socket
import struct
import threading

import pytest

from evidence.core.verdicts import CLEAN, Verdict, worst
from evidence.scanners import get_scanner
from evidence.scanners.clamd import ClamdScanner
from evidence.scanners.embedded import EICAR, EmbeddedScanner
from tests.evidence import corpus


class FakeClamd(threading.Thread):
    """Reads INSTREAM chunks as clamd does: answers early and hangs up when over `max_length`."""

    def __init__(self, *, max_length=10_000_000, answer=None):
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.server.getsockname()[1]}"
        self.max_length, self.answer = max_length, answer

    def run(self):
        connection, _ = self.server.accept()
        with connection, connection.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            content = b""
            while size := struct.unpack("!L", stream.read(4))[0]:
                content += stream.read(size)
                if len(content) > self.max_length:
                    connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            found = b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if EICAR in content else b"stream: OK\0"
            connection.sendall(self.answer if self.answer is not None else found)


@pytest.fixture
def clamd():
    servers = []

    def start(**options):
        server = FakeClamd(**options)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.server.close()


@pytest.mark.parametrize(
    ("content", "verdict"),
    [(b"sain" * 200_000, CLEAN), (b"x" * 300_000 + EICAR, Verdict("infected", "Win.Test.EICAR_HDB-1"))],
)
def test_clamd_is_asked_by_chunks_and_its_answer_read(clamd, content, verdict):
    assert ClamdScanner(clamd().url).scan(io.BytesIO(content)) == verdict


def test_over_the_stream_limit_a_file_is_not_scanned_and_not_clean(clamd):
    verdict = ClamdScanner(clamd(max_length=100_000).url).scan(io.BytesIO(b"x" * 20_000_000))

    assert verdict.state in {"not_scanned", "error"}  # the answer may be lost in the reset of the connection
    assert ClamdScanner._read("INSTREAM size limit exceeded. ERROR") == Verdict("not_scanned", "StreamMaxLength")


@pytest.mark.parametrize("answer", [b"", b"stream: Can't allocate memory ERROR\0", b"n'importe quoi\0"])
def test_an_answer_that_is_not_a_verdict_is_an_error(clamd, answer):
    assert ClamdScanner(clamd(answer=answer).url).scan(io.BytesIO(b"x")).state == "error"


def test_an_absent_clamd_is_an_error_and_not_an_exception(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert ClamdScanner(f"tcp://127.0.0.1:{port}").scan(io.BytesIO(b"x")).state == "error"
    assert ClamdScanner(f"unix://{tmp_path}/absent").scan(io.BytesIO(b"x")).state == "error"


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (EICAR, "infected"),
        (b"x" * (256 * 1024 - 30) + EICAR, "infected"),  # across two chunks
        (corpus.archive({"a.txt": b"x", "b/c.txt": EICAR}), "infected"),
        (corpus.pdf_with_eicar(), "infected"),
        (corpus.pdf(), "clean"),
        (corpus.archive_lying(), "not_scanned"),
        (corpus.archive_bomb(400), "not_scanned"),
    ],
)
def test_the_demonstration_backend_knows_eicar_only(content, state):
    assert EmbeddedScanner().scan(io.BytesIO(content)).state == state


def test_the_backend_follows_the_setting_and_says_what_it_is(settings):
    settings.CLAMD_URL = ""
    assert "EICAR" in get_scanner().label
    settings.CLAMD_URL = "tcp://clamav:3310"
    assert get_scanner().label == "ClamAV"


def test_the_worst_part_decides_for_the_whole():
    assert worst([]) == CLEAN
    assert worst([CLEAN, Verdict("not_scanned")]).state == "not_scanned"
    assert worst([Verdict("error"), Verdict("infected", "X"), CLEAN]) == Verdict("infected", "X")
