"""One's own profile: what everyone changes of themselves, and that a password is changed by who knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.gateway.views import COOKIE

from .house import PASSWORD, House, house_on
from .test_pages_admin import asker, browser, done, refusal, said, sent, signs_in


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """The real stores, with tickets' real decisions behind them."""
    async with house_on(mongo_url, database_name) as house:
        yield house


@pytest.fixture
async def mara(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An agent without any right of administration, in German."""
    async with await browser(house, "mara", ticket_show="all") as client:
        yield client


async def test_everyone_changes_their_own_name_and_language(mara: httpx.AsyncClient) -> None:
    saved = await sent(mara, "/profile", name="Mara Lindt", language="en", do="save")
    page = await done(mara, saved, "/profile")
    assert said(page) == "Your changes are saved.", "in the language that was just chosen"
    assert 'value="Mara Lindt"' in page.text
    assert "You have no mail address" in page.text
    refused = await sent(mara, "/profile", name="x" * 500, do="save")
    assert refused.status_code == 422
    assert refusal(refused)
    assert (await sent(mara, "/profile", do="nonsense")).status_code == 404


async def test_a_password_is_changed_by_who_knows_the_present_one(house: House, mara: httpx.AsyncClient) -> None:
    async with await house.log_in("mara") as elsewhere:
        wrong = await sent(mara, "/profile", 1, current="not it", password="a better one", do="password")
        assert wrong.status_code == 403
        assert refusal(wrong).startswith("Ihr jetziges Passwort lautet anders")
        assert "not it" not in wrong.text
        assert await signs_in(house, "mara", PASSWORD)
        short = await sent(mara, "/profile", 1, current=PASSWORD, password="short", do="password")
        assert short.status_code == 422
        right = await sent(mara, "/profile", 1, current=PASSWORD, password="a better one", do="password")
        assert said(await done(mara, right, "/profile")).startswith("Ihr Passwort ist geändert.")
        assert (await elsewhere.get("/queues")).status_code == 401, "other sessions have ended"
    assert not await signs_in(house, "mara", PASSWORD)
    assert await signs_in(house, "mara", "a better one")


async def test_whoever_guesses_at_a_browser_left_open_is_stopped(house: House, mara: httpx.AsyncClient) -> None:
    for _ in range(8):
        await sent(mara, "/profile", 1, current="a guess", password="mine from now on", do="password")
    stopped = await sent(mara, "/profile", 1, current=PASSWORD, password="mine from now on", do="password")
    assert stopped.status_code == 429
    assert await signs_in(house, "mara", PASSWORD)


async def test_a_cookie_proves_no_more_by_rest_than_on_pages(house: House, mara: httpx.AsyncClient) -> None:
    assert COOKIE in mara.headers["Cookie"]
    assert (await mara.put("/api/v1/people/mara/password", json={"password": "mine from now on"})).status_code == 403
    async with await house.log_in("mara") as program:
        assert (
            await program.put("/people/mara/password", json={"password": "b" * 9, "current": "no"})
        ).status_code == 403
        assert (await program.put("/people/mara/password", json={"password": "b" * 9})).status_code == 204
    assert await signs_in(house, "mara", "b" * 9)


async def test_whoever_may_administer_people_sets_no_superusers_password(house: House) -> None:
    async with (
        await browser(house, "admin", superuser="all"),
        await browser(house, "people", person_admin="all") as people,
    ):
        refused = await people.put("/api/v1/people/admin/password", json={"password": "mine from now on"})
        assert (refused.status_code, refused.json()["right"]) == (403, "superuser")
        assert (await people.put("/api/v1/people/mara/password", json={"password": "a" * 9})).status_code == 404
    assert await signs_in(house, "admin", PASSWORD)


async def test_the_administrators_page_of_oneself_leads_to_the_profile(house: House) -> None:
    async with await browser(house, "admin", superuser="all") as admin:
        me = await house.views.administration.person(await asker(house, "admin"), "admin")
        page = await admin.get(f"/admin/people/{me.id.removeprefix('person/')}")
        assert 'href="/profile"' in page.text
        assert 'value="password"' not in page.text
