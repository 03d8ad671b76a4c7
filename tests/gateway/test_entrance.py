"""The door: how often one may try, who is not shut out by others, and what has ended stays ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest_asyncio

from services.gateway.views import Refused
from services.gateway.views.entrance import IDLE, PER_ADDRESS, PER_LOGIN, PER_LOGIN_AND_ADDRESS, network_of

from .house import PASSWORD, House, house_on

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


@pytest_asyncio.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """Two agents, who have not signed in from anywhere yet."""
    async with house_on(mongo_url, database_name) as built:
        await built.agent("mara")
        await built.agent("oskar")
        await built.gateway["attempts"].delete_many({})
        yield built


async def tried(house: House, login: str, address: str, password: str = PASSWORD, device: str | None = None) -> int:
    """What an attempt to sign in is answered, as a status."""
    try:
        await house.views.entrance.sign_in(login, password, address=address, device=device, now=datetime.now(UTC))
    except Refused as refused:
        return refused.problem.status
    return 201


async def test_signing_in_is_no_failure(house: House) -> None:
    assert {await tried(house, "mara", HOME) for _ in range(PER_ADDRESS + 5)} == {201}


async def test_failures_count_for_the_address_whoever_signs_in_beside_them(house: House) -> None:
    for n in range(PER_ADDRESS):
        assert await tried(house, f"nobody{n}", HOME, "wrong") == 401
        if n % 10 == 0:
            assert await tried(house, "mara", HOME) == 201
    assert await tried(house, "oskar", HOME) == 429


async def test_nobody_is_shut_out_where_they_signed_in_lately(house: House) -> None:
    assert await tried(house, "mara", HOME) == 201
    answers = [await tried(house, "mara", f"2001:db8:{n:x}::1", "wrong") for n in range(PER_LOGIN + 1)]
    assert answers[-2:] == [401, 429]
    assert await tried(house, "mara", HOME) == 201
    assert await tried(house, "mara", ELSEWHERE) == 429, "the wide limit stands for everybody else"


async def test_a_known_browser_comes_in_from_anywhere_and_beside_anyone(house: House) -> None:
    assert await tried(house, "mara", HOME, device="hers") == 201
    for n in range(PER_LOGIN + 1):
        await tried(house, "mara", f"2001:db8:{n:x}::1", "wrong")
    for _ in range(PER_LOGIN_AND_ADDRESS + 1):
        await tried(house, "mara", ELSEWHERE, "wrong")
    assert await tried(house, "mara", ELSEWHERE, device="made up") == 429
    assert await tried(house, "mara", ELSEWHERE, device="hers") == 201
    assert await tried(house, "oskar", ELSEWHERE, "wrong", device="hers") == 401, "it is known for one login only"
    for _ in range(PER_LOGIN_AND_ADDRESS):
        assert await tried(house, "mara", HOME, "wrong", device="hers") == 401
    assert await tried(house, "mara", HOME, device="hers") == 429


async def test_many_at_once_get_no_more_tries(house: House) -> None:
    answers = await asyncio.gather(*(tried(house, "mara", HOME, "wrong") for _ in range(20)))
    assert sorted(answers) == [401] * PER_LOGIN_AND_ADDRESS + [429] * (20 - PER_LOGIN_AND_ADDRESS)


def test_a_network_of_ipv6_is_one_address() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("testclient") == "testclient"


async def test_a_session_that_was_ended_does_not_come_back_to_life(house: House) -> None:
    entrance, now = house.views.entrance, datetime.now(UTC)
    session = await entrance.sign_in("mara", PASSWORD, address=HOME, now=now)
    looked = house.store.access.come_in

    async def ended_meanwhile(id: str) -> object:
        found = await looked(id)
        await house.store.access.end_session(id)
        return found

    house.store.access.come_in = ended_meanwhile  # type: ignore[assignment, method-assign]
    await entrance.asker(session.token, now=now + timedelta(hours=1))
    house.store.access.come_in = looked  # type: ignore[method-assign]
    assert await entrance.asker(session.token, now=now + timedelta(hours=1)) is None


async def test_a_session_that_is_used_lasts_longer(house: House) -> None:
    entrance, now = house.views.entrance, datetime.now(UTC)
    session = await entrance.sign_in("mara", PASSWORD, address=HOME, now=now)
    assert await entrance.asker(session.token, now=now + timedelta(hours=1)) is not None
    row = await house.gateway["access"].find_one({"_id": sha256(session.token.encode()).hexdigest()})
    assert row is not None
    assert row["expires_at"] > now + IDLE
