"""A small world to decide in: two queues, an agent with rights, one without, a customer, and a story of commands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.tickets.domain import intake, links, opening, work
from services.tickets.domain.context import Context, Directory, Happened, SignedMark, Spoken
from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import Said, Thin
from services.tickets.domain.joining import decide_joining
from services.tickets.domain.state import TicketState, message_of
from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import Address, AutoVerdict, MailReceivedV1, Reading
from ticketwire_contracts.rights import AGENT_RIGHTS
from ticketwire_contracts.tickets import (
    Grant,
    Group,
    LinkTicketsV1,
    MergeTicketsV1,
    Message,
    OpenTicketV1,
    Person,
    Queue,
    SplitTicketV1,
    TicketCommand,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SUPPORT = Queue(name="support", title="Support", addresses=["support@example.org"], supervisors=["person/sue"])
BILLING = Queue(name="billing", title="Billing", addresses=["billing@example.org"])
UNSORTED = Queue(name="unsorted", title="Unsorted", catch_all=True)
MARA = Person(id="person/mara", login="mara", name="Mara", addresses=["mara@example.org"], agent=True)
OSKAR = Person(id="person/oskar", login="oskar", name="Oskar", addresses=["oskar@example.org"], agent=True)
NEWBIE = Person(id="person/newbie", login="newbie", name="Newbie", addresses=["newbie@example.org"], agent=True)
ANNA = "anna@example.net"
SYSTEM = Actor(kind="system", id="system/tickets")

JOINING = (LinkTicketsV1, UnlinkTicketsV1, MergeTicketsV1, UnmergeTicketV1, SplitTicketV1, UnsplitTicketV1)


def agent(person: Person) -> Actor:
    """The person as actor."""
    return Actor(kind="agent", id=person.id, via="api")


class World:
    """What has happened so far; each deed is decided and, if accepted, takes effect."""

    def __init__(self, *, catch_all: bool = True) -> None:
        queues = {queue.name: queue for queue in ([SUPPORT, BILLING, UNSORTED] if catch_all else [SUPPORT, BILLING])}
        grants = tuple(Grant(right=right, grantee="group/field", scope="queue/support") for right in AGENT_RIGHTS)
        groups = {"field": Group(name="field", members=[MARA.id, OSKAR.id])}
        self.directory = Directory(queues=queues, groups=groups, grants=grants)
        self.claims = {f"claim/login/{p.login}": p.id for p in (MARA, OSKAR, NEWBIE)}
        self.claims |= {f"claim/address/{p.addresses[0]}": p.id for p in (MARA, OSKAR, NEWBIE)}
        self.persons = {p.id: p for p in (MARA, OSKAR, NEWBIE)}
        self.tickets: dict[str, TicketState] = {}
        self.log: dict[str, list[tuple[datetime, list[Thin]]]] = {}
        self.said: dict[str, Spoken] = {}
        self.messages: dict[str, Message] = {}
        self.since: dict[str, list[Happened]] = {}
        self.known: dict[str, str] = {}
        self.marks: dict[str, SignedMark] = {}
        self.now = NOON
        self._numbers = count(1)
        self._mails = count(1)

    def context(self) -> Context:
        """What a decision sees."""
        return Context(
            directory=self.directory,
            tickets=self.tickets,
            claims=self.claims,
            persons=self.persons,
            known_ids=self.known,
            signed_id=self.marks.get,
            signed_address=self.marks.get,
            next_number=lambda: f"TW-{next(self._numbers)}",
            messages=self.messages,
            since=self.since,
            said=self.said,
        )

    def grant(self, right: str, grantee: str, scope: str = "all") -> None:
        """One more grant."""
        grants = (*self.directory.grants, Grant(right=right, grantee=grantee, scope=scope))
        self.directory = replace(self.directory, grants=grants)

    def tick(self, minutes: float = 1) -> None:
        """Time passes."""
        self.now += timedelta(minutes=minutes)

    def mail(self, to: str = "support@example.org", sender: str = ANNA, **reading: Any) -> Decision:
        """A mail comes in."""
        mail = self.make_mail(to, sender, **reading)
        decision = intake.decide_mail(self.context(), mail)
        decision = links.with_others(self.context(), mail.actor, decision, self.now)
        if not isinstance(decision, Refusal) and mail.mail_read.message_id:
            self._apply(decision)
            self.known.setdefault(mail.mail_read.message_id, decision[0].stream.removeprefix("ticket/"))
        return decision

    def make_mail(self, to: str, sender: str, **reading: Any) -> MailReceivedV1:
        """The event by which ingest says it."""
        self.tick()
        n = next(self._mails)
        given = {
            "from": Address(address=sender),
            "subject": "Help",
            "text": "It does not work.",
            "auto": AutoVerdict(is_auto=False),
            "message_id": f"m{n}@example.net",
        }
        actor = Actor(kind="system", id="system/ingest")
        return MailReceivedV1(
            **stamp(MailReceivedV1, f"mail/{n}", 1, at=self.now, actor=actor, correlation="c", summary="s"),
            mail=f"row{n}",
            reading=1,
            recipient=to,
            envelope_from=sender,
            received_at=self.now,
            raw_sha256="0",
            size=1,
            mail_read=Reading.model_validate(given | reading),
        )

    def do(self, actor: Actor, command: TicketCommand | OpenTicketV1) -> Decision:
        """Someone asks for something."""
        self.tick()
        if isinstance(command, OpenTicketV1):
            decision = opening.decide_open(self.context(), actor, command, self.now)
        elif isinstance(command, JOINING):
            decision = decide_joining(self.context(), actor, command, self.now)
        else:
            decision = work.decide(self.context(), actor, command, self.now)
            decision = links.with_others(self.context(), actor, decision, self.now)
        if not isinstance(decision, Refusal):
            self._apply(decision, actor)
        return decision

    def _apply(self, decision: Decision, actor: Actor = SYSTEM) -> None:
        assert not isinstance(decision, Refusal)
        for change in decision:
            if isinstance(change.after, TicketState):
                ticket, at = change.after, change.after.updated_at
                self.tickets[ticket.number] = ticket
                self.log.setdefault(ticket.number, []).append((at, list(change.events)))
                types = tuple(event.type for event in change.events)
                self.since.setdefault(ticket.number, []).append(Happened(ticket.version, at, actor, "x", types))
                for event in change.events:
                    if isinstance(event, Said):
                        message = message_of(ticket.number, event, at)
                        self.messages[message.id] = message
                        spoken = Spoken(ticket.number, event, message.at)
                        self.said[spoken.id] = spoken
            elif change.claim:
                self.claims[change.stream] = str(change.after["owner"])
            elif change.stream.startswith("person/"):
                self.persons[change.stream] = Person.model_validate(change.after)


def kinds(decision: Decision) -> list[str]:
    """What happened on the ticket, by type; or the refusal's type."""
    return [decision.problem.type] if isinstance(decision, Refusal) else [e.type for e in decision[0].events]


def status(decision: Decision) -> int:
    """The HTTP status of a refusal; 200 otherwise."""
    return decision.problem.status if isinstance(decision, Refusal) else 200
