"""Looking for words in a document, and where on its pages they stand."""

import ctypes
from typing import Any, BinaryIO

import pypdfium2
from pypdfium2 import raw

from evidence.child.answer import Answer, Refused
from evidence.core.formats import IMAGES
from evidence.core.limits import SEARCH_HITS
from evidence.core.text import excerpt, find_all

_THOUSAND = 1000


def search(file: BinaryIO, *, code: str, query: str) -> Answer:
    """Facts: `pages` of the document, `has_text`, `total` hits, and `hits` per page with `count`, `excerpt` and `boxes`.

    A box is [left, top, width, height] in thousandths of the page as it is shown. An image has one page and no text.
    """
    if code in IMAGES:
        return Answer(facts={"pages": 1, "has_text": False, "total": 0, "hits": []})
    if code != "pdf":
        raise Refused("not_renderable")
    try:
        document = pypdfium2.PdfDocument(file)
        facts: dict[str, Any] = {"pages": len(document), "has_text": False, "total": 0, "hits": []}
        for number in range(len(document) if query else 0):
            _search_page(document[number], number, query, facts)
            if facts["total"] >= SEARCH_HITS:
                break
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise Refused("not_renderable") from error
    return Answer(facts=facts)


def _search_page(page: pypdfium2.PdfPage, number: int, query: str, facts: dict[str, Any]) -> None:
    textpage = page.get_textpage()
    text = _text_of(textpage)
    facts["has_text"] = facts["has_text"] or bool(text.strip())
    found = find_all(text, query)[: SEARCH_HITS - facts["total"]]
    if found:
        facts["total"] += len(found)
        facts["hits"].append(
            {
                "page": number,
                "count": len(found),
                "excerpt": excerpt(text, *found[0]),
                "boxes": [box for start, length in found for box in _boxes(page, textpage, start, length)],
            }
        )
    textpage.close()
    page.close()


def _text_of(textpage: pypdfium2.PdfTextPage) -> str:
    """One character of text per character of the page, so that an index means the same on both sides."""
    count = textpage.count_chars()
    text: str = textpage.get_text_range() if count else ""
    if len(text) != count:
        text = "".join(chr(raw.FPDFText_GetUnicode(textpage, index) or 0x20) for index in range(count))
    return text


def _boxes(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage, start: int, length: int) -> list[list[int]]:
    """One box per line that the words run over."""
    boxes = []
    for index in range(textpage.count_rects(start, length)):
        left, bottom, right, top = textpage.get_rect(index)
        x1, y1 = _shown(page, left, top)
        x2, y2 = _shown(page, right, bottom)
        box = [min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)]
        if all(0 <= value <= _THOUSAND for value in box):
            boxes.append(box)
    return boxes


def _shown(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[int, int]:
    """A point of the page’s own space in thousandths of the page as it is shown: pages may be rotated and cropped."""
    shown_x, shown_y = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _THOUSAND, _THOUSAND, 0, x, y, shown_x, shown_y)
    return shown_x.value, shown_y.value
