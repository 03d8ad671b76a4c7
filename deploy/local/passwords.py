"""Passwords and keys of one system: made once, kept under ``var/secrets/`` for its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Passwords:
    """What servers and services log in with, and the key that signs."""

    mongo: Mapping[str, str]
    broker: Mapping[str, str]
    secret: str


def passwords(folder: Path, mongo: Sequence[str], broker: Sequence[str]) -> Passwords:
    """Reads them, and makes those that are missing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "passwords.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    made = Passwords(
        mongo={**{user: word() for user in mongo}, **kept.get("mongo", {})},
        broker={**{user: word() for user in broker}, **kept.get("broker", {})},
        secret=kept.get("secret") or word(),
    )
    if asdict(made) != kept:
        write_private(path, json.dumps(asdict(made), indent=1))
    return made


def word() -> str:
    """A new password that no one will guess."""
    return secrets.token_urlsafe(32)


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


class AdminPassword:
    """The first user's password: given, or made and shown once; the gateway keeps its hash and nobody the word.

    A made one is kept in a file only until a log-in with it succeeded, so that a first start that fails half-way
    does not lose it.
    """

    def __init__(self, folder: Path, given: str | None) -> None:
        self._waiting = folder / "admin-password"
        self._known = folder / "admin-password.shown"
        self.given = bool(given)
        self.word: str | None = given or self._made()

    def _made(self) -> str | None:
        if self._known.exists():
            return None
        if not self._waiting.exists():
            write_private(self._waiting, secrets.token_urlsafe(12))
        return self._waiting.read_text()

    def shown(self) -> None:
        """It works, and whoever started the system has seen it."""
        self._known.touch()
        self._waiting.unlink(missing_ok=True)
