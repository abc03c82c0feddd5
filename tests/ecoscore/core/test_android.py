"""The Android driver on a recorded phone: what it asks of uiautomator2, and what it reads in Android's own words."""

import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from ecoscore.bench.android import (
    AndroidBench,
    AndroidDriver,
    AttachedDevice,
    connect,
    connected_devices,
    describe_devices,
)
from ecoscore.bench.driver import BenchError, Driver, Pass, Quality
from ecoscore.bench.runner import find_bench, measure
from ecoscore.factors import load
from ecoscore.gdsl import Platform, check, commands_of
from ecoscore.gdsl.plan import Instruction
from ecoscore.impact import project
from ecoscore.scores import score

PACKAGE = "fr.exemple.sante"

BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: {powered}
  Wireless powered: false
  Charge counter: {charge}
  status: 3
  level: 81
  voltage: 3900
"""

NETSTATS = """Active interfaces:
  iface=wlan0 ident=[{{type=WIFI}}]
Dev stats:
  Complete history:
  ident=[{{type=WIFI}}] uid=-1 set=ALL tag=0x0
    NetworkStatsHistory: bucketDuration=3600
      st=1700000000 rb=999999 rp=9 tb=999999 tp=9 op=0
UID stats:
  Complete history:
  ident=[{{type=WIFI}}] uid=10123 set=DEFAULT tag=0x0
    NetworkStatsHistory: bucketDuration=7200
      st=1700000000 rb={down} rp=20 tb={up} tp=10 op=0
      st=1700007200 rb=100 rp=2 tb=50 tp=1 op=0
  ident=[{{type=WIFI}}] uid=10124 set=DEFAULT tag=0x0
    NetworkStatsHistory: bucketDuration=7200
      st=1700000000 rb=5000000 rp=20 tb=5000000 tp=10 op=0
UID tag stats:
  ident=[{{type=WIFI}}] uid=10123 set=DEFAULT tag=0x0
      st=1700000000 rb=777 rp=2 tb=777 tp=1 op=0
"""

NET_DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 88 1 0 0 0 0 0 0 88 1 0 0 0 0 0 0
 wlan0: {down} 10 0 0 0 0 0 0 {up} 10 0 0 0 0 0 0
"""


class FakeElement:
    """What `phone(text=…)` gives: there or not, after a delay that moves the clock."""

    def __init__(self, phone, selector):
        self.phone, self.selector = phone, selector

    def _is_there(self):
        return not self.phone.missing & set(map(str, self.selector.values()))

    @property
    def exists(self):
        return self._is_there()

    def wait(self, exists=True, timeout=None):
        self.phone.calls.append(("wait", self.selector, exists, timeout))
        self.phone.now += self.phone.delay
        return self._is_there() is exists or self.phone.is_obliging

    def click(self, timeout=None):
        self.phone.calls.append(("click", self.selector))

    def click_exists(self, timeout=0):
        self.phone.calls.append(("click_exists", self.selector, timeout))
        return self._is_there()

    @property
    def scroll(self):
        return SimpleNamespace(
            to=lambda **selector: self.phone.calls.append(("scroll_to", selector)) or self._is_there()
        )


class FakePhone:
    """A recorded phone: its answers are what Android printed, its clock moves only when somebody waits."""

    def __init__(self):
        self.calls, self.missing = [], set()
        self.now, self.delay, self.is_obliging = 0.0, 1.25, False
        self.down, self.up, self.charge, self.powered = 1_000, 400, 2_500_000, "false"
        self.processes = {
            "4101": (PACKAGE, 120, 30),
            "4102": (f"{PACKAGE}:web", 40, 10),
            "9": ("com.autre", 9000, 9000),
        }
        self.traffic = iter(())
        self.dead = False

    def __call__(self, **selector):
        return FakeElement(self, selector)

    def __getattr__(self, name):
        def call(*args, **options):
            if self.dead:
                raise OSError("device offline")
            self.calls.append((name, *args, *sorted(options.items())))

        return call

    def screenshot(self):
        return Image.new("RGB", (4, 4))

    def sleep(self, seconds):
        self.now += seconds

    def shell(self, command):
        if self.dead:
            raise OSError("device offline")
        return SimpleNamespace(output=self._print(list(command)), exit_code=0)

    def _print(self, command):
        match command:
            case ["getprop", "ro.build.version.release"]:
                return "14\n"
            case ["dumpsys", "battery"]:
                return BATTERY.format(powered=self.powered, charge=self.charge)
            case ["dumpsys", "package", package]:
                uid = 10123 if package == PACKAGE else 10124
                return f"Packages:\n  Package [{package}] (1a2b):\n    userId={uid}\n"
            case ["dumpsys", "netstats", "--poll"]:
                return ""
            case ["dumpsys", "netstats", "detail"]:
                return NETSTATS.format(down=self.down, up=self.up)
            case ["ps", "-A", "-o", "PID,NAME"]:
                return "\n".join(["  PID NAME", *(f"{pid} {name}" for pid, (name, *_) in self.processes.items())])
            case ["cat", "/proc/net/dev"]:
                return NET_DEV.format(down=next(self.traffic, 50_000), up=1_000)
            case ["cat", path]:
                _, user, system = self.processes[path.split("/")[2]]
                return f"1 (a b) c) S 1 1 0 0 -1 0 0 0 0 0 {user} {system} 0 0 20 0"
        raise AssertionError(command)


