"""``make run``: the whole system in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import sys
import time

from deploy.rabbitmq.definitions import ADMIN, USERS, definitions

from . import checks, demo
from .mongod import Mongod, MongoFailed
from .parts import parts
from .passwords import AdminPassword, Passwords, passwords, write_private
from .plan import SERVICES, Plan, PlanWrong, plan
from .processes import clear_leftovers
from .rabbitmq import RabbitFailed, RabbitNode
from .supervisor import Stopped, Supervisor, running_elsewhere


def main() -> int:
    """Runs until it is told to stop; 1 when it could not start."""
    try:
        chosen = plan(os.environ)
    except PlanWrong as wrong:
        return refuse(str(wrong))
    try:
        chosen.var.mkdir(parents=True, exist_ok=True, mode=0o700)
        other = running_elsewhere(chosen)
    except OSError as error:
        return refuse(f"{error.filename}: {error.strerror}; put the data elsewhere with TICKETWIRE_VAR=/some/folder")
    if other is not None:
        return refuse(
            f"it is running already (pid {other}) with the data in {chosen.var}; stop that one with "
            f"`kill {other}`, or run a second one with TICKETWIRE_VAR=/another/folder TICKETWIRE_PORT_SHIFT=100"
        )
    for name in clear_leftovers(chosen.records, last=("rabbitmq", "epmd", "mongod")):
        say(f"ended {name}, left over from a run that was killed")
    found = checks.problems(chosen)
    if found:
        return refuse("\n  ".join(found))
    return run(chosen)


def run(chosen: Plan) -> int:
    """Starts, watches, stops."""
    words = passwords(chosen.secrets, (ADMIN, *SERVICES), (*USERS, *(f"ext.{name}" for name in chosen.subscribers)))
    admin = AdminPassword(chosen.secrets, os.environ.get("TICKETWIRE_ADMIN_PASSWORD"))
    mongod, rabbit = servers(chosen, words)
    supervisor = Supervisor(chosen, mongod, rabbit, say)
    supervisor.take_signals()
    try:
        say("starting mongod and RabbitMQ (about ten seconds)")
        supervisor.start_servers()
        keep_operators_environment(chosen, mongod, rabbit)
        say("starting the services")
        mongo = {name: mongod.url(name) for name in SERVICES}
        broker = {name: rabbit.url(name) for name in SERVICES}
        supervisor.run_until_ready(parts(chosen, mongo, broker, words.secret, admin.word))
        demo.ensure(supervisor, chosen, admin.word)
        say(banner(chosen, admin, demo.log_in_works(chosen, admin.word)))
        supervisor.watch_for_ever()
    except Stopped:
        pass
    except (MongoFailed, RabbitFailed) as failure:
        say(f"cannot go on: {failure}")
        return 1
    finally:
        begun = time.monotonic()
        say("stopping: first what takes work from outside, then the services, RabbitMQ, mongod")
        supervisor.stop()
        say(f"stopped ({time.monotonic() - begun:.1f} s); `make run` continues where it was")
    return 0


def servers(chosen: Plan, words: Passwords) -> tuple[Mongod, RabbitNode]:
    """mongod and the broker, each with a user per service."""
    mongod = Mongod(
        chosen.var / "mongo",
        chosen.ports["mongod"],
        chosen.logs / "mongod.log",
        words.mongo,
        cache_gb=chosen.mongo_cache_gb,
        records=chosen.records,
    )
    rabbit = RabbitNode(
        chosen.var / "rabbitmq",
        chosen.ports["rabbitmq"],
        chosen.ports["distribution"],
        chosen.ports["epmd"],
        chosen.logs / "rabbitmq.log",
        definitions(words.broker, chosen.subscribers),
        words.broker,
        records=chosen.records,
    )
    return mongod, rabbit


def keep_operators_environment(chosen: Plan, mongod: Mongod, rabbit: RabbitNode) -> None:
    """What `ticketwire parked …` and the like need to reach this system, as a file to source."""
    lines = [
        f"export TICKETWIRE_MONGO_URL='{mongod.url(ADMIN)}'",
        f"export TICKETWIRE_BROKER_URL='{rabbit.url(ADMIN)}'",
        f"export TICKETWIRE_URL='{chosen.pages}'",
        *(f"export SUBSCRIBER_{name.upper()}_URL='{rabbit.url(f'ext.{name}')}'" for name in chosen.subscribers),
    ]
    write_private(chosen.secrets / "environment", "\n".join(lines) + "\n")


def banner(chosen: Plan, admin: AdminPassword, works: bool) -> str:
    """Where it is, how to get in, and how to send a first mail."""
    smtp = chosen.ports["smtp"]
    if admin.word is None:
        word = "the password that the first run has shown"
    elif not works:
        word = "the password set at the first run (TICKETWIRE_ADMIN_PASSWORD is not it)"
    elif admin.given:
        word = "the password in TICKETWIRE_ADMIN_PASSWORD"
    else:
        word = f"password {admin.word}   (shown this once; the demo's agents have the same)"
    if works:
        admin.shown()
    python = (
        f"python3 -c \"import smtplib; smtplib.SMTP('{chosen.reach}', {smtp}).sendmail('you@example.net', "
        "['support@example.org'], 'From: you@example.net\\nTo: support@example.org\\n"
        "Subject: Hello\\n\\nA first mail.\\n')\""
    )
    return f"""Ticketwire is ready.

  Pages      {chosen.pages}/
  REST       {chosen.pages}/api/docs
  Log in     admin, {word}
  Mail in    {chosen.reach}:{smtp}, for support@example.org
  Mail out   {chosen.outbox}/
  Logs       {chosen.logs}/

  A first mail:  .venv/bin/ticketwire mail send --port {smtp} --to support@example.org FILE.eml
  or             {python}

  Stop with Ctrl-C or `kill {os.getpid()}`.
"""


def say(text: str) -> None:
    """One line at once; that the terminal has gone must not keep us from stopping."""
    try:
        print(f"ticketwire: {text}", flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for the rest of this process


def refuse(reason: str) -> int:
    """Says why it does not start."""
    print(f"ticketwire: cannot start\n  {reason}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
