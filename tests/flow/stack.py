"""The whole system on private servers: services as processes of their own, replicas of them, a sink for mail.

stack = Stack(mongo_url, broker_url, folder, replicas={"tickets": 2, "gateway": 2})
await stack.start()
stack.send("support@example.org", subject="Help", sender="anna@example.net")
await stack.until(lambda: ...)
stack.kill("tickets", 0); stack.start_one("tickets", 0)
await stack.stop()
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import secrets
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from ticketwire_chassis.broker import Broker
from ticketwire_chassis.commands import CommandClient
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import ShowAccountV1

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("tickets", "escalation", "notify", "gateway", "ingest")
PASSWORD = "correct-horse-battery"
ADDRESSES = {"support": "support@example.org", "billing": "billing@example.org"}


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """Five services, their replicas, and a sink."""

    def __init__(
        self,
        mongo_url: str,
        broker_url: str,
        folder: Path,
        replicas: Mapping[str, int] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.mongo_url = mongo_url
        self.broker_url = broker_url
        self.folder = folder
        self.outbox_folder = folder / "outbox"
        self.replicas = {name: (replicas or {}).get(name, 1) for name in SERVICES}
        self.tag = secrets.token_hex(4)
        self.extra = dict(environment or {})
        self._secret = secrets.token_hex(24)
        self.processes: dict[tuple[str, int], subprocess.Popen[bytes]] = {}
        self.ports = {(name, n): free_port() for name, count in self.replicas.items() for n in range(count)}
        self.smtp_ports = [free_port() for _ in range(self.replicas["ingest"])]
        self.sink_port = free_port()
        self._sink: subprocess.Popen[bytes] | None = None
        self.token = ""
        self.supervised = False
        """Whoever ends by itself is started again, as whoever runs the services does; ``ended`` says who did."""
        self.ended: list[str] = []

    # ------------------------------------------------------------------------------------------ life

    @property
    def base_url(self) -> str:
        """The first gateway's address."""
        return f"http://127.0.0.1:{self.ports['gateway', 0]}"

    @property
    def smtp_port(self) -> int:
        """The first ingest's SMTP port."""
        return self.smtp_ports[0]

    async def start(self) -> None:
        """Starts everything and waits until each is ready; makes queues, an agent and their rights."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start_sink()
        for name, n in self.ports:
            self.start_one(name, n)
        await self.ready()
        await self.log_in()

    def start_sink(self) -> None:
        """The sink in a process of its own: ``outbox/`` gets a file for each mail."""
        port, outbox = str(self.sink_port), str(self.outbox_folder)
        command = [sys.executable, "-m", "deploy.local.sink", "--port", port, "--outbox", outbox]
        self._sink = self._spawn(command, self.folder / "sink.log", dict(os.environ))

    def stop_sink(self) -> None:
        """The sink goes away; what it has kept stays."""
        if self._sink is not None:
            self._sink.terminate()
            self._sink.wait(20)
            self._sink = None

    def start_one(self, name: str, n: int = 0) -> None:
        """Starts one replica."""
        command = [sys.executable, "-m", "ticketwire_chassis.serve", name]
        environment = {**os.environ, **self.environment(name, n)}
        self.processes[name, n] = self._spawn(command, self.folder / f"{name}-{n}.log", environment)

    def _spawn(self, command: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def environment(self, name: str, n: int = 0) -> dict[str, str]:
        """The settings of one replica."""
        own = {"INGEST_SMTP_PORT": str(self.smtp_ports[n])} if name == "ingest" else {}
        return {
            "TICKETWIRE_MONGO_URL": self.mongo_url,
            "TICKETWIRE_BROKER_URL": self.broker_url,
            "TICKETWIRE_SECRET": self._secret,
            "TICKETWIRE_BLOBS_DATABASE": f"tw{self.tag}_blobs",
            "TICKETWIRE_ADMIN_PASSWORD": PASSWORD,
            f"{name.upper()}_MONGO_DATABASE": f"tw{self.tag}_{name}",
            f"{name.upper()}_PORT": str(self.ports[name, n]),
            "NOTIFY_SMTP_HOST": "127.0.0.1",
            "NOTIFY_SMTP_PORT": str(self.sink_port),
            "NOTIFY_PUBLIC_URL": self.base_url,
            "PYTHONPATH": str(ROOT),
            **own,
            **self.extra,
        }

    @property
    def sink_pid(self) -> int:
        """The sink's process."""
        return self._sink.pid if self._sink else 0

    async def ready(self, seconds: float = 60) -> None:
        """Until every replica answers ``/readyz`` with 200."""
        async with httpx.AsyncClient() as client:
            for (name, n), port in self.ports.items():
                await self.until(lambda port=port: self._is_ready(client, port), seconds, f"{name} {n} ready")  # type: ignore[misc]

    async def _is_ready(self, client: httpx.AsyncClient, port: int) -> bool:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/readyz", timeout=6)).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self, name: str, n: int = 0, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends one replica, by default without warning."""
        process = self.processes[name, n]
        process.send_signal(how)
        process.wait(20)

    async def stop(self) -> None:
        """Stops everything and takes the databases away."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                await asyncio.to_thread(process.wait, 10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.stop_sink()
        await self.drop_databases()

    async def drop_databases(self) -> None:
        """Leaves no database behind."""
        for name in (*SERVICES, "blobs"):
            database = self.database(name)
            await database.drop()
            await database.close()

    def database(self, name: str) -> Database:
        """A service's database, to look into; the caller closes it."""
        return open_database(self.mongo_url, f"tw{self.tag}_{name}", "pymongo")

    def logs(self, name: str) -> str:
        """What a service has logged, all replicas together."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob(f"{name}-*.log")))

    # ------------------------------------------------------------------------------------------ talking

    async def log_in(self) -> None:
        """Logs the administrator in (the first agent is made at the gateway's start)."""

        async def try_it() -> bool:
            answer = await self.call("POST", "sessions", {"login": "admin", "password": PASSWORD}, check=False)
            if answer.status_code in (200, 201):
                self.token = answer.json()["token"]
            return bool(self.token)

        await self.until(try_it, 30, "the administrator can log in")

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        gateway: int = 0,
        check: bool = True,
        token: str | None = None,
    ) -> httpx.Response:
        """One REST call; raises for an error unless told not to."""
        url = f"http://127.0.0.1:{self.ports['gateway', gateway]}/api/v1/{path}"
        bearer = self.token if token is None else token
        sent = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **(headers or {})}
        async with httpx.AsyncClient(timeout=20) as client:
            answer = await client.request(method, url, json=body, headers=sent)
        if check and answer.status_code >= 400:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    async def get(self, path: str, **kwargs: Any) -> Any:
        """GET, as JSON."""
        return (await self.call("GET", path, **kwargs)).json()

    async def post(self, path: str, body: Any, **kwargs: Any) -> Any:
        """POST, as JSON."""
        return (await self.call("POST", path, body, **kwargs)).json()

    async def put(self, path: str, body: Any, **kwargs: Any) -> httpx.Response:
        """PUT."""
        return await self.call("PUT", path, body, **kwargs)

    async def make_queues(self) -> None:
        """The queues of ``ADDRESSES``; the administrator may do everything anyway."""
        for name, address in ADDRESSES.items():
            await self.post("queues", {"name": name, "addresses": [address]})

    async def make_agents(self, logins: Sequence[str]) -> dict[str, str]:
        """Agents who may do everything: tokens, and the persons behind them."""
        found = {}
        for login in logins:
            made = await self.post("people", {"login": login, "name": login.title(), "agent": True})
            await self.put(f"people/{login}/password", {"password": PASSWORD})
            await self.post("rights", {"right": "superuser", "grantee": f"person:{login}", "scope": "all"})
            session = await self.post("sessions", {"login": login, "password": PASSWORD}, token="")
            found[session["token"]] = made["id"]
        return found

    def send(
        self,
        to: str = "support@example.org",
        subject: str = "Help",
        text: str = "It does not work.",
        sender: str = "Anna Berg <anna@example.net>",
        message_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> str:
        """A mail by plain smtplib, as a customer's server would; gives its Message-ID."""
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = to
        mail["Subject"] = subject
        mail["Message-ID"] = message_id or f"<{secrets.token_hex(8)}@example.net>"
        for name, value in (headers or {}).items():
            mail[name] = value
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", port or self.smtp_port, timeout=20) as smtp:
            smtp.send_message(mail, to_addrs=[to])
        return str(mail["Message-ID"])

    async def account(self) -> dict[str, int]:
        """Where ingest says that all mail went."""
        broker = Broker(self.broker_url, "gateway")
        await broker.connect()
        try:
            client = CommandClient(broker)
            await client.start()
            answer = await client.call(ShowAccountV1(), Actor(kind="system", id="system/test"), "test")
        finally:
            await broker.close()
        assert answer.problem is None, answer.problem
        return dict(answer.result)

    def outbox(self) -> list[EmailMessage]:
        """All mails that lie in the sink, oldest first."""
        paths = sorted(self.outbox_folder.glob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Mails in the sink whose To or Cc names an address."""
        return [mail for mail in self.outbox() if address in f"{mail.get('To', '')} {mail.get('Cc', '')}"]

    async def until(self, what: Callable[[], Any | Awaitable[Any]], seconds: float = 20, why: str = "") -> Any:
        """Waits until ``what`` gives something true, and gives that."""
        end = time.monotonic() + seconds
        while True:
            found = what()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            self.look_after()
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {why}\n" + self._tails())
            await asyncio.sleep(0.05)

    def look_after(self) -> None:
        """Looks who has ended by itself: that is an error, unless they are supervised."""
        for (name, n), process in list(self.processes.items()):
            if process.poll() is None or process.returncode == -signal.SIGKILL:  # that was us
                continue
            if self.supervised:
                self.ended.append(f"{name} {n} ({process.returncode})")
                self.start_one(name, n)
            elif process.returncode != 0:
                raise AssertionError(f"{name} {n} died ({process.returncode}): {self.logs(name)[-3000:]}")

    def _tails(self) -> str:
        return "\n".join(f"--- {name}: {self.logs(name)[-1200:]}" for name in SERVICES)
