"""What a change in a ticket's log is about, who acted in it, and whether it is one that is looked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ticketwire_contracts.tickets import HistoryEntry, Party

from .directory import Directory

Kind = Literal["conversation", "changes", "people", "links", "escalations", "privacy"]

KINDS: dict[Kind, frozenset[str]] = {
    "conversation": frozenset({"opened", "received", "replied", "noted", "forwarded", "adopted"}),
    "changes": frozenset(
        {
            "status_changed", "priority_changed", "subject_changed", "due_changed", "tags_changed", "fields_changed",
            "time_worked", "moved",
        }
    ),
    "people": frozenset({"owner_changed", "requesters_changed", "people_changed"}),
    "links": frozenset(
        {
            "linked", "unlinked", "dependency_reopened", "merged", "took_in", "unmerged", "let_go", "adopted",
            "messages_moved", "messages_returned", "part_waits",
        }
    ),
    "escalations": frozenset({"escalated"}),
    "privacy": frozenset({"erased"}),
}  # fmt: skip
"""Kind → what happens in such changes; a message that came from another ticket is conversation and link."""

SYSTEM = "system"
"""How Ticketwire itself is named where changes are looked for by who made them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes are looked for; whatever is none is not looked at."""

    kind: Kind | None = None
    person: str | None = None
    """Who acted: a login, an address as it stands on the ticket, ``person/<id>``, or ``system``."""
    since: datetime | None = None
    until: datetime | None = None
    """Before this time."""

    def __bool__(self) -> bool:
        """Whether anything is looked for in particular."""
        return self != EVERYTHING


EVERYTHING = Wanted()


def kinds_of(change: HistoryEntry) -> frozenset[Kind]:
    """The kinds of a change. Where nothing is told but what is different since, it is a change of the ticket."""
    happened = {one.type for one in change.happened}
    return frozenset(kind for kind, types in KINDS.items() if types & happened) or frozenset({"changes"})


def is_wanted(change: HistoryEntry, wanted: Wanted, directory: Directory) -> bool:
    """Whether a change is one of those looked for."""
    return (
        (wanted.kind is None or wanted.kind in kinds_of(change))
        and (wanted.since is None or change.at >= wanted.since)
        and (wanted.until is None or change.at < wanted.until)
        and (wanted.person is None or wanted.person.casefold() in _names(change, directory))
    )


def who_acted(change: HistoryEntry, directory: Directory, known: Mapping[str, Party]) -> Party:
    """Who made a change: an agent of the directory, or someone who stands in what is told; else only an id."""
    actor = change.actor.id
    agent = directory.agents.get(actor)
    if agent is not None:
        return Party(id=agent.id, name=agent.name, login=agent.login, agent=True)
    return known.get(actor) or Party(id=actor)


def people_in(changes: Iterable[HistoryEntry]) -> dict[str, Party]:
    """Everybody who stands in what is told of these changes, by id. So nobody is named who is not named there."""
    found: dict[str, Party] = {}
    for change in changes:
        for value in (
            *(one.after for one in change.changed.values()),
            *(one.before for one in change.changed.values()),
        ):
            found |= {party.id: party for party in _parties(value)}
        found |= {one.message.author.id: one.message.author for one in change.happened if one.message}
    return found


def _names(change: HistoryEntry, directory: Directory) -> frozenset[str]:
    """Everything by which the one who acted may be looked for."""
    if change.actor.kind == "system":
        return frozenset({SYSTEM, change.actor.id.casefold()})
    who = who_acted(change, directory, people_in([change]))
    return frozenset(name.casefold() for name in (who.id, who.login, who.address) if name)


def _parties(value: Any) -> list[Party]:
    if isinstance(value, list):
        return [party for one in value for party in _parties(one)]
    is_party = isinstance(value, dict) and str(value.get("id", "")).startswith("person/")
    return [Party.model_validate(value)] if is_party else []
