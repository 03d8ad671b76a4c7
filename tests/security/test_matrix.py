"""The matrix: viewer × exit × kind of content. Nobody sees what their rights deny, by whatever exit they look.

For each viewer and exit the whole answer (status, headers, body) is searched for the word of every piece of content:

    denied by the rule                                     the word occurs nowhere
    allowed, and the exit shows such content, and opens    the word is there

So an exit that leaks fails, and so does one that shows nothing. A later exit adds one line to ``EXITS``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flow.stack import PASSWORD, Stack

from .house import AGENTS, CUSTOMER, Content, House

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

SIGNED_IN = (*AGENTS, "superuser")
AT_THE_DOOR = (*SIGNED_IN, "anonymous")

STALE = '"999999"'
"""A version that no ticket has here: a command is refused before it changes anything."""

WHOLE = ("ticket", "hidden", "linked", "absorbed", "merged", "origin", "split")
NUMBERS = frozenset(f"{name} number" for name in WHOLE)
SUBJECTS = frozenset(f"{name} subject" for name in WHOLE)
TALK = frozenset(
    {"ticket mail", "mail file", "reply", "late reply", "note", "note file"}
    | {"absorbed mail", "absorbed note", "merged mail", "merged note"}
)

SPOKEN = frozenset({"ticket mail", "ticket subject", "mail file", "reply", "late reply", "note", "note file"})
HISTORY = SPOKEN | {"linked number", "absorbed number", "merged number"}


def rows(*names: str) -> frozenset[str]:
    """Numbers and subjects, as a list shows them."""
    return frozenset(f"{name} {part}" for name in names for part in ("number", "subject"))


@dataclass(frozen=True)
class Exit:
    """A way out: what is asked, what it shows to those who may see it, and what must be seen for it to open."""

    path: str
    shows: frozenset[str] = frozenset()
    through: str = ""
    """Tickets (by letter) that one must see for the exit to open."""
    queue: str = ""
    """Queue that one must see."""
    said: frozenset[str] = frozenset()
    """What stands in the question itself: giving it back gives nothing away."""
    method: str = "GET"
    body: Any = None
    page: bool = False
    match: str = ""
    """``If-Match``."""
    also: str = ""
    """A right that the viewer needs on T besides."""

    def __str__(self) -> str:
        return f"{'page ' if self.page else ''}{self.method} {self.path}{' If-Match' if self.match else ''}"


def said(*names: str) -> frozenset[str]:
    """Numbers that stand in the question."""
    return frozenset(f"{name} number" for name in names)


REST = [
    Exit("tickets?status=all&limit=200", NUMBERS | SUBJECTS),
    Exit("queues/support/tickets?status=all&limit=200", rows("ticket", "absorbed", "split"), queue="support"),
    Exit("queues/hr/tickets?status=all&limit=200", rows("hidden", "linked", "merged", "origin"), queue="hr"),
    Exit("tickets?status=all&requester=hal@example.net", rows("hidden")),
    Exit(
        "tickets/{T}", rows("ticket") | {"linked number", "absorbed number", "merged number"}, "T", said=said("ticket")
    ),
    Exit(
        "tickets/{T}/timeline?limit=200",
        TALK | {"linked number", "absorbed number", "merged number", "absorbed subject", "merged subject"},
        "T",
        said=said("ticket"),
    ),
    Exit("tickets/{T}/links", rows("linked"), "T", said=said("ticket")),
    Exit("tickets/{T}/links/tree", rows("ticket", "linked"), "T", said=said("ticket")),
    Exit("tickets/{T}/attachments/{note}", frozenset({"note file", "note file content"}), "T", said=said("ticket")),
    Exit("tickets/{T}/attachments/{mail}", frozenset({"mail file", "mail file content"}), "T", said=said("ticket")),
    Exit("tickets/{H}/attachments/{note}", said=said("hidden")),
    Exit("tickets/{A}/attachments/{note}", said=said("absorbed")),
    Exit("tickets/{H}", rows("hidden"), "H", said=said("hidden")),
    Exit("tickets/{H}/timeline", frozenset({"hidden mail", "hidden note", "hidden subject"}), "H", said=said("hidden")),
    Exit("tickets/{H}/links", said=said("hidden")),
    Exit("tickets/{H}/links/tree", rows("hidden"), "H", said=said("hidden")),
    Exit("tickets/{L}", rows("linked", "ticket") - {"ticket subject"}, "L", said=said("linked")),
    Exit("tickets/{L}/timeline", frozenset({"linked mail", "ticket number"}), "L", said=said("linked")),
    Exit("tickets/{L}/links", rows("ticket"), "L", said=said("linked")),
    Exit("tickets/{M}", rows("merged") | {"ticket number"}, "M", said=said("merged")),
    Exit("tickets/{M}/timeline", frozenset({"merged mail", "merged note"}), "M", said=said("merged")),
    Exit("tickets/{M}/links", rows("linked"), "MT", said=said("merged")),
    Exit("tickets/{A}", rows("absorbed") | {"ticket number"}, "A", said=said("absorbed")),
    Exit("tickets/{A}/timeline", frozenset({"absorbed mail", "absorbed note"}), "A", said=said("absorbed")),
    Exit("tickets/{S}", rows("split") | {"origin number"}, "S", said=said("split")),
    Exit("tickets/{S}/timeline", frozenset({"moved mail"}), "S", said=said("split")),
    Exit("tickets/{S}/links", rows("origin"), "S", said=said("split")),
    Exit("tickets/{P}", rows("origin") | {"split number"}, "P", said=said("origin")),
    Exit("tickets/{P}/timeline", frozenset({"split number", "origin mail"}), "P", said=said("origin")),
    Exit("tickets/{T}/history?limit=500", HISTORY, "T", said=said("ticket"), also="history.show"),
    Exit(
        "tickets/{S}/history?limit=500",
        frozenset({"moved mail", "split subject", "origin number"}),
        "S",
        said=said("split"),
        also="history.show",
    ),
    Exit("tickets/{L}/history?limit=500", said=said("linked")),
    Exit("tickets/{P}/history?limit=500", said=said("origin")),
    Exit("tickets/{A}/history?limit=500", said=said("absorbed")),
    Exit("tickets/{S}?at=2100-01-01T00:00:00Z", said=said("split")),
    Exit("queues/hr/fields"),
    Exit("tickets/{T}/raw", said=said("ticket")),
    Exit("tickets/{M}/history", said=said("merged")),
    Exit("tickets/{T}?at=2100-01-01T00:00:00Z", rows("ticket") | {"linked number"}, "T", said=said("ticket")),
    Exit("tickets/{H}?at=2100-01-01T00:00:00Z", rows("hidden"), "H", said=said("hidden")),
    Exit("queues"),
    Exit("queues/hr"),
    Exit("lifecycles"),
    Exit("groups"),
    Exit("sessions"),
    Exit("rights"),
    Exit("events"),
    Exit("rights/explain?right=note.show&ticket={T}", said=said("ticket")),
    Exit("rights/explain?right=ticket.show&ticket={H}", said=said("hidden")),
    Exit("rights/explain?right=ticket.show&ticket={M}&person=full", said=said("merged")),
    Exit(
        "rights/preview",
        method="POST",
        body={"change": "give_right", "right": "ticket.show", "grantee": "person:nothing", "scope": "all"},
    ),
    Exit("people?limit=200", frozenset({"person name"})),
    Exit("people?q={bystander_word}", frozenset({"person name"})),
    Exit("people/{bystander}", frozenset({"person name"})),
    Exit("people/{bystander}/data", frozenset({"person name"})),
    Exit("people/{bystander}/export", frozenset({"person name"})),
    Exit("audit?limit=200", frozenset({"person name"})),
    Exit("audit?thing=person:{bystander}", frozenset({"person name"})),
]

COMMANDS = [
    # what T depends on is open: who closes it reads of that as far as they may see it
    Exit(
        "tickets/{T}/status",
        frozenset({"linked number"}),
        "T",
        said=said("ticket"),
        method="PUT",
        body={"status": "resolved"},
        also="ticket.close",
    ),
    Exit("tickets/{T}/priority", said=said("ticket"), method="PUT", body={"priority": 7}, match=STALE),
    Exit("tickets/{H}/priority", said=said("hidden"), method="PUT", body={"priority": 7}, match=STALE),
    Exit(
        "tickets/{M}/notes",
        frozenset({"ticket number"}),
        "MT",
        said=said("merged"),
        method="POST",
        body={"text": "x"},
        match=STALE,
    ),
    Exit("tickets/{H}/replies", said=said("hidden"), method="POST", body={"text": "x"}, match=STALE),
    Exit("tickets/{T}/links/refers_to/{H}", said=said("ticket", "hidden"), method="DELETE", match=STALE),
    Exit("tickets/{T}/links/refers_to/{P}", said=said("ticket", "origin"), method="DELETE"),
    Exit(
        "tickets/{A}/merge",
        frozenset({"ticket number"}),
        "AST",
        said=said("absorbed", "split"),
        method="POST",
        body={"into": "{S}"},
    ),
    Exit("tickets/{S}/merge", said=said("split", "hidden"), method="POST", body={"into": "{H}"}, match=STALE),
    Exit("tickets/{M}/unmerge", said=said("merged"), method="POST", body={}, match=STALE),
    Exit("tickets/{S}/unsplit", frozenset({"origin number"}), "SP", said=said("split"), method="POST"),
    Exit(
        "tickets/bulk",
        said=said("ticket", "hidden", "merged"),
        method="POST",
        body={"tickets": ["{T}", "{H}", "{M}"], "change": {"status": {"status": "no-such-status"}}},
    ),
    Exit("tickets/{T}/split", said=said("ticket"), method="POST", body={"messages": ["TW-1.1"]}, match=STALE),
]

ON_TICKET = TALK | {"ticket subject"}
PAGES = [
    Exit("/", rows("ticket", "hidden", "linked", "split"), page=True),
    Exit("/tickets?status=all", NUMBERS | SUBJECTS, page=True),
    Exit("/tickets?owner=me", page=True),
    Exit("/queues/support?status=all", rows("ticket", "absorbed", "split"), queue="support", page=True),
    Exit("/queues/hr?status=all", rows("hidden", "linked", "merged", "origin"), queue="hr", page=True),
    Exit("/tickets/{T}", ON_TICKET, "T", said=said("ticket"), page=True),
    Exit(
        "/tickets/{H}",
        frozenset({"hidden mail", "hidden note", "hidden subject"}),
        "H",
        said=said("hidden"),
        page=True,
    ),
    Exit("/tickets/{M}", frozenset({"ticket number"}), "MT", said=said("merged"), page=True),
    Exit("/tickets/{A}", frozenset({"ticket number"}), "AT", said=said("absorbed"), page=True),
    Exit("/tickets/{S}", frozenset({"moved mail", "split subject"}), "S", said=said("split"), page=True),
    Exit("/tickets/{T}/history", HISTORY, "T", said=said("ticket"), also="history.show", page=True),
    Exit("/tickets/{T}/history?kind=conversation", SPOKEN, "T", said=said("ticket"), also="history.show", page=True),
    Exit("/tickets/{T}/history?kind=links&person=admin", said=said("ticket"), page=True),
    Exit(
        "/tickets/{S}/history",
        frozenset({"moved mail", "split subject", "origin number"}),
        "S",
        said=said("split"),
        also="history.show",
        page=True,
    ),
    Exit("/tickets/{L}/history", said=said("linked"), page=True),
    Exit("/tickets/{P}/history", said=said("origin"), page=True),
    Exit("/tickets/{A}/history", said=said("absorbed"), page=True),
    Exit("/tickets/{M}/history", said=said("merged"), page=True),
    Exit("/tickets/{T}?at={now}", ON_TICKET, "T", said=said("ticket"), page=True),
    Exit("/tickets/{T}?at={opened}", frozenset({"ticket mail", "ticket subject"}), "T", said=said("ticket"), page=True),
    Exit(
        "/tickets/{H}?at={now}",
        frozenset({"hidden mail", "hidden note", "hidden subject"}),
        "H",
        said=said("hidden"),
        page=True,
    ),
    Exit("/tickets/{S}?at={now}", frozenset({"moved mail", "split subject"}), "S", said=said("split"), page=True),
    Exit("/tickets/{M}?at={now}", frozenset({"merged mail", "merged note"}), "M", said=said("merged"), page=True),
    Exit("/tickets/{A}?at={opened}", said=said("absorbed"), page=True),
    Exit("/tickets/{H}?at=2000-01-01T00:00:00Z", said=said("hidden"), page=True),
    Exit("/tickets/{T}/tree", rows("ticket", "linked"), "T", said=said("ticket"), page=True),
    Exit("/tickets/{L}/tree", said=said("linked"), page=True),
    Exit("/tickets/{S}/merge", said=said("split"), page=True),
    Exit("/merge?ticket={S}&ticket={H}&ticket={M}", said=said("split", "hidden", "merged"), page=True),
    Exit("/tickets/{T}/split", said=said("ticket"), page=True),
    Exit("/tickets/{H}/split", said=said("hidden"), page=True),
    Exit("/admin", page=True),
    Exit("/admin/people", page=True),
    Exit("/admin/rights", page=True),
    Exit("/admin/queues", page=True),
    Exit("/admin/audit?kind=person", frozenset({"person name"}), page=True),
    Exit("/new", page=True),
    Exit("/login?next=/tickets/{H}", said=said("hidden"), page=True),
    Exit(
        "/tickets/{T}/status",
        frozenset({"linked number", "ticket subject"}),
        "T",
        said=said("ticket"),
        method="POST",
        body={"status": "resolved", "command": "matrix"},
        page=True,
        also="ticket.close",
    ),
    Exit(
        "/bulk",
        said=said("ticket", "hidden"),
        method="POST",
        body={"ticket": "{H}", "status": "no-such-status", "command": "many"},
        page=True,
    ),
    Exit(
        "/tickets/{H}/note",
        said=said("hidden"),
        method="POST",
        body={"text": "", "command": "matrix"},
        page=True,
    ),
]
EXITS = [*REST, *COMMANDS, *PAGES]

STREAM = NUMBERS
"""The stream of changes names tickets, and tells nothing else of them."""
OUTSIDE = frozenset(
    {"ticket mail", "ticket subject", "ticket number", "mail file", "reply", "late reply", "split subject"}
    | {"absorbed mail", "absorbed subject", "absorbed number"}
)
HEARD = frozenset({"ticket number", "ticket subject", "reply", "late reply"})
MAILS = {
    "customer": HEARD,
    "owner": HEARD | {"note", "note file"},
    "shower": HEARD | {"ticket mail", "absorbed mail"},
    "full": HEARD | {"ticket mail", "absorbed mail", "note", "note file", "absorbed note"},
    **dict.fromkeys(("nothing", "other", "admincc", "chief", "gone"), frozenset[str]()),
}
"""What is mailed to whom: owner, watchers, customers; only watchers of note hear of the first mail."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(mongo_url: str, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The whole system with all its secrets."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    stack = Stack(mongo_url, broker_url, folder)
    built = House(stack)
    try:
        await stack.start()
        await built.build()
        yield built
    finally:
        await built.close()
        await stack.stop()


