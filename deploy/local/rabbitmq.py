"""A private RabbitMQ node with an epmd of its own, beside whatever the system runs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import ports
from .processes import Child

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
START_SECONDS = 90.0


class RabbitFailed(Exception):
    """The node did not start, or refused an order; the text says why."""


@dataclass
class RabbitNode:
    """The node under ``folder``; ``definitions`` are loaded at each start, before anyone can connect."""

    folder: Path
    port: int
    dist_port: int
    epmd_port: int
    log: Path
    definitions: Mapping[str, Any]
    passwords: Mapping[str, str]
    records: Path | None = None
    disk_free_limit: int = 200_000_000
    children: list[Child] = field(default_factory=list)

    name = "ticketwire@localhost"

    @property
    def environment(self) -> dict[str, str]:
        """What its programs need to know; nothing of the system's own RabbitMQ is read."""
        return {
            "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),  # holds the cookie
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "node.pid"),
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Node-to-node traffic on the loopback address only.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # Replaces the wrapping shell by the node itself, so that our child is the node.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def start(self) -> None:
        """Starts epmd and the node; ``wait`` tells when it takes connections."""
        self._write_files()
        epmd = shutil.which("epmd", path=self.environment["PATH"])
        if epmd is None or not (PROGRAMS / "rabbitmq-server").exists():
            raise RabbitFailed("RabbitMQ is not installed: run `make setup`")
        self.children = []
        for name, command in (
            ("epmd", [epmd, "-port", str(self.epmd_port), "-address", "127.0.0.1"]),
            ("rabbitmq", [str(PROGRAMS / "rabbitmq-server")]),
        ):
            child = Child(name, command, self.log, self.environment, self.records, self.folder)
            child.start()
            self.children.append(child)

    def wait(self, seconds: float = START_SECONDS, pause: Callable[[float], None] = time.sleep) -> None:
        """Waits until it takes connections, its users are there by then; ``pause`` may end the waiting by raising."""
        end = time.monotonic() + seconds
        while not ports.answers(self.port):
            for child in self.children:
                if not child.running:
                    raise RabbitFailed(f"{child.name} ended ({child.reason}): {child.last_error()}; see {self.log}")
            if time.monotonic() > end:
                raise RabbitFailed(f"RabbitMQ was not ready in time; see {self.log}")
            pause(0.05)

    def stop(self, patience: float = 20.0) -> bool:
        """Ends the node, then epmd, cleanly, or by force after ``patience`` seconds."""
        willing = [child.stop(patience) for child in reversed(self.children)]
        return all(willing)

    def restart(self, hard: bool = False) -> None:
        """Down and up again with all data; ``hard`` is a kill -9."""
        if hard:
            for child in reversed(self.children):
                child.kill()
        else:
            self.stop()
        self.start()
        self.wait()

    def url(self, user: str = "admin", vhost: str = "ticketwire") -> str:
        """Connection string of a user."""
        word = quote(self.passwords[user], safe="")
        return f"amqp://{quote(user, safe='')}:{word}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def ctl(self, *arguments: str, timeout: float = 60.0) -> str:
        """``rabbitmqctl``; takes about two seconds, most of them its own start. Returns what it printed."""
        done = subprocess.run(
            [str(PROGRAMS / "rabbitmqctl"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if done.returncode != 0:
            raise RabbitFailed(f"rabbitmqctl {' '.join(arguments)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def add_vhost(self, vhost: str, user: str = "admin") -> None:
        """A new vhost in which ``user`` may do all. Asks the node directly where Erlang's ``erl_call`` is there."""
        call = shutil.which("erl_call", path=self.environment["PATH"])
        if call is None:
            self.ctl("add_vhost", vhost)
            self.ctl("set_permissions", "-p", vhost, user, ".*", ".*", ".*")
            return
        name, who = json.dumps(vhost), json.dumps(user)
        order = (
            f"rabbit_vhost:add(<<{name}>>, <<{who}>>), rabbit_auth_backend_internal:set_permissions("
            f'<<{who}>>, <<{name}>>, <<".*">>, <<".*">>, <<".*">>, <<{who}>>).\n'
        )
        address = f"127.0.0.1:{self.dist_port}"
        command = [call, "-c", self._cookie(), "-address", address, "-e"]
        done = subprocess.run(command, input=order, env=self.environment, capture_output=True, text=True, timeout=30)
        if done.returncode != 0 or "{ok, ok}" not in done.stdout:
            raise RabbitFailed(f"no vhost {vhost}: {(done.stdout + done.stderr).strip()}")

    def _cookie(self) -> str:
        return (self.folder / ".erlang.cookie").read_text()

    def _write_files(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(0o600)
            cookie.write_text(secrets.token_hex(20))
            cookie.chmod(0o400)
        loaded = self.folder / "definitions.json"
        loaded.touch(0o600)
        loaded.write_text(json.dumps(self.definitions))
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"load_definitions = {loaded}\n"
            f"disk_free_limit.absolute = {self.disk_free_limit}\n"
            "log.console = true\n"
            "log.console.level = warning\n"
            "log.file = false\n"
            # The log that quorum queues share; the default lets it grow to 512 MB before it is cut.
            "raft.wal_max_size_bytes = 67108864\n"
        )
