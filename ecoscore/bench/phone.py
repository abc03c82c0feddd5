"""The bench of an attached phone: the first one that adb shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ecoscore.bench.android import AndroidDriver, connect, connected_devices, describe_devices
from ecoscore.bench.driver import BenchError, Quality
from ecoscore.bench.runner import Place


class PhoneBench:
    """One driver per pass, all on the same phone. A phone is its own reference: no calibration."""

    def __init__(self, *, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)
        self._serial = ""

    def open(self, log: Callable[[str], None]) -> Place:
        """Raises BenchError when no phone is attached."""
        devices = connected_devices()
        if not devices:
            raise BenchError("no_device", "Aucun terminal Android n’est connecté à ce banc.")
        self._serial = devices[0].serial
        return Place(
            browser=describe_devices(devices[:1]),
            calibration="1",
            cpu_quality=Quality.MEASURED.value,
            is_isolated=False,
            notes=("Terminal réel, sur son propre réseau : ses adresses ne sont pas filtrées par le banc.",),
            version="android-1",
        )

    def new_driver(self) -> AndroidDriver:
        phone, errors = connect(self._serial)
        return AndroidDriver(phone, secrets=self._secrets, errors=errors)

    def refusals(self) -> Mapping[str, int]:
        return {}

    def abort(self) -> None:
        """Nothing to end: commands of adb have their own delays."""

    def close(self) -> None:
        """Each driver closes what it opened."""
