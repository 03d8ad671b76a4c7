"""A mail opens a ticket or joins one; or it is refused or ignored, with a reason. Nothing falls between.

Agents by mail (design section 6): what answers a notification to agents is a note, whoever sends it, unless the
address was signed for this agent and *reply*; any other mail of an agent about a ticket is a note too, unless
that agent is a requester or cc there and answers a mail to customers. So what was written to colleagues never
reaches a customer by accident.

Our signed reply addresses are keys: whoever is quoted one could write as the agent it was made for. So they are taken
out of every mail before anything is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ticketwire_contracts.ingest import Address, Attachment, MailReceivedV1, Reading
from ticketwire_contracts.rights import holds, viewer_of
from ticketwire_contracts.tickets import Category, Link, Party, Person, Queue, RefusalNotice

from . import threading
from .context import Context
from .decision import Change, Decision, Refusal, refused
from .events import Linked, Noted, Opened, Received, Replied, StatusChanged, Thin
from .links import MOST, on
from .people import Meeting, stands_on
from .state import TicketState, fold
from .work import opened_by_reply

ADOPTED_CC = 20
_TAG = re.compile(r"(?:\+|%2b)([a-z0-9.-]{1,100})(?=@|%40)", re.IGNORECASE)


def decide_mail(context: Context, mail: MailReceivedV1) -> Decision:
    """What becomes of a mail."""
    mail = without_keys(context, mail)
    queue = context.directory.queue_of(mail.recipient)
    sender = context.person_at(mail.mail_read.from_.address)
    if sender is not None and sender.disabled and sender.joined_into is None:
        return _refused(mail, "sender_disabled", "The sender's person is disabled.")
    thread = threading.find(context, mail, sender)
    if thread.ticket is not None:
        return _join(context, mail, thread, thread.ticket)
    if queue is None:
        return _refused(mail, "no_queue", "No queue has this address, and there is no catch-all queue.")
    return _open(context, mail, queue, thread.suggested)


def without_keys(context: Context, mail: MailReceivedV1) -> MailReceivedV1:
    """The mail with our signed addresses made plain: ``support+TW-1.reply.….…@`` becomes ``support@``."""
    read = mail.mail_read
    local, _, domain = mail.recipient.rpartition("@")
    plain = local.partition("+")[0]

    def kept(found: re.Match[str]) -> str:
        return "" if context.signed_address(f"{plain}+{found[1]}@{domain}") else found[0]

    def bare(text: str) -> str:
        return _TAG.sub(kept, text) if "+" in text or "%2" in text else text

    def known(addresses: Sequence[Address]) -> list[Address]:
        return [Address(name=bare(one.name), address=bare(one.address)) for one in addresses]

    changed = {
        "text": bare(read.text),
        "html": bare(read.html) if read.html else read.html,
        "to": known(read.to),
        "cc": known(read.cc),
    }
    return mail.model_copy(update={"mail_read": read.model_copy(update=changed)})


def decide_again(mail: MailReceivedV1, ticket: str) -> Refusal:
    """A later reading of a mail that is on a ticket already: it stays there."""
    problem = refused("already-ticketed", "Already on a ticket", 409, f"The mail is on {ticket}.").problem
    return Refusal(problem, _about(mail, "ticketed", "read_again") | {"ticket": ticket})


def _open(
    context: Context, mail: MailReceivedV1, queue: Queue, suggested: str | None, refers_to: str | None = None
) -> Decision:
    read = mail.mail_read
    meeting = Meeting(context)
    author = meeting.meet(read.from_, read.language)
    number = context.next_number()
    lifecycle = context.directory.lifecycle_of(queue.name)
    opened = Opened(
        number=number,
        queue=queue.name,
        title=threading.clean_subject(read.subject),
        status=lifecycle.initial,
        category=lifecycle.statuses[lifecycle.initial],
        priority=queue.default_priority,
        requesters=[author],
        copies=_copies(context, meeting, mail, author) if queue.adopt_cc else [],
        opened_by="mail",
        language=author.language or read.language,
        new_requester=meeting.is_new(author),
        suggested=suggested,
        why="opened" if refers_to is None else "follow_up_closed",
        refers_to=refers_to,
        **_said(mail, author, 1),
    )
    return [_ticket(None, [opened], mail), *meeting.changes]


def _join(context: Context, mail: MailReceivedV1, thread: threading.Thread, ticket: TicketState) -> Decision:
    read = mail.mail_read
    sender = context.person_at(read.from_.address)
    answers_colleagues = thread.mark is not None and (thread.mark.internal or thread.mark.reply_of is not None)
    writes_as_customer = thread.why == "signed_id" and stands_on(
        sender, read.from_.address, [*ticket.requesters, *ticket.cc]
    )
    meeting = Meeting(context)
    author = meeting.meet(read.from_, read.language)
    said = _said(mail, author, ticket.messages + 1) | {"through": thread.through}
    by_agent = thread.mark is not None and _is_reply_by_agent(context, ticket, thread.mark.reply_of, sender)
    # Of a text that is too long for an event the whole is a file, which nobody has looked through for our keys.
    if by_agent and not read.auto.is_auto and "text_capped" not in read.warnings:
        said["attachments"] = _to_send(read)
        return [_ticket(ticket, _reply(context, ticket, said, thread), mail), *meeting.changes]
    if thread.why == "bounce" or answers_colleagues or (author.agent and not writes_as_customer):
        return [_ticket(ticket, [Noted(why=thread.why, **said)], mail), *meeting.changes]
    queue = context.directory.queues.get(ticket.queue)
    if queue is not None and ticket.category == "closed" and not read.auto.is_auto:
        if queue.follow_up == "refuse":
            return _follow_up_refused(mail, ticket, author)
        if queue.follow_up == "new_linked_ticket":
            return _open_about(context, mail, _enabled(context, queue, mail), ticket)
    events: list[Thin] = [Received(why=thread.why, **said)]
    lifecycle = context.directory.lifecycle_of(ticket.queue)
    if ticket.category in ("waiting", "closed") and not read.auto.is_auto:
        events.append(_status(ticket, lifecycle.active, lifecycle.statuses[lifecycle.active]))
        events[0] = Received(why=thread.why, reopened_to=lifecycle.active, **said)
    return [_ticket(ticket, events, mail), *meeting.changes]


def _open_about(context: Context, mail: MailReceivedV1, queue: Queue, closed: TicketState) -> Decision:
    """A new ticket that refers to the closed one, which says so too unless it has all the links it may have."""
    decision = _open(context, mail, queue, None, refers_to=closed.number)
    if isinstance(decision, Refusal) or len(closed.links) >= MOST:
        return decision
    number = decision[0].stream.removeprefix("ticket/")
    back = Linked(link=Link(type="referred_to_by", target=number))
    return [*decision, on(closed, [back], mail.time)]


def _enabled(context: Context, queue: Queue, mail: MailReceivedV1) -> Queue:
    """The closed ticket's queue; where that takes nothing new, the one that the mail was written to."""
    return (context.directory.queue_of(mail.recipient) or queue) if queue.disabled else queue


