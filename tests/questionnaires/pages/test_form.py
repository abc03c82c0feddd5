import pytest
from django.urls import reverse

from referencing.enrolment.models import AdministrativeSheet
from tests.factories import make_member
from tests.questionnaires.factories import make_enrolment, orient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("code", ["interoperabilite", "ethique", "rgpd"])
def test_page(client, code):
    enrolment = make_enrolment()
    AdministrativeSheet.objects.create(enrolment=enrolment)
    orient(enrolment.response, Q10="oui")
    client.force_login(make_member(enrolment.product.organisation))
    response = client.get(reverse("enrolment:questionnaire_form", args=[enrolment.pk, code]))
    assert response.status_code == 200
    print(response.content.decode()[8000:])
