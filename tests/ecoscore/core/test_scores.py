"""The écoscore: anchors, medians, means, what moves which factor, and what forbids a final result."""

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convergence.kernel.canonical import canonical_json
from ecoscore.ecoindex import ecoindex
from ecoscore.factors import load
from ecoscore.figures import RunFigures
from ecoscore.gdsl.plan import StepKind
from ecoscore.scores import Teleconsultation, median, note, refusals, score, variation, whole
from tests.ecoscore.core.measures import idle, journey, measurement, step

METHOD = load()
FACTORS = ("energy", "data", "performance")

counts = st.integers(min_value=0, max_value=2_000_000_000)
decimals = st.decimals(min_value=0, max_value=100_000, places=3)


def scored(*runs, **options):
    return score(measurement(*runs, **options), METHOD)


def factors_of(scores):
    return {name: getattr(scores, name) for name in FACTORS}


def test_anchors_are_100_and_0_and_the_middle_of_a_ratio_is_50():
    assert note(Decimal(0), Decimal(1), Decimal(16)) == note(Decimal(1), Decimal(1), Decimal(16)) == 100
    assert note(Decimal(16), Decimal(1), Decimal(16)) == note(Decimal(1600), Decimal(1), Decimal(16)) == 0
    assert note(Decimal(4), Decimal(1), Decimal(16)) == 50


@settings(deadline=None)
@given(decimals, decimals)
def test_a_note_is_bounded_and_never_rises_with_what_it_notes(one, other):
    low, high = sorted((one, other))
    notes = [note(value, Decimal("0.25"), Decimal(4000)) for value in (low, high)]
    assert 100 >= notes[0] >= notes[1] >= 0


def test_a_measure_worked_by_hand():
    scores = scored(*[journey()] * 3)
    by_name = {each.name: each for each in scores.steps}

    # ln(5400 / 390) / ln(5400 / 144.7), ln(16 / 2) / ln 16, and a surplus of 4 J/s × (0.35 − 0.013 × 3 / 5) s over 20 W·s
    load_step = by_name["CHRGT_ACCUEIL"]
    assert round(load_step.data, 4) == Decimal("72.6071")
    assert load_step.performance == 75
    assert round(load_step.energy, 4) == Decimal("89.5206")
    assert round(by_name["ACTION_RECHERCHE"].performance, 4) == Decimal("68.4241")
    assert by_name["SCROLL_LISTE"].performance is None
    assert by_name["PAUSE_LISTE"].performance is None
    assert round(by_name["PAUSE_LISTE"].data, 4) == Decimal("63.3803")  # 5.4 kB in 30 s
    assert "REFERENCE" not in by_name
    assert by_name["BACKGROUND"].score == 100
    assert scores.performance == (load_step.performance + by_name["ACTION_RECHERCHE"].performance) / 2
    assert scores.exact == (scores.energy + scores.data + scores.performance) / 3
    assert scores.ecoscore == whole(scores.exact)
    assert scores.span == (scores.ecoscore, scores.ecoscore)


def test_the_largest_paint_counts_when_it_comes_after_the_awaited_text():
    assert scored(journey(lcp_ms=4_000)).steps[0].performance == scored(journey(response_ms=4_000)).steps[0].performance
    assert scored(journey(lcp_ms=1_000)) == scored(journey())


def test_a_load_that_waits_for_nothing_is_noted_by_its_paint_or_not_at_all():
    assert scored(journey(response_ms=None, lcp_ms=2_000)).performance == scored(journey()).performance
    assert scored(journey(response_ms=None)).steps[0].performance is None


def test_a_step_without_known_prefix_is_noted_as_an_action_and_hides_nothing():
    heavy = {"bytes_down": 5_000_000}
    named = scored((*journey(), step("ACTION_X", StepKind.ACTION, **heavy)))
    unnamed = scored((*journey(), step("X", StepKind.OTHER, **heavy)))
    assert factors_of(named) == factors_of(unnamed)


@settings(deadline=None)
@given(
    load=st.fixed_dictionaries(
        {},
        optional={
            "bytes_down": counts,
            "bytes_up": counts,
            "cpu_us": counts,
            "duration_ms": st.integers(0, 600_000),
            "response_ms": st.one_of(st.none(), counts),
            "lcp_ms": st.one_of(st.none(), counts),
        },
    )
)
def test_every_note_is_between_0_and_100(load):
    scores = scored(journey(**load))
    notes = [*factors_of(scores).values(), *(step.score for step in scores.steps), scores.exact]
    assert all(0 <= each <= 100 for each in notes if each is not None)


