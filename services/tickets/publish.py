"""The one place where a commit and its state become contract events: inside, and the little that is public.

What is public is an allow-list (decision 10): built up from named fields, never the whole with something taken
away. A note, an escalation and a link leave nothing there, not even a number.
"""

from __future__ import annotations

from typing import Any

from ticketwire_chassis.commits import Commit
from ticketwire_chassis.events import stamp
from ticketwire_chassis.private import unseal
from ticketwire_chassis.relay import Said
from ticketwire_contracts.base import Event
from ticketwire_contracts.tickets import (
    GrantGivenV1,
    GrantTakenV1,
    GroupChangedV1,
    LifecycleChangedV1,
    MailSettledV1,
    Message,
    Party,
    PersonChangedV1,
    PersonCreatedV1,
    PersonErasedV1,
    PublicEvent,
    PublicMessage,
    PublicParty,
    PublicTicket,
    Queue,
    QueueChangedV1,
    QueueCreatedV1,
    QueueFieldsSetV1,
    RefusalNotice,
    Ticket,
    TicketAbsorbedV1,
    TicketAdoptedV1,
    TicketDependencyReopenedV1,
    TicketDueChangedV1,
    TicketErasedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketFieldsChangedV1,
    TicketForwardedV1,
    TicketLinkedV1,
    TicketMergedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    TicketMovedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketPartWaitsV1,
    TicketPeopleChangedV1,
    TicketPriorityChangedV1,
    TicketReceivedV1,
    TicketReleasedV1,
    TicketRepliedV1,
    TicketRequestersChangedV1,
    TicketStatusChangedV1,
    TicketSubjectChangedV1,
    TicketTagsChangedV1,
    TicketTimeWorkedV1,
    TicketUnlinkedV1,
    TicketUnmergedV1,
)

from .domain import events as thin
from .domain.state import TicketState, message_of


def publish(commit: Commit) -> Said:
    """All that a commit says."""
    if commit.refused:
        return Said(internal=_refusal(commit))
    happened = [thin.lift(event) for event in unseal(commit.body, commit.private)]
    if not commit.stream.startswith("ticket/"):
        return Said(internal=[event for index, one in enumerate(happened) for event in _directory(commit, index, one)])
    state = TicketState.model_validate(commit.after)
    ticket = state.shown()
    internal: list[Event] = []
    told: list[tuple[TicketEvent, Message | None]] = []
    settled: list[Event] = []
    for index, one in enumerate(happened):
        event, message = _ticket_event(commit, index, one, ticket)
        internal.append(event)
        if type(event).public:
            told.append((event, message))
        if isinstance(one, thin.Said) and one.mail is not None and not isinstance(one, thin.Adopted):
            settled.append(_settled(commit, len(happened) + index, one, ticket))
    first = state.public_version - len(told) + 1
    public = [_public(event, message, first + index) for index, (event, message) in enumerate(told)]
    return Said(internal=[*internal, *settled], public=public)


def _stamp(event: type[Event], commit: Commit, index: int, summary: str) -> dict[str, Any]:
    return stamp(
        event,
        commit.stream,
        commit.seq,
        index,
        at=commit.at,
        actor=commit.actor,
        correlation=commit.correlation,
        summary=summary,
    )