@pytest.fixture
def phone():
    return FakePhone()


@pytest.fixture
def driver(phone, tmp_path):
    (tmp_path / "exemple.apk").write_bytes(b"PK")
    return AndroidDriver(
        phone,
        secrets={"SECRET_MDP": "soleil"},
        applications=tmp_path,
        clock=lambda: phone.now,
        sleep=phone.sleep,
    )


def do(driver, name, *args):
    return driver.execute(Instruction(1, name, args))


def test_it_is_a_driver(driver):
    checked: Driver = driver  # the type checker compares the two shapes
    assert all(callable(getattr(checked, name)) for name in ("prepare", "execute", "fence", "snapshot", "close"))


def test_every_command_of_the_platform_is_known(driver, phone):
    phone.is_obliging = True
    for command in commands_of(Platform.ANDROID):
        if command.name in ("measureStart", "measureStop"):
            continue  # the runner's own
        plan = check(f"measureStart,ACTION_A\n{command.example}\nmeasureStop", Platform.ANDROID).plan
        driver.execute(plan.steps[0].instructions[0])


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (("applicationStart", PACKAGE), [("app_start", PACKAGE)]),
        (("applicationKill", PACKAGE), [("app_stop", PACKAGE)]),
        (("applicationClear", PACKAGE), [("app_clear", PACKAGE)]),
        (
            ("clickByText", "Valider", "2"),
            [("wait", {"text": "Valider", "instance": 1}, True, 10.0), ("click", {"text": "Valider", "instance": 1})],
        ),
        (
            ("clickById", "ok"),
            [
                ("wait", {"resourceIdMatches": "(?:.*:id/)?ok", "instance": 0}, True, 10.0),
                ("click", {"resourceIdMatches": "(?:.*:id/)?ok", "instance": 0}),
            ],
        ),
        (("waitUntilId", "fr.a:id/ok", "500"), [("wait", {"resourceId": "fr.a:id/ok"}, True, 0.5)]),
        (("waitUntilDescription", "Menu"), [("wait", {"description": "Menu"}, True, 30.0)]),
        (("clickByPosition", "50", "80"), [("click", 0.5, 0.8)]),
        (("clickIfTextExists", "Tout refuser"), [("click_exists", {"text": "Tout refuser"}, 2.0)]),
        (("enterText", "a ${SECRET_MDP}"), [("send_keys", "a soleil")]),
        (("clearText",), [("clear_text",)]),
        (("swipeDownward", "2"), [("swipe_ext", "up", ("scale", 0.6))] * 2),
        (("swipeLeft",), [("swipe_ext", "left", ("scale", 0.6))]),
        (("pressBack",), [("press", "back")]),
        (("goBackground",), [("press", "home")]),
        (("scrollToText", "Bas"), [("scroll_to", {"text": "Bas"})]),
    ],
)
def test_what_each_command_asks_of_the_phone(driver, phone, instruction, expected):
    do(driver, *instruction)
    assert phone.calls == expected