@settings(deadline=None)
@given(st.integers(0, 20_000_000), st.integers(1, 20_000_000))
def test_bytes_move_the_data_factor_only_and_never_upwards(start, more):
    before, after = scored(journey(bytes_down=start)), scored(journey(bytes_down=start + more))
    assert after.data <= before.data
    assert (after.energy, after.performance) == (before.energy, before.performance)


@settings(deadline=None)
@given(st.integers(0, 20_000), st.integers(1, 20_000))
def test_the_response_moves_the_performance_factor_only_and_never_upwards(start, more):
    before, after = scored(journey(response_ms=start)), scored(journey(response_ms=start + more))
    assert after.performance <= before.performance
    assert (after.energy, after.data) == (before.energy, before.data)


@settings(deadline=None)
@given(st.integers(0, 20_000_000), st.integers(1, 20_000_000))
def test_processor_time_moves_the_energy_factor_only_and_never_upwards(start, more):
    before, after = scored(journey(cpu_us=start)), scored(journey(cpu_us=start + more))
    assert after.energy <= before.energy
    assert (after.data, after.performance) == (before.data, before.performance)


@settings(deadline=None)
@given(st.integers(3_000, 30_000), st.integers(1, 30))
def test_waiting_idle_neither_earns_nor_loses_energy_points(duration_ms, seconds):
    """A second more of idle device is 2,600 µs more of processor, as in REFERENCE: to the last digit nothing moves."""
    before = scored(journey(duration_ms=duration_ms))
    after = scored(journey(duration_ms=duration_ms + 1_000 * seconds, cpu_us=350_000 + 2_600 * seconds))
    assert [round(each, 20) for each in factors_of(after).values()] == [
        round(each, 20) for each in factors_of(before).values()
    ]


@settings(deadline=None)
@given(st.integers(500, 30_000), st.integers(1, 5_000))
def test_time_without_work_moves_energy_by_less_than_a_point(duration_ms, more):
    before, after = scored(journey(duration_ms=duration_ms)), scored(journey(duration_ms=duration_ms + more))
    assert (after.data, after.performance) == (before.data, before.performance)
    assert abs(after.energy - before.energy) < 1


def test_the_plain_power_ratio_rises_with_delay_hence_it_is_not_the_score():
    """Negative control: power of the step over power of REFERENCE, noted from 1.05 to 2, pays for a slow server."""

    def ratio_note(seconds):
        power = (seconds + 4 * Decimal("0.35")) / seconds
        return note(power / (1 + 4 * Decimal("0.0026")) - 1, METHOD["energy_good"], METHOD["energy_bad"])

    assert ratio_note(Decimal(4)) > ratio_note(Decimal(3)) + 5
    before, after = scored(journey(duration_ms=3_000)), scored(journey(duration_ms=4_000, cpu_us=352_600))
    assert whole(before.energy) == whole(after.energy)


def test_a_faster_bench_gives_the_same_energy_once_calibrated():
    slow = (idle("REFERENCE", StepKind.REFERENCE, cpu_us=20_000), step("CHRGT_A", cpu_us=400_000))
    fast = (idle("REFERENCE", StepKind.REFERENCE, cpu_us=10_000), step("CHRGT_A", cpu_us=200_000))
    assert scored(slow, calibration="1").energy == scored(fast, calibration="2").energy


def test_a_gauge_of_the_device_is_believed_before_processor_time():
    def run(energy_mj, cpu_us):
        return (
            idle("REFERENCE", StepKind.REFERENCE, energy_mj=5_000),
            step("CHRGT_A", energy_mj=energy_mj, cpu_us=cpu_us),
        )

    assert scored(run(13_000, 1)).energy == scored(run(13_000, 5_000_000)).energy
    assert scored(run(13_000, 1)).energy < scored(run(8_000, 1)).energy
    assert scored(run(3_000, 1)).energy == 100  # the base of the three seconds


def test_the_median_ignores_one_run_that_went_astray():
    runs = [journey(), journey(bytes_down=9_000_000, cpu_us=9_000_000, response_ms=15_000), journey()]
    scores = scored(*runs)
    assert factors_of(scores) == factors_of(scored(journey()))
    assert scores.span[0] < scores.span[1] == scores.ecoscore
    assert median([Decimal(4), Decimal(1), Decimal(2), Decimal(3)]) == Decimal("2.5")


def test_a_run_that_failed_counts_for_nothing():
    failed = RunFigures(2, journey(bytes_down=9_000_000), "Le texte « Bienvenue » n’est pas apparu.")
    assert factors_of(scored(journey(), failed)) == factors_of(scored(journey()))


def test_without_reference_there_is_no_energy_and_no_ecoscore():
    scores = scored(journey()[1:])
    assert (scores.energy, scores.exact, scores.ecoscore, scores.span) == (None, None, None, None)
    assert scores.data is not None


