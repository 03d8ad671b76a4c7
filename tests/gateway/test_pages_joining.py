"""Pages of links, merging and splitting: what is said before, what is asked, and how a refusal comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from services.gateway.pages import pages
from services.gateway.views import refuse

from .pages_world import TICKETS, World, said
from .test_pages import Reading, hidden

JOINED = "/tickets/TW-2050"


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


async def test_links_stand_by_kind_with_status_and_hidden_ones_are_only_counted(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(JOINED)).text
    panel = html[html.index('class="links"') :]
    assert panel.index("Depends on") < panel.index("TW-2017") < panel.index("Refers to") < panel.index("Split off from")
    assert '<span class="status active">open</span>' in panel
    assert '<span class="status closed">resolved</span>' in panel
    assert 'href="https://vendor.example/fuses?a=1&amp;b=2"' in panel
    assert "1 link to a ticket that you may not see" in panel


async def test_what_holds_it_open_is_said_before_closing_is_tried(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(JOINED)).text
    held = html[html.index('class="held"') : html.index("Owner</dt>")]
    assert "It cannot be closed yet" in held
    assert "TW-2017" in held
    assert "TW-1970" not in held, "that one is closed"
    assert "1 ticket that you may not see" in held
    assert 'class="held"' not in (await browser.get("/tickets/TW-2041")).text


async def test_refused_closing_says_at_the_form_what_is_open(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse(
        "dependencies-open",
        title="Something it depends on is open",
        status=409,
        detail="Still open: TW-2017.",
        dependencies=["TW-2017"],
        hidden=2,
    )
    page = await browser.post(
        JOINED + "/status", data={"command": "c", "status": "resolved"}, headers={"Accept-Language": "de"}
    )
    assert page.status_code == 409
    assert page.text.count('id="problem"') == 1
    form = page.text[page.text.index('id="change-status" open') :]
    form = form[: form.index("</details>")]
    assert 'id="problem"' in form
    assert '<a href="/tickets/TW-2017">TW-2017</a>' in form
    assert "2 Tickets, die Sie nicht sehen dürfen" in form
    assert '<option value="resolved" selected>' in form


@pytest.mark.parametrize(
    ("title", "detail", "expected"),
    [
        ("It would go round in a circle", "TW-9 leads to TW-2050 already.", "TW-9 führt schon zu TW-2050."),
        ("You may not", "It needs the right ticket.link.", "Dazu braucht es das Recht ticket.link."),
        ("Brand new title", "And a new sentence.", "And a new sentence."),
    ],
)
async def test_refused_link_keeps_what_was_typed_and_says_why_in_the_readers_language(
    browser: httpx.AsyncClient, world: World, title: str, detail: str, expected: str
) -> None:
    world.refusal = refuse("some-type", title=title, status=409, detail=detail)
    page = await browser.post(
        JOINED + "/link",
        data={"command": "c1", "type": "needed_by", "target": "TW-9"},
        headers={"Accept-Language": "de"},
    )
    assert page.status_code == 409
    form = page.text[page.text.index('id="change-link" open') :]
    assert expected in form
    assert '<option value="needed_by" selected>' in form
    assert 'value="TW-9"' in form
    assert hidden(page.text, JOINED + "/link") != "c1"


@pytest.mark.parametrize(
    ("name", "form", "what", "asked"),
    [
        ("link", {"type": "parent", "target": " TW-9 "}, "link", {"type": "parent", "target": "TW-9"}),
        ("unlink", {"type": "depends_on", "target": "TW-9"}, "unlink", {"type": "depends_on", "target": "TW-9"}),
        ("queue", {"queue": "billing"}, "queue", {"queue": "billing"}),
        ("unsplit", {}, "unsplit", {}),
    ],
)
async def test_form_does_what_it_says(
    browser: httpx.AsyncClient, world: World, name: str, form: dict[str, str], what: str, asked: dict[str, str]
) -> None:
    answer = await browser.post(f"{JOINED}/{name}", data={"command": "c1", **form})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{JOINED}?done={name}")
    assert world.done == [(what, "c1", asked)]
    assert 'class="said-so"' in (await browser.get(answer.headers["location"])).text


async def test_ticket_out_of_sight_after_moving_leads_home_with_a_word(
    browser: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(world, "set_queue", gone)
    answer = await browser.post(f"{JOINED}/queue", data={"command": "c", "queue": "billing"})
    assert answer.headers["location"] == "/?done=gone"
    assert "The ticket is where you do not see it." in (await browser.get("/?done=gone")).text


async def test_merging_says_what_will_happen_and_to_whom_before_it_is_done(
    browser: httpx.AsyncClient, world: World
) -> None:
    choice = (await browser.get("/tickets/TW-2041/merge")).text
    offered = [box["value"] for box in Reading(choice).all("input") if box.get("type") == "radio"]
    assert "TW-2038" in offered
    assert "TW-2041" not in offered
    html = (await browser.get("/merge?ticket=TW-2041&other=tw-2038")).text
    assert "Everything said on the merged tickets is shown on TW-2038 too" in html
    assert "anna@example.net" in html
    assert "ole@example.net" in html
    assert "tomas@example.net" not in html, "he is there already"
    form = {"command": hidden(html, "/merge"), "ticket": "TW-2041", "into": "TW-2038"}
    answer = await browser.post("/merge", data=form)
    assert answer.headers["location"] == "/tickets/TW-2038?done=merged"
    assert world.done == [("merge", form["command"], {"into": "TW-2038", "others": []})]


async def test_several_are_merged_into_the_one_that_is_chosen(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get("/merge?ticket=TW-2041&ticket=TW-2038&ticket=TW-2040")).text
    offered = [box["value"] for box in Reading(html).all("input") if box.get("type") == "radio"]
    assert offered == ["TW-2041", "TW-2038", "TW-2040"]
    html = (await browser.get("/merge?ticket=TW-2041&ticket=TW-2038&ticket=TW-2040&into=TW-2038")).text
    sent = [box["value"] for box in Reading(html).all("input") if box.get("name") == "ticket"]
    assert sent == ["TW-2041", "TW-2040"]
    await browser.post("/merge", data={"command": "c", "ticket": sent, "into": "TW-2038"})
    assert world.done == [("merge", "c", {"into": "TW-2038", "others": ["TW-2040"]})]


async def test_merging_into_nothing_or_itself_is_said_where_it_was_typed(browser: httpx.AsyncClient) -> None:
    for other, word in (("TW-999", "There is no such thing"), ("TW-2041", "It is the same ticket")):
        page = await browser.get(f"/merge?ticket=TW-2041&other={other}")
        assert word in page.text
        assert f'value="{other}"' in page.text
    assert (await browser.get("/merge")).status_code == 422


async def test_refused_merge_says_why_at_the_form(browser: httpx.AsyncClient, world: World) -> None:
    world.refusal = refuse(
        "target-closed",
        title="The ticket that stays is closed",
        status=409,
        detail="Open TW-2038 first, or merge it into the other.",
    )
    page = await browser.post("/merge", data={"command": "c", "ticket": "TW-2041", "into": "TW-2038"})
    assert page.status_code == 409
    assert "Open TW-2038 first" in page.text
    assert hidden(page.text, "/merge") != "c"


async def test_messages_of_merged_tickets_show_their_own_number(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(JOINED)).text
    first, second = (html.index(f'id="m-{name}"') for name in ("j1", "j3"))
    assert "Said on TW-2012, which was merged into this one" in html[first:second]
    assert "TW-2012" not in html[second : html.index('id="m-j4"')]
    assert "TW-2012 · <bdi>Oskar Sund</bdi> took it" in html


async def test_moved_messages_leave_a_line_that_leads_to_them(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(JOINED)).text
    seen, unseen = html[html.index('id="m-j6"') :][:400], html[html.index('id="m-j7"') :][:400]
    assert "stands on TW-2017 now" in seen
    assert 'href="/tickets/TW-2017"' in seen
    assert "stands on another ticket now" in unseen


async def test_unmerging_offers_what_becomes_of_what_came_since(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get(JOINED)).text
    assert "1 ticket was merged into this one" in html
    command = hidden(html, "/tickets/TW-2012/unmerge")
    answer = await browser.post("/tickets/TW-2012/unmerge", data={"command": command, "since": "return"})
    assert answer.headers["location"] == "/tickets/TW-2012?done=unmerged"
    assert world.done == [("unmerge", command, {"since": "return"})]


async def test_refused_unmerge_keeps_the_choice_on_the_page_of_the_target(
    browser: httpx.AsyncClient, world: World
) -> None:
    world.refusal = refuse("forbidden", title="You may not", status=403, detail="It needs the right ticket.merge.")
    page = await browser.post("/tickets/TW-2012/unmerge", data={"command": "c", "since": "return"})
    assert page.status_code == 403
    assert "Two juicers, one blown fuse" in page.text
    assert 'value="return" checked' in page.text
    assert page.text.count('id="problem"') == 1


async def test_old_address_leads_to_the_target_and_says_so(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/tickets/TW-2012")
    assert answer.headers["location"] == "/tickets/TW-2050?was=TW-2012"
    assert "TW-2012 was merged into TW-2050; you are there now." in (await browser.get(answer.headers["location"])).text
    assert "was merged into TW-2050" not in (await browser.get(JOINED + "?was=TW-1")).text, "only what is true"


async def test_splitting_asks_which_messages_and_keeps_the_choice(browser: httpx.AsyncClient, world: World) -> None:
    html = (await browser.get("/tickets/TW-2041/split")).text
    assert 'class="pick"' not in (await browser.get("/tickets/TW-2041")).text, "only when splitting is chosen"
    boxes = [box["value"] for box in Reading(html).all("input") if box.get("name") == "message"]
    assert boxes == ["e1", "e4", "e6", "e7"]
    form = {"command": "c", "message": ["e1", "e7"], "subject": "Another", "queue": "billing", "keep": "1"}
    none = await browser.post("/tickets/TW-2041/split", data={**form, "message": []})
    assert (none.status_code, world.done) == (422, [])
    assert 'value="Another"' in none.text
    answer = await browser.post("/tickets/TW-2041/split", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("?done=split")
    asked = {"messages": ["e1", "e7"], "subject": "Another", "queue": "billing", "keep": True}
    assert world.done == [("split", "c", asked)]
    world.refusal = refuse("message-moved", title="The message has moved", status=409, detail="e1 stands elsewhere.")
    refused = await browser.post("/tickets/TW-2041/split", data=form)
    ticked = [
        box["value"] for box in Reading(refused.text).all("input") if box.get("name") == "message" and "checked" in box
    ]
    assert ticked == ["e1", "e7"]


async def test_tree_shows_all_it_depends_on(browser: httpx.AsyncClient) -> None:
    html = (await browser.get(JOINED + "/tree")).text
    assert html.index("TW-2017") < html.index("TW-1970")
    assert "1 ticket that you may not see" in html
    assert "It depends on nothing." in (await browser.get("/tickets/TW-2017/tree")).text


async def test_nothing_is_offered_without_its_right(browser: httpx.AsyncClient, world: World) -> None:
    world.rights = frozenset({"ticket.show"})
    html = (await browser.get(JOINED)).text
    assert [form["action"] for form in Reading(html).all("form")] == ["/language", "/logout"]
    assert "/merge" not in html
    assert "/split" not in html


async def test_hostile_numbers_and_subjects_become_no_markup(browser: httpx.AsyncClient, world: World) -> None:
    hostile = "<img src=x onerror=alert(1)>{{7*191}}"
    world.all["TW-2038"] = replace(TICKETS[1], subject=hostile)
    world.talks["TW-2050"] = [said("j1", TICKETS[1].requesters[0], hostile, 1)]
    for path in (JOINED, "/merge?ticket=TW-2038&ticket=TW-2041", f"/merge?ticket=TW-2041&other={hostile}"):
        reading = Reading((await browser.get(path)).text)
        assert not reading.all("img")
        assert "1337" not in reading.text
