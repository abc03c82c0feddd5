from datetime import timedelta

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone

from convergence.drafts.models import TextDraft
from convergence.drafts.services import TEXT_LENGTH, delete_older, discard, restore, save_drafts
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
AT = timezone.now()


@pytest.fixture
def person():
    return UserFactory()


def test_draft_is_put_over_what_is_saved_until_it_says_the_same(person, django_assert_num_queries):
    save_drafts(user=person, form="verdict:1", texts={"text": "Il manque\r\nla date", "note": "saved"}, at=AT)

    with django_assert_num_queries(1):
        found = restore(user=person, form="verdict:1", values={"text": "", "note": "saved"})

    assert found.values == {"text": "Il manque\nla date", "note": "saved"}
    assert found.at == AT
    assert restore(user=person, form="verdict:1", values={"text": "Il manque\nla date", "note": "saved"}).at is None


def test_last_words_win(person):
    for text in ("un", "deux"):
        save_drafts(user=person, form="f", texts={"text": text}, at=AT)

    assert TextDraft.objects.get().text == "deux"


def test_draft_is_its_author_s_alone_and_of_one_form(person):
    save_drafts(user=person, form="f", texts={"text": "à moi"}, at=AT)

    assert restore(user=UserFactory(), form="f", values={"text": ""}).at is None
    assert restore(user=person, form="g", values={"text": ""}).at is None


def test_discarding_forgets_one_form(person):
    for form in ("f", "g"):
        save_drafts(user=person, form=form, texts={"text": "mots"}, at=AT)

    discard(user=person, form="f")

    assert list(TextDraft.objects.values_list("form", flat=True)) == ["g"]


def test_drafts_that_nobody_came_back_to_are_deleted(person):
    save_drafts(user=person, form="f", texts={"text": "vieux"}, at=AT - timedelta(days=100))
    save_drafts(user=person, form="g", texts={"text": "récent"}, at=AT)

    assert delete_older(before=AT - timedelta(days=90)) == 1
    assert TextDraft.objects.get().form == "g"


def post(client, values, form="f"):
    body = {**values, "_fields": list(values)}
    return client.post(reverse("drafts:draft_save", args=[form]), body, headers={"X-Autosave": "1"})


def test_page_keeps_what_is_typed(client, person, django_assert_num_queries):
    client.force_login(person)

    with django_assert_num_queries(5):  # session, person, memberships, roles, savepoint, upsert, release
        response = post(client, {"text": "Des mots", "note": ""})

    assert response.status_code == 200
    assert response["X-Saved-At"]
    assert restore(user=person, form="f", values={"text": "", "note": "x"}).values == {"text": "Des mots", "note": ""}


def test_text_that_is_too_long_is_refused_by_name_and_the_others_kept(client, person):
    client.force_login(person)

    response = post(client, {"text": "a" * (TEXT_LENGTH + 1), "note": "court"})

    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["text"]
    assert TextDraft.objects.get().field == "note"


def test_stranger_is_sent_to_the_login_page(client):
    assert post(client, {"text": "x"}).status_code == 302
    assert not TextDraft.objects.exists()


def test_tag_writes_the_attributes_of_the_form():
    template = Template("{% load drafts %}<form {% draft_attributes key %}>")

    assert template.render(Context({"key": "verdict:1"})) == (
        '<form data-autosave-url="/brouillons/verdict:1/" data-autosave-form="verdict:1" data-draft>'
    )
