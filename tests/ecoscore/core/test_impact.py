"""Impacts per journey: worked by hand, split, ranged, weighed; and the figures that they come from."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergence.kernel.canonical import canonical_json
from ecoscore import factors
from ecoscore.factors import FactorsRefused, Mark, load, parse, rounded
from ecoscore.gdsl.plan import StepKind
from ecoscore.impact import Brick, Device, Indicator, project, teleconsultation
from tests.ecoscore.core.measures import idle, journey, measurement, step

METHOD = load()
SOURCE = (factors.FOLDER / f"{METHOD.version}.yaml").read_text()


def projected(*steps, **options):
    return project(measurement(steps or journey()), METHOD, **options)


def demo():
    """The journey of the method's own worked example: 17.8 s, 1.55 s of processor, 0.39 MB."""
    return projected(step("CHRGT_A", bytes_down=390_000, bytes_up=0, cpu_us=1_550_000, duration_ms=17_800))


def test_the_worked_example_of_the_method():
    impacts = demo()
    assert round(impacts.energy_j.value, 3) == Decimal("24.195")
    assert round(impacts.charge_mah, 2) == Decimal("1.75")
    assert round(impacts.co2.value, 3) == Decimal("0.102")
    assert round(impacts.water.value, 4) == Decimal("0.0153")
    assert round(impacts.land.value * 10_000, 2) == Decimal("0.21")  # cm²
    grams = {each.brick: round(each.co2, 4) for each in impacts.bricks}
    assert grams == {
        Brick.DEVICE_MANUFACTURE: Decimal("0.0978"),
        Brick.DEVICE_USE: Decimal("0.0003"),
        Brick.NETWORK: Decimal("0.0010"),
        Brick.SERVER: Decimal("0.0033"),
    }
    assert 95 < impacts.share(Brick.DEVICE_MANUFACTURE) < 96
    assert sum(impacts.share(brick) for brick in Brick).quantize(Decimal("1e-20")) == 100
    assert round(impacts.co2_with_network_manufacture, 4) == Decimal("0.1206")  # 49.4 g/GB instead of 2.6


def test_technical_steps_are_no_part_of_the_journey():
    impacts = projected()
    assert [each.name for each in impacts.steps] == ["CHRGT_ACCUEIL", "ACTION_RECHERCHE", "SCROLL_LISTE", "PAUSE_LISTE"]
    assert impacts.duration_s == 14
    assert round(sum(each.share for each in impacts.steps), 20) == 100
    assert round(sum(each.co2 for each in impacts.steps), 20) == round(impacts.co2.value, 20)


def test_the_range_holds_the_value_and_what_each_figure_does_alone():
    impacts = demo()
    for found in (impacts.energy_j, impacts.co2, impacts.water, impacts.land):
        assert found.low < found.value < found.high
    assert {each.code for each in impacts.weights} == {
        "base_power_w",
        "joules_per_cpu_second",
        "joules_per_mb",
        "battery_cycles",
        "device_co2_g",
        "electricity_co2_g",
    }
    for weight in impacts.weights:
        assert impacts.co2.low <= min(weight.at_low, weight.at_high)
        assert max(weight.at_low, weight.at_high) <= impacts.co2.high
    assert impacts.weights[0].code == "base_power_w"
    assert [each.span for each in impacts.weights] == sorted((each.span for each in impacts.weights), reverse=True)
    assert round(sum(each.share for each in impacts.weights), 20) == 100


def test_more_cycles_of_a_battery_lower_the_impact():
    (cycles,) = [each for each in demo().weights if each.code == "battery_cycles"]
    assert cycles.at_high < cycles.at_low


@settings(deadline=None)
@given(
    st.sampled_from(["bytes_down", "bytes_up", "cpu_us", "duration_ms"]),
    st.integers(0, 100_000_000),
    st.integers(1, 100_000_000),
)
def test_no_impact_falls_when_more_is_used(figure, start, more):
    less, greater = (projected(step("ACTION_A", StepKind.ACTION, **{figure: value})) for value in (start, start + more))
    for indicator in Indicator:
        assert less.total(indicator).value <= greater.total(indicator).value
        assert less.total(indicator).low <= less.total(indicator).value <= less.total(indicator).high
    assert less.co2.value < greater.co2.value


@settings(deadline=None)
@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_bytes_alone_weigh_on_network_and_servers_in_proportion(one, other):
    def grams(count):
        impacts = projected(step("ACTION_A", StepKind.ACTION, bytes_down=count, bytes_up=0))
        return {each.brick: each.co2 for each in impacts.bricks}

    first, second, both, none = grams(one), grams(other), grams(one + other), grams(0)
    for brick in (Brick.NETWORK, Brick.SERVER):
        assert none[brick] == 0
        assert round(first[brick] + second[brick], 20) == round(both[brick], 20)


def test_a_laptop_wears_by_the_hour_and_its_water_is_not_evaluated():
    impacts = projected(device=Device.LAPTOP)
    made = impacts.bricks[0]
    assert round(made.co2, 6) == round(Decimal(14) / 3600 / 13140 * 175_000, 6)
    assert made.ranges[Indicator.WATER] is None
    assert impacts.water is None
    assert impacts.land is None
    assert {each.thing.indicator for each in impacts.equivalents} == {"co2", "energy"}
    assert impacts.payload()["water"] is None


