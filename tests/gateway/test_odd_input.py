"""Odd input is the asker's mistake: it is refused, or finds nothing, and never fails here."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.routing import Route

from services.gateway import pages as pages_package
from services.gateway.api import front
from services.gateway.pages import pages
from services.gateway.views import COOKIE
from services.gateway.views.live import read_place
from tests.longer import LONGER
from ticketwire_contracts.tickets import CreateQueueV1

from .house import PASSWORD, SYSTEM, House, house_on

HUGE = 2**63
ODD = [
    "", " ", "\0", "a\0b", "\ud800", "x" * 5000, "ß" * 200, "²", "\u202e", "😀", "\r\nX: y",
    "0", "-1", "-0", "1.5", "1e400", "nan", str(HUGE - 1), str(HUGE), str(HUGE * HUGE), "9" * 5000, "²³",
    "2026-02-30", "2026-11-29T25:00", "20261129", "2026-W01-1", "2026-11-29T10:00+23:59", "253402300799",
    "0001-01-01", "0001-01-01T00:00+14:00", "9999-12-31", "9999-12-31T23:59:59-12:00", "1800-01-01T00:00:00+00:53:28",
    "null", "true", "[]", "[1]", "{}", '{"t":1}', "(", ".*", "$where", "%s", "{0}", "<b>", "'", "\\", "..",
    "//evil.example",
    "TW-0", "TW-999999999999999999999", "tw-1", "TW-1.1", "ticket:\0", "queue:nix", "person:\0", "person/nix", "role:x",
    "@", "\0@example.net", "a@b@c", "everyone", "all", "none", "me", "=",
]  # fmt: skip


def cursor(order: str, *values: object) -> str:
    """A cursor as only a stranger would write it."""
    return base64.urlsafe_b64encode(json.dumps([order, *values]).encode()).decode().rstrip("=")


UNFIT: list[object] = [
    HUGE, -HUGE - 1, HUGE * HUGE, None, {"t": 253402300799000}, {"t": 299999999999999}, [], "\0", 1.5,
]  # fmt: skip
CURSORS = [
    cursor(order, *[value] * length)
    for order, length in (("urgency", 4), ("newest", 2), ("people", 2), ("timeline", 1), ("nix", 2))
    for value in UNFIT
] + [cursor("urgency"), cursor("urgency", 1), "null", "W10"]
FITTING = ["TW-1", "TW-2", "support", "other", "root", "kim", "default", "field", "a1@example.net", "ticket.show"]
FITTING += ["give_right", "add_member", "person:kim", "group:field", "queue:support", "2026-11-29T10:00", "1"]
FITTING += ["9999-12-31T23:59:59-12:00", "0001-01-01"]
ON_PAGES = [
    "after", "at", "change", "cursor", "done", "from", "grantee", "into", "kind", "member", "message", "next", "other",
    "overdue", "owner", "person", "q", "queue", "right", "scope", "since", "status", "ticket", "until", "version",
    "was",
]  # fmt: skip
"""What pages look for in an address."""
ENDLESS = {"/api/v1/stream"}


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """Two queues with tickets, a field, a group, and two agents: one may everything, one little."""
    async with house_on(mongo_url, database_name) as house:
        for name in ("support", "other"):
            made = CreateQueueV1(name=name, addresses=[f"{name}@example.org"])
            assert (await house.tickets.call(made, SYSTEM, "c")).problem is None
        for n in range(1, 4):
            await house.mail(f"a{n}@example.net", f"{'support' if n < 3 else 'other'}@example.org")
        async with await house.agent("root", superuser="all") as root:
            fields = [{"name": "cups", "type": "number"}, {"name": "colour", "type": "choice", "options": ["red"]}]
            assert (await root.put("/queues/support/fields", json={"fields": fields})).status_code == 200
            assert (await root.post("/groups", json={"name": "field"})).status_code == 201
        rights = dict.fromkeys(("queue_see", "ticket_show", "ticket_reply", "history_show"), "queue:support")
        await (await house.agent("kim", **rights)).aclose()
        yield house


async def browser(house: House, login: str) -> httpx.AsyncClient:
    """Someone's browser, which is answered also where it fails here."""
    session = await house.views.entrance.sign_in(login, PASSWORD, address="", now=datetime.now(UTC))
    app = front(house.views, house.store.answers, pages(house.views))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://ticketwire.example",
        headers={"Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={session.token}; zone=America/New_York"},
    )


