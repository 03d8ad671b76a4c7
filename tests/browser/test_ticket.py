"""Links, merging, splitting and many tickets at once, in a browser, on the real stack."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.flow.stack import Stack

from .conftest import sign_in, window

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def called(stack: Stack, subject: str, requester: str = "anna@example.net") -> str:
    """A ticket that someone opened by telephone."""
    asked = {"queue": "support", "subject": subject, "requesters": [requester], "text": f"About: {subject}"}
    return str((await stack.post("tickets", asked | {"kind": "phone"}))["number"])


async def test_open_dependency_holds_a_ticket_open(browser: Browser, stack: Stack) -> None:
    one, two = [await called(stack, subject) for subject in ("The juicer", "Its spare part")]
    async with window(browser, stack.base_url) as admin:
        page = await admin.open(f"/tickets/{one}")
        await sign_in(page)
        await page.locator("#change-link summary").click()
        await page.get_by_label("Kind of link").select_option("depends_on")
        await page.get_by_label("Number of the other ticket").fill(two.lower())
        await page.locator("#change-link button").click()
        await expect(page.get_by_text("The link is made, on both tickets.")).to_be_visible()
        await expect(page.locator(".held")).to_contain_text("Its spare part")
        await page.locator("#change-status summary").click()
        await page.locator("#change-status select").select_option("resolved")
        await page.locator("#change-status button").click()
        problem = page.locator("#change-status #problem")
        await expect(problem).to_contain_text("Something it depends on is open")
        assert len(admin.wrong) == 1, "the browser reports the refusal, and nothing else"
        admin.wrong.clear()
        await problem.get_by_role("link", name=two).click()
        await expect(page.locator(".links")).to_contain_text("Needed by")
        await page.locator("#change-status summary").click()
        await page.locator("#change-status select").select_option("resolved")
        await page.locator("#change-status button").click()
        await expect(page.get_by_text("The status is set.")).to_be_visible()
        await page.goto(f"{stack.base_url}/tickets/{one}")
        await expect(page.locator(".held")).to_have_count(0)
        await page.locator("#change-status summary").click()
        await page.locator("#change-status select").select_option("resolved")
        await page.locator("#change-status button").click()
        await expect(page.locator("#change-status .status")).to_have_text("resolved")
        await page.get_by_role("link", name="All that it depends on").click()
        await expect(page.locator("#tree")).to_contain_text("Its spare part")


async def test_merging_and_unmerging(browser: Browser, stack: Stack) -> None:
    one, two = await called(stack, "Blown fuse", "ole@example.net"), await called(stack, "No light", "ole@example.net")
    async with window(browser, stack.base_url) as admin:
        page = await admin.open(f"/tickets/{one}")
        await sign_in(page)
        await page.get_by_role("link", name="Merge", exact=True).click()
        await page.get_by_label(two).check()
        await page.get_by_role("button", name="Next: see what happens").click()
        await expect(page.get_by_text(f"Replies on {two} go to the same people as before.")).to_be_visible()
        await page.get_by_role("button", name=f"Merge into {two}").click()
        await expect(page).to_have_url(f"{stack.base_url}/tickets/{two}")
        merged = page.locator(".said", has_text="About: Blown fuse")
        await expect(merged.locator(".whose")).to_contain_text(one)
        await page.goto(f"{stack.base_url}/tickets/{one}")
        await expect(page.get_by_text(f"{one} was merged into {two}; you are there now.")).to_be_visible()
        await page.locator(f"#absorbed-{one} summary").click()
        await page.get_by_label("goes back with it").check()
        await page.get_by_role("button", name=f"Unmerge {one}").click()
        await expect(page).to_have_url(f"{stack.base_url}/tickets/{one}")
        await expect(page.locator("#change-status .status")).to_have_text("new")
        await page.goto(f"{stack.base_url}/tickets/{two}")
        await expect(page.locator(".said")).to_have_count(1)


async def test_splitting_and_undoing_it(browser: Browser, stack: Stack) -> None:
    number = await called(stack, "Two things")
    async with window(browser, stack.base_url) as admin:
        page = await admin.open(f"/tickets/{number}")
        await sign_in(page)
        await page.get_by_role("link", name="Split", exact=True).click()
        await page.locator(".pick", has_text="About: Two things").get_by_role("checkbox").check()
        await page.get_by_label("Subject of the new ticket").fill("The second thing")
        await page.get_by_label("Queue", exact=True).select_option("billing")
        await page.get_by_role("button", name="Split off").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("The second thing")
        await expect(page.locator(".said")).to_contain_text("About: Two things")
        await expect(page.locator(".links")).to_contain_text(number)
        await page.locator("#change-unsplit summary").click()
        await page.get_by_role("button", name="Undo the split").click()
        await expect(page).to_have_url(f"{stack.base_url}/tickets/{number}")
        await expect(page.locator(".said")).to_contain_text("About: Two things")


async def test_each_of_many_tickets_has_its_own_result(browser: Browser, stack: Stack) -> None:
    one, two, three = [await called(stack, f"One of many {n}") for n in range(3)]
    await stack.post(f"tickets/{one}/links", {"type": "depends_on", "target": three})
    async with window(browser, stack.base_url) as admin:
        page = await admin.open("/queues/support")
        await sign_in(page)
        for number in (one, two):
            await page.get_by_label(f"Choose {number}").check()
        await page.get_by_label("Status").select_option("resolved")
        await page.get_by_label("Priority").select_option("90")
        await page.get_by_role("button", name="Change them").click()
        await expect(page.get_by_text("1 ticket is changed.")).to_be_visible()
        refused = page.locator(f"#not-{one}")
        await expect(refused).to_contain_text("Something it depends on is open")
        await expect(refused).to_contain_text("Done before that: Priority")
        await page.get_by_role("link", name="Back to the list").click()
        await expect(page.locator(f"#rows-{two}")).to_have_count(0)
        await expect(page.locator(f"#rows-{one}")).to_be_visible()
