"""What every message has: the envelope of an event, of a command, of its answer, and of a batch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

SCHEMA_BASE = "https://ticketwire.example/schemas"
ERASED = "[erased]"
"""What stands where a name, an address or a text was erased."""


FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9000, 1, 1, tzinfo=UTC)


def within(at: datetime) -> datetime:
    """A time that every clock can show: near the ends of the calendar another time zone has no day for it."""
    if not FIRST <= at < LAST:
        raise ValueError("a time from 1970 to 8999 is wanted")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(within)]
"""A time that someone names, with its zone."""


Word = Annotated[str, Field(max_length=1000)]
"""A name, a number or an address in a command: longer than any that is kept. What is asked for is told again where
it is refused, and a refusal is kept."""


class Value(BaseModel):
    """A frozen value. Readers ignore what they do not know (tolerant reader); writers are checked by mypy."""

    # What does not fit is named by its place: errors get into logs, and the input may be a mail.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Actor(Value):
    """Who did a thing. Names and addresses do not stand here, so that history needs no erasing."""

    kind: Literal["agent", "customer", "system"] = Field(description="In what part the actor acted.")
    id: str = Field(description="`person/<id>` for people, `system/<service>` for Ticketwire itself.")
    via: str | None = Field(default=None, description="What it came through: `mail`, `page`, `api`, `timer`, `cli`.")


class Event(Value):
    """The envelope of every event: CloudEvents 1.0 attribute names, and what Ticketwire adds.

    ``version`` is the stream's sequence number after this event; kept state with a greater version wins
    (design decision 8). ``id`` is ``<stream>:<version>:<i>``: the same event said twice has the same id.
    """

    topic: ClassVar[str]
    """The name under which the event is said, e.g. ``ticket.opened.v1``."""
    publisher: ClassVar[str]
    """The service that says it."""

    specversion: Literal["1.0"] = Field(default="1.0", description="CloudEvents version.")
    id: str = Field(description="Unique and repeatable: `<stream>:<version>:<i>`.")
    source: str = Field(description="The service that says it.")
    type: str = Field(description="The topic, e.g. `ticket.opened.v1`.")
    subject: str = Field(description="The stream it is about, e.g. `ticket/TW-12`.")
    time: datetime = Field(description="When it happened (UTC).")
    dataschema: str = Field(description="Address-like name of the JSON Schema of this type.")
    version: int = Field(description="The stream's version after it.", ge=0)
    actor: Actor = Field(description="Who did it.")
    correlation: str = Field(description="One id from a mail's arrival or a person's click to the last notification.")
    summary: str = Field(description="One neutral line for logs and strangers; holds no personal data.")
    replay: bool = Field(default=False, description="Said again on request: keep state, send nothing out.")

    @classmethod
    def schema_address(cls) -> str:
        """The ``dataschema`` of this type."""
        return f"{SCHEMA_BASE}/{cls.topic}.schema.json"


class Command(Value):
    """What a service is asked to do; the imperative. The envelope travels beside it (see ``Order``)."""

    topic: ClassVar[str]
    obeyed_by: ClassVar[str]


class Order(Value):
    """A command on its way: what is asked, by whom, and until when it is still wanted."""

    id: str = Field(description="The command's id; asked twice with the same id, it is done once.", max_length=200)
    type: str = Field(description="The command's topic, e.g. `reply_to_ticket.v1`.")
    actor: Actor = Field(description="Who asks.")
    correlation: str = Field(description="Carried into every event that follows.")
    not_after: datetime = Field(description="Later than this it is refused as late, not done.")
    command: dict[str, Any] = Field(description="The command's own fields.")


class Problem(Value):
    """Why something was refused, in the words of RFC 9457 (problem details)."""

    type: str = Field(description="A short stable name of the kind of problem, e.g. `ticket-not-found`.")
    title: str = Field(description="The same in a few words.")
    status: int = Field(description="The HTTP status that fits: 403, 404, 409, 412, 422.", ge=400, le=599)
    detail: str = Field(default="", description="What to do about it, for a person.")
    extra: dict[str, Any] = Field(default_factory=dict, description="Data for programs, e.g. the open dependencies.")


class Answer(Value):
    """What a service answers to an order: the events that came of it, or why it refused."""

    order: str = Field(description="The order's id.")
    events: list[dict[str, Any]] = Field(default_factory=list, description="The events, as said on the exchange.")
    result: dict[str, Any] = Field(default_factory=dict, description="What the asker wants at once, e.g. the number.")
    problem: Problem | None = Field(default=None, description="Set when it was refused.")


class Batch(Value):
    """One message on the internal exchange: up to 100 events in log order (design decision 7)."""

    source: str = Field(description="The speaking service.")
    first: int | None = Field(default=None, description="Place of the first commit in it; none for working rows.")
    last: int | None = Field(default=None, description="Place of the last commit in it.")
    chain: str | None = Field(default=None, description="The hash chain's value after `last`.")
    rights_epoch: int = Field(default=0, description="The epoch of rights under which these were said.")
    events: list[dict[str, Any]] = Field(description="The events, each with its own `type`.")
