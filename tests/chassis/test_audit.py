"""A bent history is found, by place: through the command itself, on a real replica set, with both drivers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pymongo import MongoClient
from typer.testing import CliRunner

from services.tickets.domain.events import PERSONAL
from services.tickets.handlers import Handlers
from services.tickets.publish import publish
from services.tickets.store import TicketStore, message_key
from ticketwire_chassis.audit import anchors, witness
from ticketwire_chassis.cli import build
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import CommitLog, chain_after, from_doc, hash_of
from ticketwire_chassis.mongo import Database, Driver, open_database
from ticketwire_chassis.relay import Relay
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor, Command, Order
from ticketwire_contracts.tickets import (
    AddNoteV1,
    CreatePersonV1,
    CreateQueueV1,
    GiveRightV1,
    OpenTicketV1,
    ReplyToTicketV1,
    SetOwnerV1,
    SetPriorityV1,
    SetStatusV1,
)

SECRET = "s" * 32
GATEWAY = Actor(kind="system", id="system/gateway")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Ears:
    """In the broker's place: what the relay says ends here, and the gateway's witness hears it."""

    def __init__(self, heard: witness.Witness) -> None:
        self._heard = heard

    async def say(self, body: bytes) -> None:
        """One batch."""
        batch = orjson.loads(body)
        if batch.get("last") is not None:
            self._heard.heard(batch["source"], batch["last"], batch["chain"])

    async def say_publicly(self, _: Any) -> None:
        """Nothing listens."""


@dataclass
class House:
    """tickets' database with a log in it, and the gateway's with what it heard."""

    url: str
    name: str
    driver: Driver
    client: MongoClient[dict[str, Any]]
    """The databases as whoever bends them sees them."""

    @property
    def environment(self) -> dict[str, str]:
        """How the command finds both."""
        return {
            "TICKETWIRE_MONGO_URL": self.url,
            "TICKETWIRE_MONGO_DRIVER": self.driver,
            "TICKETWIRE_SECRET": SECRET,
            "TICKETS_MONGO_DATABASE": self.name,
            "GATEWAY_MONGO_DATABASE": f"{self.name}_gateway",
            "INGEST_MONGO_DATABASE": f"{self.name}_none",
            "ESCALATION_MONGO_DATABASE": f"{self.name}_none",
            "NOTIFY_MONGO_DATABASE": f"{self.name}_none",
            "COLUMNS": "300",
        }

    def verify(self, *more: str) -> tuple[int, dict[str, Any]]:
        """Exit code and what the command says of tickets."""
        done = CliRunner().invoke(
            build(), ["audit", "verify", "--service", "tickets", "--json", *more], env=self.environment
        )
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, orjson.loads(done.stdout)

    def broken(self, *more: str) -> dict[str, Any]:
        """The first broken place."""
        code, report = self.verify(*more)
        assert code == 1, report
        broken: dict[str, Any] = report["broken"]
        return broken

    def run(self, deed: Callable[[Database, Database], Awaitable[Any]]) -> Any:
        """Something done in both databases."""

        async def go() -> Any:
            db = open_database(self.url, self.name, self.driver)
            gateway = open_database(self.url, f"{self.name}_gateway", self.driver)
            try:
                return await deed(db, gateway)
            finally:
                await db.close()
                await gateway.close()

        return asyncio.run(go())

    @property
    def plain(self) -> Any:
        """tickets' database, laid open."""
        return self.client[self.name]

    @property
    def witness(self) -> Any:
        """What the gateway heard, laid open."""
        return self.client[f"{self.name}_gateway"]["witness"]

    def place_of(self, stream: str, seq: int) -> int:
        """The place of a commit."""
        return int(self.plain["positions"].find_one({"commit": {"stream": stream, "seq": seq}})["_id"])


async def relayed(db: Database, gateway: Database) -> None:
    """Every commit gets its place, is said, and the gateway has heard it."""
    heard = witness.Witness(gateway)
    await heard.prepare()
    relay = Relay(db, "tickets", Ears(heard), publish)  # type: ignore[arg-type]
    await relay.prepare()
    head = await relay._read_head()
    while await relay._turn(head, known=False):
        await heard.write(NOON)


async def ask(handlers: Handlers, command: Command, actor: Actor = GATEWAY, order: str = "") -> Any:
    """One command; its answer."""
    return (await ask_all(handlers, [command], actor, order))[0]


