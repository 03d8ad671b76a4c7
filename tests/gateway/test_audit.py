"""The audit log: on its page in words, by REST over tickets' real log; and changes that nobody had seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from services.gateway.views.audit import Sought
from services.gateway.views.shapes import AuditRows
from ticketwire_contracts.base import ERASED, Actor, Problem
from ticketwire_contracts.tickets import AddMemberV1, ChangeQueueV1

from .audit_world import BEGAN, done
from .house import SYSTEM, House, house_on
from .pages_world import World
from .test_pages import HOSTILE
from .test_pages_admin import browser, form_in, refusal, visiting
from .test_pages_past import read
from .town import Town

LOG = "/admin/audit"


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
async def mara(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(town) as client:
        yield client


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """The real stores, with tickets' real decisions behind them."""
    async with house_on(mongo_url, database_name) as house:
        yield house


def row(html: str, change: str) -> str:
    """What a reader reads of one change."""
    after = html[html.index(f'id="{change}"') :]
    return read(after[: after.index("</li>\n")])


# ------------------------------------------------------------------------------------------------- the page

SAID = {
    "lifecycle/default:1": ("Ticketwire made the lifecycle Default", "Ticketwire legte den Lebenszyklus Default an"),
    "person/oskar:1": ("Mara König made the agent Oskar Sund", "Mara König legte den Agenten Oskar Sund an"),
    "person/anna:1": ("Anna Berg came as a customer by a mail", "Anna Berg kam als Kunde durch eine E-Mail"),
    "queue/support:1": ("Mara König made the queue Support", "Mara König legte die Warteschlange Support an"),
    "queue/support:3": ("Mara König changed the queue Support", "Mara König änderte die Warteschlange Support"),
    "queue/repairs:2": ("Mara König disabled the queue Repairs", "Mara König sperrte die Warteschlange Repairs"),
    "queue/repairs:3": ("took the queue Repairs back into use", "nahm die Warteschlange Repairs wieder in Gebrauch"),
    "queue/support:4": (
        "changed the custom fields of the queue Support",
        "änderte die eigenen Felder der Warteschlange",
    ),
    "lifecycle/bench:2": ("Mara König changed the lifecycle Bench", "Mara König änderte den Lebenszyklus Bench"),
    "group/field:1": ("Mara König made the group Field service", "legte die Gruppe Field service an"),
    "group/field:2": (
        "took Oskar Sund into the group Field service",
        "nahm Oskar Sund in die Gruppe Field service auf",
    ),
    "group/field:3": ("took North out of the group Field service", "nahm North aus der Gruppe Field service"),
    "person/zoe:2": ("Mara König shut Zoë Winter-Abendroth out", "Mara König sperrte Zoë Winter-Abendroth aus"),
    "person/zoe:3": ("let Zoë Winter-Abendroth in again", "ließ Zoë Winter-Abendroth wieder ein"),
    "person/jo:2": ("Jo Lindt changed their own profile", "Jo Lindt änderte das eigene Profil"),
    "person/oskar:2": ("Mara König changed the person Oskar Sund", "Mara König änderte die Person Oskar Sund"),
    "person/o2:2": ("Mara König joined Ole S. into Ole Sand", "Mara König verband Ole S. mit Ole Sand"),
    "person/ole:2": ("Mara König joined Ole S. into Ole Sand", "Mara König verband Ole S. mit Ole Sand"),
    "person/anna:9": ("looked at what is kept of Anna Berg", "hat angesehen, was von Anna Berg aufbewahrt wird"),
    "person/gone:2": ("Mara König erased a person", "Mara König löschte eine Person"),
    "policy/support:2": ("changed the promises of the queue Support", "änderte die Zusagen der Warteschlange Support"),
    "grant/note.show|group/field|queue/support:1": (
        "Mara König gave the right note.show in Support to the group Field service",
        "Mara König vergab das Recht note.show in Support an die Gruppe Field service",
    ),
    "grant/ticket.show|everyone|ticket/TW-2038:1": (
        "Mara König gave the right ticket.show on TW-2038 to everyone",
        "Mara König vergab das Recht ticket.show bei TW-2038 an alle",
    ),
    "grant/note.show|role/cc|all:2": (
        "Mara König took the right note.show everywhere from the role “Whoever gets copies (cc)”",
        "Mara König nahm das Recht note.show überall für die Rolle „Wer Kopien bekommt (cc)“ zurück",
    ),
}


@pytest.mark.parametrize(("language", "which"), [("en", 0), ("de", 1)])
async def test_each_change_is_a_sentence_in_both_languages(mara: httpx.AsyncClient, language: str, which: int) -> None:
    html = (await mara.get(LOG, headers={"Accept-Language": language})).text
    for change, sentences in SAID.items():
        assert sentences[which] in row(html, change), change


