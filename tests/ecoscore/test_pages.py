"""The pages of the écoscore: what they say, without scripts, and how much they ask of the database."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from convergence.accounts.enums import MembershipType
from ecoscore.enums import MeasureState
from ecoscore.figures import RunFigures
from ecoscore.models import Application, Measure, Result
from ecoscore.printing import facts_of
from ecoscore.report import read
from ecoscore.services import ask_debug, check_environment, measure_next
from ecoscore.services.bench import claim
from tests.ecoscore.factories import (
    SCRIPT,
    fake_runner,
    final_result,
    make_application,
    make_final,
    make_intermediate,
    make_measure,
    make_measurement,
)
from tests.factories import make_member

pytestmark = pytest.mark.django_db


def address(name, *arguments):
    return reverse(f"ecoscore:{name}", args=arguments)


def text_of(response):
    return " ".join(strip_tags(response.content.decode().replace("<", " <")).split())


@pytest.fixture
def application(client):
    application = make_application()
    client.force_login(application.created_by)
    return application


def test_an_application_is_registered_from_the_product(client, application):
    product = application.product
    assert (
        address("application_list", product.pk)
        in client.get(reverse("pages:product_detail", args=[product.pk])).content.decode()
    )

    refused = client.post(address("application_create", product.pk), {"name": "App", "platform": "web", "url": "ici"})
    assert refused.status_code == 422
    assert "adresse de site complète" in text_of(refused)
    assert 'value="App"' in refused.content.decode()

    same = {"name": "site des PATIENTS", "platform": "web", "url": "https://a.example/"}
    assert "déjà une application de ce nom" in text_of(client.post(address("application_create", product.pk), same))

    created = client.post(
        address("application_create", product.pk),
        {"name": "Mobile", "platform": "android", "package": "fr.exemple.carnet"},
    )
    android = Application.objects.get(name="Mobile")
    assert created.url == address("application_detail", android.pk)
    assert "Aucun terminal connecté" in text_of(client.get(created.url))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_for_one_row_and_for_three(client, application, count, django_assert_num_queries):
    for number in range(1, count):
        make_final(make_application(application.product, name=f"Application {number}"))
    make_final(application)

    with django_assert_num_queries(5):
        response = client.get(address("application_list", application.product.pk))

    assert response.content.decode().count("data-row") == count


@pytest.mark.parametrize("count", [1, 3])
def test_an_application_asks_the_same_for_one_measure_and_for_three(
    client, application, count, django_assert_num_queries
):
    for number in range(count):
        make_final(application, measured_version=f"2.{number}")

    with django_assert_num_queries(6):
        response = client.get(address("application_detail", application.pk))

    assert response.content.decode().count("data-row") == count
    assert ("Évolution entre versions" in response.content.decode()) == (count > 1)


def test_results_that_do_not_compare_stay_out_of_the_evolution(client, application):
    make_final(application, measured_version="1.0", version="banc-0")
    for number in (1, 2):
        make_final(application, measured_version=f"2.{number}")

    text = text_of(client.get(address("application_detail", application.pk)))

    assert "1 résultat d’une autre méthode, d’un autre banc ou d’autres pauses n’entre pas" in text


def test_a_mistake_in_the_scenario_is_shown_kept_and_mended(client, application):
    measure = make_measure(application)
    edit = address("scenario_edit", measure.pk)
    wrong = SCRIPT.replace("waitUntilText,Bienvenue", "waitUntilTxt,Bienvenue")

    refused = client.post(edit, {"text": wrong})
    assert refused.status_code == 422
    assert "Enregistré comme brouillon" in text_of(refused)
    assert "waitUntilTxt" in refused.content.decode()
    assert "waitUntilText" in text_of(refused)
    page = text_of(client.get(address("measure_detail", measure.pk)))
    assert "Avant de mesurer, corrigez le scénario" in page
    assert "Ligne 12" in page

    assert client.post(edit, {"text": SCRIPT}).url == address("measure_detail", measure.pk)
    assert Measure.objects.get(pk=measure.pk).state == MeasureState.CHECKED


def test_the_bench_at_work_is_followed_with_and_without_scripts(client, application, django_assert_num_queries):
    first, second = make_measure(application), make_measure(application)
    ask_debug(measure_id=first.pk, actor=application.created_by)
    ask_debug(measure_id=second.pk, actor=application.created_by)
    claim(bench="banc", at=first.created_at)
    Measure.objects.filter(pk=first.pk).update(progress=40, message="Répétition 2 sur 3 : CHRGT_ACCUEIL")

    page = client.get(address("measure_detail", first.pk)).content.decode()
    assert 'hx-trigger="load delay:2s"' in page
    assert "Répétition 2 sur 3" in page
    assert "Actualiser" in page
    with django_assert_num_queries(4):
        fragment = client.get(address("measure_detail", first.pk), headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    assert "40 %" in text_of(fragment)
    assert "1 mesure avant la vôtre" in text_of(client.get(address("measure_detail", second.pk)))


def test_when_the_bench_has_ended_the_fragment_is_the_whole_page_that_htmx_replaces(client, application):
    """The buttons and results change too: the page is loaded again rather than its part."""
    measure = make_intermediate(application)

    response = client.get(address("measure_detail", measure.pk), headers={"HX-Request": "true"})

    assert response.headers["HX-Refresh"] == "true"


def test_cancelling_asks_first(client, application):
    measure = make_measure(application)
    ask_debug(measure_id=measure.pk, actor=application.created_by)

    asked = client.get(address("measure_cancel", measure.pk))
    assert "ne garde aucun chiffre" in text_of(asked)
    client.post(address("measure_cancel", measure.pk))

    assert Measure.objects.get(pk=measure.pk).state == MeasureState.CANCELLED
    assert client.get(address("measure_cancel", measure.pk)).status_code == 302


def test_a_refusal_is_told_on_the_page_of_the_measure(client, application):
    measure = make_measure(application)

    response = client.post(address("measure_queue", measure.pk), follow=True)

    assert "n’est plus possible" in text_of(response)


def test_the_final_measure_is_offered_once_an_intermediate_one_is_there(client, application):
    measure = make_measure(application)
    assert "Lancer la mesure finale" not in text_of(client.get(address("measure_detail", measure.pk)))

    proved = make_intermediate(application)
    assert "Lancer la mesure finale" in text_of(client.get(address("measure_detail", proved.pk)))


def test_the_report_says_figures_advice_sources_and_limits(client, application, django_assert_num_queries):
    result = final_result(make_final(application, weight=4))

    with django_assert_num_queries(4):
        response = client.get(address("report_detail", result.pk))

    text = text_of(response)
    for words in (
        f"{result.ecoscore} sur 100",
        "estimée (modèle)",
        "Étapes les plus coûteuses",
        "Thème du RGESN",
        "CHRGT_ACCUEIL",
        "exécutions équivalent à",
        "Base Empreinte",
        "Ce que cette mesure ne sait pas",
        "aucun capteur de batterie",
        result.sha256,
        "10.0.0.1:80 (1 fois)",
    ):
        assert words in text


def test_the_report_puts_the_runs_side_by_side(client, application):
    sentence = "Le texte « Bienvenue » n’est pas apparu."

    def uneven(plan, **_):
        light, heavy = (make_measurement(plan, runs=1, weight=weight) for weight in (1, 2))
        runs = (light.runs[0], replace(heavy.runs[0], number=2), RunFigures(3, light.runs[0].steps[:2], sentence))
        return replace(light, runs=runs)

    measure = make_measure(application)
    ask_debug(measure_id=measure.pk, actor=application.created_by)
    measure_next(bench="banc", runner=uneven)

    response = client.get(address("report_detail", Result.objects.get(measure=measure).pk))
    first, second, third = response.context["run_rows"]
    assert [row[0] for row in (first, second, third)] == ["N°\u00a01", "N°\u00a02", "N°\u00a03"]
    assert (first[2:], second[2:]) == (
        ["608,0", "24", "970", "2\u202f400", "Menée à son terme"],
        ["1\u202f212,0", "48", "1\u202f940", "2\u202f400", "Menée à son terme"],
    )
    assert first[1] > second[1]
    assert (third[1], third[-1]) == ("sans objet", sentence)
    assert "Les répétitions côte à côte" in text_of(response)
    assert sentence in text_of(response)


def test_a_measure_of_the_night_has_the_day_of_paris(application):
    result = final_result(make_final(application))
    result.measured_at = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    facts = {item.label: item.value for item in facts_of(result, read(result.content))}
    assert facts["Mesuré le"] == date(2026, 12, 1)


def test_the_pdf_is_that_of_the_frozen_result(client, application):
    result = final_result(make_final(application))

    response = client.get(address("report_pdf", result.pk))

    assert response.content.startswith(b"%PDF-1.7")
    assert result.sha256[:8] in response.headers["Content-Disposition"]


def test_two_results_stand_side_by_side(client, application):
    one, other = (final_result(make_final(application, weight=weight)) for weight in (1, 6))

    text = text_of(client.get(address("report_compare", application.pk), {"a": one.pk, "b": other.pk}))

    assert f"Écoscore {one.ecoscore} {other.ecoscore} −{one.ecoscore - other.ecoscore}" in text
    assert "CHRGT_ACCUEIL" in text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": "banc-2"}, "la même version du banc"),
        ({"pause_ms": 10_000}, "Les pauses ne sont pas les mêmes"),
    ],
)
def test_results_of_other_conditions_are_not_compared(client, application, changes, reason):
    one = final_result(make_final(application))
    other = final_result(make_final(application, **changes))

    response = client.get(address("report_compare", application.pk), {"a": one.pk, "b": other.pk})

    assert reason in text_of(response)
    assert "Écoscore et facteurs" not in text_of(response)


def test_results_of_another_application_are_not_found(client, application):
    foreign = final_result(make_final())
    own = final_result(make_final(application))

    response = client.get(address("report_compare", application.pk), {"a": own.pk, "b": foreign.pk})

    assert response.status_code == 404


def test_the_environment_is_checked_from_the_application(client, application):
    page = address("application_detail", application.pk)
    assert "Vérifier l’environnement" in text_of(client.get(page))

    check_environment(application_id=application.pk, actor=application.created_by)
    measure_next(bench="banc", runner=fake_runner())

    text = text_of(client.get(page))
    assert "Environnement vérifié" in text
    assert "voir ce que donne la première page" in text
    assert Result.objects.get().purpose == "environment"


def test_a_secret_is_kept_and_never_shown(client, application):
    page = address("secret_list", application.pk)
    assert "SECRET_" in text_of(client.post(page, {"name": "motdepasse", "value": "x"}))

    client.post(page, {"name": "SECRET_CODE", "value": "valeur-cachée"})
    text = client.get(page).content.decode()
    assert "SECRET_CODE" in text
    assert "valeur-cachée" not in text

    client.post(page, {"forget": "SECRET_CODE"})
    assert "Aucun secret gardé" in text_of(client.get(page))


def test_a_contributor_reads_and_measures_and_does_not_publish(client, application):
    measure = make_final(application)
    client.force_login(make_member(application.product.organisation, MembershipType.SALARIE))

    page = text_of(client.get(address("measure_detail", measure.pk)))
    assert "Publier le résultat" not in page
    assert client.post(address("measure_publish", measure.pk)).status_code == 403


def test_what_the_bench_saw_is_an_image_and_nothing_else(client, application):
    measure = make_intermediate(application)
    shot = measure.screenshots.order_by("position")[0]

    response = client.get(address("screenshot_show", shot.pk))

    assert response.headers["Content-Type"] == "image/png"
    assert "sandbox" in response.headers["Content-Security-Policy"]
