"""The component page and the error pages, as a browser gets them."""

import pytest

from tests.factories import UserFactory


@pytest.fixture
def staff(db):
    return UserFactory(is_staff=True)


def test_component_page_shows_to_staff(client, staff):
    client.force_login(staff)
    response = client.get("/ui/")
    assert response.status_code == 200
    assert "Composants de page" in response.content.decode()
