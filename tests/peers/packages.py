"""Debian's packages that these tests speak with: installed when they are missing, or said how."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.setup import SetupFailed, apt_line, check_space, privilege, run

PROGRAMS: Mapping[str, str] = {
    "rt-mailgate-5": "rt5-clients",
    "postfix": "postfix",
    "swaks": "swaks",
    "msmtp": "msmtp",
    "curl": "curl",
}
"""Which package brings which program."""
PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NO_SERVICE = "postfix postfix/main_mailer_type select No configuration"
"""Without it the package would ask, and run a mail server of its own on port 25."""


def program(name: str) -> str:
    """Where a program is; it has been installed."""
    found = shutil.which(name, path=PLACES)
    assert found is not None, f"{name} is missing"
    return found


def install() -> None:
    """Installs what is missing by apt, as root or with sudo; else the tests fail with the line to run."""
    missing = [package for name, package in PROGRAMS.items() if shutil.which(name, path=PLACES) is None]
    if not missing:
        return
    names = " ".join(missing)
    preset = f"echo '{NO_SERVICE}' | debconf-set-selections; " if "postfix" in missing else ""
    line = f"{preset}apt-get update && apt-get install --no-install-recommends --no-remove -y {names}"
    prefix = privilege()
    if prefix is None or shutil.which("apt-get") is None:
        pytest.fail(f"this system lacks {names}; as root, please run:\n\n    {line}\n", pytrace=False)
    environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    apt = [*environment, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    try:
        check_space(Path("/var/cache"), 300_000_000)
        if preset:
            subprocess.run([*environment, "debconf-set-selections"], input=NO_SERVICE, text=True, check=True)
        run([*apt, "update"], apt_line, may_fail=True)
        # An MTA that is there already is the machine's own: it is not taken away for a test.
        run([*apt, "install", "--no-install-recommends", "--no-remove", "-y", *missing], apt_line)
    except (SetupFailed, subprocess.CalledProcessError) as failure:
        pytest.fail(f"{failure}\n\nas root, please run:\n\n    {line}\n", pytrace=False)
