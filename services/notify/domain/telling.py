"""Which event tells whom.

    opened         automatic reply to the requesters of a mail; owner, admin cc and watchers of the queue
    received       owner and admin cc; without an owner the watchers
    replied        the reply itself to its recipients; owner, admin cc and watchers
    noted          owner, admin cc and watchers, as far as they may see notes
    forwarded      the forward itself to its recipients
    owner changed  the new owner
    woken          owner: the time that the ticket waited for has come
    reopened       owner: what their closed ticket depends on is open again
    escalated      supervisors, owner, as the policy says
    mail refused   automatic reply to the sender: the ticket is closed for good

Watchers of the ticket are told of what admin cc are told of. Colleagues are told one mail each, never of what they
did themselves, and only of what they may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ticketwire_contracts.ingest import Address
from ticketwire_contracts.notify import NotificationKind
from ticketwire_contracts.rights import Thing, thing_of
from ticketwire_contracts.tickets import (
    MailSettledV1,
    MessageEvent,
    Party,
    Person,
    RefusalNotice,
    TicketDependencyReopenedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketForwardedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketStatusChangedV1,
)

from .addresses import is_machine, plain
from .directory import Directory

CLOCKWORK = "system/escalation"
"""Who wakes tickets: the status that it sets is one for which the ticket waited."""
BY_PEOPLE = frozenset({"reply", "forward"})
"""Mails that people wrote: they go out as one, whole, without cap, and come back to us when they bounce."""
STAYS = "a message in it came encrypted and must not leave in the clear"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Someone to write to. ``person`` is empty for an address that the agent typed."""

    address: str
    name: str = ""
    person: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """One mail that an event calls for."""

    kind: NotificationKind
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...] = ()
    internal: bool = False
    thing: Thing | None = None
    """What an internal one tells of; the recipient must still be allowed to see it when it is sent."""
    answers_customers: bool = False
    """The recipient may reply to the customers, so the mail may say by which address."""
    forbidden: str = ""
    """Why it must not go out: it is given up at once, with these words."""

    @property
    def key(self) -> str:
        """With the event's id, what makes the mail's ids: the same mail has the same ids."""
        if self.kind in BY_PEOPLE:
            return "customers" if self.kind == "reply" else "outsiders"
        return self.to[0].address.lower()


def who_hears(event: TicketEvent | MailSettledV1, directory: Directory) -> list[Telling]:
    """The mails that an event calls for."""
    if isinstance(event, MailSettledV1):
        return _refusal(event, directory)
    outward = _outward(event, directory)
    taken = {plain(one.address) for telling in outward for one in (*telling.to, *telling.cc)}
    return [*outward, *_inward(event, directory, taken)]


def agents_in(event: TicketEvent) -> set[str]:
    """Agents that the event itself names; a directory that lacks one of them is behind."""
    ticket = event.ticket
    return {party.id for party in (*ticket.admin_cc, *ticket.watchers, *([ticket.owner] if ticket.owner else []))}


def may_still_hear(person: str, thing: Thing, directory: Directory) -> bool:
    """Whether someone may be told of a thing under the rights of now: it is asked again just before sending."""
    found = directory.persons.get(person)
    queue = directory.queues.get(thing.queue or "")
    if found is None or found.disabled or queue is None:
        return False
    roles = {**thing.roles, "watcher": frozenset(queue.watchers), "supervisor": frozenset(queue.supervisors)}
    return directory.sees(found, thing.model_copy(update={"roles": roles}))


# ------------------------------------------------------------------------------------------- to customers


def _outward(event: TicketEvent, directory: Directory) -> list[Telling]:
    if isinstance(event, TicketRepliedV1):
        to, cc = _written_to(event.message.to), _written_to(event.message.cc)
        return [Telling("reply", to, cc)] if to else [Telling("reply", cc)] if cc else []
    if isinstance(event, TicketForwardedV1):
        secret = any(message.encrypted for message in event.quoted)
        outsiders = _written_to(event.message.to)
        return [Telling("forward", outsiders, forbidden=STAYS if secret else "")] if outsiders else []
    if isinstance(event, TicketOpenedV1) and _wants_auto_reply(event, directory):
        return [
            Telling("auto_reply", (_of_party(party),))
            for party in event.ticket.requesters
            if party.address and _hears_machines(party.address, directory)
        ]
    return []


def _written_to(addresses: Iterable[Address]) -> tuple[Recipient, ...]:
    """Whom an agent wrote to, but for those who were erased since: of them no address is left."""
    return tuple(Recipient(one.address, one.name) for one in addresses if one.address)


