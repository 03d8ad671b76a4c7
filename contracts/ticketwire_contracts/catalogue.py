"""The table of contents: every event and every command, by topic."""

from __future__ import annotations

from . import escalation, ingest, notify, tickets
from .base import Command, Event

EVENTS: dict[str, type[Event]] = {
    event.topic: event
    for event in (
        ingest.MailReceivedV1,
        ingest.MailIgnoredV1,
        ingest.MailBouncedV1,
        tickets.TicketOpenedV1,
        tickets.TicketReceivedV1,
        tickets.TicketRepliedV1,
        tickets.TicketNotedV1,
        tickets.TicketStatusChangedV1,
        tickets.TicketOwnerChangedV1,
        tickets.TicketPriorityChangedV1,
        tickets.TicketEscalatedV1,
        tickets.MailSettledV1,
        tickets.QueueCreatedV1,
        tickets.PersonCreatedV1,
        tickets.GroupChangedV1,
        tickets.GrantGivenV1,
        tickets.GrantTakenV1,
        tickets.TicketSubjectChangedV1,
        tickets.TicketDueChangedV1,
        tickets.TicketRequestersChangedV1,
        tickets.TicketPeopleChangedV1,
        tickets.TicketTagsChangedV1,
        tickets.TicketFieldsChangedV1,
        tickets.TicketTimeWorkedV1,
        tickets.TicketForwardedV1,
        tickets.QueueFieldsSetV1,
        tickets.LifecycleChangedV1,
        tickets.TicketMovedV1,
        tickets.QueueChangedV1,
        tickets.PersonChangedV1,
        tickets.PersonErasedV1,
        tickets.TicketErasedV1,
        escalation.PolicySetV1,
        escalation.EscalationDueV1,
        escalation.TimersSetV1,
        notify.NotificationSentV1,
        notify.NotificationFailedV1,
        tickets.TicketLinkedV1,
        tickets.TicketUnlinkedV1,
        tickets.TicketDependencyReopenedV1,
        tickets.TicketMergedV1,
        tickets.TicketAbsorbedV1,
        tickets.TicketUnmergedV1,
        tickets.TicketReleasedV1,
        tickets.TicketMessagesMovedV1,
        tickets.TicketMessagesReturnedV1,
        tickets.TicketPartWaitsV1,
        tickets.TicketAdoptedV1,
    )
}

COMMANDS: dict[str, type[Command]] = {
    command.topic: command
    for command in (
        ingest.ReadRawV1,
        ingest.RereadMailsV1,
        ingest.ShowAccountV1,
        tickets.OpenTicketV1,
        tickets.ReplyToTicketV1,
        tickets.AddNoteV1,
        tickets.SetStatusV1,
        tickets.SetOwnerV1,
        tickets.SetPriorityV1,
        tickets.CreateQueueV1,
        tickets.CreatePersonV1,
        tickets.CreateGroupV1,
        tickets.AddMemberV1,
        tickets.RemoveMemberV1,
        tickets.GiveRightV1,
        tickets.TakeRightV1,
        tickets.SetSubjectV1,
        tickets.SetDueV1,
        tickets.ChangePeopleV1,
        tickets.SetTagsV1,
        tickets.SetFieldsV1,
        tickets.AddTimeWorkedV1,
        tickets.ForwardMessagesV1,
        tickets.SetQueueFieldsV1,
        tickets.CreateLifecycleV1,
        tickets.ChangeLifecycleV1,
        tickets.SetQueueV1,
        tickets.ChangeQueueV1,
        tickets.DisableQueueV1,
        tickets.EnableQueueV1,
        tickets.ChangePersonV1,
        tickets.DisablePersonV1,
        tickets.EnablePersonV1,
        tickets.JoinPersonsV1,
        tickets.ShowHistoryV1,
        tickets.ShowTicketAtV1,
        tickets.ShowAuditV1,
        tickets.FindPersonDataV1,
        tickets.ErasePersonV1,
        escalation.SetPolicyV1,
        escalation.ShowPolicyAuditV1,
        notify.ResendV1,
        tickets.LinkTicketsV1,
        tickets.UnlinkTicketsV1,
        tickets.MergeTicketsV1,
        tickets.UnmergeTicketV1,
        tickets.SplitTicketV1,
        tickets.UnsplitTicketV1,
    )
}

HEARS: dict[str, tuple[str, ...]] = {
    "ingest": ("tickets",),
    "tickets": ("ingest", "escalation"),
    "escalation": ("tickets",),
    "notify": ("tickets",),
    "gateway": ("tickets", "escalation", "notify"),
}
"""Whose batches each service hears (the bindings of its queue): those who say something that it handles, and no other.

What ingest says are whole mails, several times the size of anything else: whoever is bound to it without need pays.
"""


def told_again(event: tickets.TicketErasedV1) -> list[Event]:
    """A ticket's earlier events as an erasure tells them; without those of types that this version does not know."""
    ticket = event.ticket.model_dump()
    return [
        EVENTS[one["type"]].model_validate({**one, "ticket": ticket}) for one in event.events if one["type"] in EVENTS
    ]
