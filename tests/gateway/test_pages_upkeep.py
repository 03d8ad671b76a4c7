"""Pages on which agents keep a ticket: each form, its refusals, what changed in the meantime, many tickets at once."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from services.gateway.pages import pages, sentences
from services.gateway.pages.refusals import SENTENCES, TITLES, filled_in, said
from services.gateway.views import refuse
from services.gateway.views.bulk import ManyChange
from ticketwire_chassis.i18n import translator
from ticketwire_contracts.base import Problem

from .pages_world import FIELDS, World, ago
from .test_pages import Reading, hidden
from .town import QUEUES as TOWN_QUEUES
from .town import Town

ONE = "/tickets/TW-2050"
DOMAIN = Path(__file__).parents[2] / "services" / "tickets" / "domain"
OF_TICKETS = (
    "acting", "addresses", "asking", "details", "fields", "forwarding", "joining", "links", "merge", "moving", "roles",
    "split", "work",
)  # fmt: skip
NOT_FOR_PAGES = {
    "unknown-command", "moot", "dependencies-open", "invalid-fields", "field-twice", "field-options", "merged-already",
}  # fmt: skip
"""Told to services, told by their list instead, of administration, or with a sentence in a blank."""


@pytest.fixture
def world() -> World:
    return World()


@asynccontextmanager
async def browser_of(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Someone who is signed in as Mara."""
    transport = httpx.ASGITransport(Starlette(routes=pages(world.views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        client.cookies.set("ticketwire_session", "mara's", domain="test.local")
        yield client


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(world) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "form", "asked", "done"),
    [
        ("subject", {"subject": " Fuse ", "version": "4"}, {"subject": "Fuse", "if_version": 4}, "subject"),
        ("due", {"due": "2026-12-01T09:30"}, {"due": datetime(2026, 12, 1, 9, 30, tzinfo=UTC)}, "due"),
        ("due", {"due": "2026-12-01T09:30", "none": "1"}, {"due": None}, "due"),
        (
            "people",
            {"role": "cc", "add": "a@example.net, b@example.net", "remove": ["ole@example.net"]},
            {"role": "cc", "add": ["a@example.net", "b@example.net"], "remove": ["ole@example.net"]},
            "cc",
        ),
        (
            "people",
            {"role": "watchers", "add": "mara"},
            {"role": "watchers", "add": ["mara"], "remove": []},
            "watchers",
        ),
        (
            "tags",
            {"before": "juicer, fuse", "tags": "fuse, new one"},
            {"add": ["new one"], "remove": ["juicer"]},
            "tags",
        ),
        ("time", {"minutes": "1:30", "text": "phone"}, {"minutes": 90, "text": "phone"}, "time"),
        ("time", {"minutes": "-15"}, {"minutes": -15, "text": ""}, "time"),
    ],
)
async def test_form_does_what_it_says(
    browser: httpx.AsyncClient, world: World, name: str, form: dict[str, Any], asked: dict[str, Any], done: str
) -> None:
    answer = await browser.post(f"{ONE}/{name}", data={"command": "c1", **form})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ONE}?done={done}")
    assert world.done == [(name, "c1", asked)]
    assert 'class="said-so"' in (await browser.get(answer.headers["location"])).text


async def test_due_date_is_on_the_readers_clock(browser: httpx.AsyncClient, world: World) -> None:
    browser.cookies.set("zone", "Asia/Kolkata", domain="test.local")
    await browser.post(ONE + "/due", data={"command": "c", "due": "2026-12-01T09:30"})
    assert world.done[0][2]["due"] == datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
    wrong = await browser.post(ONE + "/due", data={"command": "c", "due": "tomorrow"})
    assert (wrong.status_code, len(world.done)) == (422, 1)
    assert "Not a time" in wrong.text


@pytest.mark.parametrize("minutes", ["", "x", "1:2:3", "--5", "1:", "٣", "99999"])
async def test_what_is_no_time_is_refused_here(browser: httpx.AsyncClient, world: World, minutes: str) -> None:
    page = await browser.post(ONE + "/time", data={"command": "c", "minutes": minutes, "text": "kept"})
    assert (page.status_code, world.done) == (422, [])
    assert 'value="kept"' in page.text


