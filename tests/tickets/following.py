"""Deeds that fit what is there: a status that the lifecycle allows, a link that is there, a merged ticket to take out.

Chance alone seldom meets these, so the machine asks for them too. ``pick`` chooses among what fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, get_args

from services.tickets.domain.state import TicketState
from ticketwire_contracts.base import Command
from ticketwire_contracts.tickets import (
    DEFAULT_LIFECYCLE,
    AddNoteV1,
    ChangeLifecycleV1,
    ChangePeopleV1,
    EnablePersonV1,
    EnableQueueV1,
    LinkTicketsV1,
    LinkType,
    MergeTicketsV1,
    RemoveMemberV1,
    ReplyToTicketV1,
    SetOwnerV1,
    SetQueueV1,
    SetStatusV1,
    SplitTicketV1,
    TakeRightV1,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .deeds import FAR_AHEAD, SECRET
from .town import Town

Item = TypeVar("Item")
FULL = 10
"""With more tickets than this, deeds meet each other no more."""


def picked(things: Sequence[Item], pick: int) -> Item:
    """One of several."""
    return things[pick % len(things)]


def next_status(town: Town, name: str, pick: int) -> Command | None:
    """A status that the lifecycle allows."""
    ticket = picked(alone(town), pick)
    life = town.directory.lifecycles[town.directory.queues[ticket.queue].lifecycle]
    following = [one.after for one in life.transitions if one.before == ticket.status]
    until = FAR_AHEAD if pick % 3 == 0 else None
    status = picked(following, pick) if following else ticket.status
    return SetStatusV1(ticket=ticket.number, status=status, until=until if life.statuses[status] == "waiting" else None)


def close(town: Town, name: str, pick: int) -> Command | None:
    """The end of one, of those first that depend on others or whose queue wants a field filled."""
    there = alone(town)
    waiting = [one for one in there if any(link.type == "depends_on" for link in one.links)]
    asked = [one for one in there if any(field.required for field in town.directory.queues[one.queue].fields)]
    ticket = picked([waiting, asked, there][pick % 3] or there, pick)
    return SetStatusV1(ticket=ticket.number, status=closed_in(town, ticket, pick))


def take_it(town: Town, name: str, pick: int) -> Command | None:
    """A ticket for an agent, perhaps one that another owns: who is asked whether they may take it is that agent too."""
    owned = [one for one in alone(town) if one.owner]
    ticket = picked(owned if owned and pick % 2 else alone(town), pick)
    return SetOwnerV1(ticket=ticket.number, owner=picked(["mara", "bela", "sue", "oskar"], pick // 2))


def move(town: Town, name: str, pick: int) -> Command | None:
    """Into another queue: what someone owns, but for Root, who may own it everywhere; or into one that is disabled."""
    there = alone(town)
    owned = [one for one in there if one.owner and one.owner.login != "root"]
    disabled = [one.name for one in town.directory.queues.values() if one.disabled]
    queues = disabled if disabled and pick % 2 else sorted(town.directory.queues)
    return SetQueueV1(ticket=picked(owned if owned and pick % 3 else there, pick).number, queue=picked(queues, pick))


def answer(town: Town, name: str, pick: int) -> Command | None:
    """A reply where someone waits for one, and perhaps the end."""
    waiting = [one for one in alone(town) if one.clocks.oldest_unanswered_at]
    if not waiting:
        return None
    ticket = picked(waiting, pick)
    return ReplyToTicketV1(
        ticket=ticket.number, text="There.", then_status=closed_in(town, ticket, pick) if pick % 2 else None
    )


def link_two(town: Town, name: str, pick: int) -> Command | None:
    """Two tickets in a way that may not go round; half of the time the end of such a link to another, as a chain."""
    there = alone(town)
    ends = [one for one in there if any(link.type == "needed_by" for link in one.links)]
    one, other = picked(ends if ends and pick % 2 else there, pick), picked(there, pick // 7)
    kind = ("depends_on", "depends_on", "parent", "depends_on")[pick % 4]
    return LinkTicketsV1.model_validate({"ticket": one.number, "type": kind, "target": other.number})


def go_round(town: Town, name: str, pick: int) -> Command | None:
    """What would close a circle: the end of a chain linked to its beginning, or merged into it."""
    chains = [
        (one.number, link.target, further.target)
        for one in alone(town)
        for link in one.links
        if link.type == "depends_on" and link.target in town.tickets
        for further in [*town.tickets[link.target].links, link]
        if further.type == "depends_on" and further.target in town.tickets
    ]
    if not chains:
        return None
    first, middle, last = picked(chains, pick)
    if pick % 3 == 0:
        return MergeTicketsV1(ticket=first, into=last)
    if pick % 3 == 1 and middle != last:
        return MergeTicketsV1(ticket=last, into=first)
    return LinkTicketsV1(ticket=last, type="depends_on", target=first)


def unlink(town: Town, name: str, pick: int) -> Command | None:
    """A link that is there."""
    known = get_args(LinkType)
    links = [(one.number, link) for one in town.tickets.values() for link in one.links if link.type in known]
    if not links:
        return None
    number, link = picked(links, pick)
    return UnlinkTicketsV1.model_validate({"ticket": number, "type": link.type, "target": link.target})


def speak_through(town: Town, name: str, pick: int) -> Command | None:
    """A word on a ticket by the number of one that is merged into it."""
    merged = [one.number for one in town.tickets.values() if one.merged_into]
    if not merged:
        return None
    number = picked(merged, pick)
    return AddNoteV1(ticket=number, text=SECRET) if pick % 2 else ReplyToTicketV1(ticket=number, text="To them.")


def unmerge(town: Town, name: str, pick: int) -> Command | None:
    """One that is merged."""
    merged = [one.number for one in town.tickets.values() if one.merged_into]
    return UnmergeTicketV1(ticket=picked(merged, pick), since="stay" if pick % 2 else "return") if merged else None


def split_off(town: Town, name: str, pick: int) -> Command | None:
    """A message that is there, perhaps a note."""
    notes = sorted(one.id for one in town.messages.values() if one.internal)
    message = picked(notes if notes and pick % 3 else sorted(town.messages), pick)
    if len(town.tickets) >= FULL:
        return None
    return SplitTicketV1(ticket=message.rpartition(".")[0], messages=[message], keep=pick % 2 == 1)


def unsplit(town: Town, name: str, pick: int) -> Command | None:
    """One that was split off."""
    parts = [one.number for one in town.tickets.values() if one.opened_by == "split"]
    return UnsplitTicketV1(ticket=picked(parts, pick)) if parts else None


def let_in(town: Town, name: str, pick: int) -> Command | None:
    """Someone who is to get everything, or be told, perhaps unseeing, perhaps where not all see notes."""
    there = alone(town)
    unread = [one for one in there if one.queue == "bench"]
    ticket = picked(unread if unread and pick % 2 else there, pick // 6)
    role = "watchers" if pick % 3 == 0 else "admin_cc"
    who = picked(["newbie", "bela", "mara"], pick // 2)
    return ChangePeopleV1.model_validate({"ticket": ticket.number, "role": role, "add": [who]})


def narrow(town: Town, name: str, pick: int) -> Command | None:
    """No way from new to open in the usual lifecycle, or that way again."""
    ways = [one for one in DEFAULT_LIFECYCLE.transitions if pick % 3 == 0 or (one.before, one.after) != ("new", "open")]
    return ChangeLifecycleV1(name="default", transitions=ways)


def begin(town: Town, name: str, pick: int) -> Command | None:
    """The first reply on what is new."""
    new = [one for one in alone(town) if one.category == "new"]
    return ReplyToTicketV1(ticket=picked(new, pick).number, text="Hello.") if new else None


def the_other_way_round(town: Town, name: str, pick: int) -> Command | None:
    """A ticket merged into what was just merged into it."""
    merged = [one for one in town.tickets.values() if one.merged_into]
    if not merged:
        return None
    part = picked(merged, pick)
    return MergeTicketsV1(ticket=part.merged_into or "", into=part.number)


def take_a_right(town: Town, name: str, pick: int) -> Command | None:
    """A grant that is there, but for Root's."""
    grant = picked([one for one in town.directory.grants if one.grantee != "group/administrators"], pick)
    person = grant.grantee.startswith("person/")
    grantee = grant.grantee if person else grant.grantee.replace("/", ":")
    return TakeRightV1(right=grant.right, grantee=grantee, scope=grant.scope.replace("/", ":"))


