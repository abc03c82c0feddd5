"""The demo world’s measures are what their services make of recorded figures."""

import pytest

from ecoscore.demo import EDITOR, PRODUCT, create_demo_measures, read_recorded
from ecoscore.enums import MeasureState
from ecoscore.models import Measure, Result
from tests.factories import MembershipFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(settings):
    settings.CONVERGENCE = settings.CONVERGENCE | {"DEMO_MODE": True}
    settings.ECOSCORE_ALLOW_PRIVATE = True
    settings.ECOSCORE = settings.ECOSCORE | {"FINAL_PAUSE_MS": 5000}
    product = ProductFactory(name=PRODUCT)
    MembershipFactory(user=UserFactory(email=EDITOR), organisation=product.organisation)
    return product


def test_the_demo_site_has_a_heavy_and_a_sober_final_measure(product):
    create_demo_measures()
    create_demo_measures()

    heavy, sober = Measure.objects.filter(application__product=product).order_by("number")
    assert heavy.state == sober.state == MeasureState.PUBLISHED
    scores = [Result.objects.final().get(measure=each).ecoscore for each in (heavy, sober)]
    assert scores[1] - scores[0] >= 20
    assert "mesure réelle du site de démonstration" in str(Result.objects.final().first().content["bench"]["notes"])


@pytest.mark.parametrize("script", ["lourd", "sobre"])
def test_recorded_figures_are_those_of_three_whole_runs_of_an_isolated_bench(script):
    recorded = read_recorded(script)

    assert [run.failure for run in recorded.runs] == ["", "", ""]
    assert recorded.bench.is_isolated
    assert recorded.bench.pause_ms == 5000
