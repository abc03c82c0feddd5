"""A measure from its scenario to its publication: who may, when, and every refusal."""

import hashlib
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from ecoscore.bench.driver import BenchError
from ecoscore.enums import MeasureKind, MeasureState, Purpose
from ecoscore.models import ApplicationSecret, BenchLine, Measure, Result, Scenario, Screenshot
from ecoscore.services import (
    ask_debug,
    ask_final,
    cancel_measure,
    check_environment,
    create_measure,
    keep_secret,
    measure_next,
    publish_result,
    reclaim_lost,
    save_scenario,
    watch,
    withdraw_result,
)
from ecoscore.services.applications import read_secrets
from ecoscore.services.bench import claim
from tests.ecoscore.factories import (
    PNG,
    SCRIPT,
    fake_runner,
    final_result,
    make_application,
    make_final,
    make_intermediate,
    make_measure,
)
from tests.factories import make_agent, make_member

pytestmark = pytest.mark.django_db
WRONG = SCRIPT.replace("waitUntilText", "waitUntilTxt")


def codes(refusal):
    return [each.code for each in refusal.value.blockers]


def fresh(measure):
    return Measure.objects.get(pk=measure.pk)


def test_a_new_measure_begins_with_the_mandatory_steps_and_no_error():
    application = make_application()

    measure = create_measure(application_id=application.pk, version="1.0", actor=application.created_by)

    assert measure.state == MeasureState.CHECKED
    assert "REFERENCE" in measure.scenario.text
    assert "BACKGROUND" in measure.scenario.text
    assert application.url in measure.scenario.text


def test_the_next_measure_takes_up_the_last_scenario():
    first = make_measure()

    second = create_measure(application_id=first.application_id, version="3.0", actor=first.created_by)

    assert (second.number, second.scenario) == (2, first.scenario)


def test_a_scenario_with_a_mistake_is_kept_as_a_draft_then_mended():
    measure = make_measure()

    wrong = save_scenario(measure_id=measure.pk, text=WRONG, actor=measure.created_by)
    assert (wrong.state, wrong.scenario.text) == (MeasureState.DRAFT, WRONG)

    mended = save_scenario(measure_id=measure.pk, text=SCRIPT, actor=measure.created_by)
    assert (mended.state, mended.scenario.text) == (MeasureState.CHECKED, SCRIPT)
    assert Scenario.objects.filter(application=measure.application).count() == 4


def test_the_same_text_again_makes_no_version():
    measure = make_measure()
    before = Scenario.objects.count()

    save_scenario(measure_id=measure.pk, text=SCRIPT.replace("\n", "\r\n"), actor=measure.created_by)

    assert Scenario.objects.count() == before


def test_a_written_scenario_never_changes():
    measure = make_measure()

    with pytest.raises(DatabaseError), transaction.atomic():
        Scenario.objects.filter(pk=measure.scenario_id).update(text="autre")


def test_an_intermediate_measure_gives_a_frozen_result_a_log_and_one_screenshot_per_step():
    measure = make_intermediate()

    assert (measure.state, measure.purpose, measure.lease) == (MeasureState.INTERMEDIATE, Purpose.INTERMEDIATE, None)
    result = Result.objects.get(measure=measure)
    assert 0 <= result.ecoscore <= 100
    assert result.sha256 == hashlib.sha256(bytes(result.payload)).hexdigest()
    assert result.script_sha256 == measure.scenario.sha256
    assert (result.method, result.bench, result.pause_ms) == (result.content["scores"]["method"], "banc-1", 5000)
    assert BenchLine.objects.get(measure=measure).text == "Le banc est prêt."
    shots = Screenshot.objects.filter(measure=measure)
    assert [each.step for each in shots.order_by("position")][:2] == ["REFERENCE", "CHRGT_ACCUEIL"]
    assert shots.first().image.read() == PNG


