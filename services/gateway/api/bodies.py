"""The bodies of requests. Unknown members are refused, so that a typing mistake is not silently ignored."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ticketwire_contracts.base import Moment
from ticketwire_contracts.tickets import FieldDefinition, FieldValue


class Body(BaseModel):
    """A JSON object."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _writable(cls, sent: Any) -> Any:
        """JSON can name half a character by its escape, alone or as a part of a member's name: nobody can write it
        down, neither to the database nor into the answer."""
        try:
            json.dumps(sent, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("text must be Unicode, without surrogates that stand alone") from None
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        return sent


class LogIn(Body):
    """Who wants in."""

    login: str = Field(max_length=100, description="Login name.")
    password: str = Field(max_length=1024, description="Password.")


class NewTicket(Body):
    """A ticket by hand."""

    queue: str = Field(description="Name of the queue.")
    subject: str = Field(min_length=1, max_length=500, description="Subject.")
    requesters: list[str] = Field(min_length=1, max_length=20, description="Mail addresses of who asks.")
    text: str = Field(max_length=200_000, description="What was said, or what to write.")
    kind: Literal["phone", "mail"] = Field(
        default="phone", description="`phone` takes down what a caller said; `mail` writes to the requesters."
    )
    priority: int | None = Field(default=None, ge=0, le=100, description="Else the queue's.")
    owner: str | None = Field(default=None, description="Login of the owner.")
    attachments: list[str] = Field(default_factory=list, max_length=50, description="sha256 of own uploads.")


class NewReply(Body):
    """A reply to the customers."""

    text: str = Field(min_length=1, max_length=200_000, description="What to write.")
    to: list[str] | None = Field(default=None, description="Addresses; without it, the requesters (and cc).")
    cc: list[str] | None = Field(default=None, description="Copies; without it, the ticket's cc.")
    attachments: list[str] = Field(default_factory=list, max_length=50, description="sha256 of own uploads.")
    status: str | None = Field(default=None, description="Status to set with it.")


class NewNote(Body):
    """An internal note."""

    text: str = Field(min_length=1, max_length=200_000, description="What to note.")
    attachments: list[str] = Field(default_factory=list, max_length=50, description="sha256 of own uploads.")


class NewStatus(Body):
    """Another status."""

    status: str = Field(description="A status of the queue's lifecycle, e.g. `open`.")
    until: Moment | None = Field(default=None, description="For a waiting status: when to open again.")


class NewOwner(Body):
    """Another owner, or none."""

    owner: str | None = Field(description="Login, or null.")


class NewPriority(Body):
    """Another priority."""

    priority: int = Field(ge=0, le=100, description="0 to 100.")


class NewQueue(Body):
    """A queue."""

    name: str = Field(description="Lower-case letters, digits and dashes.")
    title: str = Field(default="", description="Name to show; else the short name.")
    addresses: list[str] = Field(default_factory=list, description="Mail to these opens tickets here.")
    default_priority: int = Field(default=50, ge=0, le=100, description="Priority of new tickets.")
    watchers: list[str] = Field(default_factory=list, description="`person:<login>` or `group:<name>`.")
    supervisors: list[str] = Field(default_factory=list, description="`person:<login>` or `group:<name>`.")
    auto_reply: bool = Field(default=True, description="New requesters get an automatic reply.")
    adopt_cc: bool = Field(default=True, description="A mail's Cc become cc of the ticket.")
    catch_all: bool = Field(default=False, description="Takes mail to addresses that no queue has.")
    description: str = Field(default="", max_length=2000, description="What it is for.")
    follow_up: Literal["reopen", "new_linked_ticket", "refuse"] = Field(
        default="reopen", description="What a customer's mail does to a closed ticket."
    )
    lifecycle: str = Field(default="default", description="Name of its lifecycle.")


class NewPerson(Body):
    """An agent or a customer."""

    login: str | None = Field(default=None, description="Login; agents need one.")
    name: str = Field(default="", description="Display name.")
    addresses: list[str] = Field(default_factory=list, description="Mail addresses.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")
    language: str | None = Field(default=None, description="Preferred language, e.g. `de`.")


class NewPassword(Body):
    """A password."""

    password: str = Field(description="8 to 1024 characters.")
    current: str | None = Field(
        default=None, description="The present one; needed for one's own where a browser's cookie speaks."
    )


class NewGroup(Body):
    """A group."""

    name: str = Field(description="Lower-case letters, digits and dashes.")
    title: str = Field(default="", description="Name to show.")


class OneRight(Body):
    """A right for someone somewhere."""

    right: str = Field(description="E.g. `ticket.reply`.")
    grantee: str = Field(description="`person:anna`, `group:field`, `role:owner`, `everyone`.")
    scope: str = Field(description="`all`, `queue:support`, `ticket:TW-7`.")


class NewSubject(Body):
    """Another subject."""

    subject: str = Field(min_length=1, max_length=500, description="Without tag and reply marks.")


class NewDue(Body):
    """Another explicit due date, or none."""

    due: Moment | None = Field(description="When it must be done, or null.")


class ChangedPeople(Body):
    """Who comes and who goes."""

    add: list[str] = Field(default_factory=list, max_length=50, description="Mail addresses or logins.")
    remove: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="Mail addresses, logins, or `person/<id>`, as erased ones have.",
    )


