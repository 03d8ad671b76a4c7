"""What the made-up world's log says of TW-2041: for the tests and pictures of the history and of past states."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.gateway.views.past import Past
from services.gateway.views.work import Orders
from ticketwire_contracts.base import Actor, Answer, Command, Problem
from ticketwire_contracts.ingest import Address, Attachment
from ticketwire_contracts.tickets import (
    Cause,
    Difference,
    Happening,
    HistoryEntry,
    HistoryPage,
    Message,
    Party,
    ShowHistoryV1,
    ShowTicketAtV1,
)

NUMBER = "TW-2041"
MARA = Party(id="person/mara", name="Mara König", login="mara", agent=True)
OSKAR = Party(id="person/oskar", name="Oskar Sund", login="oskar", agent=True)
ANNA = Party(id="person/anna", name="Anna Berg", address="anna@example.net")
OLE = Party(id="person/ole", name="Ole Sand", address="ole@example.net")
MISSING = Problem(type="ticket-not-found", title="No such ticket", status=404, detail="It was not there then.")
FORBIDDEN = Problem(type="forbidden", title="You may not", status=403, detail="It needs the right history.show.")

LETTER = (
    "Good morning,\n\nthe juicer stops after about ten seconds and blinks red. It is only four weeks old. I attach a "
    "picture of the plate underneath.\n\n-- \nAnna Berg\nBerg & Töchter, Lübeck"
)


def message(author: Party, text: str, at: datetime, **more: Any) -> Message:
    """Something said."""
    return Message(
        id=f"{NUMBER}.1", ticket=NUMBER, kind=more.pop("kind", "mail"), author=author, text=text, at=at, **more
    )


def happened(type: str, **details: Any) -> Happening:
    """One thing that happened, as the log tells it."""
    return Happening(type=type, details=details)


def from_to(before: Any, after: Any) -> Difference:
    """What a field was, and is."""
    return Difference(before=before, after=after)


def change(
    version: int, at: datetime, actor: Party | str, command: str, *happening: Happening, cause: str = "command",
    via: str | None = "page", **changed: Difference,
) -> HistoryEntry:  # fmt: skip
    """One change. An ``actor`` in a word is a part of Ticketwire."""
    who = (
        Actor(kind="system", id=f"system/{actor}", via=via)
        if isinstance(actor, str)
        else Actor(kind="agent" if actor.agent else "customer", id=actor.id, via=via)
    )
    return HistoryEntry(
        version=version,
        at=at,
        actor=who,
        command=command,
        cause=Cause(kind=cause, id=f"{'row7/1' if cause == 'mail' else 'gateway/9f3b0c'}"),  # type: ignore[arg-type]
        correlation=f"c-{version}",
        happened=list(happening),
        changed=changed,
    )


def story(began: datetime, minutes: Any) -> list[HistoryEntry]:
    """The changes of TW-2041; ``minutes`` gives the time so many minutes ago."""
    people = [party.model_dump(mode="json") for party in (ANNA, OLE, OSKAR)]
    anna, ole, oskar = people
    plate = Attachment(filename="plate.jpg", content_type="image/jpeg", size=214_000, sha256="ab" * 32)
    opened = Happening(
        type="opened", message=message(ANNA, LETTER, began, attachments=[plate]), details={"opened_by": "mail"}
    )
    note = Happening(
        type="noted",
        message=message(OSKAR, "She says juicer, she means the Multi Juicer 3000.", minutes(60), internal=True),
    )
    to = [Address(address="anna@example.net")]
    reply = Happening(type="replied", message=message(MARA, "Dear Ms Berg,\n\nplease leave it off.", began, to=to))
    out = [Address(address="vendor@example.com")]
    forward = Happening(
        type="forwarded", message=message(MARA, "Do you know this?", began, to=out, internal=True, kind="page")
    )
    adopted = Happening(
        type="adopted", message=message(ANNA, "Also this.", began, origin="TW-2012.3"), details={"spoke": "customer"}
    )
    link = {"type": "depends_on", "target": "TW-2017"}
    due = minutes(-3000).isoformat()
    return [
        change(
            1, began, ANNA, "open_from_mail", opened, cause="mail", via="mail",
            subject=from_to(None, "Juicer stops"), queue=from_to(None, "support"), status=from_to(None, "new"),
            category=from_to(None, "new"), number=from_to(None, NUMBER), priority=from_to(None, 50),
            requesters=from_to([], [anna]), opened_by=from_to(None, "mail"), messages=from_to(None, 1),
        ),
        change(2, minutes(119), OSKAR, "set_priority.v1", happened("priority_changed", before=50, after=90),
               priority=from_to(50, 90)),
        change(3, minutes(60), OSKAR, "add_note.v1", note, messages=from_to(1, 2)),
        change(4, minutes(50), MARA, "set_owner.v1",
               happened("owner_changed", after=MARA.model_dump(mode="json")),
               owner=from_to(None, MARA.model_dump(mode="json"))),
        change(5, minutes(40), MARA, "reply_to_ticket.v1", reply,
               happened("status_changed", before="new", after="open", category="active"),
               status=from_to("new", "open"), category=from_to("new", "active")),
        change(6, minutes(38), MARA, "change_people.v1",
               happened("people_changed", role="cc", added=[ole], removed=[]), via="api", cc=from_to([], [ole])),
        change(7, minutes(37), MARA, "set_tags.v1", happened("tags_changed", added=["juicer", "cooling"], removed=[]),
               tags=from_to([], ["juicer", "cooling"])),
        change(8, minutes(36), MARA, "set_due.v1", happened("due_changed", after=due), due=from_to(None, due)),
        change(9, minutes(35), MARA, "set_fields.v1",
               happened("fields_changed", changes=[{"name": "room", "before": "212", "after": "214"}]),
               fields=from_to({"room": "212", "parts": ["lid"]}, {"room": "214", "parts": ["lid"]})),
        change(10, minutes(34), MARA, "link_tickets.v1", happened("linked", link=link), links=from_to([], [link])),
        change(11, minutes(33), MARA, "add_time_worked.v1",
               happened("time_worked", minutes=85, text="on the phone", total=85), time_worked=from_to(0, 85)),
        change(12, minutes(32), MARA, "forward_messages.v1", forward, messages=from_to(3, 4)),
        change(13, minutes(31), MARA, "merge_tickets.v1", happened("took_in", numbers=["TW-2012"], parts=[]),
               absorbed=from_to([], [{"number": "TW-2012"}]), requesters=from_to([anna], [anna, ole])),
        change(14, minutes(30), MARA, "unmerge_ticket.v1", adopted,
               happened("let_go", numbers=["TW-2012"]), absorbed=from_to([{"number": "TW-2012"}], [])),
        change(15, minutes(29), MARA, "set_status.v1",
               happened("status_changed", before="open", after="pending", category="waiting", wake_at=due),
               status=from_to("open", "pending"), wake_at=from_to(None, due)),
        change(16, minutes(10), "escalation", "wake", happened("status_changed", before="pending", after="open"),
               cause="timer", via="timer", status=from_to("pending", "open"), wake_at=from_to(due, None)),
        change(17, minutes(5), "escalation", "escalate",
               happened("escalated", clock="first_response", percent=100, due_at=due, actions=[], generation=2),
               cause="timer", via="timer"),
        change(18, minutes(4), OSKAR, "set_subject.v1",
               happened("subject_changed", before="Juicer stops", after="Multi Juicer 3000 stops after ten seconds"),
               subject=from_to("Juicer stops", "Multi Juicer 3000 stops after ten seconds"),
               admin_cc=from_to([oskar], [])),
        change(19, minutes(2), OSKAR, "erase_person.v1", happened("erased", person="person/x", values=["1:text"]),
               via="cli"),
    ]  # fmt: skip


@dataclass
class Log:
    """tickets, as far as it is asked of its log; ``asked`` keeps each question."""

    changes: list[HistoryEntry]
    then: dict[str, Any]
    asked: list[Command] = field(default_factory=list)
    problem: Problem | None = None
    most: int = 500
    """So many changes are told at once, however many are asked for."""

    @property
    def past(self) -> Past:
        """The use cases over it."""
        return Past(Orders(self, self.apply))

    async def call(self, command: Command, actor: Actor, correlation: str, order_id: str | None = None) -> Answer:
        """What tickets answers."""
        self.asked.append(command)
        if isinstance(command, ShowTicketAtV1):
            return self._at(command, order_id or "")
        assert isinstance(command, ShowHistoryV1)
        if self.problem is not None:
            return Answer(order=order_id or "", problem=self.problem)
        later = [one for one in self.changes if one.version > command.after]
        items = later[: min(command.limit, self.most)]
        page = HistoryPage(items=items, next=items[-1].version if len(later) > len(items) else None)
        return Answer(order=order_id or "", result=page.model_dump(mode="json"))

    def _at(self, command: ShowTicketAtV1, order: str) -> Answer:
        upto = [one for one in self.changes if one.at <= command.at]
        if not upto:
            return Answer(order=order, problem=MISSING)
        state = self.then | {"version": upto[-1].version, "updated_at": upto[-1].at.isoformat()}
        for one in upto:
            state |= {name: each.after for name, each in one.changed.items() if name not in ("absorbed", "messages")}
        return Answer(order=order, result={"ticket": state})

    async def apply(self, answer: Answer) -> None:
        """Nothing comes of looking."""


def log_of(began: datetime, minutes: Any) -> Log:
    """The log of the made-up world."""
    clocks = {
        "opened_at": began.isoformat(), "priority": 50, "queue": "support", "category": "active", "generation": 1,
    }  # fmt: skip
    then = {
        "number": NUMBER, "subject": "", "queue": "support", "status": "new", "category": "active", "priority": 50,
        "clocks": clocks, "opened_by": "mail", "created_at": began.isoformat(), "updated_at": began.isoformat(),
        "version": 1, "public_version": 1, "messages": 4, "language": "en",
    }  # fmt: skip
    return Log(story(began, minutes), then)
