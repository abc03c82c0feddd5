"""QR codes that lead from a printed document to the page that verifies it."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import qrcode
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

_SHA256 = re.compile(r"[0-9a-f]{64}")


def qr_svg(url: str) -> str:
    """The code of an address as an SVG element, to be written as it is into a page or a PDF template.

    Its `title` is the text alternative, which WeasyPrint gives to the tagged PDF. It has no colour but black on white, and
    no size: the style sheet gives one (`svg.qr`, 30 mm in print). Level M bears about 15 % of damage, and the margin of
    four modules that readers need is inside the drawing (ISO/IEC 18004).
    Raises ValueError when the address is too long for a code.
    """
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(url)
    rows = code.get_matrix()
    # one sub-path per run of dark modules: a line one module high, drawn forth and back
    path = "".join(
        f"M{run.start()} {y}h{len(run.group())}v1h-{len(run.group())}z"
        for y, row in enumerate(rows)
        for run in re.finditer("#+", "".join("#" if dark else " " for dark in row))
    )
    return _draw(url, len(rows), path)


def _draw(url: str, side: int, path: str) -> SafeString:
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 {side} {side}" role="img" '
        'shape-rendering="crispEdges"><title>Code QR de l’adresse {url}</title>'
        '<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{path}"/></svg>',
        side=side,
        url=url,
        path=path,
    )


def verification_url(*, reference: str = "", sha256: str = "") -> str:
    """The public page that says whether a document is genuine, absolute, filled with what the document is known by.

    A decision is known by its reference, everything else by a hash of what was sealed (A-37). Raises ValueError when
    neither or both are given, or when the hash is not a SHA-256.
    """
    if bool(reference) == bool(sha256):
        raise ValueError("a document is known by its reference or by its hash")
    if sha256 and not _SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256 in hexadecimal")
    query = urlencode({"reference": reference} if reference else {"empreinte": sha256})
    return f"{settings.SITE_URL}{reverse('trust:verification')}?{query}"
