"""Which ticket a mail belongs to, by the strongest evidence first (design section 6, "Follow-up").

    1  a bounce of one of our mails            → the ticket of that mail
    2  our reply address, our signed Message-ID → its ticket, whoever writes
    3  a Message-ID that a ticket already holds → that ticket, if the sender takes part in it
    4  the subject tag [TW-12]                  → that ticket, if the sender takes part in it
    5  otherwise a new ticket; a stranger's tag is only noted as a suggestion

A ticket that was merged into another is never the answer: its mail goes to the one that answers for it.
A foreign system's tag never matches; a forged Message-ID fails its signature and counts for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ticketwire_contracts.ingest import MailReceivedV1, Reading
from ticketwire_contracts.tickets import Person

from .context import Context, SignedMark
from .people import stands_on
from .state import TicketState

_TAG = re.compile(r"\[\s*(TW-\d{1,18})\s*\]", re.IGNORECASE)
_NOISE = re.compile(r"^(?:\s*(?:re|aw|antw|sv|vs|fwd?|wg|tr|rif|odp|ynt)(?:\[\d+\]|\(\d+\))?\s*:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a mail belongs and by what evidence."""

    ticket: TicketState | None
    why: str
    mark: SignedMark | None = None
    suggested: str | None = None
    through: str | None = None
    """The number that the mail named, where that ticket was merged into the one it goes to."""


def ids_of(mail: MailReceivedV1) -> list[str]:
    """Message-IDs that a mail refers to, nearest first."""
    read = mail.mail_read
    bounced = [read.bounce.original_message_id] if read.bounce and read.bounce.original_message_id else []
    return list(dict.fromkeys([*bounced, *read.in_reply_to, *reversed(read.references)]))


def tags_of(subject: str) -> list[str]:
    """Our numbers in a subject, in one case, in order."""
    return [f"TW-{int(tag[3:])}" for tag in _TAG.findall(subject)]


def clean_subject(subject: str) -> str:
    """The subject without our tags and without reply marks; never empty."""
    return _NOISE.sub("", _TAG.sub("", subject)).strip() or "(no subject)"


def candidates(context: Context, mail: MailReceivedV1) -> set[str]:
    """Numbers of all tickets that the mail could belong to, to be read before deciding."""
    marks = [context.signed_address(mail.recipient), *(context.signed_id(i) for i in ids_of(mail))]
    return {mark.ticket for mark in marks if mark} | set(tags_of(mail.mail_read.subject))


def find(context: Context, mail: MailReceivedV1, sender: Person | None) -> Thread:
    """The ticket a mail belongs to, and why."""
    read = mail.mail_read
    address = context.signed_address(mail.recipient)
    if address and (ticket := context.ticket(address.ticket)):
        return Thread(ticket, "reply_address", address, through=_old(address.ticket, ticket))
    for message_id in ids_of(mail):
        mark = context.signed_id(message_id)
        if mark and (ticket := context.ticket(mark.ticket)):
            return Thread(ticket, "bounce" if read.bounce else "signed_id", mark, through=_old(mark.ticket, ticket))
    for message_id in ids_of(mail):
        number = context.known_ids.get(message_id, "")
        if (ticket := context.ticket(number)) and _takes_part(ticket, read, sender):
            return Thread(ticket, "known_id", through=_old(number, ticket))
    suggested = None
    for number in tags_of(read.subject):
        if ticket := context.ticket(number):
            if _takes_part(ticket, read, sender):
                return Thread(ticket, "subject_tag", through=_old(number, ticket))
            suggested = suggested or number
    return Thread(None, "opened", suggested=suggested)


def _old(number: str, ticket: TicketState) -> str | None:
    return number if number != ticket.number else None


def _takes_part(ticket: TicketState, read: Reading, sender: Person | None) -> bool:
    """Requesters, cc, admin cc and owner take part; any agent does, since they write notes there."""
    if sender is not None and sender.agent and not sender.disabled:
        return True
    people = [*ticket.requesters, *ticket.cc, *ticket.admin_cc, *([ticket.owner] if ticket.owner else [])]
    return stands_on(sender, read.from_.address, people)
