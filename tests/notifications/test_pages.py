"""« Vos notifications » (SC-21) and the bell."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from convergence.notifications import views
from convergence.notifications.models import Notification
from convergence.notifications.services import send
from tests.accounts.pages import rows_of, text_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

URL = "notifications:notification_list"


@pytest.fixture
def person(client):
    user = UserFactory()
    client.force_login(user)
    return user


def notify(person, **fields):
    values = {"sender": "Alizé Santé", "kind": "Convention", "content": "Signez la convention."} | fields
    return Notification.objects.create(recipient=person, **values)


def test_columns_of_the_screen(client, person):
    notify(person, product="Carnet - v0.1 - 2726")

    page = text_of(client.get(reverse(URL)))

    for words in (
        "Rechercher :",
        "Émetteur",
        "Produit",
        "Type",
        "Contenu",
        "Date de réception",
        "Carnet - v0.1 - 2726",
    ):
        assert words in page.replace("\xa0", " ")


def test_a_person_sees_own_notifications_only(client, person):
    notify(UserFactory(), content="Pour une autre personne")

    assert "Pour une autre personne" not in text_of(client.get(reverse(URL)))
    assert "Aucune notification" in text_of(client.get(reverse(URL)))


@pytest.mark.parametrize("words", ["alize", "ALIZÉ convention", "reponse", "carnet"])
def test_search_is_blind_to_accents_and_case(client, person, words):
    notify(person, sender="Alizé Santé", content="Réponse attendue", product="Carnet", kind="Convention")
    notify(person, sender="Autre", content="Sans rapport", kind="Fiche")

    page = client.get(reverse(URL), {"q": words})

    assert rows_of(page) == 1
    assert f'value="{words}"' in page.content.decode()


def test_search_without_result_says_what_to_do(client, person):
    notify(person)

    assert "Aucune notification ne correspond" in text_of(client.get(reverse(URL), {"q": "introuvable"}))


def test_pages_go_on_and_back_without_repeating_or_losing(client, person, monkeypatch):
    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    keys = [notify(person).pk for _ in range(5)][::-1]

    def read(page):
        return [line["pk"] for line in page.context["lines"]]

    first = client.get(reverse(URL))
    second = client.get(first.context["page"].next_url)
    third = client.get(second.context["page"].next_url)

    assert [read(page) for page in (first, second, third)] == [keys[:2], keys[2:4], keys[4:]]
    assert first.context["page"].previous_url == ""
    assert third.context["page"].next_url == ""
    assert read(client.get(third.context["page"].previous_url)) == keys[2:4]
    back = client.get(second.context["page"].previous_url)
    assert read(back) == keys[:2]
    assert back.context["page"].previous_url == ""


@pytest.mark.parametrize("key", ["x", "-1", "9" * 30, "²"])
def test_wrong_key_shows_the_first_page(client, person, key):
    notify(person)

    assert rows_of(client.get(reverse(URL), {"avant": key})) == 1


def test_opening_marks_as_read_and_goes_there(client, person):
    row = notify(person, link="/structures/")

    response = client.post(reverse("notifications:notification_read", args=[row.pk]))

    assert response.url == "/structures/"
    first = Notification.objects.get().read_at
    assert first
    client.post(reverse("notifications:notification_read", args=[row.pk]))
    assert Notification.objects.get().read_at == first


def test_without_link_one_stays_on_the_list(client, person):
    row = notify(person)

    assert client.post(reverse("notifications:notification_read", args=[row.pk])).url == reverse(URL)


def test_notification_of_somebody_else_is_not_found(client, person):
    row = notify(UserFactory())

    assert client.post(reverse("notifications:notification_read", args=[row.pk])).status_code == 404
    assert Notification.objects.get().read_at is None


def test_all_are_read_at_once_and_only_mine(client, person):
    notify(person)
    notify(person)
    notify(UserFactory())

    client.post(reverse("notifications:notification_read_all"))

    assert Notification.objects.unread().count() == 1


@pytest.mark.parametrize("name", ["notification_list", "notification_read_all"])
def test_strangers_log_in_first(client, name):
    response = client.post(reverse(f"notifications:{name}"))

    assert response.status_code in (302, 405)
    assert client.get(reverse(URL)).url.startswith(reverse("account_login"))


@pytest.mark.parametrize("count", [1, 3, 30])
def test_query_count_is_constant(client, person, django_assert_num_queries, count):
    for _ in range(count):
        notify(person)

    with django_assert_num_queries(3):
        response = client.get(reverse(URL))

    assert rows_of(response) == min(count, 25)


def test_the_bell_is_one_indexed_query(person):
    notify(person)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert Notification.objects.visible_to(person).unread()[:100].count() == 1
    assert len(queries) == 1

    plan = Notification.objects.visible_to(person).unread()[:100].explain()

    assert "notification_unread" in plan


class TestMails:
    def test_one_link_and_a_plain_twin(self, person, django_capture_on_commit_callbacks, mailoutbox, settings):
        with django_capture_on_commit_callbacks(execute=True):
            send(
                recipients=[person, person],
                kind="Convention",
                content="Signez la convention.\n\nElle vous attend & elle expire <demain>.",
                link="/conventions/1/",
                product="Carnet",
                subject="convention à signer",
                action="Signer la convention",
            )

        (mail,) = mailoutbox
        html = mail.alternatives[0].content
        assert mail.subject == "Carnet – convention à signer"
        assert mail.body.startswith("Signez la convention.")
        assert "& elle expire <demain>" in mail.body
        assert "&amp; elle expire &lt;demain&gt;" in html
        assert mail.body.count(f"{settings.SITE_URL}/conventions/1/") == 1
        assert html.count('href="') == 1
        assert "Signer la convention" in mail.body
        assert Notification.objects.count() == 1

    def test_no_mail_without_subject(self, person, django_capture_on_commit_callbacks, mailoutbox):
        with django_capture_on_commit_callbacks(execute=True):
            send(recipients=[person], kind="Convention", content="Pour information.")

        assert mailoutbox == []
        assert Notification.objects.count() == 1
