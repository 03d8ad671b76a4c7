"""``ticketwire mail …`` and ``ticketwire account``, as an operator types them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from aiosmtpd.controller import Controller
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from deploy.local import ports
from services.ingest import cli as module
from services.ingest.handlers import Handlers
from services.ingest.store import MailStore
from ticketwire_chassis.broker import Broker
from ticketwire_chassis.cli import ask, build
from ticketwire_chassis.mongo import open_database
from ticketwire_chassis.service import Service
from ticketwire_chassis.settings import ServiceSettings
from ticketwire_contracts.ingest import Reading, RereadMailsV1, ShowAccountV1

from .mails import BOUNCE, FILE, TEXT, arrival, mail, with_parts
from .test_store import read

CORPUS = sorted((Path(__file__).resolve().parents[3] / "shared" / "corpus").rglob("*.eml"))


def run(*arguments: str | Path) -> Result:
    """``ticketwire`` with these arguments."""
    return CliRunner().invoke(build(), [str(one) for one in arguments])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Mails in files, by name."""
    raws = {"plain": mail(), "file": with_parts(TEXT, FILE), "bounce": BOUNCE, "empty": b"", "odd": b"\xff\x00: \n"}
    paths = {name: tmp_path / f"{name}.eml" for name in raws}
    for name, raw in raws.items():
        paths[name].write_bytes(raw)
    return paths


# ------------------------------------------------------------------------------------------------------- explain


def test_each_file_is_a_line_of_json_with_all_fields(files: dict[str, Path]) -> None:
    result = run("mail", "explain", *files.values())
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(path) for path in files.values()]
    wanted = "file from reply_to to cc subject date message_id in_reply_to references auto bounce text html"
    for line in lines:
        assert {*wanted.split(), "attachments", "pgp", "warnings"} <= set(line)
        assert set(line["from"]) == {"name", "address"}
        assert set(line["auto"]) == {"is_auto", "reason"}
    plain, file, bounce = lines[:3]
    assert plain["from"] == {"name": "Anna Berg", "address": "anna@example.net"}
    assert plain["date"] == "2026-03-02T12:00:00Z"
    assert plain["message_id"] == "first@example.net"
    assert set(file["attachments"][0]) == {"filename", "content_type", "size", "sha256", "content_id", "inline"}
    assert bounce["bounce"]["status"] == "5.1.1"


def test_a_missing_file_is_told_and_the_others_are_explained(files: dict[str, Path], tmp_path: Path) -> None:
    result = run("mail", "explain", tmp_path / "missing.eml", files["plain"])
    assert result.exit_code == 1
    assert "missing.eml: No such file or directory" in result.stderr
    assert json.loads(result.stdout)["subject"] == "Printer"


def test_the_envelope_sender_may_be_named(files: dict[str, Path]) -> None:
    assert json.loads(run("mail", "explain", "--from", "<>", files["plain"]).stdout)["auto"]["is_auto"] is True
    assert json.loads(run("mail", "explain", files["plain"]).stdout)["auto"]["is_auto"] is False


def test_a_mail_that_breaks_the_parser_is_explained_as_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(raw: bytes, sender: str | None = None) -> None:
        raise RecursionError

    monkeypatch.setattr(module, "read_mail", fails)
    assert json.loads(module.explained("x.eml", mail()))["warnings"] == ["unread:RecursionError"]


if CORPUS:  # where the corpus does not lie beside the repository there is no such test

    @pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
    def test_a_mail_of_the_corpus_is_explained(path: Path) -> None:
        explained = json.loads(module.explained(path.name, path.read_bytes()))
        assert not [warning for warning in explained["warnings"] if warning.startswith("unread:")]
        assert Reading.model_validate(explained).warnings == explained["warnings"]


# ---------------------------------------------------------------------------------------------------------- send


class Sink:
    """An SMTP server's hooks: takes all but what is for nobody."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """Refuses nobody@."""
        if address.startswith("nobody@"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keeps it."""
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    """The sink and its port."""
    hooks = Sink()
    (port,) = ports.free_ports(1)
    controller = Controller(hooks, hostname="127.0.0.1", port=port)
    controller.start()
    yield hooks, port
    controller.stop()


def test_mails_are_sent_as_they_are(files: dict[str, Path], sink: tuple[Sink, int]) -> None:
    hooks, port = sink
    files["plain"].write_bytes(mail(".dot\r\n").replace(b"\r\n", b"\n"))
    result = run("mail", "send", "--port", str(port), files["plain"], files["file"])
    assert result.exit_code == 0, result.output
    assert "2 sent" in result.stderr
    assert hooks.mails[0] == ("anna@example.net", ["support@example.org"], mail(".dot\r\n"))
    assert hooks.mails[1][2] == files["file"].read_bytes()


def test_the_envelope_may_be_another(files: dict[str, Path], sink: tuple[Sink, int]) -> None:
    hooks, port = sink
    to = ("--to", "a@x.test", "--to", "b@x.test")
    assert run("mail", "send", "--port", str(port), *to, "--from", "c@x.test", files["plain"]).exit_code == 0
    assert run("mail", "send", "--port", str(port), files["bounce"]).exit_code == 0
    assert [(sender, recipients) for sender, recipients, _ in hooks.mails] == [
        ("c@x.test", ["a@x.test", "b@x.test"]),
        ("<>", ["support@example.org"]),
    ]


