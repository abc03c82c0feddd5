"""Evidence shown in the page: images made by the server, words found in it, pins. Nothing active reaches the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Link
from evidence.core.formats import IMAGES, format_of
from evidence.core.limits import SEARCH_QUERY
from evidence.core.sizes import size_in_words
from evidence.errors import FileWithheld
from evidence.models import StoredFile
from evidence.services import (
    list_container_entries,
    open_container_entry,
    render_container_page,
    render_page,
    search_container_entry,
    search_text,
    stream,
    withheld_reason,
)
from evidence.values import TextSearch
from referencing.candidature.content import find_files, may_open
from referencing.candidature.core.criteria import EffectiveCriterion, Evidence
from referencing.candidature.models import Candidature, EvidencePin
from referencing.candidature.rules import can_instruct, can_open_encrypted, is_instructor
from referencing.candidature.views.frame import get_file

SHOWN = {"pdf", *IMAGES}
#: What is asked of the page to the image it needs: at 100 % it fills its column.
ZOOMS = {100: 800, 150: 1600, 200: 1600}
#: Beyond, the strip of pages shows the neighbours of the current one and both ends.
STRIP = 40
NEAR = 6


@dataclass(frozen=True, slots=True)
class Place:
    """What the reader looks at, as the address says: evidence, entry of a container, page (from 1), zoom, words."""

    sha256: str = ""
    entry: int | None = None
    page: int = 1
    zoom: int = 100
    query: str = ""

    @classmethod
    def read(cls, values: QueryDict) -> Place:
        zoom = _number(values.get("zoom"), 100)
        entry = values.get("fichier", "")
        return cls(
            sha256=values.get("preuve", "")[:64],
            entry=int(entry) if entry.isdecimal() and len(entry) < 4 else None,
            page=max(1, _number(values.get("page"), 1)),
            zoom=zoom if zoom in ZOOMS else 100,
            query=values.get("chercher", "").strip()[:SEARCH_QUERY],
        )


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else default


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page in the strip; `number` 0 stands for those left out."""

    number: int
    url: str = ""
    is_current: bool = False
    hits: int = 0
    pins: int = 0


@dataclass(frozen=True, slots=True)
class FileChoice:
    name: str
    label: str
    size: str
    url: str
    is_current: bool
    addendum: int
    pins: int


@dataclass(frozen=True, slots=True)
class PinView:
    id: int
    number: int
    left: str
    top: str
    page: int
    note: str
    author: str
    at: Any
    is_internal: bool
    is_resolved: bool
    is_here: bool
    url: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """What the panel of evidence shows. `kind`: none, page, container (closed), entries, notice (`message` says why)."""

    kind: str
    files: Sequence[FileChoice] = ()
    current: FileChoice | None = None
    message: str = ""
    place: Place = Place()
    entry_name: str = ""
    entries: Sequence[Link] = ()
    open_url: str = ""
    back_url: str = ""
    image_url: str = ""
    original_url: str = ""
    pages: Sequence[PageLink] = ()
    page_count: int = 0
    previous_url: str = ""
    next_url: str = ""
    zooms: Sequence[tuple[int, str]] = ()
    search: TextSearch | None = None
    boxes: Sequence[tuple[str, ...]] = ()
    hits: Sequence[tuple[int, int, str, str]] = ()
    pins: Sequence[PinView] = ()
    may_pin: bool = False
    pin_url: str = ""


def percent(thousandths: int) -> str:
    """As SVG reads it, whatever the language of the page."""
    return f"{thousandths / 10:g}%"


def place_url(base: str, place: Place) -> str:
    """The address of the page `base` that shows that place."""
    values: dict[str, object] = {"preuve": place.sha256}
    if place.entry is not None:
        values["fichier"] = place.entry
    if place.page > 1:
        values["page"] = place.page
    if place.zoom != 100:
        values["zoom"] = place.zoom
    if place.query:
        values["chercher"] = place.query
    return f"{base}?{urlencode(values)}#preuves"