async def test_fields_are_sent_by_their_types_and_only_when_changed(browser: httpx.AsyncClient, world: World) -> None:
    form: dict[str, Any] = {
        "command": "c", "version": "1", "field-room": "214", "field-cups": "2,5", "field-bought": "2026-11-02",
        "field-colour": "red", "field-parts": ["plate", "lid"],
    }  # fmt: skip
    await browser.post(ONE + "/fields", data=form)
    wanted = {"cups": 2.5, "bought": "2026-11-02", "colour": "red", "parts": ["lid", "plate"]}
    assert world.done == [("fields", "c", {"fields": wanted, "if_version": 1})]
    same = {"command": "c", "field-room": "214", "field-parts": ["lid", "ring"]}
    assert (await browser.post(ONE + "/fields", data=same)).status_code == 303
    assert len(world.done) == 1, "nothing was changed"


async def test_each_field_says_what_is_wrong_with_it_and_keeps_what_was_typed(
    browser: httpx.AsyncClient, world: World
) -> None:
    errors = [{"field": "fields.cups", "message": "a number is wanted"}]
    world.refusal = refuse(
        "invalid-fields", title="Not what the fields take", status=422, detail="cups: a number is wanted", errors=errors
    )
    form = {"command": "c", "field-room": "215", "field-cups": "many", "field-parts": ["ring"]}
    page = await browser.post(ONE + "/fields", data=form, headers={"Accept-Language": "de"})
    assert page.status_code == 422
    inputs = {box["id"]: box for box in Reading(page.text).all("input") if str(box.get("id")).startswith("field-")}
    assert inputs["field-cups"]["value"] == "many"
    assert inputs["field-cups"]["aria-describedby"] == "field-cups-fault"
    assert "aria-invalid" not in inputs["field-room"]
    assert inputs["field-room"]["value"] == "215"
    assert 'id="field-cups-fault">eine Zahl wird gebraucht' in page.text
    ticked = [
        box["value"] for box in Reading(page.text).all("input") if "checked" in box and box["name"] == "field-parts"
    ]
    assert ticked == ["ring"]


async def test_what_changed_in_the_meantime_is_told_and_what_was_typed_is_kept(
    browser: httpx.AsyncClient, world: World
) -> None:
    change = {
        "version": 5, "at": ago(2).isoformat().replace("+00:00", "Z"), "actor": "person/oskar", "name": "Oskar Sund",
        "command": "set_priority", "what": ["ticket.priority_changed", "ticket.noted"],
    }  # fmt: skip
    world.refusal = refuse(
        "ticket-changed", title="The ticket has changed", status=412, detail="It is at version 5.", changes=[change]
    )
    page = await browser.post(ONE + "/subject", data={"command": "c", "version": "4", "subject": "Mine"})
    assert page.status_code == 412
    form = page.text[page.text.index('id="change-subject" open') :]
    assert "Oskar Sund changed this in the meantime: the priority, a note" in form
    assert 'value="Mine"' in form
    assert 'name="version" value="1"' in form, "what is seen now, so sending it again is meant"
    german = await browser.post(
        ONE + "/subject", data={"command": "c", "version": "4", "subject": "Mine"}, headers={"Accept-Language": "de"}
    )
    assert "Oskar Sund hat inzwischen etwas geändert: die Priorität, eine Notiz" in german.text


async def test_addresses_of_forms_lead_to_the_page_when_reloaded(browser: httpx.AsyncClient) -> None:
    for name in ("status", "fields", "forward", "unmerge", "unsplit", "reply"):
        assert (await browser.get(f"{ONE}/{name}")).headers["location"] == ONE
    assert (await browser.get("/bulk")).headers["location"] == "/tickets"


async def test_forms_that_overwrite_carry_the_version_that_was_seen(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(ONE)).text
    for name in ("subject", "status", "owner", "priority", "due", "fields"):
        form = html[html.index(f'action="{ONE}/{name}"') :]
        assert 'name="version" value="1"' in form[: form.index("</form>")], name
    for name in ("reply", "note", "tags", "people", "time"):
        form = html[html.index(f'action="{ONE}/{name}"') :]
        assert 'name="version"' not in form[: form.index("</form>")], name


