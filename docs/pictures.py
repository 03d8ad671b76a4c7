"""Takes the pictures of the documents, from a running system with its demo data.

    python docs/pictures.py --login admin --password … [--url http://127.0.0.1:8080] [--all FOLDER]

Writes ``docs/images/ticket.png`` and ``docs/images/dashboard.png``; with ``--all`` also every page at 1280 and
390 pixels, light and dark, into a folder, to be looked at.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SIZES = {1280: 800, 390: 844}
PAGES = {
    "dashboard": "/",
    "queue": "/queues/support",
    "all": "/queues/support?status=all",
    "mine": "/tickets?owner=me",
    "unowned": "/tickets?owner=none",
    "new": "/new",
    "missing": "/tickets/TW-0",
    "profile": "/profile",
    "queues": "/admin/queues",
    "lifecycle": "/admin/lifecycles/default",
    "people": "/admin/people",
    "group": "/admin/groups/service-desk",
    "rights": "/admin/rights",
    "audit": "/admin/audit",
    "explain": "/admin/explain?person=anna&right=ticket.reply&scope=queue:support",
}


def main() -> None:
    """Signs in and takes them."""
    arguments = asked()
    path = os.environ.get("TICKETWIRE_TEST_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        IMAGES.mkdir(exist_ok=True)
        page = opened(browser, arguments, 1280, "light")
        ticket = talked_most(page, arguments.url)
        for name, address in {"dashboard": "/", "ticket": ticket}.items():
            page.goto(arguments.url + address)
            page.screenshot(path=IMAGES / f"{name}.png")
        if arguments.all:
            everything(browser, arguments, ticket)
        browser.close()


def everything(browser: Browser, arguments: argparse.Namespace, ticket: str) -> None:
    """Every page, in both widths and both themes."""
    arguments.all.mkdir(parents=True, exist_ok=True)
    for width, scheme in itertools.product(SIZES, ("light", "dark")):
        page = opened(browser, arguments, width, scheme)
        of_ticket = {"ticket": ticket, **{name: f"{ticket}/{name}" for name in ("history", "tree", "merge", "split")}}
        for name, address in {**PAGES, **of_ticket, "past": in_the_middle(page, arguments.url, ticket)}.items():
            page.goto(arguments.url + address)
            page.screenshot(path=arguments.all / f"{name}-{width}-{scheme}.png", full_page=True)
        page.goto(arguments.url + ticket)
        page.keyboard.press("n")
        page.screenshot(path=arguments.all / f"note-{width}-{scheme}.png")
        if width == 390:
            page.locator(".menu").click()
            page.screenshot(path=arguments.all / f"menu-{width}-{scheme}.png")
        page.context.clear_cookies()
        page.goto(arguments.url + "/login")
        page.screenshot(path=arguments.all / f"login-{width}-{scheme}.png")


def opened(browser: Browser, arguments: argparse.Namespace, width: int, scheme: str) -> Page:
    """A window of that kind, signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=arguments.language,
    )
    page = context.new_page()
    page.goto(arguments.url + "/login")
    page.locator("#login").fill(arguments.login)
    page.locator("#password").fill(arguments.password)
    page.locator(".primary").click()
    page.wait_for_url(arguments.url + "/")
    return page


def talked_most(page: Page, url: str) -> str:
    """The address of the ticket with the most messages: there is most to see on it."""
    found = page.request.get(url + "/api/v1/tickets?status=all&limit=200").json()["items"]
    return f"/tickets/{max(found, key=lambda ticket: ticket['messages'])['number']}"


def in_the_middle(page: Page, url: str, ticket: str) -> str:
    """The ticket as it was after half of its changes."""
    changes = page.request.get(f"{url}/api/v1{ticket}/history?limit=500").json()["items"]
    return f"{ticket}?{urlencode({'at': changes[len(changes) // 2]['at']})}"


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Takes the pictures of the documents.")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", required=True)
    parser.add_argument("--language", default="en-GB")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
