"""What tickets may be asked and what it says: the truth about tickets, queues, persons, groups and grants.

values          tickets, messages, queues, persons, groups, grants
commands        what may be asked to be done to a ticket
administration  what may be asked of queues, persons, groups, grants
events          what is said of tickets
directory       what is said of queues, persons, groups, grants
public          what outsiders hear
fields          custom fields of a queue
work            subject, due date, people, tags, fields, time, forwards: asked and said
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
from .fields import FieldDefinition, FieldType, FieldValue
from .public import PublicEvent, PublicMessage, PublicParty, PublicTicket
from .values import Category, ClockFacts, Grant, Group, Link, Message, MessageKind, Party, Person, Queue, Ticket
from .work import (
    AddTimeWorkedV1,
    ChangePeopleV1,
    FieldChange,
    ForwardMessagesV1,
    QueueFieldsSetV1,
    QuotedMessage,
    SetDueV1,
    SetFieldsV1,
    SetQueueFieldsV1,
    SetSubjectV1,
    SetTagsV1,
    TicketDueChangedV1,
    TicketFieldsChangedV1,
    TicketForwardedV1,
    TicketPeopleChangedV1,
    TicketRequestersChangedV1,
    TicketSubjectChangedV1,
    TicketTagsChangedV1,
    TicketTimeWorkedV1,
)

__all__ = [
    "AddMemberV1",
    "AddNoteV1",
    "AddTimeWorkedV1",
    "AdministrationCommand",
    "Category",
    "ChangePeopleV1",
    "ClockFacts",
    "CreateGroupV1",
    "CreatePersonV1",
    "CreateQueueV1",
    "FieldChange",
    "FieldDefinition",
    "FieldType",
    "FieldValue",
    "ForwardMessagesV1",
    "GiveRightV1",
    "Grant",
    "GrantGivenV1",
    "GrantTakenV1",
    "Group",
    "GroupChangedV1",
    "Link",
    "MailSettledV1",
    "Message",
    "MessageEvent",
    "MessageKind",
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
    "QueueFieldsSetV1",
    "QuotedMessage",
    "RemoveMemberV1",
    "ReplyToTicketV1",
    "SetDueV1",
    "SetFieldsV1",
    "SetOwnerV1",
    "SetPriorityV1",
    "SetQueueFieldsV1",
    "SetStatusV1",
    "SetSubjectV1",
    "SetTagsV1",
    "TakeRightV1",
    "Ticket",
    "TicketCommand",
    "TicketDueChangedV1",
    "TicketEscalatedV1",
    "TicketEvent",
    "TicketFieldsChangedV1",
    "TicketForwardedV1",
    "TicketNotedV1",
    "TicketOpenedV1",
    "TicketOwnerChangedV1",
    "TicketPeopleChangedV1",
    "TicketPriorityChangedV1",
    "TicketReceivedV1",
    "TicketRepliedV1",
    "TicketRequestersChangedV1",
    "TicketStatusChangedV1",
    "TicketSubjectChangedV1",
    "TicketTagsChangedV1",
    "TicketTimeWorkedV1",
]