def test_a_call_measured_for_thirty_seconds_is_brought_to_a_whole_consultation():
    call = step("ACTION_APPEL", StepKind.ACTION, duration_ms=30_000, bytes_down=3_000_000, bytes_up=3_000_000)
    alone = projected(step("ACTION_X", StepKind.ACTION, duration_ms=30_000, bytes_down=3_000_000, bytes_up=3_000_000))
    whole = projected(call)
    assert whole == projected(call, call_step="ACTION_APPEL")
    assert (whole.payload()["call_step"], alone.payload()["call_step"]) == ("ACTION_APPEL", None)
    assert whole.duration_s == 900
    assert whole.megabytes == 180
    assert round(whole.co2.value, 20) == round(30 * alone.co2.value, 20)
    assert "teleconsultation_s" in {each.code for each in whole.weights}
    with pytest.raises(ValueError, match="ACTION_AUTRE"):
        projected(call, call_step="ACTION_AUTRE")


def test_a_teleconsultation_is_the_mean_of_both_journeys():
    patient, professional = projected(), demo()
    both = teleconsultation(patient, professional)
    assert round(both[Indicator.CO2].value, 20) == round((patient.co2.value + professional.co2.value) / 2, 20)
    assert teleconsultation(patient, projected(device=Device.LAPTOP))[Indicator.WATER] is None


def test_a_gauge_replaces_the_model_only_when_every_step_has_it():
    gauged = step("CHRGT_A", energy_mj=9_000)
    assert projected(gauged).energy_j.value == projected(gauged).energy_j.low == 9
    assert projected(gauged).is_energy_measured
    assert not projected(gauged, step("CHRGT_B")).is_energy_measured


def test_equivalents_say_their_source_and_are_for_a_thousand_executions():
    counts = {each.thing.code: each for each in demo().equivalents}
    assert round(counts["smartphone"].count * 100, 2) == Decimal("0.12")  # per cent of one
    assert round(counts["box"].count, 2) == Decimal("0.67")
    assert round(counts["glass"].count) == 77
    assert all(each.thing.source and each.thing.mark in Mark for each in counts.values())


def test_nothing_measured_has_no_impact():
    with pytest.raises(ValueError, match="aucune étape"):
        projected(idle("REFERENCE", StepKind.REFERENCE))


def test_impacts_have_one_canonical_form():
    text = canonical_json(demo().payload()).decode()
    assert '"co2":{"high":"0.277492","low":"0.0232439","value":"0.102331"}' in text
    assert text == canonical_json(demo().payload()).decode()


@settings(deadline=None)
@given(st.decimals(min_value="1e-9", max_value="1e9", allow_nan=False), st.integers(1, 8))
def test_published_values_are_rounded_once_halves_up(value, digits):
    published = rounded(value, digits)
    assert len(published.as_tuple().digits) <= digits
    assert published == +value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), rounding=ROUND_HALF_UP)


# --- the figures


def test_every_figure_has_a_source_a_year_a_mark_and_bounds():
    assert METHOD.version == factors.CURRENT
    assert METHOD.version in factors.versions()
    for figure in METHOD.figures.values():
        assert figure.source
        assert 2000 <= figure.year <= 2026
        assert figure.low <= figure.value <= figure.high
    hypotheses = {code for code, figure in METHOD.figures.items() if figure.mark is Mark.HYPOTHESIS}
    assert {"joules_per_cpu_second", "joules_per_mb", "battery_capacity_mah", "land_of_electricity_m2"} <= hypotheses


def test_the_snapshot_of_a_method_tells_every_change():
    assert METHOD.sha256 == load(METHOD.version).sha256
    assert METHOD.where(base_power_w=Decimal(2)).sha256 != METHOD.sha256
    assert METHOD["base_power_w"] == 1


@pytest.mark.parametrize("version", ["1999-1", "../../etc/passwd", "", "2026-1.yaml"])
def test_an_unknown_method_is_refused(version):
    with pytest.raises(FactorsRefused):
        load(version)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('value: "144.7"', "value: 144.7", "guillemets"),
        ('value: "144.7"', 'value: "lourd"', "pas un nombre"),
        ('value: "144.7"', 'value: "-1"', "positif"),
        ('value: "144.7"', 'value: "6000"', "inférieur à data_load_bad"),
        ('low: "0.5"', 'low: "1.5"', "entre ses bornes"),
        ("base_power_w:", "power:", "base_power_w"),
        ("mark: K}", "mark: Z}", "S, M, H ou K"),
        ("dom: [0, 47", "dom: [0, 76", "21 valeurs croissantes"),
        ("indicator: land", "indicator: moon", "indicateur"),
        ("title:", "titre:", "title"),
    ],
)
def test_a_wrong_file_of_figures_is_refused_with_the_reason(before, after, expected):
    assert before in SOURCE
    with pytest.raises(FactorsRefused, match=expected):
        parse(SOURCE.replace(before, after))