def enable(town: Town, name: str, pick: int) -> Command | None:
    """Someone, or a queue, that is disabled."""
    people = [one.id for one in town.persons.values() if one.disabled]
    queues = [one.name for one in town.directory.queues.values() if one.disabled]
    if people and (pick % 2 or not queues):
        return EnablePersonV1(person=picked(people, pick))
    return EnableQueueV1(name=picked(queues, pick)) if queues else None


def leave(town: Town, name: str, pick: int) -> Command | None:
    """A group that someone is in, but for the administrators'."""
    inside = [(one.name, who) for one in town.directory.groups.values() for who in one.members]
    group, who = picked(inside, pick)
    person = town.persons.get(who)
    member = f"person:{person.login}" if person else who.replace("/", ":")
    return RemoveMemberV1(group=group, member=member) if group != "administrators" else None


Next = dict[str, Callable[[Town, str, int], Command | None]]
WORKING: Next = {
    one.__name__: one
    for one in (next_status, close, take_it, move, answer, take_a_right, enable, leave, let_in, narrow, begin)
}  # fmt: skip
JOINING: Next = {
    one.__name__: one
    for one in (
        link_two, link_two, go_round, close, unlink, speak_through, speak_through, unmerge, split_off, unsplit,
        the_other_way_round,
    )
}  # fmt: skip


def alone(town: Town) -> list[TicketState]:
    """Tickets that answer for themselves."""
    return [one for one in town.tickets.values() if one.merged_into is None]


def closed_in(town: Town, ticket: TicketState, pick: int) -> str:
    """A status in which a ticket would be closed."""
    life = town.directory.lifecycles[town.directory.queues[ticket.queue].lifecycle]
    return picked([status for status, category in life.statuses.items() if category == "closed"], pick)
