"""What a decision is made with besides the state: who is who, which queue is whose, what was granted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.rights import Thing, Viewer, holds, thing_of, viewer_of
from ticketwire_contracts.tickets import DEFAULT_LIFECYCLE, Grant, Group, Message, Person, Queue
from ticketwire_contracts.tickets import Lifecycle as Described

from .events import Said
from .lifecycle import DEFAULT, Lifecycle, lifecycle_of
from .state import TicketState


@dataclass(frozen=True, slots=True)
class Happened:
    """One commit, by what it did and not by what it said."""

    version: int
    at: datetime
    actor: Actor
    command: str
    types: tuple[str, ...]
    fields: tuple[str, ...] = ()
    """What is other since, by name; of what is administered only, since a ticket's events are as fine as its fields."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Queues, lifecycles, groups and grants: few, and needed by almost every decision."""

    queues: Mapping[str, Queue] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    epoch: int = 0
    lifecycles: Mapping[str, Described] = field(default_factory=lambda: {DEFAULT_LIFECYCLE.name: DEFAULT_LIFECYCLE})
    _lives: dict[str, Lifecycle] = field(default_factory=dict, init=False, compare=False, repr=False)

    def queue_of(self, address: str) -> Queue | None:
        """The queue that an address belongs to (``support+anything@…`` is ``support@…``), else the catch-all."""
        plain = without_tag(address)
        for queue in self.queues.values():
            if plain in (own.casefold() for own in queue.addresses) and not queue.disabled:
                return queue
        return next((queue for queue in self.queues.values() if queue.catch_all and not queue.disabled), None)

    def is_ours(self, address: str) -> bool:
        """Whether mail to this address comes back to us."""
        plain = without_tag(address)
        return any(plain == own.casefold() for queue in self.queues.values() for own in queue.addresses)

    def lifecycle_of(self, queue: str) -> Lifecycle:
        """The lifecycle of a queue."""
        found = self.queues.get(queue)
        name = found.lifecycle if found else DEFAULT.name
        if name not in self._lives:
            described = self.lifecycles.get(name)
            self._lives[name] = lifecycle_of(described) if described else DEFAULT
        return self._lives[name]


@dataclass(frozen=True, slots=True)
class SignedMark:
    """What one of our own Message-IDs or reply addresses says."""

    ticket: str
    internal: bool
    reply_of: str | None = None
    """For whom the address was made, when an answer to it is a reply: ``person/`` and how the id begins."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message as the log holds it, and when it was said."""

    ticket: str
    said: Said
    at: datetime

    @property
    def id(self) -> str:
        """The message's id on its ticket."""
        return f"{self.ticket}.{self.said.n}"


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a decision may look at."""

    directory: Directory
    tickets: Mapping[str, TicketState] = field(default_factory=dict)
    """By number."""
    claims: Mapping[str, str] = field(default_factory=dict)
    """Stream of a claim → whose it is."""
    freed: Mapping[str, int] = field(default_factory=dict)
    """Stream of a claim that was given up → its commits so far."""
    persons: Mapping[str, Person] = field(default_factory=dict)
    """By id."""
    known_ids: Mapping[str, str] = field(default_factory=dict)
    """Message-ID → number of the ticket that holds it."""
    claim: Callable[[str, str], str] = lambda kind, value: f"claim/{kind}/{value.casefold()}"
    """The name of a claim; an HMAC in earnest, so that the name tells nothing."""
    signed_id: Callable[[str], SignedMark | None] = lambda _: None
    """Reads one of our own Message-IDs."""
    signed_address: Callable[[str], SignedMark | None] = lambda _: None
    """Reads one of our own reply addresses."""
    next_number: Callable[[], str] = lambda: "TW-1"
    messages: Mapping[str, Message] = field(default_factory=dict)
    """By id: those that a command names."""
    since: Mapping[str, Sequence[Happened]] = field(default_factory=dict)
    """By number of a ticket, else by stream: what happened to it after the version that a command had seen."""
    said: Mapping[str, Spoken] = field(default_factory=dict)
    """By message id: what was said, where a decision moves messages."""

    def ticket(self, number: str) -> TicketState | None:
        """The ticket that answers for a number: the one itself, or the one that it was merged into at last."""
        found = self.tickets.get(number)
        while found is not None and found.merged_into is not None:
            found = self.tickets.get(found.merged_into)
        return found

    def person_at(self, address: str) -> Person | None:
        """The person who has claimed this address."""
        owner = self.claims.get(self.claim("address", address))
        return self.persons.get(owner) if owner else None

    def person_of_login(self, login: str) -> Person | None:
        """The person who has claimed this login."""
        owner = self.claims.get(self.claim("login", login))
        return self.persons.get(owner) if owner else None

    def thing(self, ticket: TicketState, *, internal: bool = False) -> Thing:
        """The ticket as something to have rights on."""
        queue = self.directory.queues.get(ticket.queue)
        return thing_of(
            ticket,
            internal=internal,
            watchers=queue.watchers if queue else (),
            supervisors=queue.supervisors if queue else (),
        )

    def queue_thing(self, name: str) -> Thing:
        """A queue as something to have rights on, whether or not it is there."""
        queue = self.directory.queues.get(name)
        if queue is None:
            return Thing(queue=name)
        return Thing(
            queue=name, roles={"watcher": frozenset(queue.watchers), "supervisor": frozenset(queue.supervisors)}
        )

    def viewer(self, actor: Actor) -> Viewer | None:
        """The actor as someone who holds grants; none for the system and for strangers."""
        person = self.persons.get(actor.id)
        return viewer_of(person, self.directory.groups.values()) if person else None

    def may(self, actor: Actor, right: str, thing: Thing) -> bool:
        """Whether the actor holds the right. The system itself may do what it is built to ask for."""
        if actor.kind == "system":
            return True
        viewer = self.viewer(actor)
        return viewer is not None and holds(viewer, right, thing, self.directory.grants)


def without_tag(address: str) -> str:
    """``support+token@example.org`` → ``support@example.org``, in one case."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