async def test_what_is_different_is_told_by_names_and_words(mara: httpx.AsyncClient, town: Town) -> None:
    html = (await mara.get(LOG)).text
    queue = row(html, "queue/support:3")
    for says in (
        "Name to showbefore: Support → after: Help desk",
        "WatchersField service, Oskar Sund",
        "Lifecyclebefore: Default → after: Bench",
        "Priority of new ticketsbefore: normal (50) → after: high (70)",
        "before: Reopen it → after: Refuse, with a notice",
        "Answer new requesters automaticallybefore: yes → after: no",
    ):
        assert says in queue
    assert "Custom fieldsRoom (required)" in row(html, "queue/support:4")
    bench = row(html, "lifecycle/bench:2")
    assert "What may follow whatdone → open" in bench
    assert "ticket.assign" not in bench, "of long lists only what is other"
    assert "done → resolved (Default)" in bench
    assert "First response: 240 min (100 %) → after: First response: 60 min (100 %)" in row(html, "policy/support:2")
    assert "person/" not in read(html)
    assert ERASED in html


async def test_filters_stay_in_the_form_and_go_to_both_services(mara: httpx.AsyncClient, town: Town) -> None:
    html = (await mara.get(LOG, params={"kind": "queue", "thing": "support", "person": "mara"})).text
    assert [row(html, one) for one in ("queue/support:1", "queue/support:3", "queue/support:4")]
    assert 'id="queue/repairs' not in html
    assert '<option value="queue" selected>' in html
    assert 'value="support"' in html
    assert [type(one).__name__ for one in town.asked] == ["ShowAuditV1"]
    town.asked.clear()
    html = (await mara.get(LOG, params={"thing": "queue:support"})).text
    assert row(html, "policy/support:2")
    assert [getattr(one, "thing", "") for one in town.asked] == ["queue/support", "policy/support"]
    nothing = read((await mara.get(LOG, params={"person": "nobody"})).text)
    assert "No change fits." in nothing
    wrong = await mara.get(LOG, params={"since": "yesterday"})
    assert wrong.status_code == 422
    assert (
        'id="person/oskar:1"' in (await mara.get(LOG, params={"until": str((BEGAN + timedelta(days=1)).date())})).text
    )
    assert 'id="person/oskar:1"' not in (await mara.get(LOG, params={"until": "2020-01-01"})).text


async def test_a_name_cannot_break_out_of_the_page(mara: httpx.AsyncClient, town: Town) -> None:
    town.done.append(done(99, "queue/support", "queue_changed", "change_queue.v1", version=9, title=("a", HOSTILE)))
    html = (await mara.get(LOG, params={"thing": f"{HOSTILE}", "person": HOSTILE})).text
    assert HOSTILE not in html
    assert HOSTILE not in (await mara.get(LOG)).text


async def test_pages_of_both_logs_together_are_everything_once_newest_first(town: Town) -> None:
    world = World(town=town)
    whole = (await town.audit.changes(world.mara, Sought(), limit=200)).items
    assert {one.kind for one in whole} == {"queue", "lifecycle", "person", "group", "grant", "policy"}
    assert len(whole) == len(town.done)
    seen, cursor = [], None
    while True:
        rows: AuditRows = await town.audit.changes(world.mara, Sought(), cursor=cursor, limit=4)
        seen += rows.items
        cursor = rows.next
        if cursor is None:
            break
    assert [one.id for one in seen] == [one.id for one in whole]
    assert [one.at for one in seen] == sorted((one.at for one in seen), reverse=True)
    assert next(one for one in seen if one.id == "policy/support:2").thing.name == "Support"


async def test_the_page_says_why_it_cannot_be_shown(mara: httpx.AsyncClient, town: Town) -> None:
    town.problem = Problem(type="forbidden", title="You may not", status=403, detail="It needs the right audit.show.")
    refused = await mara.get(LOG)
    assert refused.status_code == 403
    assert (await mara.get(LOG, params={"cursor": "x"})).status_code == 422


# --------------------------------------------------------------------------------------------------- REST


async def test_rest_tells_what_was_done_to_those_who_may_read_it(house: House) -> None:
    root = await house.agent("root", superuser="all")
    await root.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
    await root.post("/groups", json={"name": "field", "title": "Field service"})
    await root.post("/rights", json={"right": "note.show", "grantee": "group:field", "scope": "queue:support"})
    await root.put("/people/root", json={"name": "Rooty"})
    found = (await root.get("/audit", params={"limit": 4})).json()
    person, grant, group, queue = found["items"]
    assert (person["actor"]["name"], person["actor"]["via"]) == ("Rooty", "api")
    assert person["changed"] == {"name": {"before": "Root", "after": "Rooty"}}
    assert grant["happened"][0]["details"] == {
        "right": "note.show",
        "grantee": "group/field",
        "scope": "queue/support",
    }
    assert (group["kind"], group["thing"]) == ("group", {"id": "group/field", "name": "Field service"})
    assert (queue["command"], queue["cause"]["kind"]) == ("create_queue.v1", "command")
    further = (await root.get("/audit", params={"limit": 4, "cursor": found["next"]})).json()
    assert not {one["id"] for one in further["items"]} & {one["id"] for one in found["items"]}

    for params, ids in (
        ({"kind": "grant", "thing": "queue:support"}, {grant["id"]}),
        ({"thing": "group:field"}, {grant["id"], group["id"]}),
        ({"thing": "root", "kind": "person"}, {person["id"], f"{person['thing']['id']}:1"}),
        ({"person": "root", "from": grant["at"]}, {person["id"], grant["id"]}),
        ({"person": "root", "to": group["at"]}, {queue["id"]}),
        (
            {"thing": person["thing"]["id"].replace("/", ":"), "kind": "person"},
            {person["id"], f"{person['thing']['id']}:1"},
        ),
        ({"person": "nobody"}, set()),
    ):
        answer = await root.get("/audit", params=params)
        assert {one["id"] for one in answer.json()["items"]} == ids, params
    assert (await root.get("/audit", params={"person": "system"})).json()["items"]
    assert (await root.get("/audit", params={"cursor": "nonsense"})).status_code == 422
    assert (await root.get("/audit", params={"kind": "ticket"})).status_code == 422
    assert "password" not in (await root.get("/audit", params={"limit": 200})).text


