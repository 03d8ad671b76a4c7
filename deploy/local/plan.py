"""What runs where: read once from the environment, then passed along.

Every port may be set by its variable (``PORTS``); ``TICKETWIRE_PORT_SHIFT=100`` moves all of them that are not set,
for a second system on one machine. ``TICKETWIRE_VAR`` moves the data, ``TICKETWIRE_HOST`` the address that the pages
and the mail port listen on, ``TICKETWIRE_DEMO=0`` leaves the demo data out, and ``TICKETWIRE_SUBSCRIBERS=crm,wiki``
makes a queue and a listening user for each outsider named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("ingest", "tickets", "escalation", "notify", "gateway")
EDGES = ("gateway", "ingest")
"""What takes work from outside: stopped first."""


@dataclass(frozen=True)
class Port:
    """One port we listen on."""

    variable: str
    default: int
    purpose: str


PORTS: Mapping[str, Port] = {
    "gateway": Port("TICKETWIRE_HTTP_PORT", 8080, "pages and REST"),
    "ingest": Port("INGEST_PORT", 8081, "ingest's HTTP"),
    "tickets": Port("TICKETS_PORT", 8082, "tickets' health"),
    "escalation": Port("ESCALATION_PORT", 8083, "escalation's health"),
    "notify": Port("NOTIFY_PORT", 8084, "notify's health"),
    "smtp": Port("TICKETWIRE_SMTP_PORT", 2525, "mail coming in"),
    "sink": Port("TICKETWIRE_SINK_PORT", 2526, "mail going out, into var/outbox/"),
    "mongod": Port("TICKETWIRE_MONGO_PORT", 27117, "MongoDB"),
    "rabbitmq": Port("TICKETWIRE_BROKER_PORT", 5673, "RabbitMQ"),
    "distribution": Port("TICKETWIRE_BROKER_DIST_PORT", 25673, "RabbitMQ's own tools"),
    "epmd": Port("TICKETWIRE_EPMD_PORT", 4370, "Erlang's register of nodes"),
}
"""Every port of the native run, by what listens there."""


class PlanWrong(Exception):
    """A setting of the native run makes no sense; the text names it."""


@dataclass(frozen=True)
class Plan:
    """One system on this machine."""

    var: Path
    ports: Mapping[str, int]
    host: str = "127.0.0.1"
    demo: bool = True
    subscribers: tuple[str, ...] = ()
    mongo_cache_gb: float = 1.0

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.var / "log"

    @property
    def records(self) -> Path:
        """Pids of what runs."""
        return self.var / "run"

    @property
    def outbox(self) -> Path:
        """Mails that went out."""
        return self.var / "outbox"

    @property
    def secrets(self) -> Path:
        """Passwords and keys, for their owner's eyes only."""
        return self.var / "secrets"

    @property
    def reach(self) -> str:
        """The address at which this machine itself reaches what listens on ``host``."""
        return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)

    @property
    def pages(self) -> str:
        """Base address of the pages."""
        return f"http://{self.reach}:{self.ports['gateway']}"


def plan(environment: Mapping[str, str]) -> Plan:
    """The plan that the environment asks for; raises PlanWrong."""
    shift = number(environment, "TICKETWIRE_PORT_SHIFT", 0)
    chosen = {name: number(environment, port.variable, port.default + shift) for name, port in PORTS.items()}
    for name, value in chosen.items():
        if not 0 < value < 65536:
            raise PlanWrong(f"{PORTS[name].variable}: {value} is not a port")
        twin = next((other for other in chosen if other != name and chosen[other] == value), None)
        if twin is not None:
            raise PlanWrong(f"{PORTS[name].variable} and {PORTS[twin].variable} are both {value}")
    subscribers = tuple(word for word in environment.get("TICKETWIRE_SUBSCRIBERS", "").split(",") if word)
    for subscriber in subscribers:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", subscriber):
            raise PlanWrong(f"TICKETWIRE_SUBSCRIBERS: {subscriber!r} is not a name like crm or wiki-2")
    return Plan(
        var=Path(environment.get("TICKETWIRE_VAR") or ROOT / "var").resolve(),
        ports=chosen,
        host=environment.get("TICKETWIRE_HOST") or "127.0.0.1",
        demo=environment.get("TICKETWIRE_DEMO", "1") not in ("0", "no", "false"),
        subscribers=subscribers,
        mongo_cache_gb=cache_gb(environment),
    )


def number(environment: Mapping[str, str], variable: str, default: int) -> int:
    """A variable as a whole number."""
    text = environment.get(variable) or str(default)
    try:
        return int(text)
    except ValueError:
        raise PlanWrong(f"{variable}: {text!r} is not a number") from None


def cache_gb(environment: Mapping[str, str]) -> float:
    """How much memory mongod may take for its cache; it wants at least a quarter of a gigabyte."""
    text = environment.get("TICKETWIRE_MONGO_CACHE_GB") or "1"
    try:
        size = float(text)
    except ValueError:
        raise PlanWrong(f"TICKETWIRE_MONGO_CACHE_GB: {text!r} is not a number") from None
    if size < 0.25:
        raise PlanWrong(f"TICKETWIRE_MONGO_CACHE_GB: {text} is less than 0.25")
    return size
