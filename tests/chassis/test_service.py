"""A service whose servers come and go while it starts."""

from __future__ import annotations

from unittest.mock import AsyncMock

from ticketwire_chassis.service import Service


async def test_a_broker_that_goes_while_hearers_are_awaited_is_awaited_too() -> None:
    service = Service.__new__(Service)
    service.broker = AsyncMock(heard_by_all=AsyncMock(side_effect=[False, ConnectionError("gone"), True]))
    service.relay = AsyncMock()
    await service._relay()
    service.relay.run.assert_awaited_once()
