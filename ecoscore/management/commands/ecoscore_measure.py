"""Measure a GDSL script on this machine’s Chromium; no database is needed."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from convergence.kernel.canonical import canonical_json
from ecoscore.bench.driver import BenchError, Pass
from ecoscore.bench.runner import measure
from ecoscore.factors import load
from ecoscore.figures import Measurement, RunFigures
from ecoscore.gdsl import check, read
from ecoscore.impact import Indicator, project
from ecoscore.scores import refusals, score, valid_runs, whole
from questionnaires.management.files import read_file

_COLUMNS = ("bytes_down", "bytes_up", "requests", "response_ms", "cpu_ms", "duration_ms")


class Command(BaseCommand):
    help = "Mesure un script GDSL sur le Chromium de cette machine : chiffres par exécution et par étape, puis scores et impacts."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--runs", type=int, default=3, help="nombre d’exécutions (3)")
        parser.add_argument("--pause", type=int, default=5000, metavar="MS", help="valeur de ${PAUSEDURATION} (5000)")
        parser.add_argument(
            "--after-load", type=int, default=1000, metavar="MS", help="valeur de ${PAUSEAFTERLOAD} (1000)"
        )
        parser.add_argument(
            "--secret", action="append", default=[], metavar="NOM=VALEUR", help="valeur de ${SECRET_NOM}"
        )
        parser.add_argument(
            "--allow-private", action="store_true", help="permet les adresses privées : pour un site de cette machine"
        )
        parser.add_argument("--json", action="store_true", help="le résultat en JSON sur la sortie standard")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["runs"] < 1:
            raise CommandError("Il faut au moins une exécution.")
        text, unreadable = read(read_file(options["file"]))
        if unreadable is not None:
            raise CommandError(unreadable.message)
        checked = check(
            text,
            variables={"PAUSEDURATION": str(options["pause"]), "PAUSEAFTERLOAD": str(options["after_load"])},
            allow_private=options["allow_private"],
        )
        for diagnostic in checked.diagnostics:
            self.stderr.write(
                f"{diagnostic.line}:{diagnostic.column} {diagnostic.code} {diagnostic.message} {diagnostic.suggestion}".rstrip()
            )
        if checked.plan is None:
            raise CommandError("Le script contient des erreurs : rien n’a été mesuré.")
        watcher = _Terminal(self)
        before = signal.signal(signal.SIGTERM, watcher.stop), signal.signal(signal.SIGINT, watcher.stop)
        try:
            measurement = measure(
                checked.plan,
                runs=options["runs"],
                pause_ms=options["pause"],
                allow_private=options["allow_private"],
                secrets=_secrets(options["secret"]),
                watcher=watcher,
            )
        except BenchError as error:
            raise CommandError(str(error)) from error
        finally:
            for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
                signal.signal(number, handler)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(measurement), ensure_ascii=False, indent=2))
        else:
            self._show(measurement)
            if valid_runs(measurement):
                self._show_scores(measurement)
        if any(run.failure for run in measurement.runs):
            sys.exit(1)

    def _show(self, measurement: Measurement) -> None:
        bench = measurement.bench
        self.stdout.write(
            f"{bench.browser}, banc {bench.version}, calibration {bench.calibration}, pauses {bench.pause_ms} ms, "
            f"charge {bench.load}, {'isolé' if bench.is_isolated else 'NON ISOLÉ'}"
        )
        for note in bench.notes:
            self.stdout.write(f"  {note}")
        for run in measurement.runs:
            self.stdout.write(f"\nExécution {run.number}")
            self.stdout.write(f"  {'':24}" + "".join(f"{column:>13}" for column in _COLUMNS))
            for row in _rows(run):
                cells = "".join(f"{_text(row[column]):>13}" for column in _COLUMNS)
                mark = "" if row["is_quiet"] else "  réseau jamais au repos"
                self.stdout.write(f"  {row['name']:24}{cells}{mark}")
            if run.failure:
                self.stdout.write(f"  Échec : {run.failure}")
        for where, count in measurement.refusals.items():
            self.stdout.write(f"Adresse refusée : {where} ({count} fois)")

    def _show_scores(self, measurement: Measurement) -> None:
        factors = load()
        scores, impacts = score(measurement, factors), project(measurement, factors)
        span = f", de {scores.span[0]} à {scores.span[1]} selon l’exécution" if scores.span else ""
        self.stdout.write(f"\nÉcoscore : {_text(scores.ecoscore)} sur 100{span} (méthode {scores.method})")
        self.stdout.write(f"  {'':24}{'énergie':>13}{'données':>13}{'performance':>13}")
        rows = [("ensemble", scores.energy, scores.data, scores.performance)]
        rows += [(step.name, step.energy, step.data, step.performance) for step in scores.steps]
        for name, *notes in rows:
            self.stdout.write(f"  {name:24}" + "".join(f"{_text(whole(note)):>13}" for note in notes))
        for indicator in Indicator:
            found = impacts.total(indicator)
            if found is not None:
                plain = {name: f"{value:f}" for name, value in found.payload().items()}
                self.stdout.write(
                    f"{indicator.label} : {plain['value']} {indicator.unit} (de {plain['low']} à {plain['high']}), estimés"
                )
        for reason in refusals(measurement, factors):
            self.stdout.write(f"Ne peut pas être une mesure finale : {reason}")


def as_json(measurement: Measurement) -> dict[str, Any]:
    """The measurement as JSON values, each step with the columns that are printed."""
    factors = load()
    has_runs = bool(valid_runs(measurement))
    return {
        "scores": _plain(score(measurement, factors).payload()) if has_runs else None,
        "impacts": _plain(project(measurement, factors).payload()) if has_runs else None,
        "refused_as_final": list(refusals(measurement, factors)),
        "bench": asdict(measurement.bench),
        "runs": [{"number": run.number, "failure": run.failure, "steps": _rows(run)} for run in measurement.runs],
        "refusals": dict(measurement.refusals),
    }


def _plain(payload: dict[str, Any]) -> Any:
    """As canonical JSON writes it: decimals are text."""
    return json.loads(canonical_json(payload))


def _rows(run: RunFigures) -> list[dict[str, Any]]:
    rows = []
    for step in run.steps:
        row = asdict(step)
        row["kind"] = step.kind.value
        row["cpu_ms"] = round(step.cpu_us / 1000, 1)
        rows.append(row)
    return rows


def _text(value: Any) -> str:
    return "–" if value is None else str(value)


def _secrets(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"« {name} » : écrivez NOM=VALEUR.")
        found[name if name.startswith("SECRET_") else f"SECRET_{name}"] = value
    return found


class _Terminal:
    """Tells the person at the terminal where the measure stands; Ctrl-C ends it cleanly."""

    def __init__(self, command: BaseCommand) -> None:
        self._out = command.stderr
        self._is_stopped = False

    def stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopped = True

    def progress(self, run: int, runs: int, which_pass: Pass, step_index: int, steps: int, message: str) -> None:
        named = "énergie et données" if which_pass is Pass.ENERGY else "performance"
        self._out.write(f"exécution {run} sur {runs}, passe {named}, étape {step_index} sur {steps} : {message}")

    def screenshot(self, run: int, step_name: str, image_bytes: bytes) -> None:
        """Nobody looks at pictures here."""

    def log(self, line: str) -> None:
        self._out.write(f"  {line}")

    def is_cancelled(self) -> bool:
        return self._is_stopped
