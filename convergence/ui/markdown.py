"""Markdown that administrators write (help, resources, news) as safe HTML."""

from functools import cache

from markdown_it import MarkdownIt

from convergence.ui.clean import CleanHtml, clean_html

_TAGS = frozenset(
    {"a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "table",
     "tbody", "td", "th", "thead", "tr", "ul"}
)  # fmt: skip


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")


def to_html(text: str) -> CleanHtml:
    """CommonMark and tables; raw HTML is shown as text, then only known tags and safe links are kept."""
    return clean_html(_renderer().render(text), tags=_TAGS, attributes={"a": {"href", "title"}})
