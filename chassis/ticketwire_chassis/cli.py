"""``ticketwire``: one command, made of what the installed services' ``cli.py`` offer."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import typer

from . import parked

SERVICES = ("ingest", "tickets", "escalation", "notify", "gateway")


def build() -> typer.Typer:
    """The whole command. A service that is not installed simply adds nothing."""
    root = typer.Typer(
        name="ticketwire", help="Ticketwire: trouble tickets.", no_args_is_help=True, add_completion=False
    )
    root.add_typer(parked.cli, name="parked")
    for service in SERVICES:
        for where in ("", str(Path(__file__).resolve().parents[2])):
            if where not in sys.path:
                sys.path.insert(0, where)
        if importlib.util.find_spec("services") is None or importlib.util.find_spec(f"services.{service}") is None:
            continue
        if importlib.util.find_spec(f"services.{service}.cli") is None:
            continue
        root.add_typer(importlib.import_module(f"services.{service}.cli").cli)
    return root


def main() -> None:
    """The console script."""
    build()()
