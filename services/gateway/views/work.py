"""What people do to tickets: handed on as commands, answered when the view shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, cast

from pydantic import ValidationError

from ticketwire_chassis.commands import ServiceUnavailable
from ticketwire_contracts.base import Answer, Command
from ticketwire_contracts.ingest import Attachment
from ticketwire_contracts.tickets import (
    AddNoteV1,
    OpenTicketV1,
    ReplyToTicketV1,
    SetOwnerV1,
    SetPriorityV1,
    SetQueueV1,
    SetStatusV1,
    TicketCommand,
)

from .asker import Asker, Refused, refuse
from .needs import Apply, Commands, PatientCommands, Tickets, Uploads
from .reading import audiences, named, sees, veiled
from .shapes import Entry, Ticket

SO_ALREADY = "no-change"
"""tickets' word for "nothing to do": what was asked for holds, so for us it is done."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of saying something: the ticket, and the entry; None for what is out of the asker's sight."""

    ticket: Ticket | None
    entry: Entry | None


class Orders:
    """Gives orders to other services and brings what comes of them into the views."""

    def __init__(self, commands: Commands, apply: Apply) -> None:
        self._commands = commands
        self._apply = apply

    async def give(self, asker: Asker, command_id: str, command: Command, *, patience: float | None = None) -> Answer:
        """Asks, and shows the outcome at once. Raises what was refused.

        The order's id is made of the person and their command id: sent twice it is done once, and nobody gets
        someone else's answer by guessing an id. ``patience`` is for what may take longer than usual, in seconds.
        """
        order = sha256(f"{asker.person.id} {command_id}".encode()).hexdigest()[:40]
        try:
            asked = (command, asker.actor, f"c-{order[:24]}", f"gateway/{order}")
            if patience is None:
                answer = await self._commands.call(*asked)
            else:
                answer = await cast(PatientCommands, self._commands).call(*asked, timeout=patience)
        except ServiceUnavailable as error:
            raise refuse(
                "service-unavailable",
                title="Not available at the moment",
                status=503,
                detail="Whether it was done is not known. Send the same again; it is done once.",
                retry_after=2,
            ) from error
        if answer.problem is not None and answer.problem.type != SO_ALREADY:
            raise Refused(answer.problem)
        await self._apply(answer)
        return answer


class Work:
    """Opening, replying, noting, changing. Each gives the ticket as it is then, or None when it is out of sight.

    ``command_id`` comes from a form's hidden field or an idempotency key.
    """

    def __init__(self, orders: Orders, tickets: Tickets, uploads: Uploads) -> None:
        self._orders = orders
        self._tickets = tickets
        self._uploads = uploads

    async def open_ticket(
        self,
        asker: Asker,
        command_id: str,
        *,
        queue: str,
        subject: str,
        requesters: Sequence[str],
        text: str,
        kind: Literal["phone", "mail"] = "phone",
        priority: int | None = None,
        owner: str | None = None,
        attachments: Sequence[str] = (),
    ) -> Ticket | None:
        """A ticket by hand: for a caller (``phone``), or to write to someone first (``mail``)."""
        with shapes_checked():
            command = OpenTicketV1(
                queue=queue,
                subject=subject,
                requesters=list(requesters),
                text=text,
                kind=kind,
                priority=priority,
                owner=owner,
                attachments=await self.own_files(asker, attachments),
            )
        answer = await self._orders.give(asker, command_id, command)
        return await self.seen(asker, str(answer.result["number"]))

    async def reply(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        text: str,
        to: Sequence[str] | None = None,
        cc: Sequence[str] | None = None,
        attachments: Sequence[str] = (),
        then_status: str | None = None,
        if_version: int | None = None,
    ) -> Ticket | None:
        """A reply to the customers: requesters and cc, or whom the asker chose."""
        said = await self.say_reply(
            asker,
            command_id,
            number,
            text=text,
            to=to,
            cc=cc,
            attachments=attachments,
            then_status=then_status,
            if_version=if_version,
        )
        return said.ticket

    async def say_reply(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        text: str,
        to: Sequence[str] | None = None,
        cc: Sequence[str] | None = None,
        attachments: Sequence[str] = (),
        then_status: str | None = None,
        if_version: int | None = None,
    ) -> Said:
        """A reply, with its entry on the timeline."""
        with shapes_checked():
            command = ReplyToTicketV1(
                ticket=number.upper(),
                if_version=if_version,
                text=text,
                to=list(to) if to is not None else None,
                cc=list(cc) if cc is not None else None,
                attachments=await self.own_files(asker, attachments),
                then_status=then_status,
            )
        return await self.say(asker, command_id, command)

    async def note(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        text: str,
        attachments: Sequence[str] = (),
        if_version: int | None = None,
    ) -> Ticket | None:
        """An internal note."""
        said = await self.say_note(asker, command_id, number, text=text, attachments=attachments, if_version=if_version)
        return said.ticket

    async def say_note(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        text: str,
        attachments: Sequence[str] = (),
        if_version: int | None = None,
    ) -> Said:
        """An internal note, with its entry on the timeline."""
        with shapes_checked():
            files = await self.own_files(asker, attachments)
            command = AddNoteV1(ticket=number.upper(), if_version=if_version, text=text, attachments=files)
        return await self.say(asker, command_id, command)

    async def set_status(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        status: str,
        until: datetime | None = None,
        if_version: int | None = None,
    ) -> Ticket | None:
        """Another status; ``until`` for a waiting one."""
        with shapes_checked():
            command = SetStatusV1(ticket=number.upper(), if_version=if_version, status=status, until=until)
        return await self.do(asker, command_id, command)

    async def set_owner(
        self, asker: Asker, command_id: str, number: str, *, owner: str | None, if_version: int | None = None
    ) -> Ticket | None:
        """Another owner by login, or none."""
        with shapes_checked():
            command = SetOwnerV1(ticket=number.upper(), if_version=if_version, owner=owner)
        return await self.do(asker, command_id, command)

    async def set_priority(
        self, asker: Asker, command_id: str, number: str, *, priority: int, if_version: int | None = None
    ) -> Ticket | None:
        """Another priority, 0 to 100."""
        with shapes_checked():
            command = SetPriorityV1(ticket=number.upper(), if_version=if_version, priority=priority)
        return await self.do(asker, command_id, command)

    async def set_queue(
        self, asker: Asker, command_id: str, number: str, *, queue: str, if_version: int | None = None
    ) -> Ticket | None:
        """Into another queue; None when the asker does not see it there."""
        with shapes_checked():
            command = SetQueueV1(ticket=number.upper(), if_version=if_version, queue=queue)
        return await self.do(asker, command_id, command)

    async def do(self, asker: Asker, command_id: str, command: TicketCommand) -> Ticket | None:
        """A change, and the ticket after it."""
        answer = await self._orders.give(asker, command_id, command)
        return await self.seen(asker, str(answer.result.get("number", command.ticket)))

    async def say(self, asker: Asker, command_id: str, command: TicketCommand) -> Said:
        """Something said, with its entry on the timeline."""
        answer = await self._orders.give(asker, command_id, command)
        ticket = await self.seen(asker, str(answer.result.get("number", command.ticket)))
        said = next((event["id"] for event in answer.events if "message" in event), None)
        if ticket is None or said is None:
            return Said(ticket, None)
        entry = await self._tickets.entry(said, audiences(asker, ticket))
        return Said(ticket, named(asker, ticket, entry) if entry else None)

    async def seen(self, asker: Asker, number: str) -> Ticket | None:
        """The ticket, if it is in the asker's sight."""
        ticket = await self._tickets.get(number)
        if ticket is None or not sees(asker, ticket):
            return None
        return (await veiled(self._tickets, asker, [ticket]))[0]

    async def own_files(self, asker: Asker, digests: Sequence[str]) -> list[Attachment]:
        """The asker's uploads, ready to go into a command."""
        files = await self._uploads.uploaded(asker.person.id, digests)
        missing = [digest for digest in digests if digest not in files]
        if missing:
            raise refuse(
                "unknown-attachment",
                title="No such upload",
                status=422,
                detail="Upload the file first; an upload is kept for a day.",
                attachments=missing,
            )
        chosen = [files[digest] for digest in dict.fromkeys(digests)]
        return [
            Attachment(filename=one.filename, content_type=one.content_type, size=one.size, sha256=one.sha256)
            for one in chosen
        ]


class shapes_checked:  # noqa: N801 - read as a word of the language: `with shapes_checked():`
    """A command that cannot be written is refused like one that its service finds malformed."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ValidationError):
            errors = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
            raise refuse(
                "invalid", title="Not well formed", status=422, detail=str(errors[0]["message"]), errors=errors
            ) from error