async def test_forward_goes_to_whom_it_says_with_what_was_ticked(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get("/tickets/TW-2041")).text
    form = html[html.index('class="as-forward"') :]
    boxes = [box for box in Reading(form).all("input") if box.get("name") == "message"]
    assert [box["value"] for box in boxes] == ["e7", "e6", "e1"], "notes are not forwarded"
    assert ["checked" in box for box in boxes] == [True, False, False]
    assert "What they answer comes back internal." in form
    sent = {"command": "c", "to": "vendor@example.com", "message": ["e7", "e1"], "text": "Do you know this?"}
    answer = await browser.post("/tickets/TW-2041/forward", data=sent, files=[("files", ("plan.txt", b"abc"))])
    assert answer.headers["location"] == "/tickets/TW-2041?done=forward#end"
    asked = {
        "messages": ["e7", "e1"], "to": ["vendor@example.com"], "text": "Do you know this?",
        "attachments": ["digest of plan.txt"],
    }  # fmt: skip
    assert world.done == [("forward", "c", asked)]
    nobody = await browser.post("/tickets/TW-2041/forward", data={**sent, "to": " "})
    assert nobody.status_code == 422
    assert "The forward goes to nobody" in nobody.text
    assert "Do you know this?</textarea>" in nobody.text
    assert 'id="write-forward" checked' in nobody.text


async def test_forward_in_the_conversation_is_neither_reply_nor_note(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(ONE)).text
    forwarded = html[html.index('id="m-k7"') :][:900]
    assert '<article class="message forward"' in forwarded
    assert "vendor@example.com" in forwarded
    assert "1 message went with it" in forwarded


async def test_owner_is_taken_taken_over_or_assigned(browser: httpx.AsyncClient, world: World) -> None:
    world.rights = world.rights | {"ticket.steal"}
    assert ">Take over from <bdi>Oskar Sund</bdi></span></button>" in (await browser.get("/tickets/TW-2017")).text
    assert ">Take</button>" in (await browser.get("/tickets/TW-2035")).text
    assert "Take over" not in (await browser.get("/tickets/TW-2041")).text
    assert ">Assign</button>" in (await browser.get("/tickets/TW-2041")).text


async def test_watching_is_offered_and_taken_back(browser: httpx.AsyncClient, world: World) -> None:
    assert '<button name="add" value="mara">Watch</button>' in (await browser.get(ONE)).text
    joined = world.by_number["TW-2050"]
    joined.watchers.append(joined.owner)  # type: ignore[arg-type]
    try:
        assert '<button name="remove" value="mara">Stop watching</button>' in (await browser.get(ONE)).text
    finally:
        joined.watchers.pop()


async def test_ticked_tickets_are_changed_together(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get("/queues/support")).text
    command = hidden(html, "/bulk")
    form = {
        "command": command, "back": "/queues/support?status=all", "ticket": ["TW-2041", "TW-2038"],
        "status": "resolved", "owner": "=", "priority": "70", "queue": "",
    }  # fmt: skip
    answer = await browser.post("/bulk", data=form)
    assert answer.headers["location"] == "/queues/support?status=all&done=changed-2"
    change = ManyChange(parts=frozenset({"status", "owner", "priority"}), status="resolved", owner=None, priority=70)
    assert world.done == [("many", command, {"numbers": ["TW-2041", "TW-2038"], "change": change})]
    assert "2 tickets are changed." in (await browser.get(answer.headers["location"])).text


async def test_all_that_many_can_be_changed_in_is_sent_once(browser: httpx.AsyncClient, world: World) -> None:
    browser.cookies.set("zone", "Asia/Kolkata", domain="test.local")
    form: dict[str, Any] = {
        "command": "c", "back": "/", "ticket": ["TW-2041"], "status": "pending", "until": "2027-01-02T09:30",
        "due": "2027-01-03T09:30", "tags_add": "juicer, new one", "tags_remove": "old", "role": "watchers",
        "people_add": "mara; oskar", "people_remove": "jo", "note": " All of one batch.\r\nCall them. ",
    }  # fmt: skip
    assert (await browser.post("/bulk", data=form)).headers["location"] == "/?done=changed-1"
    change = ManyChange(
        parts=frozenset({"status", "due", "tags", "watchers", "note"}),
        status="pending",
        until=datetime(2027, 1, 2, 4, 0, tzinfo=UTC),
        due=datetime(2027, 1, 3, 4, 0, tzinfo=UTC),
        tags=(["juicer", "new one"], ["old"]),
        people={"watchers": (["mara", "oskar"], ["jo"])},
        note="All of one batch.\nCall them.",
    )
    assert world.done == [("many", "c", {"numbers": ["TW-2041"], "change": change})]
    await browser.post("/bulk", data={"command": "d", "ticket": "TW-2041", "due_none": "1", "role": "cc"})
    assert world.done[1][2]["change"] == ManyChange(parts=frozenset({"due"})), "a role alone changes nobody"


