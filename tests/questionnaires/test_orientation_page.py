import pytest
from django.urls import reverse

from tests.factories import make_member
from tests.questionnaires.factories import make_enrolment, row
from referencing.enrolment.models import AdministrativeSheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrolment():
    enrolment = make_enrolment()
    AdministrativeSheet.objects.create(enrolment=enrolment)
    return enrolment


@pytest.fixture
def editor(enrolment, client):
    user = make_member(enrolment.product.organisation)
    client.force_login(user)
    return user


def test_list_shows_tiles(client, enrolment, editor):
    response = client.get(reverse("enrolment:questionnaire_list", args=[enrolment.pk]))
    assert response.status_code == 200
    assert "Questions obligatoires renseignées 0/5" in response.content.decode()


def test_page(client, enrolment, editor):
    response = client.get(reverse("enrolment:orientation_detail", args=[enrolment.pk]))
    assert response.status_code == 200
    print(response.content.decode()[-9000:])
