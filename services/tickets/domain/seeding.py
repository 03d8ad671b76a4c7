"""What is there at the beginning, as data that administrators may change: made once, never again.

The default lifecycle; a group for agents of every queue, with the usual rights; a group of administrators. What
customers, owners and supervisors hold by their part in a ticket stands in the contract (``rights.SEEDED``).
"""

from __future__ import annotations

from ticketwire_contracts.rights import AGENT_RIGHTS
from ticketwire_contracts.tickets import DEFAULT_LIFECYCLE, Grant, Group

from .administration import grant_stream
from .context import Context
from .decision import Change, Decision, refused
from .events import GrantGiven, GroupChanged, LifecycleChanged

AGENTS = Group(name="every-queue", title="Agents of every queue", version=1)
ADMINISTRATORS = Group(name="administrators", title="Administrators", version=1)
GRANTS = (
    *(Grant(right=right, grantee=f"group/{AGENTS.name}", scope="all") for right in AGENT_RIGHTS),
    Grant(right="superuser", grantee=f"group/{ADMINISTRATORS.name}", scope="all"),
)


def seed(context: Context, epoch: int) -> Decision:
    """What of it is not there yet. A group that someone made under such a name is left alone, without grants."""
    directory = context.directory
    changes: list[Change] = []
    if not any(stored.version for stored in directory.lifecycles.values()):
        lifecycle = DEFAULT_LIFECYCLE.model_copy(update={"version": 1})
        changes.append(
            Change(f"lifecycle/{lifecycle.name}", [LifecycleChanged(lifecycle=lifecycle)], lifecycle.model_dump())
        )
    for group in (AGENTS, ADMINISTRATORS):
        if group.name in directory.groups:
            continue
        changes.append(
            Change(
                f"group/{group.name}",
                [GroupChanged(group=group, rights_epoch=epoch)],
                group.model_dump() | {"rights_epoch": epoch},
            )
        )
        changes += [_given(grant, epoch) for grant in GRANTS if grant.grantee == f"group/{group.name}"]
    return changes or refused("no-change", "It is so already", 409, "Everything is there.")


def _given(grant: Grant, epoch: int) -> Change:
    after = {"grant": grant.model_dump(), "given": True, "rights_epoch": epoch}
    return Change(grant_stream(grant), [GrantGiven(grant=grant, rights_epoch=epoch)], after)
