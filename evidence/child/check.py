"""Is this file really of the format that its name announces, and can it be opened without risk?"""

from typing import BinaryIO

import magic

from evidence.child import archives, images, mail, pdf
from evidence.child.answer import Answer, Refused
from evidence.core.formats import FORMATS, IMAGES, OFFICE

# What people deposit by mistake or by malice, in words; other types are shown as libmagic writes them.
IN_WORDS = {
    "application/x-dosexec": "programme Windows",
    "application/vnd.microsoft.portable-executable": "programme Windows",
    "application/x-executable": "programme",
    "application/x-pie-executable": "programme",
    "application/x-sharedlib": "programme",
    "application/x-mach-binary": "programme",
    "text/x-shellscript": "script",
    "text/x-php": "script PHP",
    "text/html": "page web",
    "text/plain": "texte",
    "image/svg+xml": "dessin SVG",
    "application/zip": "archive ZIP",
    "application/pdf": "PDF",
    "image/png": "image PNG",
    "image/jpeg": "image JPEG",
    "application/octet-stream": "données sans format connu",
}


def check(file: BinaryIO, *, code: str) -> Answer:
    """Problems and facts (`pages` of a PDF) of a file announced as format `code`."""
    expected = FORMATS[code]
    head = file.read(64 * 1024)
    found = magic.from_buffer(head, mime=True)
    if code in OFFICE and head.startswith(b"\xd0\xcf\x11\xe0"):  # Office wraps protected documents that way
        raise Refused("office_encrypted")
    if found not in expected.mimes or not head.startswith(expected.magic):
        if code == "pdf" and head.startswith(b"%PDF-"):
            raise Refused("pdf_malformed")
        raise Refused("content_mismatch", label=expected.label, found=IN_WORDS.get(found, found))
    file.seek(0)
    if code == "pdf":
        answer = pdf.check(file)
    elif code in IMAGES:
        answer = images.check(file, code=code)
    elif code in OFFICE:
        answer = archives.check_office(file, code=code)
    elif code == "eml":
        answer = mail.check(file)
    else:
        answer = archives.check_zip(file)
    if expected.magic[:2] != b"PK" and archives.is_archive_too(file):
        answer.problems.append({"code": "polyglot", "label": expected.label})
    return answer
