"""What tickets may be asked and what it says: the truth about tickets, queues, persons, groups and grants.

values          tickets, messages, queues, persons, groups, grants
commands        what may be asked to be done to a ticket
administration  what may be asked of queues, persons, groups, grants
events          what is said of tickets
directory       what is said of queues, persons, groups, grants
public          what outsiders hear
links           links: asked and said
merging         merging and undoing it: asked and said
splitting       splitting and undoing it: asked and said
"""

from __future__ import annotations

from .administration import (
    AddMemberV1,
    AdministrationCommand,
    CreateGroupV1,
    CreatePersonV1,
    CreateQueueV1,
    GiveRightV1,
    RemoveMemberV1,
    TakeRightV1,
)
from .commands import AddNoteV1, OpenTicketV1, ReplyToTicketV1, SetOwnerV1, SetPriorityV1, SetStatusV1, TicketCommand
from .directory import GrantGivenV1, GrantTakenV1, GroupChangedV1, PersonCreatedV1, QueueCreatedV1
from .events import (
    MailSettledV1,
    MessageEvent,
    TicketEscalatedV1,
    TicketEvent,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketPriorityChangedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketStatusChangedV1,
)
from .links import (
    LinkTicketsV1,
    LinkType,
    TicketDependencyReopenedV1,
    TicketLinkedV1,
    TicketUnlinkedV1,
    UnlinkTicketsV1,
)
from .merging import (
    MergeTicketsV1,
    TicketAbsorbedV1,
    TicketMergedV1,
    TicketReleasedV1,
    TicketUnmergedV1,
    UnmergeTicketV1,
)
from .public import PublicEvent, PublicMessage, PublicParty, PublicTicket
from .splitting import (
    SplitTicketV1,
    TicketAdoptedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    UnsplitTicketV1,
)
from .values import (
    Absorbed,
    Category,
    ClockFacts,
    Grant,
    Group,
    Link,
    Message,
    MessageKind,
    Moved,
    Party,
    Person,
    Queue,
    Standing,
    Ticket,
)

__all__ = [
    "Absorbed",
    "AddMemberV1",
    "AddNoteV1",
    "AdministrationCommand",
    "Category",
    "ClockFacts",
    "CreateGroupV1",
    "CreatePersonV1",
    "CreateQueueV1",
    "GiveRightV1",
    "Grant",
    "GrantGivenV1",
    "GrantTakenV1",
    "Group",
    "GroupChangedV1",
    "Link",
    "LinkTicketsV1",
    "LinkType",
    "MailSettledV1",
    "MergeTicketsV1",
    "Message",
    "MessageEvent",
    "MessageKind",
    "Moved",
    "OpenTicketV1",
    "Party",
    "Person",
    "PersonCreatedV1",
    "PublicEvent",
    "PublicMessage",
    "PublicParty",
    "PublicTicket",
    "Queue",
    "QueueCreatedV1",
    "RemoveMemberV1",
    "ReplyToTicketV1",
    "SetOwnerV1",
    "SetPriorityV1",
    "SetStatusV1",
    "SplitTicketV1",
    "Standing",
    "TakeRightV1",
    "Ticket",
    "TicketAbsorbedV1",
    "TicketAdoptedV1",
    "TicketCommand",
    "TicketDependencyReopenedV1",
    "TicketEscalatedV1",
    "TicketEvent",
    "TicketLinkedV1",
    "TicketMergedV1",
    "TicketMessagesMovedV1",
    "TicketMessagesReturnedV1",
    "TicketNotedV1",
    "TicketOpenedV1",
    "TicketOwnerChangedV1",
    "TicketPriorityChangedV1",
    "TicketReceivedV1",
    "TicketReleasedV1",
    "TicketRepliedV1",
    "TicketStatusChangedV1",
    "TicketUnlinkedV1",
    "TicketUnmergedV1",
    "UnlinkTicketsV1",
    "UnmergeTicketV1",
    "UnsplitTicketV1",
]
