"""Who stands on a ticket: requesters, cc, admin cc, watchers.

    requesters, cc    anyone with an address; whoever is unknown becomes a customer, as by a first mail
    admin_cc          agents who see the ticket and get everything: the role itself lets them see and write notes, so
                      only who sees the notes there adds someone
    watchers          agents who asked to be told; watching gives no right, so ``ticket.watch`` is enough for oneself

As in RT the last requester may go; a ticket that nobody asks for is still a ticket. RT also lets whoever may watch
make themselves requester or cc; here those roles carry rights, so they need ``ticket.edit``.
"""

from __future__ import annotations

from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.rights import viewer_of, visible_to
from ticketwire_contracts.tickets import ChangePeopleV1, Party, Person

from . import standing
from .acting import lacks
from .addresses import unwritable
from .context import Context
from .decision import Change, Refusal, refused
from .events import PeopleChanged, RequestersChanged, Thin
from .people import Meeting, party
from .state import TicketState

MOST = 100
"""People in one role, at most."""
FOR_AGENTS = frozenset({"admin_cc", "watchers"})


def change_people(
    context: Context, actor: Actor, ticket: TicketState, command: ChangePeopleV1
) -> tuple[list[Thin], list[Change]] | Refusal:
    """People come and go in one role; the changes make unknown ones known."""
    if missing := _may_not(context, actor, ticket, command):
        return missing
    present: list[Party] = getattr(ticket, command.role)
    # whoever watches by a ticket in this one alone may come to watch this one itself
    there = standing.alone(ticket).watchers if command.role == "watchers" else present
    removed = [one for one in present if any(_is(context, who, one) for who in command.remove)]
    meeting = Meeting(context)
    added: list[Party] = []
    for who in command.add:
        found = _found(context, meeting, ticket, command.role, who)
        if isinstance(found, Refusal):
            return found
        if found.id in {one.id for one in removed}:
            removed = [one for one in removed if one.id != found.id]
        if found.id not in {one.id for one in (*there, *added)}:
            added.append(found)
    if not added and not removed:
        return refused("no-change", "It is so already", 409, "The people are the same.")
    if len(present) + len(added) - len(removed) > MOST:
        return refused("too-many-people", "Too many people", 409, f"At most {MOST} people stand in one role.")
    if command.role == "requesters":
        return [RequestersChanged(added=added, removed=removed)], meeting.changes
    return [PeopleChanged(role=command.role, added=added, removed=removed)], meeting.changes


def _may_not(context: Context, actor: Actor, ticket: TicketState, command: ChangePeopleV1) -> Refusal | None:
    person = context.persons.get(actor.id)
    only_oneself = person is not None and all(_names(who, person) for who in (*command.add, *command.remove))
    if command.role == "watchers" and only_oneself and context.may(actor, "ticket.watch", context.thing(ticket)):
        return None
    missing = lacks(context, actor, "ticket.edit", ticket)
    if missing is None and command.role == "admin_cc" and command.add:
        return lacks(context, actor, "note.show", ticket)
    return missing


def _found(context: Context, meeting: Meeting, ticket: TicketState, role: str, who: str) -> Party | Refusal:
    """The party that an address or a login stands for, if they may stand in the role."""
    if "@" not in who:
        person = context.person_of_login(who)
        if person is None or person.disabled:
            return refused("unknown-person", "No such person", 422, f"There is no person {who}.")
        if role not in FOR_AGENTS and not person.addresses:
            return refused("no-address", "Cannot be written to", 409, f"{who} has no mail address.")
    else:
        if wrong := unwritable(context, [who]):
            return wrong
        person = context.person_at(who)
        if person is not None and person.disabled:
            return refused("unknown-person", "No such person", 422, f"Whoever has {who} is disabled.")
    if role in FOR_AGENTS:
        if person is None or not person.agent:
            return refused("not-an-agent", "Only an agent", 409, f"{who} is not an agent.")
        viewer = viewer_of(person, context.directory.groups.values())
        thing = context.thing(ticket)
        if not visible_to(viewer, thing, context.directory.grants):
            return refused("may-not-see", "May not see the ticket", 409, f"{who} may not see {ticket.number}.")
    if person is not None:
        return party(person, who if "@" in who else "")
    return meeting.meet(Address(address=who))


def _is(context: Context, who: str, one: Party) -> bool:
    """Whether an address, a login or an id names someone who stands there, by any address of theirs."""
    if "@" not in who:
        return who in (one.login, one.id)
    if one.address.casefold() == who.casefold():
        return True
    person = context.person_at(who)
    return person is not None and person.id == one.id


def _names(who: str, person: Person) -> bool:
    return who == person.login or who.casefold() in (address.casefold() for address in person.addresses)