async def test_fields_of_one_queue_are_changed_together_and_empty_ones_stay() -> None:
    town = Town(queues=[one.model_copy(update={"fields": FIELDS}) for one in TOWN_QUEUES])
    world = World(town=town)
    async with browser_of(world) as browser:
        html = (await browser.get("/queues/support")).text
        bar = html[html.index('class="bulkbar') :]
        names = {box["name"] for tag in ("input", "select") for box in Reading(bar).all(tag) if box.get("name")}
        assert {f"field-{one.name}" for one in FIELDS} <= names
        assert '<input type="hidden" name="fields_of" value="support">' in bar
        assert "field-room" not in (await browser.get("/tickets")).text, "those are of several queues"
        form = {"command": "c", "ticket": "TW-2041", "fields_of": "support", "field-cups": "3", "field-room": ""}
        await browser.post("/bulk", data=form)
    assert world.done[0][2]["change"] == ManyChange(parts=frozenset({"fields"}), fields={"cups": 3})


async def test_what_was_done_before_is_named_and_a_note_that_was_not_written_is_kept(
    browser: httpx.AsyncClient, world: World
) -> None:
    world.refused_of_many["TW-2038"] = refuse("forbidden", title="You may not", status=403)
    form = {"command": "c", "ticket": ["TW-2041", "TW-2038"], "tags_add": "x", "note": "Call <them>."}
    assert 'class="kept card">Call &lt;them&gt;.</pre>' in (await browser.post("/bulk", data=form)).text
    wrong = await browser.post("/bulk", data={**form, "due": "tomorrow"})
    assert (wrong.status_code, len(world.done)) == (422, 1)
    assert "Not a time" in wrong.text
    assert "Call &lt;them&gt;." in wrong.text


async def test_unsure_change_is_sent_again_with_all_its_parts(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse("service-unavailable", title="Not available at the moment", status=503)
    form: dict[str, Any] = {
        "command": "c1", "ticket": ["TW-2041", "TW-2038"], "tags_add": "x", "role": "cc",
        "people_add": "ole@example.net", "note": "Two\nlines", "due": "2027-01-03T09:30",
        "field-parts": ["lid", "ring"], "fields_of": "support",
    }  # fmt: skip
    page = (await browser.post("/bulk", data=form)).text
    again = page[page.index('<form method="post" action="/bulk">') :]
    sent: dict[str, list[str]] = {}
    for box in Reading(again).all("input"):
        sent.setdefault(str(box["name"]), []).append(str(box["value"]))
    wanted = {name: value if isinstance(value, list) else [value] for name, value in form.items()}
    assert {name: values for name, values in sent.items() if name != "back"} == wanted


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ({"status": "pending", "until": "2027-01-02T09:30"}, {"until": datetime(2027, 1, 2, 4, 0, tzinfo=UTC)}),
        ({"status": "stalled", "until": ""}, {}),
        ({"status": "resolved", "until": "2027-01-02T09:30"}, {}),
    ],
)
async def test_only_what_waits_waits_until_a_time(
    browser: httpx.AsyncClient, world: World, form: dict[str, str], asked: dict[str, Any]
) -> None:
    browser.cookies.set("zone", "Asia/Kolkata", domain="test.local")
    answer = await browser.post(ONE + "/status", data={"command": "c", "version": "1", **form})
    assert answer.headers["location"] == f"{ONE}?done=status"
    assert world.done == [("status", "c", {"status": form["status"], "if_version": 1, **asked})]


