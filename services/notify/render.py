"""Letters: what is written to whom, and the octets of it (RFC 5322).

The octets are put together by hand: an ``EmailMessage`` costs ten times as much. So what ``email`` would guard
stands here: no line break or control character gets into a header, long lines are encoded, and every address has
gone through ``spelled``.
"""

from __future__ import annotations

import base64
import re
from binascii import b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256
from typing import Protocol
from urllib.parse import quote

from ticketwire_chassis.i18n.dates import exact
from ticketwire_chassis.i18n.translator import Translator, translator
from ticketwire_contracts.ingest import Address, Attachment
from ticketwire_contracts.tickets import (
    MailSettledV1,
    MessageEvent,
    Queue,
    QuotedMessage,
    RefusalNotice,
    Ticket,
    TicketDependencyReopenedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketForwardedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketStatusChangedV1,
)

from .domain.addresses import spelled, with_token
from .domain.letter import (
    AUTO_REPLY_HEADERS,
    NOTICE_HEADERS,
    Letter,
    chain,
    known_id,
    subject_line,
)
from .domain.telling import Recipient, Telling

LINE_OCTETS = 990
"""Longer lines (RFC 5322 allows 998) are encoded."""
HEADER_CHARS = 76
NAME_CHARS = 60
"""Of a name in a header as it is; longer ones are encoded, since only that can be folded anywhere."""
FILENAME_CHARS = 55
"""Of a file's name in one line of its header, encoded; RFC 2231 numbers the lines."""
NOBODY = "person/0"
"""In a reply address that is not for one person."""
QUOTED_CHARS = 20_000
"""Of a message in a notice; the whole of it is on the ticket."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_KIND = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 ._()+-]{0,59}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_SUBJECT = re.compile(rb"(?<=\n)Subject: [^\r\n]*(?:\r\n[ \t][^\r\n]*)*")
_TEXT_PART = b"\r\nContent-Type: "
_FACTS = slice(2, 6)
"""Lines of a notice: after what happened and an empty one."""


class Ids(Protocol):
    """Who signs ids, so that answers to our mails find back."""

    def message_id(self, ticket: str, event_id: str, recipient: str, domain: str, *, internal: bool = False) -> str: ...
    def reply_token(self, ticket: str, purpose: str, person: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands in every letter: the pages' address, the domain of our ids, the sender where a queue has none."""

    ids: Ids
    public_url: str
    mail_domain: str
    sender_address: str


def letter(event: TicketEvent | MailSettledV1, telling: Telling, queue: Queue, desk: Desk) -> Letter:
    """The letter that an event calls for."""
    if isinstance(event, MailSettledV1):
        if event.notice is None or event.ticket is None:
            raise ValueError("nobody is to be told")
        return _refusal(event, event.notice, event.ticket, telling, queue, desk)
    match telling.kind:
        case "reply" if isinstance(event, TicketRepliedV1):
            return _reply(event, telling, queue, desk)
        case "forward" if isinstance(event, TicketForwardedV1):
            return _forward(event, telling, queue, desk)
        case "auto_reply" if isinstance(event, TicketOpenedV1):
            return _auto_reply(event, telling, queue, desk)
        case _:
            return _notice(event, telling, queue, desk)


# ---------------------------------------------------------------------------------------------- customers


def _reply(event: TicketRepliedV1, telling: Telling, queue: Queue, desk: Desk) -> Letter:
    address = _address_of(queue, desk)
    number = event.ticket.number
    name = event.message.author.name
    return Letter(
        sender=Recipient(address, f"{name} ({queue.title})" if name else queue.title),
        to=telling.to,
        cc=telling.cc,
        subject=subject_line(number, event.ticket.subject, answers=event.in_reply_to is not None),
        text=event.message.text,
        message_id=desk.ids.message_id(number, event.id, telling.key, desk.mail_domain),
        date=event.time,
        in_reply_to=known_id(event.in_reply_to),
        references=chain(event.reply_references, event.in_reply_to),
        attachments=tuple(event.message.attachments),
        language=event.ticket.language or "en",
    )


