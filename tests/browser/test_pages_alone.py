"""What only a browser can tell of the pages: access for everyone, layout, keys, live updates that disturb nobody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from services.gateway.pages.rendering import exactly
from services.gateway.views import refuse
from services.gateway.views.shapes import Ticket
from tests.gateway.pages_world import ANNA, OSKAR, ago, said
from tests.gateway.town import Town

from .conftest import NARROW, WIDE, Window, window
from .house import House, marked, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = ["/", "/queues/support", "/queues/operations", "/tickets?owner=me", "/tickets/TW-2041", "/new", "/profile"]
PATHS += ["/tickets/TW-2050?was=TW-2012", "/tickets/TW-2050/tree", "/tickets/TW-2050/split"]
PATHS += [
    "/tickets/TW-2041/history",
    "/tickets/TW-2041/history?kind=privacy&person=nobody",
    f"/tickets/TW-2041?at={exactly(ago(30))}",
    "/tickets/TW-1990",
]
PATHS += ["/tickets/TW-2041/merge", "/merge?ticket=TW-2041&ticket=TW-2050", "/merge?ticket=TW-2041&into=TW-2038"]
ADMIN = [
    "/admin/queues",
    "/admin/queues/support",
    "/admin/new/queue",
    "/admin/lifecycles",
    "/admin/lifecycles/bench",
    "/admin/new/lifecycle",
    "/admin/people",
    "/admin/people/oskar",
    "/admin/people/anna",
    "/admin/new/person",
    "/admin/people/anna/join?into=ole@example.net",
    "/admin/groups",
    "/admin/groups/field",
    "/admin/new/group",
    "/admin/groups/field/change?change=add_member&member=person:jo",
    "/admin/rights",
    "/admin/rights/change?change=give_right&right=no.right&grantee=group:north&scope=all",
    "/admin/explain?person=oskar&right=ticket.reply&scope=queue:support",
    "/admin/explain?person=oskar&right=ticket.close&scope=queue:billing",
    "/admin/audit",
    "/admin/audit?kind=policy&thing=support&person=nobody",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest_asyncio.fixture(loop_scope="module")
async def house() -> AsyncIterator[House]:
    async with served(House()) as open_house:
        yield open_house


@pytest_asyncio.fixture(loop_scope="module")
async def town_hall() -> AsyncIterator[House]:
    """The same with Mara as an administrator."""
    async with served(House(town=Town())) as open_house:
        yield open_house


@pytest_asyncio.fixture(loop_scope="module")
async def mara(browser: Browser, house: House) -> AsyncIterator[Window]:
    """Mara's browser; she is signed in."""
    async with window(browser, house.base_url) as opened:
        await opened.context.add_cookies(marked(house))  # type: ignore[arg-type]
        yield opened


async def violations(page: Page) -> list[Any]:
    """What axe finds against WCAG 2.2 AA, and against good practice."""
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    await page.evaluate(axe)
    found: list[Any] = await page.evaluate(
        "async (rules) => (await axe.run({runOnly: rules})).violations.map(v => [v.id, v.nodes.map(n => n.html)])",
        RULES,
    )
    return found


# Colours do not depend on the width nor the layout on the scheme, so two of the four show each of both.
@pytest.mark.parametrize(("size", "scheme", "language"), [(WIDE, "light", "en"), (NARROW, "dark", "de")])
async def test_pages_are_for_everyone(
    browser: Browser, house: House, size: tuple[int, int], scheme: Any, language: str
) -> None:
    options = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme, "locale": language}
    async with window(browser, house.base_url, bypass_csp=True, **options) as reader:
        page = await reader.open("/login")
        assert await violations(page) == [], "/login"
        await reader.context.add_cookies(marked(house))  # type: ignore[arg-type]
        for path in PATHS:
            await for_everyone(page, house.base_url + path)
        assert reader.wrong == []
        await for_everyone(page, house.base_url + "/no/such/page")
        reader.wrong.clear()  # the browser's own word on a 404


