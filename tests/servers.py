"""MongoDB and RabbitMQ for tests: given by address, else by Docker, else private native ones.

    TICKETWIRE_TEST_MONGO_URL     a replica set that is already there
    TICKETWIRE_TEST_BROKER_URL    a RabbitMQ that is already there, its user an administrator
    TICKETWIRE_TEST_RABBITMQCTL   how to order about that RabbitMQ (default: rabbitmqctl)

Usable without pytest: ``with Servers() as servers: servers.mongo_url, servers.rabbit.vhost("a")``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote, urlsplit, urlunsplit

from deploy.local import ports
from deploy.local.mongod import REPLICA_SET, Mongod
from deploy.local.rabbitmq import RabbitNode
from deploy.rabbitmq.definitions import password_hash

USER = PASSWORD = "tests"
MONGO_IMAGE = "mongo:8.0"
RABBIT_IMAGE = "rabbitmq:4.1"


class Rabbit(Protocol):
    """A RabbitMQ that tests may order about."""

    def vhost(self, name: str) -> str:
        """Makes a vhost of that name, if there is none yet; its connection string."""
        ...

    def ctl(self, *arguments: str) -> str:
        """``rabbitmqctl``; what it printed."""
        ...

    def restart(self, hard: bool = False) -> None:
        """Down and up again with its data; ``hard`` without saying goodbye."""
        ...


class NativeRabbit:
    """A private node. Its start takes some seven seconds, so ``begin`` does not wait for it."""

    def __init__(self, folder: Path) -> None:
        port, dist, epmd = ports.free_ports(3)
        user = {
            "name": USER,
            "password_hash": password_hash(PASSWORD),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": "administrator",
        }
        definitions = {"users": [user], "vhosts": []}
        log = folder / "rabbitmq.log"
        self.node = RabbitNode(folder / "rabbitmq", port, dist, epmd, log, definitions, {USER: PASSWORD})
        self._vhosts: set[str] = set()

    def begin(self) -> None:
        """Starts the node without waiting for it."""
        self.node.start()

    def vhost(self, name: str) -> str:
        """Makes a vhost of that name, if there is none yet; its connection string."""
        if name not in self._vhosts:
            self.node.add_vhost(name, USER)
            self._vhosts.add(name)
        return self.node.url(USER, name)

    def ctl(self, *arguments: str) -> str:
        """``rabbitmqctl``; what it printed."""
        return self.node.ctl(*arguments)

    def restart(self, hard: bool = False) -> None:
        """Down and up again with its data; ``hard`` is a kill -9."""
        self.node.restart(hard)


class GivenRabbit:
    """A RabbitMQ of the tester's own, at an address, ordered about by a command."""

    def __init__(self, url: str, command: list[str]) -> None:
        self._url = urlsplit(url)
        self._command = command

    def vhost(self, name: str) -> str:
        """Makes a vhost of that name, if there is none yet; its connection string."""
        with suppress(subprocess.CalledProcessError):  # it may be there from an earlier run
            self.ctl("add_vhost", name)
        self.ctl("set_permissions", "-p", name, self._url.username or "guest", ".*", ".*", ".*")
        return urlunsplit(self._url._replace(path="/" + quote(name, safe="")))

    def ctl(self, *arguments: str) -> str:
        """``rabbitmqctl``, as it was given; what it printed."""
        command = [*self._command, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def restart(self, hard: bool = False) -> None:
        """Stops and starts the broker inside its Erlang node; there is no harder way from outside."""
        self.ctl("stop_app")
        self.ctl("start_app")
        self.ctl("await_startup")


class Servers:
    """Both servers, each started when first asked for, all ended by ``stop``."""

    def __init__(self, cache_gb: float = 0.25, quick_ttl: bool = True) -> None:
        self._cache_gb = cache_gb
        self._quick_ttl = quick_ttl
        self._folder: Path | None = None
        self._mongod: Mongod | None = None
        self._native: NativeRabbit | None = None
        self._containers: list[Any] = []
        self._mongo_url = os.environ.get("TICKETWIRE_TEST_MONGO_URL", "")
        self._rabbit: Rabbit | None = None
        if url := os.environ.get("TICKETWIRE_TEST_BROKER_URL"):
            command = os.environ.get("TICKETWIRE_TEST_RABBITMQCTL", "rabbitmqctl")
            self._rabbit = GivenRabbit(url, shlex.split(command))
        self._docker: bool | None = None

    def begin(self, mongo: bool = True, rabbit: bool = True) -> None:
        """Starts native servers without waiting, both at once; for the others there is nothing to begin."""
        if mongo and not self._mongo_url and self._mongod is None and not self.docker:
            log = self.folder / "mongod.log"
            port = ports.free_ports(1)[0]
            self._mongod = Mongod(self.folder / "mongo", port, log, cache_gb=self._cache_gb, quick_ttl=self._quick_ttl)
            self._mongod.start()
        if rabbit and self._rabbit is None and self._native is None and not self.docker:
            self._native = NativeRabbit(self.folder)
            self._native.begin()

    @property
    def mongo_url(self) -> str:
        """Connection string of a replica set; waits for it."""
        if not self._mongo_url:
            self.begin(rabbit=False)
            if self._mongod is not None:
                self._mongod.wait()
                self._mongo_url = self._mongod.url()
            else:
                self._mongo_url = self._mongo_container()
        return self._mongo_url

    @property
    def rabbit(self) -> Rabbit:
        """The broker; waits for it."""
        if self._rabbit is None:
            self.begin(mongo=False)
            if self._native is not None:
                self._native.node.wait()
                self._rabbit = self._native
            else:
                self._rabbit = self._rabbit_container()
        return self._rabbit

    @property
    def docker(self) -> bool:
        """Does a Docker engine answer? The client alone is no use."""
        if self._docker is None:
            self._docker = shutil.which("docker") is not None and (
                subprocess.run(["docker", "info"], capture_output=True).returncode == 0
            )
        return self._docker

    @property
    def folder(self) -> Path:
        """Where native servers keep their data until ``stop``."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="ticketwire-tests-"))
        return self._folder

    def stop(self) -> None:
        """Ends what was started here; nothing of it stays."""
        if self._native is not None:
            self._native.node.stop()
        if self._mongod is not None:
            self._mongod.stop()
        for container in self._containers:
            container.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # By Docker ----------------------------------------------------------------------------------------------

    def _container(self, image: str, port: int, command: str | None = None, **environment: str) -> tuple[Any, int]:
        from testcontainers.core.container import DockerContainer

        # A fixed port of the host, so that the address holds after a restart.
        host_port = ports.free_ports(1)[0]
        container = DockerContainer(image).with_bind_ports(port, host_port)
        for name, value in environment.items():
            container = container.with_env(name, value)
        if command is not None:
            container = container.with_command(command)
        container.start()
        self._containers.append(container)
        return container, host_port

    def _mongo_container(self) -> str:
        command = f"mongod --replSet {REPLICA_SET} --bind_ip_all --setParameter ttlMonitorSleepSecs=1"
        container, port = self._container(MONGO_IMAGE, 27017, command)
        # Its own idea of its address is of no use out here, hence the direct connection.
        order = (
            f"try {{ rs.initiate({{_id: '{REPLICA_SET}', members: [{{_id: 0, host: '127.0.0.1:27017'}}]}}) }} "
            "catch (again) {}; quit(db.hello().isWritablePrimary ? 0 : 1)"
        )
        _until_zero(container, ["mongosh", "--quiet", "--eval", order])
        return f"mongodb://127.0.0.1:{port}/?directConnection=true"

    def _rabbit_container(self) -> Rabbit:
        container, port = self._container(
            RABBIT_IMAGE, 5672, RABBITMQ_DEFAULT_USER=USER, RABBITMQ_DEFAULT_PASS=PASSWORD
        )
        _until_zero(container, ["rabbitmqctl", "await_startup"])
        name = container.get_wrapped_container().name
        return GivenRabbit(f"amqp://{USER}:{PASSWORD}@127.0.0.1:{port}/", ["docker", "exec", name, "rabbitmqctl"])


def _until_zero(container: Any, command: list[str], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while container.exec(command).exit_code != 0:
        if time.monotonic() > end:
            raise TimeoutError(f"{command[0]} did not succeed within {seconds:.0f} s")
        time.sleep(0.5)
