"""Queues, lifecycles and persons change. Nothing is deleted: what is not wanted any more is disabled.

Names follow their things: an address that a queue or a person drops is free, one that a customer brings into
another passes on (decision 5). Two customers become one without touching a ticket: who stays has the other as
*alias*, and holds whatever the other held.
"""

from __future__ import annotations

from typing import Any

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import (
    AdministrationCommand,
    ChangeLifecycleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateLifecycleV1,
    DisablePersonV1,
    DisableQueueV1,
    EnablePersonV1,
    EnableQueueV1,
    JoinPersonsV1,
    Lifecycle,
    Person,
    Queue,
)

from .addresses import misshapen
from .administration import beneath, claims, decide_administration, lacks, named
from .context import Context
from .decision import Change, Decision, Refusal, claimed, refused, released
from .events import LifecycleChanged, PersonChanged, QueueChanged
from .happened import stale
from .lifecycle import flaw

ADDRESSES = 50
"""How many one person may have; two customers with many each stay two."""


def decide_change(context: Context, actor: Actor, command: AdministrationCommand, cause: str, epoch: int) -> Decision:
    """What becomes of any command of administration. ``epoch`` is the one that it takes."""
    match command:
        case CreateLifecycleV1() | ChangeLifecycleV1():
            return lacks(context, actor, "queue.admin") or set_lifecycle(context, command)
        case ChangeQueueV1():
            return lacks(context, actor, "queue.admin") or change_queue(context, command, epoch)
        case DisableQueueV1() | EnableQueueV1():
            return lacks(context, actor, "queue.admin") or switch_queue(context, command, epoch)
        case ChangePersonV1():
            return change_person(context, actor, command, epoch)
        case DisablePersonV1() | EnablePersonV1():
            return lacks(context, actor, "person.admin") or switch_person(context, actor, command, epoch)
        case JoinPersonsV1():
            return lacks(context, actor, "person.admin") or join_persons(context, command, epoch)
        case _:
            return decide_administration(context, actor, command, cause, epoch)


# --------------------------------------------------------------------------------------------- lifecycles


def set_lifecycle(context: Context, command: CreateLifecycleV1 | ChangeLifecycleV1) -> Decision:
    """A new lifecycle, or an old one changed; where queues use it no status goes, since tickets may be in it."""
    known = context.directory.lifecycles
    before = known.get(command.name)
    wanted = {key: value for key, value in _given(command, "name").items() if value is not None}
    if isinstance(command, CreateLifecycleV1):
        if before is not None:
            return refused("lifecycle-exists", "The lifecycle is there already", 409, f"There is a {command.name}.")
        made = Lifecycle(name=command.name, **wanted | {"title": command.title or command.name})
    else:
        if before is None:
            return refused("lifecycle-not-found", "No such lifecycle", 404, f"There is no lifecycle {command.name}.")
        if late := stale(context, f"lifecycle/{before.name}", before.version, command.if_version):
            return late
        made = before.model_copy(update=wanted)
        if made == before:
            return _no_change(f"The lifecycle {made.name} stays the same.")
        if lost := _lost(context, before, made):
            return lost
    if wrong := flaw(made, known):
        return refused("bad-lifecycle", "The lifecycle does not hold together", 422, wrong)
    changed = made.model_copy(update={"version": (before.version if before else 0) + 1})
    return [Change(f"lifecycle/{changed.name}", [LifecycleChanged(lifecycle=changed)], changed.model_dump())]


def _lost(context: Context, before: Lifecycle, after: Lifecycle) -> Refusal | None:
    """Statuses that tickets may be in must stay, in their category."""
    users = [queue.name for queue in context.directory.queues.values() if queue.lifecycle == before.name]
    gone = _missing(before, after)
    if not users or not gone:
        return None
    return refused(
        "status-in-use",
        "Tickets may have this status",
        409,
        f"{', '.join(gone)} must stay as it is while {', '.join(users)} use this lifecycle. "
        "To retire a status, take away the transitions that lead to it.",
        statuses=gone,
        queues=users,
    )


def _missing(before: Lifecycle, after: Lifecycle) -> list[str]:
    return [status for status, category in before.statuses.items() if after.statuses.get(status) != category]


# ------------------------------------------------------------------------------------------------- queues