class ChangedTags(Body):
    """Tags put on and taken off; kept in lower case, with dashes for spaces."""

    add: list[str] = Field(default_factory=list, max_length=50, description="Tags to put on.")
    remove: list[str] = Field(default_factory=list, max_length=50, description="Tags to take off.")


class ChangedFields(Body):
    """Values of custom fields; those not named stay as they are."""

    fields: dict[str, FieldValue | None] = Field(
        min_length=1, max_length=50, description="Name → value; null empties a field."
    )


class NewTime(Body):
    """Working time."""

    minutes: int = Field(ge=-1440, le=1440, description="Minutes; negative ones correct what was too much.")
    text: str = Field(default="", max_length=1000, description="On what.")


class NewForward(Body):
    """Messages to outsiders; their answers come back as internal notes."""

    messages: list[str] = Field(min_length=1, max_length=20, description="Ids of messages, e.g. `TW-12.1`.")
    to: list[str] = Field(min_length=1, max_length=20, description="Mail addresses.")
    text: str = Field(default="", max_length=200_000, description="What to write above them.")
    attachments: list[str] = Field(default_factory=list, max_length=50, description="sha256 of own uploads.")


class QueueFields(Body):
    """The custom fields of a queue."""

    fields: list[FieldDefinition] = Field(max_length=50, description="All of them, in their order.")


class ChangeOfMany(Body):
    """What to change on each ticket; whatever is not named stays. The status is changed last."""

    owner: str | None = Field(default=None, description="Login, or null for nobody.")
    priority: int = Field(default=50, ge=0, le=100, description="0 to 100.")
    due: Moment | None = Field(default=None, description="When it must be done, or null.")
    requesters: ChangedPeople = Field(default=ChangedPeople(), description="Who comes and goes.")
    cc: ChangedPeople = Field(default=ChangedPeople(), description="Who comes and goes.")
    admin_cc: ChangedPeople = Field(default=ChangedPeople(), description="Which agents come and go.")
    watchers: ChangedPeople = Field(default=ChangedPeople(), description="Which agents come and go.")
    tags: ChangedTags = Field(default=ChangedTags(), description="Tags put on and taken off.")
    fields: dict[str, FieldValue | None] = Field(default_factory=dict, max_length=50, description="Custom fields.")
    note: str = Field(default="", max_length=200_000, description="An internal note on each.")
    queue: str = Field(default="", description="Name of the queue to move to.")
    status: str = Field(default="", description="A status of the queue's lifecycle.")
    until: Moment | None = Field(default=None, description="For a waiting status: when to open again.")

    @model_validator(mode="after")
    def _something(self) -> ChangeOfMany:
        named = self.model_fields_set
        if not named - {"until"}:
            raise ValueError("name something to change")
        if "until" in named and "status" not in named:
            raise ValueError("`until` goes with a waiting status")
        return self


class ManyTickets(Body):
    """One change for many tickets."""

    tickets: list[str] = Field(min_length=1, max_length=200, description="Numbers.")
    change: ChangeOfMany = Field(description="What to change on each.")


class NewLink(Body):
    """A link to another ticket, or to an address outside."""

    type: Literal["depends_on", "needed_by", "parent", "child", "refers_to", "duplicates"] = Field(
        description="What the target is to the ticket."
    )
    target: str = Field(min_length=1, max_length=2000, description="Number; for `refers_to` also an http(s) address.")


class NewMerge(Body):
    """Into which ticket."""

    into: str = Field(description="Number of the ticket that stays.")
    others: list[str] = Field(default_factory=list, max_length=50, description="More tickets to merge into it.")


class Unmerging(Body):
    """What becomes of what came since."""

    since: Literal["stay", "return"] = Field(
        default="stay", description="What came since through its number or from its people: stays, or returns with it."
    )