@pytest.mark.parametrize(("size", "scheme", "language"), [(WIDE, "dark", "en"), (NARROW, "light", "de")])
async def test_administration_is_for_everyone_too(
    browser: Browser, town_hall: House, size: tuple[int, int], scheme: Any, language: str
) -> None:
    options = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme, "locale": language}
    async with window(browser, town_hall.base_url, bypass_csp=True, **options) as reader:
        await reader.context.add_cookies(marked(town_hall))  # type: ignore[arg-type]
        page = await reader.context.new_page()
        for path in ADMIN:
            await for_everyone(page, town_hall.base_url + path)


async def for_everyone(page: Page, address: str) -> None:
    """No violation with everything unfolded, and no page wider than the window."""
    await page.goto(address)
    await page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    assert await violations(page) == [], address
    wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, f"{address} is wider than the window"


async def test_a_transition_is_allowed_with_the_keyboard_alone(browser: Browser, town_hall: House) -> None:
    async with window(browser, town_hall.base_url, java_script_enabled=False) as reader:
        await reader.context.add_cookies(marked(town_hall))  # type: ignore[arg-type]
        page = await reader.open("/admin/lifecycles/bench")
        wanted = page.get_by_role("checkbox", name="from received to done")
        for _ in range(80):
            await page.keyboard.press("Tab")
            focus = page.locator(":focus")
            assert await focus.evaluate("(here) => getComputedStyle(here).outlineStyle") != "none"
            if await wanted.evaluate("(box) => box === document.activeElement"):
                break
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page.locator(".said-so")).to_have_text("Your changes are saved.")
    town = town_hall.town
    assert town is not None
    sent = town.asked[-1].model_dump()
    assert {"before": "received", "after": "done", "right": None} in sent["transitions"]
    assert {"before": "open", "after": "done", "right": "ticket.assign"} in sent["transitions"]
    assert sent["maps"] == {"default": {"received": "new", "done": "resolved"}}


async def test_message_arrives_without_reload_and_disturbs_nobody(mara: Window, house: House) -> None:
    page = await mara.open("/tickets/TW-2041")
    await page.locator("summary", has_text="Show quoted text").click()
    await page.locator("#reply-text").fill("Dear Ms Berg, a new ")
    await page.locator("#reply-text").press("ArrowLeft")
    before = await page.locator("#reply-text").evaluate("(box) => [box.value, box.selectionStart]")
    await page.evaluate("window.here = true")

    house.says(said("e9", ANNA, "Any news?", 0))
    await expect(page.locator("#m-e9 .message")).to_contain_text("Any news?")
    assert await page.evaluate("window.here"), "the page was not loaded again"
    assert await page.locator("#reply-text").evaluate("(box) => [box.value, box.selectionStart]") == before
    assert await page.evaluate("document.activeElement.id") == "reply-text"
    assert await page.locator(".quote[open]").count() == 1
    await expect(page.locator("#news")).to_have_text("Something new arrived")


async def test_facts_change_under_the_reader_but_not_under_their_hand(mara: Window, house: House) -> None:
    page = await mara.open("/tickets/TW-2041")
    await page.locator("#change-priority summary").click()
    await page.locator("[name=priority]").select_option("10")
    house.all["TW-2041"] = replaced(house, priority=50, owner=OSKAR)
    house.tell()
    await expect(page.locator("#change-owner")).to_contain_text("Oskar Sund")
    assert await page.locator("[name=priority]").input_value() == "10"
    await expect(page.locator("#change-priority summary")).to_contain_text("normal")


def replaced(house: House, **changed: Any) -> Ticket:
    """The ticket on the table, changed."""
    return replace(house.all["TW-2041"], **changed)


async def test_lists_are_live_and_keep_the_place(mara: Window, house: House) -> None:
    page = await mara.open("/queues/support")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.textContent") == "Invoice 7781 charged twice"
    house.all = {"TW-1": replaced(house, number="TW-1", subject="Brand new"), **house.all}
    house.tell("TW-1")
    await expect(page.locator("#rows-TW-1")).to_be_visible()
    assert await page.evaluate("document.activeElement.textContent") == "Invoice 7781 charged twice"
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(house.base_url + "/tickets/TW-2041")