def _ticket_event(commit: Commit, index: int, one: thin.Thin, ticket: Ticket) -> tuple[TicketEvent, Message | None]:
    number = ticket.number
    message = message_of(number, one, commit.at) if isinstance(one, thin.Said) else None

    def envelope(event: type[Event], summary: str) -> dict[str, Any]:
        return _stamp(event, commit, index, summary)

    match one:
        case thin.Opened() if message:
            kind: type[TicketEvent] = TicketOpenedV1
            summary = f"{number} was opened in {ticket.queue}"
            return TicketOpenedV1(
                **envelope(kind, summary), ticket=ticket, message=message, new_requester=one.new_requester
            ), message
        case thin.Received() if message:
            summary = f"A mail joined {number}"
            return TicketReceivedV1(
                **envelope(TicketReceivedV1, summary),
                ticket=ticket,
                message=message,
                reopened=one.reopened_to is not None,
            ), message
        case thin.Replied() if message:
            return TicketRepliedV1(
                **envelope(TicketRepliedV1, f"{number} was answered"),
                ticket=ticket,
                message=message,
                in_reply_to=one.in_reply_to,
                reply_references=one.reply_references,
            ), message
        case thin.Noted() if message:
            noted = TicketNotedV1(**envelope(TicketNotedV1, f"A note on {number}"), ticket=ticket, message=message)
            return noted, message
        case thin.StatusChanged():
            summary = f"{number} went from {one.before} to {one.after}"
            status = envelope(TicketStatusChangedV1, summary)
            return TicketStatusChangedV1(**status, ticket=ticket, before=one.before, after=one.after), None
        case thin.OwnerChanged():
            owner = envelope(TicketOwnerChangedV1, f"{number} has another owner")
            return TicketOwnerChangedV1(**owner, ticket=ticket, before=one.before, after=one.after), None
        case thin.PriorityChanged():
            summary = f"{number} went from priority {one.before} to {one.after}"
            priority = envelope(TicketPriorityChangedV1, summary)
            return TicketPriorityChangedV1(**priority, ticket=ticket, before=one.before, after=one.after), None
        case thin.Escalated():
            return TicketEscalatedV1(
                **envelope(TicketEscalatedV1, f"{number} escalated: {one.clock} {one.percent} %"),
                ticket=ticket,
                clock=one.clock,
                percent=one.percent,
                due_at=one.due_at,
                actions=one.actions,
            ), None
        case thin.SubjectChanged():
            subject = envelope(TicketSubjectChangedV1, f"{number} has another subject")
            return TicketSubjectChangedV1(**subject, ticket=ticket, before=one.before, after=one.after), None
        case thin.DueChanged():
            due = envelope(TicketDueChangedV1, f"{number} has another due date")
            return TicketDueChangedV1(**due, ticket=ticket, before=one.before, after=one.after), None
        case thin.RequestersChanged():
            requesters = envelope(TicketRequestersChangedV1, f"{number} has other requesters")
            return TicketRequestersChangedV1(**requesters, ticket=ticket, added=one.added, removed=one.removed), None
        case thin.PeopleChanged():
            people = envelope(TicketPeopleChangedV1, f"{number} has other {one.role.replace('_', ' ')}")
            return TicketPeopleChangedV1(
                **people, ticket=ticket, role=one.role, added=one.added, removed=one.removed
            ), None
        case thin.TagsChanged():
            tags = envelope(TicketTagsChangedV1, f"{number} has other tags")
            return TicketTagsChangedV1(**tags, ticket=ticket, added=one.added, removed=one.removed), None
        case thin.FieldsChanged():
            fields = envelope(TicketFieldsChangedV1, f"Fields of {number} changed")
            return TicketFieldsChangedV1(**fields, ticket=ticket, changes=one.changes), None
        case thin.TimeWorked():
            worked = envelope(TicketTimeWorkedV1, f"{one.minutes} minutes on {number}")
            return TicketTimeWorkedV1(
                **worked, ticket=ticket, minutes=one.minutes, text=one.text, total=one.total
            ), None
        case thin.Forwarded() if message:
            forwarded = envelope(TicketForwardedV1, f"{number} was forwarded")
            return TicketForwardedV1(**forwarded, ticket=ticket, message=message, quoted=one.quoted), message
        case thin.Adopted() if message:
            adopted = envelope(TicketAdoptedV1, f"A message of another ticket is on {number}")
            return TicketAdoptedV1(**adopted, ticket=ticket, message=message), message
        case thin.Moved():
            moved = envelope(TicketMovedV1, f"{number} moved from {one.before} to {one.after}")
            return TicketMovedV1(
                **moved, ticket=ticket, before=one.before, after=one.after, status_before=one.status_before
            ), None
        case thin.Erased():
            summary = f"Personal values were taken out of {number}"
            gone = envelope(TicketErasedV1, summary)
            return TicketErasedV1(**gone, ticket=ticket, person=one.person, events=one.said), None
    joining = _joining(commit, index, one, ticket)
    if joining is not None:
        return joining, None
    raise ValueError(f"a ticket's log holds {one.type}, which has no event")


def _joining(commit: Commit, index: int, one: thin.Thin, ticket: Ticket) -> TicketEvent | None:
    """What links, joins and divides tickets. Summaries name no other ticket: not everyone may know of it."""
    number = ticket.number

    def envelope(event: type[Event], summary: str) -> dict[str, Any]:
        return _stamp(event, commit, index, summary)

    match one:
        case thin.Linked():
            return TicketLinkedV1(**envelope(TicketLinkedV1, f"{number} was linked"), ticket=ticket, link=one.link)
        case thin.Unlinked():
            gone = envelope(TicketUnlinkedV1, f"A link of {number} went")
            return TicketUnlinkedV1(**gone, ticket=ticket, link=one.link)
        case thin.DependencyReopened():
            opened = envelope(TicketDependencyReopenedV1, f"What {number} depends on is open again")
            return TicketDependencyReopenedV1(**opened, ticket=ticket, dependency=one.dependency)
        case thin.Merged():
            return TicketMergedV1(**envelope(TicketMergedV1, f"{number} was merged"), ticket=ticket, into=one.into)
        case thin.TookIn():
            took = envelope(TicketAbsorbedV1, f"Others were merged into {number}")
            return TicketAbsorbedV1(**took, ticket=ticket, numbers=one.numbers)
        case thin.Unmerged():
            alone = envelope(TicketUnmergedV1, f"{number} stands by itself again")
            return TicketUnmergedV1(**alone, ticket=ticket, out_of=one.out_of)
        case thin.LetGo():
            released = envelope(TicketReleasedV1, f"Others left {number}")
            return TicketReleasedV1(**released, ticket=ticket, numbers=one.numbers)
        case thin.MessagesMoved():
            moved = envelope(TicketMessagesMovedV1, f"Messages of {number} were {'copied' if one.copied else 'moved'}")
            return TicketMessagesMovedV1(**moved, ticket=ticket, messages=one.messages, to=one.to, copied=one.copied)
        case thin.MessagesReturned():
            back = envelope(TicketMessagesReturnedV1, f"Messages returned to {number}")
            return TicketMessagesReturnedV1(**back, ticket=ticket, messages=one.messages)
        case thin.PartWaits():
            waits = envelope(TicketPartWaitsV1, f"What is merged into {number} waits since another time, or no more")
            return TicketPartWaitsV1(**waits, ticket=ticket, number=one.number, unanswered=one.unanswered)
    return None