@pytest.fixture
async def root(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with await browser(house, "root") as client:
        yield client


# ----------------------------------------------------------------------------------------------- known oddities


async def test_what_no_row_can_hold_is_refused_or_found_nowhere(root: httpx.AsyncClient) -> None:
    asked = {
        f"/api/v1/tickets?cursor={cursor('urgency', HUGE, HUGE, HUGE, 'x')}": 422,
        f"/api/v1/tickets?sort=newest&cursor={cursor('newest', -HUGE - 1, 'x')}": 422,
        f"/api/v1/people?cursor={cursor('people', HUGE, 'x')}": 422,
        f"/api/v1/tickets/TW-1/history?after={HUGE}": 422,
        f"/admin/people?cursor={cursor('people', HUGE, 'x')}": 422,
        "/api/v1/people?q=%00": 200,
        "/admin/people?q=%00": 200,
    }
    assert {path: (await root.get(path)).status_code for path in asked} == asked


async def test_what_nobody_can_write_down_is_refused(root: httpx.AsyncClient) -> None:
    bodies = [
        b'{"fields":{"cups":"\\ud800"}}',
        b'{"fields":{"\\ud800":1}}',
        b'{"\\udfff":1}',
        b'{"fields":{"cups":NaN}}',
        b'{"fields":{"cups":Infinity}}',
        b'{"fields":{"cups":-1e400}}',
        *(b'{"fields":{"cups":' + b"[" * depth + b"]" * depth + b"}}" for depth in range(900, 1000, 5)),
    ]
    headers = {"Content-Type": "application/json"}
    for body in bodies:
        answer = await root.patch("/api/v1/tickets/TW-1/fields", content=body, headers=headers)
        assert answer.status_code in (400, 422), body[:40]


async def test_what_is_no_number_is_refused_on_the_page_and_empties_nothing(root: httpx.AsyncClient) -> None:
    assert (await root.post("/tickets/TW-1/fields", data={"command": "a", "field-cups": "3"})).status_code == 303
    for typed in ("nan", "-inf", "1e400", "Infinity"):
        refused = await root.post("/tickets/TW-1/fields", data={"command": "b", "field-cups": typed})
        assert refused.status_code == 422, typed
    assert (await root.get("/api/v1/tickets/TW-1")).json()["fields"] == {"cups": 3}


@pytest.mark.parametrize("word", ["²", "².1", "1.²", "٣.١", ".", "1.", "-1.2", "1.2.3", "9" * 50])
def test_a_place_is_written_in_plain_figures(word: str) -> None:
    assert read_place(word) is None


# ------------------------------------------------------------------------------------------------- drawn oddities


@pytest.mark.parametrize("login", ["root", "kim"])
async def test_no_odd_address_makes_it_fail(house: House, login: str) -> None:
    """Every address of pages and REST that is looked at, with odd values in each part; the seed is always the same."""
    draw = random.Random(login)
    async with await browser(house, login) as client:
        asked = 0
        for path in addresses(house, draw):
            answer = await client.get(path)
            assert answer.status_code < 500, f"{login} {path[:400]} {answer.text[:200]}"
            asked += 1
    assert asked > 500


def addresses(house: House, draw: random.Random) -> Iterator[str]:
    """Addresses to ask: each route several times, each time with other values."""
    looked_at: dict[str, list[str]] = {}
    for route in pages(house.views):
        assert isinstance(route, Route)
        if "GET" in (route.methods or ()):
            looked_at[route.path] = ON_PAGES
    for path, operations in front(house.views, house.store.answers).openapi()["paths"].items():
        if "get" in operations and path not in ENDLESS:
            parameters = operations["get"].get("parameters", [])
            looked_at[path] = [one["name"] for one in parameters if one["in"] == "query"]
    for path, names in looked_at.items():
        often = 0.25 if names is ON_PAGES else 0.5
        for _ in range((4 + min(len(names), 6)) * LONGER):
            filled = re.sub(r"{\w+}", lambda _: part(draw, 0.3) or "x", path)
            chosen = [name for name in names if draw.random() < often]
            query = "&".join(f"{name}={part(draw, 0.6, place=name in ('cursor', 'from'))}" for name in chosen)
            yield filled + (f"?{query}" if query else "")


def part(draw: random.Random, odd: float, *, place: bool = False) -> str:
    """A value as it stands in an address."""
    value = draw.choice(FITTING if draw.random() > odd else CURSORS if place and draw.random() < 0.8 else ODD)
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def test_pages_look_for_nothing_that_is_not_drawn() -> None:
    sources = [file.read_text() for file in Path(str(pages_package.__file__)).parent.rglob("*.py")]
    looked_for = {
        name for text in sources for name in re.findall(r'(?:query_params|asked)\.get(?:list)?\("(\w+)"', text)
    }
    assert looked_for
    assert looked_for <= set(ON_PAGES)
