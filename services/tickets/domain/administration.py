"""Queues, persons, groups and grants: few commands, each in a transaction that takes the next epoch.

Every such change moves ``epoch``, by which other replicas know that their directory is old and notify knows
under which rights a batch was said (decision 14).
"""

from __future__ import annotations

import re
import uuid

from ticketwire_contracts.base import Actor
from ticketwire_contracts.rights import RIGHTS, Thing, viewer_of
from ticketwire_contracts.tickets import (
    AddMemberV1,
    AdministrationCommand,
    CreateGroupV1,
    CreatePersonV1,
    CreateQueueV1,
    GiveRightV1,
    Grant,
    Group,
    Person,
    Queue,
    RemoveMemberV1,
    SetQueueFieldsV1,
    TakeRightV1,
)

from .addresses import misshapen
from .context import Context
from .decision import Change, Decision, Refusal, claimed, person_made, refused
from .events import GrantGiven, GrantTaken, GroupChanged, QueueCreated
from .fields import set_queue_fields
from .happened import stale

_NAMESPACE = uuid.UUID("3f0a6a52-1f0d-5c63-8f39-0f6f0f2f3b10")
ROLES = ("owner", "requester", "cc", "admin_cc", "watcher", "supervisor")


def decide_administration(
    context: Context, actor: Actor, command: AdministrationCommand, cause: str, epoch: int
) -> Decision:
    """What becomes of a command of administration. ``epoch`` is the one that it takes."""
    match command:
        case CreateQueueV1():
            return lacks(context, actor, "queue.admin") or create_queue(context, command, epoch)
        case CreatePersonV1():
            return lacks(context, actor, "person.admin") or create_person(context, command, cause)
        case CreateGroupV1():
            return lacks(context, actor, "group.admin") or create_group(context, command, epoch)
        case AddMemberV1() | RemoveMemberV1():
            return (
                lacks(context, actor, "group.admin")
                or beneath(context, actor, f"group/{command.group}")
                or change_member(context, command, epoch)
            )
        case GiveRightV1() | TakeRightV1():
            needed = ("right.admin", "superuser") if command.right == "superuser" else ("right.admin",)
            missing = next((no for right in needed if (no := lacks(context, actor, right))), None)
            return missing or change_right(context, command, epoch)
        case SetQueueFieldsV1():
            return set_queue_fields(context, actor, command)
        case _:
            return refused("unknown-command", "Unknown command", 404, command.topic)


def create_queue(context: Context, command: CreateQueueV1, epoch: int) -> Decision:
    """A queue whose name and addresses nobody else has."""
    if command.name in context.directory.queues:
        return refused("queue-exists", "The queue is there already", 409, f"There is a queue {command.name}.")
    if command.lifecycle not in context.directory.lifecycles:
        return refused("unknown-lifecycle", "No such lifecycle", 422, f"There is no lifecycle {command.lifecycle}.")
    if command.catch_all and any(queue.catch_all for queue in context.directory.queues.values()):
        return refused("catch-all-exists", "There is a catch-all queue already", 409, "Only one queue can be it.")
    if wrong := misshapen(command.addresses):
        return wrong
    watchers = [named(context, who) for who in command.watchers]
    supervisors = [named(context, who) for who in command.supervisors]
    for found in [*watchers, *supervisors]:
        if isinstance(found, Refusal):
            return found
    stream = f"queue/{command.name}"
    taken = claims(context, "queue-address", command.addresses, stream)
    if isinstance(taken, Refusal):
        return taken
    queue = Queue(
        name=command.name,
        title=command.title or command.name.replace("-", " ").capitalize(),
        addresses=command.addresses,
        default_priority=command.default_priority,
        watchers=[who for who in watchers if isinstance(who, str)],
        supervisors=[who for who in supervisors if isinstance(who, str)],
        auto_reply=command.auto_reply,
        adopt_cc=command.adopt_cc,
        catch_all=command.catch_all,
        description=command.description,
        follow_up=command.follow_up,
        lifecycle=command.lifecycle,
        version=1,
    )
    after = queue.model_dump() | {"rights_epoch": epoch}
    return [Change(stream, [QueueCreated(queue=queue, rights_epoch=epoch)], after), *taken]


def create_person(context: Context, command: CreatePersonV1, cause: str) -> Decision:
    """A person whose login and addresses nobody else has."""
    if command.agent and not command.login:
        return refused("login-missing", "An agent needs a login", 422, "Give a login.")
    if not command.login and not command.addresses:
        return refused("address-missing", "A customer needs an address", 422, "Give at least one address.")
    if wrong := misshapen(command.addresses):
        return wrong
    ours = [address for address in command.addresses if context.directory.is_ours(address)]
    if ours:
        return refused("own-address", "That address is ours", 409, f"{ours[0]} is the address of a queue.")
    person = Person(
        id=f"person/{uuid.uuid5(_NAMESPACE, cause).hex}",
        login=command.login,
        name=command.name or command.login or "",
        addresses=command.addresses,
        agent=command.agent,
        language=command.language,
    )
    logins = claims(context, "login", [command.login] if command.login else [], person.id)
    addresses = claims(context, "address", command.addresses, person.id)
    if isinstance(logins, Refusal):
        return logins
    if isinstance(addresses, Refusal):
        return addresses
    return [person_made(person), *logins, *addresses]


def create_group(context: Context, command: CreateGroupV1, epoch: int) -> Decision:
    """A group without members yet."""
    if command.name in context.directory.groups:
        return refused("group-exists", "The group is there already", 409, f"There is a group {command.name}.")
    return [_group(Group(name=command.name, title=command.title or command.name, version=0), epoch)]


