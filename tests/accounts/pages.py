"""Reading pages in tests: their text, their errors, the mails that left."""

import re
from html import unescape

from django.http import HttpResponse


def text_of(response: HttpResponse) -> str:
    """Visible words of a page, spaces folded."""
    body = re.sub(r"<(script|style|head).*?</\1>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def error_of(response: HttpResponse, field: str) -> str:
    """What stands in the error line of the field."""
    found = re.search(rf'id="id_{field}-error"[^>]*>(.*?)</div>', response.content.decode(), flags=re.S)
    return unescape(re.sub(r"<[^>]+>", " ", found[1])).strip() if found else ""


def link_in(mail) -> str:
    """The path of the only link of a mail."""
    (url,) = re.findall(r"https?://\S+", mail.body)
    return re.sub(r"^https?://[^/]+", "", url)


def rows_of(response: HttpResponse) -> int:
    """Rows in the bodies of the page's tables."""
    return len(re.findall(r"<tr", "".join(re.findall(r"<tbody>(.*?)</tbody>", response.content.decode(), flags=re.S))))
