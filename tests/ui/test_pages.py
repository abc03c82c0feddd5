"""The component page, the error pages and maintenance, as a client gets them."""

import re

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from convergence.ui import views
from convergence.ui.values import Action
from convergence.urls import handler400, handler403, handler404, handler500  # noqa: F401 — the URLconf below needs them
from tests.factories import MembershipFactory, UserFactory


@pytest.fixture
def staff(db):
    return UserFactory(is_staff=True)


def boom(request: HttpRequest):
    raise RuntimeError("secret detail")


urlpatterns = [path("boom/", boom)]


def test_component_page_is_for_staff(client, staff, django_assert_num_queries):
    client.force_login(staff)
    with django_assert_num_queries(2):  # session, person, memberships, roles, bell
        response = client.get("/ui/")
    assert response.status_code == 200
    assert "Composants de page" in response.content.decode()


def test_component_page_sends_others_to_login(client, db):
    client.force_login(UserFactory())
    assert client.get("/ui/").status_code == 302


def test_refused_form_comes_back_with_what_was_typed(client, staff):
    client.force_login(staff)
    response = client.post("/ui/", {"name": "Mon carnet", "opened_on": "31/2/2024"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="Mon carnet"' in page
    assert 'value="31/2/2024"' in page
    assert 'href="#id_opened_on"' in page


def test_confirmation_page_posts_where_the_modal_does(rf, staff):
    request = rf.get("/")
    request.user, request.session = staff, {}
    action = Action("Transmettre la fiche", "/go/", confirm_text="Elle partira.", hidden={"version": "3"})
    page = views.render_confirmation(request, action, cancel_url="/fiche/").render().content.decode()
    assert 'action="/go/"' in page
    assert "Elle partira." in page
    assert 'href="/fiche/"' in page


def test_autosave_refuses_a_stale_version_with_both_texts(client, staff):
    client.force_login(staff)
    first = client.post("/ui/enregistrement/", {"_fields": "text", "text": "un", "text-version": "1"})
    stale = client.post("/ui/enregistrement/", {"_fields": "text", "text": "deux", "text-version": "1"})
    assert (first.status_code, first["X-Autosave-Versions"]) == (200, '{"text-version": "2"}')
    assert stale.status_code == 409
    assert "un" in stale.content.decode()
    assert "deux" in stale.content.decode()


def test_frame_shows_person_organisation_and_tabs(client, db):
    membership = MembershipFactory(user__is_staff=True, user__first_name="Jeanne", user__last_name="Martin")
    client.force_login(membership.user)
    page = client.get("/ui/").content.decode()
    assert "Jeanne Martin" in page
    assert membership.organisation.name in page
    for tab in ("Tableau de bord", "Vos produits", "Mon espace santé", "SI de Téléconsultation"):
        assert tab in page


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (views.bad_request, 400, "Demande incomprise"),
        (views.permission_denied, 403, "Accès refusé"),
        (views.page_not_found, 404, "Page introuvable"),
        (views.server_error, 500, "Un problème est survenu de notre côté"),
        (views.csrf_failure, 403, "Ce formulaire a expiré"),
        (views.service_unavailable, 503, "Le service est en maintenance"),
    ],
)
def test_error_page_without_a_person_needs_no_database(view, status, words):
    response = view(RequestFactory().get("/"))
    assert response.status_code == status
    assert words in response.content.decode()


def test_unknown_address_gets_our_page(client, db):
    response = client.get("/nulle-part/")
    assert response.status_code == 404
    assert "Page introuvable" in response.content.decode()


def test_lost_person_keeps_the_menu(client, staff):
    client.force_login(staff)
    page = client.get("/nulle-part/").content.decode()
    assert "Page introuvable" in page
    assert "Se déconnecter" in page


@override_settings(ROOT_URLCONF=__name__)
def test_server_error_shows_a_support_code_and_no_detail():
    response = Client(raise_request_exception=False).get("/boom/")
    page = response.content.decode()
    assert response.status_code == 500
    assert re.search(r"<code>[0-9a-f-]{36}</code>", page)
    assert "secret detail" not in page


def test_form_without_token_is_explained(staff):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    response = client.post("/ui/", {})
    assert response.status_code == 403
    assert "Ce formulaire a expiré" in response.content.decode()


@pytest.mark.parametrize("by", ["setting", "file"])
def test_maintenance_answers_503_but_probes_go_on(client, settings, tmp_path, by):
    settings.MAINTENANCE = by == "setting"
    settings.MAINTENANCE_FILE = tmp_path / "maintenance"
    if by == "file":
        assert client.get("/ui/").status_code != 503
        settings.MAINTENANCE_FILE.touch()

    response = client.get("/ui/")
    assert response.status_code == 503
    assert response["Retry-After"] == "300"
    assert "maintenance" in response.content.decode()
    assert client.get("/healthz").status_code == 200
