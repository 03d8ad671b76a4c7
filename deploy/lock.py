"""Lock every version: requirements/dev.txt for the workspace, then one file per service with the same versions.

    make lock                 keep what is locked, add what is new
    make lock UPGRADE=1       take the newest of everything

A locked file has the hashes of every package and no index address, so it installs from any mirror.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
SERVICES = ("ingest", "tickets", "escalation", "notify", "gateway")

COMPILE = [
    str(Path(sys.executable).with_name("uv")),
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-package=ticketwire-contracts",
    "--no-emit-package=ticketwire-chassis",
    "--no-annotate",
    "--custom-compile-command=make lock",
]


def main() -> None:
    """Write all files of requirements/."""
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    sources = [f"services/{name}/pyproject.toml" for name in SERVICES]
    dev = ["--all-extras", "--group=pyproject.toml:dev", "contracts/pyproject.toml", "chassis/pyproject.toml"]
    write("dev", [*upgrade, *dev, *sources])
    for name, source in zip(SERVICES, sources, strict=True):
        write(name, ["--constraint=requirements/dev.txt", source])


def write(name: str, arguments: list[str]) -> None:
    """One file; uv keeps the versions it already holds unless asked to upgrade."""
    target = REQUIREMENTS / f"{name}.txt"
    subprocess.run([*COMPILE, f"--output-file={target.relative_to(ROOT)}", *arguments], check=True, cwd=ROOT)
    print(f"{target.relative_to(ROOT)}: {sum('==' in line for line in target.read_text().splitlines())} packages")


if __name__ == "__main__":
    main()