def change_queue(context: Context, command: ChangeQueueV1, epoch: int) -> Decision:
    """A queue is other than it was; addresses that it drops are free, and new ones must be nobody else's."""
    queue = context.directory.queues.get(command.name)
    if queue is None:
        return refused("queue-not-found", "No such queue", 404, f"There is no queue {command.name}.")
    if wrong := stale(context, f"queue/{queue.name}", queue.version, command.if_version):
        return wrong
    wanted = _given(command, "name")
    for field in ("watchers", "supervisors"):
        if field in wanted:
            found = [named(context, who) for who in wanted[field]]
            if wrong := next((one for one in found if isinstance(one, Refusal)), None):
                return wrong
            wanted[field] = list(dict.fromkeys(found))
    changed = queue.model_copy(update=wanted)
    if wrong := _unfit(context, queue, changed):
        return wrong
    moved = _passing(context, "queue-address", queue.addresses, changed.addresses, f"queue/{queue.name}")
    if isinstance(moved, Refusal):
        return moved
    if changed == queue:
        return _no_change(f"The queue {queue.name} stays the same.")
    return [_queue(changed, epoch), *moved]


def _unfit(context: Context, before: Queue, after: Queue) -> Refusal | None:
    others = [queue for queue in context.directory.queues.values() if queue.name != after.name]
    if after.catch_all and any(queue.catch_all for queue in others):
        return refused("catch-all-exists", "There is a catch-all queue already", 409, "Only one queue can be it.")
    if wrong := misshapen(after.addresses):
        return wrong
    if after.lifecycle == before.lifecycle:
        return None
    old = context.directory.lifecycles.get(before.lifecycle)
    new = context.directory.lifecycles.get(after.lifecycle)
    if new is None:
        return refused("unknown-lifecycle", "No such lifecycle", 422, f"There is no lifecycle {after.lifecycle}.")
    missing = _missing(old, new) if old else []
    if missing:
        return refused(
            "status-unmapped",
            "Tickets would have no status there",
            409,
            f"{after.lifecycle} lacks {', '.join(missing)}, or has it in another category. "
            "Make another queue and move the tickets: then their status is mapped.",
            statuses=missing,
        )
    return None


def switch_queue(context: Context, command: DisableQueueV1 | EnableQueueV1, epoch: int) -> Decision:
    """A queue takes nothing new, or does again."""
    queue = context.directory.queues.get(command.name)
    if queue is None:
        return refused("queue-not-found", "No such queue", 404, f"There is no queue {command.name}.")
    disabled = isinstance(command, DisableQueueV1)
    if queue.disabled == disabled:
        return _no_change(f"The queue {queue.name} stays the same.")
    return [_queue(queue.model_copy(update={"disabled": disabled}), epoch)]


def _queue(queue: Queue, epoch: int) -> Change:
    changed = queue.model_copy(update={"version": queue.version + 1})
    after = changed.model_dump() | {"rights_epoch": epoch}
    return Change(f"queue/{queue.name}", [QueueChanged(queue=changed, rights_epoch=epoch)], after)


# ------------------------------------------------------------------------------------------------ persons


def change_person(context: Context, actor: Actor, command: ChangePersonV1, epoch: int) -> Decision:
    """A person is other than they were. Name and language are one's own; the rest needs ``person.admin``."""
    wanted = _given(command, "person")
    person = _person(context, command.person)
    mine = person is not None and person.id == actor.id
    if not (mine and wanted.keys() <= {"name", "language"}) and (missing := lacks(context, actor, "person.admin")):
        return missing
    if person is None:
        return _nobody(command.person)
    if not mine and (missing := beneath(context, actor, person.id)):
        return missing
    if wrong := stale(context, person.id, person.version, command.if_version) or _joined(person):
        return wrong
    if "language" in wanted:
        wanted["language"] = wanted["language"] or None
    changed = person.model_copy(update=wanted)
    if wrong := _improper(context, person, changed, mine):
        return wrong
    addresses = _passing(context, "address", person.addresses, changed.addresses, person.id)
    logins = _passing(context, "login", _login(person), _login(changed), person.id)
    if isinstance(addresses, Refusal):
        return addresses
    if isinstance(logins, Refusal):
        return logins
    if changed == person:
        return _no_change("The person stays the same.")
    return [_changed(changed, epoch), *logins, *addresses]


def _improper(context: Context, before: Person, after: Person, mine: bool) -> Refusal | None:
    if after.agent and not after.login:
        return refused("login-missing", "An agent needs a login", 422, "Give a login.")
    if not after.login and not after.addresses:
        return refused("address-missing", "A customer needs an address", 422, "Give at least one address.")
    if mine and before.agent and not after.agent:
        return _yourself()
    if wrong := misshapen(after.addresses):
        return wrong
    ours = [one for one in after.addresses if context.directory.is_ours(one) and one not in before.addresses]
    if ours:
        return refused("own-address", "That address is ours", 409, f"{ours[0]} is the address of a queue.")
    return None


