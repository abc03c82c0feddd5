"""Bytes and requests as the browser’s network layer tells them, request by request: shown beside the relay’s, to check it.

`loadingFinished` alone undercounts: a response whose body nobody reads never sends it. Per request we count the larger of what it
says and what headers and data said before; redirects add their own; what came from a cache or a service worker counts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EVENTS = (
    "Network.requestWillBeSent",
    "Network.requestServedFromCache",
    "Network.responseReceived",
    "Network.dataReceived",
    "Network.loadingFinished",
    "Network.loadingFailed",
    "Network.webSocketCreated",
    "Network.webSocketHandshakeResponseReceived",
    "Network.webSocketFrameReceived",
    "Network.webSocketClosed",
)


@dataclass(slots=True)
class _Request:
    head: int = 0
    body: int = 0
    finished: int = 0
    redirects: int = 0
    redirect_bytes: int = 0
    is_answered: bool = False
    is_over: bool = False
    is_cached: bool = False
    owner: str = ""
    loader: str = ""
    url: str = ""

    @property
    def received(self) -> int:
        return self.redirect_bytes + (0 if self.is_cached else max(self.finished, self.head + self.body))

    @property
    def count(self) -> int:
        return self.redirects + (1 if self.is_answered and not self.is_cached else 0)


class Layer:
    """Sums the `Network` events of every page, frame and worker of one browser.

    The number of a request is unique in the browser: a page asks for a frame or a worker, which tells the rest in its own session.
    """

    def __init__(self) -> None:
        self._requests: dict[str, _Request] = {}
        self._past_bytes = 0
        self._past_requests = 0

    @property
    def bytes(self) -> int:
        return self._past_bytes + sum(request.received for request in self._requests.values())

    @property
    def requests(self) -> int:
        """Requests that a server answered; a redirect is one more, what a cache answered is none."""
        return self._past_requests + sum(request.count for request in self._requests.values())

    @property
    def is_waiting(self) -> bool:
        """Does a request still wait for the head of its response?"""
        return any(not request.is_answered and not request.is_over for request in self._requests.values())

    def leave(self, session: str, loader: str | None = None) -> None:
        """A page was left for another document, or a worker ended: what the old one waited for will not be told.

        `loader` is the new document’s; None when nothing follows.
        """
        for request in self._requests.values():
            if request.owner == session and request.loader != loader:
                request.is_over = True

    def start_worker(self, url: str) -> None:
        """A worker runs: its script has come, though its head is not always told."""
        for request in self._requests.values():
            if request.url == url:
                request.is_answered = True

    def forget(self) -> None:
        """The browser was closed: what it waited for will not come."""
        self._past_bytes, self._past_requests = self.bytes, self.requests
        self._requests.clear()

    def take(self, event: str, params: Mapping[str, Any], session: str = "") -> None:
        """Note one event, as the DevTools protocol writes it; `session` is who tells it, empty for the page."""
        number = str(params.get("requestId", ""))
        match event:
            case "Network.requestWillBeSent":
                self._send(number, params, session)
            case "Network.webSocketCreated":
                self._requests[number] = _Request(owner=session)
            case "Network.responseReceived" if session and str(params["response"].get("url", "")).startswith("http"):
                # a worker may ask before it is heard
                self._advance(self._requests.setdefault(number, _Request(owner=session)), event, params)
            case _ if (request := self._requests.get(number)) is not None:
                self._advance(request, event, params)

    def _send(self, number: str, params: Mapping[str, Any], session: str) -> None:
        redirect, known = params.get("redirectResponse"), self._requests.get(number)
        if redirect is not None and known is not None:
            if not _is_from_cache(redirect) and not known.is_cached:
                known.redirects += 1
                known.redirect_bytes += int(redirect.get("encodedDataLength", 0))
            known.is_answered = known.is_cached = False
        elif known is None and str(params["request"]["url"]).startswith(("http:", "https:")):
            loader, url = str(params.get("loaderId", "")), str(params["request"]["url"])
            self._requests[number] = _Request(owner=session, loader=loader, url=url)

    def _advance(self, request: _Request, event: str, params: Mapping[str, Any]) -> None:
        match event:
            case "Network.requestServedFromCache":
                request.is_cached = True
            case "Network.responseReceived":
                response = params["response"]
                request.is_answered = True
                request.is_cached = request.is_cached or _is_from_cache(response)
                request.head = int(response.get("encodedDataLength", 0))
            case "Network.dataReceived":
                request.is_answered = True
                request.body += int(params.get("encodedDataLength", 0))
            case "Network.loadingFinished":
                request.is_answered = request.is_over = True
                request.finished = int(params.get("encodedDataLength", 0))
            case "Network.loadingFailed" | "Network.webSocketClosed":
                request.is_over = True
            case "Network.webSocketHandshakeResponseReceived":
                request.is_answered = True
                request.head = len(str(params["response"].get("headersText", "")))
            case "Network.webSocketFrameReceived":
                request.body += _frame_size(params["response"])


def _is_from_cache(response: Mapping[str, Any]) -> bool:
    return bool(response.get("fromDiskCache") or response.get("fromServiceWorker") or response.get("fromPrefetchCache"))


def _frame_size(frame: Mapping[str, Any]) -> int:
    """A frame of RFC 6455 from a server: its text, and a head of two, four or ten bytes."""
    payload = str(frame.get("payloadData", ""))
    size = len(payload.encode()) if frame.get("opcode") == 1 else len(payload) * 3 // 4
    return size + (2 if size < 126 else 4 if size < 65536 else 10)
