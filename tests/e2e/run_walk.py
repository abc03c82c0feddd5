"""`make walk`: the walks over the demo of this checkout, started here when it does not answer yet, then stopped."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 600


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def running_demo(port: int) -> Iterator[None]:
    """The demo that answers already, or one of our own for the time of the walks."""
    if answers(port):
        yield
        return
    demo = subprocess.Popen([sys.executable, "-m", "convergence.embedded.demo"], cwd=ROOT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(port):
            if demo.poll() is not None or time.monotonic() > deadline:
                sys.exit("convergence: the demo did not start, hence no walk.")
            time.sleep(0.5)
        yield
    finally:
        demo.terminate()
        demo.wait()


def main() -> None:
    port = int(os.environ.get("PORT") or "8000")
    with running_demo(port):
        command = [sys.executable, "-m", "pytest", "tests/e2e", "-m", "demo", "-q"]
        environment = {**os.environ, "DEMO_URL": f"http://localhost:{port}"}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
