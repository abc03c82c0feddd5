"""The web bench: one Chromium per pass, in a cell, driven through Playwright, its network through the relay.

Every method of the driver runs in one thread (Playwright’s rule), except `abort`, which ends the browser from any.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, Dialog, Error, Page, Playwright, sync_playwright

from ecoscore.bench.driver import BenchError, Counters, Outcome, Pass, Quality
from ecoscore.bench.isolation import Cell, take_priority
from ecoscore.bench.layer import EVENTS, Layer
from ecoscore.bench.relay import Limits, Policy, Relay, Shape, allow_public
from ecoscore.gdsl.plan import Instruction

#: A mid-range phone held upright.
VIEWPORT = {"width": 412, "height": 823}
_DEVICE_SCALE = 1.75
_LOCALE = "fr-FR"
_USER_AGENT = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Mobile Safari/537.36"

CPU_RATE = 4
QUIET_S = 0.7
QUIET_LIMIT_S = 15.0
SETTLE_S = 5.0
_MINIMIZE_S = 3.0
_NAVIGATION_MS = 60_000
_WAIT_MS = 30_000
_CLICK_MS = 10_000
_BANNER_MS = 2_000
_SCROLL_SHARE = 0.6
_POPUPS = 20

_FINDER = (Path(__file__).parent / "finder.js").read_text(encoding="utf-8").strip().rstrip(";")
_WORLD = "ecoscore"
_FIRST_PAGE = (
    "data:text/html,<!doctype html><meta name=viewport content='width=device-width'><h1 style='font-family:sans-serif'>Bonjour</h1>"
    "<p style='font-family:system-ui'>Texte <b>gras</b></p><svg viewBox='0 0 9 9'><path d='M0 0L9 9' stroke='black'/></svg>"
)

#: What Chromium does on its own: background work 30 s after its start, questions to its maker, other paths of the network.
_IDLE_FEATURES = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "SegmentationPlatform",
    "SegmentationPlatformFeature",
    "ThirdPartyStoragePartitioning",
)

#: No question to the browser’s maker about forms and pages, no connection opened on a guess.
_PREFERENCES = {
    "autofill": {"enabled": False, "profile_enabled": False, "credit_card_enabled": False},
    "credentials_enable_service": False,
    "profile": {"password_manager_enabled": False},
    "net": {"network_prediction_options": 2},
    "safebrowsing": {"enabled": False},
    "search": {"suggest_enabled": False},
    "translate": {"enabled": False},
}
_SECRET = re.compile(r"\$\{(SECRET_[A-Z0-9_]+)\}")


def find_chromium() -> str | None:
    """Debian’s Chromium, or another one of the system."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


@functools.cache
def ask_version() -> str:
    """« Chromium 156.0.8078.114 », empty when there is none."""
    executable = find_chromium()
    if executable is None:
        return ""
    shown = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 (found by name)
    return " ".join(shown.split()[:2])


