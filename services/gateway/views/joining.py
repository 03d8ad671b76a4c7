"""What links, joins and divides tickets, and what hangs together by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ticketwire_contracts.tickets import (
    LinkTicketsV1,
    MergeTicketsV1,
    SplitTicketV1,
    TicketCommand,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .asker import Asker, not_found
from .needs import Tickets
from .reading import is_address, sees, veiled
from .shapes import Linked, Links, Node, Ticket
from .work import Orders, shapes_checked

WIDEST = 200
"""Tickets in one tree."""
DEEPEST = 20
HOPS = 50
"""From a merged ticket to the one that answers for it."""


class Joining:
    """Links, merging, splitting. Each command gives a ticket as it is then, or None when it is out of sight."""

    def __init__(self, orders: Orders, tickets: Tickets) -> None:
        self._orders = orders
        self._tickets = tickets

    # -------------------------------------------------------------------------------------------- commands

    async def link(
        self, asker: Asker, command_id: str, number: str, *, type: str, target: str, if_version: int | None = None
    ) -> Ticket | None:
        """A link to another ticket or to an address."""
        asked = {"ticket": number.upper(), "type": type, "target": target, "if_version": if_version}
        return await self._do(asker, command_id, LinkTicketsV1, asked)

    async def unlink(
        self, asker: Asker, command_id: str, number: str, *, type: str, target: str, if_version: int | None = None
    ) -> Ticket | None:
        """A link goes."""
        asked = {"ticket": number.upper(), "type": type, "target": target, "if_version": if_version}
        return await self._do(asker, command_id, UnlinkTicketsV1, asked)

    async def merge(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        into: str,
        others: Sequence[str] = (),
        if_version: int | None = None,
    ) -> Ticket | None:
        """A ticket, and others with it, into one; gives the one that stays."""
        asked = {"ticket": number.upper(), "into": into, "others": list(others), "if_version": if_version}
        return await self._do(asker, command_id, MergeTicketsV1, asked)

    async def unmerge(
        self, asker: Asker, command_id: str, number: str, *, since: str = "stay", if_version: int | None = None
    ) -> Ticket | None:
        """A merged ticket stands by itself again."""
        asked = {"ticket": number.upper(), "since": since, "if_version": if_version}
        return await self._do(asker, command_id, UnmergeTicketV1, asked)

    async def split(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        messages: Sequence[str],
        subject: str | None = None,
        queue: str | None = None,
        keep: bool = False,
        if_version: int | None = None,
    ) -> Ticket | None:
        """Messages become a new ticket; gives that one."""
        asked = {
            "ticket": number.upper(),
            "messages": list(messages),
            "subject": subject,
            "queue": queue,
            "keep": keep,
            "if_version": if_version,
        }
        return await self._do(asker, command_id, SplitTicketV1, asked)

    async def unsplit(
        self, asker: Asker, command_id: str, number: str, *, if_version: int | None = None
    ) -> Ticket | None:
        """A split is undone; gives the ticket to which the messages returned."""
        return await self._do(asker, command_id, UnsplitTicketV1, {"ticket": number.upper(), "if_version": if_version})

    async def _do(
        self, asker: Asker, command_id: str, kind: type[TicketCommand], asked: dict[str, Any]
    ) -> Ticket | None:
        with shapes_checked():
            command = kind.model_validate(asked)
        answer = await self._orders.give(asker, command_id, command)
        ticket = await self._tickets.get(str(answer.result.get("number", command.ticket)))
        if ticket is None or not sees(asker, ticket):
            return None
        return (await veiled(self._tickets, asker, [ticket]))[0]

    # --------------------------------------------------------------------------------------------- looking

    async def links(self, asker: Asker, number: str) -> Links:
        """The links of a ticket, each with what is at its other end today."""
        ticket = await self._answering(asker, number)
        found = await self._known([link.target for link in ticket.links])
        items = []
        for link in ticket.links:
            other = found.get(link.target)
            if is_address(link.target):
                items.append(Linked(link.type, link.target))
            elif other is not None and sees(asker, other):
                # the old number is told only to who may know of that ticket too
                items.append(
                    Linked(
                        link.type,
                        link.target if other.number == link.target else other.number,
                        other.number,
                        other.subject,
                        other.queue,
                        other.status,
                        other.category,
                    )
                )
        return Links(items, len(ticket.links) - len(items))

    async def tree(self, asker: Asker, number: str) -> Node:
        """All that a ticket depends on, directly or over others; what is out of sight is counted, and ends there."""
        root = await self._answering(asker, number)
        known = {root.number: root}
        leads: dict[str, list[str]] = {}
        hidden: dict[str, int] = {}
        level = [root]
        for _ in range(DEEPEST):
            targets = {one.number: list(dict.fromkeys(_dependencies(one))) for one in level}
            found = await self._known(target for several in targets.values() for target in several)
            following: dict[str, Ticket] = {}
            for one in level:
                others = {other.number: other for target in targets[one.number] if (other := found.get(target))}
                others.pop(one.number, None)
                seen = [other for other in others.values() if sees(asker, other)]
                leads[one.number] = [other.number for other in seen]
                hidden[one.number] = len(others) - len(seen)
                following |= {other.number: other for other in seen if other.number not in known}
            known |= following
            level = list(following.values())
            if not level or len(known) > WIDEST:
                break
        return _node(root.number, known, leads, hidden, set())

    async def _answering(self, asker: Asker, number: str) -> Ticket:
        """The ticket that answers for a number, if the asker may see both."""
        ticket = await self._tickets.get(number.upper())
        for _ in range(HOPS):
            if ticket is None or not sees(asker, ticket):
                raise not_found()
            if ticket.merged_into is None:
                return ticket
            ticket = await self._tickets.get(ticket.merged_into)
        raise not_found()

    async def _known(self, numbers: Iterable[str]) -> dict[str, Ticket]:
        """By number, the tickets that answer for them."""
        wanted = {number for number in numbers if not is_address(number)}
        found = {one.number: one for one in await self._tickets.get_many(sorted(wanted))} if wanted else {}
        for _ in range(HOPS):
            missing = {one.merged_into for one in found.values() if one.merged_into} - found.keys()
            if not missing:
                break
            more = await self._tickets.get_many(sorted(number for number in missing if number))
            if not more:
                break
            found |= {one.number: one for one in more}
        answering = {}
        for number in wanted & found.keys():
            one: Ticket | None = found[number]
            while one is not None and one.merged_into:
                one = found.get(one.merged_into)
            if one is not None:
                answering[number] = one
        return answering


def _dependencies(ticket: Ticket) -> list[str]:
    return [link.target for link in ticket.links if link.type == "depends_on"]


def _node(
    number: str,
    known: dict[str, Ticket],
    leads: dict[str, list[str]],
    hidden: dict[str, int],
    shown: set[str],
) -> Node:
    ticket = known[number]
    again = number in shown
    shown.add(number)
    below = [] if again else [_node(one, known, leads, hidden, shown) for one in leads.get(number, ())]
    return Node(
        number=number,
        subject=ticket.subject,
        queue=ticket.queue,
        status=ticket.status,
        category=ticket.category,
        open=ticket.category != "closed",
        depends_on=below,
        hidden=hidden.get(number, 0),
        again=again and bool(_dependencies(ticket)),
        more=number not in leads and bool(_dependencies(ticket)),
    )
