"""Signing without an account: the page of a link, its code, its refusal. The token is the only key."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Item
from evidence.services import stream
from referencing.convention.drafting import show_text, title_of, words_of
from referencing.convention.enums import LinkState
from referencing.convention.forms import CodeForm, ReadForm, RefusalForm
from referencing.convention.models import SigningLink
from referencing.convention.services import LinkClosed, find_link, refuse, send_code, sign, signed_copy

UNKNOWN_LIMIT = 20
UNKNOWN_PERIOD = 600  # seconds

LinkView = Callable[[HttpRequest, str, SigningLink], HttpResponseBase]


def with_link(view: LinkView) -> Callable[[HttpRequest, str], HttpResponseBase]:
    """Resolve the token; an unknown one gets a page that says what to do, and too many of them a pause."""

    @wraps(view)
    @never_cache
    def wrapped(request: HttpRequest, token: str) -> HttpResponseBase:
        key = f"signature-unknown:{get_adapter().get_client_ip(request)}"
        if cache.get(key, 0) >= UNKNOWN_LIMIT:
            return render(request, "convention/signing_unknown.html", {"is_throttled": True}, status=429)
        link = find_link(token=token)
        if link is None:
            cache.set(key, cache.get(key, 0) + 1, UNKNOWN_PERIOD)
            return render(request, "convention/signing_unknown.html", {"is_throttled": False}, status=404)
        response = view(request, token, link)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapped


def render_closed(request: HttpRequest, token: str, link: SigningLink, *, status: int = 200) -> HttpResponse:
    """What became of a link that no longer signs, and what to do."""
    now = timezone.now()
    return render(
        request,
        "convention/signing_closed.html",
        {
            **_context(token, link),
            "state": link.state_at(now),
            "has_copy": signed_copy(link, at=now) is not None,
        },
        status=status,
    )


def _context(token: str, link: SigningLink) -> dict[str, Any]:
    document = link.signable
    product = document.enrolment.product
    settings = document.enrolment.demarche.settings
    is_annex = link.annex is not None
    return {
        "token": token,
        "link": link,
        "convention": document,
        "enrolment": document.enrolment,
        "is_annex": is_annex,
        "title": title_of(document)
        if is_annex
        else "Convention de référencement au catalogue de services de Mon espace santé",
        "the_document": "l’annexe" if is_annex else "la convention",
        "whole": words_of(document),
        "service": settings.get("service", "Équipe de référencement"),
        "contact": settings.get("contact", ""),
        "items": [
            Item(
                "Qui vous le demande",
                f"L’équipe de référencement de Mon espace santé, pour {product.organisation.name}",
            ),
            Item(
                "Ce que vous signez",
                "L’annexe de la convention de référencement, qui dit ce qui est échangé"
                if is_annex
                else "La convention de référencement entre l’éditeur, le ministre et la Cnam",
            ),
            Item("Produit concerné", document.enrolment.label),
            Item(
                "Vous signez en tant que",
                f"{document.signer_name}, pour {document.parties[0]['name']}",
            ),
            Item("Adresse du code à usage unique", link.email),
        ],
    }


@require_GET
@with_link
def signing_detail(request: HttpRequest, token: str, link: SigningLink) -> HttpResponse:
    """Who asks, what is signed, the whole text; or what became of the link."""
    if link.state_at(timezone.now()) is not LinkState.OPEN:
        return render_closed(request, token, link)
    return _render_open(request, token, link, ReadForm())


def _render_open(
    request: HttpRequest, token: str, link: SigningLink, form: ReadForm, blockers: Any = ()
) -> HttpResponse:
    return render(
        request,
        "convention/signing_detail.html",
        {
            **_context(token, link),
            "text": show_text(link.signable.text),
            "form": form,
            "blockers": blockers,
        },
        status=422 if form.errors or blockers else 200,
    )


@require_GET
@with_link
def signing_document(request: HttpRequest, token: str, link: SigningLink) -> HttpResponseBase:
    """The PDF to sign while the link is open, then the signed copy for a while."""
    now = timezone.now()
    if link.state_at(now) is LinkState.OPEN and link.signable.document:
        return stream(link.signable.document)
    copy = signed_copy(link, at=now)
    return stream(copy) if copy else render_closed(request, token, link, status=410)


@require_http_methods(["GET", "POST"])
@with_link
def code_send(request: HttpRequest, token: str, link: SigningLink) -> HttpResponse:
    """« J’ai lu »: a code leaves by e-mail (again from the next page, at most once a minute)."""
    if request.method == "GET":
        return redirect("convention:signing_detail", token)
    form = ReadForm(request.POST)
    if not form.is_valid():
        if link.state_at(timezone.now()) is not LinkState.OPEN:
            return render_closed(request, token, link, status=410)
        return _render_open(request, token, link, form)
    try:
        send_code(token=token)
    except LinkClosed:
        return redirect("convention:signing_detail", token)
    except TransitionRefused as refusal:
        if link.code_hash:  # a code is on its way: it can be typed
            return _render_sign(request, token, link, CodeForm(), refusal.blockers)
        return _render_open(request, token, link, form, refusal.blockers)
    return redirect("convention:convention_sign", token)


@require_http_methods(["GET", "POST"])
@with_link
def convention_sign(request: HttpRequest, token: str, link: SigningLink) -> HttpResponse:
    """Type the code; the signature is made (T08)."""
    if request.method == "GET":
        if link.state_at(timezone.now()) is not LinkState.OPEN or not link.code_hash:
            return redirect("convention:signing_detail", token)
        return _render_sign(request, token, link, CodeForm())
    form = CodeForm(request.POST)
    blockers: Any = ()
    if link.state_at(timezone.now()) is LinkState.USED:  # sent twice: the first one did it
        return redirect("convention:signing_detail", token)
    if form.is_valid():
        try:
            sign(token=token, code=form.cleaned_data["code"])
        except LinkClosed:
            return redirect("convention:signing_detail", token)
        except TransitionRefused as refusal:
            blockers = [each for each in refusal.blockers if each.code != "code"]
            form.add_blockers(each for each in refusal.blockers if each.code == "code")
        else:
            return redirect("convention:signing_detail", token)
    return _render_sign(request, token, link, form, blockers)


def _render_sign(
    request: HttpRequest, token: str, link: SigningLink, form: CodeForm, blockers: Any = ()
) -> HttpResponse:
    return render(
        request,
        "convention/convention_sign.html",
        {**_context(token, link), "form": form, "blockers": blockers},
        status=422 if form.errors or blockers else 200,
    )


@require_http_methods(["GET", "POST"])
@with_link
def convention_refuse(request: HttpRequest, token: str, link: SigningLink) -> HttpResponse:
    """Decline with a reason (T08b)."""
    if link.state_at(timezone.now()) is not LinkState.OPEN:
        return redirect("convention:signing_detail", token)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            refuse(token=token, reason=form.cleaned_data["reason"])
        except (LinkClosed, TransitionRefused):
            return redirect("convention:signing_detail", token)
        return redirect("convention:signing_detail", token)
    return render(
        request,
        "convention/convention_refuse.html",
        {**_context(token, link), "form": form},
        status=422 if form.errors else 200,
    )
