"""A house full of secrets: tickets of all kinds, each piece with a word of its own, and everybody who may look.

Everything is made through REST and SMTP, on the whole system. What each viewer may see is computed from what REST
says of persons, groups, grants, queues and tickets, by the one rule in ``contracts/rights.py``; never from the
answers that are judged by it.

    T  support   the ticket: a mail, replies, notes, files
    H  hr        a hidden ticket
    L  hr        a hidden ticket on which T depends
    A  support   merged into T, with a note
    M  hr        a hidden ticket merged into T, with a note
    P  hr        a hidden ticket, closed, out of which S was split
    S  support   split out of P
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import smtplib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

import aio_pika
import httpx

from tests.flow.stack import PASSWORD, Stack
from ticketwire_contracts.rights import AGENT_RIGHTS, Thing, Viewer, holds, viewer_of, visible_to
from ticketwire_contracts.tickets import Grant, Group, Person

QUEUES = {"support": "support@example.org", "hr": "hr@example.org", "billing": "billing@example.org"}
SEEN_OUTSIDE = "support"
"""The queue that the outside subscriber is bound to."""

AGENTS: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "shower": [("queue.see", "queue:support"), ("ticket.show", "queue:support")],
    "other": [(right, "queue:billing") for right in AGENT_RIGHTS],
    "owner": [("ticket.own", "queue:support")],
    "admincc": [],
    "full": [(right, "queue:support") for right in AGENT_RIGHTS],
    "chief": [],
    "gone": [("superuser", "all")],
}
"""Agents by login, and what they are granted. ``chief`` supervises support; ``gone`` is disabled before anything
happens; ``owner`` and ``admincc`` hold what their roles on T give them."""

WATCHERS = ["person:nothing", "person:shower", "person:other", "person:full", "person:gone"]
CUSTOMER = "anna@example.net"


def word(about: str) -> str:
    """A word that occurs nowhere else."""
    return f"{about}{secrets.token_hex(5)}"


@dataclass(frozen=True)
class Content:
    """A piece of content: the word that gives it away, the ticket that it is on, and whether it is internal.

    Without a ticket it is something of the directory, for who holds ``right``.
    """

    name: str
    word: str
    ticket: str = ""
    internal: bool = False
    right: str = ""

    def occurs_in(self, octets: bytes) -> bool:
        """Whether it is given away there; ``TW-1`` does not stand in ``TW-12``."""
        return re.search(re.escape(self.word).encode() + rb"(?![0-9])", octets) is not None


@dataclass
class House:
    """The system, what is in it, and who looks."""

    stack: Stack
    numbers: dict[str, str] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    message_ids: dict[str, str] = field(default_factory=dict)
    moments: dict[str, str] = field(default_factory=dict)
    """``opened``: when T had its mail only; ``now``: when all of it was there."""
    tokens: dict[str, str] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    bystander: str = ""
    streams: dict[str, bytearray] = field(default_factory=dict)
    heard: bytearray = field(default_factory=bytearray)
    _things: dict[str, Thing] = field(default_factory=dict)
    _queues: dict[str, Thing] = field(default_factory=dict)
    _grants: list[Grant] = field(default_factory=list)
    _ids: dict[str, str] = field(default_factory=dict)
    _running: list[asyncio.Task[None]] = field(default_factory=list)
    _connection: Any = None
    _client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=20))

    # ------------------------------------------------------------------------------------------- the rule

    def sees(self, viewer: str, ticket: str) -> bool:
        """Whether a viewer may see a ticket at all."""
        return visible_to(self.viewers[viewer], self._things[ticket], self._grants)

    def sees_queue(self, viewer: str, queue: str) -> bool:
        """Whether a viewer may see a queue."""
        return visible_to(self.viewers[viewer], self._queues[queue], self._grants)

    def holds(self, viewer: str, right: str, ticket: str) -> bool:
        """Whether a viewer holds a right on a ticket."""
        return holds(self.viewers[viewer], right, self._things[ticket], self._grants)

    def allowed(self, viewer: str, content: Content) -> bool:
        """Whether a viewer may see a piece of content: the one rule, and for who listens outside the allow-list."""
        if viewer == "outsider":
            queue = self._things[content.ticket].queue if content.ticket else None
            return queue == SEEN_OUTSIDE and not content.internal
        if content.right:
            return holds(self.viewers[viewer], content.right, Thing(), self._grants)
        thing = self._things[content.ticket].model_copy(update={"internal": content.internal})
        return visible_to(self.viewers[viewer], thing, self._grants)

    # ------------------------------------------------------------------------------------------- building

    async def build(self) -> None:
        """People first, then who listens, then the secrets."""
        await self._people()
        await self._listeners()
        await self.stack.post("people/gone/disable", {})
        await self._the_ticket()
        await self._the_others()
        await self._joined()
        await self._rule()
        await self._settled()
        self.moments["now"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")

    async def close(self) -> None:
        """Nobody listens any more."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._client.aclose()
        if self._connection is not None:
            await self._connection.close()

    async def _people(self) -> None:
        post = self.stack.post
        for login in AGENTS:
            person = {"login": login, "name": login.title(), "addresses": [f"{login}@agents.example.org"]}
            self._ids[login] = (await post("people", {**person, "agent": True}))["id"]
            await self.stack.put(f"people/{login}/password", {"password": PASSWORD})
        self._ids["admin"] = (await self.stack.get("people/admin"))["id"]
        for name, address in QUEUES.items():
            queue: dict[str, Any] = {"name": name, "addresses": [address], "watchers": WATCHERS}
            await post("queues", queue | ({"supervisors": ["person:chief"]} if name == "support" else {}))
        for login, rights in AGENTS.items():
            for right, scope in rights:
                await post("rights", {"right": right, "grantee": f"person:{login}", "scope": scope})
            answer = await post("sessions", {"login": login, "password": PASSWORD}, token="")
            self.tokens[login] = answer["token"]
        self.tokens |= {"superuser": self.stack.token, "anonymous": ""}
        name = self._keep("person name", "", right="person.admin")
        made = await post("people", {"name": name, "addresses": [f"{word('by')}@example.net"]})
        self.bystander = made["id"].removeprefix("person/")

    async def _listeners(self) -> None:
        for viewer, token in self.tokens.items():
            opened = asyncio.Event()
            self._running.append(asyncio.create_task(self._follow(viewer, token, opened)))
            await asyncio.wait_for(opened.wait(), 20)
        self._connection = await aio_pika.connect(self.stack.broker_url)
        channel = await self._connection.channel()
        queue = await channel.declare_queue("ext.outsider", exclusive=True)
        await queue.bind("ticketwire.events", f"#.{SEEN_OUTSIDE}")

        async def hear(message: Any) -> None:
            self.heard += repr((message.routing_key, message.headers, message.correlation_id)).encode() + message.body

        await queue.consume(hear, no_ack=True)

    async def _follow(self, viewer: str, token: str, opened: asyncio.Event) -> None:
        """Keeps all octets of a viewer's stream of changes."""
        kept = self.streams.setdefault(viewer, bytearray())
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.stack.base_url}/api/v1/stream"
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=None) as client, client.stream("GET", url, headers=headers) as stream:
                kept += repr(stream.headers).encode()
                async for piece in stream.aiter_bytes():
                    kept += piece
                    if b"still here" in kept:  # it listens
                        opened.set()
        opened.set()

    def _keep(self, name: str, ticket: str, internal: bool = False, right: str = "", known: str = "") -> str:
        """A new piece of content; its word."""
        content = Content(name, known or word(name.replace(" ", "")), ticket, internal, right)
        self.contents[name] = content
        return content.word

    async def _mailed(self, key: str, name: str, queue: str, sender: str, file: str = "") -> str:
        """A ticket by mail; its number."""
        subject = self._keep(f"{name} subject", key)
        mail = self._letter(queue, sender, subject, self._keep(f"{name} mail", key))
        self.message_ids[key] = mail["Message-ID"]
        if file:
            content = self._keep(f"{file} content", key)
            mail.add_attachment(content.encode(), "application", "x-log", filename=self._keep(file, key) + ".log")
        await asyncio.to_thread(self._smtp, mail, QUEUES[queue])

        async def there() -> Any:
            rows = (await self.stack.get(f"queues/{queue}/tickets"))["items"]
            return next((row["number"] for row in rows if row["subject"] == subject), None)

        self.numbers[key] = number = await self.stack.until(there, why=f"the ticket {key}")
        self._keep(f"{name} number", key, known=number)
        return str(number)

    def _letter(self, queue: str, sender: str, subject: str, text: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, QUEUES[queue], subject
        mail["Message-ID"] = f"<{secrets.token_hex(8)}@example.net>"
        mail.set_content(f"It is about {text} here.\n")
        return mail

    def _smtp(self, mail: EmailMessage, to: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.stack.smtp_port, timeout=20) as smtp:
            smtp.send_message(mail, to_addrs=[to])

    async def _the_ticket(self) -> None:
        number = await self._mailed("T", "ticket", "support", f"Anna Berg <{CUSTOMER}>", file="mail file")
        self.moments["opened"] = (await self.stack.get(f"tickets/{number}"))["updated_at"]
        await self.stack.put(f"tickets/{number}/owner", {"owner": "owner"})
        document = (await self.stack.call("GET", "../openapi.json")).json()
        if "/api/v1/tickets/{number}/admin_cc" in document["paths"]:
            # only who sees the ticket comes there; afterwards the role is all that they have
            sight = {"right": "ticket.show", "grantee": "person:admincc", "scope": f"ticket:{number}"}
            await self.stack.post("rights", sight)
            await self.stack.call("PATCH", f"tickets/{number}/admin_cc", {"add": ["admincc"]})
            await self.stack.call("DELETE", f"rights?{urlencode(sight)}")
        await self._say(number, "replies", self._keep("reply", "T"))
        content = self._keep("note file content", "T", internal=True)
        name = self._keep("note file", "T", internal=True)
        digest = await self._upload(f"{name}.log", content)
        await self._say(number, "notes", self._keep("note", "T", internal=True), [digest])
        self.digests |= {"note": digest}
        entries = (await self.stack.get(f"tickets/{number}/timeline"))["items"]
        self.digests["mail"] = entries[0]["attachments"][0]["sha256"]

    async def _upload(self, filename: str, content: str) -> str:
        url = f"{self.stack.base_url}/api/v1/attachments"
        headers = {"Authorization": f"Bearer {self.stack.token}", "Content-Type": "application/x-log"}
        answer = await self._client.post(url, params={"filename": filename}, content=content.encode(), headers=headers)
        return str(answer.raise_for_status().json()["sha256"])

    async def _say(self, number: str, how: str, text: str, files: Iterable[str] = ()) -> None:
        await self.stack.post(f"tickets/{number}/{how}", {"text": f"That is {text}.", "attachments": list(files)})

    async def _the_others(self) -> None:
        await self._mailed("H", "hidden", "hr", "hal@example.net")
        await self._say(self.numbers["H"], "notes", self._keep("hidden note", "H", internal=True))
        await self._mailed("L", "linked", "hr", "lea@example.net")
        await self._mailed("A", "absorbed", "support", "ada@example.net")
        await self._say(self.numbers["A"], "notes", self._keep("absorbed note", "A", internal=True))
        await self._mailed("M", "merged", "hr", "max@example.net")
        await self._say(self.numbers["M"], "notes", self._keep("merged note", "M", internal=True))
        await self._mailed("P", "origin", "hr", "pia@example.net")

    async def _joined(self) -> None:
        post, number = self.stack.post, self.numbers
        await post(f"tickets/{number['T']}/links", {"type": "depends_on", "target": number["L"]})
        await post(f"tickets/{number['A']}/merge", {"into": number["T"]})
        await post(f"tickets/{number['M']}/merge", {"into": number["T"]})
        mail = self._letter("hr", "pia@example.net", word("another"), self._keep("moved mail", "S"))
        mail["In-Reply-To"] = self.message_ids["P"]
        await asyncio.to_thread(self._smtp, mail, QUEUES["hr"])

        async def joined() -> Any:
            entries = (await self.stack.get(f"tickets/{number['P']}/timeline"))["items"]
            return next((entry for entry in entries if entry["type"] == "ticket.received"), None)

        message = (await self.stack.until(joined, why="the second mail"))["message"]["id"]
        subject = self._keep("split subject", "S")
        asked = {"messages": [message], "queue": "support", "subject": subject}
        number["S"] = (await post(f"tickets/{number['P']}/split", asked))["number"]
        self._keep("split number", "S", known=number["S"])
        for status in ("open", "resolved"):
            await self.stack.put(f"tickets/{number['P']}/status", {"status": status})
        await self._say(number["T"], "replies", self._keep("late reply", "T"))

    # -------------------------------------------------------------------------------------- who may what

    async def _rule(self) -> None:
        """Reads as data what the rule is asked with."""
        groups = [
            Group.model_validate(row | {"members": [self._meant(member) for member in row["members"]]})
            for row in (await self.stack.get("groups"))["items"]
        ]
        self._grants = [
            Grant(right=row["right"], grantee=self._meant(row["grantee"]), scope=row["scope"].replace(":", "/", 1))
            for row in (await self.stack.get("rights"))["items"]
        ]
        for login in AGENTS:
            self.viewers[login] = viewer_of(Person.model_validate(await self.stack.get(f"people/{login}")), groups)
        self.viewers["superuser"] = viewer_of(Person.model_validate(await self.stack.get("people/admin")), groups)
        for name in QUEUES:
            row = await self.stack.get(f"queues/{name}")
            standing = {
                "watcher": frozenset(map(self._meant, row["watchers"])),
                "supervisor": frozenset(map(self._meant, row["supervisors"])),
            }
            self._queues[name] = Thing(queue=name, roles=standing)
        for key, number in self.numbers.items():
            row = await self.stack.get(f"tickets/{number}")
            roles = {
                "owner": frozenset({row["owner"]["id"]} if row["owner"] else ()),
                "requester": frozenset(who["id"] for who in row["requesters"]),
                "cc": frozenset(who["id"] for who in row["cc"]),
                "admin_cc": frozenset(who["id"] for who in row["admin_cc"]),
            }
            queue = self._queues[row["queue"]]
            self._things[key] = Thing(queue=row["queue"], ticket=number, roles={**queue.roles, **roles})
            if key == "T":
                anna = next(who["id"] for who in row["requesters"] if who["address"] == CUSTOMER)
                self.viewers["customer"] = Viewer(person=anna)
        self.viewers["anonymous"] = self.viewers["outsider"] = Viewer(person="person/nobody")

    def _meant(self, spoken: str) -> str:
        """The id of what people write: ``person:full``, ``group:agents``, ``role:owner``."""
        kind, _, name = spoken.partition(":")
        return f"person/{self._ids[name].removeprefix('person/')}" if kind == "person" else spoken.replace(":", "/", 1)

    async def _settled(self) -> None:
        """Until what was said last has come out of every slow exit: mails, streams, the public exchange."""
        last = self.contents["late reply"]
        for address in (CUSTOMER, "full@agents.example.org", "shower@agents.example.org"):
            await self.stack.until(lambda a=address: last.occurs_in(self.mails(a)), 40, f"the last mail to {address}")  # type: ignore[misc]
        await self.stack.until(lambda: last.occurs_in(bytes(self.heard)), 20, "the public exchange")
        numbers = [content for name, content in self.contents.items() if name.endswith(" number")]
        told = self.streams["superuser"]
        await self.stack.until(lambda: all(one.occurs_in(bytes(told)) for one in numbers), 20, "the stream")

    # --------------------------------------------------------------------------------------------- looking

    def mails(self, address: str) -> bytes:
        """All mails to an address, as they came and decoded."""
        octets = bytearray()
        for mail in self.stack.mails_to(address):
            octets += mail.as_bytes() + repr(mail.items()).encode()
            parts: list[Any] = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
            octets += b"".join(part or b"" for part in parts)
        return bytes(octets)

    def filled(self, text: str) -> str:
        """An address with numbers, digests and times put in: ``tickets/{T}/attachments/{note}``."""
        places = {**self.numbers, **self.digests, **self.moments, "bystander": self.bystander}
        places["bystander_word"] = self.contents["person name"].word
        return text.format_map(places)

    async def ask(
        self, viewer: str, method: str, path: str, body: Any, page: bool, headers: dict[str, str] | None = None
    ) -> bytes:
        """The whole answer to a request of a viewer: status, headers, body. Pages by cookie, REST by token."""
        token = self.tokens.get(viewer, "")
        sent = dict(headers or {})
        if page:
            sent |= {"Sec-Fetch-Site": "same-origin"} | ({"Cookie": f"ticketwire_session={token}"} if token else {})
        elif token:
            sent["Authorization"] = f"Bearer {token}"
        url = self.stack.base_url + ("" if page else "/api/v1/") + self.filled(path)
        filled = json.loads(self.filled_json(body)) if body is not None else None
        form, data = (filled, None) if page else (None, filled)
        answer = await self._client.request(method, url, headers=sent, data=form, json=data)
        self._client.cookies.clear()
        return f"{answer.status_code} {answer.headers.multi_items()}\n".encode() + answer.content

    def filled_json(self, body: Any) -> str:
        """A body with numbers put in."""
        text = json.dumps(body)
        for key, number in self.numbers.items():
            text = text.replace(f'"{{{key}}}"', json.dumps(number))
        return text
