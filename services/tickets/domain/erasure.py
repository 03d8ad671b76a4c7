"""What is taken out of a stream's history when a person is to be forgotten, and what stands there instead.

What they wrote goes, text, files and ids. Where they stand among others (requesters, recipients, owner) their
name and address go and the others stay. Their addresses and full name go out of what others wrote. A ticket on
which nobody else asks is about them: there everything said goes, whoever said it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketwire_contracts.base import ERASED
from ticketwire_contracts.tickets import Person

from .state import TicketState

TEXTS = frozenset({"text", "subject", "title"})
NOTHING_LEFT = frozenset(
    {"html", "attachments", "message_id", "references", "in_reply_to", "reply_references", "signer", "key"}
)
"""Fields of which nothing stands in their place."""
State = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """Whom to forget: all ids, addresses and names that are theirs."""

    ids: frozenset[str]
    addresses: frozenset[str] = frozenset()
    """In one case."""
    names: frozenset[str] = frozenset()
    _words: re.Pattern[str] | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        full = {name for name in self.names if len(name.split()) > 1}
        words = sorted({*self.addresses, *full}, key=len, reverse=True)
        if words:
            pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words), re.IGNORECASE)
            object.__setattr__(self, "_words", pattern)

    def without(self, text: str) -> str:
        """A text of others, without the person's addresses and full name."""
        return self._words.sub(ERASED, text) if self._words else text


def subject_of(persons: Sequence[Person]) -> Subject:
    """Someone with all that they ever were: each state of theirs and of those who were joined into them."""
    return Subject(
        ids=frozenset(person.id for person in persons),
        addresses=frozenset(address.casefold() for person in persons for address in person.addresses),
        names=frozenset(person.name for person in persons if person.name and person.name != ERASED),
    )


def tombstone(person: Person, version: int) -> Person:
    """What is left of a person."""
    return Person(
        id=person.id, name=ERASED, agent=person.agent, disabled=True, erased=True, version=version,
        joined_into=person.joined_into, aliases=person.aliases,
    )  # fmt: skip


def is_about(subject: Subject, newest: TicketState) -> bool:
    """Whether nobody else asks on a ticket."""
    return bool(newest.requesters) and all(party.id in subject.ids for party in newest.requesters)


def taken(subject: Subject, event: State, personal: frozenset[str], *, wholly: bool) -> State:
    """Of one event's personal fields those that change, as they are from now on."""
    goes = wholly or _wrote(subject, event)
    changed = {}
    for name in personal & event.keys():
        left = _blank(subject, name, event[name]) if goes else _cleaned(subject, event[name])
        if left != event[name]:
            changed[name] = left
    return changed


def goes_wholly(subject: Subject, event: State, *, wholly: bool) -> bool:
    """Whether what an event says goes as a whole, and the mail by which it came with it."""
    return "author" in event and (wholly or _wrote(subject, event))


def _wrote(subject: Subject, event: Mapping[str, Any]) -> bool:
    """By the author's id; a message that is quoted in a forward has its author's address alone."""
    author = event.get("author")
    if not isinstance(author, Mapping):
        return False
    return author.get("id") in subject.ids or str(author.get("address", "")).casefold() in subject.addresses


def _is_answer_to(subject: Subject, value: Mapping[str, Any]) -> bool:
    """A notice to them of what became of their mail speaks of that mail."""
    to = value.get("to")
    return isinstance(to, Mapping) and str(to.get("address", "")).casefold() in subject.addresses


def _blank(subject: Subject, name: str, value: Any) -> Any:
    """A field of what goes as a whole; other people in it stay, and so does what is no text."""
    if name in NOTHING_LEFT:
        return [] if isinstance(value, list) else None
    if isinstance(value, str):
        return ERASED if value else value
    if isinstance(value, list):
        return [_blank_part(subject, one) for one in value]
    return _blank_part(subject, value)


def _blank_part(subject: Subject, value: Any) -> Any:
    if not isinstance(value, Mapping) or ("text" not in value and ("id" in value or "address" in value)):
        return _cleaned(subject, value)
    return {
        name: _blank(subject, name, part) if name in TEXTS | NOTHING_LEFT else _cleaned(subject, part)
        for name, part in value.items()
    }


def _cleaned(subject: Subject, value: Any) -> Any:
    """A value of others, without the person."""
    if isinstance(value, str):
        return subject.without(value)
    if isinstance(value, list):
        return [_cleaned(subject, one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("id") in subject.ids:
        if "addresses" in value:
            return tombstone(Person.model_validate(value), value.get("version", 0)).model_dump(mode="json")
        return {"id": value["id"], "name": ERASED, "agent": value.get("agent", False)}
    if str(value.get("address", "")).casefold() in subject.addresses:
        return {**value, "name": ERASED, "address": ""}
    if _wrote(subject, value) or _is_answer_to(subject, value):
        return _blank_part(subject, value)
    return {name: _cleaned(subject, part) for name, part in value.items()}
