"""What is taken out of a stream's history when a person is to be forgotten, and what stands there instead.

What they wrote goes, text, files and ids. Where they stand among others (requesters, recipients, owner) their
name and address go and the others stay. Their addresses and full name go out of what others wrote, their logins
out of refusals. A ticket on which nobody else asks is about them: there everything said goes, whoever said it,
and so do the values of its fields.

An address or login can pass from one person to another. Whoever stands somewhere stands there by id, and an id
that is not theirs ends the matter; where there is none, a name is theirs for as long as nobody else had it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
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


@dataclass(frozen=True, slots=True)
class Period:
    """How long a name was theirs, or nobody's: from when someone else gave it up until someone else took it."""

    since: datetime | None = None
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether the name was theirs then."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True)
class Subject:
    """Whom to forget: all ids, addresses, names and logins that are or were theirs."""

    ids: frozenset[str]
    addresses: frozenset[str] = frozenset()
    """In one case."""
    names: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    periods: Mapping[str, Period] = field(default_factory=dict)
    """Of those addresses and logins that someone else had too, before or after them."""
    then: datetime | None = None
    """The moment that is looked at."""

    def at(self, then: datetime) -> Subject:
        """The same, as they were called at a moment."""
        return replace(self, then=then) if self.periods else self

    def without_names(self) -> Subject:
        """The same where their name is someone else's."""
        return replace(self, names=frozenset())

    def has_address(self, address: object) -> bool:
        """Whether an address with which no id stands is theirs."""
        return isinstance(address, str) and (word := address.casefold()) in self.addresses and self._theirs(word)

    def without(self, text: str) -> str:
        """A text of others, without the person's addresses and full name."""
        return _taken_out(frozenset(self.words()), text)

    def without_logins(self, text: str) -> str:
        """The words of a refusal, without all of that and without their logins. Elsewhere a login may be any word."""
        return _taken_out(frozenset({*self.words(), *filter(self._theirs, self.logins)}), text)

    def words(self) -> Iterator[str]:
        """Their addresses and full names."""
        yield from filter(self._theirs, self.addresses)
        yield from (name for name in self.names if len(name.split()) > 1)

    def _theirs(self, word: str) -> bool:
        period = self.periods.get(word)
        return period is None or self.then is None or period.covers(self.then)


@lru_cache(maxsize=64)
def _pattern(words: frozenset[str]) -> re.Pattern[str] | None:
    """As words of their own: an address is not part of a longer one, nor a name of a longer name."""
    if not words:
        return None
    longest_first = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rf"(?<!\w)(?<!\w[.+'-])(?:{longest_first})(?![.-]?\w)", re.IGNORECASE)


def _taken_out(words: frozenset[str], text: str) -> str:
    pattern = _pattern(words)
    return pattern.sub(ERASED, text) if pattern else text


def subject_of(persons: Sequence[Person]) -> Subject:
    """Someone with all that they ever were: each state of theirs and of those who were joined into them."""
    return Subject(
        ids=frozenset(person.id for person in persons),
        addresses=frozenset(address.casefold() for person in persons for address in person.addresses),
        names=frozenset(person.name for person in persons if person.name and person.name != ERASED),
        logins=frozenset(person.login for person in persons if person.login),
    )


def period_of(owners: Sequence[tuple[datetime, str]], ids: Iterable[str]) -> Period:
    """How long a name was a person's the last time, from who had it since when; nobody is an owner without a name."""
    ours = [at for at, (_, owner) in enumerate(owners) if owner in ids]
    foreign = [at for at, (_, owner) in enumerate(owners) if owner and owner not in ids]
    last = ours[-1] if ours else -1
    before = [at for at in foreign if at < last]
    after = [at for at in foreign if at > last]
    return Period(
        since=owners[before[-1] + 1][0] if before else None,
        until=owners[after[0]][0] if after else None,
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
        if name == "problem":
            left = _refused(subject, event[name])
        else:
            left = _blank(subject, name, event[name]) if goes else _cleaned(subject, event[name])
        if left != event[name]:
            changed[name] = left
    return changed


def goes_wholly(subject: Subject, event: State, *, wholly: bool) -> bool:
    """Whether what an event says goes as a whole, and the mail by which it came with it."""
    return "author" in event and (wholly or _wrote(subject, event))


def alike(subject: Subject, people: Iterable[Mapping[str, Any]]) -> bool:
    """Whether someone else of the same name stands somewhere and they do not: then the name there is not theirs."""
    stands = {str(one["id"]): str(one["name"]) for one in people}
    names = {name.casefold() for name in subject.names}
    return not subject.ids & stands.keys() and any(name.casefold() in names for name in stands.values())


def people_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """Everyone who stands in a value, by id and name."""
    if isinstance(value, list):
        for one in value:
            yield from people_in(one)
    elif isinstance(value, Mapping):
        if str(value.get("id", "")).startswith("person/") and "name" in value:
            yield value
        for part in value.values():
            yield from people_in(part)


def _wrote(subject: Subject, event: Mapping[str, Any]) -> bool:
    """By the author's id; a message that is quoted in a forward has its author's address alone."""
    author = event.get("author")
    if not isinstance(author, Mapping):
        return False
    if author.get("id"):
        return author["id"] in subject.ids
    return subject.has_address(author.get("address"))


def is_answer_to(subject: Subject, value: Mapping[str, Any]) -> bool:
    """A notice to them of what became of their mail speaks of that mail."""
    to = value.get("to")
    return isinstance(to, Mapping) and subject.has_address(to.get("address"))


def _refused(subject: Subject, problem: Any) -> Any:
    """Why something was refused names people in its words, not in its type."""

    def left(value: Any) -> Any:
        if isinstance(value, list):
            return [left(one) for one in value]
        if isinstance(value, Mapping):
            return {name: left(part) for name, part in value.items()}
        return subject.without_logins(value) if isinstance(value, str) else value

    return {name: left(part) if name in ("detail", "extra") else part for name, part in problem.items()}


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
    if value.keys() <= {"name", "before", "after"}:  # a custom field
        return {name: part if name == "name" else _blank_value(part) for name, part in value.items()}
    return {
        name: _blank(subject, name, part) if name in TEXTS | NOTHING_LEFT else _cleaned(subject, part)
        for name, part in value.items()
    }


def _blank_value(value: Any) -> Any:
    """A custom field stays filled if it holds words; a number has nothing that could stand in its place."""
    if isinstance(value, list):
        return [ERASED] if value else value
    return ERASED if isinstance(value, str) and value else None


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
    if str(value.get("id", "")).startswith("person/"):
        return value
    if subject.has_address(value.get("address")):
        return {**value, "name": ERASED, "address": ""}
    if "author" in value and "at" in value:  # it was said before what it is quoted in
        subject = subject.at(datetime.fromisoformat(value["at"]))
    if _wrote(subject, value) or is_answer_to(subject, value):
        return _blank_part(subject, value)
    return {name: _cleaned(subject, part) for name, part in value.items()}
