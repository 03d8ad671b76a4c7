"""The way of one mail, seen in a browser, on the real stack."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from playwright.async_api import Browser, FilePayload, expect

from tests.flow.stack import PASSWORD, Stack

from .conftest import sign_in, window

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_mail_is_seen_answered_and_goes_on(browser: Browser, stack: Stack) -> None:
    async with window(browser, stack.base_url) as admin:
        page = await admin.open("/queues/support")
        await sign_in(page)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Support")
        await expect(page.get_by_text("Nothing is open in this queue.")).to_be_visible()
        await page.evaluate("window.here = true")

        # a mail comes in: the list shows it by itself
        asked = stack.send(
            subject="The juicer <b>blinks</b> red", text="Hello,\n\nit blinks.\n\n> quoted\n> lines\n> here"
        )
        link = page.get_by_role("link", name="The juicer <b>blinks</b> red")
        await expect(link).to_be_visible()
        assert await page.evaluate("window.here")
        await link.click()
        await expect(page.locator(".message.customer")).to_contain_text("it blinks.")
        await expect(page.locator(".message.customer blockquote")).to_be_hidden()
        number = page.url.rpartition("/")[2]

        # a note, unmistakable
        await page.keyboard.press("n")
        await page.keyboard.type("Third one this week.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".message.note")).to_contain_text("Internal note")
        await expect(page.locator(".message.note")).to_contain_text("Third one this week.")

        # the reply, to whom it says
        await expect(page.locator(".recipients summary").first).to_have_text("To anna@example.net")
        await page.locator("#reply-text").fill("Dear Ms Berg,\n\nplease leave it off.")
        await page.locator("[name=then_status]").select_option("pending")
        await page.get_by_role("button", name="Send reply").click()
        await expect(page.locator(".message.agent")).to_contain_text("please leave it off.")
        await expect(page.locator("#change-status .status")).to_have_text("pending")
        sent = await stack.until(
            lambda: [mail for mail in stack.mails_to("anna@example.net") if "leave it off" in body(mail)]
        )
        assert sent[0]["In-Reply-To"] == asked
        assert f"[{number}]" in sent[0]["Subject"]
        assert "Third one this week" not in body(sent[0])

        # the customer answers: it arrives while the next reply is being written
        await page.evaluate("window.here = true")
        await page.locator("#reply-text").fill("One more thing")
        stack.send(
            subject=f"Re: [{number}] The juicer", text="It is off.", headers={"In-Reply-To": sent[0]["Message-ID"]}
        )
        await expect(page.locator(".message.customer").last).to_contain_text("It is off.")
        await expect(page.locator("#change-status .status")).to_have_text("open")
        assert await page.evaluate("window.here")
        assert await page.locator("#reply-text").input_value() == "One more thing"


async def test_facts_change_and_stay(browser: Browser, stack: Stack) -> None:
    called = {"queue": "billing", "subject": "Twice charged", "requesters": ["t@example.net"], "text": "He called"}
    number = (await stack.post("tickets", called | {"kind": "phone"}))["number"]
    async with window(browser, stack.base_url) as admin:
        page = await admin.open(f"/tickets/{number}")
        await sign_in(page)
        await page.get_by_role("button", name="Take").click()
        await expect(page.locator("#change-owner")).to_contain_text("Administrator")
        await page.locator("#change-priority summary").click()
        await page.locator("#change-priority select").select_option("90")
        await page.locator("#change-priority button").click()
        await expect(page.locator("#change-priority summary")).to_contain_text("very high")
        await page.goto(stack.base_url + "/")
        await expect(page.locator("#mine-rows")).to_contain_text("Twice charged")
    ticket = await stack.get(f"tickets/{number}")
    assert (ticket["owner"]["login"], ticket["priority"]) == ("admin", 90)


async def test_new_ticket_by_hand(browser: Browser, stack: Stack) -> None:
    async with window(browser, stack.base_url, locale="de-DE") as admin:
        page = await admin.open("/new?queue=billing")
        await page.get_by_label("Anmeldename").fill("admin")
        await page.get_by_label("Passwort").fill(PASSWORD)
        await page.get_by_role("button", name="Anmelden").click()
        await page.get_by_label("Ich schreibe an einen Kunden").check()
        await page.get_by_label("E-Mail-Adresse").fill("ole@example.net")
        await page.get_by_label("Betreff").fill("Ihre Rechnung")
        await page.get_by_label("Text", exact=True).fill("Guten Tag,\n\nsie liegt bei.")
        bill = FilePayload(name="Rechnung.txt", mimeType="text/plain", buffer=b"42 EUR")
        await page.get_by_label("Anhänge").set_input_files(bill)
        await page.get_by_role("button", name="Ticket eröffnen").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Ihre Rechnung")
        async with page.expect_download() as saved:
            await page.get_by_role("link", name="Rechnung.txt").click()
        assert (await (await saved.value).path()).read_bytes() == b"42 EUR"
    (mail,) = await stack.until(lambda: stack.mails_to("ole@example.net"))
    assert "sie liegt bei." in body(mail)
    assert [part.get_filename() for part in mail.iter_attachments()] == ["Rechnung.txt"]


def body(mail: EmailMessage) -> str:
    """The text of a mail."""
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""
