"""A small health site of ours, invented: the same service twice, sober (`/sobre/`) and heavy (`/lourd/`).

It is what a newcomer measures first, and what the benchmarks compare. Heavy bytes are made when they are served.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import time
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

from PIL import Image

PAGES = Path(__file__).parent / "pages"
SOBER, HEAVY = "sobre", "lourd"
#: Side of a heavy picture, in pixels.
_SIDE = 400
_PICTURES = 3
#: What a server with a database takes to answer: loopback alone would be quicker than any real site.
_PAGE_S, _DATA_S = 0.2, 0.4

ADVICE = (
    "Mieux dormir : le sommeil en sept gestes",
    "Sommeil et écrans : que faire le soir",
    "Un sommeil réparateur après 60 ans",
    "Prendre sa tension à la maison",
    "Moins de sel sans perdre le goût",
    "Marcher trente minutes par jour",
    "Lire une ordonnance",
    "Préparer sa consultation",
)


class Handler(BaseHTTPRequestHandler):
    """Answers both versions; the sober one compresses and lets the browser keep what does not change."""

    protocol_version = "HTTP/1.1"
    server_version = "CarnetValSante"
    sys_version = ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        version, _, rest = parts.path.strip("/").partition("/")
        if not version:
            return self._redirect(f"/{SOBER}/")
        if version not in (SOBER, HEAVY):
            return self._answer(b"", "text/plain", status=HTTPStatus.NOT_FOUND)
        found = respond(version, rest, {name: values[0] for name, values in parse_qs(parts.query).items()})
        if found is None:
            return self._answer(b"", "text/plain", status=HTTPStatus.NOT_FOUND)
        body, kind = found
        if not never_changes(rest):
            time.sleep(_DATA_S if rest.startswith("api/") else _PAGE_S)
        self._answer(body, kind, is_sober=version == SOBER, is_kept=never_changes(rest))

    def _redirect(self, where: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(
        self,
        body: bytes,
        kind: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        is_sober: bool = False,
        is_kept: bool = False,
    ) -> None:
        is_small = is_sober and "gzip" in self.headers.get("Accept-Encoding", "")
        if is_small:
            body = gzip.compress(body, mtime=0)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "Content-Security-Policy", "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
        )
        self.send_header("Cache-Control", "max-age=3600" if is_sober and is_kept else "no-store")
        if is_small:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the bench shows what is asked."""


def never_changes(rest: str) -> bool:
    """What never changes: served at once, and kept by the browser in the sober version."""
    return rest.endswith((".css", ".js", ".png"))


def respond(version: str, rest: str, query: dict[str, str]) -> tuple[bytes, str] | None:
    """Body and content type of one address, None when there is nothing."""
    match rest.strip("/"):
        case "":
            return page(version, "accueil", "Accueil"), "text/html; charset=utf-8"
        case "mesures":
            return page(version, "mesures", "Mes mesures"), "text/html; charset=utf-8"
        case "conseils":
            return page(version, "conseils", "Conseils"), "text/html; charset=utf-8"
        case "style.css":
            heavy = _read("lourd.css") if version == HEAVY else ""
            return (_read("style.css") + heavy).encode(), "text/css; charset=utf-8"
        case "app.js":
            return _read(f"{version}.js").encode(), "text/javascript; charset=utf-8"
        case "api/tensions":
            days = [
                [f"J − {day}", f"{122 + day % 5} sur {76 + day % 4}", f"{118 + day % 6} sur {74 + day % 3}"]
                for day in range(30)
            ]
            return _json(
                {
                    "trend": "Votre tension est stable depuis trois semaines.",
                    "last": "Dernière mesure : ce matin, 124 sur 78.",
                    "days": days,
                }
            )
        case "api/conseils":
            asked = query.get("q", "").lower()
            return _json([{"title": title} for title in ADVICE if asked in title.lower()])
        case "api/tout" if version == HEAVY:
            filling = [
                {"title": f"Conseil {number} du sommeil", "isOurs": False, "text": _noise(90, number)}
                for number in range(900)
            ]
            return _json([*({"title": title, "isOurs": True} for title in ADVICE), *filling])
        case "api/nouvelles" if version == HEAVY:
            return _json({"nouvelles": [_noise(60, number) for number in range(60)]})
        case "api/suivi" if version == HEAVY:
            return _noise(9_000, 1).encode(), "text/plain; charset=utf-8"
        case name if version == HEAVY and name.startswith("photo-") and name.endswith(".png"):
            number = name.removeprefix("photo-").removesuffix(".png")
            return (picture(int(number)), "image/png") if number.isdigit() and int(number) < 100 else None
    return None


def page(version: str, name: str, title: str) -> bytes:
    fields = {
        "version": version,
        "title": title,
        "picture": _pictures(name) if version == HEAVY else _drawing(),
        "articles": "\n".join(
            f"    <article><h3>{text}</h3><p>{_sentence(version, text)}</p></article>" for text in ADVICE
        ),
    }
    main = Template(_read(f"{name}.html")).substitute(fields)
    return Template(_read("base.html")).substitute(fields, main=main, head="").encode()


def _sentence(version: str, title: str) -> str:
    text = f"{title} : l’essentiel en deux minutes, relu par une infirmière du Val."
    if version == SOBER:
        return text
    # as generators of pages do: wrappers in wrappers
    for _ in range(12):
        text = f'<span class="ombre"><span>{text}</span></span>'
    return text


def _pictures(name: str) -> str:
    first = 0 if name == "accueil" else 10
    shown = "\n".join(
        f'    <img class="ombre" src="/{HEAVY}/photo-{first + number}.png" alt="">' for number in range(_PICTURES)
    )
    return f'<div class="bandeau"></div>\n{shown}'


def _drawing() -> str:
    return (
        '<svg viewBox="0 0 400 90" role="img" aria-label="Tension stable">'
        '<path d="M0 60 L60 50 L120 55 L180 40 L240 48 L300 44 L400 46" fill="none" stroke="#0a4d68" stroke-width="3"/></svg>'
    )


@lru_cache(maxsize=32)
def picture(number: int) -> bytes:
    """A PNG of a grainy landscape, always the same for a number: about 330 kB, since grain does not compress."""
    size = (_SIDE, _SIDE)
    fade = Image.linear_gradient("L").resize(size)
    sun = Image.radial_gradient("L").resize(size).point(lambda level: 255 - level)
    hue = 40 * (number % 5)
    scene = Image.merge(
        "RGB", (sun.point(lambda level: level // 2 + hue), fade, fade.point(lambda level: 255 - level // 2))
    )
    grain = Image.frombytes("RGB", size, random.Random(number).randbytes(3 * _SIDE * _SIDE))  # noqa: S311 (a picture, no secret)
    written = io.BytesIO()
    Image.blend(scene, grain, 0.15).save(written, "PNG", compress_level=1)
    return written.getvalue()


@lru_cache(maxsize=4096)
def _noise(size: int, seed: int) -> str:
    return random.Random(seed).randbytes(size // 2).hex()  # noqa: S311 (filling, no secret)


def _json(value: object) -> tuple[bytes, str]:
    return json.dumps(value, ensure_ascii=False).encode(), "application/json; charset=utf-8"


@lru_cache(maxsize=16)
def _read(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


class Server(ThreadingHTTPServer):
    """On loopback only: it is made to be measured from this machine."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that left before the end of an answer is no error; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