def _auto_reply(event: TicketOpenedV1, telling: Telling, queue: Queue, desk: Desk) -> Letter:
    recipient = telling.to[0]
    number, asked = event.ticket.number, event.message.message_id
    t = translator(recipient.language or event.ticket.language)
    text = t(
        "Hello,\n\nthank you for your message. It has arrived as ticket {number}: {subject}\n\n"
        "We will get back to you. If you write again about it, please answer this mail or keep [{number}] in the "
        "subject.\n\n{queue}\n",
        number=number,
        subject=_line(event.ticket.subject),
        queue=queue.title,
    )
    return Letter(
        sender=Recipient(_address_of(queue, desk), queue.title),
        to=(recipient,),
        subject=subject_line(number, event.ticket.subject, answers=True),
        text=text,
        message_id=desk.ids.message_id(number, event.id, recipient.address, desk.mail_domain),
        date=event.time,
        in_reply_to=known_id(asked),
        references=chain(event.message.references, asked),
        headers=AUTO_REPLY_HEADERS,
        language=t.language,
    )


def _refusal(
    event: MailSettledV1, notice: RefusalNotice, number: str, telling: Telling, queue: Queue, desk: Desk
) -> Letter:
    recipient, address = telling.to[0], _address_of(queue, desk)
    t = translator(recipient.language)
    text = t(
        "Hello,\n\nticket {number} is closed, and nothing can be added to it any more: your message has not reached "
        "us.\n\nIf you still need our help, please write a new mail to {address}, and not as an answer to this one."
        "\n\n{queue}\n",
        number=number,
        address=address,
        queue=queue.title,
    )
    subject = _line(notice.subject)
    return Letter(
        sender=Recipient(address, queue.title),
        to=(recipient,),
        subject=subject if subject.lower().startswith("re:") else f"Re: {subject}",
        text=text,
        message_id=desk.ids.message_id(number, event.id, recipient.address, desk.mail_domain),
        date=event.time,
        in_reply_to=known_id(notice.message_id),
        references=chain(notice.references, notice.message_id),
        headers=AUTO_REPLY_HEADERS,
        language=t.language,
    )


# ---------------------------------------------------------------------------------------------- outsiders


def _forward(event: TicketForwardedV1, telling: Telling, queue: Queue, desk: Desk) -> Letter:
    """Its Reply-To and its Message-ID are signed as internal: whoever answers it, the answer becomes a note."""
    address, number = _address_of(queue, desk), event.ticket.number
    name = event.message.author.name
    t = translator(event.ticket.language)
    return Letter(
        sender=Recipient(address, f"{name} ({queue.title})" if name else queue.title),
        to=telling.to,
        subject=subject_line(number, event.ticket.subject, answers=False),
        text="\n\n".join([*([event.message.text] if event.message.text else []), *_quoted(event.quoted, t)]) + "\n",
        message_id=desk.ids.message_id(number, event.id, telling.key, desk.mail_domain, internal=True),
        date=event.time,
        reply_to=with_token(address, desk.ids.reply_token(number, "note", NOBODY)),
        attachments=tuple(event.message.attachments),
        language=t.language,
    )


def _quoted(messages: Sequence[QuotedMessage], t: Translator) -> list[str]:
    return [
        "\n".join(
            [
                t("----- Forwarded message -----"),
                t("From: {author}", author=_written(one.author)),
                *([t("To: {recipients}", recipients=", ".join(map(_written, one.to)))] if one.to else []),
                t("Date: {date}", date=exact(one.at, t)),
                *([t("Subject: {subject}", subject=_line(one.subject))] if one.subject else []),
                "",
                one.text,
            ]
        )
        for one in messages
    ]


def _written(who: Address) -> str:
    name = _line(who.name)
    if not who.address:
        return name
    return f"{name} <{_line(who.address)}>" if name else _line(who.address)


# --------------------------------------------------------------------------------------------- colleagues


