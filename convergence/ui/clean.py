"""HTML that may be shown as it is, because a sanitiser has just been through it."""

from collections.abc import Iterable, Mapping

import nh3
from django.utils.safestring import SafeString


class CleanHtml(SafeString):
    """Cleaned HTML: templates do not escape it."""


def clean_html(html: str, *, tags: Iterable[str], attributes: Mapping[str, Iterable[str]] | None = None) -> CleanHtml:
    """Keep `tags`, their `attributes` (`*` for any tag) and http, https and mailto links; drop everything else."""
    return CleanHtml(
        nh3.clean(
            html,
            tags=set(tags),
            attributes={tag: set(names) for tag, names in (attributes or {}).items()},
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer",
        )
    )
