"""The file formats that people may deposit: how each is named, recognised and described."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One accepted format.

    `mimes` are the types that libmagic may announce for this content (the first is the one served);
    `magic` is the byte prefix that the file must start with: no leading junk, hence no polyglot by prefix.
    """

    code: str
    label: str
    extensions: tuple[str, ...]
    mimes: tuple[str, ...]
    magic: bytes

    @property
    def mime(self) -> str:
        return self.mimes[0]


ZIP_MAGIC = b"PK\x03\x04"
# libmagic announces a bare archive for some office files, depending on the order of their members: the office
# checks of the child then prove what the file is.
_ANY_ZIP = ("application/zip", "application/octet-stream")
_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

FORMATS: dict[str, Format] = {
    known.code: known
    for known in (
        Format("pdf", "PDF", ("pdf",), ("application/pdf",), b"%PDF-"),
        Format("docx", "Word", ("docx",), (f"{_OOXML}.wordprocessingml.document", *_ANY_ZIP), ZIP_MAGIC),
        Format("xlsx", "Excel", ("xlsx",), (f"{_OOXML}.spreadsheetml.sheet", *_ANY_ZIP), ZIP_MAGIC),
        Format("odt", "texte OpenDocument", ("odt",), (f"{_ODF}.text", *_ANY_ZIP), ZIP_MAGIC),
        Format("ods", "classeur OpenDocument", ("ods",), (f"{_ODF}.spreadsheet", *_ANY_ZIP), ZIP_MAGIC),
        Format("png", "image PNG", ("png",), ("image/png",), b"\x89PNG\r\n\x1a\n"),
        Format("jpg", "image JPEG", ("jpg", "jpeg"), ("image/jpeg",), b"\xff\xd8\xff"),
        Format("zip", "archive ZIP", ("zip",), ("application/zip", "application/octet-stream"), ZIP_MAGIC),
        # libmagic knows a mail by its first header only: the mail check of the child then proves what the file is.
        Format("eml", "courriel", ("eml",), ("message/rfc822", "text/plain", "text/html"), b""),
    )
}
# Opaque encrypted containers of a third-party tool: nothing can be said of their content.
ZED = Format("zed", "conteneur ZED", ("zed",), ("application/octet-stream",), b"")

OFFICE = frozenset({"docx", "xlsx", "odt", "ods"})
IMAGES = frozenset({"png", "jpg"})


def format_of(name: str) -> Format | None:
    """The format that the extension of `name` announces, or None when we know no such extension."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return next((known for known in (*FORMATS.values(), ZED) if extension in known.extensions), None)


def accepted_in_words(codes: Collection[str]) -> str:
    """The formats as people read them, in the order of the table: « PDF, Word (.docx) ou image PNG »."""
    words = [
        known.label if known.label.lower().endswith(known.code) else f"{known.label} (.{known.code})"
        for known in (*FORMATS.values(), ZED)
        if known.code in codes
    ]
    return " ou ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "")))


def accept_attribute(codes: Collection[str]) -> str:
    """Value of the `accept` attribute of a file input: `.pdf,.jpg,.jpeg`."""
    known = (*FORMATS.values(), ZED)
    return ",".join(f".{extension}" for each in known if each.code in codes for extension in each.extensions)