def _notice(event: TicketEvent, telling: Telling, queue: Queue, desk: Desk) -> Letter:
    recipient = telling.to[0]
    number = event.ticket.number
    address = _address_of(queue, desk)
    t = translator(recipient.language)
    root = desk.ids.message_id(number, event.subject, recipient.address, desk.mail_domain, internal=True)
    reply_to = with_token(address, desk.ids.reply_token(number, "note", recipient.person))
    lines = [headline(event, t), "", *_facts(event.ticket, queue, t)]
    if isinstance(event, MessageEvent) and event.message.text:
        lines += ["", *(f"> {line}" for line in event.message.text[:QUOTED_CHARS].splitlines())]
    if isinstance(event, MessageEvent) and event.message.attachments:
        files = ", ".join(_line(one.filename) or "?" for one in event.message.attachments)
        lines += ["", t("Attachments: {files}", files=files)]
    lines += [
        "",
        f"{desk.public_url}/tickets/{number}",
        "",
        "-- ",
        t("An answer to this mail becomes an internal note."),
    ]
    if telling.answers_customers:
        to_customers = with_token(address, desk.ids.reply_token(number, "reply", recipient.person))
        lines += [t("To reply to the customer by mail, write to: {address}", address=to_customers)]
    return Letter(
        sender=Recipient(address, queue.title),
        to=(recipient,),
        subject=subject_line(number, event.ticket.subject, answers=False),
        text="\n".join(lines) + "\n",
        message_id=desk.ids.message_id(number, event.id, recipient.address, desk.mail_domain, internal=True),
        date=event.time,
        reply_to=reply_to,
        in_reply_to=root,
        references=(root,),
        headers=NOTICE_HEADERS,
        language=t.language,
    )


def headline(event: TicketEvent, t: Translator) -> str:
    """What happened, in one line for a colleague."""
    number = event.ticket.number
    match event:
        case TicketOpenedV1():
            return t("{author} opened ticket {number}.", author=_who(event), number=number)
        case TicketReceivedV1():
            return t("{author} wrote on ticket {number}.", author=_who(event), number=number)
        case TicketRepliedV1():
            return t("{author} replied on ticket {number}.", author=_who(event), number=number)
        case TicketNotedV1():
            return t("{author} noted on ticket {number} (internal).", author=_who(event), number=number)
        case TicketOwnerChangedV1():
            return t("Ticket {number} is yours now.", number=number)
        case TicketEscalatedV1():
            return _escalated(event, t)
        case TicketStatusChangedV1():
            return t("Ticket {number} is open again: the time that it waited for has come.", number=number)
        case TicketDependencyReopenedV1():  # not which: its owner may not be allowed to see that one
            return t("Something that ticket {number} depends on is open again.", number=number)
    return event.summary


def _escalated(event: TicketEscalatedV1, t: Translator) -> str:
    promise = {
        "first_response": t("First response"),
        "next_response": t("Next response"),
        "solution": t("Solution"),
        "silence": t("Silence"),
        "due_date": t("Due date"),
    }[event.clock]
    return t(
        "Ticket {number}: {promise} at {percent} %, due {due}.",
        number=event.ticket.number,
        promise=promise,
        percent=event.percent,
        due=exact(event.due_at, t),
    )


def _facts(ticket: Ticket, queue: Queue, t: Translator) -> list[str]:
    owner = _line(ticket.owner.name or ticket.owner.login or "") if ticket.owner else t("nobody")
    requesters = ", ".join(_line(one.name) or _line(one.address) for one in ticket.requesters)
    return [
        t("Subject: {subject}", subject=_line(ticket.subject)),
        t("Queue: {queue}", queue=queue.title),
        t("Requesters: {requesters}", requesters=requesters),
        t("Owner: {owner}", owner=owner),
    ]


def _who(event: MessageEvent) -> str:
    return _line(event.message.author.name) or _line(event.message.author.address)


def _address_of(queue: Queue, desk: Desk) -> str:
    return next((one for address in queue.addresses if (one := spelled(address))), desk.sender_address)


# ------------------------------------------------------------------------------------------- once written


def about(mail: bytes, ticket: Ticket, queue: Queue, notice: bool) -> bytes:
    """A mail of ours that says of the ticket what is so now: in its subject line, and among a notice's facts.

    All else in it stays, word for word.
    """
    written = message_from_bytes(mail, policy=policy.default)
    head, mark, text = mail.partition(_TEXT_PART)
    line = subject_line(ticket.number, ticket.subject, answers=str(written["Subject"]).startswith("Re: "))
    head = _SUBJECT.sub(lambda _: f"Subject: {_words(line, 9)}".encode("ascii"), head, count=1)
    if not notice:
        return head + mark + text
    lines = _LINE_ENDS.split(written.get_content())
    lines[_FACTS] = _facts(ticket, queue, translator(str(written["Content-Language"])))
    return head + _text_part("\n".join(lines))


# ------------------------------------------------------------------------------------------------- octets


