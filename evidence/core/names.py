"""File names: what is kept for display and what is refused (BR-078)."""

import unicodedata
from collections.abc import Iterator

from evidence.core.limits import NAME_LENGTH

# Extensions that a system would run, or that hide another file. A document may be called « v1.2.pdf »: only a
# known extension before the last one makes a double extension.
# fmt: off
EXECUTABLE = frozenset({
    "apk", "app", "appimage", "bash", "bat", "bin", "cmd", "com", "cpl", "deb", "dll", "dmg", "elf", "exe",
    "gadget", "hta", "htm", "html", "jar", "js", "jse", "jsp", "lnk", "mjs", "msc", "msi", "msp", "mst",
    "phar", "php", "php3", "php4", "php5", "phtml", "pif", "pkg", "pl", "ps1", "psm1", "py", "pyc", "rb",
    "reg", "rpm", "scf", "scr", "sct", "sh", "shtml", "so", "svg", "swf", "sys", "url", "vb", "vbe", "vbs",
    "vhd", "vhdx", "wasm", "ws", "wsc", "wsf", "wsh", "xhtml", "xll",
})
MACRO = frozenset({
    "docm", "dotm", "potm", "ppsm", "pptm", "xlam", "xlsb", "xlsm", "xltm",
})
ARCHIVES = frozenset({
    "7z", "ace", "arj", "bz2", "cab", "gz", "iso", "lz", "lzma", "rar", "tar", "tgz", "txz", "xz", "z", "zip",
    "zst",
})
DOCUMENTS = frozenset({
    "csv", "doc", "docx", "jpeg", "jpg", "odp", "ods", "odt", "pdf", "png", "ppt", "pptx", "rtf", "txt",
    "xls", "xlsx",
})
# fmt: on
DOUBLED = EXECUTABLE | MACRO | ARCHIVES | DOCUMENTS

# Windows opens a device instead of the file of that name, whatever its extension.
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
# Marks that reorder what is displayed: « facture[RLO]fdp.exe » reads « factureexe.pdf ».
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
FORBIDDEN = frozenset('/\\<>:"|?*')


def display_name(raw: str) -> str:
    """The name as kept for display: last path component, Unicode NFC, without surrounding blanks."""
    return unicodedata.normalize("NFC", raw.replace("\\", "/").rpartition("/")[2]).strip()


def printable(text: str) -> str:
    """`text` fit for a message: control and reordering marks replaced, at most 80 characters."""
    shown = "".join("�" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} else char for char in text)
    return shown if len(shown) <= 80 else f"{shown[:60]}…{shown[-19:]}"


def name_problems(name: str) -> Iterator[str]:
    """Codes of everything wrong with a display name, in the order in which people should read them."""
    if not name or name.startswith(".") or "." not in name:
        yield "name_without_extension"
    if len(name) > NAME_LENGTH or len(name.encode()) > 240:  # 255 bytes is what most file systems hold
        yield "name_too_long"
    if BIDI & set(name):
        yield "name_reordered"
    if any(unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn"} for char in name) or FORBIDDEN & set(name):
        yield "name_characters"
    if name.endswith("."):
        yield "name_trailing_dot"
    parts = name.lower().split(".")
    if parts[0].strip() in RESERVED:
        yield "name_reserved"
    if any(part.strip() in DOUBLED for part in parts[1:-1]):
        yield "name_double_extension"
