"""Pages of a ticket's past: its history in words, looked through and paged, and the ticket as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast, get_args
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from starlette.applications import Starlette

from services.gateway.domain.recorded import KINDS, Kind, Wanted
from services.gateway.pages import happenings, history, pages
from services.gateway.pages.forms import moment
from services.gateway.pages.recorded import SAID, TIMELINE, details_of
from services.gateway.pages.rendering import exactly
from services.tickets.domain import events as log
from ticketwire_contracts.tickets import ShowHistoryV1

from .pages_world import ANNA as WHO
from .pages_world import World, ago, said
from .past_world import ANNA, FORBIDDEN, NUMBER, change, from_to, happened, message
from .test_pages import Reading
from .town import Town

ONE = f"/tickets/{NUMBER}"
HISTORY = f"{ONE}/history"


@pytest.fixture
def world() -> World:
    """With the agents of the town, since a history names them."""
    return World(town=Town())


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Someone who is signed in as Mara."""
    transport = httpx.ASGITransport(Starlette(routes=pages(world.views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        client.cookies.set("ticketwire_session", "mara's", domain="test.local")
        yield client


def row(html: str, version: int) -> str:
    """One change, as the page shows it."""
    after = html[html.index(f'id="v{version}"') :]
    return after[: after.index("</li>\n<li") if "</li>\n<li" in after else len(after)]


def read(html: str) -> str:
    """What a reader reads there, in one line."""
    return " ".join(Reading(html).text.split())


def versions(html: str) -> list[int]:
    """The changes on a page, in its order."""
    return [int(str(item["id"])[1:]) for item in Reading(html).all("li") if str(item.get("id", "")).startswith("v")]


# -------------------------------------------------------------------------------------------------- history


async def test_every_change_tells_who_what_why_and_what_is_different(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get(HISTORY)).text
    assert versions(html) == [one.version for one in world.log.changes]
    priority = read(row(html, 2))
    assert "Oskar Sund set the priority to very high" in priority
    assert "before: normal (50) → after: very high (90)" in priority
    assert "on a page" in priority
    assert "set_priority.v1" in priority
    opened = read(row(html, 1))
    assert "Anna Berg opened it by mail" in opened
    assert "by mail" in opened.replace("opened it by mail", "")
    assert "row7/1" in opened
    assert "plate.jpg" in opened
    assert "What it began with" in opened
    assert "before:" not in opened, "nothing was before"
    assert "212 → after: 214" in read(row(html, 9))
    assert "Room" in row(html, 9)
    assert "lid" not in row(html, 9), "only the field that changed"
    woken = read(row(html, 16))
    assert "Ticketwire set the status to open" in woken
    assert "by a timer" in woken
    assert "brought a message of Anna Berg here from TW-2012" in read(row(html, 14))
    assert "by a program" in read(row(html, 6))


async def test_notes_and_forwards_stand_apart_from_what_customers_see(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(HISTORY)).text
    assert 'class="spoken note"' in row(html, 3)
    assert 'class="spoken forward"' in row(html, 12)
    assert 'class="spoken"' in row(html, 5)


async def test_times_are_exact_and_on_the_readers_clock(browser: httpx.AsyncClient, world: World) -> None:
    browser.cookies.set("zone", "Asia/Kolkata", domain="test.local")
    times = Reading((await browser.get(HISTORY)).text).all("time")
    assert all("data-exact" in time for time in times), "scripts leave them as they are"
    assert times[1]["datetime"] == ago(119).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f"{ago(119) + timedelta(hours=5, minutes=30):%H:%M} IST" in read(row((await browser.get(HISTORY)).text, 2))


async def test_history_in_german(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(HISTORY, headers={"Accept-Language": "de"})).text
    assert "Anna Berg hat es per E-Mail eröffnet" in read(row(html, 1))
    assert "vorher: normal (50) → nachher: sehr hoch (90)" in read(row(html, 2))
    assert "durch einen Zeitgeber" in read(row(html, 16))


@pytest.mark.parametrize("kind", get_args(Kind))
async def test_changes_are_found_by_kind(browser: httpx.AsyncClient, world: World, kind: Kind) -> None:
    wanted = [one.version for one in world.log.changes if {what.type for what in one.happened} & KINDS[kind]]
    html = (await browser.get(HISTORY, params={"kind": kind})).text
    assert wanted == versions(html) != []
    assert f'<option value="{kind}" selected>' in html
    assert f'href="{HISTORY}">Show all' in html


@pytest.mark.parametrize(
    ("person", "actors"),
    [
        ("oskar", {"person/oskar"}), ("person/oskar", {"person/oskar"}), ("ANNA@example.net", {"person/anna"}),
        ("system", {"system/escalation"}), ("nobody", set()),
    ],
)  # fmt: skip
async def test_changes_are_found_by_who_made_them(
    browser: httpx.AsyncClient, world: World, person: str, actors: set[str]
) -> None:
    wanted = [one.version for one in world.log.changes if one.actor.id in actors]
    html = (await browser.get(HISTORY, params={"person": person})).text
    assert versions(html) == wanted
    assert ("No change fits." in html) == (not actors)


async def test_an_agent_is_found_by_nothing_but_login_and_id(world: World) -> None:
    """What their private address is cannot be tried out."""
    late = change(99, ago(1), ANNA.model_copy(update={"id": "person/z", "agent": True}), "set_priority.v1")
    world.log.changes = [late]
    found = await world.log.past.history(world.mara, NUMBER, wanted=Wanted(person="z.private@example.org"))
    assert found.items == []


async def test_days_of_a_range_are_the_readers_and_the_last_counts_whole(
    browser: httpx.AsyncClient, world: World
) -> None:
    browser.cookies.set("zone", "Pacific/Auckland", domain="test.local")
    world.log.changes = [
        one.model_copy(update={"at": at})
        for one, at in zip(
            world.log.changes,
            [
                moment(text, ZoneInfo("Pacific/Auckland"))
                for text in ("2026-03-01T23:59", "2026-03-02", "2026-03-02T23:59")
            ],
            strict=False,
        )
    ]
    for asked, wanted in (
        ({"since": "2026-03-02"}, [2, 3]),
        ({"until": "2026-03-01"}, [1]),
        ({"since": "2026-03-02", "until": "2026-03-02"}, [2, 3]),
        ({"since": "2026-03-03"}, []),
    ):
        assert versions((await browser.get(HISTORY, params=asked)).text) == wanted, asked


async def test_what_is_no_day_is_refused_and_stands_in_the_form(browser: httpx.AsyncClient, world: World) -> None:
    page = await browser.get(HISTORY, params={"since": "yesterday", "kind": "people"})
    assert (page.status_code, world.log.asked) == (422, [])
    assert "Not a time" in page.text
    assert '<option value="people" selected>' in page.text


async def test_pages_follow_each_other_and_keep_what_is_looked_for(
    browser: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "A_PAGE", 3)
    address: str | None = f"{HISTORY}?kind=changes"
    found: list[int] = []
    while address is not None:
        html = (await browser.get(address)).text
        assert len(versions(html)) <= 3
        found += versions(html)
        following = [link["href"] for link in Reading(html).all("a") if link.get("rel") == "next"]
        address = following[0] if following else None
        first = [link["href"] for link in Reading(html).all("a") if link.get("rel") == "first"]
        assert first == ([f"{HISTORY}?kind=changes"] if len(found) > 3 else [])
    everything = [one.version for one in world.log.changes if {what.type for what in one.happened} & KINDS["changes"]]
    assert found == everything


async def test_a_page_on_which_nothing_fits_leads_on(
    browser: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.views.past.PARTS", 2)
    world.log.most = 4
    html = (await browser.get(HISTORY, params={"kind": "privacy"})).text
    assert "Nothing fits so far." in html
    assert [one.after for one in cast(list[ShowHistoryV1], world.log.asked)] == [0, 4], "no more is looked through"
    assert f'rel="next" href="{HISTORY}?kind=privacy&amp;after=8"' in html


async def test_history_needs_its_right(browser: httpx.AsyncClient, world: World) -> None:
    assert f'href="{HISTORY}"' in (await browser.get(ONE)).text
    world.log.problem = FORBIDDEN
    world.rights = world.rights - {"history.show"}
    refused = await browser.get(HISTORY)
    assert refused.status_code == 403
    assert "plate" not in refused.text
    assert HISTORY not in (await browser.get(ONE)).text
    assert HISTORY not in (await browser.get(ONE, params={"at": "x"})).text


async def test_number_is_found_in_any_case_and_none_is_404(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/tickets/tw-2041/history")).headers["location"] == HISTORY
    assert (await browser.get("/tickets/tw-2041?at=x")).headers["location"] == f"{ONE}?at=x"
    assert (await browser.get("/tickets/TW-1/history")).status_code == 404
    assert (await browser.get("/tickets/TW-1", params={"at": exactly(ago(1))})).status_code == 404


async def test_nothing_of_a_change_becomes_markup(browser: httpx.AsyncClient, world: World) -> None:
    hostile = "<img src=x onerror=alert(1)>{{7*191}}\u202e"
    who = ANNA.model_copy(update={"name": hostile, "address": hostile})
    said_so = happened("received").model_copy(update={"message": message(who, hostile, ago(3), subject=hostile)})
    world.log.changes = [
        change(1, ago(3), who, hostile, said_so, cause="mail"),
        change(2, ago(2), who, "x", happened("subject_changed", before=hostile, after=hostile)),
        change(3, ago(1), who, "x", happened("fields_changed", changes=[{"name": hostile, "after": hostile}])),
    ]
    for version, field in ((2, "subject"), (3, "queue")):
        world.log.changes[version - 1].changed[field] = from_to(None, hostile)
    html = (await browser.get(HISTORY, params={"person": hostile})).text + (await browser.get(HISTORY)).text
    assert "<img" not in html
    assert "1337" not in html
    assert "\u202e" not in html
    assert "alert(1)" in Reading(html).text, "it is shown as the text it is"


def test_everything_that_the_log_says_of_a_ticket_has_a_kind_and_words() -> None:
    """An event that is added to tickets is added here."""
    about_others = {
        "claimed", "person_created", "queue_created", "group_changed", "grant_given", "grant_taken",
        "queue_fields_set", "lifecycle_changed", "queue_changed", "person_changed", "person_erased",
        "person_data_shown",
    }  # fmt: skip
    of_tickets = log.KINDS.keys() - about_others
    assert of_tickets == frozenset().union(*KINDS.values())
    spoken_by_line = {
        "status_changed", "owner_changed", "priority_changed", "moved", "escalated",
        *(name.removeprefix("ticket.") for name in (*happenings.JOINED, *happenings.KEPT)),
    }  # fmt: skip
    for name in of_tickets - {"opened", *SAID}:
        assert TIMELINE.get(name, f"ticket.{name}").removeprefix("ticket.") in spoken_by_line, name
    assert details_of(happened("owner_changed", after={"name": "X"})) == {"before": None, "after": "X"}


# ------------------------------------------------------------------------------------------------- the past


def at(minutes: float) -> dict[str, str]:
    """The ticket so many minutes ago."""
    return {"at": exactly(ago(minutes))}


async def test_every_change_leads_to_the_ticket_as_it_was_with_it(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get(HISTORY)).text
    for one in world.log.changes:
        link = next(link for link in Reading(row(html, one.version)).all("a") if "?at=" in str(link["href"]))
        shown = await browser.get(str(link["href"]))
        assert shown.status_code == 200, one.version
        named = parse_qs(urlsplit(str(link["href"])).query)["at"][0]
        assert named == exactly(one.at)


async def test_ticket_is_shown_as_it_was(browser: httpx.AsyncClient) -> None:
    then = (await browser.get(ONE, params=at(36))).text
    text = read(then)
    assert "As it was on" in text
    assert "<h1><bdi>Juicer stops</bdi></h1>" in then
    assert "Ole Sand" in text, "he was cc already"
    assert "The red light means" in text
    assert "It is off. Please hurry" not in text, "that was said later"
    assert "First response was due" not in text
    early = (await browser.get(ONE, params=at(118))).text
    assert "Ole Sand" not in read(early)
    assert "Mara König took it" not in read(early)


async def test_nothing_on_a_past_page_changes_anything_or_follows_what_happens(browser: httpx.AsyncClient) -> None:
    reading = Reading((await browser.get(ONE, params=at(36))).text)
    assert {form["action"] for form in reading.all("form")} == {"/language", "/logout"}
    assert not reading.all("textarea")
    assert not reading.all("select")
    live = [attributes.get("id") for _, attributes in reading.tags if "data-live" in attributes]
    assert live == ["main-counts", "queue-counts"]
    assert any("data-still" in attributes for _, attributes in reading.tags), "scripts leave the page alone"
    assert not any("data-ticket" in attributes for _, attributes in reading.tags)


async def test_ways_lead_to_the_state_before_to_the_next_and_to_now(browser: httpx.AsyncClient, world: World) -> None:
    links = Reading((await browser.get(ONE, params=at(36.5))).text).all("a")
    ways = {str(link["rel"]): str(link["href"]) for link in links if link.get("rel") in ("prev", "next")}
    assert ways["next"] == f"?at={exactly(ago(36))}"
    assert ways["prev"] == f"?at={exactly(ago(37) - timedelta(milliseconds=1))}"
    assert any(link["href"] == ONE for link in links)
    first = Reading((await browser.get(ONE, params=at(120))).text).all("a")
    assert [link.get("rel") for link in first if link.get("rel") in ("prev", "next")] == ["next"]
    last = Reading((await browser.get(ONE, params=at(0))).text).all("a")
    assert [link.get("rel") for link in last if link.get("rel") in ("prev", "next")] == ["prev"]
    world.log.problem = FORBIDDEN
    without = Reading((await browser.get(ONE, params=at(36.5))).text).all("a")
    assert [link.get("rel") for link in without if link.get("rel") in ("prev", "next")] == ["prev"]


@pytest.mark.parametrize(
    ("named", "status", "says"),
    [
        ("2020-01-01T00:00", 404, "The ticket was not there yet"),
        ("0001-01-01T00:00", 404, "The ticket was not there yet"),
        ("9999-12-31T23:59", 422, "That time has not come yet"),
        ("yesterday", 422, "Not a time"),
        ("", 422, "Not a time"),
        ("2026-13-01T00:00", 422, "Not a time"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
async def test_time_that_shows_nothing_is_said_with_the_way_back(
    browser: httpx.AsyncClient, world: World, named: str, status: int, says: str, zone: str
) -> None:
    browser.cookies.set("zone", zone, domain="test.local")
    page = await browser.get(ONE, params={"at": named})
    assert (page.status_code, world.log.asked) == (status, [])
    assert f"<h1>{says}</h1>" in page.text
    assert f'href="{ONE}"' in page.text
    assert f'href="{HISTORY}"' in page.text
    german = (await browser.get(ONE, params={"at": named}, headers={"Accept-Language": "de"})).text
    assert says not in german


async def test_time_typed_is_on_the_readers_clock(browser: httpx.AsyncClient, world: World) -> None:
    browser.cookies.set("zone", "Asia/Kolkata", domain="test.local")
    local = (ago(36) + timedelta(hours=5, minutes=30)).replace(tzinfo=None)
    assert "Juicer stops</bdi></h1>" in (await browser.get(ONE, params={"at": local.isoformat()})).text
    assert cast(Any, world.log.asked[0]).at == ago(36)


async def test_merged_ticket_is_shown_as_it_was_instead_of_leading_on(browser: httpx.AsyncClient, world: World) -> None:
    world.all[NUMBER] = replace(world.all[NUMBER], merged_into="TW-2050")
    assert (await browser.get(ONE)).status_code == 303
    shown = await browser.get(ONE, params=at(36))
    assert (shown.status_code, "As it was on" in shown.text) == (200, True)
    assert (await browser.get(HISTORY)).status_code == 200


async def test_what_came_from_other_tickets_later_was_not_there_before(
    browser: httpx.AsyncClient, world: World
) -> None:
    """A message that was moved here after that time, and one of a ticket that was merged into it after it."""
    moved = replace(said("z1", WHO, "Came later by a split.", 100), version=14)
    other = replace(said("z2", WHO, "Came later by merging.", 99), ticket="TW-2012")
    world.talk = [world.talk[0], moved, other, *world.talk[1:]]
    before = read((await browser.get(ONE, params=at(36))).text)
    assert "Came later" not in before
    assert "Good morning" in before
    world.log.then["absorbed"] = [
        {"number": "TW-2012", "into": NUMBER, "at": exactly(ago(98)), "clocks": clocks(world)}
    ]
    assert "Came later by merging." in read((await browser.get(ONE, params=at(36))).text)


def clocks(world: World) -> Any:
    """What a ticket's clocks know."""
    return world.log.then["clocks"]