class ChromiumDriver:
    """A browser for one pass of one run; see `Driver`."""

    def __init__(
        self,
        *,
        policy: Policy = allow_public,
        secrets: Mapping[str, str] | None = None,
        shape: Shape | None = Shape(),  # noqa: B008 (frozen)
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        log: Callable[[str], None] | None = None,
        isolate: bool = True,
        arguments: tuple[str, ...] = (),
        layer: Callable[[], Layer] = Layer,
    ) -> None:
        self.layer = layer()
        self.version = ""
        self._secrets = dict(secrets or {})
        self._policy, self._shape, self._limits = policy, shape, limits
        self._log = log or (lambda line: None)
        self._isolate = isolate
        self._arguments = arguments
        self._which = Pass.ENERGY
        self._cell: Cell | None = None
        self._relay: Relay | None = None
        self._playwright: Playwright | None = None
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._session: CDPSession | None = None
        self._probing_s = 0.0
        self._pending_url = ""
        self._is_used = False
        self._is_minimized = False
        self._is_crashed = False
        self._popups = 0
        self._document: float | None = None
        self._last_event = time.monotonic()

    # -- the protocol

    def prepare(self, which: Pass, *, settle_s: float | None = None) -> None:
        """Start the browser on a blank page; before a pass that counts energy it comes to rest. Raises BenchError when there is none."""
        self._which = which
        executable = find_chromium()
        if executable is None:
            raise BenchError(
                "no_browser", "Chromium n’est pas installé sur cette machine : aucune mesure web n’est possible."
            )
        take_priority()
        self._cell = Cell(isolate=self._isolate)
        self._relay = Relay(
            self._cell.listener, policy=self._policy, shape=self._shape, limits=self._limits, log=self._log
        )
        self._relay.start()
        self._executable = self._cell.wrap(executable)
        self._playwright = sync_playwright().start()
        self._launch()
        if which is Pass.ENERGY:
            self._rest(SETTLE_S if settle_s is None else settle_s)

    def execute(self, instruction: Instruction) -> Outcome:
        """Do one instruction. Raises BenchError with a sentence for the editor when it cannot be done."""
        command = self._commands().get(instruction.name)
        if command is None:
            raise BenchError("unsupported", f"La commande {instruction.name} n’existe pas sur le banc web.")
        began = time.monotonic()
        try:
            waited, detail = command(*instruction.args)
        except Error as error:
            self._check()
            raise BenchError("browser", f"Le navigateur a refusé {instruction.name} : {_first_line(error)}") from error
        self._check()
        return Outcome(response_s=time.monotonic() - began if waited else None, detail=detail)

    def fence(self) -> bool:
        """Until no request awaits its head and neither browser nor relay saw a byte for 0.7 s; False after 15 s."""
        relay = self._living_relay()
        until = time.monotonic() + QUIET_LIMIT_S
        while time.monotonic() < until:
            self._rest(0.05)
            self._check()
            last = max(self._last_event, relay.last_activity)
            if not self.layer.is_waiting and time.monotonic() - last >= QUIET_S:
                return True
        return False

    def snapshot(self) -> Counters:
        """Totals since `prepare`, without what our own looking cost."""
        cell, relay = self._living_cell(), self._living_relay()
        self._pump()
        cpu_s = cell.cpu.cpu_s()
        down, up = relay.bytes_down, relay.bytes_up
        layer_bytes, requests = self.layer.bytes, self.layer.requests
        looked = self._look()
        counters = Counters(
            bytes_down=down,
            bytes_up=up,
            layer_bytes=layer_bytes,
            requests=requests,
            cpu_s=cpu_s - self._probing_s,
            dom_nodes=looked.get("elements"),
            lcp_s=self._paint_of_a_new_document(looked),
            quality={"cpu_s": cell.cpu.quality, "bytes_down": Quality.MEASURED, "layer_bytes": Quality.MEASURED},
        )
        self._probing_s += cell.cpu.cpu_s() - cpu_s
        return counters

    def screenshot(self) -> bytes:
        """A PNG of the screen; what it costs is not counted."""
        cell = self._living_cell()
        before = cell.cpu.cpu_s()
        try:
            picture: bytes = self._living_page().screenshot(
                type="png", animations="allow", caret="initial", timeout=10_000
            )
        except Error as error:
            raise BenchError("browser", f"La capture d’écran n’a pas pu être prise : {_first_line(error)}") from error
        self._rest(0.1)
        self._probing_s += cell.cpu.cpu_s() - before
        return picture

    def background(self) -> None:
        """Minimize the window (approached: about one frame a second, while scripts and timers go on; a phone would slow them)."""
        if self._is_minimized:
            return
        self._is_minimized = True
        session = self._session
        assert session is not None  # noqa: S101 (a page is there)
        try:
            window = session.send("Browser.getWindowForTarget")["windowId"]
            session.send("Browser.setWindowBounds", {"windowId": window, "bounds": {"windowState": "minimized"}})
        except Error as error:
            raise BenchError("browser", f"La page n’a pas pu passer à l’arrière-plan : {_first_line(error)}") from error
        self._rest(_MINIMIZE_S)

    def close(self) -> None:
        """End browser and relay, leave nothing on the machine. Never raises."""
        if self._cell is not None:
            # at once: a hostile page is not asked whether it wants to leave
            self._cell.kill()
        for end in (self._context and self._context.close, self._playwright and self._playwright.stop):
            if end:
                with contextlib.suppress(Error):
                    end()
        self._context = self._page = self._session = self._playwright = None
        if self._relay is not None:
            self._relay.close()
        if self._cell is not None:
            self._cell.close()

    # -- beside the protocol

    def abort(self) -> None:
        """From any thread: end the browser, so that what waits for it stops waiting."""
        if self._cell is not None:
            self._cell.kill()

    @property
    def is_isolated(self) -> bool:
        return self._cell is not None and self._cell.is_isolated and self._cell.is_unprivileged

    @property
    def refusals(self) -> Counter[str]:
        """Addresses that the site asked for and did not get; readable after `close`."""
        return self._relay.refusals if self._relay else Counter()

    @property
    def relay(self) -> Relay:
        return self._living_relay()

    @property
    def cell(self) -> Cell:
        return self._living_cell()

    @property
    def page(self) -> Page:
        return self._living_page()

    def time_loop(self, script: str) -> float:
        """CPU seconds that a script of ours costs on the blank page (wall clock where none are counted)."""
        probe = self._living_cell().cpu
        before, began = probe.cpu_s(), time.monotonic()
        self._living_page().evaluate(script)
        spent = probe.cpu_s() - before
        return spent if probe.quality is Quality.MEASURED else time.monotonic() - began

    # -- the browser

    def _launch(self) -> None:
        cell, playwright = self._living_cell(), self._playwright
        assert playwright is not None  # noqa: S101 (prepare made it)
        try:
            self._context = playwright.chromium.launch_persistent_context(
                str(cell.make_profile(_PREFERENCES)),
                executable_path=str(self._executable),
                headless=True,
                chromium_sandbox=os.geteuid() != 0 or cell.is_unprivileged,
                env=dict(cell.environment()),
                args=[*self._switches(), *self._arguments],
                ignore_default_args=["--disable-popup-blocking"],
                viewport=VIEWPORT,  # type: ignore[arg-type]
                device_scale_factor=_DEVICE_SCALE,
                is_mobile=True,
                has_touch=True,
                locale=_LOCALE,
                timezone_id="Europe/Paris",
                user_agent=_USER_AGENT.format(major=self._major()),
                accept_downloads=False,
                permissions=[],
                service_workers="allow",
                timeout=60_000,
            )
            self._context.set_default_timeout(_WAIT_MS)
            self._page = self._open_window()
        except Error as error:
            raise BenchError("no_browser", f"Chromium n’a pas démarré : {_first_line(error)}") from error
        self.version = ask_version()
        self._warm_up(self._page)
        self._watch(self._page)
        self._context.on("page", self._meet_page)
        self._is_used = self._is_minimized = False
        self._document = self._look().get("origin")

    def _open_window(self) -> Page:
        """A window without tabs, the only one.

        In a tab the browser draws a turning wheel while a page loads: 0.09 s of processor time for each second of waiting
        (measured, Chromium 156), which is no cost of the site. A second page would clean up its memory during a step.
        """
        context = self._living_context()
        first = context.pages[0]
        asked = {"expression": "open('about:blank', '_blank', 'popup,noopener')", "userGesture": True}
        with context.expect_page(timeout=10_000) as opened:
            context.new_cdp_session(first).send("Runtime.evaluate", asked)
        first.close()
        page: Page = opened.value
        return page

    def _warm_up(self, page: Page) -> None:
        """Show a page of ours, then the blank one: what a browser does once in its life (fonts, first paint) is no step’s cost."""
        with contextlib.suppress(Error):
            page.goto(_FIRST_PAGE, timeout=10_000)
            page.wait_for_timeout(300)
            page.goto("about:blank", timeout=10_000)

    def _switches(self) -> list[str]:
        port = self._living_cell().port
        return [
            f"--proxy-server=socks5://127.0.0.1:{port}",
            # else Chromium goes past any proxy to 127/8 and 169.254/16
            "--proxy-bypass-list=<-loopback>",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            "--dns-prefetch-disable",
            "--disable-quic",
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--disable-gpu",
            "--disable-breakpad",
            "--deny-permission-prompts",
            # the last list wins: it must hold what Playwright switches off, too
            f"--disable-features={','.join(_IDLE_FEATURES)}",
        ]

    def _major(self) -> str:
        """The version told to sites: ours, not frozen in the code."""
        found = re.search(r"(\d+)\.\d+\.\d+\.\d+", ask_version())
        return found[1] if found else "130"

    def _watch(self, page: Page) -> None:
        """Count what a page and its workers receive; answer what it asks a person."""
        page.on("dialog", self._answer_dialog)
        page.on("crash", self._note_crash)
        session = self._living_context().new_cdp_session(page)
        if page is self._page:
            self._session = session
        for event in EVENTS:
            session.on(event, partial(self._take, event))
        session.on("Page.frameNavigated", self._note_navigation)
        session.send("Page.enable")
        session.send("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0, "maxPostDataSize": 0})
        self._watch_workers(session)
        if self._which is Pass.PERFORMANCE:
            session.send("Emulation.setCPUThrottlingRate", {"rate": CPU_RATE})

    def _watch_workers(self, session: CDPSession) -> None:
        """Frames of other sites and workers are targets of their own: they tell what they receive in letters to ours."""

        def attached(event: dict[str, Any]) -> None:
            if "worker" in event["targetInfo"]["type"]:
                self.layer.start_worker(event["targetInfo"]["url"])
            letters: list[tuple[str, dict[str, Any]]] = [
                ("Network.enable", {}),
                ("Runtime.runIfWaitingForDebugger", {}),
            ]
            if self._which is Pass.PERFORMANCE and event["targetInfo"]["type"] == "iframe":
                letters.insert(0, ("Emulation.setCPUThrottlingRate", {"rate": CPU_RATE}))
            for place, (method, params) in enumerate(letters, 1):
                message = json.dumps({"id": place, "method": method, "params": params})
                with contextlib.suppress(Error):
                    session.send("Target.sendMessageToTarget", {"sessionId": event["sessionId"], "message": message})

        def received(event: dict[str, Any]) -> None:
            message = json.loads(event["message"])
            if message.get("method") in EVENTS:
                self._take(message["method"], message["params"], session=event["sessionId"])

        session.on("Target.attachedToTarget", attached)
        session.on("Target.receivedMessageFromTarget", received)
        session.on("Target.detachedFromTarget", lambda event: self.layer.leave(event["sessionId"]))
        session.send("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": False})

    def _take(self, event: str, params: Mapping[str, Any], session: str = "") -> None:
        self.layer.take(event, params, session)
        self._last_event = time.monotonic()

    def _note_navigation(self, event: Mapping[str, Any]) -> None:
        if "parentId" not in event["frame"]:
            self.layer.leave("", event["frame"]["loaderId"])

    def _meet_page(self, page: Page) -> None:
        """A window that the site opened is closed; a flood of them ends the run."""
        self._popups += 1
        if self._popups <= _POPUPS:
            self._log(f"Fenêtre ouverte par le site, fermée : {page.url}")
        with contextlib.suppress(Error):
            page.close()

    def _answer_dialog(self, dialog: Dialog) -> None:
        self._log(f"Boîte de dialogue fermée : {dialog.type}.")
        with contextlib.suppress(Error):
            if dialog.type == "beforeunload":
                dialog.accept()
            else:
                dialog.dismiss()

    def _note_crash(self, page: Page) -> None:
        self._is_crashed = True

    def _check(self) -> None:
        """Raise for what cut the run: a limit of the relay, a flood, a crash."""
        match self._living_relay().breach:
            case "bytes":
                size = self._limits.total_bytes // 1024**2
                raise BenchError("byte_limit", f"Le site a dépassé {size} Mio : la mesure est coupée.")
            case "time":
                raise BenchError(
                    "time_limit", f"La mesure a dépassé {self._limits.seconds:.0f} secondes : elle est coupée."
                )
            case "connections":
                raise BenchError(
                    "connection_limit",
                    f"Le site a ouvert plus de {self._limits.connections} connexions : la mesure est coupée.",
                )
        if self._popups > _POPUPS:
            raise BenchError("popups", f"Le site a ouvert plus de {_POPUPS} fenêtres : la mesure est coupée.")
        if self._is_crashed:
            raise BenchError("crash", "La page s’est arrêtée brutalement (mémoire épuisée ou erreur du navigateur).")

    def _pump(self) -> None:
        """Let events that have arrived be heard."""
        self._rest(0)

    def _rest(self, seconds: float) -> None:
        try:
            self._living_page().wait_for_timeout(seconds * 1000)
        except Error as error:
            self._check()
            raise BenchError("browser", f"Le navigateur ne répond plus : {_first_line(error)}") from error

    def _look(self) -> dict[str, Any]:
        try:
            found = self._ask("look", patience_s=2)
        except BenchError:
            return {}
        return found or {}

    def _paint_of_a_new_document(self, looked: Mapping[str, Any]) -> float | None:
        """The largest paint, told once per loaded document."""
        origin, paint = looked.get("origin"), looked.get("paint")
        if origin is None or origin == self._document:
            return None
        self._document = origin
        return paint / 1000 if paint is not None else None

    def _ask(self, action: str, patience_s: float = 5, **wanted: Any) -> Any:
        """Ask the finder in a world of its own; again when the page left meanwhile, until patience ends."""
        until = time.monotonic() + patience_s
        while True:
            left_ms = max(0, int((until - time.monotonic()) * 1000))
            question = json.dumps({**wanted, "ms": min(wanted.get("ms", 0), left_ms)})
            try:
                return self._evaluate(f"({_FINDER})({json.dumps(action)}, {question})")
            except Error as error:
                self._check()
                if time.monotonic() >= until or "closed" in str(error).lower():
                    raise BenchError("browser", f"La page n’a pas répondu : {_first_line(error)}") from error
                self._rest(0.02)

    def _evaluate(self, expression: str) -> Any:
        session = self._session
        assert session is not None  # noqa: S101 (a page is there)
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": _WORLD})
        asked = {"contextId": world["executionContextId"], "awaitPromise": True, "returnByValue": True}
        answer = session.send("Runtime.evaluate", {"expression": expression, **asked})
        if "exceptionDetails" in answer:
            raise Error(str(answer["exceptionDetails"].get("exception", {}).get("description", "exception")))
        return answer["result"].get("value")

    def _living_page(self) -> Page:
        if self._page is None:
            raise BenchError("browser", "Le navigateur n’est pas démarré.")
        return self._page

    def _living_context(self) -> BrowserContext:
        if self._context is None:
            raise BenchError("browser", "Le navigateur n’est pas démarré.")
        return self._context

    def _living_cell(self) -> Cell:
        if self._cell is None:
            raise BenchError("browser", "Le navigateur n’est pas démarré.")
        return self._cell

    def _living_relay(self) -> Relay:
        if self._relay is None:
            raise BenchError("browser", "Le navigateur n’est pas démarré.")
        return self._relay

    # -- the commands: each answers whether it waited for something, and a detail for the log

    def _commands(self) -> dict[str, Callable[..., tuple[bool, str]]]:
        return {
            "pause": self._pause,
            "setBrowser": self._set_browser,
            "browserPrepareAndOpenForReference": self._open_for_reference,
            "browserGoToUrl": self._type_url,
            "pressEnter": self._press_enter,
            "pressBack": self._press_back,
            "pressHome": self._minimize,
            "goBackground": self._minimize,
            "waitUntilText": partial(self._wait, "text"),
            "waitUntilId": partial(self._wait, "id"),
            "waitUntilDescription": partial(self._wait, "description"),
            "waitUntilTextGone": self._wait_gone,
            "clickByText": partial(self._click, "text"),
            "clickById": partial(self._click, "id"),
            "clickByDescription": partial(self._click, "description"),
            "clickIfTextExists": self._click_if_there,
            "clickByPosition": self._click_at,
            "enterText": self._enter_text,
            "clearText": self._clear_text,
            "swipeDownward": partial(self._scroll, 0, 1),
            "swipeUpward": partial(self._scroll, 0, -1),
            "swipeLeft": partial(self._scroll, 1, 0),
            "swipeRight": partial(self._scroll, -1, 0),
            "scrollDownward": partial(self._scroll, 0, 1),
            "scrollToText": self._scroll_to_text,
            "assertText": partial(self._assert, "text"),
            "assertId": partial(self._assert, "id"),
        }

    def _pause(self, ms: str) -> tuple[bool, str]:
        """A sleep during which the browser is heard and limits are kept."""
        until = time.monotonic() + int(ms) / 1000
        while (left := until - time.monotonic()) > 0:
            self._rest(min(left, 0.5))
            self._check()
        return False, ""

    def _set_browser(self, name: str) -> tuple[bool, str]:
        if name.lower() not in ("chrome", "chromium"):
            raise BenchError("unsupported", f"Le banc web mesure avec Chromium : le navigateur « {name} » n’y est pas.")
        return False, self.version

    def _open_for_reference(self) -> tuple[bool, str]:
        """A clean profile and a blank tab: a fresh browser already is that."""
        if self._is_used:
            with contextlib.suppress(Error):
                self._living_context().close()
            self._living_cell().kill()
            self.layer.forget()
            self._launch()
            if self._which is Pass.ENERGY:
                self._rest(SETTLE_S)
        return False, "about:blank"

    def _type_url(self, url: str) -> tuple[bool, str]:
        self._pending_url = url
        return False, url

    def _press_enter(self) -> tuple[bool, str]:
        page = self._living_page()
        url, self._pending_url = self._pending_url, ""
        if not url:
            page.keyboard.press("Enter")
            return False, ""
        self._is_used = True
        try:
            page.goto(url, wait_until="commit", timeout=_NAVIGATION_MS)
        except Error as error:
            self._check()
            raise self._explain(url, error) from error
        return False, page.url

    def _explain(self, url: str, error: Error) -> BenchError:
        """Why a page did not come, in French."""
        text = str(error)
        refused = [where for where in self._living_relay().refusals if (urlsplit(url).hostname or "\0") in where]
        if "SOCKS" in text or "PROXY" in text:
            if refused or self._living_relay().refusals:
                where = ", ".join(refused or self._living_relay().refusals)
                return BenchError(
                    "refused_address",
                    f"L’adresse {where} n’est pas sur l’internet public, ou une page y a redirigé : le banc ne s’y connecte pas.",
                )
            return BenchError("unreachable", f"{url} ne répond pas (nom inconnu ou serveur injoignable).")
        if "TOO_MANY_REDIRECTS" in text:
            return BenchError("redirects", f"{url} redirige sans fin.")
        if "Download" in text or "ERR_ABORTED" in text:
            return BenchError(
                "download", f"{url} est un fichier à télécharger, pas une page : le banc n’enregistre aucun fichier."
            )
        if "CERT" in text or "SSL" in text:
            return BenchError("certificate", f"Le certificat de {url} n’est pas reconnu.")
        if "Timeout" in text:
            return BenchError("timeout", f"{url} n’a pas répondu en {_NAVIGATION_MS // 1000} secondes.")
        return BenchError("unreachable", f"{url} n’a pas pu être ouverte : {_first_line(error)}")

    def _press_back(self) -> tuple[bool, str]:
        self._living_page().go_back(wait_until="commit", timeout=_NAVIGATION_MS)
        return False, ""

    def _minimize(self) -> tuple[bool, str]:
        self.background()
        return False, "fenêtre réduite"

    def _wait(self, by: str, value: str, ms: str = str(_WAIT_MS)) -> tuple[bool, str]:
        if not self._ask("wait", patience_s=int(ms) / 1000, by=by, value=value, ms=int(ms)):
            raise BenchError("wait", f"{_named(by, value)} n’est pas apparu en {_seconds(ms)}.")
        return True, value

    def _wait_gone(self, value: str, ms: str = str(_WAIT_MS)) -> tuple[bool, str]:
        if not self._ask("gone", patience_s=int(ms) / 1000, by="text", value=value, ms=int(ms)):
            raise BenchError("wait", f"{_named('text', value)} n’a pas disparu en {_seconds(ms)}.")
        return True, value

    def _click(self, by: str, value: str, rank: str = "1") -> tuple[bool, str]:
        place = self._ask("locate", patience_s=_CLICK_MS / 1000, by=by, value=value, index=int(rank) - 1, ms=_CLICK_MS)
        if place is None:
            raise BenchError("click", f"{_named(by, value)} n’est pas sur la page : rien à toucher.")
        if not place["isFree"]:
            raise BenchError(
                "click",
                f"{_named(by, value)} est recouvert par autre chose (bandeau, fenêtre) : le toucher n’aurait pas d’effet.",
            )
        self._tap(place["x"], place["y"])
        return False, value

    def _click_if_there(self, value: str, ms: str = str(_BANNER_MS)) -> tuple[bool, str]:
        place = self._ask("locate", patience_s=int(ms) / 1000 + 2, by="text", value=value, ms=int(ms))
        if place is None or not place["isFree"]:
            return False, "absent"
        self._tap(place["x"], place["y"])
        return False, value

    def _click_at(self, x: str, y: str) -> tuple[bool, str]:
        self._tap(VIEWPORT["width"] * float(x) / 100, VIEWPORT["height"] * float(y) / 100)
        return False, f"{x} %, {y} %"

    def _tap(self, x: float, y: float) -> None:
        self._is_used = True
        self._living_page().touchscreen.tap(x, y)
        self._pump()

    def _enter_text(self, text: str) -> tuple[bool, str]:
        missing = [name for name in _SECRET.findall(text) if name not in self._secrets]
        if missing:
            raise BenchError("secret", f"La valeur secrète {', '.join(missing)} n’a pas été donnée pour cette mesure.")
        self._living_page().keyboard.insert_text(_SECRET.sub(lambda found: self._secrets[found[1]], text))
        return False, ""

    def _clear_text(self) -> tuple[bool, str]:
        if not self._ask("clear"):
            raise BenchError("clear", "Aucun champ de saisie n’est actif : rien à effacer.")
        self._living_page().keyboard.press("Delete")
        return False, ""

    def _scroll(self, across: int, down: int, count: str = "1") -> tuple[bool, str]:
        """Slide by 0.6 of the screen, as many times, at 800 px/s; positive shows what is to the right or below."""
        session = self._session
        assert session is not None  # noqa: S101 (a page is there)
        for _ in range(int(count)):
            session.send(
                "Input.synthesizeScrollGesture",
                {
                    "x": VIEWPORT["width"] / 2,
                    "y": VIEWPORT["height"] / 2,
                    "xDistance": -across * VIEWPORT["width"] * _SCROLL_SHARE,
                    "yDistance": -down * VIEWPORT["height"] * _SCROLL_SHARE,
                    # a touch gesture moves nothing in a headless Chromium 156; a wheel moves at the speed that is asked
                    "gestureSourceType": "mouse",
                    "speed": 800,
                },
            )
        return False, ""

    def _scroll_to_text(self, value: str) -> tuple[bool, str]:
        if not self._ask("show", patience_s=_CLICK_MS / 1000, by="text", value=value, ms=_CLICK_MS):
            raise BenchError("scroll", f"{_named('text', value)} n’est pas sur la page.")
        self._rest(0.5)
        return False, value

    def _assert(self, by: str, value: str) -> tuple[bool, str]:
        if not self._ask("wait", by=by, value=value, ms=0):
            raise BenchError("assert", f"{_named(by, value)} devrait être sur la page et n’y est pas.")
        return False, value


def _named(by: str, value: str) -> str:
    match by:
        case "text":
            return f"Le texte « {value} »"
        case "id":
            return f"L’élément d’identifiant « {value} »"
        case _:
            return f"L’élément décrit « {value} »"


def _seconds(ms: str) -> str:
    return f"{int(ms) / 1000:g} s".replace(".", ",")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