def test_a_page_is_typed_then_loaded(driver, phone):
    do(driver, "browserPrepareAndOpenForReference")
    do(driver, "browserGoToUrl", "https://exemple.fr/")
    do(driver, "pressEnter")
    chrome = "com.android.chrome"
    assert [call[:2] for call in phone.calls[:3]] == [
        ("app_stop", chrome),
        ("app_clear", chrome),
        ("app_start", chrome),
    ]
    assert phone.calls[-2:] == [("send_keys", "https://exemple.fr/", ("clear", True)), ("press", "enter")]


def test_a_wait_gives_the_response_time(driver):
    assert do(driver, "waitUntilText", "Bienvenue", "10000").response_s == 1.25
    assert do(driver, "pause", "3000").response_s is None


@pytest.mark.parametrize(
    ("instruction", "code"),
    [
        (("waitUntilText", "Absent", "1500"), "timeout"),
        (("waitUntilTextGone", "Là"), "timeout"),
        (("clickByText", "Absent"), "not_found"),
        (("scrollToText", "Absent"), "not_found"),
        (("assertText", "Absent"), "assertion"),
        (("enterText", "${SECRET_AUTRE}"), "missing_secret"),
        (("applicationInstall", "autre.apk"), "no_file"),
        (("applicationInstall", "../exemple.apk"), None),
        (("measureStop",), "unknown_command"),
    ],
)
def test_what_cannot_be_done_is_said_in_french(driver, phone, instruction, code):
    phone.missing = {"Absent", "True"}
    if code is None:  # only the name counts: the folder of the bench is never left
        do(driver, *instruction)
        assert phone.calls[0][1].endswith("exemple.apk")
        assert ".." not in phone.calls[0][1]
        return
    with pytest.raises(BenchError) as refusal:
        do(driver, *instruction)
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")


def test_a_click_that_may_be_missing_goes_on(driver, phone):
    phone.missing = {"Tout refuser"}
    assert "n’est pas apparu" in do(driver, "clickIfTextExists", "Tout refuser").detail


def test_counters_are_those_of_the_application_since_the_start(driver, phone):
    driver.prepare(Pass.ENERGY)
    do(driver, "applicationStart", PACKAGE)
    assert (driver.snapshot().bytes_down, driver.snapshot().cpu_s) == (0, 0)
    phone.down, phone.up, phone.charge = 251_000, 10_400, 2_499_000
    phone.processes["4101"] = (PACKAGE, 270, 80)
    phone.processes["4103"] = (f"{PACKAGE}:video", 30, 20)  # born since: all its time counts
    driver.snapshot()
    del phone.processes["4103"]  # it ended: what it used is kept

    counters = driver.snapshot()

    assert (counters.bytes_down, counters.bytes_up) == (250_000, 10_000)
    assert counters.cpu_s == pytest.approx(2.0 + 0.5)
    assert counters.energy_j == pytest.approx(1_000e-6 * 3.9 * 3600)
    assert counters.quality["energy_j"] is Quality.MEASURED
    assert counters.quality["bytes_down"] is counters.quality["cpu_s"] is Quality.COARSE
    assert counters.quality["requests"] is Quality.ABSENT


def test_a_charging_phone_measures_no_energy(driver, phone):
    driver.prepare(Pass.ENERGY)
    phone.charge = 2_499_000
    phone.powered = "true"
    assert driver.snapshot().energy_j is None
    phone.powered = "false"
    assert driver.snapshot().quality["energy_j"] is Quality.ABSENT  # it was charging meanwhile


def test_the_fence_waits_for_a_still_network(driver, phone):
    phone.traffic = iter([50_000, 90_000, 140_000, 140_100])
    assert driver.fence() is True
    assert phone.now == pytest.approx(0.9, abs=0.15)


def test_a_network_that_never_rests_is_flagged(driver, phone):
    phone.traffic = iter(range(0, 10**9, 10_000))
    assert driver.fence() is False
    assert 15 < phone.now < 16


def test_a_picture_is_a_png(driver):
    assert driver.screenshot().startswith(b"\x89PNG")


def test_a_phone_that_no_longer_answers_is_said_and_closed(driver, phone):
    phone.dead = True
    with pytest.raises(BenchError) as refusal:
        driver.snapshot()
    assert refusal.value.code == "device"
    driver.close()
    assert phone.calls == []