def test_nothing_measured_has_no_score():
    scores = scored()
    assert (scores.ecoscore, scores.steps, scores.runs) == (None, (), ())


def test_the_context_of_the_caller_changes_nothing():
    expected = scored(*[journey()] * 3)
    with localcontext(Context(prec=4)):
        assert scored(*[journey()] * 3) == expected


def test_halves_round_up():
    assert [whole(Decimal(text)) for text in ("0.5", "1.5", "2.4999", "99.5")] == [1, 2, 2, 100]


def test_a_teleconsultation_is_the_mean_of_both_journeys_rounded_once():
    patient, professional = scored(journey()), scored(journey(bytes_down=3_000_000, response_ms=9_000))
    both = Teleconsultation(patient, professional)
    assert both.ecoscore == whole((patient.exact + professional.exact) / 2)
    assert professional.ecoscore < both.ecoscore < patient.ecoscore
    assert Teleconsultation(patient, scored(journey()[1:])).ecoscore is None


def test_a_score_has_one_canonical_form():
    scores = scored(*[journey()] * 3)
    text = canonical_json(scores.payload()).decode()
    assert '"data":"72.6071"' in text
    assert '"ecoindex":[{"grade":' in text
    assert canonical_json(scored(*[journey()] * 3).payload()).decode() == text


def test_a_good_measure_may_be_final():
    assert refusals(measurement(*[journey()] * 3), METHOD) == ()


def test_a_measure_with_failed_or_too_few_runs_is_refused_with_both_reasons():
    failed = RunFigures(3, (), "Le texte « Bienvenue » n’est pas apparu.")
    first, second = refusals(measurement(journey(), journey(), failed), METHOD)
    assert "n° 3 a échoué" in first
    assert "Bienvenue" in first
    assert "il y en a 2" in second


def test_bytes_that_vary_are_refused_with_the_figure():
    runs = [journey(), journey(), journey(bytes_down=500_000)]
    (reason,) = refusals(measurement(*runs), METHOD)
    assert "données échangées varient de 13\u00a0%" in reason
    assert refusals(measurement(journey(), journey(), journey(bytes_down=400_000)), METHOD) == ()


def test_a_response_that_varies_on_a_load_is_refused_by_its_name():
    runs = [journey(), journey(), journey(response_ms=2_500)]
    (reason,) = refusals(measurement(*runs), METHOD)
    assert "CHRGT_ACCUEIL" in reason
    assert refusals(measurement(journey(), journey(), journey(response_ms=2_300)), METHOD) == ()


@pytest.mark.parametrize(("kept", "expected"), [(slice(1, None), "REFERENCE"), (slice(0, -1), "BACKGROUND")])
def test_a_final_measure_needs_its_mandatory_steps(kept, expected):
    (reason,) = refusals(measurement(*[journey()[kept]] * 3), METHOD)
    assert expected in reason


def test_a_scenario_without_user_step_or_response_time_is_refused():
    steps = journey()
    assert any(
        "aucune étape de l’utilisateur" in each for each in refusals(measurement(*[(steps[0], steps[-1])] * 3), METHOD)
    )
    silent = (steps[0], *steps[3:])
    assert any("temps de réponse" in each for each in refusals(measurement(*[silent] * 3), METHOD))


def test_runs_that_did_not_measure_the_same_steps_are_refused():
    steps = journey()
    runs = [steps, steps, (*steps[:4], *steps[5:])]
    assert any("mêmes étapes" in each for each in refusals(measurement(*runs), METHOD))


def test_variation_is_the_sample_deviation_in_per_cent_of_the_mean():
    assert round(variation([Decimal(9), Decimal(10), Decimal(11)]), 10) == 10
    assert variation([Decimal(5)]) == variation([]) == variation([Decimal(0), Decimal(0)]) == 0


def test_ecoindex_of_known_pages():
    def of(dom, requests, size):
        return ecoindex("CHRGT_A", dom_nodes=dom, requests=requests, size_bytes=size, quantiles=METHOD.ecoindex)

    assert (of(100, 100, 100_000).score, of(100, 100, 100_000).grade) == (72, "B")
    assert (of(0, 0, 0).score, of(0, 0, 0).grade) == (100, "A")
    assert (of(10**9, 10**6, 10**12).score, of(10**9, 10**6, 10**12).grade) == (0, "G")


@settings(deadline=None)
@given(counts, counts, counts)
def test_ecoindex_is_bounded_and_never_rises_with_weight(dom, requests, size):
    def of(size_bytes):
        return ecoindex("A", dom_nodes=dom, requests=requests, size_bytes=size_bytes, quantiles=METHOD.ecoindex).score

    assume(size)
    assert 0 <= of(size) <= of(size // 2) <= 100