async def ask_all(
    handlers: Handlers, commands: Sequence[Command], actor: Actor = GATEWAY, order: str = ""
) -> Sequence[Any]:
    """Commands of one kind at once; their answers."""
    now = datetime.now(UTC)
    orders = [
        Order(
            id=order or f"o{now.timestamp()}{id(command)}",
            type=command.topic,
            actor=actor,
            correlation="c",
            not_after=now + timedelta(seconds=10),
            command={},
        )
        for command in commands
    ]
    administers = isinstance(commands[0], CreateQueueV1 | CreatePersonV1 | GiveRightV1)
    obey = handlers.administer if administers else handlers.obey
    return await obey([Asked(order, command) for order, command in zip(orders, commands, strict=True)])


async def story(db: Database, gateway: Database) -> None:
    """A queue, an agent, tickets with a bit of everything, and refusals."""
    log = CommitLog(db, PERSONAL)
    await log.prepare()
    handlers = Handlers(log, TicketStore(db, log, Signer(SECRET)), message_key)
    await handlers.seed()
    await ask(handlers, CreateQueueV1(name="support", addresses=["support@example.org"]))
    made = await ask(handlers, CreatePersonV1(login="mara", name="Mara", addresses=["mara@example.org"], agent=True))
    mara = Actor(kind="agent", id=made.result["stream"], via="api")
    await ask(handlers, GiveRightV1(right="superuser", grantee="person:mara", scope="all"))
    openings = [
        OpenTicketV1(queue="support", subject=f"x{n}", requesters=[f"c{n}@example.net"], text="Help.")
        for n in range(40)
    ]
    numbers = [opened.result["number"] for opened in await ask_all(handlers, openings, mara)]
    for kind, what in (
        (ReplyToTicketV1, {"text": "Turn it off and on."}),
        (AddNoteV1, {"text": "Again!"}),
        (SetOwnerV1, {"owner": "mara"}),
        (SetPriorityV1, {"priority": 70}),
        (SetStatusV1, {"status": "pending"}),
        (SetStatusV1, {"status": "resolved"}),
        (SetOwnerV1, {"owner": "nobody-by-this-name"}),
    ):
        await ask_all(handlers, [kind.model_validate({"ticket": number, **what}) for number in numbers], mara)
    await relayed(db, gateway)