def test_no_phone_without_its_libraries(monkeypatch):
    monkeypatch.setitem(sys.modules, "uiautomator2", None)
    monkeypatch.setitem(sys.modules, "adbutils", None)
    assert connected_devices() == ()
    assert describe_devices(connected_devices()) == "aucun terminal connecté"
    with pytest.raises(BenchError) as refusal:
        connect("emulator-5554")
    assert refusal.value.code == "no_device"


def test_phones_that_adb_sees_are_listed(monkeypatch):
    class AdbError(Exception):
        pass

    phones = [SimpleNamespace(serial="10.1.2.3:5555", prop=SimpleNamespace(model="Pixel 6"))]
    adb = SimpleNamespace(AdbError=AdbError, AdbClient=lambda: SimpleNamespace(device_list=lambda: phones))
    u2 = SimpleNamespace(exceptions=SimpleNamespace(BaseException=AdbError), connect=lambda serial: f"phone {serial}")
    monkeypatch.setitem(sys.modules, "adbutils", adb)
    monkeypatch.setitem(sys.modules, "uiautomator2", u2)
    assert connected_devices() == (AttachedDevice("10.1.2.3:5555", "Pixel 6"),)
    assert describe_devices(connected_devices()) == "Pixel 6"
    assert connect("10.1.2.3:5555")[0] == "phone 10.1.2.3:5555"

    def refuse():
        raise AdbError("no server")

    adb.AdbClient = lambda: SimpleNamespace(device_list=refuse)
    assert connected_devices() == ()


# --- the bench


SCRIPT = """measureStart,REFERENCE
pause,200
measureStop
measureStart,CHRGT_OUVERTURE
applicationStart,fr.exemple.sante
waitUntilText,Welcome
pause,100
measureStop
goBackground
measureStart,BACKGROUND
pause,200
measureStop
"""


class Silent:
    """Follows a measure and says nothing; cancels it when told to."""

    is_over = False

    def progress(self, *args):
        pass

    def screenshot(self, run, step_name, image_bytes):
        assert image_bytes.startswith(b"\x89PNG")

    def log(self, line):
        pass

    def is_cancelled(self):
        return self.is_over


class LivePhone(FakePhone):
    """The recorded phone once it lives: each second costs charge, each reading finds a few bytes and ticks more."""

    def _print(self, command):
        if command[:3] == ["dumpsys", "netstats", "detail"]:
            self.down += 5_000
        if command == ["dumpsys", "battery"]:
            self.charge -= 20
        if command[0] == "cat" and command[1].startswith("/proc/4101"):
            name, user, system = self.processes["4101"]
            self.processes["4101"] = (name, user + 10, system)
        return super()._print(command)


def bench_of(phone):
    return AndroidBench(
        find=lambda: [AttachedDevice("10.1.2.3:5555", "Pixel 6")], reach=lambda serial: (phone, (OSError,))
    )


def run_on(bench, watcher=None):
    plan = check(SCRIPT, Platform.ANDROID, final=True).plan
    return measure(
        plan, runs=1, pause_ms=200, allow_private=False, secrets={}, watcher=watcher or Silent(), bench=bench
    )


def test_a_phone_is_measured_as_a_browser_is_and_its_gauge_is_believed():
    measurement = run_on(bench_of(LivePhone()))

    (run,) = measurement.runs
    assert run.failure == ""
    assert [step.name for step in run.steps] == ["REFERENCE", "CHRGT_OUVERTURE", "BACKGROUND"]
    assert all(step.energy_mj is not None for step in run.steps)
    assert run.steps[1].bytes_down > 0
    assert measurement.bench.browser == "Pixel 6, Android 14"
    assert measurement.bench.version == "android-1"
    assert score(measurement, load()).data is not None
    assert project(measurement, load()).is_energy_measured


def test_without_phone_a_measure_is_refused_in_french():
    bench = AndroidBench(find=lambda: ())
    with pytest.raises(BenchError, match="Aucun terminal Android n’est connecté"):
        run_on(bench)
    with pytest.raises(BenchError, match="Aucun terminal Android n’est connecté"):
        run_on(find_bench(Platform.ANDROID, allow_private=False, secrets={}))


def test_a_cancelled_measure_wakes_the_phone_that_waits():
    watcher = Silent()
    watcher.is_over = True
    with pytest.raises(BenchError) as refusal:
        run_on(bench_of(LivePhone()), watcher)
    assert refusal.value.code == "cancelled"
