"""Who may what, read from the grants one by one: slow, plain, and without any help of the code that it judges.

right × grantee × scope      for every person: is there a grant that means them, here?
command                      which rights it needs where, and what must be seen to know that it is there at all
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ticketwire_contracts.base import Actor, Command
from ticketwire_contracts.rights import SEEDED
from ticketwire_contracts.tickets import (
    AddMemberV1,
    AddNoteV1,
    AddTimeWorkedV1,
    ChangeLifecycleV1,
    ChangePeopleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateGroupV1,
    CreateLifecycleV1,
    CreatePersonV1,
    CreateQueueV1,
    DisablePersonV1,
    DisableQueueV1,
    EnablePersonV1,
    EnableQueueV1,
    ForwardMessagesV1,
    GiveRightV1,
    Grant,
    Group,
    JoinPersonsV1,
    Lifecycle,
    Link,
    LinkTicketsV1,
    MergeTicketsV1,
    Message,
    OpenTicketV1,
    Person,
    Queue,
    RemoveMemberV1,
    ReplyToTicketV1,
    SetDueV1,
    SetFieldsV1,
    SetOwnerV1,
    SetPriorityV1,
    SetQueueFieldsV1,
    SetQueueV1,
    SetStatusV1,
    SetSubjectV1,
    SetTagsV1,
    SplitTicketV1,
    TakeRightV1,
    Ticket,
    TicketCommand,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

FOR_CUSTOMERS = ("ticket.show", "ticket.reply", "ticket.create")
"""All that a customer can ever hold."""
EVERYWHERE: dict[type[Command], str] = {
    CreateQueueV1: "queue.admin",
    ChangeQueueV1: "queue.admin",
    DisableQueueV1: "queue.admin",
    EnableQueueV1: "queue.admin",
    CreateLifecycleV1: "queue.admin",
    ChangeLifecycleV1: "queue.admin",
    CreatePersonV1: "person.admin",
    ChangePersonV1: "person.admin",
    DisablePersonV1: "person.admin",
    EnablePersonV1: "person.admin",
    JoinPersonsV1: "person.admin",
    CreateGroupV1: "group.admin",
    AddMemberV1: "group.admin",
    RemoveMemberV1: "group.admin",
    GiveRightV1: "right.admin",
    TakeRightV1: "right.admin",
}
"""What is needed everywhere, since it concerns everyone."""
ON_IT: dict[type[Command], str] = {
    ReplyToTicketV1: "ticket.reply",
    AddNoteV1: "note.add",
    SetPriorityV1: "ticket.edit",
    SetSubjectV1: "ticket.edit",
    SetDueV1: "ticket.edit",
    SetTagsV1: "ticket.edit",
    SetFieldsV1: "ticket.edit",
    AddTimeWorkedV1: "ticket.edit",
    ForwardMessagesV1: "ticket.forward",
    SetQueueV1: "ticket.move",
    LinkTicketsV1: "ticket.link",
    UnlinkTicketsV1: "ticket.link",
    SplitTicketV1: "ticket.split",
}
"""What is needed on the ticket that answers for the number."""


@dataclass(frozen=True, slots=True)
class Need:
    """One of these rights, here; without a queue, everywhere."""

    rights: tuple[str, ...]
    queue: str | None = None
    ticket: Ticket | None = None
    by_role: bool = True
    """Whether who watches or supervises the queue may hold it by that."""


@dataclass(slots=True)
class Sentence:
    """What the law says of someone's command."""

    seen: bool = True
    """They may know of the ticket or the queue that it is about."""
    known: bool = True
    """They may know of everything else that it names."""
    needs: list[Need] = field(default_factory=list)
    reads: list[Need] = field(default_factory=list)
    """What they must be able to read besides, for it to be done."""