async def test_one_stream_for_all_tabs(mara: Window, house: House) -> None:
    first = await mara.open("/tickets/TW-2041")
    second = await mara.open("/tickets/TW-2041")
    await expect(second.locator("#talk")).to_be_visible()
    await first.wait_for_timeout(300)
    assert (house.streams, len(house.listeners)) == (1, 1)
    house.says(said("e9", ANNA, "Any news?", 0))
    for tab in (first, second):
        await tab.bring_to_front()
        await expect(tab.locator("#m-e9")).to_be_visible()
    await first.close()
    await second.wait_for_timeout(500)
    house.says(said("e10", ANNA, "Hello?", 0))
    await expect(second.locator("#m-e10")).to_be_visible()
    assert house.streams == 2


async def test_keys_open_the_right_box(mara: Window) -> None:
    page = await mara.open("/tickets/TW-2041")
    await page.keyboard.press("n")
    assert await page.evaluate("document.activeElement.id") == "note-text"
    await page.keyboard.type("rn")
    assert await page.locator("#note-text").input_value() == "rn", "keys are letters while one types"
    await expect(page.locator("#reply-text")).to_be_hidden()


async def test_note_looks_the_same_where_it_is_written_and_where_it_stands(mara: Window) -> None:
    page = await mara.open("/tickets/TW-2041")
    ground = "(element) => getComputedStyle(element).backgroundColor"
    note, reply = (
        await page.locator(".message.note").evaluate(ground),
        await page.locator(".message.agent").evaluate(ground),
    )
    assert await page.locator("#answer").evaluate(ground) != note
    await page.locator("label", has_text="Internal note").click()
    assert await page.locator("#answer").evaluate(ground) == note != reply
    await expect(page.get_by_text("Only agents see it")).to_be_visible()
    await expect(page.get_by_role("button", name="Send reply")).to_be_hidden()


async def test_recipients_are_told_while_they_are_chosen(mara: Window, house: House) -> None:
    page = await mara.open("/tickets/TW-2041")
    summary = page.locator(".recipients summary").first
    await expect(summary).to_have_text("To anna@example.net and 1 more")
    await summary.click()
    await page.locator("[name=cc][value='ole@example.net']").uncheck()
    await expect(summary).to_have_text("To anna@example.net")
    await page.locator("[name=to][value='anna@example.net']").uncheck()
    await expect(summary).to_have_text("To nobody: choose a recipient")
    await page.locator("[name=also]").fill("boss@example.net")
    await page.locator("#reply-text").fill("Hello")
    await expect(summary).to_have_text("To boss@example.net")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".said-so")).to_have_text("Your reply is on its way.")
    assert house.done[0][2]["to"] == ["boss@example.net"]
    await expect(page).not_to_have_url(re.compile("done"))


@pytest.mark.parametrize("scripts", [True, False])
async def test_everything_works_without_scripts(browser: Browser, house: House, scripts: bool) -> None:
    size = {"width": NARROW[0], "height": NARROW[1]}
    async with window(browser, house.base_url, java_script_enabled=scripts, viewport=size) as reader:
        page = await reader.open("/")
        await page.get_by_label("Login").fill("mara")
        await page.get_by_label("Password").fill("right")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("button", name="Menu", exact=True).click()
        await page.locator("#queue-counts").get_by_role("link", name="Support").click()
        await page.get_by_role("link", name="Multi Juicer").click()
        await page.locator("label", has_text="Internal note").click()
        await page.get_by_role("textbox", name="Internal note").fill("psst")
        await page.get_by_role("button", name="Add note").click()
        await expect(page.get_by_text("Your note stands below.")).to_be_visible()
        await page.get_by_label("Change the status").click()
        await page.get_by_label("Status", exact=True).select_option("resolved")
        await page.locator("#change-status button").click()
        await expect(page.get_by_text("The status is set.")).to_be_visible()
    assert [what for what, _, _ in house.done] == ["note", "status"]
    assert house.done[1][2] == {"status": "resolved", "if_version": 1}


async def test_impatient_double_click_sends_one_command(mara: Window, house: House) -> None:
    page = await mara.open("/tickets/TW-2041")
    await page.locator("#reply-text").fill("Hello")
    await page.get_by_role("button", name="Send reply").dblclick()
    await expect(page.locator(".said-so")).to_be_visible()
    assert len({command for _, command, _ in house.done}) == 1


