"""The SMTP dialogue, octet by octet, down to the row in a real MongoDB; and HTTP beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Message

from services.ingest.api import Api
from services.ingest.domain import mime
from services.ingest.mail.smtp import PIECE_OCTETS
from services.ingest.store import MailStore
from ticketwire_chassis.blobs import BlobStore
from ticketwire_chassis.mongo import Doc, open_database
from ticketwire_contracts.tickets import Queue

from .conftest import Door, closed, opened
from .mails import mail
from .test_pool import Shelf


class Talk:
    """One SMTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def answer(self) -> str:
        """The next reply; of several lines the last."""
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), 20)).decode()
            if line[3:4] != "-":
                return line.strip()

    async def say(self, octets: bytes) -> str:
        """Sends octets, waits for the reply."""
        self.writer.write(octets)
        await self.writer.drain()
        return await self.answer()

    async def data(self, octets: bytes, *recipients: str) -> str:
        """A whole mail, its data exactly these octets."""
        assert (await self.say(b"MAIL FROM:<anna@example.net>\r\n")).startswith("250")
        for recipient in recipients or ("support@example.org",):
            assert (await self.say(f"RCPT TO:<{recipient}>\r\n".encode())).startswith("250")
        assert (await self.say(b"DATA\r\n")).startswith("354")
        return await self.say(octets)


