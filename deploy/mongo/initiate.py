"""Makes a mongod what Ticketwire needs: a replica set of one, an admin, and a user per service.

    python -m deploy.mongo.initiate mongo:27017

runs on mongod's own machine (in its network, for containers), since mongod lets only a neighbour begin without a
log-in. The address is the one at which services find it. Passwords come from the environment
(``MONGO_PASSWORD_<USER>``). Asked again, it only adds what is missing and sets the passwords anew.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

REPLICA_SET = "ticketwire"
BLOBS = "ticketwire_blobs"
ADMIN = "admin"
SERVICES = ("ingest", "tickets", "escalation", "notify", "gateway")
USERS = (ADMIN, *SERVICES)

NEEDS_LOGIN = (13, 18)
ALREADY_INITIALISED = 23
USER_EXISTS = 51003

Client = MongoClient[dict[str, Any]]


def roles(service: str) -> list[dict[str, str]]:
    """What a service may do: its own database, and the blob store that all share."""
    return [{"role": "readWrite", "db": f"ticketwire_{service}"}, {"role": "readWrite", "db": BLOBS}]


def initiate(client: Client, address: str, as_admin: Callable[[], Client] | None = None) -> None:
    """Makes the replica set, or moves it to ``address``. ``as_admin`` logs in, where a log-in may be needed."""
    hello = client.admin.command("hello")
    if hello.get("setName") and address in hello.get("hosts", []):
        return
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]})
    except OperationFailure as failure:
        # Before there is a user, mongod lets a neighbour initiate; afterwards it does not, and it was done.
        if failure.code != ALREADY_INITIALISED and (failure.code not in NEEDS_LOGIN or as_admin is None):
            raise
        if as_admin is None:
            _move(client, address)
        else:
            with as_admin() as admin:
                _move(admin, address)


def _move(client: Client, address: str) -> None:
    config = client["local"]["system.replset"].find_one()
    if config is None or config["members"][0]["host"] == address:
        return
    config["members"][0]["host"] = address
    config["version"] += 1
    client.admin.command("replSetReconfig", config, force=True)


def is_primary(client: Client) -> bool:
    """Does it take writes?"""
    return bool(client.admin.command("hello").get("isWritablePrimary"))


def make_admin(client: Client, password: str) -> None:
    """The one thing that mongod lets a neighbour do while there are no users."""
    try:
        client.admin.command("createUser", ADMIN, pwd=password, roles=["root"])
    except OperationFailure as failure:
        if failure.code not in (*NEEDS_LOGIN, USER_EXISTS):
            raise


def make_users(client: Client, passwords: Mapping[str, str], renew: bool = False) -> None:
    """A user per service; ``renew`` also sets the passwords of those that are there."""
    known = {user["user"] for user in client.admin.command("usersInfo")["users"]}
    for name, word in passwords.items():
        if name == ADMIN:
            continue
        if name not in known:
            client.admin.command("createUser", name, pwd=word, roles=roles(name))
        elif renew:
            client.admin.command("updateUser", name, pwd=word, roles=roles(name))


def prepare(host: str, port: int, address: str, passwords: Mapping[str, str], seconds: float = 60.0) -> None:
    """All of it, at a mongod that may still be starting."""

    def client(**login: Any) -> Client:
        return MongoClient(host, port, directConnection=True, serverSelectionTimeoutMS=int(seconds * 1000), **login)

    def as_admin() -> Client:
        return client(username=ADMIN, password=passwords[ADMIN], authSource="admin")

    end = time.monotonic() + seconds
    with client() as neighbour:
        initiate(neighbour, address, as_admin)
        while not is_primary(neighbour):
            if time.monotonic() > end:
                raise TimeoutError(f"mongod did not become primary as {address}; does that name lead to it?")
            time.sleep(0.2)
        make_admin(neighbour, passwords[ADMIN])
    with as_admin() as admin:
        make_users(admin, passwords, renew=True)


def variable(user: str) -> str:
    """The environment variable that holds a user's password."""
    return f"MONGO_PASSWORD_{user.upper()}"


def main() -> None:
    """Reads the address and the passwords; names every password that is missing."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m deploy.mongo.initiate HOST:PORT")
    missing = [variable(user) for user in USERS if not os.environ.get(variable(user))]
    if missing:
        sys.exit(f"please set {', '.join(missing)}")
    address = sys.argv[1]
    port = int(address.rpartition(":")[2])
    try:
        prepare("127.0.0.1", port, address, {user: os.environ[variable(user)] for user in USERS})
    except (PyMongoError, TimeoutError) as error:
        sys.exit(f"mongod at {address}: {error}")
    print(f"mongod at {address} is primary and knows {', '.join(USERS)}")


if __name__ == "__main__":
    main()
