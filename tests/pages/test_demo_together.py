"""The product that colleagues of the demo editor answer together, and the one that changes hands: made once, shown to each."""

import pytest
from django.test import Client
from django.urls import reverse

from convergence.accounts import demo
from convergence.accounts.models import User
from convergence.pages.demo_products import load_parcours, publish_grid
from convergence.pages.demo_together import create_demo_teamwork
from convergence.products.models import Product
from referencing.enrolment.enums import ExceptionState
from referencing.enrolment.models import Enrolment, OsException, ProductTransfer
from referencing.teamwork.models import Delegation, Message, Proposal, ProposalLink

pytestmark = pytest.mark.django_db(transaction=True)
MADE = (Product, Delegation, ProposalLink, Proposal, Message, OsException, ProductTransfer)


@pytest.fixture
def enrolment(settings, tmp_path):
    settings.CONVERGENCE = settings.CONVERGENCE | {"DEMO_MODE": True}
    settings.EMAIL_BACKEND = "convergence.notifications.demo_mail.DemoMailBackend"
    settings.SIGNATURE_DIR = str(tmp_path)
    demo.create_demo_people()
    load_parcours()
    publish_grid()
    create_demo_teamwork()
    return Enrolment.objects.get(product__name="Glycémie partagée")


def read(email, name, *arguments):
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client.get(reverse(name, args=arguments), follow=True).content.decode()


def test_made_once_and_shown_to_whom_it_concerns(enrolment):
    made = [model.objects.count() for model in MADE]
    create_demo_teamwork()

    assert made == [2, 3, 6, 3, 4, 3, 1] == [model.objects.count() for model in MADE]
    states = set(OsException.objects.values_list("state", flat=True))
    assert states == {ExceptionState.AGREED, ExceptionState.ASKED, ExceptionState.DECLINED}

    manager, validator = "mandataire@editeur.example", "valideur@editeur.example"
    team = read(manager, "teamwork:delegation_list", enrolment.pk)
    proposals = read(manager, "teamwork:proposal_list", enrolment.pk)
    systems = read(manager, "enrolment:os_exception_list", enrolment.pk)
    assert team.count("En retard") == 2  # a choice of the filter, and one part
    assert "Inès Morvan" in team
    assert "Karim Belhadj" in team
    for state in ("Expiré", "Annulé", "En cours", "À examiner", "Acceptée", "Refusée"):
        assert state in proposals
    for author in ("Malik Benhamou", "Solène Caradec", "Victor Amiel"):
        assert author in proposals
    assert "04.08" in systems
    assert "DEV.1.4" in systems
    assert "promis pour le mois prochain" in read(manager, "teamwork:criterion_team", enrolment.pk, "ACC.1.3")
    assert "Glycémie partagée" in read(validator, "teamwork:validation_list")
    changes = read(validator, "teamwork:validation_review", enrolment.pk, "interoperabilite")
    assert "depuis la version 2.3" in changes
    offer = ProductTransfer.objects.offered().get()
    assert offer.offered_by.email == offer.product.owner.email == manager
    assert "Rappel vaccinal" in read("mandataire@distributeur.example", "products:product_list")
    assert "Accepter la transmission" in read("mandataire@distributeur.example", "enrolment:transfer_detail", offer.pk)
    assert "DEV.1.4" in read("verificateur@gie.example", "enrolment:os_exception_queue")
