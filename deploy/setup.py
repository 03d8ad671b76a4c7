"""Set everything up: what the system lacks, then `.venv/` with every locked package. Quick when nothing changed.

    python3 deploy/setup.py            what `make run` needs
    python3 deploy/setup.py --tests    what `make test` needs as well (Chromium)

Runs on a bare `python3` of 3.11 or newer, so it imports the standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "ticketwire.stamp"
LOCK = ROOT / "requirements" / "dev.txt"
OURS = ("contracts", "chassis")
NEEDED_BYTES = 1_500_000_000
"""Room for the packages, the servers' binaries and a first run."""


class SetupFailed(Exception):
    """Set-up cannot go on; the text says what to do."""


def main(arguments: list[str]) -> int:
    """Do what is missing; 0 when everything is there."""
    try:
        with one_at_a_time():
            check_python()
            install_system_packages(with_tests="--tests" in arguments)
            make_venv()
    except SetupFailed as failure:
        print(f"setup: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the next `make setup` goes on from here", file=sys.stderr)
        return 130
    return 0


def say(text: str) -> None:
    """One line of progress, at once."""
    print(f"setup: {text}", flush=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups in one folder would trip over each other: the second waits."""
    with Path(__file__).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running here, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_python() -> None:
    """Refuse a Python that is too old, by name."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python is told by
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupFailed(
            f"{sys.executable} is Python {found}, 3.11 or newer is needed; "
            "with another one installed run: make PYTHON=python3.12 setup"
        )


# What the system must have ---------------------------------------------------------------------------------


def missing_packages(with_tests: bool) -> list[str]:
    """Debian packages that this machine lacks, judged by the files we use and not by dpkg."""
    wanted: list[tuple[str, bool]] = [
        ("python3-venv", venv_usable() or importlib.util.find_spec("ensurepip") is not None),
        ("rabbitmq-server", Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists()),
        ("libcurl4", has_library("libcurl.so.4")),  # mongod's
        ("gpg", shutil.which("gpg") is not None),
        ("ca-certificates", Path("/etc/ssl/certs/ca-certificates.crt").exists()),
    ]
    if with_tests:
        browser = os.environ.get("TICKETWIRE_TEST_CHROMIUM") or shutil.which("chromium")
        wanted.append(("chromium", browser is not None))
        wanted.append(("libatomic1", has_library("libatomic.so.1")))  # of what drives the browser
        wanted.append(("gpg-agent", shutil.which("gpg-agent") is not None))
    return [package for package, there in wanted if not there]


def has_library(name: str) -> bool:
    """Whether a shared library lies where Debian puts it."""
    return any(next(Path("/usr").glob(where), None) for where in (f"lib*/{name}", f"lib/*/{name}"))


def install_system_packages(with_tests: bool) -> None:
    """Install what is missing by apt as root or with sudo, or say the exact line to run."""
    packages = missing_packages(with_tests)
    if not packages:
        return
    names = " ".join(packages)
    line = f"apt-get update && apt-get install --no-install-recommends -y {names}"
    if shutil.which("apt-get") is None:
        raise SetupFailed(
            f"this system lacks {names} (Debian's names) and has no apt-get; "
            "please install them with its own package tool, then run again"
        )
    prefix = privilege()
    if prefix is None:
        raise SetupFailed(f"this system lacks {names}; as root, please run:\n\n    {line}\n\nthen run again")
    check_space(Path("/var/cache"), 700_000_000)
    own_node_before = broker_service_active()
    say(f"installing {names} by apt" + (" with sudo" if prefix else ""))
    environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    # A broken foreign source must not stop us: whether the packages can be had shows in the next step.
    run([*environment, "apt-get", "update", "-q"], apt_line, may_fail=True)
    install = [*environment, "apt-get", "install", "--no-install-recommends", "-y", "-q", *packages]
    run(install, apt_line)
    still = missing_packages(with_tests)
    if still:
        raise SetupFailed(f"apt-get finished, yet {' '.join(still)} cannot be found; please look at its output")
    if broker_service_active() and not own_node_before:
        say(
            "note: Debian's rabbitmq-server package has started a node of its own on port 5672; Ticketwire "
            "uses a private one instead. `systemctl disable --now rabbitmq-server` stops the other"
        )


def privilege() -> list[str] | None:
    """What to put before a command that needs root: nothing, sudo, or None when neither is possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    silent = subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    return ["sudo"] if silent or sys.stdin.isatty() else None


def broker_service_active() -> bool:
    """Does the system run a RabbitMQ of its own?"""
    if shutil.which("systemctl") is None:
        return False
    asked = subprocess.run(["systemctl", "is-active", "-q", "rabbitmq-server"], capture_output=True)
    return asked.returncode == 0


def check_space(folder: Path, needed: int) -> None:
    """Refuse early where the disk is too full, rather than half-way."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SetupFailed(
            f"{folder} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed; please make room there"
        )