def change_member(context: Context, command: AddMemberV1 | RemoveMemberV1, epoch: int) -> Decision:
    """Someone comes into a group or goes out of it; groups in groups never in a circle."""
    group = context.directory.groups.get(command.group)
    if group is None:
        return refused("group-not-found", "No such group", 404, f"There is no group {command.group}.")
    if wrong := stale(context, f"group/{group.name}", group.version, command.if_version):
        return wrong
    member = named(context, command.member)
    if isinstance(member, Refusal):
        return member
    adds = isinstance(command, AddMemberV1)
    if adds == (member in group.members):
        return refused("no-change", "It is so already", 409, "The members stay the same.")
    if adds and _contains(context, member, f"group/{group.name}"):
        return refused("circular-group", "Groups would contain each other", 409, f"{member} contains {group.name}.")
    members = [*group.members, member] if adds else [one for one in group.members if one != member]
    return [_group(group.model_copy(update={"members": members}), epoch)]


def change_right(context: Context, command: GiveRightV1 | TakeRightV1, epoch: int) -> Decision:
    """A grant is given or taken back."""
    if command.right not in RIGHTS:
        return refused("unknown-right", "No such right", 422, f"There is no right {command.right}.")
    grantee = _grantee(context, command.grantee)
    scope = _scope(context, command.scope)
    if isinstance(grantee, Refusal):
        return grantee
    if isinstance(scope, Refusal):
        return scope
    grant = Grant(right=command.right, grantee=grantee, scope=scope)
    gives = isinstance(command, GiveRightV1)
    if gives == (grant in context.directory.grants):
        return refused("no-change", "It is so already", 409, "The grants stay the same.")
    stream = grant_stream(grant)
    event = GrantGiven(grant=grant, rights_epoch=epoch) if gives else GrantTaken(grant=grant, rights_epoch=epoch)
    return [Change(stream, [event], {"grant": grant.model_dump(), "given": gives, "rights_epoch": epoch})]


def grant_stream(grant: Grant) -> str:
    """The stream of a grant: one per right, grantee and scope."""
    return f"grant/{grant.right}|{grant.grantee}|{grant.scope}"


def _group(group: Group, epoch: int) -> Change:
    changed = group.model_copy(update={"version": group.version + 1})
    after = changed.model_dump() | {"rights_epoch": epoch}
    return Change(f"group/{group.name}", [GroupChanged(group=changed, rights_epoch=epoch)], after)


def _contains(context: Context, outer: str, inner: str) -> bool:
    if outer == inner:
        return True
    group = context.directory.groups.get(outer.removeprefix("group/")) if outer.startswith("group/") else None
    return group is not None and any(_contains(context, member, inner) for member in group.members)


def named(context: Context, who: str) -> str | Refusal:
    """``person:anna``, ``person/<id>`` or ``group:field`` as the ids that are kept."""
    if who in context.persons:
        return who
    kind, _, name = who.partition(":")
    if kind == "group" and name in context.directory.groups:
        return f"group/{name}"
    person = context.person_of_login(name) if kind == "person" else None
    if person is not None:
        return person.id
    return refused(
        "unknown-grantee", "No such person or group", 422, f"{who} is not known; write person:<login> or group:<name>."
    )


def _grantee(context: Context, grantee: str) -> str | Refusal:
    if grantee == "everyone":
        return grantee
    if grantee.startswith("role:"):
        role = grantee.removeprefix("role:")
        return (
            f"role/{role}"
            if role in ROLES
            else refused("unknown-grantee", "No such role", 422, f"Roles: {', '.join(ROLES)}.")
        )
    return named(context, grantee)


def _scope(context: Context, scope: str) -> str | Refusal:
    kind, _, name = scope.partition(":")
    if scope == "all":
        return scope
    if kind == "queue" and name in context.directory.queues:
        return f"queue/{name}"
    if kind == "ticket" and re.fullmatch(r"TW-\d{1,18}", name):
        return f"ticket/{name}"
    return refused(
        "unknown-scope", "No such scope", 422, f"{scope} is not known; write all, queue:<name> or ticket:<number>."
    )


def claims(context: Context, kind: str, values: list[str], owner: str) -> list[Change] | Refusal:
    """Takes names that must be unique; refused when one of them is someone else's."""
    changes = []
    for value in dict.fromkeys(value.casefold() for value in values):
        stream = context.claim(kind, value)
        if stream in context.claims:
            return refused("taken", "It is taken", 409, f"{value} belongs to someone else.", value=value)
        changes.append(claimed(stream, owner))
    return changes


def beneath(context: Context, actor: Actor, name: str) -> Refusal | None:
    """Refuses whoever would touch a person or a group that is superuser, anywhere, and is not superuser themselves:
    by a group's members, a login or an address nobody becomes more than they were given."""
    person = context.persons.get(name)
    groups = context.directory.groups.values()
    reached = viewer_of(person or Person(id=name), groups).names
    if not any(grant.right == "superuser" and grant.grantee in reached for grant in context.directory.grants):
        return None
    return lacks(context, actor, "superuser")


def lacks(context: Context, actor: Actor, right: str) -> Refusal | None:
    """Refuses whoever does not hold the right everywhere."""
    if context.may(actor, right, Thing()):
        return None
    return refused("forbidden", "You may not", 403, f"It needs the right {right}.", right=right)
