"""PDF files, opened by qpdf without its repairs: evidence is kept for years and must be sound when received."""

from typing import BinaryIO

import pikepdf

from evidence.child.answer import Answer, Refused
from evidence.core.limits import PDF_PAGES


def check(file: BinaryIO) -> Answer:
    try:
        with pikepdf.open(file, attempt_recovery=False) as document:
            pages = len(document.pages)
            # A page that cannot be reached makes the document malformed, whatever its count says.
            for page in document.pages if pages <= PDF_PAGES else ():
                _ = page.obj.get("/Resources"), page.mediabox
    except pikepdf.PasswordError as error:
        raise Refused("pdf_encrypted") from error
    except (pikepdf.PdfError, pikepdf.ForeignObjectError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("pdf_malformed") from error
    if pages == 0:
        raise Refused("pdf_no_page")
    if pages > PDF_PAGES:
        raise Refused("pdf_too_many_pages", pages=pages, limit=PDF_PAGES)
    return Answer(facts={"pages": pages})
