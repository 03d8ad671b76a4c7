"""What ingest does with what it hears and with the orders it gets."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from ticketwire_chassis.commands import Asked
from ticketwire_contracts.base import Answer, Problem
from ticketwire_contracts.ingest import ReadRawV1, RereadMailsV1, ShowAccountV1
from ticketwire_contracts.tickets import MailSettledV1, Queue, QueueChangedV1, QueueCreatedV1

RAW_OCTETS = 8 * 1024 * 1024
"""A raw mail up to this size fits into an answer; a larger one is an attachment to be fetched."""
UNKNOWN = Problem(type="mail-not-found", title="No such mail", status=404)
TOO_LARGE = Problem(
    type="mail-too-large", title="Too large for an answer", status=413, detail="Fetch it from the blob store."
)


class Store(Protocol):
    """What the handlers need of the store."""

    async def settle(self, events: Sequence[MailSettledV1], now: datetime) -> bool: ...
    async def know_queue(self, queue: Queue) -> None: ...
    async def raw(self, row: str) -> bytes | None: ...
    async def reread(self, rows: Sequence[str], now: datetime) -> int: ...
    async def account(self, since: datetime | None, now: datetime) -> dict[str, Any]: ...


class Handlers:
    """Everything that ingest hears and obeys."""

    def __init__(self, store: Store, due: Callable[[], None]) -> None:
        self._store = store
        self._due = due

    async def on_mail_settled(self, events: Sequence[MailSettledV1]) -> None:
        """Enters in the account what became of each mail; mails that waited for one of these go on."""
        if await self._store.settle(events, datetime.now(UTC)):
            self._due()

    async def on_queue_created(self, events: Sequence[QueueCreatedV1 | QueueChangedV1]) -> None:
        """Learns which addresses are ours, for mail that comes by HTTP and names its recipient in its headers only."""
        for event in events:
            await self._store.know_queue(event.queue)

    async def obey(self, orders: Sequence[Asked]) -> list[Answer]:
        """Orders, one by one: they are rare."""
        return [await self._obey(asked) for asked in orders]

    async def _obey(self, asked: Asked) -> Answer:
        order, now = asked.order.id, datetime.now(UTC)
        match asked.command:
            case ReadRawV1(mail=mail):
                raw = await self._store.raw(mail)
                if raw is None:
                    return Answer(order=order, problem=UNKNOWN)
                if len(raw) > RAW_OCTETS:
                    return Answer(order=order, problem=TOO_LARGE)
                return Answer(order=order, result={"raw": base64.b64encode(raw).decode(), "size": len(raw)})
            case RereadMailsV1(mails=mails):
                count = await self._store.reread(mails, now)
                self._due()
                return Answer(order=order, result={"reread": count})
            case ShowAccountV1(since=since):
                return Answer(order=order, result=await self._store.account(since, now))
            case other:
                raise TypeError(f"{type(other).__name__} is no order for ingest")