class Builder:
    """Makes the panel of one criterion’s evidence for one reader."""

    def __init__(self, request: SignedInRequest, candidature: Candidature, criterion: EffectiveCriterion) -> None:
        self.user = request.user
        self.candidature = candidature
        self.criterion = criterion
        self.asked = Place.read(request.GET)
        self.is_opening = "ouvrir" in request.GET
        self.base = reverse("candidature:criterion_review", args=[candidature.pk, criterion.code])
        self.is_agent = is_instructor(self.user, candidature)

    def url(self, place: Place) -> str:
        return place_url(self.base, place)

    def build(self) -> Viewer:
        evidence = self._distinct()
        if not evidence:
            return Viewer("none")
        pins = self._pins()
        current = next((each for each in evidence if each.sha256 == self.asked.sha256), evidence[0])
        is_asked = self.asked.sha256 in ("", current.sha256)
        place = replace(self.asked if is_asked else Place(), sha256=current.sha256)
        files = [
            FileChoice(
                each.name,
                each.label,
                size_in_words(each.size),
                self.url(Place(sha256=each.sha256)),
                each is current,
                each.addendum,
                sum(pin.sha256 == each.sha256 and pin.resolved_at is None for pin in pins),
            )
            for each in evidence
        ]
        shared: dict[str, Any] = {"files": files, "current": next(each for each in files if each.is_current)}
        kept = find_files(self.candidature, [current.sha256], opened=may_open(self.user, self.candidature)).get(
            current.sha256
        )
        if kept is None:
            return Viewer("notice", message="Ce fichier n’est plus dans le stockage : prévenez le support.", **shared)
        shared["original_url"] = reverse("candidature:evidence_original", args=[self.candidature.pk, current.sha256])
        if reason := withheld_reason(kept):
            return Viewer("notice", message=reason.message, **{**shared, "original_url": ""})
        try:
            if kept.passphrase_id is not None:
                return self._container(kept, place, pins, shared)
            return self._plain(kept, place, pins, shared)
        except FileWithheld as withheld:
            return Viewer("notice", message=withheld.problem.message, **shared)

    def _distinct(self) -> list[Evidence]:
        """The same content deposited twice is shown once."""
        return list({each.sha256: each for each in reversed(self.criterion.evidence)}.values())[::-1]

    def _pins(self) -> list[EvidencePin]:
        pins = EvidencePin.objects.filter(candidature=self.candidature, criterion=self.criterion.code)
        if not self.is_agent:
            pins = pins.filter(is_internal=False)
        return list(pins.select_related("author").order_by("entry", "page", "y", "x", "pk"))

    def _plain(self, kept: StoredFile, place: Place, pins: list[EvidencePin], shared: dict[str, Any]) -> Viewer:
        if kept.blob.format not in SHOWN:
            return Viewer("notice", message=_unshowable(kept.blob.format), place=place, **shared)
        found = search_text(kept, place.query) if place.query and kept.blob.format == "pdf" else None
        count = found.pages if found else kept.blob.pages or 1
        image = reverse(
            "candidature:evidence_page", args=[self.candidature.pk, kept.blob.sha256, min(place.page, count)]
        )
        return self._page(place, pins, image=image, count=count, search=found, **shared)

    def _container(self, kept: StoredFile, place: Place, pins: list[EvidencePin], shared: dict[str, Any]) -> Viewer:
        """Opened in memory, for those whom A-14 names, when they ask for it: each opening is journalled."""
        if not can_open_encrypted(self.user, self.candidature):
            message = "Conteneur chiffré : seuls les experts en protection des données et en sécurité, et l’équipe de référencement, peuvent l’ouvrir."
            if not self.is_agent:
                message = "Conteneur chiffré : les experts habilités l’ouvrent en mémoire, et chaque ouverture est journalisée."
            return Viewer("notice", message=message, place=place, **shared)
        if place.entry is None:
            if not self.is_opening:
                return Viewer("container", place=place, open_url=self._opening_url(place), **shared)
            links = [
                Link(each["name"], self.url(Place(place.sha256, each["index"])), size_in_words(each["size"]))
                for each in list_container_entries(stored_file=kept, actor=self.user)
            ]
            return Viewer("entries", place=place, entries=links, **shared)
        name, found = self._entry(kept, place)
        address = f"?fichier={place.entry}"
        shared["original_url"] += address
        shared |= {"entry_name": name, "back_url": self._opening_url(place)}
        if found is None:
            code = known.code if (known := format_of(name)) else ""
            return Viewer("notice", message=_unshowable(code), place=place, **shared)
        image = reverse(
            "candidature:evidence_page", args=[self.candidature.pk, kept.blob.sha256, min(place.page, found.pages)]
        )
        return self._page(
            place, pins, image=image + address, count=found.pages, search=found if place.query else None, **shared
        )

    def _opening_url(self, place: Place) -> str:
        return f"{self.base}?{urlencode({'preuve': place.sha256, 'ouvrir': 1})}#preuves"

    def _entry(self, kept: StoredFile, place: Place) -> tuple[str, TextSearch | None]:
        """Name of the entry, and what it holds when its pages can be shown."""
        entries = list_container_entries(stored_file=kept, actor=self.user)
        name = next((each["name"] for each in entries if each["index"] == place.entry), "")
        known = format_of(name)
        if known is None or known.code not in SHOWN or place.entry is None:
            return name, None
        return name, search_container_entry(stored_file=kept, index=place.entry, query=place.query, actor=self.user)

    def _page(
        self,
        place: Place,
        pins: list[EvidencePin],
        *,
        image: str,
        count: int,
        search: TextSearch | None,
        **shared: Any,
    ) -> Viewer:
        page = min(place.page, count)
        here = Place(place.sha256, place.entry, page, place.zoom, place.query)
        hits = {hit.page + 1: hit for hit in search.hits} if search else {}
        own = [pin for pin in pins if pin.sha256 == place.sha256 and pin.entry == place.entry]
        views = [self._pin(pin, number, here) for number, pin in enumerate(own, start=1)]
        separator = "&" if "?" in image else "?"
        return Viewer(
            "page",
            place=here,
            image_url=f"{image}{separator}largeur={ZOOMS[here.zoom]}",
            page_count=count,
            pages=self._strip(here, count, {number: hit.count for number, hit in hits.items()}, views),
            previous_url=self._at(here, page - 1) if page > 1 else "",
            next_url=self._at(here, page + 1) if page < count else "",
            zooms=[(zoom, self.url(Place(here.sha256, here.entry, page, zoom, here.query))) for zoom in ZOOMS],
            search=search,
            boxes=[tuple(percent(side) for side in box) for box in hits[page].boxes] if page in hits else (),
            hits=[(number, hit.count, hit.excerpt, self._at(here, number)) for number, hit in hits.items()],
            pins=views,
            may_pin=bool(can_instruct(self.user, self.candidature)),
            pin_url=place_url(reverse("candidature:pin_add", args=[self.candidature.pk, self.criterion.code]), here),
            **shared,
        )

    def _at(self, place: Place, page: int) -> str:
        return self.url(Place(place.sha256, place.entry, page, place.zoom, place.query))

    def _pin(self, pin: EvidencePin, number: int, here: Place) -> PinView:
        return PinView(
            id=pin.pk,
            number=number,
            left=percent(pin.x),
            top=percent(pin.y),
            page=pin.page,
            note=pin.note,
            author=pin.author.get_full_name() if self.is_agent else "Équipe de référencement",
            at=pin.created_at,
            is_internal=pin.is_internal,
            is_resolved=pin.resolved_at is not None,
            is_here=pin.page == here.page,
            url=self._at(here, pin.page),
        )

    def _strip(self, here: Place, count: int, hits: dict[int, int], pins: Sequence[PinView]) -> list[PageLink]:
        if count == 1:
            return []
        numbers = list(range(1, count + 1))
        if count > STRIP:
            near = {1, count, *range(here.page - NEAR, here.page + NEAR + 1), *hits, *(pin.page for pin in pins)}
            numbers = sorted(near.intersection(numbers))
        links: list[PageLink] = []
        for number in numbers:
            if links and number > links[-1].number + 1:
                links.append(PageLink(0))
            links.append(
                PageLink(
                    number,
                    self._at(here, number),
                    number == here.page,
                    hits.get(number, 0),
                    sum(pin.page == number and not pin.is_resolved for pin in pins),
                )
            )
        return links


