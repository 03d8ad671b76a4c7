"""What has changed since someone looked, told to those whose command was refused for it (412)."""

from __future__ import annotations

from typing import Any

from ticketwire_contracts.base import Actor

from .context import Context, Happened
from .decision import Refusal, refused
from .events import KINDS, Forwarded, Noted
from .state import TicketState

INTERNAL = frozenset(kind.model_fields["type"].default for kind in (Noted, Forwarded))
"""What only those see who may see notes."""
SAID_AS = {"took_in": "absorbed", "let_go": "released"}
"""What is said under another name than it is kept."""


def changes_since(
    context: Context, actor: Actor, ticket: TicketState, version: int, *, notes: bool
) -> list[dict[str, Any]]:
    """The commits after ``version`` as far as the actor may see them (``notes``: also what is internal), oldest first.
    No names and no words stand here, since refusals are kept for ever; whoever answers adds the names."""
    viewer = context.viewer(actor)
    agent = actor.kind == "system" or (viewer is not None and viewer.agent)

    def shown(kind: str) -> bool:
        if kind in INTERNAL:
            return notes
        return agent or KINDS[kind].public

    def said_as(kind: str) -> str:
        return f"ticket.{SAID_AS.get(kind, kind)}"

    return [
        _told(one, what)
        for one in context.since.get(ticket.number, ())
        if one.version > version and (what := [said_as(kind) for kind in one.types if shown(kind)])
    ]


def stale(context: Context, stream: str, version: int, expected: int | None) -> Refusal | None:
    """Why a queue, lifecycle, group or person is not written over: someone was there first. Whoever is told of it may
    administer it, so all of it is told: who, when, and which of its fields."""
    if expected is None or expected == version:
        return None
    changes = [
        _told(one, [kind.replace("_", ".", 1) for kind in one.types]) | {"fields": list(one.fields)}
        for one in context.since.get(stream, ())
        if one.version > expected
    ]
    return refused(
        "changed-since",
        "It has changed",
        412,
        f"It is at version {version}, you had seen {expected}. Look again and repeat.",
        version=version,
        changes=changes,
    )


def _told(one: Happened, what: list[str]) -> dict[str, Any]:
    return {
        "version": one.version,
        "at": one.at.isoformat().replace("+00:00", "Z"),
        "actor": one.actor.id,
        "command": one.command,
        "what": what,
    }
