"""Passwords for docker-compose.yml: made once, kept in `.env` for its owner alone.

    python3 deploy/passwords.py [FILE]

What the file sets already stays as it is; what is missing is added. Admin's password is shown when it was made.
Runs on a bare ``python3``, so it imports the standard library only.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

USERS = ("ADMIN", "INGEST", "TICKETS", "ESCALATION", "NOTIFY", "GATEWAY")
NAMES = (
    "TICKETWIRE_SECRET",
    *(f"MONGO_PASSWORD_{user}" for user in USERS),
    *(f"BROKER_PASSWORD_{user}" for user in USERS),
    "TICKETWIRE_ADMIN_PASSWORD",
)


def complete(text: str) -> str:
    """The file with every secret; words have no character that an address or a shell would read otherwise."""
    there = {line.partition("=")[0].strip() for line in text.splitlines() if line.partition("=")[2].strip()}
    empty = set(NAMES) - there
    kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in empty]
    made = [f"{name}={secrets.token_hex(24)}" for name in NAMES if name in empty]
    return "\n".join([*kept, *made]) + "\n"


def main() -> None:
    """Reads, completes and replaces the file."""
    default = Path(__file__).resolve().parent.parent / ".env"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    before = path.read_text() if path.exists() else ""
    after = complete(before)
    if after.splitlines() == before.splitlines():
        print(f"{path}: every secret is there")
        return
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(after)
    new.replace(path)
    print(f"{path}: written, for your eyes only")
    for line in after.splitlines():
        if line.startswith("TICKETWIRE_ADMIN_PASSWORD=") and line not in before.splitlines():
            print(f"log in as admin with {line.partition('=')[2]}")


if __name__ == "__main__":
    main()