@asynccontextmanager
async def talk(door: Door) -> AsyncIterator[Talk]:
    """A connection that has said EHLO."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
    try:
        talking = Talk(reader, writer)
        assert (await talking.answer()).startswith("220 ")
        assert (await talking.say(b"EHLO client.example.net\r\n")).startswith("250")
        yield talking
    finally:
        writer.close()
        await writer.wait_closed()


async def kept(door: Door, reply: str) -> bytes | None:
    """The octets in the row that a reply names."""
    assert reply.startswith("250 2.0.0 Kept as "), reply
    return await door.store.raw(reply.split()[-1])


async def test_a_mail_is_kept_as_it_came_before_it_is_said_so(door: Door) -> None:
    async with talk(door) as talking:
        reply = await talking.data(mail() + b".\r\n")
        assert await kept(door, reply) == mail()


async def test_stuffed_dots_are_taken_out_and_no_others(door: Door) -> None:
    async with talk(door) as talking:
        reply = await talking.data(mail("..one\r\n...two\r\nthree..\r\n. four\r\n") + b".\r\n")
        raw = await kept(door, reply)
    assert raw is not None
    assert raw.endswith(b"\r\n\r\n.one\r\n..two\r\nthree..\r\n. four\r\n")


async def test_a_mail_that_begins_with_a_dot_keeps_its_dot(door: Door) -> None:
    async with talk(door) as talking:
        assert await kept(door, await talking.data(b"..dot\r\n.\r\n")) == b".dot\r\n"


async def test_a_dot_between_other_line_ends_ends_nothing(door: Door) -> None:
    smuggled = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nevil\r\n"
    async with talk(door) as talking:
        for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\n", b"\r.\r\n", b"\r\n\x00.\r\n"):
            body = b"Subject: x\r\n\r\nbefore" + end + smuggled
            raw = await kept(door, await talking.data(body + b"\r\n.\r\n"))
            assert raw is not None
            assert b"victim@example.org" in raw, end


async def test_the_end_may_come_in_pieces(door: Door) -> None:
    async with talk(door) as talking:
        await talking.say(b"MAIL FROM:<a@x.test>\r\n")
        await talking.say(b"RCPT TO:<support@example.org>\r\n")
        await talking.say(b"DATA\r\n")
        for octet in b"Subject: slow\r\n\r\nhi\r\n.\r\n"[:-1]:
            talking.writer.write(bytes([octet]))
            await talking.writer.drain()
            await asyncio.sleep(0.001)
        assert await kept(door, await talking.say(b"\n")) == b"Subject: slow\r\n\r\nhi\r\n"


async def test_a_line_of_half_a_megabyte_is_taken(door: Door) -> None:
    raw = mail("x" * 500_000 + "\r\n")
    async with talk(door) as talking:
        assert await kept(door, await talking.data(raw + b".\r\n")) == raw


async def test_a_mail_that_is_too_large_is_refused_and_the_next_is_taken(door: Door) -> None:
    async with talk(door) as talking:
        assert (await talking.data(mail("x" * 1_100_000 + "\r\n") + b".\r\n")).startswith("552 5.3.4")
        assert await kept(door, await talking.data(mail() + b".\r\n")) == mail()
        assert (await talking.say(b"MAIL FROM:<a@x.test> SIZE=9000000\r\n")).startswith("552")


async def test_a_mail_of_exactly_the_limit_is_taken(door: Door) -> None:
    raw = mail(message_id="full@example.net")
    raw += b"x" * (1024 * 1024 - len(raw) - 2) + b"\r\n"
    async with talk(door) as talking:
        assert await kept(door, await talking.data(raw + b".\r\n")) == raw
        assert (await talking.data(raw.replace(b"full@", b"fuller@") + b".\r\n")).startswith("552")


async def test_who_hangs_up_in_the_middle_has_sent_nothing(door: Door) -> None:
    async with talk(door) as talking:
        await talking.say(b"MAIL FROM:<a@x.test>\r\n")
        await talking.say(b"RCPT TO:<support@example.org>\r\n")
        await talking.say(b"DATA\r\n")
        talking.writer.write(mail() + b".")
        await talking.writer.drain()
    async with talk(door) as talking:
        assert await kept(door, await talking.data(mail() + b".\r\n")) == mail()
    assert (await door.store.account(None, datetime.now(UTC)))["received"] == 1


async def test_recipients_are_looked_at(door: Door) -> None:
    async with talk(door) as talking:
        await talking.say(b"MAIL FROM:<>\r\n")
        assert (await talking.say(b"RCPT TO:<nonsense>\r\n")).startswith("553")
        assert (await talking.say(b"DATA\r\n")).startswith("503")
        for n in range(100):
            assert (await talking.say(f"RCPT TO:<a{n}@x.test>\r\n".encode())).startswith("250")
        assert (await talking.say(b"RCPT TO:<more@x.test>\r\n")).startswith("452")


async def test_an_envelope_that_is_no_text_hurts_nobody(door: Door) -> None:
    async with talk(door) as talking:
        await talking.say(b"MAIL FROM:<\xff@x.test>\r\n")
        await talking.say(b"RSET\r\n")
        assert await kept(door, await talking.data(mail() + b".\r\n")) == mail()


async def test_addresses_beyond_ascii_are_taken(door: Door) -> None:
    async with talk(door) as talking:
        await talking.say("MAIL FROM:<jürgen@bücher.example> SMTPUTF8\r\n".encode())
        assert (await talking.say("RCPT TO:<hilfe@bücher.example>\r\n".encode())).startswith("250")
        assert (await talking.say(b"DATA\r\n")).startswith("354")
        assert await kept(door, await talking.say(mail() + b".\r\n")) == mail()


async def test_a_bounce_has_no_sender(door: Door) -> None:
    async with talk(door) as talking:
        await talking.say(b"MAIL FROM:<>\r\n")
        await talking.say(b"RCPT TO:<support@example.org>\r\n")
        await talking.say(b"DATA\r\n")
        reply = await talking.say(mail() + b".\r\n")
    row = await door.store._mails.find_one({"_id": reply.split()[-1]})
    assert row is not None
    assert row["envelope_from"] == ""


async def test_commands_may_come_all_at_once(door: Door) -> None:
    async with talk(door) as talking:
        replies = [await talking.say(b"MAIL FROM:<a@x.test>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n")]
        replies += [await talking.answer(), await talking.answer()]
        assert [reply[:3] for reply in replies] == ["250", "250", "354"]
        assert await kept(door, await talking.say(mail() + b".\r\n")) == mail()


async def test_coming_at_once_is_offered_and_a_refusal_among_them_is_answered_in_its_turn(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
    await reader.readline()
    writer.write(b"EHLO client.example.net\r\n")
    offered = [await reader.readline()]
    while offered[-1][3:4] == b"-":
        offered.append(await reader.readline())
    assert b"250-PIPELINING\r\n" in offered
    writer.write(b"MAIL FROM:<anna@example.net>\r\nRCPT TO:<no address>\r\nDATA\r\n")
    assert [(await reader.readline())[:3] for _ in range(3)] == [b"250", b"553", b"503"]
    writer.write(b"RSET\r\nMAIL FROM:<anna@example.net>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n")
    assert [(await reader.readline())[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
    writer.write(mail() + b".\r\nQUIT\r\n")
    assert await kept(door, (await reader.readline()).decode().strip()) == mail()
    assert (await reader.readline())[:3] == b"221"
    writer.close()


async def test_a_fourth_connection_is_told_to_come_again(door: Door) -> None:
    async with talk(door), talk(door), talk(door) as third:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
        assert (await reader.readline()).startswith(b"421 4.3.2")
        writer.close()
        await writer.wait_closed()
        third.writer.close()
        await third.writer.wait_closed()
        await asyncio.sleep(0.05)
        async with talk(door) as another:
            assert (await another.say(b"NOOP\r\n")).startswith("250")


async def test_many_at_once_are_each_kept_once(door: Door) -> None:
    async def send(n: int) -> None:
        async with talk(door) as talking:
            for m in range(10):
                raw = mail(message_id=f"m{n}-{m}@x.test")
                assert await kept(door, await talking.data(raw + b".\r\n")) == raw

    await asyncio.gather(*(send(n) for n in range(3)))
    account = await door.store.account(None, datetime.now(UTC))
    assert (account["received"], account["balances"]) == (30, True)


async def test_without_mongo_nothing_is_accepted() -> None:
    db = open_database("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200&replicaSet=none", "nowhere", "pymongo")
    lost, task = await opened(MailStore(db, BlobStore(db)))
    async with talk(lost) as talking:
        assert (await talking.data(mail() + b".\r\n")).startswith("451 4.3.0")
        assert (await talking.say(b"NOOP\r\n")).startswith("250")
    await closed(task)
    await db.close()


class Refusing:
    """A store that writes nothing down."""

    async def keep_raw(self, mail: object) -> None:
        """Nothing."""

    async def accept_mails(self, mails: object, now: object) -> None:
        """The disk is full."""
        raise OSError("no space left on device")


async def test_whatever_goes_wrong_the_sender_keeps_his_mail() -> None:
    refusing, task = await opened(Refusing())  # type: ignore[arg-type]
    async with talk(refusing) as talking:
        assert (await talking.data(mail() + b".\r\n")).startswith("451 4.3.0")
    answer = await post(refusing, "/mail?to=support@example.org", mail())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    await closed(task)


# ------------------------------------------------------------------------------------------------------------ room

ROOM = 300_000
BIG = mail("x" * 76 + "\r\n") + (b"x" * 76 + b"\r\n") * 2500
"""Of it only one at a time fits into the room."""


@pytest.fixture
async def narrow() -> AsyncIterator[Door]:
    """A door with little room behind it."""
    door, task = await opened(Shelf(), in_flight=ROOM)  # type: ignore[arg-type]
    yield door
    await closed(task)
    assert door.rounds._room.left == ROOM, "it is given back, whatever happened"


async def until(condition: Callable[[], bool]) -> None:
    """Returns when it holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def until_taken(door: Door) -> None:
    """Returns when a big mail has its room."""
    await until(lambda: door.rounds._room.left <= ROOM - len(BIG) + 2 * PIECE_OCTETS)