async def test_an_answer_lost_on_the_way_is_sent_again_as_the_same_command(mara: Window, house: House) -> None:
    page = await mara.open("/tickets/TW-2041")
    done = len(house.done)
    losing = True

    async def lose(route: Route) -> None:
        nonlocal losing
        if losing and route.request.method == "POST":
            losing = False
            await route.fetch(max_redirects=0)
            await route.fulfill(status=502, content_type="text/html", body="<title>Bad gateway</title>")
        else:
            await route.continue_()

    await page.route("**/*", lose)
    await page.keyboard.press("r")
    await page.locator("form.as-reply textarea").fill("Dear Anna,\nit is on its way.")
    await page.locator("form.as-reply [name=then_status]").select_option("resolved")
    await page.locator("form.as-reply button.primary").click()
    await expect(page).to_have_title("Bad gateway")
    statuses, house.statuses = house.statuses, ["open"]  # it was done: what was chosen is offered no more
    await page.go_back()
    await expect(page.locator("form.as-reply textarea")).to_have_value("Dear Anna,\nit is on its way.")
    await page.locator("form.as-reply button.primary").click()
    await expect(page.get_by_text("Your reply is on its way.")).to_be_visible()
    first, again = house.done[done:]
    assert first == again
    await expect(page).to_have_url(re.compile("/tickets/TW-2041#end$"))  # the script has seen the answer
    assert await page.evaluate("sessionStorage.length") == 0, "what was answered is kept no longer"
    house.statuses = statuses
    mara.wrong.clear()  # the browser says that an answer was 502


async def test_forward_looks_like_neither_reply_nor_note(mara: Window) -> None:
    page = await mara.open("/tickets/TW-2050")
    ground = "(element) => getComputedStyle(element).backgroundColor"
    forward, answer = page.locator(".message.forward"), page.locator("#answer")
    grounds = {await answer.evaluate(ground)}
    await page.keyboard.press("n")
    grounds.add(await answer.evaluate(ground))
    await page.keyboard.press("Escape")
    await page.locator("#answer label", has_text="Forward").first.click()
    assert await answer.evaluate(ground) == await forward.evaluate(ground)
    assert await answer.evaluate(ground) not in grounds
    await expect(page.get_by_text("What they answer comes back internal.")).to_be_visible()
    await expect(page.get_by_role("button", name="Send reply")).to_be_hidden()


async def test_bar_for_many_shows_itself_when_a_ticket_is_ticked_by_keys(mara: Window, house: House) -> None:
    page = await mara.open("/queues/support")
    await expect(page.locator(".bulkbar")).to_be_hidden()
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.locator(".bulkbar")).to_be_visible()
    await page.get_by_label("Status").select_option("resolved")
    await page.get_by_role("button", name="Change them").click()
    await expect(page.get_by_text("2 tickets are changed.")).to_be_visible()
    assert house.done[0][2]["numbers"] == ["TW-2041", "TW-2038"]


async def test_refusal_is_reached_at_its_form(mara: Window, house: House) -> None:
    house.refusal = refuse(
        "dependencies-open", title="Something it depends on is open", status=409, dependencies=["TW-2017"], hidden=0
    )
    page = await mara.open("/tickets/TW-2050")
    await page.keyboard.press("s")
    await page.locator("#change-status select").select_option("resolved")
    mara.wrong.clear()
    await page.locator("#change-status button").click()
    await expect(page.locator("#change-status #problem")).to_be_focused()
    assert await page.locator("#change-status select").input_value() == "resolved"
    mara.wrong.clear()  # the browser reports the 409 itself