@dataclass(frozen=True, slots=True)
class Law:
    """The grants of a moment, and all that they speak of."""

    queues: Mapping[str, Queue]
    groups: Mapping[str, Group]
    grants: tuple[Grant, ...]
    lifecycles: Mapping[str, Lifecycle]
    persons: Mapping[str, Person]
    tickets: Mapping[str, Ticket]
    messages: Mapping[str, Message]

    # -------------------------------------------------------------------------------------------- who holds what

    def holds(self, person: str, need: Need) -> bool:
        """Whether someone holds one of the rights there."""
        return any(person in self.holders(right, need) for right in need.rights)

    def holders(self, right: str, need: Need) -> set[str]:
        """All persons who hold a right there."""
        found: set[str] = set()
        for grant in (*SEEDED, *self.grants):
            if grant.right not in (right, "superuser") or not self._here(grant.scope, need):
                continue
            for name in self._meant(grant.grantee, need):
                person = self.persons.get(name)
                if person is None or person.disabled:
                    continue
                if person.agent or (grant.right == right and right in FOR_CUSTOMERS):
                    found.add(name)
        return found

    def _here(self, scope: str, need: Need) -> bool:
        kind, _, name = scope.partition("/")
        if kind == "all":
            return True
        if kind == "queue":
            return need.queue == name
        return need.ticket is not None and need.ticket.number == name

    def _meant(self, grantee: str, need: Need) -> set[str]:
        if grantee == "everyone":
            return set(self.persons)
        kind, _, role = grantee.partition("/")
        return self.named([grantee]) if kind != "role" else self.named(self._standing(role, need))

    def _standing(self, role: str, need: Need) -> list[str]:
        """Who stands in a role on a ticket, or on its queue."""
        ticket, queue = need.ticket, self.queues.get(need.queue or "")
        if role in ("watcher", "supervisor"):
            standing = (queue.watchers if role == "watcher" else queue.supervisors) if queue and need.by_role else []
            return list(standing)
        if ticket is None:
            return []
        if role == "owner":
            return [ticket.owner.id] if ticket.owner else []
        parties = {"requester": ticket.requesters, "cc": ticket.cc, "admin_cc": ticket.admin_cc}[role]
        return [party.id for party in parties]

    def named(self, names: Iterable[str]) -> set[str]:
        """All persons who are meant by names: themselves, those whom they were joined into, members of members."""
        found: set[str] = set()
        waiting, met = list(names), set()
        while waiting:
            name = waiting.pop()
            if name in met:
                continue
            met.add(name)
            if name.startswith("group/"):
                group = self.groups.get(name.removeprefix("group/"))
                waiting += group.members if group else []
            else:
                found |= {name} | {other for other, person in self.persons.items() if name in person.aliases}
        return found

    # ---------------------------------------------------------------------------------------- what is asked for

    def allows(self, actor: Actor, needs: Iterable[Need]) -> bool:
        """Whether someone holds all that is needed. The system itself may do what it is built to ask for."""
        return actor.kind == "system" or all(self.holds(actor.id, need) for need in needs)

    def on(self, ticket: Ticket, *rights: str) -> Need:
        """One of the rights, on a ticket."""
        return Need(rights, ticket.queue, ticket)

    def sees(self, actor: Actor, *numbers: str) -> bool:
        """Whether someone sees tickets: each there, and theirs to see."""
        found = [self.tickets.get(number) for number in numbers]
        return all(one is not None and self.allows(actor, [self.on(one, "ticket.show")]) for one in found)

    def answering(self, number: str) -> str:
        """The number of the ticket that answers for a number."""
        met = set()
        while (ticket := self.tickets.get(number)) is not None and ticket.merged_into is not None:
            assert number not in met, f"{number} is merged into itself"
            met.add(number)
            number = ticket.merged_into
        return number

    def sentence(self, actor: Actor, command: Command) -> Sentence:
        """What a command needs."""
        if isinstance(command, OpenTicketV1):
            seen = command.queue in self.queues and self.allows(actor, [Need(("queue.see",), command.queue)])
            return Sentence(seen, needs=[Need(("ticket.create",), command.queue)])
        if isinstance(command, SetQueueFieldsV1):
            needs = [Need(("queue.admin",), command.queue, by_role=False)]
            # which queues there are learns only who may set their fields
            return Sentence(command.queue in self.queues or not self.allows(actor, needs), needs=needs)
        if isinstance(command, ChangePersonV1) and self._of_oneself(actor, command):
            return Sentence()
        if not isinstance(command, TicketCommand):
            needs = [Need((EVERYWHERE[type(command)],))]
            return Sentence(needs=[*needs, Need(("superuser",))] if self._rises(actor, command) else needs)
        if not self.sees(actor, *self._addressed(command)):
            return Sentence(seen=False)
        ticket = self.tickets[self.answering(command.ticket)]
        if not self.sees(actor, *self._named(command)):
            right = "ticket.merge" if isinstance(command, MergeTicketsV1) else ON_IT.get(type(command), "ticket.split")
            return Sentence(known=False, needs=[self.on(ticket, right)])
        sentence = Sentence(needs=list(self._needs(actor, command, ticket)))
        if isinstance(command, ForwardMessagesV1 | SplitTicketV1):
            sentence.reads = [need for one in command.messages for need in self._reading(one.upper())]
        return sentence

    def _rises(self, actor: Actor, command: Command) -> bool:
        """Whether it touches those who may everything: only they may."""
        match command:
            case GiveRightV1() | TakeRightV1():
                return command.right == "superuser"
            case AddMemberV1() | RemoveMemberV1():
                return any(f"group/{command.group}" in self._inside(one) for one in self._superusers())
            case ChangePersonV1() | DisablePersonV1() | EnablePersonV1():
                person = next(
                    (one for one in self.persons.values() if command.person in (one.id, f"person:{one.login}")), None
                )
                own = isinstance(command, ChangePersonV1) and person is not None and person.id == actor.id
                return (
                    person is not None and not own and any(person.id in self.named([one]) for one in self._superusers())
                )
        return False

    def _superusers(self) -> list[str]:
        return [grant.grantee for grant in self.grants if grant.right == "superuser"]

    def _inside(self, name: str) -> set[str]:
        """A group and all groups within it."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            group = self.groups.get(one.removeprefix("group/")) if one not in found else None
            found.add(one)
            waiting += group.members if group else []
        return found

    def _of_oneself(self, actor: Actor, command: ChangePersonV1) -> bool:
        person = self.persons.get(actor.id)
        if person is None or command.person not in (person.id, f"person:{person.login}"):
            return False
        return command.login is None and command.addresses is None and command.agent is None

    def _addressed(self, command: TicketCommand) -> list[str]:
        """Merging and undoing it or a split concern the ticket that has the number, all else the one that answers."""
        if isinstance(command, MergeTicketsV1 | UnmergeTicketV1 | UnsplitTicketV1):
            return [command.ticket]
        return [command.ticket, self.answering(command.ticket)]

    def _named(self, command: TicketCommand) -> list[str]:
        """Numbers of the other tickets that whoever asks must see, to be told anything but that they are not there."""
        match command:
            case MergeTicketsV1():
                return [*command.others, command.into, self.answering(command.into)]
            case LinkTicketsV1() | UnlinkTicketsV1() if "://" not in command.target:
                return [command.target, self.answering(command.target)]
            case UnsplitTicketV1():
                part = self.tickets[command.ticket]
                return [self.answering(link.target) for link in _whence(part)] if part.merged_into is None else []
        return []

    def _needs(self, actor: Actor, command: TicketCommand, ticket: Ticket) -> Iterator[Need]:
        if right := ON_IT.get(type(command)):
            yield self.on(ticket, right)
        match command:
            case SetStatusV1():
                yield from self._to_status(ticket, command.status)
            case ReplyToTicketV1() if command.then_status and command.then_status != ticket.status:
                yield from self._to_status(ticket, command.then_status, replies=True)
            case SetOwnerV1():
                yield self.on(ticket, *self._owning(actor, command, ticket))
            case ChangePeopleV1():
                own = command.role == "watchers" and self._is_oneself(actor, [*command.add, *command.remove])
                yield self.on(ticket, "ticket.edit", *(["ticket.watch"] if own else []))
                if command.role == "admin_cc" and command.add:
                    yield self.on(ticket, "note.show")
            case SetQueueV1():
                yield Need(("ticket.create",), command.queue)
            case LinkTicketsV1() | UnlinkTicketsV1() if "://" not in command.target:
                yield self.on(self.tickets[self.answering(command.target)], "ticket.link")
            case MergeTicketsV1():
                for number in (command.ticket, *command.others, self.answering(command.into)):
                    yield self.on(self.tickets[number], "ticket.merge")
            case UnmergeTicketV1():
                yield self.on(self.tickets[command.ticket], "ticket.merge")
                yield self.on(ticket, "ticket.merge")
            case SplitTicketV1():
                yield Need(("queue.see",), command.queue or ticket.queue)
                yield Need(("ticket.create",), command.queue or ticket.queue)
            case UnsplitTicketV1():
                part = self.tickets[command.ticket]
                yield self.on(part, "ticket.split")
                for link in _whence(part):
                    yield self.on(self.tickets[self.answering(link.target)], "ticket.split")

    def _to_status(self, ticket: Ticket, status: str, *, replies: bool = False) -> Iterator[Need]:
        """The right of the transition; whoever may reply also opens what is new by it."""
        life = self.lifecycles[self.queues[ticket.queue].lifecycle]
        if status not in life.statuses or (replies and ticket.category == "new" and status == life.active):
            return
        own = [one.right for one in life.transitions if (one.before, one.after) == (ticket.status, status)]
        usual = "ticket.close" if life.statuses[status] == "closed" else "ticket.edit"
        yield self.on(ticket, next((right for right in own if right), usual))

    def _owning(self, actor: Actor, command: SetOwnerV1, ticket: Ticket) -> Iterator[str]:
        """The owner matrix, cell by cell."""
        person = self.persons.get(actor.id)
        mine = ticket.owner is not None and ticket.owner.id == actor.id
        takes = command.owner is not None and person is not None and person.login == command.owner
        yield "ticket.assign"
        if ticket.owner is None:
            yield "ticket.edit"
            if takes:
                yield "ticket.take"
        elif mine:
            yield "ticket.edit"
        elif takes:
            yield "ticket.steal"

    def _is_oneself(self, actor: Actor, names: Iterable[str]) -> bool:
        person = self.persons.get(actor.id)
        own = {person.login, *(one.casefold() for one in person.addresses)} if person else set()
        return all((name.casefold() if "@" in name else name) in own for name in names) and person is not None

    def _reading(self, message: str) -> Iterator[Need]:
        said = self.messages.get(message)
        if said is not None:
            origin = self.tickets[said.ticket]
            yield self.on(origin, "ticket.show")
            if said.internal:
                yield self.on(origin, "note.show")


def _whence(part: Ticket) -> list[Link]:
    """The link to the ticket that a part was split off from."""
    return [link for link in part.links if link.type == "split_from"][:1]