async def until_empty(door: Door) -> None:
    """Returns when nothing has room."""
    await until(lambda: door.rounds._room.left == ROOM)


async def begin(talking: Talk) -> None:
    """A big mail, all but its end."""
    assert (await talking.say(b"MAIL FROM:<a@x.test>\r\n")).startswith("250")
    assert (await talking.say(b"RCPT TO:<support@example.org>\r\n")).startswith("250")
    assert (await talking.say(b"DATA\r\n")).startswith("354")
    talking.writer.write(BIG)
    await talking.writer.drain()


async def test_a_mail_that_is_still_coming_takes_room_already(narrow: Door) -> None:
    async with talk(narrow) as first, talk(narrow) as second:
        await begin(first)
        await until_taken(narrow)
        assert (await second.data(BIG + b".\r\n")).startswith("451 4.3.0")
        assert (await first.say(b".\r\n")).startswith("250")
        assert (await second.data(BIG + b".\r\n")).startswith("250")


async def test_whoever_hangs_up_gives_back_his_room(narrow: Door) -> None:
    async with talk(narrow) as first:
        await begin(first)
        await until_taken(narrow)
    await until_empty(narrow)
    async with talk(narrow) as second:
        assert (await second.data(BIG + b".\r\n")).startswith("250")


async def test_what_is_too_large_takes_no_room_while_it_is_read_to_its_end(narrow: Door) -> None:
    async with talk(narrow) as first, talk(narrow) as second:
        await begin(first)
        for _ in range(6):
            first.writer.write(BIG)
            await first.writer.drain()
        await until_empty(narrow)
        assert (await second.data(BIG + b".\r\n")).startswith("250")
        assert (await first.say(b".\r\n")).startswith("552")


