"""PDF from Django templates, by WeasyPrint: tagged, fonts embedded, nothing fetched from outside.

Rendering takes seconds on a long document: do it in a job, not in a view.
"""

import ctypes
import datetime as dt
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.template.loader import render_to_string

Variant = Literal["pdf/ua-1", "pdf/a-3a"]
Relationship = Literal["Source", "Data", "Alternative", "Supplement", "Unspecified"]

PRINT_STYLESHEET = "documents/print.css"

# Debian package -> file names of the library on Linux and on macOS.
LIBRARIES = {
    "libpango-1.0-0": ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    "libpangoft2-1.0-0": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    "libharfbuzz0b": ("libharfbuzz.so.0", "libharfbuzz.dylib"),
    "libharfbuzz-subset0": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.dylib"),
    "libfontconfig1": ("libfontconfig.so.1", "libfontconfig.dylib"),
}
HOMEBREW_FOLDERS = ("/opt/homebrew/lib", "/usr/local/lib")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file carried inside a PDF/A-3 document.

    `relationship` says what the file is to the document (ISO 32000-2 §7.11.3): the payload that the document shows is
    its `Source`, figures that it draws are `Data`.
    """

    name: str
    content: bytes
    mime: str
    relationship: Relationship = "Unspecified"
    description: str = ""


def render_pdf(
    template_name: str,
    context: Mapping[str, Any],
    *,
    variant: Variant = "pdf/ua-1",
    attachments: Iterable[Attachment] = (),
    created_at: dt.datetime | None = None,
) -> bytes:
    """Render a template that extends `documents/base_pdf.html` and return the PDF.

    `variant` is `pdf/ua-1` for what people read, `pdf/a-3a` for sealed finals, the only one that carries `attachments`
    (ValueError otherwise); `created_at`, aware, dates them (default: now). Templates name their images
    `static:<path>`; any other address stays a link and is not followed.
    """
    html = render_to_string(template_name, dict(context))
    return render_html(html, variant=variant, attachments=attachments, created_at=created_at)


def render_html(
    html: str,
    *,
    variant: Variant | None = "pdf/ua-1",
    attachments: Iterable[Attachment] = (),
    created_at: dt.datetime | None = None,
) -> bytes:
    """Do the work of `render_pdf` from markup; `variant=None` makes an untagged PDF, to be drawn inside another."""
    # Imported here: a web process never needs Pango, and a machine that lacks it must start and say so.
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    from .fetcher import ATTACHMENT_SCHEME, ClosedFetcher, find_static

    attached = list(attachments)
    if attached and variant != "pdf/a-3a":
        raise ValueError("only pdf/a-3a carries attachments")
    dated = (created_at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    fetcher = ClosedFetcher([(attachment.content, attachment.mime) for attachment in attached])
    fonts = FontConfiguration()
    css = find_static(PRINT_STYLESHEET).read_text(encoding="utf-8")
    pdf: bytes = weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf(
        stylesheets=[weasyprint.CSS(string=css, url_fetcher=fetcher, font_config=fonts)],
        font_config=fonts,
        pdf_variant=variant,
        attachments=[
            weasyprint.Attachment(
                url=f"{ATTACHMENT_SCHEME}{rank}",
                url_fetcher=fetcher,
                name=attachment.name,
                description=attachment.description,
                relationship=attachment.relationship,
                created=dated,
                modified=dated,
            )
            for rank, attachment in enumerate(attached)
        ],
    )
    return pdf


def check_libraries() -> list[str]:
    """Return the Debian packages of the system libraries that WeasyPrint needs and this machine lacks."""
    return [package for package, names in LIBRARIES.items() if not any(map(_loads, names))]


def _loads(name: str) -> bool:
    folders = ("", *HOMEBREW_FOLDERS) if sys.platform == "darwin" else ("",)
    for folder in folders:
        try:
            ctypes.CDLL(str(Path(folder, name)))
        except OSError:
            continue
        return True
    return False
