"""Passwords as Argon2id hashes."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2:
    """Argon2id; the default parameters are those of RFC 9106 for little memory (64 MiB, three passes)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    def hash(self, password: str) -> str:
        """A hash with its salt and parameters."""
        return self._hasher.hash(password)

    def verify(self, hash: str, password: str) -> bool:
        """Whether it is the password."""
        try:
            return self._hasher.verify(hash, password)
        except (VerificationError, InvalidHashError):
            return False
