"""A whole town to act in: everything in it came by command, and every deed is kept as the log would keep it.

    support   Mara, Oskar (group field); Sue supervises      default lifecycle
    billing   Bela (group desk, over a group in it); field   default lifecycle
              look and split there, but see no notes
    bench     field again, who see no notes there            a lifecycle of its own, and a required field
    unsorted  the catch-all queue; attic is disabled
    Root      administrator of all; Newbie holds nothing; customers c0 to c3 ask by mail

What ``tickets`` does around the domain is done here as it does it: the signer's claims and marks, decisions that
read other tickets made twice, commits with their personal values sealed. So a story can be told again to a real
replica (``test_whole_machine_stored.py``), deed by deed, and must come to the same.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any

from services.tickets.domain import intake, links, opening, work
from services.tickets.domain.changes import decide_change
from services.tickets.domain.context import Context, Directory, SignedMark
from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import PERSONAL, thin
from services.tickets.domain.joining import decide_joining
from services.tickets.domain.seeding import seed
from services.tickets.domain.state import TicketState
from services.tickets.handlers import _author
from services.tickets.store import message_key
from ticketwire_chassis.commits import Ask, Commit, CommitLog, Draft, Plan
from ticketwire_chassis.events import stamp
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor, Command
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.ingest import MailReceivedV1
from ticketwire_contracts.rights import AGENT_RIGHTS
from ticketwire_contracts.tickets import (
    AddMemberV1,
    AdministrationCommand,
    ChangeLifecycleV1,
    CreateGroupV1,
    CreatePersonV1,
    CreateQueueV1,
    DisableQueueV1,
    FieldDefinition,
    GiveRightV1,
    OpenTicketV1,
    SetOwnerV1,
    SetQueueFieldsV1,
    TicketCommand,
)

from .office import REPAIRS, SYSTEM, Office
from .world import JOINING

SIGNER = Signer("s" * 32)
TICKETS = Actor(kind="system", id="system/tickets")
TIMER = Actor(kind="system", id="system/escalation", via="timer")
BEGINNING = datetime(2021, 3, 1, 9, 0, tzinfo=UTC)
"""Long before anyone tells the story again, with the times of then."""
AGENTS = ("root", "mara", "oskar", "bela", "sue", "newbie")
CUSTOMERS = tuple(f"c{n}@example.net" for n in range(4))

What = Command | MailReceivedV1 | EscalationDueV1


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was asked, and what it came to."""

    order: str
    actor: Actor
    what: What
    refused: str | None = None
    """The refusal's type."""
    happened: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Else each stream that it changed, with the types of what happened there."""


@dataclass(slots=True)
class Kept:
    """The log as ``CommitLog`` would keep it, without a database."""

    commits: dict[str, list[Commit]] = field(default_factory=dict)
    order: list[Commit] = field(default_factory=list)

    def keep(self, ask: Ask, actor: Actor, decision: Decision) -> list[Commit]:
        """The commits of what was decided, on top of those before."""
        assert not isinstance(decision, Refusal)
        drafts = [
            Draft(
                change.stream,
                self.commits.get(change.stream, [None])[-1],
                [thin(event) for event in change.events],
                change.after.model_dump() if isinstance(change.after, TicketState) else change.after,
                keys=[message_key(key) for key in change.keys],
            )
            for change in decision
        ]
        made = _LOG._commits_of(ask, Plan(drafts, actor=actor))
        for commit in made:
            self.commits.setdefault(commit.stream, []).append(commit)
        self.order += made
        return made


class Town(Office):
    """The town and its history."""

    def __init__(self) -> None:
        super().__init__(catch_all=False)
        self.directory, self.claims, self.persons = Directory(), {}, {}
        self.epoch, self.now = 0, BEGINNING
        self.kept = Kept()
        self.deeds: list[Deed] = []
        """Since the town was founded."""
        self._orders = count(1)
        self.new: list[Commit] = []
        """What the last deed was committed as."""

    # ------------------------------------------------------------------------------------------ what can be done

    def do(self, actor: Actor, command: Command) -> Decision:
        """Someone asks for something."""
        self.tick()
        return self.settle(f"o{next(self._orders)}", actor, command)

    def administer(self, command: AdministrationCommand, actor: Actor = SYSTEM) -> Decision:
        """Someone administers."""
        return self.do(actor, command)

    def receive(self, mail: MailReceivedV1) -> Decision:
        """A mail comes in."""
        decision = self.settle(f"{mail.mail}:{mail.reading}", mail.actor, mail)
        if not isinstance(decision, Refusal) and mail.mail_read.message_id:
            self.known.setdefault(mail.mail_read.message_id, decision[0].stream.removeprefix("ticket/"))
        return decision

    def mail(self, to: str = "support@example.org", sender: str = CUSTOMERS[0], **reading: Any) -> Decision:
        """Someone writes."""
        return self.receive(self.make_mail(to, sender, **reading))

    def due(self, ticket: str, **step: Any) -> Decision:
        """escalation says that a step of a ticket is due."""
        self.tick()
        order = f"timers/{ticket}:{next(self._orders)}:0"
        given: dict[str, Any] = {"percent": 100, "policy_version": 1, "actions": ["tell_owner"], "ticket": ticket}
        given |= stamp(EscalationDueV1, "timers", 1, at=self.now, actor=TIMER, correlation="c", summary="s")
        return self.settle(order, TIMER, EscalationDueV1.model_validate({**given, **step, "id": order}))

    def would(self, actor: Actor, command: Command) -> Decision:
        """What would become of it, if they asked now; nothing does."""
        context = replace(self.context(), next_number=lambda: "TW-0")
        decision = self._decide("what if", actor, command, context)
        if isinstance(command, (AdministrationCommand, *JOINING)):
            return decision
        return links.with_others(context, actor, decision, self.now)

    # ------------------------------------------------------------------------------------------- how it is done

    def settle(self, order: str, actor: Actor, what: What) -> Decision:
        """Decides as the handlers do; what is accepted takes effect, and is kept."""
        if isinstance(what, AdministrationCommand):
            self.epoch += 1
        decision = self._decide(order, actor, what)
        alone = isinstance(what, (AdministrationCommand, *JOINING))
        if not alone and links.reads_others(self.context(), decision):
            decision = links.with_others(self.context(), actor, self._decide(order, actor, what), self.now)
        self._remember(order, actor, what, decision)
        return decision

    def _decide(self, order: str, actor: Actor, what: What, given: Context | None = None) -> Decision:
        context = given or self.context()
        match what:
            case MailReceivedV1():
                return intake.decide_mail(context, what)
            case EscalationDueV1():
                return work.escalate(context, what, self.now)
            case OpenTicketV1():
                return opening.decide_open(context, actor, what, self.now)
            case AdministrationCommand():
                return decide_change(context, actor, what, order, self.epoch)
            case TicketCommand() if isinstance(what, JOINING):
                return decide_joining(context, actor, what, self.now)
            case TicketCommand():
                return work.decide(context, actor, what, self.now)
        raise TypeError(f"nobody decides {type(what).__name__} here")

    def _remember(self, order: str, actor: Actor, what: What, decision: Decision) -> None:
        self.new = []
        if isinstance(decision, Refusal):
            self.deeds.append(Deed(order, actor, what, refused=decision.problem.type))
            return
        author = next((_author(change) for change in decision if change.stream.startswith("ticket/")), None)
        topic = what.topic if isinstance(what, Command) else "x"
        self.new = self.kept.keep(Ask(order, topic, actor, self.now, "c", what), author or actor, decision)
        self._apply(decision, author or actor)
        happened = tuple((one.stream, tuple(event.type for event in one.events)) for one in decision)
        self.deeds.append(Deed(order, actor, what, happened=happened))

    def context(self) -> Context:
        """What a decision sees, with the names and marks of the real signer."""
        return replace(super().context(), claim=SIGNER.claim, signed_id=_signed_id, signed_address=_signed_address)

    # ------------------------------------------------------------------------------------------------- who is who

    def agent(self, login: str) -> Actor:
        """An agent as actor."""
        return Actor(kind="agent", id=self.claims[SIGNER.claim("login", login)], via="api")

    def actor(self, name: str) -> Actor:
        """Whoever has a login or, with an @, an address now; someone unknown if nobody has."""
        kind = "address" if "@" in name else "login"
        person = self.persons.get(self.claims.get(SIGNER.claim(kind, name), ""))
        if person is None:
            return Actor(kind="customer", id="person/nobody", via="api")
        return Actor(kind="agent" if person.agent else "customer", id=person.id, via="api")

    # ---------------------------------------------------------------------------------------- where it begins

    @classmethod
    def founded(cls) -> Town:
        """The town as it is at the beginning of each story; a copy, to be changed."""
        return _founded().copy()

    def copy(self) -> Town:
        """Another town with the same history."""
        other = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                lists = {key: list(one) if isinstance(one, list) else one for key, one in value.items()}
                setattr(other, name, type(value)(lists))
            elif not isinstance(value, Kept):
                setattr(other, name, copy.copy(value))
        other.kept = Kept({stream: list(commits) for stream, commits in self.kept.commits.items()}, [*self.kept.order])
        return other


@lru_cache(maxsize=1)
def _founded() -> Town:
    town = Town()

    def must(command: AdministrationCommand) -> None:
        assert not isinstance(town.administer(command), Refusal), command

    town.epoch += 1
    town._remember("seed:beginning", TICKETS, CreateQueueV1(name="seed"), seed(town.context(), town.epoch))
    for command in FOUNDING:
        must(command)
    for sender, to in [*((one, "support") for one in CUSTOMERS), (CUSTOMERS[0], "billing"), (CUSTOMERS[1], "bench")]:
        assert not isinstance(town.mail(f"{to}@example.org", sender), Refusal)
    for number, owner in (("TW-2", "oskar"), ("TW-5", "bela")):
        assert not isinstance(town.do(SYSTEM, SetOwnerV1(ticket=number, owner=owner)), Refusal)
    town.deeds = []
    return town


FOUNDING: tuple[AdministrationCommand, ...] = (
    CreateQueueV1(name="unsorted", catch_all=True),
    REPAIRS,
    ChangeLifecycleV1(name="default", maps={"repairs": {"new": "received", "pending": "parts", "resolved": "done"}}),
    *(
        CreatePersonV1(login=login, name=login.title(), agent=True, addresses=[f"{login}@example.org"])
        for login in AGENTS
    ),
    AddMemberV1(group="administrators", member="person:root"),
    CreateQueueV1(name="support", addresses=["support@example.org"], supervisors=["person:sue"]),
    CreateQueueV1(name="billing", addresses=["billing@example.org"], follow_up="new_linked_ticket"),
    CreateQueueV1(name="bench", addresses=["bench@example.org"], lifecycle="repairs", follow_up="refuse"),
    SetQueueFieldsV1(
        queue="support",
        fields=[
            FieldDefinition(name="size", type="number"),
            FieldDefinition(name="cause", type="choice", options=["toner", "drum"]),
        ],
    ),
    CreateQueueV1(name="attic", addresses=["attic@example.org"]),
    DisableQueueV1(name="attic"),
    SetQueueFieldsV1(queue="bench", fields=[FieldDefinition(name="room", type="text", required=True)]),
    *(CreateGroupV1(name=name) for name in ("field", "desk", "inner")),
    AddMemberV1(group="field", member="person:mara"),
    AddMemberV1(group="field", member="person:oskar"),
    AddMemberV1(group="desk", member="group:inner"),
    AddMemberV1(group="inner", member="person:bela"),
    *(
        GiveRightV1(right=right, grantee=f"group:{group}", scope=f"queue:{queue}")
        for group, queue in (("field", "support"), ("desk", "billing"), ("field", "bench"))
        for right in (*AGENT_RIGHTS, "ticket.forward")
        if queue != "bench" or right != "note.show"
    ),
    *(
        GiveRightV1(right=right, grantee="group:field", scope="queue:billing")
        for right in ("queue.see", "ticket.show", "ticket.create", "ticket.split")
    ),
    GiveRightV1(right="ticket.steal", grantee="role:supervisor", scope="queue:support"),
    GiveRightV1(right="ticket.assign", grantee="role:owner", scope="all"),
)

_LOG = CommitLog.__new__(CommitLog)
_LOG._personal = dict(PERSONAL)


def _signed_id(message_id: str) -> SignedMark | None:
    found = SIGNER.ticket_of_message_id(message_id)
    return SignedMark(ticket=found.ticket, internal=found.internal) if found else None


def _signed_address(address: str) -> SignedMark | None:
    found = SIGNER.read_reply_token(address.rpartition("@")[0].partition("+")[2])
    if not found:
        return None
    return SignedMark(found.ticket, internal=True, reply_of=found.person if found.purpose == "reply" else None)