def _follow_up_refused(mail: MailReceivedV1, ticket: TicketState, sender: Party) -> Refusal:
    """The queue wants nothing on closed tickets: the sender is to be told, once, by notify."""
    read = mail.mail_read
    notice = RefusalNotice(
        to=read.from_,
        queue=ticket.queue,
        subject=read.subject,
        message_id=read.message_id,
        references=read.references,
        language=sender.language or read.language or ticket.language,
    )
    refusal = _refused(mail, "follow_up_refused", f"{ticket.number} is closed, and its queue takes no follow-ups.")
    return Refusal(
        refusal.problem,
        refusal.details | {"ticket": ticket.number, "notice": notice.model_dump(mode="json", exclude_none=True)},
    )


def _is_reply_by_agent(context: Context, ticket: TicketState, reply_of: str | None, sender: Person | None) -> bool:
    """The address was made for this agent, who may still reply: an old address outlives the right it was made by."""
    if reply_of is None or sender is None or not sender.agent or not sender.id.startswith(reply_of):
        return False
    viewer = viewer_of(sender, context.directory.groups.values())
    return holds(viewer, "ticket.reply", context.thing(ticket), context.directory.grants)


def _reply(context: Context, ticket: TicketState, said: dict[str, Any], thread: threading.Thread) -> list[Thin]:
    """The agent's mail becomes the reply to the customers.

    What answers a mail about a ticket that was merged since goes to that ticket's customers: the agent wrote to
    them, and what is quoted there is not the others' business.
    """
    whom = next((part for part in ticket.absorbed if part.number == thread.through), ticket)
    chosen = said | {"to": _addresses(whom.requesters), "cc": _addresses(whom.cc)}
    replied = Replied(
        in_reply_to=ticket.thread[-1] if ticket.thread else None, reply_references=ticket.thread, **chosen
    )
    return [replied, *opened_by_reply(context, ticket)]


def _to_send(read: Reading) -> list[Attachment]:
    """The files of an agent's reply: not its own HTML, with all that it quotes. The customers get its text."""
    own = "message.html" if "html_too_large" in read.warnings else None
    return [file for file in read.attachments if file.filename != own]


def _copies(context: Context, meeting: Meeting, mail: MailReceivedV1, author: Party) -> list[Party]:
    """Who else the mail was written to: its other recipients become cc, never an address of ours."""
    read = mail.mail_read
    others: dict[str, Address] = {}
    for address in [*read.to, *read.cc]:
        if "@" in address.address and not context.directory.is_ours(address.address):
            others.setdefault(address.address.casefold(), address)
    others.pop(author.address.casefold(), None)
    others.pop(mail.recipient.casefold(), None)
    return [meeting.meet(address) for address in list(others.values())[:ADOPTED_CC]]


def _said(mail: MailReceivedV1, author: Party, n: int) -> dict[str, Any]:
    read = mail.mail_read
    return {
        "n": n,
        "kind": "mail",
        "author": author,
        "subject": read.subject,
        "text": read.text,
        "html": read.html,
        "attachments": read.attachments,
        "to": read.to,
        "cc": read.cc,
        "message_id": read.message_id,
        "references": read.references,
        "auto": read.auto,
        "pgp": read.pgp,
        "mail": mail.mail,
        "reading": mail.reading,
    }


def _ticket(before: TicketState | None, events: list[Thin], mail: MailReceivedV1) -> Change:
    after = fold(before, events, max(mail.time, before.updated_at) if before else mail.time)
    keys = [mail.mail_read.message_id] if mail.mail_read.message_id else []
    return Change(f"ticket/{after.number}", events, after, keys=keys)


def _status(ticket: TicketState, after: str, category: Category) -> StatusChanged:
    return StatusChanged(before=ticket.status, after=after, category=category)


def _addresses(parties: list[Party]) -> list[Address]:
    return [Address(name=one.name, address=one.address) for one in parties if one.address]


def _refused(mail: MailReceivedV1, why: str, detail: str) -> Refusal:
    return Refusal(refused(why.replace("_", "-"), "Refused", 409, detail).problem, _about(mail, "refused", why))


def _about(mail: MailReceivedV1, outcome: str, why: str) -> dict[str, Any]:
    return {"mail": mail.mail, "reading": mail.reading, "outcome": outcome, "why": why}