def judged(house: House, viewer: str, answer: bytes, shows: frozenset[str], given: frozenset[str]) -> list[str]:
    """What is wrong with an answer."""
    wrong = []
    for name, content in house.contents.items():
        allowed, there = house.allowed(viewer, content), content.occurs_in(answer)
        if there and not allowed and name not in given:
            wrong.append(f"{viewer} reads “{name}” and may not: {around(answer, content)!r}")
        if allowed and not there and name in shows:
            wrong.append(f"{viewer} may read “{name}” and does not: {answer[:300]!r}")
    unknown = shows - house.contents.keys()
    return [*wrong, *(f"there is no “{name}”" for name in unknown)]


def around(answer: bytes, content: Content) -> bytes:
    """Where the word stands."""
    place = answer.find(content.word.encode())
    return answer[max(0, place - 80) : place + 80]


def opens(house: House, viewer: str, exit: Exit) -> bool:
    """Whether the exit shows the viewer anything."""
    return (
        all(house.sees(viewer, ticket) for ticket in exit.through)
        and (not exit.queue or house.sees_queue(viewer, exit.queue))
        and (not exit.also or house.holds(viewer, exit.also, "T"))
    )


# ----------------------------------------------------------------------------------------------- the ground


async def test_the_viewers_are_who_they_are_meant_to_be(house: House) -> None:
    expected = {
        # ticket, note, absorbed note, hidden ticket
        "anonymous": (False, False, False, False),
        "customer": (True, False, False, False),
        "nothing": (False, False, False, False),
        "shower": (True, False, False, False),
        "other": (False, False, False, False),
        "owner": (True, True, False, False),
        "full": (True, True, True, False),
        "chief": (True, True, True, False),
        "superuser": (True, True, True, True),
        "gone": (False, False, False, False),
        "outsider": (True, False, False, False),
    }
    asked = ("ticket mail", "note", "absorbed note", "merged note")
    found = {viewer: tuple(house.allowed(viewer, house.contents[name]) for name in asked) for viewer in expected}
    assert found == expected


