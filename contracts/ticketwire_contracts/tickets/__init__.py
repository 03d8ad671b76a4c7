"""What tickets may be asked and what it says: the truth about tickets, queues, persons, groups and grants.

values          tickets, messages, queues, persons, groups, grants
commands        what may be asked to be done to a ticket
administration  what may be asked of queues, persons, groups, grants
events          what is said of tickets
directory       what is said of queues, persons, groups, grants
lifecycles      statuses and what may follow what; moving a ticket between queues
changes         changes of queues and persons
history         what may be asked of the log
privacy         a person's data, found and erased
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
from .changes import (
    ChangePersonV1,
    ChangeQueueV1,
    DisablePersonV1,
    DisableQueueV1,
    EnablePersonV1,
    EnableQueueV1,
    JoinPersonsV1,
    PersonChangedV1,
    QueueChangedV1,
)
from .commands import AddNoteV1, OpenTicketV1, ReplyToTicketV1, SetOwnerV1, SetPriorityV1, SetStatusV1, TicketCommand
from .directory import GrantGivenV1, GrantTakenV1, GroupChangedV1, PersonCreatedV1, QueueCreatedV1
from .events import (
    MailSettledV1,
    MessageEvent,
    RefusalNotice,
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
from .history import Cause, Difference, Happening, HistoryEntry, HistoryPage, ShowHistoryV1, ShowTicketAtV1
from .lifecycles import (
    DEFAULT_LIFECYCLE,
    ChangeLifecycleV1,
    CreateLifecycleV1,
    Lifecycle,
    LifecycleChangedV1,
    SetQueueV1,
    TicketMovedV1,
    Transition,
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
from .privacy import ErasePersonV1, FindPersonDataV1, PersonData, PersonErasedV1, TicketErasedV1, TicketOfPerson
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
    FollowUp,
    Grant,
    Group,
    Link,
    Message,
    MessageKind,
    MovedMessage,
    Party,
    Person,
    Queue,
    Standing,
    Ticket,
)

__all__ = [
    "DEFAULT_LIFECYCLE",
    "Absorbed",
    "AddMemberV1",
    "AddNoteV1",
    "AdministrationCommand",
    "Category",
    "Cause",
    "ChangeLifecycleV1",
    "ChangePersonV1",
    "ChangeQueueV1",
    "ClockFacts",
    "CreateGroupV1",
    "CreateLifecycleV1",
    "CreatePersonV1",
    "CreateQueueV1",
    "Difference",
    "DisablePersonV1",
    "DisableQueueV1",
    "EnablePersonV1",
    "EnableQueueV1",
    "ErasePersonV1",
    "FindPersonDataV1",
    "FollowUp",
    "GiveRightV1",
    "Grant",
    "GrantGivenV1",
    "GrantTakenV1",
    "Group",
    "GroupChangedV1",
    "Happening",
    "HistoryEntry",
    "HistoryPage",
    "JoinPersonsV1",
    "Lifecycle",
    "LifecycleChangedV1",
    "Link",
    "LinkTicketsV1",
    "LinkType",
    "MailSettledV1",
    "MergeTicketsV1",
    "Message",
    "MessageEvent",
    "MessageKind",
    "MovedMessage",
    "OpenTicketV1",
    "Party",
    "Person",
    "PersonChangedV1",
    "PersonCreatedV1",
    "PersonData",
    "PersonErasedV1",
    "PublicEvent",
    "PublicMessage",
    "PublicParty",
    "PublicTicket",
    "Queue",
    "QueueChangedV1",
    "QueueCreatedV1",
    "RefusalNotice",
    "RemoveMemberV1",
    "ReplyToTicketV1",
    "SetOwnerV1",
    "SetPriorityV1",
    "SetQueueV1",
    "SetStatusV1",
    "ShowHistoryV1",
    "ShowTicketAtV1",
    "SplitTicketV1",
    "Standing",
    "TakeRightV1",
    "Ticket",
    "TicketAbsorbedV1",
    "TicketAdoptedV1",
    "TicketCommand",
    "TicketDependencyReopenedV1",
    "TicketErasedV1",
    "TicketEscalatedV1",
    "TicketEvent",
    "TicketLinkedV1",
    "TicketMergedV1",
    "TicketMessagesMovedV1",
    "TicketMessagesReturnedV1",
    "TicketMovedV1",
    "TicketNotedV1",
    "TicketOfPerson",
    "TicketOpenedV1",
    "TicketOwnerChangedV1",
    "TicketPriorityChangedV1",
    "TicketReceivedV1",
    "TicketReleasedV1",
    "TicketRepliedV1",
    "TicketStatusChangedV1",
    "TicketUnlinkedV1",
    "TicketUnmergedV1",
    "Transition",
    "UnlinkTicketsV1",
    "UnmergeTicketV1",
    "UnsplitTicketV1",
]
