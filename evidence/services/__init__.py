"""What the stages call. They resolve their own link row under `visible_to` first: this app knows no permission."""

from evidence.services.containers import (
    download_container,
    list_container_entries,
    open_container_entry,
    prepare_container,
    regenerate_credentials,
    render_container_page,
    reveal_credentials,
    search_container_entry,
)
from evidence.services.receiving import (
    Examined,
    examine,
    keep,
    keep_generated,
    read_workbook,
    receive,
    redraw_image,
    share,
)
from evidence.services.resumable import WrongOffset, append_chunk, finish_upload, received, start_upload
from evidence.services.scanning import request_missing_scans, scan
from evidence.services.showing import read_bytes, render_page, search_text, stream, withheld_reason

__all__ = [
    "Examined",
    "WrongOffset",
    "append_chunk",
    "download_container",
    "examine",
    "finish_upload",
    "keep",
    "keep_generated",
    "list_container_entries",
    "open_container_entry",
    "prepare_container",
    "read_bytes",
    "read_workbook",
    "receive",
    "received",
    "redraw_image",
    "regenerate_credentials",
    "render_container_page",
    "render_page",
    "request_missing_scans",
    "reveal_credentials",
    "scan",
    "search_container_entry",
    "search_text",
    "share",
    "start_upload",
    "stream",
    "withheld_reason",
]
