"""ClamAV by its daemon: the INSTREAM command, as clamd(8) describes it."""

import socket
import struct
from typing import IO
from urllib.parse import urlsplit

from evidence.core.limits import CHUNK
from evidence.core.verdicts import CLEAN, Verdict

TIMEOUT_SECONDS = 60


class ClamdScanner:
    """`url`: `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`."""

    name = "clamd"
    label = "ClamAV"

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)

    def scan(self, file: IO[bytes]) -> Verdict:
        file.seek(0)
        reply = b""
        try:
            with self._connect() as connection:
                try:
                    connection.sendall(b"zINSTREAM\0")
                    while chunk := file.read(CHUNK):
                        connection.sendall(struct.pack("!L", len(chunk)) + chunk)
                    connection.sendall(struct.pack("!L", 0))
                except (BrokenPipeError, ConnectionResetError):
                    pass  # over StreamMaxLength, clamd answers and hangs up before the end
                while part := connection.recv(4096):
                    reply += part
        except OSError as error:
            if not reply:
                return Verdict("error", f"clamd : {error}"[:200])
        return self._read(reply.rstrip(b"\0\n").decode(errors="replace"))

    def _connect(self) -> socket.socket:
        if self.url.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(TIMEOUT_SECONDS)
            connection.connect(self.url.path)
            return connection
        return socket.create_connection((self.url.hostname or "localhost", self.url.port or 3310), TIMEOUT_SECONDS)

    @staticmethod
    def _read(reply: str) -> Verdict:
        answer = reply.removeprefix("stream: ")
        if answer == "OK":
            return CLEAN
        if answer.endswith(" FOUND"):
            return Verdict("infected", answer.removesuffix(" FOUND")[:200])
        if "size limit exceeded" in answer:
            return Verdict("not_scanned", "StreamMaxLength")
        return Verdict("error", (answer or "réponse vide de clamd")[:200])