def switch_person(context: Context, actor: Actor, command: DisablePersonV1 | EnablePersonV1, epoch: int) -> Decision:
    """A person may do nothing any more, or again what grants give; nobody shuts themselves out."""
    person = _person(context, command.person)
    if person is None:
        return _nobody(command.person)
    if wrong := beneath(context, actor, person.id) or _joined(person):
        return wrong
    disabled = isinstance(command, DisablePersonV1)
    if person.disabled == disabled:
        return _no_change("The person stays the same.")
    if disabled and person.id == actor.id:
        return _yourself()
    return [_changed(person.model_copy(update={"disabled": disabled}), epoch)]


def join_persons(context: Context, command: JoinPersonsV1, epoch: int) -> Decision:
    """Two customers become one. Addresses pass; tickets stay as they are, and the one who stays holds both's."""
    person, into = _person(context, command.person), _person(context, command.into)
    if person is None:
        return _nobody(command.person)
    if into is None:
        return _nobody(command.into)
    if person.id == into.id:
        return refused("same-person", "It is the same person", 409, "Name two persons.")
    if person.agent or into.agent:
        return refused("not-a-customer", "Only customers can be joined", 409, "Agents stay who they are.")
    if wrong := _joined(person) or _joined(into):
        return wrong
    if into.disabled:
        return refused("person-disabled", "The one who stays is disabled", 409, "Enable them first.")
    passing = [one for one in person.addresses if one.casefold() not in {own.casefold() for own in into.addresses}]
    if len(passing) + len(into.addresses) > ADDRESSES:
        return refused("too-many-addresses", "Too many addresses for one", 409, f"One may have {ADDRESSES}.")
    stays = into.model_copy(
        update={
            "addresses": [*into.addresses, *passing],
            "aliases": [*into.aliases, person.id, *person.aliases],
            "name": into.name or person.name,
            "language": into.language or person.language,
        }
    )
    goes = person.model_copy(update={"addresses": [], "login": None, "disabled": True, "joined_into": into.id})
    return [
        _changed(stays, epoch),
        _changed(goes, epoch),
        *(claimed(context.claim("address", address), into.id) for address in person.addresses),
        *(released(context.claim("login", login)) for login in _login(person)),
    ]


def _changed(person: Person, epoch: int) -> Change:
    changed = person.model_copy(update={"version": person.version + 1})
    after = changed.model_dump() | {"rights_epoch": epoch}
    return Change(person.id, [PersonChanged(person=changed, rights_epoch=epoch)], after)


def _person(context: Context, who: str) -> Person | None:
    found = named(context, who)
    return context.persons.get(found) if isinstance(found, str) else None


def _login(person: Person) -> list[str]:
    return [person.login] if person.login else []


def _joined(person: Person) -> Refusal | None:
    if person.joined_into is None:
        return None
    return refused(
        "joined", "Joined with another person", 409, f"They are {person.joined_into} now.", into=person.joined_into
    )


def _nobody(who: str) -> Refusal:
    return refused(
        "person-not-found", "No such person", 404, f"There is no {who}; write person:<login> or person/<id>."
    )


def _yourself() -> Refusal:
    return refused("yourself", "Not on yourself", 409, "You would shut yourself out; ask another administrator.")


# -------------------------------------------------------------------------------------------------- shared


def _passing(context: Context, kind: str, before: list[str], after: list[str], owner: str) -> list[Change] | Refusal:
    """The claims that move when a thing has ``after`` instead of ``before``: new ones taken, dropped ones free."""
    held = {value.casefold() for value in before}
    kept = {value.casefold() for value in after}
    taken = claims(context, kind, [value for value in after if value.casefold() not in held], owner)
    if isinstance(taken, Refusal):
        return taken
    return [*taken, *(released(context.claim(kind, value)) for value in sorted(held - kept))]


def _given(command: AdministrationCommand, key: str) -> dict[str, Any]:
    """What a command names, as typed values; not its key and not the version it expects."""
    skipped = {key, "if_version"}
    return {
        name: value
        for name in type(command).model_fields
        if name not in skipped and (value := getattr(command, name)) is not None
    }


def _no_change(detail: str) -> Refusal:
    return refused("no-change", "It is so already", 409, detail)
