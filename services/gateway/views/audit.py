"""What was done to what is administered: of tickets' log and of escalation's, as one history, newest first."""

from __future__ import annotations

import asyncio
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ticketwire_contracts.audit import AuditEntry, AuditKind, AuditPage, AuditPlace, AuditQuestion
from ticketwire_contracts.escalation import ShowPolicyAuditV1
from ticketwire_contracts.tickets import ShowAuditV1

from ..domain.directory import Directory
from .administration import person_called
from .asker import Asker, refuse
from .needs import People
from .reading import cursors_checked
from .shapes import AuditRows
from .work import Orders, shapes_checked

RIGHT = "audit.show"
SYSTEM = "system"
"""How Ticketwire itself is named where changes are looked for by who made them."""
POLICY = "policy/"


@dataclass(frozen=True, slots=True)
class Sought:
    """Which changes are looked for; whatever is none is not looked at."""

    kind: AuditKind | None = None
    thing: str | None = None
    """``queue:support``, ``person:anna``, ``group:field``; or what it is called, if nothing else is called so."""
    person: str | None = None
    """Who did it: a login, an address, ``person/<id>``, or ``system``."""
    since: datetime | None = None
    until: datetime | None = None
    """Before this time."""


class Audit:
    """Looks into the logs."""

    def __init__(self, orders: Orders, people: People) -> None:
        self._orders = orders
        self._people = people

    async def changes(self, asker: Asker, sought: Sought, *, cursor: str | None = None, limit: int = 50) -> AuditRows:
        """Changes with who, when, why, before and after. Needs ``audit.show`` everywhere: values of all queues and
        people stand there. escalation keeps no grants, so it is asked for here; tickets asks again."""
        if not asker.directory.may(asker.viewer, RIGHT):
            raise refuse(
                "forbidden", title="You may not", status=403, detail=f"It needs the right {RIGHT}.", right=RIGHT
            )
        thing, actor = await self._thing(asker, sought.thing), await self._actor(sought.person)
        if "" in (thing, actor):
            return AuditRows([], None, {})  # nobody and nothing is called so
        with cursors_checked():
            before = read_place(cursor) if cursor else None
        asked: dict[str, Any] = {
            "thing": thing, "actor": actor, "since": sought.since, "until": sought.until, "before": before,
            "limit": limit,
        }  # fmt: skip
        with shapes_checked():
            questions = _questions(sought.kind, asked)
        pages = await asyncio.gather(*(self._page(asker, question) for question in questions))
        return _together(pages, limit, asker.directory)

    async def _page(self, asker: Asker, question: AuditQuestion) -> AuditPage:
        answer = await self._orders.give(asker, uuid.uuid4().hex, question)
        return AuditPage.model_validate(answer.result)

    async def _thing(self, asker: Asker, word: str | None) -> str | None:
        """The stream of what is looked for; none if nothing is, empty if nothing is called so."""
        if not word:
            return None
        kind, _, name = word.replace(":", "/", 1).partition("/")
        if name and kind != "person":
            return f"{kind}/{name}"
        directory = asker.directory
        known: dict[str, Collection[str]] = {
            "queue": directory.queues,
            "group": directory.groups,
            "lifecycle": directory.lifecycles,
        }
        found = next((f"{kind}/{word}" for kind, names in known.items() if word in names), None)
        return found or await self._actor(word)

    async def _actor(self, word: str | None) -> str | None:
        """The id of who is looked for; none if nobody is, empty if nobody is called so."""
        if not word or word == SYSTEM:
            return word or None
        person = await person_called(self._people, word.removeprefix("person:"))
        return person.id if person else ""


def _questions(kind: AuditKind | None, asked: Mapping[str, Any]) -> list[AuditQuestion]:
    """What tickets is asked, and what escalation; a queue's policy belongs to the queue."""
    thing: str | None = asked["thing"]
    found: list[AuditQuestion] = []
    if kind != "policy" and not (thing or "").startswith(POLICY):
        found.append(ShowAuditV1.model_validate({**asked, "kind": kind}))
    if kind in (None, "policy") and (thing is None or thing.startswith((POLICY, "queue/"))):
        policy = None if thing is None else POLICY + thing.partition("/")[2]
        found.append(ShowPolicyAuditV1.model_validate({**asked, "thing": policy}))
    return found


def _together(pages: list[AuditPage], limit: int, directory: Directory) -> AuditRows:
    """One page of several, in the order that all of them have."""
    everything = sorted((one for page in pages for one in page.items), key=_order, reverse=True)
    items = everything[:limit]
    further = len(everything) > len(items) or any(page.next for page in pages)
    names = {person: name for page in pages for person, name in page.names.items()}
    return AuditRows(
        items=[_named(one, names, directory) for one in items],
        next=write_place(AuditPlace(at=items[-1].at, id=items[-1].id)) if further and items else None,
        names=names,
    )


def _order(entry: AuditEntry) -> tuple[datetime, str, int]:
    return entry.at, entry.thing.id, entry.version


def _named(entry: AuditEntry, names: dict[str, str], directory: Directory) -> AuditEntry:
    """With the names that escalation does not know."""
    if entry.kind != "policy":
        return entry
    agent = directory.agents.get(entry.actor.id)
    if agent is not None:
        names.setdefault(agent.id, agent.name or agent.login or "")
    queue = directory.queues.get(entry.thing.id.removeprefix(POLICY))
    system = entry.actor.kind == "system"
    return entry.model_copy(
        update={
            "actor": entry.actor.model_copy(update={"name": "Ticketwire" if system else names.get(entry.actor.id, "")}),
            "thing": entry.thing.model_copy(update={"name": queue.title if queue else entry.thing.name}),
        }
    )


def write_place(place: AuditPlace) -> str:
    """A place as an opaque word."""
    return urlsafe_b64encode(f"{place.at.isoformat()} {place.id}".encode()).decode().rstrip("=")


def read_place(cursor: str) -> AuditPlace:
    """The place; ``ValueError`` for what is no cursor of this list."""
    at, _, change = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
    when = datetime.fromisoformat(at)
    if when.tzinfo is None:
        raise ValueError("not a time")
    return AuditPlace(at=when, id=change)
