"""The sink and the five services as processes, each with the settings and the log-ins that are its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .plan import EDGES, ROOT, SERVICES, Plan

STRIPPED = ("TICKETWIRE_ADMIN_PASSWORD", "TICKETWIRE_PORT_SHIFT", "TICKETWIRE_VAR", "TICKETWIRE_HTTP_PORT")


@dataclass(frozen=True)
class Part:
    """One process. ``ready`` is the address that answers 200 when it can work, or ``host:port`` to connect to."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: str
    edge: bool = False
    last: bool = False
    """Stopped after all others: what they still use."""
    folder: Path = ROOT


def parts(
    plan: Plan, mongo: Mapping[str, str], broker: Mapping[str, str], secret: str, admin: str | None
) -> list[Part]:
    """All of them; ``mongo`` and ``broker`` have a connection string per service."""
    made = [sink(plan)]
    for name in SERVICES:
        environment = {
            **inherited(),
            "PYTHONUNBUFFERED": "1",
            "TICKETWIRE_SECRET": secret,
            f"{name.upper()}_MONGO_URL": mongo[name],
            f"{name.upper()}_BROKER_URL": broker[name],
            f"{name.upper()}_PORT": str(plan.ports[name]),
            f"{name.upper()}_HOST": plan.host if name in EDGES else "127.0.0.1",
            **particular(plan, name, admin),
        }
        reach = plan.reach if name in EDGES else "127.0.0.1"
        made.append(
            Part(
                name=name,
                command=(sys.executable, "-m", "ticketwire_chassis.serve", name),
                environment=environment,
                ready=f"http://{reach}:{plan.ports[name]}/readyz",
                edge=name in EDGES,
            )
        )
    return made


def particular(plan: Plan, name: str, admin: str | None) -> dict[str, str]:
    """What only one service needs to know; what the user has set for it stays."""
    match name:
        case "ingest":
            return {"INGEST_SMTP_HOST": plan.host, "INGEST_SMTP_PORT": str(plan.ports["smtp"])}
        case "notify":
            given = {"NOTIFY_PUBLIC_URL": os.environ.get("NOTIFY_PUBLIC_URL") or plan.pages}
            if not os.environ.get("NOTIFY_SMTP_HOST"):
                given |= {"NOTIFY_SMTP_HOST": "127.0.0.1", "NOTIFY_SMTP_PORT": str(plan.ports["sink"])}
            return given
        case "gateway" if admin is not None:
            return {"TICKETWIRE_ADMIN_PASSWORD": admin}
        case _:
            return {}


def inherited() -> dict[str, str]:
    """Our own environment, without what is meant for the native run or the tests."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in STRIPPED and not name.startswith(("TICKETWIRE_TEST_", "MAKE", "MFLAGS"))
    }


def sink(plan: Plan) -> Part:
    """Where mail goes that leaves."""
    port = str(plan.ports["sink"])
    return Part(
        name="sink",
        command=(sys.executable, "-m", "deploy.local.sink", "--port", port, "--outbox", str(plan.outbox)),
        environment=inherited(),
        ready=f"127.0.0.1:{port}",
        last=True,
    )
