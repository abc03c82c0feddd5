"""The public catalogue: no login, no cookie, the same bytes for every visitor until something changes.

A page carries an ETag made of what it depends on: the stamp of the catalogue (or the row of the service), the day in
Paris, and the styles in use. An unchanged page is answered 304 after one small query.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, time
from typing import Any
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.http import http_date
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from convergence.database.keyset import Cursor, read_cursor
from convergence.ui.typography import PARIS, format_number
from convergence.ui.values import FilterTag, Page
from evidence import vault
from evidence.models import Blob
from referencing.listing.core.catalogue import (
    DATA,
    ECOSCORES,
    NAMES,
    SORTS,
    CatalogueFilter,
    read_filter,
    seconds_to_midnight,
)
from referencing.listing.presenting import (
    CATEGORIES,
    PLATFORMS,
    PRICES,
    service_address,
    show_card,
    show_entry,
)
from referencing.listing.selectors.catalogue import (
    COUNT_LIMIT,
    CataloguePage,
    changed_at,
    newest,
    published,
    read_entry,
    read_page,
)
from referencing.listing.views.publication import image_response

#: How long anybody may show a page without asking again: a suspended service is gone within this time.
MAX_AGE = 60
LOGO_AGE = 365 * 24 * 3600
CURSOR_SALT = "catalogue"
SITEMAP_SIZE = 50_000


def public_response(
    request: HttpRequest, make: Callable[[], HttpResponse], *parts: object, changed: datetime, now: datetime
) -> HttpResponseBase:
    """The page for anybody to keep until something changes, midnight in Paris included; 304 when the visitor has it.

    `parts`: what else the page depends on. Somebody who is logged in gets a page of their own, which nobody keeps.
    """
    if request.user.is_authenticated:
        return make()
    local = now.astimezone(PARIS)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    modified = int(max(changed, midnight).timestamp())
    seed = repr((parts, changed.isoformat(), local.date().isoformat(), _styles()))
    etag = f'"{hashlib.sha256(seed.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag, last_modified=modified) or make()
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(modified)
    response.headers["Cache-Control"] = f"public, max-age={min(MAX_AGE, seconds_to_midnight(now))}"
    return response


def _styles() -> tuple[str, str]:
    """A new release has other addresses for these, and makes every page again."""
    return static("ui/ui.css"), static("listing/catalogue.css")


def page_address(request: HttpRequest) -> str:
    """What the page depends on in its address."""
    return request.get_full_path()


@require_safe
def catalogue_list(request: HttpRequest) -> HttpResponseBase:
    """Search, filters, categories, and the services one page at a time."""
    return _list(request, category="")


@require_safe
def category_detail(request: HttpRequest, category: str) -> HttpResponseBase:
    """The services of one category."""
    if category not in CATEGORIES:
        raise Http404("category")
    return _list(request, category=category)


def _list(request: HttpRequest, *, category: str) -> HttpResponseBase:
    now = timezone.now()
    return public_response(
        request, lambda: _render_list(request, category, now), page_address(request), changed=changed_at(), now=now
    )


def _render_list(request: HttpRequest, category: str, now: datetime) -> HttpResponse:
    asked = read_filter(request.GET.dict(), categories=CATEGORIES, platforms=PLATFORMS, prices=PRICES)
    if category:
        asked = CatalogueFilter(**{**{field: getattr(asked, field) for field in NAMES}, "category": category})
    cursor = read_cursor(request.GET.get("page", ""), salt=CURSOR_SALT)
    page = read_page(asked, on=timezone.localdate(now), cursor=cursor)
    address = reverse("listing:category_detail", args=[category]) if category else reverse("listing:catalogue_list")
    is_home = asked.is_empty and cursor is None
    return render(
        request,
        "catalogue/catalogue_list.html",
        {
            "asked": asked,
            "category": CATEGORIES.get(category, ""),
            "address": address,
            "is_home": is_home,
            "categories": [
                (label, reverse("listing:category_detail", args=[code])) for code, label in CATEGORIES.items()
            ],
            "choices": _choices(asked, with_category=not category),
            "cards": [show_card(row) for row in page.slice.rows],
            "count": _say_count(page),
            "is_close": page.is_close,
            "tags": _tags(asked, address, without=category),
            "page": Page(
                previous_url=_page_url(address, asked, page.slice.previous, category),
                next_url=_page_url(address, asked, page.slice.next, category),
            ),
            "clear_url": reverse("listing:catalogue_list"),
            "canonical": f"{settings.SITE_URL}{address}",
        },
    )


def _say_count(page: CataloguePage) -> str:
    if page.count > COUNT_LIMIT:
        return f"Plus de {format_number(COUNT_LIMIT)} services"
    return f"{format_number(page.count)} service{'s' if page.count > 1 else ''}"


#: The selects of the filter, in the order of the page: field, label, options.
SELECTS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("category", "Catégorie", (("", "Toutes"), *CATEGORIES.items())),
    ("platform", "Support", (("", "Tous"), *PLATFORMS.items())),
    ("price", "Prix", (("", "Tous"), *PRICES.items())),
    ("data", "Données échangées", (("", "Toutes"), *DATA)),
    ("ecoscore", "Écoscore", (("", "Tous"), *((code, label) for code, label, *_ in ECOSCORES))),
    ("sort", "Trier par", tuple(SORTS)),
)


def _choices(asked: CatalogueFilter, *, with_category: bool) -> list[dict[str, Any]]:
    return [
        {"name": NAMES[field], "label": label, "value": getattr(asked, field), "options": options}
        for field, label, options in SELECTS
        if with_category or field != "category"
    ]


def _tags(asked: CatalogueFilter, address: str, *, without: str) -> list[FilterTag]:
    words: dict[str, str] = {
        "text": f"« {asked.text} »" if asked.text else "",
        "category": "" if without else CATEGORIES.get(asked.category, ""),
        "platform": PLATFORMS.get(asked.platform, ""),
        "price": PRICES.get(asked.price, ""),
        "data": dict(DATA).get(asked.data, ""),
        "ecoscore": next(
            (f"Écoscore : {label.lower()}" for code, label, *_ in ECOSCORES if code == asked.ecoscore), ""
        ),
    }
    kept = {"category": ""} if without else {}
    return [
        FilterTag(label, _with_query(address, asked.query(**{**kept, field: ""})))
        for field, label in words.items()
        if label
    ]


def _page_url(address: str, asked: CatalogueFilter, cursor: Cursor | None, category: str) -> str:
    if cursor is None:
        return ""
    query = asked.query(category="") if category else asked.query()
    page = f"page={cursor.write(salt=CURSOR_SALT)}"
    return f"{address}?{query}&{page}" if query else f"{address}?{page}"


def _with_query(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address


@require_safe
def service_detail(request: HttpRequest, slug: str, number: int) -> HttpResponseBase:
    """The sheet of a service; once it has left the catalogue, its address says so and never why (A-34)."""
    now = timezone.now()
    row = read_entry(number)
    if row is None:
        raise Http404("service")
    on = timezone.localdate(now)
    is_published = row["is_listed"] and row["ends_on"] >= on
    if is_published and row["slug"] != slug:
        return redirect(service_address(row), permanent=True)

    def make() -> HttpResponse:
        if not is_published:
            return render(request, "catalogue/service_gone.html", status=410)
        return render(
            request,
            "catalogue/service_detail.html",
            {
                "service": show_entry(row),
                "number": number,
                "canonical": f"{settings.SITE_URL}{service_address(row)}",
                "site_url": settings.SITE_URL,
                "report_url": reverse("listing:report_create", args=[number]),
            },
        )

    return public_response(request, make, is_published, page_address(request), changed=row["changed_at"], now=now)


@require_safe
def service_logo(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """The logo of a published service, by its content: a browser that has it never asks again."""
    if not published(timezone.localdate()).filter(logo=sha256).exists():
        raise Http404("logo")
    blob = Blob.objects.get(sha256=sha256)
    with vault.open_blob(blob) as file:
        response = image_response(file.read())
    response.headers["Cache-Control"] = f"public, max-age={LOGO_AGE}, immutable"
    return response


@require_safe
def catalogue_feed(request: HttpRequest) -> HttpResponseBase:
    """The latest publications as Atom (RFC 4287)."""
    now = timezone.now()
    changed = changed_at()

    def make() -> HttpResponse:
        site = settings.SITE_URL
        feed = Atom1Feed(
            title=f"{settings.CONVERGENCE['BRAND_NAME']} – catalogue de services",
            link=f"{site}{reverse('listing:catalogue_list')}",
            description="Les derniers services référencés.",
            language="fr",
            feed_url=f"{site}{reverse('listing:catalogue_feed')}",
            author_name=settings.CONVERGENCE["OPERATOR_NAME"],
        )
        for row in newest(timezone.localdate(now)):
            at = datetime.combine(row["published_on"], time(), tzinfo=PARIS)
            feed.add_item(
                title=row["name"],
                link=f"{site}{service_address(row)}",
                description=row["short_text"],
                unique_id=f"{site}{reverse('listing:api_service_detail', args=[row['number']])}",
                pubdate=at,
                updateddate=max(at, row["changed_at"]),
                author_name=row["organisation"],
                categories=[CATEGORIES[each] for each in row["categories"]],
            )
        return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")

    return public_response(request, make, page_address(request), changed=changed, now=now)


@require_safe
def sitemap(request: HttpRequest) -> HttpResponseBase:
    """Every public page of the catalogue, for search engines."""
    now = timezone.now()
    changed = changed_at()

    def make() -> HttpResponse:
        response = HttpResponse(content_type="application/xml; charset=utf-8")
        xml = SimplerXMLGenerator(response, "utf-8")
        xml.startDocument()
        xml.startElement("urlset", AttributesImpl({"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"}))
        fixed = [reverse("listing:catalogue_list"), *(reverse("listing:category_detail", args=[c]) for c in CATEGORIES)]
        for address in fixed:
            _write_page(xml, address)
        rows = published(timezone.localdate(now)).order_by("number").values("slug", "number", "changed_at")
        for row in rows[:SITEMAP_SIZE]:
            _write_page(xml, service_address(row), row["changed_at"])
        xml.endElement("urlset")
        xml.endDocument()
        return response

    return public_response(request, make, changed=changed, now=now)


def _write_page(xml: SimplerXMLGenerator, address: str, at: datetime | None = None) -> None:
    xml.startElement("url", AttributesImpl({}))
    xml.addQuickElement("loc", f"{settings.SITE_URL}{address}")
    if at is not None:
        xml.addQuickElement("lastmod", at.isoformat(timespec="seconds"))
    xml.endElement("url")


#: What no search engine needs to open: every page behind the login answers with the login page anyway.
PRIVATE = ("/compte/", "/produits/", "/rattachements/", "/candidatures/", "/notifications/", "/api/")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {prefix}" for prefix in PRIVATE)]
    lines.append(f"Sitemap: {settings.SITE_URL}{reverse('listing:sitemap')}")
    response = HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
