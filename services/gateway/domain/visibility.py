"""The one rule of visibility, turned into a database filter; tested to agree with ``rights.visible_to``."""

from __future__ import annotations

from typing import Any

from ticketwire_contracts.rights import AGENTS_ONLY, SEEDED, Viewer
from ticketwire_contracts.tickets import Grant

from .directory import Directory

Filter = dict[str, Any]

NOTHING: Filter = {"_id": {"$in": []}}
"""Matches no row."""

ROLE_FIELDS = {"owner": "owner.id", "requester": "requesters.id", "cc": "cc.id", "admin_cc": "admin_cc.id"}


def ticket_filter(viewer: Viewer, directory: Directory, right: str = "ticket.show") -> Filter:
    """Which ticket rows the viewer holds ``right`` on; ``{}`` for all of them.

    Every grant that reaches the viewer becomes a condition: its scope, and, where it is given to a role on the
    ticket, that the viewer (or a group of theirs) stands in that role. Any one of them is enough.
    """
    if viewer.disabled or (right in AGENTS_ONLY and not viewer.agent):
        return NOTHING
    mine = sorted(viewer.names)
    queues: set[str] = set()
    numbers: set[str] = set()
    others: list[Filter] = []
    for grant in (*SEEDED, *directory.grants):
        if grant.right != right and not (grant.right == "superuser" and viewer.agent):
            continue
        role = grant.grantee.removeprefix("role/") if grant.grantee.startswith("role/") else None
        if role in ROLE_FIELDS:
            standing: Filter = {ROLE_FIELDS[role]: {"$in": mine}}
            others.append(standing | _scope(grant))
        elif role is not None:
            held = {name for name in directory.queues if _stands(role, name, mine, directory)}
            queues |= {name for name in held if grant.scope in ("all", f"queue/{name}")}
            if grant.scope.startswith("ticket/"):
                others.append({"queue": {"$in": sorted(held)}} | _scope(grant))
        elif grant.grantee == "everyone" or grant.grantee in mine:
            if grant.scope == "all":
                return {}
            kind, _, name = grant.scope.partition("/")
            (queues if kind == "queue" else numbers).add(name)
    conditions = [*others]
    if queues:
        conditions.append({"queue": {"$in": sorted(queues)}})
    if numbers:
        conditions.append({"_id": {"$in": sorted(numbers)}})
    return {"$or": conditions} if conditions else NOTHING


def wholly(filter: Filter, queue: str) -> bool:
    """Whether the filter lets every ticket of a queue through, so that a list of it needs no other condition."""
    return not filter or any(queue in part["queue"]["$in"] for part in filter.get("$or", ()) if list(part) == ["queue"])


def _scope(grant: Grant) -> Filter:
    kind, _, name = grant.scope.partition("/")
    if kind == "queue":
        return {"queue": name}
    return {"_id": name} if kind == "ticket" else {}


def _stands(role: str, queue: str, mine: list[str], directory: Directory) -> bool:
    known = directory.queues[queue]
    holders = {"watcher": known.watchers, "supervisor": known.supervisors}.get(role, [])
    return not set(holders).isdisjoint(mine)
