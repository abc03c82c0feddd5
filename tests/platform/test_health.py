"""Addresses for the machines that watch."""

import pytest
from django.db import OperationalError
from django.test import Client

from convergence.pages import health


def test_healthz_asks_nothing(client: Client, django_assert_num_queries) -> None:
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