@pytest.fixture(params=["motor", "pymongo"])
def house(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> Iterator[House]:
    with MongoClient[dict[str, Any]](mongo_url, tz_aware=True) as client:
        house = House(mongo_url, database_name, request.param, client)
        house.run(story)
        yield house
        client.drop_database(f"{database_name}_gateway")


def change(house: House, stream: str, seq: int, update: dict[str, Any]) -> None:
    """Someone bends a commit in the database."""
    done = house.plain["commits"].update_one({"_id": {"stream": stream, "seq": seq}}, update)
    assert done.modified_count == 1


def some_ticket(house: House) -> str:
    """A ticket in the midst of the log."""
    of_tickets = house.plain["commits"].find({"_id.stream": {"$regex": "^ticket/"}}).sort("at")
    return str(of_tickets.skip(100)[0]["_id"]["stream"])


def test_a_whole_history_verifies_and_one_bent_place_is_found(house: House) -> None:
    """One story, bent in many ways, each mended before the next."""
    code, report = house.verify()
    assert (code, report["broken"]) == (0, None), report
    assert report["places"] == house.plain["commits"].count_documents({}) > 360
    assert report["witnessed"] > 0
    assert report["recomputed"] is True

    stream = some_ticket(house)
    commits, positions = house.plain["commits"], house.plain["positions"]
    kept = {seq: commits.find_one({"_id": {"stream": stream, "seq": seq}}) for seq in range(1, 8)}
    bends: list[tuple[int, dict[str, Any], str]] = [
        (5, {"$set": {"body.0.after": 71}}, "content"),
        (5, {"$set": {"actor.id": "person/someone-else"}}, "content"),
        (5, {"$set": {"at": kept[5]["at"] + timedelta(milliseconds=1)}}, "content"),
        (5, {"$set": {"cause": "another:0"}}, "content"),
        (2, {"$set": {"private.0_text.value": "Turn it off and oN."}}, "text"),
        (2, {"$set": {"private.0_text.salt": "0" * 16}}, "text"),
        (2, {"$unset": {"private.0_text": ""}}, "no commit says so"),
        (2, {"$set": {"private.9_text": {"salt": "", "value": ""}}}, "does not name"),
        (5, {"$set": {"after.priority": 99}}, "priority"),
        (5, {"$set": {"after.public_version": 1}}, "public_version"),
    ]
    for seq, bend, word in bends:
        change(house, stream, seq, bend)
        broken = house.broken()
        assert (broken["place"], broken["stream"], broken["seq"]) == (house.place_of(stream, seq), stream, seq), bend
        assert word in broken["what"], (bend, broken)
        commits.replace_one({"_id": kept[seq]["_id"]}, kept[seq])

    commits.delete_one({"_id": kept[3]["_id"]})
    broken = house.broken()
    assert (broken["place"], broken["what"]) == (house.place_of(stream, 3), "its commit is gone")
    commits.insert_one(kept[3])

    place = house.place_of(stream, 4)
    position = positions.find_one_and_delete({"_id": place})
    assert house.broken()["place"] == place, "a place taken out"
    commits.delete_one({"_id": kept[4]["_id"]})
    assert house.broken()["place"] == place, "and its commit with it"
    commits.insert_one(kept[4])
    positions.insert_one(position)

    commits.insert_one({**kept[7], "_id": {"stream": stream, "seq": 8}, "cause": "slipped-in:0"})
    broken = house.broken()
    assert (broken["stream"], broken["seq"]) == (stream, 8)
    assert "no place" in broken["what"]
    commits.delete_one({"_id": {"stream": stream, "seq": 8}})

    assert house.verify()[0] == 0, "all is mended"


def test_states_of_every_kind_of_stream_are_recomputed(house: House) -> None:
    commits = house.plain["commits"]
    kinds = {doc["_id"]["stream"].partition("/")[0] for doc in commits.find({}, {"_id": 1})}
    assert kinds == {"ticket", "queue", "lifecycle", "group", "person", "claim", "grant", "refusal"}
    bends: dict[str, dict[str, Any]] = {
        "queue": {"rights_epoch": 77},
        "lifecycle": {"title": "Another"},
        "group": {"members": ["person/eve"]},
        "person": {"agent": True, "name": "Eve"},
        "claim": {"owner": "person/eve"},
        "grant": {"given": False},
        "refusal": {"problem": {}},
        "ticket": {"requesters": []},
    }
    for kind, fields in bends.items():
        kept = commits.find_one({"_id.stream": {"$regex": f"^{kind}/"}})
        commits.update_one({"_id": kept["_id"]}, {"$set": {f"after.{name}": value for name, value in fields.items()}})
        broken = house.broken()
        assert broken["stream"] == kept["_id"]["stream"]
        assert "does not follow" in broken["what"]
        assert next(iter(fields)) in broken["what"] or "name" in broken["what"]
        commits.replace_one({"_id": kept["_id"]}, kept)


def test_the_end_cut_off_is_found_by_what_the_gateway_heard(house: House) -> None:
    positions, commits = house.plain["positions"], house.plain["commits"]
    end = positions.count_documents({})
    for position in list(positions.find({"_id": {"$gt": end - 100}})):
        commits.delete_one({"_id": position["commit"]})
        positions.delete_one({"_id": position["_id"]})
    broken = house.broken()
    assert broken["place"] == end - 99
    heard = re.search(r"place (\d+) was heard by the gateway", broken["what"])
    assert heard is not None, broken
    assert end - 99 <= int(heard[1]) <= end

    async def goes_on(db: Database, gateway: Database) -> None:
        """The service writes on over the cut, and the gateway hears other chains for the same places."""
        log = CommitLog(db, PERSONAL)
        handlers = Handlers(log, TicketStore(db, log, Signer(SECRET)), message_key)
        asked: dict[str, Any] = {"queue": "support", "subject": "y", "text": "z"}
        await ask_all(handlers, [OpenTicketV1(**asked, requesters=[f"d{n}@example.net"]) for n in range(60)])
        await relayed(db, gateway)

    house.run(goes_on)
    assert positions.count_documents({}) > end
    assert end - 99 <= house.broken()["place"] <= end, "between the cut and the end that was heard"


def test_a_history_rewritten_with_all_its_hashes_is_found(house: House) -> None:
    """Whoever can write everything in the database makes a history that agrees with itself; not with the witness."""
    stream = some_ticket(house)
    place = house.place_of(stream, 2)
    anchor = CliRunner().invoke(build(), ["audit", "anchor"], env=house.environment)
    change(house, stream, 2, {"$set": {"actor.id": "person/someone-else"}})
    rewrite(house)
    broken = house.broken()
    assert broken["place"] >= place
    assert "the gateway has heard" in broken["what"]
    house.witness.drop()
    assert house.verify()[0] == 0, "without the witness it looks whole"
    assert anchor.exit_code == 0


def test_what_was_anchored_cannot_be_cut_off_or_rewritten(house: House, tmp_path: Path) -> None:
    file = tmp_path / "heads"
    made = CliRunner().invoke(build(), ["audit", "anchor", "--out", str(file)], env=house.environment)
    assert made.exit_code == 0, made.output
    anchor = orjson.loads(file.read_bytes())
    assert anchor["place"] == house.plain["positions"].count_documents({})
    code, report = house.verify("--anchors", str(file))
    assert (code, report["anchored"]) == (0, 1)
    house.witness.drop()

    end = anchor["place"]
    cut = house.plain["positions"].find_one_and_delete({"_id": end})
    commit = house.plain["commits"].find_one_and_delete({"_id": cut["commit"]})
    assert house.verify()[0] == 0, "without the anchor nothing shows"
    broken = house.broken("--anchors", str(file))
    assert (broken["place"], "anchored" in broken["what"]) == (end, True)
    house.plain["positions"].insert_one(cut)
    house.plain["commits"].insert_one(commit)

    stream = some_ticket(house)
    change(house, stream, 2, {"$set": {"actor.id": "person/someone-else"}})
    rewrite(house)
    assert "anchored" in house.broken("--anchors", str(file))["what"]

    file.write_bytes(orjson.dumps({**anchor, "place": anchor["place"] - 1}))
    refused = CliRunner().invoke(build(), ["audit", "verify", "--anchors", str(file)], env=house.environment)
    assert refused.exit_code == 2, "an anchor whose signature is not ours"


def test_the_day_s_anchor_is_written_once_for_all_replicas(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "anchors"

    async def daily(db: Database, _: Database) -> list[Path | None]:
        signer = Signer(SECRET)
        return [await anchors.write_daily(db, "tickets", signer, folder, NOON) for _ in range(2)]

    assert [file is not None for file in house.run(daily)] == [True, False]
    assert [file.name for file in folder.iterdir()] == ["tickets-2026-11-24.json"]
    assert house.verify("--anchors", str(folder))[1]["anchored"] == 1


def test_people_read_it_in_words(house: House) -> None:
    told = CliRunner().invoke(build(), ["audit", "verify"], env=house.environment)
    assert told.exit_code == 0, told.output
    assert "tickets:" in told.stdout
    assert "places are whole" in told.stdout
    stream = some_ticket(house)
    change(house, stream, 5, {"$set": {"body.0.after": 71}})
    told = CliRunner().invoke(build(), ["audit", "verify"], env=house.environment)
    assert told.exit_code == 1
    assert f"BROKEN at place {house.place_of(stream, 5)} ({stream} #5)" in told.stdout


async def test_the_witness_keeps_what_it_heard_first_and_marks_what_contradicts(
    mongo_url: str, database_name: str
) -> None:
    db = open_database(mongo_url, database_name, "pymongo")
    first, second = witness.Witness(db), witness.Witness(db)
    first.heard("tickets", 5, "a")
    first.heard("tickets", 4, "older")
    await first.write(NOON)
    second.heard("tickets", 5, "a")
    await second.write(NOON)
    assert await first.contradiction("tickets") is None
    second.heard("tickets", 5, "b")
    await second.write(NOON)
    assert await first.newest("tickets") == (5, "a")
    assert await first.contradiction("tickets") == 5
    first.heard("tickets", 5 + witness.SLOTS, "c")
    await first.write(NOON)
    assert await first.newest("tickets") == (5 + witness.SLOTS, "c")
    await db.close()


def rewrite(house: House) -> None:
    """Makes all hashes and the whole chain anew, as someone with the database in hand could."""
    chain = ""
    for position in house.plain["positions"].find({}).sort("_id"):
        doc = house.plain["commits"].find_one({"_id": position["commit"]})
        made = hash_of(from_doc(doc))
        house.plain["commits"].update_one({"_id": doc["_id"]}, {"$set": {"hash": made}})
        chain = chain_after(chain, made)
        house.plain["positions"].update_one({"_id": position["_id"]}, {"$set": {"chain": chain}})