async def test_a_stop_in_the_middle_of_a_mail_gives_back_its_room() -> None:
    door, task = await opened(Shelf(), in_flight=ROOM)  # type: ignore[arg-type]
    async with talk(door) as talking:
        await begin(talking)
        await until_taken(door)
        await closed(task)
        await until_empty(door)


async def test_by_http_too_a_mail_takes_room_while_it_comes(narrow: Door) -> None:
    meanwhile: list[int] = []

    async def coming() -> AsyncIterator[bytes]:
        yield BIG
        meanwhile.append((await post(narrow, "/mail?to=support@example.org", BIG)).status_code)
        yield b"end\r\n"

    assert (await post(narrow, "/mail?to=support@example.org", coming())).status_code == 201
    assert meanwhile == [503]
    assert (await post(narrow, "/mail?to=support@example.org", BIG)).status_code == 201


async def test_a_request_that_is_cut_off_gives_back_its_room(narrow: Door) -> None:
    begun: Message = {"type": "http.request", "body": BIG, "more_body": True}
    pieces = iter([begun, {"type": "http.disconnect"}])

    async def receive() -> Message:
        return next(pieces)

    scope = {"type": "http", "method": "POST", "path": "/mail", "query_string": b"", "headers": []}
    answer = await Api(narrow.rounds, narrow.store, 1024 * 1024).post(Request(scope, receive))
    assert answer.status_code == 400


# ------------------------------------------------------------------------------------------------------------ HTTP


async def post(
    door: Door, path: str, body: bytes | AsyncIterator[bytes], kind: str = "message/rfc822"
) -> httpx.Response:
    """POSTs to the HTTP edge beside the door."""
    app = Starlette(routes=Api(door.rounds, door.store, 1024 * 1024).routes)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        return await client.post(path, content=body, headers={"content-type": kind})


async def only_row(door: Door, answer: httpx.Response) -> Doc:
    """The row of the one mail that was taken."""
    assert answer.status_code == 201, answer.text
    (row,) = answer.json()["mails"]
    found = await door.store._mails.find_one({"_id": row})
    assert found is not None
    return found


