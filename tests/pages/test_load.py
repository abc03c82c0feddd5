"""`generate_load`: files for measures, which the pages read like any other."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from convergence.accounts.enums import Role, Theme
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature, ThemeReview, Verdict
from referencing.dossier.readers import read_payload
from tests.dossier.factories import make_dossier
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(settings):
    settings.CONVERGENCE = {**settings.CONVERGENCE, "DEMO_MODE": True}
    make_agent(Role.EXPERT, Theme.RGPD)
    return make_agent(Role.LISTING_TEAM)


def load(count: int = 40, *, seed: int = 1) -> list[tuple]:
    call_command("generate_load", candidatures=count, seed=seed)
    loaded = Candidature.objects.filter(organisation_name__contains=f" {seed}-").order_by("dossier__number")
    return list(loaded.values_list("pk", "state", "waiting_for", "applied_at"))


def test_files_are_in_every_hand_and_the_same_for_the_same_seed(agent):
    make_dossier()
    first, other = load(), load(seed=2)
    assert len(first) == len(other) == 40
    assert first[0][1] == CandidatureState.EVALUATION
    assert len({state for _, state, *_ in first}) > 5
    assert {pk for pk, *_ in first}.isdisjoint(pk for pk, *_ in other)
    with pytest.raises(CommandError, match="loaded already"):
        load()


def test_a_full_file_holds_the_frozen_answers_under_its_own_name(agent):
    dossier, _ = make_dossier()
    (first, *_), *_ = load()
    file = Candidature.objects.select_related("dossier").get(pk=first)
    content, model = read_payload(file.dossier), read_payload(dossier)
    assert content["questionnaires"] == model["questionnaires"]
    assert content["reference"] == file.dossier.reference != model["reference"]
    assert file.organisation_name == content["organisation"]["name"]
    assert ThemeReview.objects.filter(candidature=file).count() == len(model["questionnaires"])


def test_pages_of_the_instruction_read_them(client, agent):
    make_dossier()
    (first, *_), *_ = load()
    client.force_login(agent)
    assert "Santé 1-0" in client.get(reverse("candidature:candidature_list")).content.decode()
    pages = [("candidature_detail", []), ("examination", []), ("request_list", [])]
    if verdict := Verdict.objects.filter(candidature=first).first():
        pages.append(("criterion_review", [verdict.criterion]))
    for name, more in pages:
        assert client.get(reverse(f"candidature:{name}", args=[first, *more])).status_code == 200, name


def test_it_needs_a_dossier_to_copy(agent):
    with pytest.raises(CommandError):
        load()


def test_it_is_refused_outside_the_demo(settings):
    settings.DEBUG = False
    make_dossier()
    with pytest.raises(CommandError):
        load()
    assert not Candidature.objects.exists()
