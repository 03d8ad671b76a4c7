"""A browser for the tests, what it must never report, and the system that some of them look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.flow.stack import PASSWORD, Stack

NARROW = (390, 844)
WIDE = (1280, 860)

REPORTS_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


def chromium() -> str:
    """Where the browser lies: named, or the system's."""
    found = os.environ.get("TICKETWIRE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "The browser tests need Chromium: make setup-tests"
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for a module."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(mongo_url: str, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The whole system, ready, with its queues."""
    running = Stack(mongo_url, broker_url, tmp_path_factory.mktemp("stack"))
    try:
        await running.start()
        await running.make_queues()
        yield running
    finally:
        await running.stop()


@dataclass
class Window:
    """A person's browser: its pages share cookies, and whatever goes wrong in any of them is kept."""

    context: BrowserContext
    base_url: str
    wrong: list[str] = field(default_factory=list)

    async def open(self, path: str = "/") -> Page:
        """A tab."""
        page = await self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        await page.goto(self.base_url + path)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text} {message.location.get('url', '')}")


@asynccontextmanager
async def window(browser: Browser, base_url: str, **options: Any) -> AsyncIterator[Window]:
    """A window of its own; nothing may have gone wrong in it by its end."""
    options = {"viewport": {"width": WIDE[0], "height": WIDE[1]}, "locale": "en-GB", **options}
    context = await browser.new_context(**options)
    await context.add_init_script(REPORTS_VIOLATIONS)
    context.set_default_timeout(15_000)
    opened = Window(context, base_url)
    try:
        yield opened
        assert opened.wrong == []
    finally:
        await context.close()


async def sign_in(page: Page) -> None:
    """As the administrator."""
    await page.get_by_label("Login").fill("admin")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
