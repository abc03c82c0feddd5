"""Asking one address as one person, leaving nothing behind; which addresses there are; what a row of the table points at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access.world import World, personal_objects

#: What a browser posts when nothing was filled in.
NOTHING_TYPED = b"csrfmiddlewaretoken=jeton"
#: What points at nothing, by type of argument.
MISSING = {UUID: UUID(int=0x4000800000000000), int: 999_999_999, str: "inconnu"}


def url_names(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """Every name of the URLconf, `namespace:name`; an address without name cannot be listed and is an error."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from url_names(entry, inner)
        elif isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern} has no name"
            yield f"{namespace}{entry.name}"


class Asker:
    """Sessions of everybody in the world, opened once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cookies: dict[str, Any] = {}
        self.personal: dict[str, dict[str, dict[str, Any]]] = {}
        for name, person in world.people.items():
            client = Client()
            if person is not None:
                client.force_login(person)
                session = client.session  # as just after typing one’s password: pages that ask for it again stay open
                record_authentication(SimpleNamespace(session=session), person, "password", reauthenticated=True)
                session.save()
            self.cookies[name] = dict(client.cookies)
            self.personal[name] = personal_objects(person)

    def ask(self, name: str, method: str, address: str) -> HttpResponseBase:
        """The response; whatever the view wrote is undone, and no throttle remembers the call."""
        cache.clear()
        client = Client()
        client.cookies.update(self.cookies[name])
        body = NOTHING_TYPED if method == "POST" else b""
        with transaction.atomic():
            response = client.generic(method, address, body, "application/x-www-form-urlencoded")
            if response.streaming:
                response.getvalue()
            transaction.set_rollback(True)
        return response


def outcome(response: HttpResponseBase) -> str:
    """The status, where a redirection says whether it leads to the login page."""
    if response.status_code == 302:
        return "login" if response.headers["Location"].startswith(resolve_url(settings.LOGIN_URL)) else "302"
    return str(response.status_code)


def address_of(name: str, arguments: dict[str, Any]) -> str:
    return reverse(name, kwargs=arguments)


_VARYING = (
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"'), "CSRF"),
    (re.compile(r'"X-CSRFToken": "[^"]+"|data-csrf="[^"]+"'), "CSRF"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
)


def shape(response: HttpResponseBase, arguments: dict[str, Any]) -> str:
    """The body without what differs by nature: tokens against forgery, and the identifiers that were asked for."""
    body = response.getvalue().decode() if response.streaming else response.content.decode()
    for pattern, word in _VARYING:
        body = pattern.sub(word, body)
    for token in (value for name, value in arguments.items() if name == "token"):
        body = body.replace(token, "TOKEN")
    return body