async def test_a_raw_mail_by_http_is_kept(door: Door) -> None:
    row = await only_row(door, await post(door, "/mail?to=support@example.org&from=anna@example.net", mail()))
    assert (row["recipient"], row["envelope_from"], bytes(row["raw"])) == (
        "support@example.org",
        "anna@example.net",
        mail(),
    )


@pytest.mark.parametrize(
    ("query", "sender", "automated"), [("", None, False), ("&from=", "", True), ("&from=%3C%3E", "", True)]
)
async def test_only_a_sender_named_as_empty_is_a_bounce(
    door: Door, query: str, sender: str | None, automated: bool
) -> None:
    row = await only_row(door, await post(door, f"/mail?to=support@example.org{query}", mail()))
    said = orjson.loads(row["outbox"][0]["event"])
    assert (row["envelope_from"], said["envelope_from"]) == (sender, "")
    assert said["mail_read"]["auto"]["is_auto"] is automated


async def test_what_curl_posts_is_a_mail(door: Door) -> None:
    answer = await post(door, "/mail?to=support@example.org", mail(), "application/x-www-form-urlencoded")
    assert bytes((await only_row(door, answer))["raw"]) == mail()


async def test_the_recipient_is_the_queue_among_the_addresses(door: Door) -> None:
    await door.store.know_queue(Queue(name="billing", title="Billing", addresses=["billing@example.org"]))
    raw = mail(to="boss@example.org, billing@example.org")
    assert (await only_row(door, await post(door, "/mail", raw)))["recipient"] == "billing@example.org"
    raw = mail(to="boss@example.org", message_id="other@x.test")
    assert (await only_row(door, await post(door, "/mail", raw)))["recipient"] == "boss@example.org"


async def test_whom_it_is_to_is_found_without_reading_it(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_here(*_: object) -> None:
        raise AssertionError("the loop that all wait for reads no mail")

    monkeypatch.setattr(mime, "split", read_here)  # the worker is another process
    raw = mail(to="<" + "," * 63_000, headers="Cc: <" + "," * 63_000 + ">, support@example.org\r\nCc: boss@example.org")
    assert (await post(door, "/mail", raw)).json()["type"] == "no-recipient"
    assert (await only_row(door, await post(door, "/mail", mail(to="boss@x.test"))))["recipient"] == "boss@x.test"


def form(**fields: bytes) -> bytes:
    """A form as rt-mailgate posts it."""
    parts = (
        b'--f\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in fields.items()
    )
    return b"".join(parts) + b"--f--\r\n"


async def test_rt_mailgate_may_deliver_here(door: Door) -> None:
    await door.store.know_queue(Queue(name="support", title="Support", addresses=["support@example.org"]))
    path, kind = "/REST/1.0/NoAuth/mail-gateway", "multipart/form-data; boundary=f"
    answer = await post(door, path, form(queue=b"Support", action=b"correspond", message=mail()), kind)
    assert (answer.status_code, answer.text) == (200, "ok\n")
    (row,) = await door.store._mails.find({})
    assert not orjson.loads(row["outbox"][0]["event"])["mail_read"]["auto"]["is_auto"]
    comment = await post(door, path, form(queue=b"Support", action=b"comment", message=mail()), kind)
    assert (comment.status_code, comment.json()["type"]) == (422, "unknown-action")
    nowhere = await post(door, path, form(queue=b"nowhere", message=mail()), kind)
    assert (nowhere.status_code, nowhere.json()["type"]) == (422, "unknown-queue")


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/mail?to=support@example.org", b"", 422, "no-message"),
        ("/mail?to=nonsense", b"Subject: x\r\n\r\nx", 422, "no-recipient"),
        ("/mail", b"Subject: x\r\n\r\nx", 422, "no-recipient"),
        ("/mail?to=a@x.test", b"x" * 1_200_000, 413, "too-large"),
    ],
)
async def test_what_cannot_be_taken_is_a_problem(door: Door, path: str, body: bytes, status: int, kind: str) -> None:
    answer = await post(door, path, body)
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert answer.headers["content-type"] == "application/problem+json"
