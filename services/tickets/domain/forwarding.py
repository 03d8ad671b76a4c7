"""Forwards: messages go to outsiders, and their answers come back as notes.

A forward is internal on the timeline, as everything that is said with outsiders who are not the customer. Notes
are not forwarded: what was written to colleagues leaves the house only when someone writes it again.
"""

from __future__ import annotations

from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import Address, Attachment
from ticketwire_contracts.tickets import ForwardMessagesV1, Message, QuotedMessage

from .acting import author_of, kind_of, lacks, sees
from .addresses import once_each, unwritable
from .context import Context
from .decision import Refusal, refused
from .events import Forwarded, Thin
from .state import TicketState

FILES = 50


def forward(context: Context, actor: Actor, ticket: TicketState, command: ForwardMessagesV1) -> list[Thin] | Refusal:
    """Messages of this ticket and those merged into it, oldest first, with their files, and what is written above."""
    if missing := lacks(context, actor, "ticket.forward", ticket):
        return missing
    to = once_each(command.to)
    if wrong := unwritable(context, to):
        return wrong
    wanted = dict.fromkeys(name.upper() for name in command.messages)
    found = [one for name in wanted if (one := context.messages.get(name)) and _reads(context, actor, ticket, one)]
    known = {one.id for one in found}
    if unknown := [name for name in wanted if name not in known]:
        return refused("unknown-message", "No such message", 422, f"{unknown[0]} is not on {ticket.number}.")
    if internal := [one.id for one in found if one.internal]:
        return refused(
            "internal-message",
            "Notes are not forwarded",
            409,
            f"{internal[0]} is internal. Write into the forward what outsiders may know.",
            messages=internal,
        )
    found.sort(key=lambda one: (one.at, int(one.id.rpartition(".")[2])))
    files = _files([*command.attachments, *(file for one in found for file in one.attachments)])
    if len(files) > FILES:
        return refused("too-many-files", "Too many files", 409, f"A forward carries {FILES} files at most.")
    return [
        Forwarded(
            n=ticket.messages + 1,
            kind=kind_of(actor),
            author=author_of(context, actor),
            subject=ticket.subject,
            text=command.text,
            attachments=files,
            to=[Address(address=address) for address in to],
            quoted=[_quoted(one) for one in found],
        )
    ]


def _reads(context: Context, actor: Actor, ticket: TicketState, message: Message) -> bool:
    """Whether the actor may read it here: by the rights of the ticket where it was said, and where it stands still."""
    origin = context.tickets.get(message.ticket)
    here = {ticket.number, *(part.number for part in ticket.absorbed)}
    return (
        origin is not None
        and origin.number in here
        and sees(context, actor, origin, internal=message.internal)
        and all(one.message != message.id for one in origin.moved)
    )


def _quoted(message: Message) -> QuotedMessage:
    author = message.author
    return QuotedMessage(
        id=message.id,
        author=Address(name=author.name, address="" if author.agent else author.address),
        to=message.to,
        subject=message.subject,
        at=message.at,
        text=message.text,
        encrypted=message.pgp.encrypted,
    )


def _files(attachments: list[Attachment]) -> list[Attachment]:
    return list({file.sha256: file for file in reversed(attachments)}.values())[::-1]