class NewSplit(Body):
    """Which messages become a ticket of their own."""

    messages: list[str] = Field(min_length=1, max_length=50, description="Ids of messages, as the timeline has them.")
    subject: str | None = Field(default=None, min_length=1, max_length=500, description="Else the ticket's.")
    queue: str | None = Field(default=None, description="Name of the queue; else the ticket's.")
    keep: bool = Field(default=False, alias="copy", description="The messages stand on both tickets.")


class OtherQueue(Body):
    """Another queue for a ticket."""

    queue: str = Field(description="Name of the queue.")


class QueueChange(Body):
    """What is to be other with a queue; what is not named stays."""

    title: str | None = Field(default=None, min_length=1, max_length=200, description="Name to show.")
    description: str | None = Field(default=None, max_length=2000, description="What it is for.")
    addresses: list[str] | None = Field(default=None, max_length=50, description="All its addresses.")
    watchers: list[str] | None = Field(default=None, max_length=50, description="`person:<login>`, `group:<name>`.")
    supervisors: list[str] | None = Field(default=None, max_length=50, description="`person:<login>`, `group:<name>`.")
    default_priority: int | None = Field(default=None, ge=0, le=100, description="Priority of new tickets.")
    auto_reply: bool | None = Field(default=None, description="New requesters get an automatic reply.")
    adopt_cc: bool | None = Field(default=None, description="A mail's Cc become cc of the ticket.")
    catch_all: bool | None = Field(default=None, description="Takes mail to addresses that no queue has.")
    follow_up: Literal["reopen", "new_linked_ticket", "refuse"] | None = Field(
        default=None, description="What a customer's mail does to a closed ticket."
    )
    lifecycle: str | None = Field(default=None, description="Another one that has all statuses of the present one.")


class PersonChange(Body):
    """What is to be other with a person; what is not named stays."""

    login: str | None = Field(default=None, description="Login.")
    name: str | None = Field(default=None, max_length=200, description="Display name.")
    addresses: list[str] | None = Field(
        default=None, max_length=50, description="All addresses, the first to write to."
    )
    language: str | None = Field(default=None, max_length=20, description="Preferred language; empty for none.")
    agent: bool | None = Field(default=None, description="An agent rather than a customer.")


class Joining(Body):
    """Into whom a customer is joined."""

    into: str = Field(max_length=200, description="Login or id of the one who stays.")


class OneTransition(Body):
    """One status may follow another."""

    before: str = Field(description="From this status.")
    after: str = Field(description="To this one.")
    right: str | None = Field(
        default=None, description="The right it needs; without one `ticket.close` to close, else `ticket.edit`."
    )


class NewLifecycle(Body):
    """A lifecycle."""

    name: str = Field(description="Lower-case letters, digits and dashes.")
    title: str = Field(default="", max_length=200, description="Name to show; else the short name.")
    statuses: dict[str, Literal["new", "active", "waiting", "closed"]] = Field(
        min_length=2, max_length=50, description="Status → category, in the order to show."
    )
    initial: str = Field(description="Status of a new ticket.")
    active: str = Field(description="Status that replies and reopening lead to.")
    transitions: list[OneTransition] = Field(max_length=2500, description="What may follow what.")
    maps: dict[str, dict[str, str]] = Field(
        default_factory=dict, max_length=50, description="Other lifecycle → status here → status there."
    )


class LifecycleChange(Body):
    """What is to be other with a lifecycle; what is not named stays."""

    title: str | None = Field(default=None, max_length=200, description="Name to show.")
    statuses: dict[str, Literal["new", "active", "waiting", "closed"]] | None = Field(
        default=None, min_length=2, max_length=50, description="All statuses; those of a lifecycle in use stay."
    )
    initial: str | None = Field(default=None, description="Status of a new ticket.")
    active: str | None = Field(default=None, description="Status that replies and reopening lead to.")
    transitions: list[OneTransition] | None = Field(default=None, max_length=2500, description="All transitions.")
    maps: dict[str, dict[str, str]] | None = Field(default=None, max_length=50, description="All maps.")


class RightsChange(Body):
    """A change to look at before it is saved: of a grant (`right grantee scope`) or of members (`group member`)."""

    change: Literal["give_right", "take_right", "add_member", "remove_member"] = Field(description="Which change.")
    right: str | None = Field(default=None, description="For a grant.")
    grantee: str | None = Field(default=None, max_length=200, description="`person:anna`, `group:field`, `role:owner`.")
    scope: str | None = Field(default=None, max_length=200, description="`all`, `queue:support`, `ticket:TW-7`.")
    group: str | None = Field(default=None, description="For members.")
    member: str | None = Field(default=None, max_length=200, description="`person:anna`, `group:north`.")
