"""RabbitMQ's definitions: one user per service with what it needs and no more, and outsiders who only listen.

    python -m deploy.rabbitmq.definitions > definitions.json

takes the passwords from the environment (``BROKER_PASSWORD_<USER>``, see ``USERS``), as docker-compose.yml does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import Any

VHOST = "ticketwire"
ADMIN = "admin"
SERVICES = ("ingest", "tickets", "escalation", "notify", "gateway")
USERS = (ADMIN, *SERVICES)

OUTSIDE_BYTES = 50_000_000
"""How much waits for an outsider who does not listen; after that the oldest is dropped."""

NOTHING = "^$"

UNLIMITED = 1_000_000_000
"""Deliveries in vain before a queue gives a message up: RabbitMQ 4 would after 20. It knows -1 for this, 3.10 not."""


def definitions(passwords: Mapping[str, str], subscribers: Sequence[str] = ()) -> dict[str, Any]:
    """The whole file. ``passwords`` has one per user, subscribers included (``ext.<name>``)."""
    outsiders = [f"ext.{name}" for name in subscribers]
    permissions = [_permission(ADMIN, ".*", ".*", ".*")]
    topics = []
    for service in SERVICES:
        permissions.append(service_permission(service))
        # Nobody speaks in another's name, and only tickets speaks to the outside.
        topics.append(_topic(service, "ticketwire.internal", f"^{service}$"))
        topics.append(_topic(service, "ticketwire.events", ".*" if service == "tickets" else NOTHING))
    for user in outsiders:
        queue = "^" + user.replace(".", r"\.") + "$"
        permissions.append(_permission(user, NOTHING, NOTHING, queue))
    return {
        "rabbitmq_version": "3.10.8",
        "users": [
            _user(name, passwords[name], "administrator" if name == ADMIN else "") for name in (*USERS, *outsiders)
        ],
        "vhosts": [{"name": VHOST}],
        "permissions": permissions,
        "topic_permissions": topics,
        "policies": [KEPT],
        "exchanges": [_exchange("ticketwire.events")] if outsiders else [],
        "queues": [_outside_queue(user) for user in outsiders],
        "bindings": [_outside_binding(user) for user in outsiders],
    }


KEPT: dict[str, Any] = {
    "name": "kept",
    "vhost": VHOST,
    "pattern": r"^(.+\.parked|ext\..+)$",
    "apply-to": "queues",
    "priority": 10,
    "definition": {"delivery-limit": UNLIMITED},
}
"""In queues without a dead-letter queue nothing is thrown away because somebody looked at it and gave it back."""


def service_permission(service: str) -> dict[str, str]:
    """Its own queues, the exchanges, and the queues that live as long as one of its processes.

    ``amq.default`` is the way to wait queues, to other services' command queues and back to who asked.
    """
    own = rf"{service}(\.wait\.[0-9]+[smh]|\.parked|\.commands)?|replies\.[0-9a-f]+|wake\.{service}\..+"
    exchanges = r"ticketwire\.(internal|events|wake)"
    speaks = r"ticketwire\.(internal|events|wake)" if service == "tickets" else r"ticketwire\.(internal|wake)"
    heard = r"ticketwire\.(internal|wake)"
    return _permission(service, f"^({own}|{exchanges})$", rf"^({own}|{speaks}|amq\.default)$", f"^({own}|{heard})$")


def password_hash(password: str) -> str:
    """As RabbitMQ keeps it: base64 of four random octets and SHA-256 over them and the password."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _user(name: str, password: str, tags: str) -> dict[str, str]:
    return {
        "name": name,
        "password_hash": password_hash(password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": tags,
    }


def _permission(user: str, configure: str, write: str, read: str) -> dict[str, str]:
    return {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}


def _topic(user: str, exchange: str, write: str) -> dict[str, str]:
    return {"user": user, "vhost": VHOST, "exchange": exchange, "write": write, "read": ".*"}


def _exchange(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": VHOST,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _outside_queue(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": VHOST,
        "durable": True,
        "auto_delete": False,
        "arguments": {
            "x-queue-type": "quorum",
            "x-max-length-bytes": OUTSIDE_BYTES,
            "x-overflow": "drop-head",
        },
    }


def _outside_binding(queue: str) -> dict[str, Any]:
    return {
        "source": "ticketwire.events",
        "vhost": VHOST,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": "#",
        "arguments": {},
    }


def main() -> None:
    """Writes the file to standard output; names every password that is missing."""
    subscribers = [name for name in os.environ.get("TICKETWIRE_SUBSCRIBERS", "").split(",") if name]
    wanted = {name: variable(name) for name in (*USERS, *(f"ext.{name}" for name in subscribers))}
    missing = [name for name in wanted.values() if not os.environ.get(name)]
    if missing:
        sys.exit(f"please set {', '.join(missing)}")
    passwords = {user: os.environ[name] for user, name in wanted.items()}
    json.dump(definitions(passwords, subscribers), sys.stdout, indent=1)


def variable(user: str) -> str:
    """The environment variable that holds a user's password."""
    return "BROKER_PASSWORD_" + user.upper().replace(".", "_").replace("-", "_")


if __name__ == "__main__":
    main()
