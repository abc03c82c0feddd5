"""What a log line may never hold: the part of an address that opens a door, and what people typed."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from convergence.settings.logging import configure_logging, hide_secrets

TOKEN = "q7Zt-SECRET_09:aZ"


@pytest.fixture(params=[True, False], ids=["json", "console"])
def read_log(request) -> Iterator[Callable[[], str]]:
    """All that has been logged since the start of the test, as production and the demo write it."""
    formatter = configure_logging(level="INFO", as_json=request.param)["formatters"]["structured"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(**{key: value for key, value in formatter.items() if key != "()"})
    )
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream.getvalue
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    "address",
    [
        f"/signature/{TOKEN}/",
        f"/signature/{TOKEN}/document/",
        f"/structures/invitations/{TOKEN}/",
        f"/compte/confirm-email/{TOKEN}/",
        f"/compte/password/reset/key/1a-{TOKEN}/",
        f"/compte/login/?next=%2Fsignature%2F{TOKEN}%2Fsigner%2F",
        f"/compte/oidc/pro/login/callback/?state=x&code={TOKEN}",
    ],
)
@pytest.mark.django_db
def test_a_request_is_logged_without_the_secret_of_its_address(client: Client, read_log, address: str) -> None:
    client.get(address)

    written = read_log()
    assert "request_started" in written
    assert "request_finished" in written
    assert "SECRET_09" not in written
    assert "…" in written


def test_libraries_that_log_addresses_are_read_over_too(read_log) -> None:
    logging.getLogger("django.request").warning("Not Found: %s", f"/signature/{TOKEN}/nulle-part/")

    assert "/signature/…/nulle-part/" in read_log()


def test_other_addresses_stay_whole(read_log) -> None:
    for address in ("/api/signature/yousign/", "/rattachements/1/convention/signature/", "/produits/?page=2"):
        structlog.get_logger("sample").info("seen", request=f"GET {address}")
        assert address in read_log()


def test_a_traceback_holds_no_local_variable(read_log) -> None:
    passphrase = TOKEN[::-1]
    try:
        raise ValueError("a bug")
    except ValueError:
        structlog.get_logger("sample").exception("request_failed")

    written = read_log()
    assert "a bug" in written
    assert passphrase not in written
    if written.startswith("{"):
        assert json.loads(written)["exception"][0]["exc_type"] == "ValueError"


def secret_addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from secret_addresses(each.url_patterns, prefix + str(each.pattern))
        elif {"token", "key"} & set(each.pattern.regex.groupindex):
            yield prefix + str(each.pattern)


def test_every_address_with_a_token_is_in_the_table() -> None:
    addresses = list(secret_addresses(get_resolver().url_patterns))
    assert len(addresses) >= 7

    for address in addresses:
        known = address.partition("<str:token>")[0].partition("(?P<")[0].replace("^", "")
        assert hide_secrets(None, "info", {"event": f"GET /{known}{TOKEN}/"})["event"].startswith(f"GET /{known}…")
