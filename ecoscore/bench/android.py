"""A phone as a bench: driven by uiautomator2 over adb, both loaded only where a phone is attached (docs/ecoscore.md).

Energy is what the fuel gauge of the phone says, so the phone must run on its battery: a charging phone gives none. Bytes
are those that Android counts for the application (headers of packets included) and processor time is in ticks of 10 ms,
hence coarse. Nothing of this platform stands between the phone and the network: the bench’s Wi-Fi must reach the Internet
only.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ecoscore.bench.driver import BenchError, Counters, Outcome, Pass, Quality
from ecoscore.bench.runner import Place
from ecoscore.gdsl.commands import COMMANDS
from ecoscore.gdsl.plan import Instruction

CHROME = "com.android.chrome"
_CHROME_BAR = "com.android.chrome:id/url_bar"

#: A step ends when the network was still for so long, at most after so long (as on the web bench).
QUIET_S, QUIET_LIMIT_S, QUIET_STEP_S = 0.7, 15.0, 0.1
#: The phone's own chatter during that time is no traffic of the application.
QUIET_BYTES = 2_000
TICKS_PER_S = 100
CLICK_PATIENCE_S = 10.0

#: Changes whenever a figure could change for the same application: results of two versions are not compared.
BENCH_VERSION = "android-1"
#: A second of a phone's core is a fourth of one of the web bench, on which the joules of a second are counted.
CALIBRATION = "0.25"
#: Where the operator puts the files that applicationInstall may name.
APPLICATIONS = Path(__file__).resolve().parents[2] / "var" / "applications"

_SECRET = re.compile(r"\$\{(SECRET_[A-Z0-9_]+)\}")
_UID = re.compile(r"userId=(\d+)")
_UID_STATS = re.compile(r"uid=(\d+) set=\w+ tag=0x0\b")
_BUCKET = re.compile(r"\brb=(\d+) rp=\d+ tb=(\d+)")
_INTERFACE = re.compile(r"^\s*(?:wlan|rmnet|ccmni|eth)\S*:\s*(\d+)(?:\s+\d+){7}\s+(\d+)", re.MULTILINE)
_BATTERY = re.compile(r"^\s*(Charge counter|voltage): (\d+)", re.MULTILINE)
_POWERED = re.compile(r"^\s*(?:AC|USB|Wireless|Dock) powered: true", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AttachedDevice:
    """A phone that adb sees and that accepts to be driven."""

    serial: str
    model: str


class Selected(Protocol):
    """Elements found by a selector, as uiautomator2 gives them."""

    @property
    def exists(self) -> Any: ...

    def wait(self, exists: bool = True, timeout: float | None = None) -> bool: ...

    def click(self, timeout: float | None = None) -> None: ...

    def click_exists(self, timeout: float = 0) -> bool: ...

    @property
    def scroll(self) -> Any: ...


class Phone(Protocol):
    """What is asked of `uiautomator2.connect(serial)`; the recorded fake of the tests answers the same."""

    def __call__(self, **selector: Any) -> Selected: ...

    def app_start(self, package_name: str, *, stop: bool = False) -> None: ...

    def app_stop(self, package_name: str) -> None: ...

    def app_clear(self, package_name: str) -> None: ...

    def app_install(self, data: str) -> None: ...

    def app_uninstall(self, package_name: str) -> Any: ...

    def click(self, x: float, y: float) -> None: ...

    def send_keys(self, text: str, clear: bool = False) -> None: ...

    def clear_text(self) -> None: ...

    def press(self, key: str) -> None: ...

    def swipe_ext(self, direction: str, scale: float = 0.9) -> None: ...

    def screenshot(self) -> Any: ...

    def shell(self, cmdargs: Sequence[str]) -> Any: ...


def connected_devices() -> tuple[AttachedDevice, ...]:
    """The phones that this bench can drive; none when the libraries are not installed or adb does not answer."""
    try:
        import adbutils
        import uiautomator2  # noqa: F401 - both are needed
    except ImportError:
        return ()
    try:
        return tuple(
            AttachedDevice(device.serial, device.prop.model or device.serial)
            for device in adbutils.AdbClient().device_list()
        )
    except (adbutils.AdbError, OSError):
        return ()


def describe_devices(devices: Sequence[AttachedDevice]) -> str:
    """For pages, in French."""
    return ", ".join(device.model for device in devices) or "aucun terminal connecté"


def connect(serial: str) -> tuple[Phone, tuple[type[Exception], ...]]:
    """The phone, and the errors that its libraries raise. Raises BenchError when it cannot be driven."""
    try:
        import adbutils
        import uiautomator2
    except ImportError as error:
        raise BenchError("no_device", "Aucun terminal Android n’est connecté à ce banc.") from error
    errors = (uiautomator2.exceptions.BaseException, adbutils.AdbError, OSError)
    try:
        return uiautomator2.connect(serial), errors
    except errors as error:
        raise BenchError("no_device", f"Le terminal {serial} ne répond pas.") from error


class AndroidBench:
    """The first phone attached: one driver per pass, on that same phone (ecoscore.bench.runner.Bench)."""

    def __init__(
        self,
        *,
        secrets: Mapping[str, str] | None = None,
        applications: Path = APPLICATIONS,
        find: Callable[[], Sequence[AttachedDevice]] = connected_devices,
        reach: Callable[[str], tuple[Phone, tuple[type[Exception], ...]]] = connect,
    ) -> None:
        self._secrets = dict(secrets or {})
        self._applications = applications
        self._find, self._reach = find, reach
        self._stopped = threading.Event()
        self._drivers: list[AndroidDriver] = []

    def open(self, log: Callable[[str], None]) -> Place:
        """Reach the phone. Raises BenchError when none is attached or it does not answer."""
        device = next(iter(self._find()), None)
        if device is None:
            raise BenchError("no_device", "Aucun terminal Android n’est connecté à ce banc.")
        self._phone, self._errors = self._reach(device.serial)
        try:
            release = str(self._phone.shell(["getprop", "ro.build.version.release"]).output).strip()
            powered = _POWERED.search(str(self._phone.shell(["dumpsys", "battery"]).output))
        except self._errors as error:
            raise BenchError("no_device", f"Le terminal {device.model} ne répond pas.") from error
        log(f"Terminal {device.model}, Android {release}.")
        notes = [
            "Octets comptés par Android, en-têtes compris ; temps processeur par pas de 10 ms.",
            "Aucun relais entre le terminal et le réseau : rien n’est filtré ni ralenti.",
            "Énergie estimée : le terminal est en charge." if powered else "Énergie lue sur la jauge de la batterie.",
        ]
        return Place(
            browser=f"{device.model}, Android {release}",
            calibration=CALIBRATION,
            cpu_quality=Quality.COARSE.value,
            is_isolated=False,
            notes=tuple(notes),
            version=BENCH_VERSION,
        )

    def new_driver(self) -> AndroidDriver:
        driver = AndroidDriver(
            self._phone,
            secrets=self._secrets,
            applications=self._applications,
            errors=self._errors,
            sleep=self._wait,
        )
        self._drivers.append(driver)
        return driver

    def refusals(self) -> Mapping[str, int]:
        """Nothing is filtered, so nothing is refused."""
        return {}

    def abort(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise BenchError("cancelled", "La mesure a été arrêtée.")


class AndroidDriver:
    """One phone for one pass of one run. A phone has its real speed: both passes are alike, only what is kept differs."""

    def __init__(
        self,
        phone: Phone,
        *,
        secrets: Mapping[str, str] | None = None,
        applications: Path | None = None,
        errors: tuple[type[Exception], ...] = (OSError,),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._phone = phone
        self._secrets = dict(secrets or {})
        self._applications = applications
        self._errors = errors
        self._clock, self._sleep = clock, sleep
        self._package = CHROME
        self._uids: dict[str, str] = {}
        self._starts: dict[str, tuple[int, int]] = {}
        self._ticks: dict[str, tuple[int, int]] = {}
        self._charge: int | None = None
        self._was_powered = False

    # the protocol

    def prepare(self, which: Pass) -> None:
        """Start from the home screen, with counters at zero."""
        with self._said():
            self._phone.press("home")
            self._starts.clear()
            self._ticks.clear()
            self._was_powered = False
            self._charge = self._battery()[0]
            self._follow(self._package)

    def execute(self, instruction: Instruction) -> Outcome:
        command = COMMANDS[instruction.name]
        args = [command.argument(instruction.args, place) for place in range(len(command.parameters))]
        with self._said():
            return self._do(instruction.name, args)

    def fence(self) -> bool:
        with self._said():
            start = still_since = self._clock()
            seen = self._interface_bytes()
            while (now := self._clock()) - still_since < QUIET_S:
                if now - start > QUIET_LIMIT_S:
                    return False
                self._sleep(QUIET_STEP_S)
                if (current := self._interface_bytes()) - seen > QUIET_BYTES:
                    seen, still_since = current, self._clock()
            return True

    def snapshot(self) -> Counters:
        with self._said():
            down, up = self._bytes()
            cpu_s = self._cpu_s()
            energy = self._energy_j()
        return Counters(
            bytes_down=down,
            bytes_up=up,
            layer_bytes=0,
            requests=0,
            cpu_s=cpu_s,
            energy_j=energy,
            quality={
                "bytes_down": Quality.COARSE,
                "bytes_up": Quality.COARSE,
                "layer_bytes": Quality.ABSENT,
                "requests": Quality.ABSENT,
                "cpu_s": Quality.COARSE,
                "energy_j": Quality.ABSENT if energy is None else Quality.MEASURED,
            },
        )

    def screenshot(self) -> bytes:
        with self._said():
            picture = self._phone.screenshot()
            content = io.BytesIO()
            picture.save(content, format="PNG")
            return content.getvalue()

    def background(self) -> None:
        with self._said():
            self._phone.press("home")

    def close(self) -> None:
        """Stop the application and go home; a phone that no longer answers has nothing to stop."""
        try:
            self._phone.app_stop(self._package)
            self._phone.press("home")
        except self._errors:
            return

    # instructions

    def _do(self, name: str, args: list[str]) -> Outcome:
        phone = self._phone
        match name, args:
            case "pause", [ms]:
                self._sleep(int(ms) / 1000)
            case "setBrowser", _:
                self._follow(CHROME)
            case "browserPrepareAndOpenForReference", []:
                self._follow(CHROME)
                phone.app_stop(CHROME)
                phone.app_clear(CHROME)
                phone.app_start(CHROME)
            case "browserGoToUrl", [url]:
                self._click(phone(resourceId=_CHROME_BAR), url)
                phone.send_keys(url, clear=True)
            case "pressEnter", []:
                phone.press("enter")
            case "pressBack", []:
                phone.press("back")
            case (("pressHome" | "goBackground"), []):
                phone.press("home")
            case "applicationStart", [package]:
                self._follow(package)
                phone.app_start(package)
            case "applicationKill", [package]:
                phone.app_stop(package)
            case "applicationClear", [package]:
                phone.app_clear(package)
            case "applicationInstall", [file]:
                phone.app_install(str(self._application(file)))
            case "applicationUninstall", [package]:
                phone.app_uninstall(package)
            case "waitUntilTextGone", [text, ms]:
                return self._wait(phone(text=text), text, int(ms), exists=False)
            case (("waitUntilText" | "waitUntilId" | "waitUntilDescription"), [value, ms]):
                return self._wait(phone(**_selector(name, value)), value, int(ms))
            case "clickIfTextExists", [text, ms]:
                clicked = phone(text=text).click_exists(timeout=int(ms) / 1000)
                return Outcome(detail="" if clicked else f"« {text} » n’est pas apparu.")
            case "clickByPosition", [x, y]:
                phone.click(int(x) / 100, int(y) / 100)
            case (("clickByText" | "clickById" | "clickByDescription"), [value, rank]):
                self._click(phone(**_selector(name, value), instance=int(rank) - 1), value)
            case "enterText", [text]:
                phone.send_keys(_SECRET.sub(self._secret, text))
            case "clearText", []:
                phone.clear_text()
            case (("swipeDownward" | "swipeUpward" | "swipeLeft" | "swipeRight" | "scrollDownward"), [count]):
                for _ in range(int(count)):
                    phone.swipe_ext(_FINGER[name], scale=0.6)
            case "scrollToText", [text]:
                if not phone(scrollable=True).scroll.to(text=text):
                    raise BenchError("not_found", f"« {text} » n’est pas apparu en faisant défiler l’écran.")
            case (("assertText" | "assertId"), [value]):
                if not phone(**_selector(name, value)).exists:
                    raise BenchError("assertion", f"« {value} » n’est pas visible : la vérification a échoué.")
            case _:
                raise BenchError("unknown_command", f"La commande « {name} » n’existe pas sur ce banc.")
        return Outcome()

    def _wait(self, element: Selected, value: str, ms: int, *, exists: bool = True) -> Outcome:
        start = self._clock()
        if not element.wait(exists=exists, timeout=ms / 1000):
            what = "n’est pas apparu" if exists else "est encore visible"
            seconds = f"{ms / 1000:g}".replace(".", ",")
            raise BenchError("timeout", f"« {value} » {what} après {seconds} s.")
        return Outcome(response_s=self._clock() - start)

    def _click(self, element: Selected, value: str) -> None:
        if not element.wait(timeout=CLICK_PATIENCE_S):
            raise BenchError("not_found", f"« {value} » n’est pas visible : rien à cliquer.")
        element.click()

    def _secret(self, found: re.Match[str]) -> str:
        if found[1] not in self._secrets:
            raise BenchError("missing_secret", f"Le secret {found[1]} n’a pas été donné au banc.")
        return self._secrets[found[1]]

    def _application(self, file: str) -> Path:
        """A file that was put in the folder of the bench, and nowhere else."""
        path = self._applications / Path(file).name if self._applications else None
        if path is None or not path.is_file():
            raise BenchError("no_file", f"Le fichier « {file} » n’est pas déposé sur ce banc.")
        return path

    # counters

    def _follow(self, package: str) -> None:
        """Count this application too, from now on."""
        self._package = package
        if package not in self._starts:
            self._starts[package] = self._bytes_of(package)
            self._read_ticks([package], is_start=True)

    def _bytes(self) -> tuple[int, int]:
        """Received and sent since each application is followed."""
        down = up = 0
        for package, (first_down, first_up) in self._starts.items():
            now_down, now_up = self._bytes_of(package)
            down += max(0, now_down - first_down)
            up += max(0, now_up - first_up)
        return down, up

    def _cpu_s(self) -> float:
        """Processor seconds of all processes of the applications followed; one that has ended keeps what it had."""
        self._read_ticks(list(self._starts), is_start=False)
        return sum(last - first for first, last in self._ticks.values()) / TICKS_PER_S

    def _read_ticks(self, packages: Sequence[str], *, is_start: bool) -> None:
        """First and last ticks of each process; one that starts later started from 0."""
        for line in self._shell("ps", "-A", "-o", "PID,NAME").splitlines():
            pid, _, name = line.strip().partition(" ")
            if not pid.isdigit() or name.strip().partition(":")[0] not in packages:
                continue
            # the name, between parentheses, may hold blanks: utime and stime are the 12th and 13th fields after it
            fields = self._shell("cat", f"/proc/{pid}/stat").rpartition(")")[2].split()
            if len(fields) > 12:
                now = int(fields[11]) + int(fields[12])
                first, last = self._ticks.get(pid, (now if is_start else 0, 0))
                self._ticks[pid] = (first, max(now, last))

    def _shell(self, *command: str) -> str:
        return str(self._phone.shell(list(command)).output)

    def _bytes_of(self, package: str) -> tuple[int, int]:
        """Received and sent by the application since Android counts: its uid, untagged, all networks."""
        if package not in self._uids:
            found = _UID.search(self._shell("dumpsys", "package", package))
            self._uids[package] = found[1] if found else ""
        uid = self._uids[package]
        self._shell("dumpsys", "netstats", "--poll")
        down = up = 0
        is_ours = is_section = False
        for line in self._shell("dumpsys", "netstats", "detail").splitlines():
            if line and not line.startswith(" "):
                is_section = line.startswith("UID stats")
            if stats := _UID_STATS.search(line):
                is_ours = is_section and stats[1] == uid
            elif "uid=" in line:
                is_ours = False
            elif is_ours and (bucket := _BUCKET.search(line)):
                down += int(bucket[1])
                up += int(bucket[2])
        return down, up

    def _interface_bytes(self) -> int:
        counts = _INTERFACE.findall(self._shell("cat", "/proc/net/dev"))
        return sum(int(down) + int(up) for down, up in counts)

    def _battery(self) -> tuple[int | None, int | None]:
        """Charge in µAh and voltage in mV, None when the gauge does not say; remembers whether the phone was charging."""
        said = self._shell("dumpsys", "battery")
        self._was_powered = self._was_powered or bool(_POWERED.search(said))
        values = {name: int(value) for name, value in _BATTERY.findall(said)}
        return values.get("Charge counter"), values.get("voltage")

    def _energy_j(self) -> float | None:
        charge, millivolts = self._battery()
        if self._was_powered or charge is None or self._charge is None or not millivolts:
            return None
        return max(0, self._charge - charge) / 1e6 * millivolts / 1e3 * 3600

    def _said(self) -> _Said:
        return _Said(self._errors)


class _Said:
    """Turns an error of the libraries into a sentence for the editor."""

    def __init__(self, errors: tuple[type[Exception], ...]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and isinstance(error, self._errors) and not isinstance(error, BenchError):
            raise BenchError(
                "device", "Le terminal n’a pas répondu comme attendu : vérifiez qu’il est connecté."
            ) from error


#: Where the finger goes to show what stands further down, up, left or right.
_FINGER = {
    "swipeDownward": "up",
    "scrollDownward": "up",
    "swipeUpward": "down",
    "swipeLeft": "left",
    "swipeRight": "right",
}


def _selector(command: str, value: str) -> dict[str, str]:
    """The uiautomator2 selector of a command that ends in Text, Id or Description; a bare id is one of any package."""
    if command.endswith("Text"):
        return {"text": value}
    if command.endswith("Description"):
        return {"description": value}
    if ":" in value:
        return {"resourceId": value}
    return {"resourceIdMatches": f"(?:.*:id/)?{re.escape(value)}"}
