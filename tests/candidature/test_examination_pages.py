"""The review workspace (BO-05) as its readers meet it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from convergence.accounts.enums import Role
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


def page(candidature, criterion=""):
    if not criterion:
        return reverse("candidature:examination", args=[candidature.pk])
    return reverse("candidature:criterion_review", args=[candidature.pk, criterion])


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


def test_smoke(client, verifier):
    expert = make_agent(Role.EXPERT, "rgpd")
    candidature, manager = make_candidature(experts={"rgpd": expert})
    for person in (verifier, expert, manager):
        client.force_login(person)
        response = client.get(page(candidature))
        assert response.status_code == 200
        for code in ("A06.1.2", "RGPD.1", "DEV.1.2"):
            response = client.get(page(candidature, code))
            assert response.status_code == 200
            if code == "DEV.1.2":
                open(f"/tmp/x-{person.pk}.html", "wb").write(response.content)
