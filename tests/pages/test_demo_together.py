"""The product that colleagues of the demo editor answer together, and the one that changes hands: made once, shown to each."""

import pytest
from django.urls import reverse

from convergence.accounts import demo
from convergence.accounts.models import User
from convergence.pages.demo_products import load_parcours, publish_grid
from convergence.pages.demo_together import create_demo_teamwork
from convergence.products.models import Product
from referencing.enrolment.enums import ExceptionState
from referencing.enrolment.models import Enrolment, OsException
from referencing.teamwork.models import Delegation, Message, Proposal, ProposalLink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def enrolment(settings):
    settings.CONVERGENCE = settings.CONVERGENCE | {"DEMO_MODE": True}
    settings.EMAIL_BACKEND = "convergence.notifications.demo_mail.DemoMailBackend"
    demo.create_demo_people()
    load_parcours()
    publish_grid()
    create_demo_teamwork()
    return Enrolment.objects.get(product__name="Glycémie partagée")


def test_made_once_and_shown_to_each(enrolment, client):
    made = [model.objects.count() for model in (Product, Delegation, ProposalLink, Proposal, Message, OsException)]
    create_demo_teamwork()

    assert made == [2, 3, 6, 3, 4, 3]
    assert made == [model.objects.count() for model in (Product, Delegation, ProposalLink, Proposal, Message, OsException)]
    assert set(OsException.objects.values_list("state", flat=True)) == {
        ExceptionState.AGREED,
        ExceptionState.ASKED,
        ExceptionState.DECLINED,
    }