async def test_rest_refuses_whoever_does_not_hold_the_right_everywhere(house: House) -> None:
    root = await house.agent("root", superuser="all")
    await root.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
    here = await house.agent("here", audit_show="queue:support")
    reader = await house.agent("reader", audit_show="all")
    answer = await here.get("/audit")
    assert (answer.status_code, answer.json()["right"]) == (403, "audit.show")
    assert (await reader.get("/audit")).json()["items"]


async def test_erased_people_stay_erased_in_it(house: House) -> None:
    root = await house.agent("root", superuser="all")
    made = await root.post("/people", json={"name": "Anna Svensson", "addresses": ["anna@example.net"]})
    person = made.json()["id"]
    assert "Anna Svensson" in (await root.get("/audit")).text
    await root.post(f"/people/{person.removeprefix('person/')}/erase", json={})
    await house.hear()
    told = await root.get("/audit", params={"limit": 200})
    assert "Svensson" not in told.text
    assert "anna@example.net" not in told.text
    assert told.json()["names"][person] == ERASED


# --------------------------------------------------------------------------- what changed in the meantime


async def test_groups_and_fields_of_queues_have_versions(house: House) -> None:
    root = await house.agent("root", superuser="all")
    await (await house.agent("jo")).aclose()
    await root.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
    made = await root.post("/groups", json={"name": "field"})
    assert made.headers["ETag"] == '"1"'
    joined = await root.put("/groups/field/members/jo", headers={"If-Match": '"1"'})
    assert (joined.status_code, joined.headers["ETag"]) == (200, '"2"')
    assert (await root.get("/groups/field")).headers["ETag"] == '"2"'
    for method in ("PUT", "DELETE"):
        late = await root.request(method, "/groups/field/members/jo", headers={"If-Match": '"1"'})
        assert (late.status_code, late.json()["version"]) == (412, 2)
        [change] = late.json()["changes"]
        assert (change["what"], change["fields"], change["name"]) == (["group.changed"], ["members"], "Root")
    assert (await root.delete("/groups/field/members/jo", headers={"If-Match": '"2"'})).headers["ETag"] == '"3"'

    fields = {"fields": [{"name": "room", "type": "text"}]}
    seen = await root.get("/queues/support/fields")
    assert seen.headers["ETag"] == '"1"'
    set_up = await root.put("/queues/support/fields", json=fields, headers={"If-Match": '"1"'})
    assert (set_up.status_code, set_up.headers["ETag"]) == (200, '"2"')
    late = await root.put("/queues/support/fields", json={"fields": []}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert late.json()["changes"][0]["what"] == ["queue.fields_set"]
    assert [one["name"] for one in (await root.get("/queues/support/fields")).json()["items"]] == ["room"]


async def test_pages_say_who_was_faster_and_send_the_version_that_they_showed(house: House) -> None:
    async with await browser(house, "admin", superuser="all") as admin:
        root = await house.store.access.person_of_login("admin")
        assert root is not None
        await (await house.agent("jo")).aclose()
        other = await house.agent("other", superuser="all")
        await other.post("/groups", json={"name": "field"})
        shown = (await admin.get("/admin/groups/field")).text
        assert 'name="version" value="1"' in shown
        look = await admin.get(
            "/admin/groups/field/change", params={"change": "add_member", "member": "person:jo", "version": "1"}
        )
        assert (form_in(look.text)["version"], look.status_code) == (["1"], 200)
        someone = Actor(kind="agent", id=root.id, via="page")
        await house.tickets.call(AddMemberV1(group="field", member="person:other"), someone, "c")
        await house.hear()
        late = await admin.post("/admin/groups/field/change", data=form_in(look.text))
        assert late.status_code == 412
        assert "Admin hat inzwischen etwas geändert: Mitglieder" in refusal(late)

        page = await admin.get("/admin/queues/unsorted")
        await house.tickets.call(ChangeQueueV1(name="unsorted", title="Rest"), SYSTEM, "c")
        await house.hear()
        late = await admin.post("/admin/queues/unsorted", data=form_in(page.text))
        assert late.status_code == 412
        assert "Ticketwire hat inzwischen etwas geändert: Anzeigename" in refusal(late)