def test_each_refused_file_is_a_line_with_the_code(files: dict[str, Path], sink: tuple[Sink, int]) -> None:
    hooks, port = sink
    files["file"].write_bytes(mail(to="nobody@example.org"))
    result = run("mail", "send", "--port", str(port), files["empty"], files["file"], files["odd"], files["plain"])
    assert result.exit_code == 1
    assert f"{files['file']}: 550 5.1.1 No such user" in result.stderr
    assert f"{files['empty']}: empty" in result.stderr
    assert f"{files['odd']}: it names no recipient; name one with --to" in result.stderr
    assert "1 sent, 3 refused" in result.stderr
    assert len(hooks.mails) == 1


def test_no_server_is_one_clear_line(files: dict[str, Path]) -> None:
    result = run("mail", "send", "--port", "9", files["plain"])
    assert result.exit_code == 1
    assert "no SMTP server answers at 127.0.0.1:9" in result.stderr
    assert "--host and --port" in result.stderr


# --------------------------------------------------------------------------------------------- account and reread


class Settings(ServiceSettings):
    """Of an ingest that only obeys."""

    service = "ingest"


@pytest.fixture
def obeying(
    mongo_url: str, broker_url: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """A real service that obeys, in a loop of its own; the rows that it has."""
    monkeypatch.setenv("TICKETWIRE_BROKER_URL", broker_url)
    monkeypatch.setenv("TICKETWIRE_MONGO_URL", mongo_url)
    monkeypatch.setenv("INGEST_MONGO_DATABASE", database_name)
    rows: list[str] = []
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        service = Service(
            Settings(
                mongo_url=mongo_url,
                mongo_database=database_name,
                mongo_driver="pymongo",
                broker_url=broker_url,
                secret="x" * 32,  # type: ignore[arg-type]
            )
        )
        store = MailStore(service.db, service.blobs)
        service.obeys(ShowAccountV1, RereadMailsV1, by=Handlers(store, lambda: None).obey)
        service.prepares(store.prepare)
        async with service.lifespan():
            now = datetime.now(UTC)
            mails = [arrival(mail(message_id=f"m{n}@x.test"), at=now) for n in range(3)]
            await store.accept_mails([(one, read(one)) for one in mails], now)
            rows.extend(one.row for one in mails)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    assert started.wait(60)
    yield rows
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


def test_mails_that_were_given_up_are_named_with_the_way_back(
    obeying: list[str], mongo_url: str, database_name: str
) -> None:
    assert "reread" not in run("account").stdout
    parked = {"$set": {"state": "parked", "why": "ValueError [/b]"}, "$unset": {"open": ""}}
    with MongoClient[dict[str, Any]](mongo_url) as client:
        client[database_name]["mails"].update_many({"_id": {"$in": obeying[:2]}}, parked)
    shown = run("account").stdout
    assert "ticketwire mail reread ROW" in shown
    assert all(f"{row}  ValueError [/b]" in shown for row in obeying[:2])
    assert obeying[2] not in shown
    assert "2 of 2 to be read again" in run("mail", "reread", *obeying[:2]).stdout


def test_the_account_is_shown(obeying: list[str]) -> None:
    result = run("account")
    assert result.exit_code == 0, result.output
    assert "It balances." in result.stdout
    shown = json.loads(run("account", "--json").stdout)
    assert (shown["received"], shown["under_way"], shown["late"]) == (3, 3, 0)
    assert json.loads(run("account", "--json", "--since", "2999-01-01").stdout)["received"] == 0


def test_an_account_that_does_not_balance_is_an_error(obeying: list[str], mongo_url: str, database_name: str) -> None:
    async def spoil() -> None:
        db = open_database(mongo_url, database_name, "pymongo")
        await db["mails"].update_one({"_id": obeying[0]}, {"$set": {"state": "lost"}})
        await db.close()

    asyncio.run(spoil())
    result = run("account")
    assert result.exit_code == 1
    assert "NOT balance" in result.stdout


def test_mails_are_read_again(obeying: list[str]) -> None:
    assert "1 of 1 to be read again" in run("mail", "reread", obeying[0]).stdout
    assert "2 of 2 to be read again" in run("mail", "reread", "--since", "2026-01-01").stdout
    unknown = run("mail", "reread", "nothing")
    assert unknown.exit_code == 1
    assert "0 of 1" in unknown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mail", "reread"], "name rows, or a time with --since"),
        (["mail", "reread", "--since", "tuesday"], "`tuesday` is no time"),
        (["account", "--broker-url", "amqp://guest:word@127.0.0.1:9/"], "RabbitMQ cannot be used at 127.0.0.1:9"),
    ],
)
def test_what_goes_wrong_is_one_line(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert "word@" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


async def test_a_service_that_does_not_obey_is_told(broker_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    broker = Broker(broker_url, "ingest")
    await broker.connect()
    await broker.close()
    with pytest.raises(typer.Exit):
        await ask(broker_url, ShowAccountV1(), timeout=0.3)
    assert "ingest did not answer" in capsys.readouterr().err
