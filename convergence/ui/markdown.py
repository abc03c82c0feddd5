"""Markdown that administrators write (help, resources, news) as safe HTML."""

from functools import cache

import nh3
from markdown_it import MarkdownIt

_TAGS = frozenset(
    {"a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "table",
     "tbody", "td", "th", "thead", "tr", "ul"}
)  # fmt: skip


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")


def to_html(text: str) -> str:
    """CommonMark and tables; raw HTML is shown as text, then nh3 keeps known tags and http, https, mailto links."""
    return nh3.clean(
        _renderer().render(text),
        tags=set(_TAGS),
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
