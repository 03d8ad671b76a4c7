"""What comes in: never more than it may, and never lost where someone wrote it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio

from services.gateway.api import front
from services.gateway.api.guard import Guard
from services.gateway.api.limits import CARRIED, DOOR, FORM, JSON, UPLOAD
from services.gateway.pages import pages, say_on_a_page
from services.gateway.pages.carried import MOST, Carried, unpacked
from services.gateway.views.files import MAX_BYTES
from ticketwire_chassis.mongo import PyMongoError

from .pages_world import World

HERE = {"Sec-Fetch-Site": "same-origin"}
ABROAD = {"Sec-Fetch-Site": "cross-site"}
TEXT = 'Dear Anna,\r\n\r\n<b>yes</b> & "no" – ü'
REPLY = {"command": "c1", "text": TEXT, "to": ["anna@example.net", "ole@example.net"], "then_status": "pending"}


@pytest.fixture
def world() -> World:
    return World()


@pytest_asyncio.fixture
async def stranger(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which nobody is signed in, at the whole gateway."""
    app = front(world.views, cast(Any, None), pages(world.views), say=say_on_a_page())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=HERE) as client:
        yield client


@pytest.fixture
def browser(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same, signed in as Mara."""
    stranger.cookies.set("ticketwire_session", "mara's", domain="test.local")
    return stranger


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """A body of so many octets."""
    for start in range(0, size, 64_000):
        yield b"1," * (min(64_000, size - start) // 2)


def hidden_of(page: str) -> dict[str, list[str]]:
    """The hidden fields of a page, and its text, as a browser would send them."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page):
        found.setdefault(name, []).append(unescape(value))
    for text in re.findall(r'<textarea id="text"[^>]*>\n?([^<]*)</textarea>', page):
        found["text"] = [unescape(text)]
    return found


# ------------------------------------------------------------------------------------------------- how much


@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [
        ("/api/v1/sessions", "application/json", DOOR),
        ("/api/v1/people", "application/json", JSON),
        ("/login", "application/x-www-form-urlencoded", CARRIED),
        ("/language", "application/x-www-form-urlencoded", DOOR),
        ("/api/v1/tickets/TW-2041/attachments", "text/plain", UPLOAD),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
async def test_what_is_too_large_is_refused_and_not_kept(
    browser: httpx.AsyncClient, path: str, kind: str, most: int, declared: bool
) -> None:
    headers = {"Content-Type": kind} | ({"Content-Length": str(most + 1_000_000)} if declared else {})
    answer = await browser.post(path, content=in_pieces(most + 1_000_000), headers=headers)
    assert answer.status_code == 413
    if path.startswith("/api"):
        assert answer.json()["title"] in ("Too large", "The file is too large")
        assert "At most" in answer.json()["detail"]
    else:
        assert answer.headers["content-type"].startswith("text/html")


async def test_no_more_than_the_limit_reaches_the_inside(world: World) -> None:
    taken = 0

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        nonlocal taken
        while True:
            taken += len((await receive())["body"])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 64_000, "more_body": True}

    scope = {"type": "http", "method": "POST", "path": "/api/v1/people", "headers": []}
    with pytest.raises(Exception, match="413"):
        await Guard(inside)(scope, receive, cast(Any, None))
    assert JSON - 64_000 < taken <= JSON


@pytest.mark.parametrize("language", ["en", "de"])
async def test_too_large_a_form_reads_like_a_page(stranger: httpx.AsyncClient, language: str) -> None:
    answer = await stranger.post(
        "/language", content=b"language=" + b"x" * DOOR, headers={"Accept-Language": language,
        "Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert answer.status_code == 413
    assert ("Zu groß" if language == "de" else "Too large") in answer.text
    assert ("höchstens 64 kB" if language == "de" else "At most 64 kB") in answer.text


async def test_no_files_at_the_door(stranger: httpx.AsyncClient) -> None:
    for path in ("/login", "/language"):
        answer = await stranger.post(path, data={"login": "mara"}, files={"f": b"x"})
        assert answer.status_code == 400
        assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([("files", (f"{n}.txt", b"x")) for n in range(21)], "At most 20 files go with it."),
        ([("files", (f"{n}.txt", b"x" * MAX_BYTES)) for n in range(1 + FORM // MAX_BYTES)], "At most 64 MB go at once"),
    ],
)
async def test_too_many_files_and_the_text_is_kept(
    browser: httpx.AsyncClient, world: World, files: Any, reason: str
) -> None:
    answer = await browser.post("/tickets/TW-2041/reply", data=REPLY, files=files)
    assert answer.status_code == 413
    assert reason in answer.text
    assert "&lt;b&gt;yes&lt;/b&gt;" in answer.text
    assert world.done == []
    opened = await browser.post("/new", data={"command": "c", "subject": "Lid", "text": TEXT}, files=files)
    assert opened.status_code == 413
    assert 'value="Lid"' in opened.text
    assert reason in opened.text


async def test_a_text_without_end_is_refused_in_the_frame(browser: httpx.AsyncClient, world: World) -> None:
    long = await browser.post("/tickets/TW-2041/reply", data={"command": "c", "to": "a@b", "text": "x" * 4_100_000},
                              files={"files": b""})  # fmt: skip
    assert long.status_code == 413
    assert "A text in the form is too long." in long.text
    due = await browser.post("/tickets/TW-2041/due", data={"command": "c", "due": "x" * 4_100_000})
    assert due.status_code == 413
    assert "A text in the form is too long." in due.text
    assert world.done == []


# ------------------------------------------------------------------------------------------------- no raw JSON


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_page_that_is_not_there_is_a_page(stranger: httpx.AsyncClient, language: str) -> None:
    for answer in (
        await stranger.get("/no/such/page", headers={"Accept-Language": language}),
        await stranger.get("/static/x/none.css", headers={"Accept-Language": language}),
        await stranger.put("/new", headers={"Accept-Language": language}),
    ):
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-language"] == language
        assert ("Zur" in answer.text) == (language == "de")
    assert (await stranger.get("/api/v1/none")).json()["status"] == 404


@pytest.mark.parametrize("error", [PyMongoError("away"), ValueError("a mistake")])
async def test_what_was_typed_survives_when_it_fails(
    browser: httpx.AsyncClient, world: World, error: Exception
) -> None:
    world.refusal = error
    failed = await browser.post("/tickets/TW-2041/reply", data=REPLY, files={"files": ("a.txt", b"a")})
    assert failed.status_code == (503 if isinstance(error, PyMongoError) else 500)
    assert failed.headers["content-type"].startswith("text/html")
    assert 'action="/tickets/TW-2041/reply"' in failed.text
    assert "Files have to be chosen again." in failed.text
    world.refusal = None
    again = await browser.post("/tickets/TW-2041/reply", data=hidden_of(failed.text), files={"files": b""})
    assert again.status_code == 303
    assert world.done[-1][2]["to"] == REPLY["to"]
    assert world.done[-1][2]["text"] == TEXT.replace("\r\n", "\n")


async def test_what_was_typed_survives_when_nobody_can_be_known(
    browser: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise PyMongoError("away")

    monkeypatch.setattr(world, "asker", away)
    failed = await browser.post("/tickets/TW-2041/note", data={"command": "c", "text": TEXT}, files={"files": b""})
    assert failed.status_code == 503
    assert hidden_of(failed.text) == {"command": ["c"], "text": [TEXT]}
    assert "Only agents see it." in failed.text
    many = await browser.post("/bulk", data={"command": "c", "ticket": ["TW-2041"], "note": "look at it"})
    assert "look at it</textarea>" in many.text
    assert "Only agents see it." in many.text
    plain = await browser.get("/tickets/TW-2041")
    assert (plain.status_code, "<form" in plain.text) == (503, False)
    secret = await browser.post("/profile", data={"do": "password", "current": "old secret", "password": "new secret"})
    assert "secret" not in secret.text


# ------------------------------------------------------------------------------------------- signed out meanwhile


async def test_what_was_sent_after_the_session_ended_is_shown_again_and_sent_by_a_click(
    stranger: httpx.AsyncClient, world: World
) -> None:
    out = await stranger.post("/tickets/TW-2041/reply", data=REPLY, files={"files": ("a.txt", b"a")})
    assert out.status_code == 401
    assert "You have been signed out" in out.text
    door = hidden_of(out.text)
    assert door["next"] == ["/tickets/TW-2041/reply"]

    wrong = await stranger.post("/login", data={**door, "login": "mara", "password": "wrong"}, files={"x": b""})
    assert wrong.status_code == 400, "no files at the door"
    wrong = await stranger.post("/login", data={**door, "login": "mara", "password": "wrong"})
    assert wrong.status_code == 401
    assert hidden_of(wrong.text) == door

    shown = await stranger.post("/login", data={**door, "login": "mara", "password": "right"})
    assert shown.status_code == 200
    assert "ticketwire_session=" in str(shown.headers.get_list("set-cookie"))
    assert "You are signed in as Mara König" in shown.text
    assert "anna@example.net, ole@example.net" in shown.text
    assert world.done == [], "nothing is sent by itself"

    stranger.cookies.set("ticketwire_session", "mara's", domain="test.local")
    sent = await stranger.post("/tickets/TW-2041/reply", data=hidden_of(shown.text), files={"files": b""})
    assert (sent.status_code, sent.headers["location"]) == (303, "/tickets/TW-2041?done=reply#end")
    name, _, asked = world.done[-1]
    assert (name, asked["to"], asked["then_status"]) == ("reply", REPLY["to"], "pending")
    assert asked["text"] == TEXT.replace("\r\n", "\n")


async def test_passwords_and_what_is_too_long_are_not_carried(stranger: httpx.AsyncClient) -> None:
    for path, data in (
        ("/profile", {"do": "password", "current": "my old secret", "password": "my new secret"}),
        ("/tickets/TW-2041/note", {"text": "x" * (MOST + 1)}),
        ("/tickets/TW-2041/note", {"command": "c"}),
    ):
        out = await stranger.post(path, data=data)
        assert out.status_code == 401
        assert "carried" not in hidden_of(out.text)
        assert "secret" not in out.text
    assert (await stranger.post("/logout")).headers["location"] == "/login"


async def test_another_site_has_nothing_carried(stranger: httpx.AsyncClient) -> None:
    out = await stranger.post("/tickets/TW-2041/reply", data=REPLY, headers=ABROAD)
    assert out.status_code == 403
    assert "yes" not in out.text


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "{}", "[[[[", "[" * 100_000, '["//evil.example", [["text", "x"]], false]',
        '["javascript:alert(1)", [["a", "b"]], false]',
        '["https://evil.example/", [["text", "x"]], false]', '["/\\\\evil", [["text", "x"]], false]',
        '["/new", [["password", "x"]], false]', '["/new", [], false]', '["/new", [["a"]], false]',
    ],
)  # fmt: skip
def test_only_a_form_of_ours_is_carried(text: str) -> None:
    assert unpacked(text) is None


def test_what_is_carried_comes_out_as_it_went_in() -> None:
    made = Carried("/tickets/TW-1/reply", [("to", "a@b"), ("to", "c@d"), ("text", TEXT)], True)
    assert unpacked(made.packed()) == made


async def test_half_a_surrogate_is_no_letter(browser: httpx.AsyncClient, world: World) -> None:
    fields = {"command": "c2", "text": "+2AA- there"}
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    )
    kind = {"Content-Type": "multipart/form-data; charset=utf-7; boundary=b"}
    answer = await browser.post("/tickets/TW-2041/note", content=(parts + "--b--\r\n").encode(), headers=kind)
    assert answer.status_code == 303, answer.text
    assert [(what, said["text"]) for what, _, said in world.done] == [("note", "? there")]
