"""Pages: what is shown to whom, that forms do what they say, and that nothing from a mail becomes markup."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from services.gateway.pages import pages, rendering
from services.gateway.views import refuse
from services.gateway.views.shapes import File, Who

from .pages_world import ANNA, TICKETS, World, said, ticket

TEMPLATES = Path(rendering.__file__).parent / "templates"

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*191}}{x}\u202e\x00"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Someone who is signed in as Mara."""
    transport = httpx.ASGITransport(Starlette(routes=pages(world.views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        client.cookies.set("ticketwire_session", "mara's", domain="test.local")
        yield client


class Reading(HTMLParser):
    """What a page consists of: tags with their attributes, and what a reader reads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


async def test_stranger_is_shown_the_door_and_comes_back(world: World) -> None:
    transport = httpx.ASGITransport(Starlette(routes=pages(world.views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        away = await client.get("/queues/support?status=all")
        assert away.status_code == 303
        door = away.headers["location"]
        assert door == "/login?next=%2Fqueues%2Fsupport%3Fstatus%3Dall"
        assert 'value="/queues/support?status=all"' in (await client.get(door)).text

        wrong = await client.post("/login", data={"login": "mara", "password": "wrong", "next": "/"})
        assert wrong.status_code == 401
        assert "Login or password is wrong" in wrong.text
        assert 'value="mara"' in wrong.text
        assert "set-cookie" not in wrong.headers

        right = await client.post("/login", data={"login": "mara", "password": "right", "next": "/queues/support"})
        assert (right.status_code, right.headers["location"]) == (303, "/queues/support")
        cookie = right.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie


@pytest.mark.parametrize(
    "away", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", ""]
)
async def test_door_leads_nowhere_else(world: World, away: str) -> None:
    transport = httpx.ASGITransport(Starlette(routes=pages(world.views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        right = await client.post("/login", data={"login": "mara", "password": "right", "next": away})
        assert right.headers["location"] == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/queues/support",
        "/tickets",
        "/tickets?owner=me",
        "/tickets?overdue=1",
        "/new",
        "/profile",
        "/tickets/TW-2041",
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_page_in_every_language(browser: httpx.AsyncClient, path: str, language: str) -> None:
    page = await browser.get(path, headers={"Accept-Language": language})
    assert page.status_code == 200
    reading = Reading(page.text)
    assert reading.all("html")[0]["lang"] == language == page.headers["content-language"]
    assert len(reading.all("h1")) == len(reading.all("main")) == 1
    assert "Dashboard" not in page.text if language == "de" else "Übersicht" not in page.text
    assert page.headers["cache-control"] == "private, no-store"


async def test_nothing_inline_that_the_policy_forbids(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/queues/support", "/new", "/profile", "/tickets/TW-2041", "/login"):
        reading = Reading((await browser.get(path)).text)
        for tag, attributes in reading.tags:
            assert tag != "style"
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            assert tag != "script" or (attributes.get("src") or "").startswith("/static/")


async def test_nothing_of_a_mail_becomes_markup(browser: httpx.AsyncClient, world: World) -> None:
    hostile = Who("person/x", HOSTILE, HOSTILE)
    world.all["TW-2041"] = ticket(
        "TW-2041", HOSTILE, hostile, cc=[hostile], tags=[HOSTILE], queue=HOSTILE, status=HOSTILE
    )
    files = [File(HOSTILE, HOSTILE, 1, "ab" * 32)]
    world.talk = [said("e1", hostile, HOSTILE + "\n> " + HOSTILE, 1, attachments=files, to=[HOSTILE])]
    for path in ("/", "/queues/support", "/tickets/TW-2041"):
        page = await browser.get(path)
        assert page.status_code == 200
        reading = Reading(page.text)
        assert not reading.all("img")
        assert all(script.get("src") for script in reading.all("script"))
        assert not any(name.startswith("on") for _, attributes in reading.tags for name in attributes)
        assert "1337" not in reading.text
        assert "\u202e" not in page.text
        assert "<script>alert(1)" in reading.text, "it is shown as the text it is"


async def test_addresses_in_texts_lead_out_safely(browser: httpx.AsyncClient, world: World) -> None:
    world.talk = [said("e1", ANNA, "https://x.example/?a=1&b=<i> javascript:alert(1) http://y.example", 1)]
    links = [a for a in Reading((await browser.get("/tickets/TW-2041")).text).all("a") if a.get("target")]
    assert [link["href"] for link in links] == ["https://x.example/?a=1&b=", "http://y.example"]
    assert all("noopener" in (link["rel"] or "") for link in links)


async def test_notes_and_replies_cannot_be_mistaken(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/tickets/TW-2041")).text
    articles = re.findall(r'<article class="message (\w+)".*?</article>', html, re.DOTALL)
    assert articles == ["customer", "note", "agent", "customer"]
    note = re.findall(r'<article class="message note".*?</article>', html, re.DOTALL)[0]
    assert "Internal note" in note
    assert html.count("Internal note") == 4, "once at the note, three times in the box that writes one"


async def test_recipients_are_said_before_sending(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/tickets/TW-2041")).text
    assert "<summary>To anna@example.net and 1 more</summary>" in html
    boxes = [box for box in Reading(html).all("input") if box.get("name") in ("to", "cc") and "checked" in box]
    assert [(box["name"], box["value"]) for box in boxes] == [("to", "anna@example.net"), ("cc", "ole@example.net")]


async def test_reply_goes_to_exactly_those_who_were_shown(browser: httpx.AsyncClient, world: World) -> None:
    command = hidden((await browser.get("/tickets/TW-2041")).text, "/tickets/TW-2041/reply")
    form = {
        "command": command,
        "text": "Dear Ms Berg,\r\nit is on its way.\r\n",
        "to": ["anna@example.net"],
        "cc": ["anna@example.net", "ole@example.net"],
        "also": "boss@example.net; second@example.net",
        "then_status": "pending",
    }
    answer = await browser.post("/tickets/TW-2041/reply", data=form, files=[("files", ("plan.txt", b"abc"))])
    assert answer.status_code == 303
    assert answer.headers["location"] == "/tickets/TW-2041?done=reply#end"
    (did,) = world.done
    assert did == (
        "reply",
        command,
        {
            "text": "Dear Ms Berg,\nit is on its way.",
            "to": ["anna@example.net", "boss@example.net", "second@example.net"],
            "cc": ["ole@example.net"],
            "attachments": ["digest of plan.txt"],
            "then_status": "pending",
        },
    )
    assert "Your reply is on its way." in (await browser.get(answer.headers["location"])).text


async def test_refused_reply_keeps_what_was_typed(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse("conflict", title="There is no such thing", status=409, detail="{odd} detail")
    form = {"command": "c1", "text": "Long thoughts", "to": ["ole@example.net"], "also": "x@example.net"}
    page = await browser.post("/tickets/TW-2041/reply", data=form)
    assert page.status_code == 409
    assert "Long thoughts</textarea>" in page.text
    assert "{odd} detail" in page.text
    assert 'value="x@example.net"' in page.text
    checked = [
        box["value"] for box in Reading(page.text).all("input") if box.get("name") in ("to", "cc") and "checked" in box
    ]
    assert checked == ["ole@example.net"]
    assert hidden(page.text, "/tickets/TW-2041/reply") != "c1", "a refusal is final: the next try is another command"


async def test_uncertain_reply_keeps_its_command(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse("unavailable", title="Too late", status=503)
    page = await browser.post("/tickets/TW-2041/reply", data={"command": "c1", "text": "x", "to": "a@example.net"})
    assert page.status_code == 503
    assert hidden(page.text, "/tickets/TW-2041/reply") == "c1", "sent again it must not be done twice"


async def test_reply_to_nobody_and_empty_texts_are_refused_here(browser: httpx.AsyncClient, world: World) -> None:
    nobody = await browser.post("/tickets/TW-2041/reply", data={"command": "c", "text": "x"})
    empty = await browser.post("/tickets/TW-2041/note", data={"command": "c", "text": " \r\n"})
    assert (nobody.status_code, empty.status_code, world.done) == (422, 422, [])
    assert "The reply goes to nobody" in nobody.text
    assert "Nothing is written yet" in empty.text


@pytest.mark.parametrize(
    ("name", "form", "asked"),
    [
        ("note", {"text": "psst"}, {"text": "psst", "attachments": []}),
        ("status", {"status": "resolved"}, {"status": "resolved"}),
        ("owner", {"owner": "oskar"}, {"owner": "oskar"}),
        ("owner", {"owner": ""}, {"owner": None}),
        ("priority", {"priority": "70"}, {"priority": 70}),
    ],
)
async def test_form_does_what_it_says(
    browser: httpx.AsyncClient, world: World, name: str, form: dict[str, str], asked: dict[str, object]
) -> None:
    answer = await browser.post(f"/tickets/TW-2041/{name}", data={"command": "c1", **form})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/tickets/TW-2041?done={name}")
    assert world.done == [(name, "c1", asked)]


async def test_only_what_one_may_do_is_offered(browser: httpx.AsyncClient, world: World) -> None:
    world.rights = frozenset({"ticket.show"})
    forms = [form["action"] for form in Reading((await browser.get("/tickets/TW-2041")).text).all("form")]
    assert forms == ["/language", "/logout"]
    world.rights = frozenset({"ticket.show", "note.add"})
    html = (await browser.get("/tickets/TW-2041")).text
    assert "/tickets/TW-2041/note" in html
    assert "/tickets/TW-2041/reply" not in html


async def test_taking_is_offered_when_it_is_not_mine(browser: httpx.AsyncClient, world: World) -> None:
    assert ">Take</button>" not in (await browser.get("/tickets/TW-2041")).text
    assert ">Take</button>" in (await browser.get("/tickets/TW-2035")).text


async def test_new_ticket(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get("/new?queue=billing")).text
    assert '<option value="billing" selected>' in html
    form = {
        "command": hidden(html, "/new"),
        "kind": "mail",
        "queue": "billing",
        "priority": "",
        "requesters": "anna@example.net, ole@example.net",
        "subject": "Your order",
        "text": "Hello",
    }
    answer = await browser.post("/new", data=form)
    assert answer.headers["location"] == "/tickets/TW-2041?done=written"
    assert world.done == [
        (
            "open",
            form["command"],
            {
                "queue": "billing",
                "subject": "Your order",
                "requesters": ["anna@example.net", "ole@example.net"],
                "text": "Hello",
                "kind": "mail",
                "priority": None,
                "attachments": [],
            },
        )
    ]


async def test_refused_new_ticket_keeps_what_was_typed(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse("bad-address", title="No such status", status=422, detail="not an address")
    page = await browser.post(
        "/new", data={"command": "c", "kind": "mail", "subject": "S", "text": "T", "requesters": "R"}
    )
    assert page.status_code == 422
    assert 'value="S"' in page.text
    assert "T</textarea>" in page.text


async def test_absorbed_ticket_leads_to_its_target_and_numbers_to_their_one_form(
    browser: httpx.AsyncClient, world: World
) -> None:
    world.all["TW-7"] = replace(TICKETS[0], number="TW-7", merged_into="TW-2041")
    assert (await browser.get("/tickets/TW-7")).headers["location"] == "/tickets/TW-2041?was=TW-7"
    assert (await browser.get("/tickets/tw-2041")).headers["location"] == "/tickets/TW-2041"


async def test_what_is_not_there_says_so_in_the_frame(browser: httpx.AsyncClient) -> None:
    for path in ("/tickets/TW-999", "/queues/nothing"):
        page = await browser.get(path)
        assert page.status_code == 404
        assert "There is no such thing" in page.text
        assert 'href="/queues/support"' in page.text


async def test_empty_pages_teach(world: World) -> None:
    empty = World([], [])
    transport = httpx.ASGITransport(Starlette(routes=pages(empty.views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        client.cookies.set("ticketwire_session", "mara's", domain="test.local")
        assert "opens a ticket, and it appears here by itself" in (await client.get("/")).text
        assert "There is no queue in which you may open tickets." in (await client.get("/new")).text


async def test_language_is_remembered(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/language", data={"language": "de", "back": "/queues/support"})
    assert answer.headers["location"] == "/queues/support"
    assert "Dringendste offene Tickets" in (await browser.get("/")).text
    browser.cookies.set("language", "xx", domain="test.local")
    assert (await browser.get("/", headers={"Accept-Language": "de"})).headers["content-language"] == "de"


async def test_times_are_in_the_readers_zone(browser: httpx.AsyncClient, world: World) -> None:
    world.talk = [said("e1", ANNA, "x", 5)]
    assert " UTC" in (await browser.get("/tickets/TW-2041")).text
    browser.cookies.set("zone", "Asia/Kolkata", domain="test.local")
    html = (await browser.get("/tickets/TW-2041")).text
    assert " IST" in html
    assert " UTC" not in html


async def test_static_files_are_kept_for_good_under_their_mark(browser: httpx.AsyncClient) -> None:
    reading = Reading((await browser.get("/")).text)
    sheet = next(link["href"] for link in reading.all("link") if link["rel"] == "stylesheet")
    assert sheet is not None
    answer = await browser.get(sheet)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert (await browser.get("/static/old/main.js")).headers["cache-control"] == "no-cache"
    assert (await browser.get("/static/old/..%2f__init__.py")).status_code == 404


async def test_mine_is_marked_in_the_rail(browser: httpx.AsyncClient) -> None:
    current = [
        a for a in Reading((await browser.get("/tickets?owner=me")).text).all("a") if a.get("aria-current") == "page"
    ]
    assert [link["href"] for link in current] == ["/tickets?owner=me"]


async def test_signing_out(browser: httpx.AsyncClient, world: World) -> None:
    answer = await browser.post("/logout")
    assert answer.headers["location"] == "/login"
    assert 'ticketwire_session=""' in answer.headers["set-cookie"]
    assert world.done == [("sign_out", "", {})]


def hidden(html: str, action: str) -> str:
    """The command id in the form that goes to ``action``."""
    found = re.search(
        rf'<form[^>]*action="{action}"[^>]*>\s*<input type="hidden" name="command" value="([^"]+)">', html
    )
    assert found, action
    return found[1]


def test_templates_call_only_macros_that_there_are() -> None:
    """Also where nothing is to be shown: what one template imports, it does not hand on to another."""
    texts = {file.relative_to(TEMPLATES).as_posix(): file.read_text() for file in TEMPLATES.rglob("*.html")}
    made = {name: set(re.findall(r"{%-? macro (\w+)", text)) for name, text in texts.items()}
    called = 0
    for name, text in texts.items():
        imported = {"m": "marks.html"} | {word: file for file, word in re.findall(r'{% import "(.+?)" as (\w+)', text)}
        for word, file in imported.items():
            for macro in re.findall(rf"(?<![.\w]){word}\.(\w+)(?=[(.])", text):
                called += 1
                assert macro in made[file], f"{name} calls {word}.{macro}"
    assert called > 100
