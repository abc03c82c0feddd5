"""The work queue as pages: who sees what, hostile addresses, literal query counts, views, unread, calendar."""

import pytest
from django.urls import reverse

from convergence.accounts.enums import Role
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

pytestmark = pytest.mark.django_db
QUEUE = "candidature:candidature_list"


def text_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def names(response):
    return [row["name"] for row in response.context["rows"]]


@pytest.fixture
def team(client):
    agent = make_agent(Role.LISTING_TEAM)
    client.force_login(agent)
    return agent


@pytest.mark.parametrize("count", [1, 3])
def test_queue_query_count_is_constant(client, team, django_assert_num_queries, count):
    for _ in range(count):
        make_candidature(complete=False)
    client.get(reverse(QUEUE))
    with django_assert_num_queries(7):
        response = client.get(reverse(QUEUE))
    assert len(response.context["rows"]) == count
