"""What is done to tickets beyond answering them: subject, due date, people, tags, fields, time, forwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from ticketwire_contracts.rights import visible_to
from ticketwire_contracts.tickets import (
    AddTimeWorkedV1,
    ChangePeopleV1,
    FieldDefinition,
    FieldValue,
    ForwardMessagesV1,
    Queue,
    SetDueV1,
    SetFieldsV1,
    SetQueueFieldsV1,
    SetSubjectV1,
    SetTagsV1,
)

from ..domain.directory import Directory
from .asker import Asker, not_found
from .needs import People
from .shapes import Ticket
from .work import Orders, Said, Work, shapes_checked

Role = Literal["requesters", "cc", "admin_cc", "watchers"]


class Upkeep:
    """Each gives the ticket as it is then, or None when it is out of sight."""

    def __init__(self, orders: Orders, work: Work, people: People) -> None:
        self._orders = orders
        self._work = work
        self._people = people

    async def set_subject(
        self, asker: Asker, command_id: str, number: str, *, subject: str, if_version: int | None = None
    ) -> Ticket | None:
        """Another subject."""
        with shapes_checked():
            command = SetSubjectV1(ticket=number.upper(), if_version=if_version, subject=subject)
        return await self._work.do(asker, command_id, command)

    async def set_due(
        self, asker: Asker, command_id: str, number: str, *, due: datetime | None, if_version: int | None = None
    ) -> Ticket | None:
        """Another explicit due date, or none."""
        with shapes_checked():
            command = SetDueV1(ticket=number.upper(), if_version=if_version, due=due)
        return await self._work.do(asker, command_id, command)

    async def change_people(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        role: Role,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        if_version: int | None = None,
    ) -> Ticket | None:
        """People come into a role and go out of it, by address or login."""
        with shapes_checked():
            command = ChangePeopleV1(
                ticket=number.upper(), if_version=if_version, role=role, add=list(add), remove=list(remove)
            )
        return await self._work.do(asker, command_id, command)

    async def set_tags(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        if_version: int | None = None,
    ) -> Ticket | None:
        """Tags put on and taken off."""
        with shapes_checked():
            command = SetTagsV1(ticket=number.upper(), if_version=if_version, add=list(add), remove=list(remove))
        return await self._work.do(asker, command_id, command)

    async def set_fields(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        fields: Mapping[str, FieldValue | None],
        if_version: int | None = None,
    ) -> Ticket | None:
        """Values of custom fields; those not named stay as they are."""
        with shapes_checked():
            command = SetFieldsV1(ticket=number.upper(), if_version=if_version, fields=dict(fields))
        return await self._work.do(asker, command_id, command)

    async def add_time(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        minutes: int,
        text: str = "",
        if_version: int | None = None,
    ) -> Ticket | None:
        """Minutes worked."""
        with shapes_checked():
            command = AddTimeWorkedV1(ticket=number.upper(), if_version=if_version, minutes=minutes, text=text)
        return await self._work.do(asker, command_id, command)

    async def forward(
        self,
        asker: Asker,
        command_id: str,
        number: str,
        *,
        messages: Sequence[str],
        to: Sequence[str],
        text: str = "",
        attachments: Sequence[str] = (),
        if_version: int | None = None,
    ) -> Said:
        """Messages to outsiders, with the entry on the timeline."""
        with shapes_checked():
            command = ForwardMessagesV1(
                ticket=number.upper(),
                if_version=if_version,
                messages=list(messages),
                to=list(to),
                text=text,
                attachments=await self._work.own_files(asker, attachments),
            )
        return await self._work.say(asker, command_id, command)

    # --------------------------------------------------------------------------------------- fields of a queue

    async def queue_fields(self, asker: Asker, queue: str) -> Queue:
        """A queue that the asker may see, with its custom fields."""
        return _seen(asker, asker.directory, queue)

    def fields_on(self, asker: Asker, ticket: Ticket) -> list[FieldDefinition]:
        """The custom fields that a ticket may have, for whoever sees it: an owner need not see its queue."""
        known = asker.directory.queues.get(ticket.queue)
        return known.fields if known else []

    async def set_queue_fields(
        self,
        asker: Asker,
        command_id: str,
        queue: str,
        fields: Sequence[FieldDefinition],
        *,
        if_version: int | None = None,
    ) -> Queue:
        """The custom fields of a queue, all of them."""
        with shapes_checked():
            command = SetQueueFieldsV1(queue=queue, fields=list(fields), if_version=if_version)
        await self._orders.give(asker, command_id, command)
        known = (await self._people.directory()).queues.get(queue)
        if known is None:
            raise not_found()
        return known


def _seen(asker: Asker, directory: Directory, queue: str) -> Queue:
    known = directory.queues.get(queue)
    if known is None or not visible_to(asker.viewer, directory.queue_thing(queue), directory.grants):
        raise not_found()
    return known