async def test_time_to_wait_until_is_refused_at_the_form_and_kept(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse(
        "in-the-past", title="The wake-up time has passed", status=422, detail="Choose a time ahead."
    )
    form = {"command": "c", "status": "pending", "until": "2020-01-02T09:30"}
    page = await browser.post(ONE + "/status", data=form, headers={"Accept-Language": "de"})
    assert page.status_code == 422
    box = page.text[page.text.index('id="change-status" open') :]
    assert 'name="until" value="2020-01-02T09:30"' in box[: box.index("</form>")]
    assert "Wählen Sie" in box[: box.index("</form>")]


async def test_waiting_ticket_says_until_when_and_can_wait_longer(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/tickets/TW-1990")).text
    assert "pending</span> <small>until <time" in html
    assert "Change the status: pending until" in html
    form = html[html.index('action="/tickets/TW-1990/status"') :]
    form = form[: form.index("</form>")]
    waiting = [option["value"] for option in Reading(form).all("option") if "data-waits" in option]
    assert waiting == ["pending", "stalled"]
    until = next(box for box in Reading(form).all("input") if box.get("name") == "until")
    assert (until["type"], until["value"]) == ("datetime-local", f"{ago(-2000):%Y-%m-%dT%H:%M}")


async def test_each_ticket_that_was_refused_says_why(browser: httpx.AsyncClient, world: World) -> None:
    world.refused_of_many["TW-2038"] = refuse(
        "forbidden", title="You may not", status=403, detail="It needs the right ticket.close.", right="ticket.close"
    )
    form = {"command": "c", "back": "/queues/support", "ticket": ["TW-2041", "TW-2038"], "status": "resolved"}
    page = await browser.post("/bulk", data=form, headers={"Accept-Language": "de"})
    assert page.status_code == 200
    assert "1 Ticket ist geändert." in page.text
    row = page.text[page.text.index('id="not-TW-2038"') :]
    assert "Invoice 7781 charged twice" in row
    assert "Dazu braucht es das Recht ticket.close." in row
    assert 'id="not-TW-2041"' not in page.text
    assert 'href="/queues/support"' in page.text


async def test_what_holds_one_of_many_open_is_listed(browser: httpx.AsyncClient, world: World) -> None:
    world.refused_of_many["TW-2038"] = refuse(
        "dependencies-open", title="Something it depends on is open", status=409,
        detail="Still open: TW-6, 1 more that you may not see.", dependencies=["TW-6"], hidden=1,
    )  # fmt: skip
    form = {"command": "c", "back": "/queues/support", "ticket": ["TW-2038"], "status": "resolved"}
    page = await browser.post("/bulk", data=form, headers={"Accept-Language": "de"})
    assert "1 Ticket ist nicht geändert" in page.text
    row = page.text[page.text.index('id="not-TW-2038"') :]
    row = row[: row.index("</li>")]
    assert '<a href="/tickets/TW-6">TW-6</a>, 1 Ticket, das' in row
    assert "Still open" not in row


def test_a_field_of_the_wrong_shape_is_named_in_the_language_of_the_reader() -> None:
    errors = [{"field": "subject", "message": "String should have at least 1 character"}]
    problem = Problem(type="invalid", title="Not well formed", status=422, detail="x", extra={"errors": errors})
    assert said(problem, translator("de")).detail == "Der Betreff hat 1 bis 500 Zeichen."


async def test_nothing_ticked_or_nothing_chosen_is_said(browser: httpx.AsyncClient, world: World) -> None:
    none = await browser.post("/bulk", data={"command": "c", "back": "//evil.example", "status": "resolved"})
    still = await browser.post("/bulk", data={"command": "c", "ticket": "TW-2041"})
    assert (none.status_code, still.status_code, world.done) == (422, 422, [])
    assert "No ticket is chosen" in none.text
    assert "evil.example" not in none.text
    assert "Nothing is to be changed" in still.text


async def test_unsure_change_of_many_is_sent_again_under_its_own_id(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse("service-unavailable", title="Not available at the moment", status=503)
    page = await browser.post("/bulk", data={"command": "c1", "ticket": ["TW-2041"], "status": "resolved"})
    assert page.status_code == 503
    assert 'name="command" value="c1"' in page.text
    assert 'name="ticket" value="TW-2041"' in page.text


def refusals_of(module: str) -> list[tuple[str, str, str]]:
    """Type, title and detail of every refusal in a module of tickets' domain; what is put in stands as ``X``."""
    found = []
    for node in ast.walk(ast.parse((DOMAIN / f"{module}.py").read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refused":
            texts = [_text(argument) for argument in (*node.args[:2], *node.args[3:4])]
            found.append((texts[0], texts[1], texts[2] if len(texts) > 2 else ""))
    return found


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    return "X"


def test_every_refusal_of_tickets_can_be_said_in_german() -> None:
    german = translator("de")
    refusals = [one for module in OF_TICKETS if (DOMAIN / f"{module}.py").exists() for one in refusals_of(module)]
    assert len(refusals) > 60
    for name, title, detail in refusals:
        if name in NOT_FOR_PAGES:
            continue
        assert title in TITLES, title
        assert not detail or any(
            filled_in(sentence, detail) is not None for sentence in (*SENTENCES, *sentences.SENTENCES)
        ), detail
        told = said(Problem(type=name, title=title, status=409, detail=detail), german)
        assert told.title != title
        assert not detail or told.detail != detail