def _settled(commit: Commit, index: int, said: thin.Said, ticket: Ticket) -> MailSettledV1:
    why = getattr(said, "why", "") or "follow_up"
    return MailSettledV1(
        **_stamp(MailSettledV1, commit, index, f"A mail is on {ticket.number}"),
        mail=said.mail or "",
        reading=said.reading or 1,
        outcome="ticketed",
        why=why,
        ticket=ticket.number,
        suggested=getattr(said, "suggested", None),
    )


def _refusal(commit: Commit) -> list[Event]:
    about = commit.after
    if "mail" not in about or commit.seq > 1:
        return []
    return [
        MailSettledV1(
            **_stamp(MailSettledV1, commit, 0, f"A mail was {about['outcome']}"),
            mail=about["mail"],
            reading=about["reading"],
            outcome=about["outcome"],
            why=about["why"],
            ticket=about.get("ticket"),
            notice=RefusalNotice.model_validate(about["notice"]) if about.get("notice") else None,
        )
    ]


def _directory(commit: Commit, index: int, one: thin.Thin) -> list[Event]:
    match one:
        case thin.PersonCreated():
            return [PersonCreatedV1(**_stamp(PersonCreatedV1, commit, index, "A person was made"), person=one.person)]
        case thin.PersonErased():
            erased = _stamp(PersonErasedV1, commit, index, "A person was erased")
            return [PersonErasedV1(**erased, **one.model_dump(exclude={"type", "v"}))]
        case thin.QueueCreated():
            summary = f"Queue {one.queue.name} was made"
            made = _stamp(QueueCreatedV1, commit, index, summary)
            return [QueueCreatedV1(**made, queue=one.queue, rights_epoch=int(commit.after["rights_epoch"]))]
        case thin.GroupChanged():
            group = _stamp(GroupChangedV1, commit, index, f"Group {one.group.name} changed")
            return [GroupChangedV1(**group, group=one.group, rights_epoch=one.rights_epoch)]
        case thin.GrantGiven():
            given = _stamp(GrantGivenV1, commit, index, f"{one.grant.right} was given")
            return [GrantGivenV1(**given, grant=one.grant, rights_epoch=one.rights_epoch)]
        case thin.GrantTaken():
            taken = _stamp(GrantTakenV1, commit, index, f"{one.grant.right} was taken back")
            return [GrantTakenV1(**taken, grant=one.grant, rights_epoch=one.rights_epoch)]
        case thin.QueueFieldsSet():
            fields = _stamp(QueueFieldsSetV1, commit, index, f"Fields of queue {one.queue} changed")
            return [QueueFieldsSetV1(**fields, queue=Queue.model_validate(commit.after))]
        case thin.LifecycleChanged():
            lifecycle = _stamp(LifecycleChangedV1, commit, index, f"Lifecycle {one.lifecycle.name} changed")
            return [LifecycleChangedV1(**lifecycle, lifecycle=one.lifecycle)]
        case thin.QueueChanged():
            queue = _stamp(QueueChangedV1, commit, index, f"Queue {one.queue.name} changed")
            return [QueueChangedV1(**queue, queue=one.queue, rights_epoch=one.rights_epoch)]
        case thin.PersonChanged():
            person = _stamp(PersonChangedV1, commit, index, "A person was changed")
            return [PersonChangedV1(**person, person=one.person, rights_epoch=one.rights_epoch)]
    return []


def _public(event: TicketEvent, message: Message | None, public_version: int) -> PublicEvent:
    ticket = event.ticket
    return PublicEvent(
        id=f"{event.subject}:p{public_version}",
        type=event.type,
        subject=event.subject,
        time=event.time,
        dataschema=PublicEvent.schema_address(),
        public_version=public_version,
        correlation=event.correlation,
        summary=event.summary,
        ticket=PublicTicket(
            number=ticket.number,
            subject=ticket.subject,
            queue=ticket.queue,
            status=ticket.status,
            category=ticket.category,
            priority=ticket.priority,
            owner=_public_party(ticket.owner) if ticket.owner else None,
            requesters=[_public_party(party) for party in ticket.requesters],
            created_at=ticket.created_at,
        ),
        message=_public_message(message) if message is not None and not message.internal else None,
    )


def _public_message(message: Message) -> PublicMessage:
    hidden = message.pgp.encrypted
    return PublicMessage(
        author=_public_party(message.author),
        text="" if hidden else message.text,
        attachments=[] if hidden else [file.filename for file in message.attachments],
        at=message.at,
    )


def _public_party(party: Party) -> PublicParty:
    return PublicParty(name=party.name, address="" if party.agent else party.address, agent=party.agent)