# The virtual environment -----------------------------------------------------------------------------------


def fingerprint() -> str:
    """Changes when anything that is installed into `.venv/` changes."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {VENV}".encode())
    for path in [LOCK, *(ROOT / name / "pyproject.toml" for name in OURS)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def venv_usable() -> bool:
    """A `.venv/` whose Python and pip work."""
    python = VENV / "bin" / "python"
    if not python.exists():
        return False
    return subprocess.run([python, "-c", "import pip"], capture_output=True).returncode == 0


def make_venv() -> None:
    """Make `.venv/` hold exactly what the lock says, and contracts and chassis as they lie here."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and (VENV / "bin" / "python").exists():
        return
    check_space(ROOT, NEEDED_BYTES)
    if not venv_usable():
        say("making .venv/")
        run([sys.executable, "-m", "venv", "--clear", str(VENV)], lambda line: None)
    STAMP.unlink(missing_ok=True)
    python = str(VENV / "bin" / "python")
    install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    say(f"installing {count_locked()} locked packages into .venv/ (a minute or two the first time)")
    run([*install, "--no-deps", "--require-hashes", "-r", str(LOCK)], PipProgress(count_locked()))
    present = [name for name in OURS if (ROOT / name / f"ticketwire_{name}").is_dir()]
    editable = [argument for name in present for argument in ("-e", str(ROOT / name))]
    if editable:
        say(f"installing {' and '.join(present)} as they lie here")
        run([*install, "--no-deps", "--no-build-isolation", *editable], lambda line: None)
    if len(present) == len(OURS):
        STAMP.write_text(wanted)
    say("ready")


def count_locked() -> int:
    """How many packages the lock names."""
    return sum(1 for line in LOCK.read_text().splitlines() if "==" in line and not line.startswith((" ", "#")))


class PipProgress:
    """Turns pip's many lines into one short line per ten packages."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seen = 0

    def __call__(self, line: str) -> str | None:
        """The line to show, if any."""
        word, _, rest = line.strip().partition(" ")
        if word in ("Collecting", "Requirement"):
            self.seen += 1
            if self.seen % 10 == 0:
                name = rest.removeprefix("already satisfied: ").split(" ")[0]
                return f"  {min(self.seen, self.total)} of {self.total}: {name}"
        if line.startswith("Installing collected"):
            return "  unpacking"
        return None


def apt_line(line: str) -> str | None:
    """Of apt's output, what tells how far it is."""
    return f"  {line.strip()}" if line.startswith(("Setting up", "Need to get", "Fetched", "E:", "Err:")) else None


def run(command: list[str], shown: Callable[[str], str | None], may_fail: bool = False) -> None:
    """Run a command, show what ``shown`` makes of its lines; on failure show its last lines in full."""
    last: deque[str] = deque(maxlen=25)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=None,
        text=True,
        errors="replace",
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last.append(line.rstrip())
            text = shown(line)
            if text is not None:
                say(text)
    if process.returncode != 0 and not may_fail:
        tail = "\n".join(f"    {line}" for line in last)
        raise SetupFailed(f"this failed with exit code {process.returncode}:\n  {' '.join(command)}\n{tail}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