@pytest.mark.parametrize("scripts", [True, False])
async def test_time_to_wait_until_is_asked_only_of_what_waits(browser: Browser, house: House, scripts: bool) -> None:
    async with window(browser, house.base_url, java_script_enabled=scripts) as reader:
        await reader.context.add_cookies(marked(house))  # type: ignore[arg-type]
        page = await reader.open("/tickets/TW-2041")
        await page.get_by_label("Change the status").click()
        until = page.locator("#change-status [name=until]")
        await page.get_by_label("Status", exact=True).select_option("resolved")
        await expect(until).to_be_hidden()
        await page.get_by_label("Status", exact=True).select_option("pending")
        await until.fill("2099-01-02T09:30")
        await page.locator("#change-status button").click()
        await expect(page.get_by_text("The status is set.")).to_be_visible()
        page = await reader.open("/queues/support")
        await page.locator("[name=ticket]").first.check()
        bar = page.locator(".bulkbar")
        await expect(bar.locator("[name=until]")).to_be_hidden()
        await bar.locator("[name=status]").select_option("stalled")
        await expect(bar.locator("[name=until]")).to_be_visible()
        await bar.locator("summary").click()
        await bar.get_by_label("Put on tags").fill("recall")
        await bar.get_by_label("Internal note on each").fill("All of one batch.")
        await bar.get_by_role("button", name="Change them").click()
        await expect(page.get_by_text("1 ticket is changed.")).to_be_visible()
    assert house.done[0][2]["until"].year == 2099
    assert house.done[1][2]["change"].parts == {"status", "tags", "note"}


async def test_past_stays_as_it_is_while_things_happen_and_leads_back_to_now(mara: Window, house: House) -> None:
    page = await mara.open("/tickets/TW-2041")
    await page.get_by_role("link", name="History").click()
    await page.locator("#v5").get_by_role("link", name="Ticket at this time").click()
    banner = page.get_by_role("region", name="Shown at a past time")
    await expect(banner).to_contain_text("As it was on")
    asked = len(house.log.asked)
    house.says(said("e9", ANNA, "Any news?", 0))
    await page.wait_for_timeout(1500)
    assert len(house.log.asked) == asked, "nothing was fetched again"
    await banner.get_by_role("link", name="Later").click()
    await banner.get_by_role("link", name="Earlier").click()
    await page.keyboard.press("r")
    await expect(page.locator("textarea")).to_have_count(0)
    await page.mouse.wheel(0, 4000)
    await expect(banner).to_be_in_viewport()
    await banner.get_by_role("link", name="Go to now").click()
    await expect(page.locator("#m-e9")).to_be_visible()


@pytest.mark.parametrize(("scripts", "size"), [(True, WIDE), (False, NARROW)])
async def test_what_was_written_when_the_session_ended_goes_with_a_click_after_signing_in(
    browser: Browser, house: House, scripts: bool, size: tuple[int, int]
) -> None:
    view = {"width": size[0], "height": size[1]}
    async with window(browser, house.base_url, java_script_enabled=scripts, viewport=view, bypass_csp=True) as reader:
        await reader.context.add_cookies(marked(house))  # type: ignore[arg-type]
        page = await reader.open("/tickets/TW-2041")
        await page.locator("#reply-text").fill("Dear Anna,\n\nyes.")
        await reader.context.clear_cookies(name="ticketwire_session")
        await page.get_by_role("button", name="Send reply").click()
        await expect(page.get_by_text("You have been signed out")).to_be_visible()
        assert not scripts or await violations(page) == []
        await page.get_by_label("Login").fill("mara")
        await page.get_by_label("Password").fill("right")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_label("Text")).to_have_value("Dear Anna,\n\nyes.")
        assert not scripts or await violations(page) == []
        assert house.done == [], "nothing is sent by itself"
        await page.get_by_role("button", name="Send it now").click()
        await expect(page.get_by_text("Your reply is on its way.")).to_be_visible()
        reader.wrong.clear()  # the browser's own word on a 401
    assert [(what, asked["text"]) for what, _, asked in house.done] == [("reply", "Dear Anna,\n\nyes.")]


async def test_too_much_is_answered_with_what_was_written(mara: Window, house: House, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(70_000_000)
    page = await mara.open("/tickets/TW-2041")
    await page.locator("#reply-text").fill("Here is the film.")
    await page.locator(".as-reply input[type=file]").set_input_files(film)
    await page.get_by_role("button", name="Send reply").click()
    await expect(page.get_by_text("At most 64 MB go at once.")).to_be_visible()
    await expect(page.locator("#reply-text")).to_have_value("Here is the film.")
    assert house.done == []
    mara.wrong.clear()  # the browser's own word on a 413
