"""Addresses for the machines that watch."""

import pytest
from django.db import OperationalError
from django.test import Client

from convergence.pages import health


def test_healthz_asks_nothing(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_tries_database_broker_and_storage(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["parts"] == {"database": "ok", "broker": "ok", "storage": "ok"}


@pytest.mark.parametrize(
    ("part", "error"),
    [("database", OperationalError("down")), ("broker", OSError("gone")), ("storage", PermissionError("read-only"))],
)
@pytest.mark.django_db
def test_readyz_says_which_part_is_missing(
    client: Client, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setitem(health.CHECKS, part, fail)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"][part] == "unavailable"
    assert str(error) not in response.content.decode()


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Bearer "])
@pytest.mark.parametrize("setting", ["", "right"])
def test_metrics_are_hidden_without_the_token(client: Client, settings, token: str, setting: str) -> None:
    settings.METRICS_TOKEN = setting
    assert client.get("/metrics", headers={"authorization": token}).status_code == 404


def test_metrics_answer_the_token(client: Client, settings) -> None:
    settings.METRICS_TOKEN = "right"
    response = client.get("/metrics", headers={"authorization": "Bearer right"})
    assert response.status_code == 200
    assert b"django_http_requests" in response.content


@pytest.mark.parametrize(("error", "status"), [(OperationalError("down"), 503), (ValueError("a bug"), 500)])
def test_a_lost_database_is_503_and_a_bug_is_500(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(health, "JsonResponse", fail)
    client.raise_request_exception = False
    response = client.get("/healthz")
    assert response.status_code == status
    assert response.headers.get("Retry-After", "") == ("300" if status == 503 else "")
    assert "down" not in response.content.decode()
