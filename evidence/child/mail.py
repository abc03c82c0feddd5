"""Mails saved as files: their headers are read, their body never is."""

from datetime import UTC
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import BinaryIO

from evidence.child.answer import Answer, Refused
from evidence.core.limits import MAIL_HEADERS
from evidence.core.names import printable

#: Long enough for any honest header.
LENGTH = 300
EXPECTED = ("From", "Date", "Subject", "Received", "Message-ID")


def check(file: BinaryIO) -> Answer:
    """Facts: `sender` (« Name <address> »), `subject`, `sent_at` (ISO, UTC); empty where the mail does not say."""
    head = file.read(MAIL_HEADERS).lstrip(b"\r\n")
    end = min((place for mark in (b"\r\n\r\n", b"\n\n") if (place := head.find(mark)) >= 0), default=len(head))
    message = message_from_bytes(head[:end])
    if sum(name in message for name in EXPECTED) < 2:
        raise Refused("mail_malformed")
    name, address = parseaddr(_text(message, "From"))
    return Answer(
        facts={
            "sender": f"{name} <{address}>" if name and address else name or address,
            "subject": _text(message, "Subject"),
            "sent_at": _sent_at(message),
        }
    )


def _text(message: Message, name: str) -> str:
    """A header decoded (RFC 2047) on one printable line; as it was written when it is badly encoded."""
    raw = str(message.get(name, ""))
    try:
        text = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        text = raw
    return printable(" ".join(text.encode("utf-8", "replace").decode().split()))[:LENGTH]


def _sent_at(message: Message) -> str:
    try:
        sent = parsedate_to_datetime(str(message.get("Date", "")))
        sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
        return sent.astimezone(UTC).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