def test_a_result_never_changes_and_never_goes():
    measure = make_final()
    result = final_result(measure)

    for change in (lambda: Result.objects.filter(pk=result.pk).update(ecoscore=99), result.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_final_measure_asks_for_an_intermediate_one_of_this_very_script():
    measure = make_intermediate()
    save_scenario(measure_id=measure.pk, text=SCRIPT + "# revu\n", actor=measure.created_by)
    ask_debug(measure_id=measure.pk, actor=measure.created_by)
    cancel_measure(measure_id=measure.pk, actor=measure.created_by)

    with pytest.raises(TransitionRefused) as refusal:
        ask_final(measure_id=measure.pk, actor=measure.created_by)

    assert codes(refusal) == ["no_intermediate"]


def test_a_final_measure_asks_for_the_mandatory_steps():
    text = SCRIPT.replace("measureStart,REFERENCE", "measureStart,PAUSE_DEBUT")
    measure = make_intermediate(text=text)

    with pytest.raises(TransitionRefused) as refusal:
        ask_final(measure_id=measure.pk, actor=measure.created_by)

    assert "W101" in codes(refusal)


def test_the_final_measure_uses_its_own_pauses_and_tells_who_asked(settings, django_capture_on_commit_callbacks):
    settings.ECOSCORE = settings.ECOSCORE | {"FINAL_PAUSE_MS": 30_000}
    measure = make_intermediate()
    ask_final(measure_id=measure.pk, actor=measure.created_by)

    with django_capture_on_commit_callbacks(execute=True):
        measure_next(bench="banc", runner=fake_runner())

    assert fresh(measure).state == MeasureState.FINAL
    assert final_result(measure).pause_ms == 30_000
    told = Notification.objects.get(recipient=measure.created_by)
    assert f"écoscore {final_result(measure).ecoscore} sur 100" in told.content


def test_a_final_measure_that_the_method_refuses_fails_with_every_reason_and_keeps_its_figures():
    measure = make_intermediate()
    ask_final(measure_id=measure.pk, actor=measure.created_by)

    measure_next(bench="banc", runner=fake_runner(runs=2))

    measure = fresh(measure)
    assert measure.state == MeasureState.FAILED
    assert "La mesure finale est refusée" in measure.failure
    assert "3" in measure.failure
    assert not Result.objects.final().filter(measure=measure).exists()
    assert Result.objects.filter(measure=measure, series=2).exists()


def test_a_failed_measure_may_be_asked_again():
    measure = make_measure()
    ask_debug(measure_id=measure.pk, actor=measure.created_by)

    def refuse():
        raise BenchError("no_text", "Le texte « Bienvenue » n’apparaît pas en 30 s.")

    measure_next(bench="banc", runner=fake_runner(refuse))
    assert (fresh(measure).state, fresh(measure).failure) == (
        MeasureState.FAILED,
        "Le texte « Bienvenue » n’apparaît pas en 30 s.",
    )

    ask_debug(measure_id=measure.pk, actor=measure.created_by)
    measure_next(bench="banc", runner=fake_runner())
    assert fresh(measure).state == MeasureState.INTERMEDIATE
    assert fresh(measure).failure == ""


def test_runs_that_all_fail_say_why():
    measure = make_measure()
    ask_debug(measure_id=measure.pk, actor=measure.created_by)

    measure_next(bench="banc", runner=fake_runner(failure="La page ne répond pas."))

    assert (fresh(measure).state, fresh(measure).failure) == (MeasureState.FAILED, "La page ne répond pas.")


def test_what_a_bench_did_not_foresee_fails_with_a_code_for_support():
    measure = make_measure()
    ask_debug(measure_id=measure.pk, actor=measure.created_by)

    def explode():
        raise RuntimeError("boom")

    measure_next(bench="banc", runner=fake_runner(explode))

    assert fresh(measure).state == MeasureState.FAILED
    assert str(measure.pk) in fresh(measure).failure
    assert "boom" not in fresh(measure).failure


# -- the bench: one at a time, once only


def test_the_bench_takes_what_waited_longest():
    first, second = make_measure(), make_measure()
    ask_debug(measure_id=second.pk, actor=second.created_by)
    ask_debug(measure_id=first.pk, actor=first.created_by)

    assert claim(bench="banc", at=timezone.now()).pk == second.pk


def test_a_bench_holds_one_measure_and_another_bench_the_next():
    for measure in (make_measure(), make_measure()):
        ask_debug(measure_id=measure.pk, actor=measure.created_by)
    held = claim(bench="banc", at=timezone.now())

    assert claim(bench="banc", at=timezone.now()) is None
    assert claim(bench="autre", at=timezone.now()).pk != held.pk
    assert claim(bench="troisième", at=timezone.now()) is None


def test_the_database_refuses_a_second_lease_of_one_bench():
    for measure in (make_measure(), make_measure()):
        ask_debug(measure_id=measure.pk, actor=measure.created_by)
    held = claim(bench="banc", at=timezone.now())

    with pytest.raises(IntegrityError), transaction.atomic():
        Measure.objects.exclude(pk=held.pk).filter(state=MeasureState.DEBUGGING).update(lease=held.pk, bench="banc")


def test_a_cancelled_measure_is_not_written_by_the_bench_that_still_works():
    measure = make_measure()
    ask_debug(measure_id=measure.pk, actor=measure.created_by)

    def cancel():
        cancel_measure(measure_id=measure.pk, actor=measure.created_by)

    measure_next(bench="banc", runner=fake_runner(cancel))

    assert fresh(measure).state == MeasureState.CANCELLED
    assert not Result.objects.filter(measure=measure).exists()


def test_the_bench_hears_a_cancellation():
    measure = make_measure()
    ask_debug(measure_id=measure.pk, actor=measure.created_by)
    heard = []

    def runner(plan, *, watcher, **_):
        heard.append(watcher.is_cancelled())
        cancel_measure(measure_id=measure.pk, actor=measure.created_by)
        watcher.flush()
        heard.append(watcher.is_cancelled())
        raise BenchError("cancelled", "La mesure est annulée.")

    measure_next(bench="banc", runner=runner)

    assert heard == [False, True]
    assert (fresh(measure).state, fresh(measure).failure) == (MeasureState.CANCELLED, "")


def test_a_measure_that_lasts_too_long_is_stopped(settings):
    settings.ECOSCORE = settings.ECOSCORE | {"LONGEST_SECONDS": -1}
    measure = make_measure()
    ask_debug(measure_id=measure.pk, actor=measure.created_by)

    def runner(plan, *, watcher, **_):
        assert watcher.is_cancelled()
        raise BenchError("cancelled", "La mesure est annulée.")

    measure_next(bench="banc", runner=runner)

    assert "durée permise" in fresh(measure).failure


def test_a_dead_bench_is_given_up_with_a_reason_and_writes_nothing_when_it_comes_back():
    measure = make_intermediate()
    ask_final(measure_id=measure.pk, actor=measure.created_by)
    later = timezone.now() + timedelta(seconds=31)

    def given_up():
        assert reclaim_lost(at=timezone.now()) == 0
        assert reclaim_lost(at=later) == 1

    measure_next(bench="banc", runner=fake_runner(given_up))

    measure = fresh(measure)
    assert measure.state == MeasureState.FAILED
    assert "Le banc s’est arrêté pendant la mesure" in measure.failure
    assert not Result.objects.final().exists()
    assert reclaim_lost(at=later) == 0


def test_the_watch_wakes_a_bench_for_what_waits_and_only_then(monkeypatch):
    woken = []
    monkeypatch.setattr("ecoscore.tasks.measure_next.apply_async", lambda **options: woken.append(options))
    watch()
    assert woken == []

    measure = make_measure()
    ask_debug(measure_id=measure.pk, actor=measure.created_by)
    watch()
    assert len(woken) == 1

    claim(bench="banc", at=timezone.now())
    watch()
    assert len(woken) == 1


# -- environment, Android, secrets


def test_the_environment_is_checked_once_through_and_again_on_the_same_row():
    application = make_application()

    first = check_environment(application_id=application.pk, actor=application.created_by)
    measure_next(bench="banc", runner=fake_runner())
    again = check_environment(application_id=application.pk, actor=application.created_by)

    assert first == again
    assert (again.kind, again.purpose, again.runs, again.series) == (
        MeasureKind.ENVIRONMENT,
        Purpose.ENVIRONMENT,
        1,
        2,
    )


def test_an_environment_check_is_never_final():
    application = make_application()
    measure = check_environment(application_id=application.pk, actor=application.created_by)
    measure_next(bench="banc", runner=fake_runner())

    with pytest.raises(TransitionRefused) as refusal:
        ask_final(measure_id=measure.pk, actor=application.created_by)

    assert "environment_only" in codes(refusal)


def test_an_android_application_is_prepared_and_not_measured():
    application = make_application(platform="android", url="", package="fr.exemple.carnet")
    measure = create_measure(application_id=application.pk, version="1", actor=application.created_by)
    assert measure.state == MeasureState.CHECKED

    with pytest.raises(TransitionRefused) as refusal:
        ask_debug(measure_id=measure.pk, actor=application.created_by)

    assert codes(refusal) == ["no_device"]
    assert "Aucun terminal connecté" in str(refusal.value)


def test_a_private_address_is_refused_unless_the_setting_lifts_the_ban(settings):
    text = SCRIPT.replace("https://carnet.example/", "http://127.0.0.1:8000/")
    measure = make_measure(text=text)
    assert measure.state == MeasureState.DRAFT

    settings.ECOSCORE_ALLOW_PRIVATE = True
    assert save_scenario(measure_id=measure.pk, text=text, actor=measure.created_by).state == MeasureState.CHECKED


def test_a_secret_is_encrypted_and_given_to_the_bench_alone():
    text = SCRIPT.replace("waitUntilText,Bienvenue", "waitUntilText,Bienvenue\nenterText,${SECRET_CODE}")
    measure = make_measure(text=text)
    with pytest.raises(TransitionRefused) as refusal:
        ask_debug(measure_id=measure.pk, actor=measure.created_by)
    assert codes(refusal) == ["missing_secret"]

    keep_secret(application=measure.application, name="SECRET_CODE", value="1234-secret", actor=measure.created_by)
    ask_debug(measure_id=measure.pk, actor=measure.created_by)
    given = {}

    def runner(plan, *, secrets, **options):
        given.update(secrets)
        return fake_runner()(plan, **options)

    measure_next(bench="banc", runner=runner)

    assert given == {"SECRET_CODE": "1234-secret"} == read_secrets(measure.application)
    assert "1234" not in ApplicationSecret.objects.get().value
    assert b"1234-secret" not in bytes(Result.objects.get().payload)


# -- people


def test_a_colleague_who_may_not_validate_does_not_publish():
    measure = make_final()
    contributor = make_member(measure.product.organisation, MembershipType.SALARIE)

    with pytest.raises(PermissionDenied):
        publish_result(measure_id=measure.pk, actor=contributor)

    published = publish_result(measure_id=measure.pk, actor=measure.created_by)
    assert (published.state, published.published_at is not None) == (MeasureState.PUBLISHED, True)
    assert withdraw_result(measure_id=measure.pk, actor=measure.created_by).state == MeasureState.FINAL


def test_strangers_see_nothing_and_the_listing_team_changes_nothing():
    measure = make_measure()
    stranger, team = make_member(make_application().product.organisation), make_agent(Role.LISTING_TEAM)

    assert not Measure.objects.visible_to(stranger).filter(pk=measure.pk).exists()
    with pytest.raises(Measure.DoesNotExist):
        ask_debug(measure_id=measure.pk, actor=stranger)
    assert Measure.objects.visible_to(team).filter(pk=measure.pk).exists()
    with pytest.raises(PermissionDenied):
        ask_debug(measure_id=measure.pk, actor=team)


def test_a_concluded_measure_keeps_its_scenario():
    measure = make_final()

    with pytest.raises(TransitionRefused) as refusal:
        save_scenario(measure_id=measure.pk, text=WRONG, actor=measure.created_by)

    assert codes(refusal) == ["not_writable"]