def octets(letter: Letter) -> bytes:
    """The letter as octets, its files aside (``with_files``)."""
    lines = [
        f"Date: {format_datetime(letter.date)}",
        f"From: {_mailbox(letter.sender)}",
        _list("To", letter.to),
        *([_list("Cc", letter.cc)] if letter.cc else []),
        f"Subject: {_words(letter.subject, 9)}",
        f"Message-ID: <{letter.message_id}>",
        *([f"Reply-To: <{letter.reply_to}>"] if letter.reply_to else []),
        *([f"In-Reply-To: <{letter.in_reply_to}>"] if letter.in_reply_to else []),
        *(["References: " + "\r\n ".join(f"<{one}>" for one in letter.references)] if letter.references else []),
        *(f"{name}: {value}" for name, value in letter.headers),
        *([f"Content-Language: {letter.language}"] if _LANGUAGE.fullmatch(letter.language) else []),
        "MIME-Version: 1.0",
    ]
    return "\r\n".join(lines).encode("ascii") + _text_part(letter.text)


def _text_part(text: str) -> bytes:
    """Content-Type and what follows it: as it is where every line is short and plain, else quoted-printable."""
    data = "\n".join(_LINE_ENDS.split(text)).encode("utf-8", "replace")
    charset, encoding = (b"us-ascii", b"7bit") if data.isascii() else (b"utf-8", b"quoted-printable")
    if b"\0" in data or max(map(len, data.split(b"\n"))) > LINE_OCTETS:
        encoding = b"quoted-printable"
    if encoding != b"7bit":
        data = b2a_qp(data, istext=True)
    head = b'\r\nContent-Type: text/plain; charset="%b"\r\nContent-Transfer-Encoding: %b\r\n\r\n' % (charset, encoding)
    return head + data.replace(b"\n", b"\r\n")


def with_files(mail: bytes, files: Sequence[tuple[Attachment, bytes]]) -> bytes:
    """A mail of ours with its files: its text becomes the first part of a multipart."""
    if not files:
        return mail
    head, mark, text = mail.partition(_TEXT_PART)
    boundary = b"=_ticketwire_" + sha256(mail).hexdigest()[:32].encode()  # no text can contain its own digest
    parts = [mark[2:] + text, *(_file_part(file, data) for file, data in files)]
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    return head + b'\r\nContent-Type: multipart/mixed; boundary="%b"\r\n\r\n%b--%b--\r\n' % (boundary, body, boundary)


def _file_part(file: Attachment, data: bytes) -> bytes:
    kind = file.content_type.lower()
    if not _KIND.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    head = (
        f"Content-Type: {kind}\r\nContent-Disposition: attachment;{_filename(file.filename)}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode("ascii") + base64.encodebytes(data).replace(b"\n", b"\r\n")


def _filename(name: str) -> str:
    """The parameter for a file's name: as it is where it is plain, else in numbered pieces (RFC 2231)."""
    name = _line(name).replace("/", "_").replace("\\", "_") or "file"
    if _PLAIN_NAME.fullmatch(name):
        return f' filename="{name}"'
    pieces = [""]
    for encoded in (quote(letter, safe="") for letter in name):
        if len(pieces[-1]) + len(encoded) > FILENAME_CHARS:
            pieces.append("")
        pieces[-1] += encoded
    if len(pieces) == 1:
        return f"\r\n filename*=UTF-8''{pieces[0]}"
    first, *others = pieces
    lines = [f"\r\n filename*0*=UTF-8''{first}", *(f"\r\n filename*{n}*={one}" for n, one in enumerate(others, 1))]
    return ";".join(lines)


def _list(name: str, people: Sequence[Recipient]) -> str:
    return f"{name}: " + ",\r\n ".join(_mailbox(one) for one in people)


def _mailbox(who: Recipient) -> str:
    name = _line(who.name)
    if not name:
        return f"<{who.address}>"
    if not name.isascii() or len(name) > NAME_CHARS or "=?" in name:
        return f"{_words(name, 6)} <{who.address}>"
    if not _ATOM.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{who.address}>"


def _words(text: str, taken: int) -> str:
    """Unstructured text for a header (RFC 2047), folded; ``taken`` columns of the first line are used already."""
    text = _line(text)
    if text.isascii() and len(text) + taken <= HEADER_CHARS and "=?" not in text:
        return text
    return Header(text, "utf-8", HEADER_CHARS, header_name="x" * max(taken - 2, 1)).encode(linesep="\r\n")


def _line(text: str) -> str:
    """The text in one line, without what is no letter."""
    return " ".join(_CONTROL.sub(" ", text).split())