async def test_every_piece_of_content_is_shown_to_some_and_denied_to_others(house: House) -> None:
    shown = frozenset().union(*(way.shows for way in EXITS))
    for name, content in house.contents.items():
        may = {viewer for viewer in AT_THE_DOOR if house.allowed(viewer, content)}
        assert may, f"nobody may see “{name}”"
        assert may != set(AT_THE_DOOR), f"all may see “{name}”"
        assert name in shown, f"no exit shows “{name}”"


async def test_customers_and_the_disabled_do_not_come_in(house: House) -> None:
    customer = house.viewers["customer"].person.removeprefix("person/")
    refused = await house.stack.call("PUT", f"people/{customer}/password", {"password": PASSWORD}, check=False)
    assert refused.status_code in (404, 409)
    login = {"login": "gone", "password": PASSWORD}
    assert (await house.stack.call("POST", "sessions", login, token="", check=False)).status_code == 401
    assert (await house.stack.call("GET", "sessions", token=house.tokens["gone"], check=False)).status_code == 401


# ----------------------------------------------------------------------------------------------- the matrix


@pytest.mark.parametrize("exit", EXITS, ids=str)
async def test_nobody_sees_what_their_rights_deny(house: House, exit: Exit) -> None:
    headers = {"If-Match": exit.match} if exit.match else {}
    answers = await asyncio.gather(
        *(house.ask(viewer, exit.method, exit.path, exit.body, exit.page, headers) for viewer in AT_THE_DOOR)
    )
    wrong = []
    for viewer, answer in zip(AT_THE_DOOR, answers, strict=True):
        assert not answer.startswith(b"5"), (viewer, answer[:300])
        wrong += judged(house, viewer, answer, exit.shows if opens(house, viewer, exit) else frozenset(), exit.said)
    assert not wrong, "\n".join(wrong)


