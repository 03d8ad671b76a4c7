"""Links between tickets: what may be asked, and what is said."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .commands import TicketCommand
from .events import TicketEvent
from .values import Link

LinkType = Literal["depends_on", "needed_by", "parent", "child", "refers_to", "duplicates"]


class LinkTicketsV1(TicketCommand):
    """Asks for a link from a ticket to another, or to an address outside."""

    topic: ClassVar[str] = "link_tickets.v1"
    type: LinkType = Field(description="What the target is to the ticket.")
    target: str = Field(
        description="Number of the other ticket; for `refers_to` also an http(s) address.",
        min_length=1,
        max_length=2000,
    )


class UnlinkTicketsV1(TicketCommand):
    """Asks for a link to go."""

    topic: ClassVar[str] = "unlink_tickets.v1"
    type: LinkType = Field(description="What the target is to the ticket.")
    target: str = Field(description="Number of the other ticket, or the address.", min_length=1, max_length=2000)


class TicketLinkedV1(TicketEvent):
    """Sent on each of the two tickets when they were linked."""

    topic: ClassVar[str] = "ticket.linked.v1"
    public: ClassVar[bool] = False
    link: Link = Field(description="The link as this ticket has it.")


class TicketUnlinkedV1(TicketEvent):
    """Sent on each of the two tickets when a link between them went."""

    topic: ClassVar[str] = "ticket.unlinked.v1"
    public: ClassVar[bool] = False
    link: Link = Field(description="The link as this ticket had it.")


class TicketDependencyReopenedV1(TicketEvent):
    """Sent on a closed ticket when something that it depends on is open again; its owner should know."""

    topic: ClassVar[str] = "ticket.dependency_reopened.v1"
    public: ClassVar[bool] = False
    dependency: str = Field(description="Number of the ticket that is open again.")
