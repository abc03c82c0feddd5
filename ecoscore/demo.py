"""The demo world’s measures: our small health site, heavy then sober, with figures recorded on a real bench.

Making them anew would hold a newcomer up for five minutes; the scenarios are there to be measured again, for real.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from convergence.accounts.demo import refuse_outside_demo
from convergence.accounts.models import User
from convergence.products.models import Product
from ecoscore.enums import Platform
from ecoscore.figures import BenchFacts, Measurement, RunFigures, StepFigures
from ecoscore.gdsl.plan import Plan, StepKind
from ecoscore.models import Application, Measure
from ecoscore.services import (
    ask_debug,
    ask_final,
    create_application,
    create_measure,
    measure_next,
    publish_result,
    save_scenario,
)

FOLDER = Path(settings.BASE_DIR) / "fixtures" / "ecoscore" / "demo"
PRODUCT, EDITOR = "Tension sereine", "mandataire@editeur.example"
NAME = "Carnet Val Santé (site de démonstration)"
#: Version as it is named, and the name of its script and of its recorded figures.
VERSIONS = (("1.0, pages lourdes", "lourd"), ("2.0, pages sobres", "sobre"))
WRITTEN_SITE = "http://127.0.0.1:8010"
RECORDED = (
    "Chiffres enregistrés lors d’une mesure réelle du site de démonstration, le 30 novembre 2026, puis rejoués à la création "
    "du monde de démonstration\u00a0: relancez la mesure pour en avoir de nouveaux."
)


def create_demo_measures() -> None:
    """One application with two final measures; running it again changes nothing.

    Nothing where the bench may not reach this machine: the site of the demo is on loopback.
    """
    refuse_outside_demo()
    if not settings.ECOSCORE_ALLOW_PRIVATE:
        return
    product = Product.objects.filter(name=PRODUCT).order_by("number").first()
    if product is None or Application.objects.filter(product=product, name=NAME).exists():
        return
    editor = User.objects.get(email=EDITOR)
    application = create_application(
        product=product,
        values={
            "name": NAME,
            "platform": Platform.WEB,
            "url": f"{settings.ECOSCORE['DEMO_SITE']}/sobre/",
            "journey": "Ouvrir l’accueil, chercher un conseil, parcourir la page, ouvrir ses mesures.",
        },
        actor=editor,
    )
    for version, script in VERSIONS:
        publish_result(measure_id=_measure(application, version, script, editor).pk, actor=editor)


def _measure(application: Application, version: str, script: str, editor: User) -> Measure:
    """From the scenario to the final result, by the services of the pages; the bench replays what was recorded."""
    text = (FOLDER / f"{script}.testgb").read_text(encoding="utf-8")
    measure = create_measure(application_id=application.pk, version=version, actor=editor)
    save_scenario(measure_id=measure.pk, text=text.replace(WRITTEN_SITE, settings.ECOSCORE["DEMO_SITE"]), actor=editor)
    recorded = read_recorded(script)
    for ask in (ask_debug, ask_final):
        ask(measure_id=measure.pk, actor=editor)
        measure_next(bench="banc enregistré", runner=_replay(recorded))
    return measure


def read_recorded(script: str) -> Measurement:
    """The figures of a real measure of the demo site, with a note that says so."""
    raw = json.loads((FOLDER / f"{script}.json").read_text(encoding="utf-8"))
    bench = BenchFacts(**{**raw["bench"], "notes": tuple(raw["bench"]["notes"])})
    runs = tuple(
        RunFigures(run["number"], tuple(_step(step) for step in run["steps"]), run["failure"]) for run in raw["runs"]
    )
    return Measurement(replace(bench, notes=(*bench.notes, RECORDED)), runs, raw["refusals"])


def _step(raw: Mapping[str, Any]) -> StepFigures:
    known = {each.name for each in fields(StepFigures)}
    return StepFigures(
        **{**{name: value for name, value in raw.items() if name in known}, "kind": StepKind(raw["kind"])}
    )


def _replay(recorded: Measurement) -> Callable[..., Measurement]:
    def runner(plan: Plan, *, watcher: Any, **_: Any) -> Measurement:
        watcher.log(RECORDED)
        return recorded

    return runner
