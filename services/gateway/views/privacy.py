"""A person's data: found in the log, exported as a file, erased everywhere. tickets decides who may."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ticketwire_contracts.tickets import ErasePersonV1, FindPersonDataV1, PersonData, TicketOfPerson

from .administration import person_called
from .asker import Asker, not_found, refuse
from .needs import People, Tickets
from .shapes import Entry
from .work import Orders

PATIENT = 120.0
"""Seconds that finding or erasing may take: tickets looks through its whole log."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that is kept of a person."""

    exported_at: datetime
    person: dict[str, Any]
    tickets: list[dict[str, Any]]
    """Where they stand, wrote or are named: ``number subject roles messages fields``."""
    sent: list[Entry]
    """Mails that went to them."""
    mails: list[str]
    """ingest's rows of the mails that came from them, as they came."""


class Privacy:
    """Finding and forgetting."""

    def __init__(self, orders: Orders, people: People, tickets: Tickets, clock: Callable[[], datetime]) -> None:
        self._orders = orders
        self._people = people
        self._tickets = tickets
        self._clock = clock

    async def data(self, asker: Asker, who: str) -> Found:
        """What is kept of a person, by login or id. Needs ``person.erase``."""
        name = await self._named(asker, who)
        tickets: list[TicketOfPerson] = []
        mails: list[str] = []
        page = await self._page(asker, name, "")
        while True:
            tickets += page.tickets
            mails += page.mails
            if page.next is None:
                break
            page = await self._page(asker, name, page.next)
        person = page.person
        return Found(
            exported_at=self._clock(),
            person=person.model_dump(mode="json"),
            tickets=[ticket.model_dump(mode="json") for ticket in tickets],
            sent=await self._tickets.sendings([ticket.number for ticket in tickets], _spellings(person.addresses)),
            mails=mails,
        )

    async def _page(self, asker: Asker, name: str, after: str) -> PersonData:
        command = FindPersonDataV1(person=name, after=after)
        answer = await self._orders.give(asker, uuid.uuid4().hex, command, patience=PATIENT)
        return PersonData.model_validate(answer.result)

    async def erase(self, asker: Asker, command_id: str, who: str) -> str:
        """Forgets a person in all services; gives the id that is left. Needs ``person.erase``."""
        command = ErasePersonV1(person=await self._named(asker, who))
        await self._orders.give(asker, command_id, command, patience=PATIENT)
        return command.person

    async def _named(self, asker: Asker, who: str) -> str:
        """tickets knows persons by id; whoever is not known here is not known there. Without the right nobody learns
        who is known."""
        if not asker.directory.may(asker.viewer, "person.erase"):
            raise refuse(
                "forbidden",
                title="You may not",
                status=403,
                detail="It needs the right person.erase.",
                right="person.erase",
            )
        known = await person_called(self._people, who)
        if known is None:
            raise not_found()
        return known.id


def _spellings(addresses: Sequence[str]) -> list[str]:
    return sorted({spelling for address in addresses for spelling in (address, address.lower())})
