"""Looks before the start at what would fail later, and says what to do about it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import mongod, ports, rabbitmq
from .plan import PORTS, Plan

NEEDED_BYTES = 1_000_000_000
"""mongod's log of operations, the broker's write-ahead log, and some mail."""


def problems(plan: Plan) -> list[str]:
    """One line for each thing that stands in the way; none when the start may begin."""
    return [*programs(), *space(plan), *names(), *taken_ports(plan)]


def programs() -> Iterator[str]:
    """RabbitMQ and mongod are there, and mongod finds its libraries."""
    for path in (rabbitmq.PROGRAMS / "rabbitmq-server", Path("/usr/bin/epmd")):
        if not path.exists():
            yield f"{path} is missing: run `make setup`"
    try:
        told = subprocess.run([mongod.binary(), "--version"], capture_output=True, text=True, timeout=30)
    except (mongod.MongoFailed, OSError) as failure:
        yield f"mongod cannot be run ({failure}): run `make setup`"
        return
    if told.returncode != 0:
        lines = told.stderr.strip().splitlines() or [f"exit code {told.returncode}"]
        yield f"mongod cannot be run ({lines[-1]}): run `make setup`"


def space(plan: Plan) -> Iterator[str]:
    """There is room for the data."""
    folder = plan.var
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        yield (
            f"{folder} has {free / 1e9:.1f} GB free and {NEEDED_BYTES / 1e9:.0f} GB are needed: "
            "make room, or put the data elsewhere with TICKETWIRE_VAR=/some/folder"
        )


def names() -> Iterator[str]:
    """RabbitMQ's node is called after localhost, so the name must lead here."""
    try:
        address = socket.gethostbyname("localhost")
    except OSError:
        address = "nothing"
    if not address.startswith("127."):
        yield f'localhost leads to {address}: put the line "127.0.0.1 localhost" into /etc/hosts'


def taken_ports(plan: Plan) -> Iterator[str]:
    """Nobody else listens where we want to."""
    for name, number in plan.ports.items():
        host = plan.host if name in ("gateway", "ingest", "smtp") else "127.0.0.1"
        if not ports.is_free(number, host):
            who = ports.holder(number)
            yield (
                f"port {number} ({PORTS[name].purpose}) is taken{f' by {who}' if who else ''}: "
                f"end that, or choose another port with {PORTS[name].variable}=…"
            )
