"""Administration on pages: who gets which, that forms do what they say, and why not in the reader's language."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from services.gateway.api import front
from services.gateway.pages import pages
from services.gateway.pages.admin.words import RIGHTS as SAID
from services.gateway.pages.admin.words import ROLES
from services.gateway.pages.refusals import said as told
from services.gateway.pages.sentences import SENTENCES, TITLES
from services.gateway.views import COOKIE
from services.gateway.views.shapes import GrantRow
from ticketwire_chassis.i18n import translator
from ticketwire_contracts.base import Problem
from ticketwire_contracts.rights import RIGHTS
from ticketwire_contracts.tickets import AddMemberV1, GiveRightV1

from .house import PASSWORD, SYSTEM, House, house_on
from .pages_world import World
from .test_pages import HOSTILE, Reading
from .town import GROUPS, PERSONS, QUEUES, Town

SHOWN = [
    "/admin/queues",
    "/admin/queues/support",
    "/admin/new/queue",
    "/admin/lifecycles",
    "/admin/lifecycles/bench",
    "/admin/new/lifecycle",
    "/admin/people",
    "/admin/people?q=Anna&kind=customers",
    "/admin/people/oskar",
    "/admin/people/anna",
    "/admin/people/o2",
    "/admin/new/person",
    "/admin/people/anna/join?into=ole@example.net",
    "/admin/people/anna/join",
    "/admin/groups",
    "/admin/groups/field",
    "/admin/new/group",
    "/admin/groups/field/change?change=add_member&member=person:jo",
    "/admin/rights",
    "/admin/rights?grantee=group:field&scope=queue:support",
    "/admin/rights?grantee=group:empty",
    "/admin/people?q=nobody&kind=customers",
    "/admin/rights/change?change=give_right&right=ticket.close&grantee=group:north&scope=queue:billing",
    "/admin/explain",
    "/admin/explain?person=oskar&right=ticket.reply&scope=queue:support",
    "/admin/explain?person=oskar&right=ticket.close&scope=queue:billing",
    "/admin/explain?person=zoe&right=ticket.close",
    "/admin/explain?person=anna@example.net&right=note.show",
    "/admin/audit",
    "/admin/audit?kind=grant&thing=queue:support&person=mara&since=2026-01-01",
]

CHAPTERS = {
    "queue.admin": {"/admin/queues", "/admin/lifecycles"},
    "person.admin": {"/admin/people"},
    "group.admin": {"/admin/groups"},
    "right.admin": {"/admin/rights"},
    "audit.show": {"/admin/audit"},
}

FORMS = {
    "/admin/new/queue": "queue.admin",
    "/admin/new/lifecycle": "queue.admin",
    "/admin/new/person": "person.admin",
    "/admin/new/group": "group.admin",
    "/admin/rights/change": "right.admin",
}


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
async def mara(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """Mara, who may everything, in the made-up world."""
    async with visiting(town) as client:
        yield client


@asynccontextmanager
async def visiting(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """Mara's browser in a town."""
    transport = httpx.ASGITransport(Starlette(routes=pages(World(town=town).views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        client.cookies.set(COOKIE, "mara's", domain="test.local")
        yield client


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """The real stores, with tickets' real decisions behind them."""
    async with house_on(mongo_url, database_name) as house:
        yield house


@pytest.fixture
async def admin(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's browser on the real house, in German."""
    async with await browser(house, "admin", superuser="all") as client:
        yield client


async def browser(house: House, login: str, **rights: str) -> httpx.AsyncClient:
    """An agent's browser; ``rights`` as in ``House.agent``."""
    await (await house.agent(login, **rights)).aclose()
    session = await house.views.entrance.sign_in(login, PASSWORD, address="", now=datetime.now(UTC))
    headers = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "de", "Cookie": f"{COOKIE}={session.token}"}
    transport = httpx.ASGITransport(front(house.views, house.store.answers, pages(house.views)))
    return httpx.AsyncClient(transport=transport, base_url="http://ticketwire.example", headers=headers)


def form_in(html: str, n: int = 0) -> dict[str, Any]:
    """What the n-th form of the page's content would send if nothing were changed."""
    forms = re.findall(r"<form\b.*?</form>", html[html.index("<main") :], re.DOTALL)
    sent: dict[str, Any] = {}
    reading = Reading(forms[n])
    for attributes in reading.all("input"):
        name, kind = attributes.get("name"), attributes.get("type")
        if name and (kind not in ("checkbox", "radio") or "checked" in attributes):
            sent.setdefault(name, []).append(attributes.get("value") or "")
    for name, inner in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', forms[n], re.DOTALL):
        options = Reading(inner).all("option")
        chosen = [option for option in options if "selected" in option] or options[:1]
        sent.setdefault(name, []).extend(option.get("value") or "" for option in chosen)
    for name, inner in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', forms[n], re.DOTALL):
        sent.setdefault(name, []).append(inner)
    return sent


async def sent(client: httpx.AsyncClient, path: str, n: int = 0, /, **changed: Any) -> httpx.Response:
    """Opens a page, changes fields of its n-th form and sends it back to the same address."""
    page = await client.get(path)
    assert page.status_code == 200, page.text
    return await client.post(path, data={**form_in(page.text, n), **changed})


def refusal(page: httpx.Response) -> str:
    """What stands at the form about why not."""
    found = re.search(r'<div class="refused".*?</div>', page.text, re.DOTALL)
    return " ".join(Reading(found.group().replace("<p>", " <p>")).text.split()) if found else ""


def said(page: httpx.Response) -> str:
    """What was said of what was done."""
    found = re.search(r'<div class="said-so".*?</div>', page.text, re.DOTALL)
    return Reading(found.group()).text.strip() if found else ""


async def done(client: httpx.AsyncClient, answer: httpx.Response, path: str) -> httpx.Response:
    """The page that a form led to."""
    assert answer.status_code == 303, refusal(answer) or answer.text
    assert answer.headers["location"].partition("?")[0] == path
    return await client.get(answer.headers["location"])


# ----------------------------------------------------------------------------------- what is shown, to whom


@pytest.mark.parametrize("path", SHOWN)
@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_page_in_every_language(mara: httpx.AsyncClient, path: str, language: str) -> None:
    page = await mara.get(path, headers={"Accept-Language": language})
    assert page.status_code == 200
    reading = Reading(page.text)
    assert reading.all("html")[0]["lang"] == language
    assert len(reading.all("h1")) == len(reading.all("main")) == 1
    assert ("Verwaltung" in reading.text) == (language == "de")
    for tag, attributes in reading.tags:
        assert tag != "style"
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    for form in re.findall(r'<form[^>]*method="post".*?</form>', page.text[page.text.index("<main") :], re.DOTALL):
        assert re.search(r'name="command" value="\w{32}"', form), "each form that changes something has its command"
    ids = [attributes["id"] for _, attributes in reading.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))


async def test_nothing_that_someone_wrote_becomes_markup() -> None:
    hostile = Town(
        [one.model_copy(update={"name": HOSTILE}) for one in PERSONS],
        [one.model_copy(update={"title": HOSTILE, "description": HOSTILE}) for one in QUEUES],
        [one.model_copy(update={"title": HOSTILE}) for one in GROUPS],
    )
    async with visiting(hostile) as mara:
        await look_for_markup(mara)


async def look_for_markup(mara: httpx.AsyncClient) -> None:
    """On every page."""
    for path in SHOWN:
        page = await mara.get(path)
        assert page.status_code == 200, path
        reading = Reading(page.text)
        assert not reading.all("img")
        assert all(script.get("src") for script in reading.all("script"))
        assert not any(name.startswith("on") for _, attributes in reading.tags for name in attributes)
        assert "1337" not in reading.text
        assert "\u202e" not in re.sub(r"<input[^>]*>|<textarea.*?</textarea>", "", page.text), "but where it is edited"


@pytest.mark.parametrize("right", [*CHAPTERS, "queue.see"])
async def test_each_chapter_is_for_its_right_alone(house: House, right: str) -> None:
    mine = CHAPTERS.get(right, set())
    async with await browser(house, "kim", **{right.replace(".", "_"): "all"}) as kim:
        rail = (await kim.get("/")).text
        for path in set().union(*CHAPTERS.values()):
            assert (f'href="{path}"' in rail) == (path in mine)
            page = await kim.get(path)
            assert page.status_code == (200 if path in mine else 403)
            if path not in mine:
                assert "Das dürfen Sie nicht" in page.text
                needed = next(name for name, paths in CHAPTERS.items() if path in paths)
                assert f"Dazu braucht es das Recht {needed}." in page.text
        first = await kim.get("/admin")
        assert (first.status_code, first.headers.get("location") in mine) == ((303, True) if mine else (404, False))
        for path, needed in FORMS.items():
            refused = await kim.post(path, data={"command": "c", "change": "give_right"})
            assert (refused.status_code == 403) == (needed != right), path


async def test_names_lead_only_where_one_may_go(house: House, admin: httpx.AsyncClient) -> None:
    await sent(admin, "/admin/new/group", name="field")
    await house.tickets.call(AddMemberV1(group="field", member="person:admin"), SYSTEM, "c")
    async with await browser(house, "kim", group_admin="all") as kim:
        assert 'href="/admin/people/' not in (await kim.get("/admin/groups/field")).text
    assert 'href="/admin/people/' in (await admin.get("/admin/groups/field")).text


# -------------------------------------------------------------------------------------------------- queues


async def test_a_queue_is_made_changed_disabled_and_enabled(house: House, admin: httpx.AsyncClient) -> None:
    wanted = {"name": "support", "title": "Hilfe", "addresses": "Help@example.org\nsupport@example.org"}
    page = await done(admin, await sent(admin, "/admin/new/queue", **wanted), "/admin/queues/support")
    assert said(page) == "Es ist angelegt."
    assert "Es ist angelegt." not in (await admin.get("/admin/queues/support")).text

    changed = await sent(
        admin,
        "/admin/queues/support",
        description="Alles über Maschinen",
        follow_up="refuse",
        auto_reply=[],
        watchers_add="person:admin",
        priority="70",
    )
    assert said(await done(admin, changed, "/admin/queues/support")) == "Ihre Änderungen sind gespeichert."
    row = await house.views.administration.queue(await asker(house, "admin"), "support")
    assert (row.title, row.description, row.follow_up) == ("Hilfe", "Alles über Maschinen", "refuse")
    assert (row.auto_reply, row.adopt_cc, row.watchers, row.default_priority) == (False, True, ["person:admin"], 70)
    assert row.addresses == ["Help@example.org", "support@example.org"]

    await done(admin, await sent(admin, "/admin/queues/support"), "/admin/queues/support")
    again = await house.views.administration.queue(await asker(house, "admin"), "support")
    assert again == row, "what is shown is what is sent: saving it as it stands changes nothing"

    off = await done(admin, await sent(admin, "/admin/queues/support", 1, do="disable"), "/admin/queues/support")
    assert said(off) == "Es ist gesperrt."
    assert "Warteschlange wieder in Gebrauch nehmen" in off.text
    on = await done(admin, await sent(admin, "/admin/queues/support", 1, do="enable"), "/admin/queues/support")
    assert said(on) == "Es ist wieder in Gebrauch."


async def test_what_is_refused_keeps_what_was_typed_and_says_why(house: House, admin: httpx.AsyncClient) -> None:
    await sent(admin, "/admin/new/queue", name="support", addresses="support@example.org")
    for wanted, status, reason in (
        ({"name": "support"}, 409, "Die Warteschlange gibt es schon Es gibt eine Warteschlange support."),
        ({"name": "Not So"}, 422, "Nicht wohlgeformt Der Kurzname: Kleinbuchstaben"),
        ({"name": "two", "addresses": "support@example.org"}, 409, "gehört jemand anderem."),
        ({"name": "two", "addresses": "nonsense"}, 422, "Keine E-Mail-Adresse"),
        ({"name": "two", "priority": "900"}, 422, "Eine Priorität liegt zwischen 0 und 100"),
        ({"name": "two", "catch_all": "yes"}, 409, "Nur eine Warteschlange kann es sein."),
        ({"name": "two", "lifecycle": "none"}, 422, "Es gibt keinen Lebenszyklus none."),
    ):
        page = await sent(admin, "/admin/new/queue", title="Ganz <neu>", **wanted)
        assert page.status_code == status
        assert reason in refusal(page)
        assert 'value="Ganz &lt;neu&gt;"' in page.text
    # someone else was faster: what was typed stays, and the next try replaces it knowingly
    page = await admin.get("/admin/queues/support")
    mine = form_in(page.text)
    await sent(admin, "/admin/queues/support", title="Von anderen")
    late = await admin.post("/admin/queues/support", data=mine | {"title": "Von mir"})
    assert late.status_code == 412
    assert refusal(late).startswith("Es hat sich geändert Admin hat inzwischen etwas geändert: Anzeigename")
    again = await admin.post("/admin/queues/support", data=form_in(late.text))
    assert 'value="Von mir"' in (await done(admin, again, "/admin/queues/support")).text


async def test_sending_a_form_twice_does_it_once(house: House, admin: httpx.AsyncClient) -> None:
    form = form_in((await admin.get("/admin/new/group")).text) | {"name": "field", "title": "Außen"}
    for _ in range(2):
        await done(admin, await admin.post("/admin/new/group", data=form), "/admin/groups/field")
    assert (await house.views.administration.group(await asker(house, "admin"), "field")).version == 1


# ---------------------------------------------------------------------------------------------- lifecycles


async def test_a_lifecycle_begins_as_a_copy_and_becomes_its_own(house: House, admin: httpx.AsyncClient) -> None:
    made = await sent(admin, "/admin/new/lifecycle", name="bench", title="Werkbank")
    page = await done(admin, made, "/admin/lifecycles/bench")
    mine = form_in(page.text)
    assert mine["status"] == ["new", "open", "pending", "stalled", "resolved", "rejected", "", "", ""]
    assert len(mine["go"]) == 21

    # renamed, one taken away, one new; from `new` only to `open`, and that by a right of its own
    statuses = ["received", "open", "pending", "", "resolved", "rejected", "testing", "", ""]
    go = ["0-1", *(pair for pair in mine["go"] if not pair.startswith("0-"))]
    wanted = mine | {"status": statuses, "go": go, "right": ["0-1 ticket.assign"], "map": ["default 0 new"]}
    saved = await done(admin, await admin.post("/admin/lifecycles/bench", data=wanted), "/admin/lifecycles/bench")
    assert said(saved) == "Ihre Änderungen sind gespeichert."
    row = await house.views.administration.lifecycle(await asker(house, "admin"), "bench")
    assert row.statuses == {
        "received": "new",
        "open": "active",
        "testing": "active",
        "pending": "waiting",
        "resolved": "closed",
        "rejected": "closed",
    }
    assert (row.initial, row.active, row.maps) == ("received", "open", {"default": {"received": "new"}})
    assert [(one.after, one.right) for one in row.transitions if one.before == "received"] == [
        ("open", "ticket.assign")
    ]
    assert not any("stalled" in (one.before, one.after) for one in row.transitions)
    assert {one.right for one in row.transitions if one.after == "resolved"} == {"ticket.close"}
    await done(admin, await sent(admin, "/admin/lifecycles/bench"), "/admin/lifecycles/bench")
    again = await house.views.administration.lifecycle(await asker(house, "admin"), "bench")
    assert again == row, "what is shown is what is sent: saving it as it stands changes nothing"


async def test_a_lifecycle_that_does_not_hold_together_is_refused(house: House, admin: httpx.AsyncClient) -> None:
    await sent(admin, "/admin/new/lifecycle", name="bench")
    for wanted, status, reason in (
        ({"initial": "4"}, 422, "Der Status resolved für neue Tickets muss zur Kategorie neu oder aktiv gehören."),
        ({"active": "2"}, 422, "Der Status pending für Antworten muss zur Kategorie aktiv gehören."),
        ({"initial": "7"}, 422, "Neue Tickets brauchen einen Status"),
        ({"status": ["New One", "open"]}, 422, "Nicht wohlgeformt Ein Status: Kleinbuchstaben"),
        ({"map": ["default 0 resolved"]}, 422, "Nach default führt new zu resolved: Verschieben kann"),
        (
            {"title": "Eigener Name", "status": ["merged", "open"], "category": ["new", "active"]},
            422,
            "merged entsteht",
        ),
    ):
        page = await sent(admin, "/admin/lifecycles/bench", **wanted)
        assert (page.status_code, reason in refusal(page)) == (status, True), refusal(page)
    assert 'value="Eigener Name"' in page.text
    in_use = await sent(admin, "/admin/lifecycles/default", status=["begun", "open", "pending", "stalled", "resolved"])
    assert in_use.status_code == 409
    assert refusal(in_use).startswith("Tickets können diesen Status haben new, rejected muss bleiben, solange unsorted")


# -------------------------------------------------------------------------------------------------- people


async def test_an_agent_is_made_signs_in_and_is_shut_out(house: House, admin: httpx.AsyncClient) -> None:
    wanted = {"name": "Jo Lindt", "login": "Jo", "addresses": "jo@example.org", "language": "de"}
    short = await sent(admin, "/admin/new/person", **wanted, password="short")
    assert (short.status_code, 'value="Jo Lindt"' in short.text) == (422, True)
    assert 'value="short"' not in short.text, "no password comes back"
    made = await sent(admin, "/admin/new/person", **wanted, password="long enough")
    jo = await house.views.administration.person(await asker(house, "admin"), "jo")
    path = f"/admin/people/{jo.id.removeprefix('person/')}"
    await done(admin, made, path)
    assert await signs_in(house, "jo", "long enough")

    changed = await sent(admin, path, 0, do="save", name="Jo L.", addresses="j@example.org", language="")
    assert said(await done(admin, changed, path)) == "Ihre Änderungen sind gespeichert."
    row = await house.views.administration.person(await asker(house, "admin"), "jo")
    assert (row.name, row.addresses, row.language, row.agent) == ("Jo L.", ["j@example.org"], None, True)

    set_it = await admin.post(path, data={"command": "p1", "do": "password", "password": "another one"})
    assert said(await done(admin, set_it, path)).startswith("Das Passwort ist gesetzt.")
    assert not await signs_in(house, "jo", "long enough")
    off = await admin.post(path, data={"command": "d1", "do": "disable"})
    assert said(await done(admin, off, path)) == "Diese Person darf nichts mehr und ist abgemeldet."
    assert not await signs_in(house, "jo", "another one")
    on = await admin.post(path, data={"command": "e1", "do": "enable"})
    assert said(await done(admin, on, path)) == "Diese Person darf wieder herein."
    assert await signs_in(house, "jo", "another one")
    assert (await admin.post(path, data={"command": "x", "do": "nonsense"})).status_code == 404
    me = await house.views.administration.person(await asker(house, "admin"), "admin")
    mine = await admin.post(f"/admin/people/{me.id.removeprefix('person/')}", data={"command": "m", "do": "disable"})
    assert (
        refusal(mine)
        == "Nicht an sich selbst Sie würden sich selbst aussperren; bitten Sie jemand anderen in der Verwaltung."
    )


async def test_people_are_found_by_kind_and_by_words(house: House, admin: httpx.AsyncClient) -> None:
    await sent(admin, "/admin/new/queue", name="support", addresses="support@example.org")
    for n in range(3):
        await house.mail(f"c{n}@example.net", "support@example.org")
    assert names_on(await admin.get("/admin/people?kind=agents")) == ["Admin"]
    assert len(names_on(await admin.get("/admin/people?kind=customers"))) == 3
    assert len(names_on(await admin.get("/admin/people"))) == 4
    assert len(names_on(await admin.get("/admin/people?q=C1@EXAMPLE"))) == 1
    assert "Niemand wurde gefunden." in (await admin.get("/admin/people?q=zzz")).text
    part = await house.views.administration.people(await asker(house, "admin"), agents=False, limit=2)
    rest = await house.views.administration.people(await asker(house, "admin"), agents=False, cursor=part.next)
    assert len({row.id for row in (*part.items, *rest.items)}) == 3
    assert rest.next is None
    assert (await admin.get("/admin/people?cursor=nonsense")).status_code == 422


async def test_joining_says_first_what_it_will_do(house: House, admin: httpx.AsyncClient) -> None:
    await sent(admin, "/admin/new/queue", name="support", addresses="support@example.org")
    for address in ("anna@example.net", "berg@example.net"):
        await house.mail(address, "support@example.org")
    one = await house.views.administration.person(await asker(house, "admin"), "anna@example.net")
    other = await house.views.administration.person(await asker(house, "admin"), "berg@example.net")
    path = f"/admin/people/{one.id.removeprefix('person/')}/join"
    nobody = await admin.get(path, params={"into": "nobody@example.net"})
    assert (nobody.status_code, 'value="nobody@example.net"' in nobody.text) == (404, True)
    assert refusal(nobody).startswith("Niemand gefunden Schreiben Sie die E-Mail-Adresse")
    assert refusal(await admin.get(path, params={"into": "anna@example.net"})).startswith("Es ist dieselbe Person")
    look = await admin.get(path, params={"into": "berg@example.net"})
    assert "Die Adresse anna@example.net gehört dann" in look.text
    assert "Das lässt sich nicht rückgängig machen." in look.text
    agent = await admin.get(path, params={"into": "admin"})
    refused = await admin.post(path, data=form_in(agent.text))
    assert refusal(refused).startswith("Nur Kunden können verbunden werden")
    joined = await admin.post(path, data=form_in(look.text))
    page = await done(admin, joined, f"/admin/people/{other.id.removeprefix('person/')}")
    assert said(page) == "Die beiden sind jetzt eins."
    assert "anna@example.net" in page.text
    gone = await admin.get(f"/admin/people/{one.id.removeprefix('person/')}")
    assert "mit einer anderen verbunden" in gone.text
    assert form_count(gone) == 0


# ------------------------------------------------------------------------------------- groups and rights


async def test_members_come_and_go_after_a_look_at_what_that_changes(house: House, admin: httpx.AsyncClient) -> None:
    await sent(admin, "/admin/new/queue", name="support", title="Hilfe", addresses="support@example.org")
    await sent(admin, "/admin/new/group", name="field", title="Außendienst")
    await sent(admin, "/admin/new/group", name="north", title="Nord")
    for n in range(2):
        await house.mail(f"c{n}@example.net", "support@example.org")
    await (await house.agent("jo")).aclose()
    give = {"change": "give_right", "right": "ticket.show", "grantee": "group:field", "scope": "queue:support"}
    nobody = await admin.get("/admin/rights/change", params=give)
    assert "Jetzt gewinnt oder verliert dadurch niemand etwas" in nobody.text
    given = await admin.post("/admin/rights/change", data=form_in(nobody.text))
    assert said(await done(admin, given, "/admin/rights")) == "Das Recht ist gegeben."

    path = "/admin/groups/field/change"
    look = await admin.get(path, params={"change": "add_member", "member": "person:jo"})
    text = " ".join(Reading(look.text).text.split())
    assert "Jo kommt in die Gruppe Außendienst." in text
    assert "Jo gewinnt ticket.show bei 2 Tickets, in der Warteschlange Hilfe" in text
    assert (await group(house, "field")) == [], "a look changes nothing"
    joined = await admin.post(path, data=form_in(look.text))
    assert said(await done(admin, joined, "/admin/groups/field")) == "Die Mitglieder sind geändert."
    assert (await group(house, "field")) == ["person:jo"]

    look = await admin.get("/admin/rights/change", params=give | {"change": "take_right"})
    assert "Jo verliert ticket.show bei 2 Tickets" in " ".join(Reading(look.text).text.split())
    taken = await admin.post("/admin/rights/change", data=form_in(look.text))
    assert said(await done(admin, taken, "/admin/rights")) == "Das Recht ist genommen."
    assert give["grantee"] not in {one.grantee for one in await held(house)}

    await house.tickets.call(AddMemberV1(group="north", member="group:field"), SYSTEM, "c")
    await house.hear()
    look = await admin.get(path, params={"change": "add_member", "member": "group:north"})
    circle = await admin.post(path, data=form_in(look.text))
    assert (circle.status_code, refusal(circle)) == (
        409,
        "Gruppen würden einander enthalten group/north enthält die Gruppe field.",
    )
    assert re.search(r'value="group:north" selected', circle.text)
    out = await admin.get(path, params={"change": "remove_member", "member": "person:jo"})
    await done(admin, await admin.post(path, data=form_in(out.text)), "/admin/groups/field")
    assert (await group(house, "field")) == []
    assert (await admin.get(path, params={"change": "nonsense", "member": "person:jo"})).status_code == 404
    unknown = await admin.get(path, params={"change": "add_member", "member": "person:none"})
    assert (unknown.status_code, refusal(unknown)[:34]) == (422, "Diese Person oder Gruppe gibt es n")


async def test_rights_are_filtered_given_and_taken(house: House, admin: httpx.AsyncClient) -> None:
    await (await house.agent("jo", ticket_reply="queue:unsorted", note_add="all")).aclose()
    page = await admin.get("/admin/rights", params={"grantee": "person:jo", "scope": "all"})
    given = page.text[page.text.index('class="bundles"') : page.text.index('id="give"')]
    assert re.findall(r'chip" title="[^"]*">([\w.]+)', given) == ["note.add"]
    wrong = {"change": "give_right", "right": "ticket.reply", "grantee": "person:jo", "scope": "all", "ticket": "7"}
    page = await admin.get("/admin/rights/change", params=wrong | {"right": "no.right"})
    assert (page.status_code, refusal(page)) == (422, "Dieses Recht gibt es nicht Es gibt kein Recht no.right.")
    assert re.search(r'value="person:jo" selected', page.text)
    look = await admin.get("/admin/rights/change", params=wrong)
    page = await admin.post("/admin/rights/change", data=form_in(look.text))
    assert (page.status_code, refusal(page)[:31]) == (422, "Diesen Geltungsbereich gibt es ")


async def test_why_someone_may_and_what_would_let_them(house: House, admin: httpx.AsyncClient) -> None:
    await sent(admin, "/admin/new/group", name="field", title="Außendienst")
    await (await house.agent("jo")).aclose()
    for command in (
        GiveRightV1(right="ticket.reply", grantee="group:field", scope="queue:unsorted"),
        AddMemberV1(group="field", member="person:jo"),
    ):
        assert (await house.tickets.call(command, SYSTEM, "c")).problem is None
    await house.hear()
    ask = {"person": "jo", "right": "ticket.reply", "scope": "queue:unsorted"}
    yes = " ".join(Reading((await admin.get("/admin/explain", params=ask)).text).text.split())
    assert "Ja: Jo hat ticket.reply (in Unsorted)." in yes
    assert "Jo in der Gruppe Außendienst hat ticket.reply in Unsorted" in yes
    no = await admin.get("/admin/explain", params=ask | {"right": "ticket.close"})
    text = " ".join(Reading(no.text).text.split())
    assert "Nein: Jo hat ticket.close nicht (in Unsorted)." in text
    remedy = next((a["href"] or "") for a in Reading(no.text).all("a") if "give_right" in (a.get("href") or ""))
    given = await admin.post("/admin/rights/change", data=form_in((await admin.get(remedy)).text))
    await done(admin, given, "/admin/rights")
    now = await admin.get("/admin/explain", params=ask | {"right": "ticket.close"})
    assert "Ja: Jo hat ticket.close" in now.text
    lost = await admin.get("/admin/explain", params=ask | {"person": "nobody"})
    assert (lost.status_code, refusal(lost)[:15], 'value="nobody"' in lost.text) == (404, "Nichts gefunden", True)


# -------------------------------------------------------------------------------------------------- words


def test_rights_and_roles_are_said_as_the_contract_says_them() -> None:
    assert SAID == RIGHTS
    assert set(ROLES) == {"owner", "requester", "cc", "admin_cc", "watcher", "supervisor"}


DOMAIN = Path(__file__).parents[2] / "services" / "tickets" / "domain"


async def test_a_person_is_looked_at_and_erased(house: House, admin: httpx.AsyncClient) -> None:
    number = await house.mail("eva@example.net", "support@example.org", subject="Evas Drucker", text="Evas Worte")
    eva = await house.views.administration.person(await asker(house, "admin"), "eva@example.net")
    path = f"/admin/people/{eva.id.removeprefix('person/')}/data"
    assert f'href="{path}"' in (await admin.get(path.removesuffix("/data"))).text
    page = (await admin.get(path)).text
    assert [part in page for part in (number, "Evas Drucker", "1 Ticket, auf dem", "1 Nachricht, die")] == [True] * 4
    file = await admin.get(f"/api/v1/people/{eva.id.removeprefix('person/')}/export")
    assert "Evas Worte" in file.text
    unsure = await sent(admin, path)
    assert (unsure.status_code, "Nichts wurde gelöscht" in refusal(unsure)) == (422, True)
    assert said(await done(admin, await sent(admin, path, sure="yes"), "/admin/people")).startswith("Die Person ist")
    await house.hear()
    assert "Evas" not in (await admin.get(f"/tickets/{number}")).text
    async with await browser(house, "people", person_admin="all") as other:
        assert (await other.get(path)).status_code == 403, "it needs a right of its own"
        assert path not in (await other.get(path.removesuffix("/data"))).text


def refusals() -> Iterator[tuple[str, str]]:
    """Title and detail of every refusal of administration, with ``x`` in the blanks of a detail."""
    for name in ("administration.py", "changes.py", "happened.py", "lifecycle.py"):
        for node in ast.walk(ast.parse((DOMAIN / name).read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("refused", "_no_change"):
                words = [filled(argument) for argument in node.args]
                yield ("", words[0]) if len(words) == 1 else (words[1], words[3] if len(words) > 3 else "")
            if name == "lifecycle.py" and isinstance(node, ast.Return) and filled(node.value).endswith("."):
                yield "", filled(node.value)


def filled(node: ast.expr | None) -> str:
    """A literal text; what is put into it is an ``x``."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_refusal_of_administration_is_said_in_german() -> None:
    found = set(refusals())
    assert len(found) > 40
    german = translator("de")
    for title, detail in found:
        problem = Problem(type="t", title=title or "You may not", status=409, detail=detail)
        said_so = told(problem, german)
        assert said_so.title != problem.title, title
        assert not detail or said_so.detail != detail, detail


def test_sentences_are_filled_with_what_was_said() -> None:
    for sentence in SENTENCES:
        blanks = set(re.findall(r"\{(\w+)\}", sentence))
        words = {blank: f"«{blank} {{0}}»" for blank in blanks}
        spoken = sentence.format_map(words)
        german = told(Problem(type="t", title=TITLES[0], status=409, detail=spoken), translator("de")).detail
        assert german != spoken
        assert all(word in german for word in words.values())
    unknown = Problem(type="t", title="What", status=409, detail="No sentence of ours.")
    assert told(unknown, translator("de")) == unknown


async def asker(house: House, login: str) -> Any:
    """Someone as the views see them now."""
    person = await house.store.access.person_of_login(login)
    assert person is not None
    session = await house.views.entrance.sign_in(login, PASSWORD, address="", now=datetime.now(UTC))
    found = await house.views.entrance.asker(session.token, now=datetime.now(UTC))
    assert found is not None
    return found


async def held(house: House) -> list[GrantRow]:
    """All grants."""
    return await house.views.administration.rights(await asker(house, "admin"))


async def group(house: House, name: str) -> list[str]:
    """The members of a group."""
    return (await house.views.administration.group(await asker(house, "admin"), name)).members


async def signs_in(house: House, login: str, password: str) -> bool:
    """Whether the door opens."""
    async with httpx.AsyncClient(transport=house.transport, base_url="http://ticketwire.example/api/v1") as door:
        return (await door.post("/sessions", json={"login": login, "password": password})).status_code == 201


def names_on(page: httpx.Response) -> list[str]:
    """The people of a list."""
    return re.findall(r'<td class="subject"><a [^>]*>(?:<bdi>)?(.*?)(?:</bdi>)?</a>', page.text)


def form_count(page: httpx.Response) -> int:
    """Forms in the content."""
    return page.text[page.text.index("<main") :].count("<form")
