"""From a bare machine to a working environment, then to the command asked for.

Run by `make` with the system's Python, hence the standard library only and no import from the project:

    python3 convergence/embedded/bootstrap.py runtime|dev [command …]
"""

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed-requirements.json"
NEEDED_BYTES = 1_500_000_000
# A shared library (Linux name, macOS name) and the Debian package that brings it.
LIBRARIES = [
    ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib", "libglib2.0-0"),
    ("libpango-1.0.so.0", "libpango-1.0.0.dylib", "libpango-1.0-0"),
    ("libpangoft2-1.0.so.0", "libpangoft2-1.0.0.dylib", "libpangoft2-1.0-0"),
    ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib", "libharfbuzz-subset0"),
    ("libfontconfig.so.1", "libfontconfig.1.dylib", "libfontconfig1"),
    ("libmagic.so.1", "libmagic.dylib", "libmagic1"),
]
FONT_PACKAGE = "fonts-dejavu-core"
# A program that some tests need and the Debian package that brings it; those tests skip loudly without it.
TEST_PROGRAMS = [("chromium", "chromium"), ("pdfsig", "poppler-utils"), ("qpdf", "qpdf")]


def stop(message):
    """End with one line."""
    sys.exit("convergence: " + message)


def say(message):
    print("convergence: " + message, flush=True)  # noqa: T201


def loads(name):
    """Whether the dynamic linker finds a library, also in Homebrew's folders."""
    for folder in ("", "/opt/homebrew/lib/", "/usr/local/lib/"):
        try:
            ctypes.CDLL(folder + name)
        except OSError:
            continue
        return True
    return False


def missing_libraries():
    """Return the Debian packages of the libraries that this machine lacks."""
    mac = sys.platform == "darwin"
    return [package for linux, darwin, package in LIBRARIES if not loads(darwin if mac else linux)]


def apt_install(packages):
    """Install Debian packages; end with one line when that fails."""
    say("installing system packages: " + " ".join(packages))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(  # noqa: S603
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            stop("{} failed: {}".format(" ".join(command[:2]), last_line(done.stdout)))


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "e:"))]
    return (errors or lines or ["no message"])[-1]


def check_system(wanted):
    """Have the shared libraries; for `dev` also the programs of the tests."""
    can_install = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None
    libraries = missing_libraries()
    programs = [package for program, package in TEST_PROGRAMS if not shutil.which(program)] if wanted == "dev" else []
    if can_install and (libraries or programs):
        apt_install([*libraries, *([FONT_PACKAGE] if libraries else []), *programs])
        libraries, programs = missing_libraries(), []
    if libraries:
        if sys.platform == "darwin":
            stop("missing system libraries; install them with: brew install pango libmagic")
        stop(
            "missing system libraries; install them with: sudo apt-get install " + " ".join([*libraries, FONT_PACKAGE])
        )
    if programs:
        say("SOME TESTS WILL BE SKIPPED: not installed: " + " ".join(programs))


def check_python():
    if sys.version_info < (3, 11):  # noqa: UP036 - the one file that an older Python may start
        stop("Python 3.11 or newer is needed, this is {}.{}.".format(*sys.version_info[:2]))
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop("Python's venv module is missing; install it with: sudo apt-get install python3-venv")


def fingerprint(name):
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def install_requirements(wanted):
    """Make `.venv` and install the hashed requirements, only when they changed."""
    files = ["requirements.txt"] if wanted == "runtime" else ["requirements.txt", "requirements-dev.txt"]
    prints = {name: fingerprint(name) for name in files}
    installed = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    if all(installed.get(name) == value for name, value in prints.items()):
        return
    if shutil.disk_usage(ROOT).free < NEEDED_BYTES:
        stop(f"disk full: {ROOT} needs 1.5 GB free.")
    if not (VENV / "bin" / "python").exists():
        say("making the Python environment in .venv")
        made = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
        )
        if made.returncode:
            stop("python3 -m venv failed: " + last_line(made.stdout + made.stderr))
    say(f"installing {files[-1]} (a few minutes the first time)")
    done = subprocess.run(  # noqa: S603
        [
            str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "--requirement", str(ROOT / files[-1]),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        stop("pip install failed: " + last_line(done.stdout))
    STAMP.write_text(json.dumps(prints))


def main():
    wanted, command = sys.argv[1], sys.argv[2:]
    check_python()
    check_system(wanted)
    install_requirements(wanted)
    if command:
        # The modules of the project are found from its root, whatever folder `make` was called from.
        os.chdir(ROOT)
        program = str(VENV / "bin" / command[0])
        os.execv(program, [program, *command[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
