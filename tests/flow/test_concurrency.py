"""A thousand commands at once on ten linked tickets, from four processes: each is done once or refused once.

Two gateways, two replicas of tickets; a tenth of the commands is sent twice with the same key, the second time by
another process at the other gateway. Then the log itself is read, and every rule is looked for in it.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from services.tickets.domain.events import lift
from services.tickets.domain.state import TicketState, fold
from ticketwire_chassis.commits import Commit, from_doc
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.private import unseal

from .ledger import causes_of, check_once
from .stack import ROOT, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

SEED = 20261124
TICKETS = 10
SENT = 1000
TWICE = 100
PROCESSES = 4
AGENTS = ("mara", "oskar")
MIX = {
    "reply": 10, "note": 12, "status": 16, "close": 18, "owner": 9, "priority": 9,
    "link": 10, "unlink": 6, "merge": 5, "unmerge": 7,
}  # fmt: skip

World = dict[str, TicketState]


# --------------------------------------------------------------------------------------------------- the plan


def commands(numbers: list[str], dice: random.Random) -> Iterator[tuple[str, str, Any]]:
    """Endlessly: method, path and body of a command."""
    while True:
        kind = dice.choices(list(MIX), list(MIX.values()))[0]
        one, other = dice.sample(numbers, 2)
        link = {"type": dice.choice(["depends_on", "depends_on", "needed_by", "parent", "refers_to"]), "target": other}
        match kind:
            case "reply":
                yield "POST", f"{one}/replies", {"text": f"Reply {dice.random()}"}
            case "note":
                yield "POST", f"{one}/notes", {"text": f"Note {dice.random()}"}
            case "status":
                yield (
                    "PUT",
                    f"{one}/status",
                    {"status": dice.choice(["open", "open", "pending", "stalled", "rejected"])},
                )
            case "close":
                yield "PUT", f"{one}/status", {"status": "resolved"}
            case "owner":
                yield "PUT", f"{one}/owner", {"owner": dice.choice([*AGENTS, None])}
            case "priority":
                yield "PUT", f"{one}/priority", {"priority": dice.randrange(101)}
            case "link":
                yield "POST", f"{one}/links", link
            case "unlink":
                yield "DELETE", f"{one}/links/{link['type']}/{other}", None
            case "merge":
                yield "POST", f"{one}/merge", {"into": other}
            case "unmerge":
                yield "POST", f"{one}/unmerge", {"since": dice.choice(["stay", "return"])}


def plans(stack: Stack, numbers: list[str], tokens: list[str]) -> list[list[dict[str, Any]]]:
    """What each process sends. What is sent twice stands at the same place of two plans."""
    dice = random.Random(SEED)
    found: list[list[dict[str, Any]]] = [[] for _ in range(PROCESSES)]
    asked = commands(numbers, dice)
    twice = set(dice.sample(range(SENT - TWICE), TWICE))
    for n in range(SENT - TWICE):
        method, path, body = next(asked)
        process = min(range(PROCESSES), key=lambda p: (len(found[p]), p))
        token = dice.randrange(len(tokens))
        for turn in range(2 if n in twice else 1):
            gateway = stack.ports["gateway", (process + turn) % 2]
            found[(process + turn) % PROCESSES].append(
                {
                    "url": f"http://127.0.0.1:{gateway}/api/v1/tickets/{path}",
                    "method": method,
                    "body": body,
                    "key": f"k{n}",
                    "token": tokens[token],
                }
            )
    return found


async def hammer(plan: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """One process sends a plan."""
    folder.mkdir()
    asked, answered = folder / "plan.json", folder / "results.json"
    asked.write_text(json.dumps(plan))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.flow.hammer", str(asked), str(answered), cwd=ROOT
    )
    assert await process.wait() == 0
    results: list[dict[str, Any]] = json.loads(answered.read_text())
    return results


# ---------------------------------------------------------------------------------------------- what is asked


def answering(world: World, number: str) -> TicketState:
    """The ticket that answers for a number."""
    found = world[number]
    while found.merged_into is not None:
        found = world[found.merged_into]
    return found


def led_to(world: World, ticket: TicketState, kind: str) -> list[TicketState]:
    """Where links of a kind lead, merged tickets taken as one."""
    return [answering(world, link.target) for link in ticket.links if link.type == kind]


def goes_round(world: World, kind: str) -> list[str]:
    """Tickets from which links of a kind lead back to themselves."""
    found = []
    for start in world.values():
        if start.merged_into is not None:
            continue
        seen: set[str] = set()
        waiting = led_to(world, start, kind)
        while waiting:
            here = waiting.pop()
            if here.number == start.number:
                found.append(start.number)
                break
            if here.number not in seen:
                seen.add(here.number)
                waiting += led_to(world, here, kind)
    return found


def broken(history: list[list[Commit]]) -> list[str]:
    """Where the log, told decision by decision, breaks a rule of dependencies."""
    wrong: list[str] = []
    world: World = {}
    for commits in history:
        before = dict(world)
        for commit in commits:
            state = TicketState.model_validate(commit.after)
            world[state.number] = state
        for commit in commits:
            state = TicketState.model_validate(commit.after)
            old = before.get(state.number)
            if old is None or old.category == "closed" or state.category != "closed" or state.merged_into is not None:
                continue
            waits = [one.number for one in led_to(world, state, "depends_on") if one.category != "closed"]
            wrong += [f"{state.number}:{commit.seq} was closed while {one} was open" for one in waits]
        for kind in ("depends_on", "parent"):
            wrong += [f"{one} is in a circle of {kind} after {commits[0].cause}" for one in goes_round(world, kind)]
    return wrong


async def in_order(db: Database) -> list[list[Commit]]:
    """All decisions about tickets in the order of their places, each with all its commits."""
    places = {(row["commit"]["stream"], row["commit"]["seq"]): row["_id"] for row in await db["positions"].find({})}
    docs = await db["commits"].find({"_id.stream": {"$regex": "^ticket/"}})
    commits = sorted(map(from_doc, docs), key=lambda commit: places[commit.stream, commit.seq])
    decisions: dict[str, list[Commit]] = {}
    for commit in commits:
        decisions.setdefault(commit.cause.rpartition(":")[0], []).append(commit)
    return list(decisions.values())


# ---------------------------------------------------------------------------------------------------- the test


async def tickets_of(stack: Stack) -> list[str]:
    """Ten tickets, one leading to the next by what they depend on."""
    numbers = []
    for n in range(TICKETS):
        asked = {"queue": "support", "subject": f"Part {n}", "requesters": [f"c{n}@example.net"], "text": "Help."}
        numbers.append((await stack.post("tickets", asked))["number"])
    for one, other in pairwise(numbers):
        await stack.post(f"tickets/{one}/links", {"type": "depends_on", "target": other})
    return numbers


async def test_a_thousand_commands_at_once_are_each_done_once_and_break_no_rule(stack: Stack, tmp_path: Path) -> None:
    numbers, agents = await tickets_of(stack), await stack.make_agents(AGENTS)
    asked = plans(stack, numbers, list(agents))
    assert sum(map(len, asked)) == SENT
    answers = await asyncio.gather(*(hammer(plan, tmp_path / str(n)) for n, plan in enumerate(asked)))
    persons = {one["key"]: agents[one["token"]] for plan in asked for one in plan}

    causes = await causes_of(stack, persons)
    db = open_database(stack.mongo_url, f"tw{stack.tag}_tickets", "pymongo")
    try:

        async def all_said() -> bool:
            return await db["commits"].count({"pending": True}) == 0

        await stack.until(all_said, 30, "nothing pending in the log")
        logged = [from_doc(doc) for doc in await db["commits"].find({})]
        told = [one for several in answers for one in several]
        check_answers(told, check_once(causes, told, logged))
        check_whole([commit for commit in logged if commit.stream.startswith("ticket/")])
        wrong = broken(await in_order(db))
        assert not wrong, wrong[:5]
    finally:
        await db.close()

    for number in numbers:
        newest = max(commit.seq for commit in logged if commit.stream == f"ticket/{number}")

        async def shown(number: str = number, newest: int = newest) -> bool:
            return bool((await stack.get(f"tickets/{number}"))["version"] == newest)

        await stack.until(shown, 20, f"the view shows {number} as it is")


def check_answers(answers: list[dict[str, Any]], of_cause: dict[str, list[Commit]]) -> None:
    """The same key has the same answer; of everything that can happen something did."""
    told: dict[str, set[int]] = {}
    for answer in answers:
        told.setdefault(answer["key"], set()).add(answer["status"])
    assert {key for key, statuses in told.items() if len(statuses) > 1} == set(), "the same key, another answer"
    outcomes = Counter(answer["problem"] or "done" for answer in answers)
    assert outcomes["done"] > SENT / 4, outcomes
    assert {"dependencies-open", "circular-link", "not-merged"} <= outcomes.keys(), outcomes
    done = Counter(commits[0].command for commits in of_cause.values() if not commits[0].refused)
    wanted = (
        *("reply_to_ticket.v1", "add_note.v1", "set_status.v1", "set_owner.v1", "set_priority.v1"),
        *("link_tickets.v1", "unlink_tickets.v1", "merge_tickets.v1", "unmerge_ticket.v1"),
    )
    assert all(done[kind] for kind in wanted), done


def check_whole(commits: list[Commit]) -> None:
    """Versions without a hole; folding each stream's log gives what is kept as its state."""
    ordered = sorted(commits, key=lambda commit: (commit.stream, commit.seq))
    for stream, group in groupby(ordered, key=lambda commit: commit.stream):
        state: TicketState | None = None
        for n, commit in enumerate(group, start=1):
            assert commit.seq == n, f"{stream} has a hole before {commit.seq}"
            state = fold(state, [lift(one) for one in unseal(commit.body, commit.private)], commit.at)
            assert state == TicketState.model_validate(commit.after), f"{stream}:{n} is not what its log says"
            assert state.version == n