def _unshowable(code: str) -> str:
    known = {
        "docx": "Word",
        "xlsx": "Excel",
        "odt": "texte OpenDocument",
        "ods": "tableur OpenDocument",
        "zip": "archive ZIP",
    }
    return f"Ce fichier ({known.get(code, code or 'format inconnu')}) ne peut pas être affiché ici. Téléchargez-le pour le lire."


def _find(request: SignedInRequest, pk: UUID, sha256: str) -> tuple[Candidature, StoredFile]:
    """The file and one piece of its evidence. Raises Http404."""
    candidature = get_file(request, pk)
    kept = find_files(candidature, [sha256], opened=may_open(request.user, candidature)).get(sha256)
    if kept is None:
        raise Http404(sha256)
    if (
        kept.passphrase_id is not None
        and "fichier" in request.GET
        and not can_open_encrypted(request.user, candidature)
    ):
        raise PermissionDenied("open_encrypted")
    return candidature, kept


@require_GET
@login_required
def evidence_page(request: SignedInRequest, pk: UUID, sha256: str, page: int) -> HttpResponse:
    """One page (from 1) as an image. That of an encrypted container is made in memory and kept nowhere (A-14)."""
    _, kept = _find(request, pk, sha256)
    place = Place.read(request.GET)
    width = _number(request.GET.get("largeur"), 800)
    try:
        if kept.passphrase_id is None:
            image = render_page(kept, page - 1, width=width)
        elif place.entry is not None:
            image = render_container_page(
                stored_file=kept, index=place.entry, page=page - 1, width=width, actor=request.user
            )
        else:
            raise Http404(sha256)
    except FileWithheld as withheld:
        raise Http404(withheld.problem.code) from withheld
    response = HttpResponse(image, content_type="image/png")
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@login_required
def evidence_original(request: SignedInRequest, pk: UUID, sha256: str) -> HttpResponse | FileResponse:
    """The file as it was deposited, or one file of an encrypted container opened in memory: an attachment, always."""
    candidature, kept = _find(request, pk, sha256)
    entry = Place.read(request.GET).entry
    try:
        if entry is None or kept.passphrase_id is None:
            return stream(kept)
        name, content = open_container_entry(stored_file=kept, index=entry, actor=request.user)
    except FileWithheld as withheld:
        messages.error(request, f"{kept.name} : {withheld.problem.message}")
        return redirect("candidature:examination", candidature.pk)
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name.rpartition("/")[2]) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response["Cache-Control"] = "no-store, private"
    return response
