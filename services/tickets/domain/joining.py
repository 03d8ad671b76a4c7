"""What links, joins and divides tickets: each such command is decided alone, with all that it looks at read."""

from __future__ import annotations

from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import (
    LinkTicketsV1,
    MergeTicketsV1,
    SplitTicketV1,
    TicketCommand,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .context import Context
from .decision import Decision, refused
from .links import decide_link, decide_unlink
from .merge import decide_merge, decide_unmerge
from .split import decide_split, decide_unsplit


def decide_joining(context: Context, actor: Actor, command: TicketCommand, now: datetime) -> Decision:
    """What becomes of a command that concerns several tickets."""
    match command:
        case LinkTicketsV1():
            return decide_link(context, actor, command, now)
        case UnlinkTicketsV1():
            return decide_unlink(context, actor, command, now)
        case MergeTicketsV1():
            return decide_merge(context, actor, command, now)
        case UnmergeTicketV1():
            return decide_unmerge(context, actor, command, now)
        case SplitTicketV1():
            return decide_split(context, actor, command, now)
        case UnsplitTicketV1():
            return decide_unsplit(context, actor, command, now)
        case _:
            return refused("unknown-command", "Unknown command", 404, command.topic)
