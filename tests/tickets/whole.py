"""The machine over everything: any command of the contract, any mail and any step that is due, by anyone, in any order.

After each deed it is held against the law (``law.py``), the log (what was kept gives the state, through its sealed
and lifted form) and the rules of the house. ``told`` takes each story's town at its end, to be told again elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from services.tickets.domain.decision import Change, Decision, Refusal
from services.tickets.domain.events import (
    Adopted,
    DueChanged,
    FieldsChanged,
    LetGo,
    Linked,
    Merged,
    MessagesMoved,
    Moved,
    Opened,
    OwnerChanged,
    PeopleChanged,
    PriorityChanged,
    Replied,
    RequestersChanged,
    StatusChanged,
    SubjectChanged,
    TagsChanged,
    Thin,
    TimeWorked,
    TookIn,
    Unlinked,
)
from services.tickets.domain.recompute import normal, recompute
from services.tickets.domain.state import TicketState
from services.tickets.publish import publish
from ticketwire_chassis.private import unseal
from ticketwire_contracts.base import Actor, Command
from ticketwire_contracts.catalogue import EVENTS
from ticketwire_contracts.ingest import Address, AutoVerdict
from ticketwire_contracts.tickets import (
    MergeTicketsV1,
    OpenTicketV1,
    Queue,
    ReplyToTicketV1,
    SetOwnerV1,
    SetQueueV1,
    SplitTicketV1,
    TicketCommand,
)

from . import deeds
from .following import FULL, JOINING, WORKING, picked
from .law import Law
from .town import CUSTOMERS, SIGNER, Town
from .truths import Chains

ACTORS = st.sampled_from([*["root"] * 8, "mara", "mara", "bela", "bela", "oskar", "sue", "newbie", *CUSTOMERS[:2]])
PICKS = st.integers(0, 1000)
ADMINISTRATORS = st.sampled_from([*["root"] * 6, "mara", "sue", CUSTOMERS[0]])
STALE = st.sampled_from([None, None, None, None, None, 0, -1])
"""Against the ticket's version: not named, right, one behind."""
EVERYONE = ("root", "mara", "bela", "sue", "newbie", CUSTOMERS[0])
STATUSES = frozenset({403, 404, 409, 412, 422})
"""How a refusal may be answered, as ``Problem`` says."""


