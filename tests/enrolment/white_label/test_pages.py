import html
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType
from convergence.notifications.models import Notification
from referencing.enrolment.enums import AttachmentState, WhiteLabelRole
from referencing.enrolment.models import AttachmentRequest, Enrolment, PreListing
from referencing.enrolment.white_label.attachments import announce_end, refuse_attachment
from tests.enrolment.white_label.factories import make_attached, make_demand, make_pre_listing
from tests.factories import DemarcheFactory, ProductFactory, make_member
from tests.questionnaires.factories import make_definition

pytestmark = pytest.mark.django_db


@pytest.fixture
def solution():
    make_definition()
    return make_pre_listing(name="Portail Étoile")


@pytest.fixture
def product():
    return ProductFactory(name="Mon Portail")


@pytest.fixture
def manager(client, product):
    person = make_member(product.organisation)
    client.force_login(person)
    return person


def page_of(response):
    return html.unescape(response.content.decode())


def address(product):
    return reverse("enrolment:product_attach", args=[product.pk, DemarcheFactory().slug])


def told(listed, **values):
    return {
        "white_label": "white",
        "role": "distributor",
        "solution": str(listed[0].pk),
        "on_behalf": "non",
        "third_party": "",
        **values,
    }


class TestQuestions:
    def test_variant_a_and_what_follows_are_worded_to_the_letter(self, client, product, manager, solution):
        page = page_of(client.get(address(product)))

        for label in (
            "Souhaitez-vous évaluer votre produit en tant qu’éditeur producteur ou éditeur distributeur d’une solution en "
            "marque blanche ?",
            "Je veux référencer un produit en marque blanche",
            "Je veux référencer un produit unique (cas nominal)",
            "Solution d’un éditeur producteur",
            "Solution d’un éditeur distributeur",
            "Indiquez la solution de l’éditeur producteur pré-référencée à laquelle votre produit est rattaché :",
            "Sélectionner un produit",
            "Évaluez-vous le produit pour le compte d’un tiers ?",
        ):
            assert label in page, label

    @pytest.mark.rule("BR-009")
    @pytest.mark.parametrize(
        ("answers", "fields"),
        [
            ({}, {"white_label"}),
            ({"white_label": "white"}, {"role"}),
            ({"white_label": "white", "role": "distributor"}, {"solution", "on_behalf"}),
            ({"white_label": "white", "role": "distributor", "on_behalf": "oui"}, {"solution", "third_party"}),
        ],
    )
    def test_each_question_that_applies_must_be_answered(self, client, product, manager, answers, fields):
        make_definition()
        response = client.post(address(product), answers)

        assert response.status_code == 422
        assert set(response.context["form"].errors) == fields
        assert not Enrolment.objects.exists()

    def test_producer_is_enrolled(self, client, product, manager):
        make_definition()
        client.post(address(product), {"white_label": "white", "role": "producer"})

        assert Enrolment.objects.get().white_label == WhiteLabelRole.PRODUCER

    @pytest.mark.rule("BR-190", "BR-192", "A-26")
    def test_distributor_for_a_third_party_is_enrolled_and_waits(self, client, product, manager, solution):
        response = client.post(
            address(product), told(solution, on_behalf="oui", third_party="Hôpital de la Côte"), follow=True
        )

        request = AttachmentRequest.objects.get()
        assert request.enrolment.is_on_behalf
        assert request.told_third_party == "Hôpital de la Côte"
        assert request.enrolment.sheet.organisation_name == "Hôpital de la Côte"
        assert request.enrolment.sheet.siret == ""
        assert f"Rattachement à la solution de l’éditeur producteur {solution[0].enrolment.label}" in page_of(response)

    @pytest.mark.rule("BR-190")
    def test_search_forgives_accents_and_keeps_what_was_typed(self, client, product, manager, solution):
        make_pre_listing(name="Carnet de tension")
        response = client.post(
            address(product), told(solution, solution="", search="etoile", find="1", on_behalf="oui")
        )

        labels = [label for _, label in response.context["form"].fields["solution"].choices]
        assert response.status_code == 200
        assert [label.split(" - ")[0] for label in labels] == ["Sélectionner un produit", "Portail Étoile"]
        assert response.context["form"].initial["on_behalf"] == "oui"
        fragment = client.post(address(product), {"search": "etoile", "find": "1"}, headers={"HX-Request": "true"})
        assert page_of(fragment).lstrip().startswith('<div id="solutions">')

    @pytest.mark.rule("BR-190")
    def test_what_is_not_pre_listed_is_neither_offered_nor_taken(self, client, product, manager, solution):
        ended, _ = make_pre_listing(name="Portail Éteint")
        PreListing.objects.filter(pk=ended.pk).update(expires_on=timezone.localdate() - timedelta(days=1))

        response = client.post(address(product), told((ended, None)))

        assert response.status_code == 422
        assert "Portail Éteint" not in page_of(response)
        assert not AttachmentRequest.objects.exists()

    @pytest.mark.parametrize("count", [1, 3])
    def test_queries_do_not_grow_with_the_solutions(self, client, product, manager, django_assert_num_queries, count):
        make_definition()
        for _ in range(count):
            make_pre_listing()
        with django_assert_num_queries(8):
            assert client.get(address(product)).status_code == 200


