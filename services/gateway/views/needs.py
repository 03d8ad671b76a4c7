"""What the views need from outside, said as protocols; ``app.py`` alone knows who satisfies them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ticketwire_contracts.base import Actor, Answer, Command
from ticketwire_contracts.tickets import Person

from ..domain.directory import Directory
from ..domain.visibility import Filter
from .shapes import Entry, File, PersonRow, Ticket


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tickets, in which order, from where on."""

    filter: Filter
    sort: str
    limit: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """What lies in one queue."""

    queue: str
    open: int
    new: int
    unowned: int
    overdue: int
    mine: int


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Who is logged in, until when."""

    id: str
    person: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered to an idempotency key, or nothing yet; ``digest`` says to which request."""

    digest: str
    status: int | None = None
    body: bytes | None = None
    etag: str | None = None


class Tickets(Protocol):
    """The views of tickets."""

    async def find(self, selection: Selection) -> tuple[list[Ticket], str | None]:
        """Tickets, and the cursor of what follows; ValueError for a cursor that is not ours."""
        ...

    async def get(self, number: str) -> Ticket | None:
        """One ticket."""
        ...

    async def get_many(self, numbers: Sequence[str]) -> list[Ticket]:
        """Those that are there."""
        ...

    async def count(self, filter: Filter) -> int:
        """How many tickets a filter lets through."""
        ...

    async def counts(self, filter: Filter, person: str, now: datetime) -> list[Count]:
        """What is open, by queue."""
        ...

    async def timeline(
        self,
        number: str,
        audiences: Sequence[str],
        cursor: str | None,
        limit: int,
        also: Mapping[str, Sequence[str]] = ...,
    ) -> tuple[list[Entry], str | None]:
        """Entries, oldest first, and among them those of other tickets, each for audiences of its own."""
        ...

    async def entry(self, id: str, audiences: Sequence[str]) -> Entry | None:
        """One entry by its event's id, if it is for one of these audiences."""
        ...

    async def sendings(self, numbers: Sequence[str], addresses: Sequence[str]) -> list[Entry]:
        """What was sent to these addresses on these tickets, oldest first."""
        ...

    async def file(
        self, number: str, digest: str, audiences: Sequence[str], without: Collection[str] = ...
    ) -> File | None:
        """An attachment of a message for one of these audiences, but for some messages."""
        ...

    def changes(self, opened: Callable[[], None]) -> AsyncIterator[tuple[tuple[int, int], str]]:
        """Place and number of each ticket whose row changes after ``opened`` was called; raises when it breaks."""
        ...


class People(Protocol):
    """The views of persons, and what decides who may see what."""

    async def directory(self) -> Directory:
        """As it stands now."""
        ...

    async def come_in(self, session: str) -> tuple[SessionRow | None, Directory]:
        """A session and the directory, in one look."""
        ...

    async def person(self, id: str) -> Person | None:
        """By id."""
        ...

    async def persons(self, ids: Sequence[str]) -> list[Person]:
        """Those who are there, by id."""
        ...

    async def person_of_login(self, login: str) -> Person | None:
        """By login name."""
        ...

    async def person_at(self, address: str) -> Person | None:
        """By mail address."""
        ...

    async def people(
        self, agents: bool | None, words: str | None, cursor: str | None, limit: int, addresses: bool = True
    ) -> tuple[list[PersonRow], str | None]:
        """Agents, customers or both, by name; ``words`` stand in login, name or, if ``addresses``, an address."""
        ...


class Secrets(Protocol):
    """Credentials, sessions and failed attempts."""

    async def credential(self, person: str) -> str | None:
        """The hash of a person's password."""
        ...

    async def keep_credential(self, person: str, hash: str, now: datetime) -> None:
        """Keeps the hash of a new password."""
        ...

    async def keep_session(self, session: SessionRow) -> None:
        """Begins a session."""
        ...

    async def prolong_session(self, session: SessionRow) -> None:
        """Lets a session last longer, if it has not been ended in the meantime."""
        ...

    async def end_session(self, session: str) -> None:
        """Ends one."""
        ...

    async def end_sessions(self, person: str, but: str | None = None) -> None:
        """Ends all of a person's, but perhaps one."""
        ...

    async def attempt(self, key: str, now: datetime, seconds: int) -> int:
        """Counts an attempt; how many there were since the first within these seconds."""
        ...

    async def take_back(self, key: str) -> None:
        """Takes one off the attempts: it was none."""
        ...

    async def forgive(self, key: str) -> None:
        """Forgets attempts."""
        ...

    async def remember(self, key: str, until: datetime) -> None:
        """Remembers a key for so long."""
        ...

    async def remembers(self, key: str, now: datetime) -> bool:
        """Whether it is remembered still."""
        ...


class Keys(Protocol):
    """Idempotency keys."""

    async def claim(self, key: str, digest: str, now: datetime) -> Kept | None:
        """None when the key is new; else what is known of it."""
        ...

    async def settle(self, key: str, status: int, body: bytes, etag: str | None) -> None:
        """Keeps the answer."""
        ...


class Uploads(Protocol):
    """Files that someone uploaded and has not used yet."""

    async def keep_upload(self, person: str, file: File, now: datetime) -> None:
        """Remembers whose it is, for a day."""
        ...

    async def uploaded(self, person: str, digests: Sequence[str]) -> dict[str, File]:
        """Their own uploads, by digest."""
        ...

    async def forgotten(self, now: datetime) -> list[tuple[str, str]]:
        """Rows of uploads a day old that no message uses: row and blob reference; they are gone then."""
        ...


class Blobs(Protocol):
    """The blob store."""

    async def put(self, data: bytes, ref: str) -> str:
        """Keeps octets; gives their digest."""
        ...

    async def get(self, name: str) -> bytes | None:
        """The octets of a digest."""
        ...

    async def drop(self, ref: str) -> None:
        """Takes a reference away."""
        ...


class Commands(Protocol):
    """Asks other services."""

    async def call(self, command: Command, actor: Actor, correlation: str, order_id: str | None = None) -> Answer:
        """ServiceUnavailable when nobody answers."""
        ...


class PatientCommands(Protocol):
    """Asks other services for what may take long."""

    async def call(
        self, command: Command, actor: Actor, correlation: str, order_id: str | None = None, *, timeout: float
    ) -> Answer:
        """ServiceUnavailable when nobody answers within ``timeout`` seconds."""
        ...


class Apply(Protocol):
    """Brings the events of an answer into the views."""

    async def __call__(self, answer: Answer) -> None:
        """At once."""
        ...