class Whole(Chains):
    """The town at work."""

    tally: Counter[tuple[type[Any], bool]] = Counter()
    """How often each kind of command was done, and refused, over all stories."""

    @initialize()
    def begin(self) -> None:
        self.world = self.town = Town.founded()
        self.said: dict[str, int] = {}
        """By ticket: public events so far."""
        self.checked = 0
        self.epochs = [self.town.epoch]
        for commit in self.town.kept.order:
            self.said[commit.stream] = self.said.get(commit.stream, 0) + len(publish(commit).public)

    def teardown(self) -> None:
        if hasattr(self, "town"):
            self.told(self.town)

    def told(self, town: Town) -> None:
        """A story is over."""

    # ---------------------------------------------------------------------------------------------- what is held

    def law(self) -> Law:
        """As it stands now."""
        here, directory = self.town, self.town.directory
        return Law(
            directory.queues, directory.groups, directory.grants, directory.lifecycles,
            dict(here.persons), dict(here.tickets), dict(here.messages),
        )  # fmt: skip

    def ask(self, name: str, command: Command) -> Decision:
        """Someone asks. Before, each answer that anyone would get is held against the law of the moment."""
        law = self.law()
        for other in EVERYONE:
            if other != name:
                actor = self.town.actor(other)
                self.check(law, actor, command, self.town.would(actor, command))
        actor = self.town.actor(name)
        decision = self.town.do(actor, command)
        self.tally[type(command), not isinstance(decision, Refusal)] += 1
        if isinstance(decision, Refusal):
            assert not self.town.new, "a refusal leaves nothing"
        self.check(law, actor, command, decision)
        return decision

    def check(self, law: Law, actor: Actor, command: Command, decision: Decision) -> None:
        """An answer, by the law and by the rules of the house."""
        if isinstance(decision, Refusal):
            self.check_refusal(decision)
            self.check_refused(law, actor, command, decision)
        else:
            sentence = law.sentence(actor, command)
            assert sentence.seen, "something was done to what they may not see"
            assert sentence.known, "something was done with what they may not see"
            assert law.allows(actor, [*sentence.needs, *sentence.reads]), "it was done without its right"
            self.check_done(law, actor, command, decision)

    def check_refused(self, law: Law, actor: Actor, command: Command, refusal: Refusal) -> None:
        """Refused for a right that they hold, or told of what they may not see?"""
        problem, sentence = refusal.problem, law.sentence(actor, command)
        if problem.status == 403:
            assert problem.type == "forbidden"
            assert sentence.seen
            assert not law.allows(actor, sentence.needs), f"they hold {problem.extra['right']}"
        elif problem.type == "ticket-not-found":
            assert not (sentence.seen and sentence.known)
        elif not sentence.seen:
            assert problem.status == 404
        elif isinstance(command, ReplyToTicketV1) and command.then_status is None:
            assert problem.type != "no-transition", "nobody asked for another status"
        elif isinstance(command, MergeTicketsV1) and problem.type == "same-ticket":
            assert command.into in (command.ticket, *command.others), "else it says what has become of it"
        elif not isinstance(command, TicketCommand) and problem.status != 404 and problem.type != "queue-disabled":
            assert law.allows(actor, sentence.needs), "whoever may not do it is told nothing else"

    def check_refusal(self, refusal: Refusal) -> None:
        """It can be answered."""
        problem = refusal.problem
        assert problem.status in STATUSES
        assert problem.type.replace("-", "").isalpha()
        assert problem.title
        assert type(problem).model_validate_json(problem.model_dump_json()).type == problem.type

    def check_done(self, law: Law, actor: Actor, command: Command, decision: Sequence[Change]) -> None:
        """What the rules of the house say of what was done by command."""
        before: dict[str, Any] = dict(law.tickets)
        self.check_closings(before, decision)
        self.check_told(before, decision)
        for change in decision:
            if isinstance(change.after, TicketState):
                self.check_ticket(law, actor, before.get(change.after.number), change)
        first = decision[0].after
        if isinstance(command, SetOwnerV1) and isinstance(first, TicketState) and first.owner:
            assert law.holds(first.owner.id, law.on(before[first.number], "ticket.own"))
        if isinstance(command, SetQueueV1) and isinstance(first, TicketState):
            assert not law.queues[command.queue].disabled
            assert first.owner is None or law.holds(first.owner.id, law.on(first, "ticket.own"))
        if isinstance(command, OpenTicketV1 | SplitTicketV1) and isinstance(first, TicketState):
            assert not law.queues[first.queue].disabled

    def check_ticket(self, law: Law, actor: Actor, before: TicketState | None, change: Change) -> None:
        """A status follows by its lifecycle, and whoever closes has filled what is required."""
        after = change.after
        assert isinstance(after, TicketState)
        for event in change.events:
            self.check_so(after, event)
        joins = {"merged", "unmerged"} & {event.type for event in change.events}
        for event in change.events:
            if before is None or joins:
                continue
            if isinstance(event, StatusChanged):
                queue = self.check_way(law, before, event)
                if event.category == "closed" and before.category != "closed":
                    assert all(one.name in after.fields for one in queue.fields if one.required)
            if isinstance(event, PeopleChanged) and event.role in ("admin_cc", "watchers"):
                assert all(law.holds(one.id, law.on(before, "ticket.show")) for one in event.added)

    def check_way(self, law: Law, before: TicketState, event: StatusChanged) -> Queue:
        """A status follows by the lifecycle of the ticket's queue."""
        queue = law.queues[before.queue]
        ways = {(one.before, one.after) for one in law.lifecycles[queue.lifecycle].transitions}
        assert event.before == event.after or (event.before, event.after) in ways
        return queue

    def check_so(self, after: TicketState, event: Thin) -> None:
        """What a command's event says is so after it, read without the fold."""
        match event:
            case OwnerChanged() | SubjectChanged() | PriorityChanged() | DueChanged():
                name = event.type.removesuffix("_changed")
                assert getattr(after, name) == event.after
            case StatusChanged() if event.after != "merged":
                assert (after.status, after.category, after.wake_at) == (event.after, event.category, event.wake_at)
            case Moved():
                assert (after.queue, after.status) == (event.after, event.status)
            case TagsChanged():
                assert set(event.added) <= set(after.tags)
                assert set(event.removed).isdisjoint(after.tags)
            case FieldsChanged():
                assert all(after.fields.get(one.name) == one.after for one in event.changes)
            case TimeWorked():
                assert after.time_worked == event.total
            case RequestersChanged() | PeopleChanged():
                here = {one.id for one in getattr(after, getattr(event, "role", "requesters"))}
                asks = {one.id for one in after.requesters}
                assert {one.id for one in event.added} <= here | asks, "who asks is not listed as cc too"
                assert {one.id for one in event.removed}.isdisjoint(here)
            case Linked():
                assert event.link in after.links
            case Unlinked():
                assert all((one.type, one.target) != (event.link.type, event.link.target) for one in after.links)
            case Merged():
                assert after.merged_into == event.into
            case TookIn() | LetGo():
                inside = {one.number for one in after.absorbed}
                assert set(event.numbers) <= inside if isinstance(event, TookIn) else inside.isdisjoint(event.numbers)
            case Replied():
                assert after.clocks.oldest_unanswered_at is None

    # ------------------------------------------------------------------------------------------- what is asked
    # Few rules with much in each: Hypothesis leaves out half of the rules in each story, and stories need a mixture.

    @rule(name=ACTORS, command=deeds.any_of(deeds.WORK), stale=STALE)
    def work(self, name: str, command: Command, stale: int | None) -> None:
        if isinstance(command, TicketCommand):
            self.ask(name, self.aged(command, stale))
        elif self.room():
            self.ask(name, command)

    @rule(name=ACTORS, command=deeds.any_of(deeds.JOINING))
    def join(self, name: str, command: Command) -> None:
        if self.room() or not isinstance(command, SplitTicketV1):
            self.ask(name, command)

    @rule(name=ADMINISTRATORS, command=deeds.any_of(deeds.GROUND))
    def administer(self, name: str, command: Command) -> None:
        self.ask(name, command)

    @rule(name=ACTORS, what=st.sampled_from(sorted(WORKING)), pick=PICKS)
    def work_on(self, name: str, what: str, pick: int) -> None:
        """Something that fits what is there, so that stories get further than chance would take them."""
        if command := WORKING[what](self.town, name, pick):
            self.ask(name, command)

    @rule(name=ACTORS, what=st.sampled_from(sorted(JOINING)), pick=PICKS)
    def join_on(self, name: str, what: str, pick: int) -> None:
        """The same, of links, merged and split tickets."""
        if command := JOINING[what](self.town, name, pick):
            self.ask(name, command)

    def boundlessly(self, command: TicketCommand) -> Decision:
        return self.ask("root", command)

    def room(self) -> bool:
        """Whether there may be another ticket: with too many, deeds meet each other no more."""
        return len(self.town.tickets) < FULL

    def aged(self, command: TicketCommand, stale: int | None) -> TicketCommand:
        """A command that names the version that was seen."""
        ticket = self.town.tickets.get(command.ticket)
        if stale is None or ticket is None:
            return command
        return command.model_copy(update={"if_version": ticket.version + stale})

    # --------------------------------------------------------------------------------- what comes by other ways

    def deliver(self, sender: str, to: str, **reading: Any) -> None:
        """A mail, and what holds of it."""
        law = self.law()
        decision = self.town.mail(to, sender, **reading)
        if isinstance(decision, Refusal):
            self.check_refusal(decision)
            return
        author = self.town.actor(sender)
        was = law.persons.get(author.id)
        assert was is None or not was.disabled, "who is disabled is not heard"
        for change in decision:
            for event in change.events:
                if isinstance(event, Replied):
                    assert isinstance(change.after, TicketState)
                    before = law.tickets[change.after.number]
                    assert law.holds(event.author.id, law.on(before, "ticket.reply"))
                    for opened in change.events[1:]:
                        assert isinstance(opened, StatusChanged)
                        self.check_way(law, before, opened)  # type: ignore[arg-type]
                if isinstance(event, Opened):
                    assert event.requesters[0].id == author.id
        before_it: dict[str, Any] = dict(self.law().tickets) | dict(law.tickets)
        self.check_closings(before_it, decision)
        self.check_told(before_it, decision)

    @rule(
        sender=st.one_of(deeds.customer, deeds.address),
        way=st.sampled_from(["new", "new", "tag", "tag", "id", "internal id", "reply", "note"]),
        to=st.sampled_from(["support", "support", "billing", "bench", "old"]),
        ticket=deeds.ticket,
        whose=ACTORS,
        cc=st.lists(deeds.written_to, max_size=1),
        auto=st.sampled_from([False, False, False, True]),
    )
    def write(self, sender: str, way: str, to: str, ticket: str, whose: str, cc: list[str], auto: bool) -> None:
        """A mail: a new one, or one that answers by tag, by the signed id of ours, by someone's token."""
        reading: dict[str, Any] = {
            "cc": [Address(address=one) for one in cc],
            "auto": AutoVerdict(is_auto=auto, reason="Precedence: bulk" if auto else ""),
        }
        match way:
            case "tag":
                reading["subject"] = f"Re: [{ticket}] more"
            case "id" | "internal id":
                ours = SIGNER.message_id(ticket, "event", sender, "example.org", internal=way != "id")
                reading["in_reply_to"] = [ours]
            case "reply" | "note":
                to = f"{to}+{SIGNER.reply_token(ticket, way, self.town.actor(whose).id)}"
        if self.room():
            self.deliver(sender, f"{to}@example.org", **reading)

    @rule(
        ticket=deeds.ticket,
        clock=st.sampled_from(["first_response", "solution", "wake", "wake"]),
        late=st.booleans(),
        pick=PICKS,
    )
    def step_is_due(self, ticket: str, clock: str, late: bool, pick: int) -> None:
        """A step, computed from what is so, or from what was so before."""
        if clock == "wake" and (waiting := [one.number for one in self.town.tickets.values() if one.wake_at]):
            ticket = picked(waiting, pick)
        found = self.town.tickets.get(ticket)
        at = (found.wake_at if found and clock == "wake" else None) or self.town.now
        at -= timedelta(days=late)
        generation = found.clocks.generation - late if found else 1
        decision = self.town.due(ticket, clock=clock, due_at=at, generation=generation)
        if isinstance(decision, Refusal):
            self.check_refusal(decision)
        elif clock == "wake":
            assert found
            assert (found.category, found.wake_at) == ("waiting", at)
            assert self.town.tickets[ticket].category == "active"
        else:
            assert not late
            assert found
            assert found.category != "closed"
            again = self.town.due(ticket, clock=clock, due_at=at, generation=generation)
            assert isinstance(again, Refusal), "the same step counts once"

    # --------------------------------------------------------------------------------------- what always holds

    @invariant()
    def always(self) -> None:
        super().always()
        self.what_was_kept_gives_the_state()
        self.a_tickets_facts_agree()
        self.no_message_is_lost()
        self.names_belong_to_who_has_them()
        self.nobody_is_inside_themselves()

    def what_was_kept_gives_the_state(self) -> None:
        """Each new commit: the next of its stream, and what it says, read back, leads to what stands beside it."""
        for commit in self.town.kept.order[self.checked :]:
            before = self.town.kept.commits[commit.stream][: commit.seq - 1]
            assert len(before) == commit.seq - 1
            state = before[-1].after if before else None
            events = unseal(commit.body, commit.private)
            again = recompute(commit.stream, state, events, commit.at)
            assert normal(commit.stream, again) == normal(commit.stream, commit.after)
            assert commit.after.get("version", commit.seq) == commit.seq
            if (epoch := commit.after.get("rights_epoch")) is not None:
                assert epoch <= self.town.epoch
            self.check_sayings(commit)
        self.checked = len(self.town.kept.order)

    def check_sayings(self, commit: Any) -> None:
        """What a commit says: of the catalogue, in public without a hole and without a word from inside."""
        said = publish(commit)
        assert all(event.type in EVENTS for event in said.internal)
        count = self.said.get(commit.stream, 0)
        if self.checked:
            assert [event.public_version for event in said.public] == [
                count + n for n in range(1, len(said.public) + 1)
            ]
            self.said[commit.stream] = count + len(said.public)
        if commit.stream.startswith("ticket/"):
            assert commit.after["public_version"] == self.said[commit.stream] or not self.checked
            for event in said.public:
                assert deeds.SECRET not in event.model_dump_json()

    def a_tickets_facts_agree(self) -> None:
        directory = self.town.directory
        for ticket in self.town.tickets.values():
            clocks, life = ticket.clocks, directory.lifecycles[directory.queues[ticket.queue].lifecycle]
            if ticket.merged_into is None:
                assert life.statuses[ticket.status] == ticket.category
                assert (clocks.category, clocks.due, clocks.wake_at) == (ticket.category, ticket.due, ticket.wake_at)
            else:
                assert (ticket.status, ticket.category) == ("merged", "closed")
                assert ticket.resting
                assert life.statuses[ticket.resting.status] == ticket.resting.category
            assert (clocks.priority, clocks.queue) == (ticket.priority, ticket.queue)
            assert ticket.wake_at is None or ticket.category == "waiting"
            assert [until is None for _, until in clocks.waiting[:-1]] == [False] * len(clocks.waiting[:-1])
            assert (bool(clocks.waiting) and clocks.waiting[-1][1] is None) == (clocks.category == "waiting")
            assert (clocks.resolved_at is not None) == (clocks.category == "closed")
            assert ticket.time_worked >= 0
            for role in ("requesters", "cc", "admin_cc", "watchers"):
                ids = [party.id for party in getattr(ticket, role)]
                assert len(ids) == len(set(ids)), f"someone stands twice among {role}"

    def no_message_is_lost(self) -> None:
        """Each thing that was said has its number, and stands on some ticket; on one, if it was never copied."""
        standing: Counter[str] = Counter()
        copied: set[str] = set()
        origins: dict[str, str] = {}
        for number, commits in self.town.log.items():
            said = [event.n for _, events in commits for event in events if hasattr(event, "n")]
            assert said == list(range(1, self.town.tickets[number].messages + 1))
            for _, events in commits:
                for event in events:
                    if isinstance(event, Adopted):
                        origins[f"{number}.{event.n}"] = event.origin
                        assert event.internal == self.town.messages[event.origin].internal
                    if isinstance(event, MessagesMoved) and event.copied:
                        copied |= set(event.messages)
        away = {one.message for ticket in self.town.tickets.values() for one in ticket.moved}
        for message in self.town.messages:
            first = message
            while first in origins:
                if first in copied:
                    copied.add(origins[first])
                first = origins[first]
            standing[first] += message not in away
        for message, places in standing.items():
            assert places == 1 or (places > 1 and message in copied), f"{message} stands {places} times"

    def names_belong_to_who_has_them(self) -> None:
        held: dict[str, str] = {}
        for person in self.town.persons.values():
            names = [("address", one) for one in person.addresses] + ([("login", person.login)] if person.login else [])
            for kind, value in names:
                claim = SIGNER.claim(kind, value)
                assert held.setdefault(claim, person.id) == person.id, f"{value} belongs to two"
        for queue in self.town.directory.queues.values():
            for one in queue.addresses:
                claim = SIGNER.claim("queue-address", one)
                assert held.setdefault(claim, f"queue/{queue.name}") == f"queue/{queue.name}"
        assert held == self.town.claims
        assert sum(queue.catch_all for queue in self.town.directory.queues.values()) <= 1

    def nobody_is_inside_themselves(self) -> None:
        for group in self.town.directory.groups.values():
            law, waiting = self.town.directory.groups, list(group.members)
            while waiting:
                name = waiting.pop()
                assert name != f"group/{group.name}"
                waiting += law[name.removeprefix("group/")].members if name.startswith("group/") else []
        for person in self.town.persons.values():
            assert person.id not in person.aliases
            if person.joined_into:
                assert person.id in self.town.persons[person.joined_into].aliases or self.joined_on(person.joined_into)
                assert person.disabled

    def joined_on(self, person: str) -> bool:
        """Whether someone was joined into yet another."""
        return self.town.persons[person].joined_into is not None
