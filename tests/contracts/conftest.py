"""A copy of the tree, in which a test may plant a violation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tree:
    """A copy of what the checks read: contracts, chassis, services, settings of the tools."""

    root: Path

    def replace(self, name: str, old: str, new: str) -> None:
        """Changes a file; the text must be there, else the test would plant nothing."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} no longer says {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        """Writes a file, with its folders."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Adds to the end of a file."""
        path = self.root / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a Python module on the copy; the copy's packages come before the installed ones."""
        paths = [str(self.root / "contracts"), str(self.root / "chassis"), str(self.root)]
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def guard(self) -> list[str]:
        """What the guard finds; each finding is one line."""
        done = self.run("-m", "ticketwire_contracts.guard")
        lines = done.stderr.splitlines()
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == (1 if lines else 0)
        return lines

    def make_schemas(self) -> str:
        """Writes everything that is made from the contract, as ``make schemas`` does."""
        done = self.run("-m", "ticketwire_contracts.schemas")
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A fresh copy, with what Python has compiled: it counts only for files that are still the same."""
    for name in ("contracts", "chassis", "services"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return Tree(tmp_path)