async def test_the_stream_names_to_nobody_what_they_may_not_see(house: House) -> None:
    wrong = []
    for viewer in AT_THE_DOOR:
        wrong += judged(house, viewer, bytes(house.streams[viewer]), STREAM, frozenset())
    assert not wrong, "\n".join(wrong)


async def test_outsiders_hear_of_their_queue_and_never_a_note(house: House) -> None:
    wrong = judged(house, "outsider", bytes(house.heard), OUTSIDE, frozenset())
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("viewer", MAILS)
async def test_no_mail_tells_what_its_recipient_may_not_see(house: House, viewer: str) -> None:
    address = CUSTOMER if viewer == "customer" else f"{viewer}@agents.example.org"
    wrong = judged(house, viewer, house.mails(address), MAILS[viewer], frozenset())
    assert not wrong, "\n".join(wrong)


# ------------------------------------------------------------------------------------- last, since it changes T


async def test_only_who_reads_a_hidden_tickets_mail_can_forward_it(house: House) -> None:
    """It is on T by merging, and ``chief`` may forward from T: still it is not theirs to send out."""
    outside = "workshop@example.com"
    body = {"messages": [f"{house.numbers['M']}.1"], "to": [outside], "text": "Please look."}
    for viewer in ("anonymous", "nothing", "full", "chief"):
        answer = await house.ask(viewer, "POST", "tickets/{T}/forwards", body, page=False)
        assert not answer.startswith(b"2"), (viewer, answer[:300])
    assert (await house.ask("superuser", "POST", "tickets/{T}/forwards", body, page=False)).startswith(b"201")
    secret = house.contents["merged mail"]
    await house.stack.until(lambda: secret.occurs_in(house.mails(outside)), 20, "the forward")
    assert len(house.stack.mails_to(outside)) == 1
