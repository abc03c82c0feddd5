"""The web bench of this machine: Chromium, calibrated when it opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from ecoscore.bench.calibration import calibrate
from ecoscore.bench.chromium import CPU_RATE, ChromiumDriver, ask_version, find_chromium
from ecoscore.bench.driver import BenchError, Pass, Quality
from ecoscore.bench.relay import Limits, Policy, Shape, allow_local_too, allow_public
from ecoscore.bench.runner import Place


class ChromiumBench:
    """Makes one driver per pass. `allow_private` is the operator’s word that the measured site is his own."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        secrets: Mapping[str, str] | None = None,
        policy: Policy | None = None,
        shape: Shape | None = Shape(),  # noqa: B008 (frozen)
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        arguments: tuple[str, ...] = (),
        make_driver: Callable[..., ChromiumDriver] = ChromiumDriver,
    ) -> None:
        self._allow_private = allow_private
        self._secrets = dict(secrets or {})
        self._policy = policy or (allow_local_too if allow_private else allow_public)
        self._shape, self._limits, self._arguments = shape, limits, arguments
        self._make_driver = make_driver
        self._log: Callable[[str], None] = lambda line: None
        self._drivers: list[ChromiumDriver] = []

    def open(self, log: Callable[[str], None]) -> Place:
        """Start a browser once: is it isolated, how fast is it? Raises BenchError when no measure may be made here."""
        self._log = log
        if find_chromium() is None:
            raise BenchError(
                "no_browser", "Chromium n’est pas installé sur cette machine : aucune mesure web n’est possible."
            )
        driver = self.new_driver()
        try:
            driver.prepare(Pass.ENERGY, settle_s=0.5)
            if not driver.is_isolated and not self._allow_private:
                raise BenchError(
                    "not_isolated",
                    "Ce banc ne peut pas isoler le navigateur du réseau de la machine (il n’est pas administrateur sous Linux) : "
                    "il ne mesure que les sites de son exploitant.",
                )
            if driver.cell.cpu.quality is Quality.ABSENT:
                raise BenchError(
                    "no_processor_time",
                    "Cette machine ne dit pas combien de temps processeur le navigateur consomme : l’énergie ne peut pas y être estimée.",
                )
            calibration = str(calibrate(driver.time_loop))
            return Place(
                browser=ask_version(),
                calibration=calibration,
                cpu_quality=driver.cell.cpu.quality.value,
                is_isolated=driver.is_isolated,
                notes=tuple(self._notes(driver)),
            )
        finally:
            driver.close()

    def new_driver(self) -> ChromiumDriver:
        driver = self._make_driver(
            policy=self._policy,
            secrets=self._secrets,
            shape=self._shape,
            limits=self._limits,
            log=self._log,
            arguments=self._arguments,
        )
        self._drivers.append(driver)
        return driver

    def refusals(self) -> Mapping[str, int]:
        """Addresses that the site asked for and that the relay refused, in all passes."""
        return dict(sum((driver.refusals for driver in self._drivers), Counter()))

    def abort(self) -> None:
        for driver in self._drivers:
            driver.abort()

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()

    def _notes(self, driver: ChromiumDriver) -> list[str]:
        """What a reader of the report must know of the bench, in French."""
        notes = [
            f"Temps processeur compté par {driver.cell.cpu.kind}.",
            f"Passe performance : processeur ralenti {CPU_RATE} fois.",
            "Arrière-plan approché : fenêtre réduite, qui se dessine environ une fois par seconde ; les scripts continuent.",
            "Affichage calculé sans carte graphique : les animations coûtent plus que sur un téléphone.",
        ]
        if self._shape:
            down, up = (f"{bps / 1e6:.2f}".replace(".", ",") for bps in (self._shape.down_bps, self._shape.up_bps))
            delay = round(self._shape.rtt_s * 1000)
            notes.append(f"Réseau mobile simulé : {delay} ms aller-retour, {down} Mb/s reçus, {up} Mb/s émis.")
        if driver.cell.cpu.quality is not Quality.MEASURED:
            notes.append(
                "Temps processeur peu précis sur cette machine : les étapes courtes sont à lire avec prudence."
            )
        if not driver.is_isolated:
            notes.append(
                "Navigateur non isolé du réseau de la machine : seul un site de l’exploitant du banc peut être mesuré."
            )
        return notes