class TestNotifications:
    @pytest.fixture
    def demand(self, solution, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            return make_demand(solution[0])[0]

    @pytest.mark.rule("BR-192")
    def test_columns_to_the_letter_search_and_both_buttons(self, client, solution, demand):
        client.force_login(solution[1])
        page = page_of(client.get(reverse("notifications:notification_list"), {"q": "RATTACHEMENT"}))

        for column in ("Émetteur", "Produit", "Type", "Contenu", "Date de réception", "Rechercher"):
            assert column in page
        assert "Solution marque blanche" in page
        assert reverse("enrolment:attachment_accept", args=[demand.pk]) in page
        assert reverse("enrolment:attachment_refuse", args=[demand.pk]) in page

    def test_buttons_are_for_who_may_answer_while_it_waits(self, client, solution, demand):
        clerk = make_member(solution[0].enrolment.product.organisation, MembershipType.SALARIE)
        row = Notification.objects.get(recipient=solution[1])
        row.pk, row.recipient = None, clerk
        row.save()
        accept = reverse("enrolment:attachment_accept", args=[demand.pk])
        client.force_login(clerk)
        assert accept not in page_of(client.get(reverse("notifications:notification_list")))
        refuse_attachment(request_id=demand.pk, why="Non.", actor=solution[1])
        client.force_login(solution[1])
        assert accept not in page_of(client.get(reverse("notifications:notification_list")))

    @pytest.mark.parametrize("count", [1, 3])
    def test_queries_do_not_grow_with_the_demands(
        self, client, solution, django_assert_num_queries, django_capture_on_commit_callbacks, count
    ):
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(count):
                make_demand(solution[0])
        client.force_login(solution[1])
        with django_assert_num_queries(5):
            client.get(reverse("notifications:notification_list"))


class TestAnswering:
    def test_accepting_asks_first(self, client, solution):
        request, _ = make_demand(solution[0])
        client.force_login(solution[1])
        accept = reverse("enrolment:attachment_accept", args=[request.pk])

        assert "restent confidentiels" in page_of(client.get(accept))
        request.refresh_from_db()
        assert request.state == AttachmentState.PENDING
        page = page_of(client.post(accept, follow=True))

        request.refresh_from_db()
        assert request.state == AttachmentState.ACCEPTED
        assert "est rattaché à votre solution" in page

    def test_refusal_without_reason_is_422_and_keeps_the_page(self, client, solution):
        request, _ = make_demand(solution[0])
        client.force_login(solution[1])
        refuse = reverse("enrolment:attachment_refuse", args=[request.pk])

        assert client.post(refuse, {"why": ""}).status_code == 422
        client.post(refuse, {"why": "Pas de contrat."})

        request.refresh_from_db()
        assert (request.state, request.why) == (AttachmentState.REFUSED, "Pas de contrat.")

    def test_an_answer_that_came_too_late_says_so(self, client, solution):
        request, _ = make_attached(*solution)
        client.force_login(solution[1])

        page = page_of(client.post(reverse("enrolment:attachment_accept", args=[request.pk]), follow=True))

        assert "Cette action n’est plus possible" in page

    def test_distributor_cancels_then_chooses_another(self, client, solution):
        request, manager = make_demand(solution[0])
        other, _ = make_pre_listing(name="Autre portail")
        client.force_login(manager)
        page = page_of(client.post(reverse("enrolment:attachment_cancel", args=[request.pk]), follow=True))
        assert "Choisir une autre solution" in page

        client.post(
            reverse("enrolment:solution_detail", args=[request.enrolment_id]), {"solution": str(other.pk)}, follow=True
        )

        assert request.enrolment.attachment_requests.standing().get().pre_listing == other

    def test_end_is_announced_from_the_page(self, client, solution):
        request, manager = make_attached(*solution)
        client.force_login(manager)
        page = reverse("enrolment:attachment_end", args=[request.pk])
        assert "dans 60 jours" in page_of(client.get(page))

        client.post(page, {"why": "Nous changeons de solution."})

        request.refresh_from_db()
        assert request.ends_on is not None

    @pytest.mark.rule("BR-201")
    def test_nominal_case_from_the_page(self, client, solution):
        request, manager = make_demand(solution[0])
        refuse_attachment(request_id=request.pk, why="Non.", actor=solution[1])
        client.force_login(manager)
        nominal = reverse("enrolment:nominal_choose", args=[request.enrolment_id])
        assert "Passer au cas nominal" in page_of(client.get(nominal))

        client.post(nominal)

        assert Enrolment.objects.get(pk=request.enrolment_id).white_label == WhiteLabelRole.NONE


class TestProducer:
    def test_list_says_who_and_how_many_criteria(self, client, solution):
        make_attached(*solution)
        make_demand(solution[0], third_party="Hôpital de la Côte")
        client.force_login(solution[1])

        page = page_of(client.get(reverse("enrolment:distributor_list", args=[solution[0].enrolment_id])))

        assert "2 sur 2" in page
        assert "Hôpital de la Côte" in page

    def test_demand_names_what_is_recovered(self, client, solution):
        request, _ = make_attached(*solution)
        client.force_login(solution[1])

        page = page_of(client.get(reverse("enrolment:attachment_detail", args=[request.pk])))

        assert "2 critères récupérés" in page
        assert "A06.1.1" in page

    @pytest.mark.parametrize("count", [1, 3])
    def test_queries_do_not_grow(self, client, solution, django_assert_num_queries, count):
        for _ in range(count):
            make_attached(*solution)
        client.force_login(solution[1])
        with django_assert_num_queries(6):
            client.get(reverse("enrolment:distributor_list", args=[solution[0].enrolment_id]))

    def test_search_and_empty_list(self, client, solution):
        client.force_login(solution[1])
        page = reverse("enrolment:distributor_list", args=[solution[0].enrolment_id])
        assert "Aucun distributeur" in page_of(client.get(page))
        make_demand(solution[0])
        assert "Aucun distributeur ne correspond" in page_of(client.get(page, {"q": "introuvable"}))

    def test_only_for_a_producer(self, client, solution):
        request, manager = make_demand(solution[0])
        client.force_login(manager)
        assert client.get(reverse("enrolment:distributor_list", args=[request.enrolment_id])).status_code == 404


class TestBanner:
    def shown(self, client, request, manager):
        client.force_login(manager)
        return page_of(client.get(reverse("pages:enrolment_detail", args=[request.enrolment_id])))

    @pytest.mark.rule("BR-193")
    def test_waiting_says_that_answers_would_be_replaced(self, client, solution):
        request, manager = make_demand(solution[0])
        page = self.shown(client, request, manager)
        assert "L’éditeur producteur est informé de votre demande" in page
        assert "ses réponses remplaceront les vôtres" in page

    @pytest.mark.rule("BR-201")
    def test_refused_says_what_to_do(self, client, solution):
        request, manager = make_demand(solution[0])
        refuse_attachment(request_id=request.pk, why="Pas de contrat.", actor=solution[1])
        page = self.shown(client, request, manager)
        assert "Pas de contrat." in page
        assert "passez au cas nominal" in page

    def test_accepted_then_ending(self, client, solution):
        request, manager = make_attached(*solution)
        assert "Votre rattachement est accepté" in self.shown(client, request, manager)
        announce_end(request_id=request.pk, why="Fin.", actor=manager)
        assert "prend fin le" in self.shown(client, request, manager)

    def test_nominal_product_shows_none(self, client, solution):
        client.force_login(solution[1])
        page = page_of(client.get(reverse("pages:enrolment_detail", args=[solution[0].enrolment_id])))
        assert "data-attachment" not in page
