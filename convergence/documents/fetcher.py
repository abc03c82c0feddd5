"""What a document may load while it is rendered; apart from `pdf`, because importing WeasyPrint loads Pango."""

import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from django.contrib.staticfiles import finders
from weasyprint.urls import URLFetcher, URLFetcherResponse

STATIC_SCHEME = "static:"
ATTACHMENT_SCHEME = "attachment:"


class ClosedFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint is not typed
    """Knows our static files (`static:<path>`) and the attachments of this document (`attachment:<rank>`).

    No network, no file, no data address: a document shows what its template and its context say, nothing else. What is
    refused is logged by WeasyPrint and left out of the page.
    """

    def __init__(self, attachments: Sequence[tuple[bytes, str]] = ()) -> None:
        super().__init__()
        self._attachments = attachments

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        scheme, _, rest = url.partition(":")
        match f"{scheme}:":
            case "static:":
                path = find_static(rest)
                content, mime = path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            case "attachment:":
                content, mime = self._attachments[int(rest)]
            case _:
                raise ValueError(f"address refused in a document: {url[:200]}")
        return URLFetcherResponse(url, body=content, headers={"Content-Type": mime})


def find_static(path: str) -> Path:
    """Return the file of a static path such as `documents/print.css`.

    Raises FileNotFoundError when no app has it, or when the path leaves the static folders.
    """
    parts = PurePosixPath(path).parts
    found = None if not parts or ".." in parts or parts[0] == "/" else finders.find(path)
    if not isinstance(found, str):
        raise FileNotFoundError(f"no static file {path!r}")
    return Path(found)