def refusal_of(event: MailSettledV1) -> RefusalNotice | None:
    """What is to be said to the sender of a mail that was refused, if anything."""
    told = event.outcome == "refused" and event.why == "follow_up_refused" and event.ticket is not None
    return event.notice if told else None


def _refusal(event: MailSettledV1, directory: Directory) -> list[Telling]:
    notice = refusal_of(event)
    if notice is None or not notice.to.address or not _hears_machines(notice.to.address, directory):
        return []
    return [Telling("auto_reply", (Recipient(notice.to.address, notice.to.name, language=notice.language),))]


def _hears_machines(address: str, directory: Directory) -> bool:
    """Whether a machine may write to an address: it is neither another machine's nor ours."""
    return not is_machine(address) and not directory.is_ours(address)


def _wants_auto_reply(event: TicketOpenedV1, directory: Directory) -> bool:
    """Only a mail is answered by machine, never one that a machine wrote, never by a queue that does not want it."""
    return (
        event.ticket.opened_by == "mail"
        and event.message.kind == "mail"
        and not event.message.auto.is_auto
        and directory.queues[event.ticket.queue].auto_reply
    )


def _of_party(party: Party) -> Recipient:
    return Recipient(party.address, party.name, party.id, party.language)


# ------------------------------------------------------------------------------------------ to colleagues


def _inward(event: TicketEvent, directory: Directory, taken: set[str]) -> list[Telling]:
    queue = directory.queues[event.ticket.queue]
    internal = isinstance(event, MessageEvent) and event.message.internal
    thing = thing_of(event.ticket, internal=internal, watchers=queue.watchers, supervisors=queue.supervisors)
    told: dict[str, Telling] = {}
    for kind, person in _colleagues(event, directory):
        address = person.addresses[0] if person.addresses else ""
        if not address or person.disabled or plain(address) in taken or directory.is_ours(address):
            continue
        if person.id in (event.actor.id, _author(event)) or address.lower() in told:
            continue
        if directory.sees(person, thing):
            told[address.lower()] = Telling(
                kind,
                (Recipient(address, person.name, person.id, person.language),),
                internal=True,
                thing=thing,
                answers_customers=not internal and directory.may(person, "ticket.reply", thing),
            )
    return list(told.values())


def _author(event: TicketEvent) -> str:
    return event.message.author.id if isinstance(event, MessageEvent) else ""


def _colleagues(event: TicketEvent, directory: Directory) -> Iterable[tuple[NotificationKind, Person]]:
    """Who should hear, the nearest first; the same person may come twice."""
    ticket = event.ticket
    queue = directory.queues[ticket.queue]
    owner = _known(directory, ticket.owner.id if ticket.owner else "")
    near = [person for party in (*ticket.admin_cc, *ticket.watchers) for person in _known(directory, party.id)]
    match event:
        case TicketOpenedV1():
            if event.message.author.agent and not event.message.text:
                return  # an agent writes first: the reply that comes with it says everything
            yield from (("owner", person) for person in owner)
            yield from (("watcher", person) for person in (*near, *directory.people(queue.watchers)))
        case TicketReceivedV1():
            yield from (("owner", person) for person in owner)
            watchers = [] if ticket.owner else directory.people(queue.watchers)
            yield from (("watcher", person) for person in (*near, *watchers))
        case TicketRepliedV1():
            yield from (("owner", person) for person in owner)
            yield from (("watcher", person) for person in (*near, *directory.people(queue.watchers)))
        case TicketNotedV1():
            yield from (("owner", person) for person in owner)
            if not event.message.auto.is_auto:  # what a machine answered to us is not told to many who answer too
                yield from (("watcher", person) for person in (*near, *directory.people(queue.watchers)))
        case TicketOwnerChangedV1() if event.after is not None:
            yield from (("owner", person) for person in _known(directory, event.after.id))
        case TicketStatusChangedV1() if event.actor.id == CLOCKWORK:
            yield from (("owner", person) for person in owner)
        case TicketDependencyReopenedV1():
            yield from (("owner", person) for person in owner)
        case TicketEscalatedV1():
            if "tell_supervisors" in event.actions:
                yield from (("escalation", person) for person in directory.people(queue.supervisors))
            if "tell_owner" in event.actions:
                yield from (("escalation", person) for person in owner)
        case _:
            return


def _known(directory: Directory, person: str) -> list[Person]:
    found = directory.persons.get(person)
    return [found] if found else []
