"""What must be true when everything has come to rest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ticketwire_chassis.commits import from_doc

from ..flow.flood import newest_tickets
from ..flow.ledger import causes_of, check_once
from ..flow.stack import ADDRESSES, SERVICES, Stack
from ..servers import NativeRabbit
from .agents import Agent


async def nothing_left_over(stack: Stack, node: NativeRabbit, seconds: float) -> None:
    """The account balances, nothing is parked, no queue of ours holds anything, every public event went out."""

    def queues() -> dict[str, int]:
        listed = node.ctl("--quiet", "--no-table-headers", "list_queues", "-p", "chaos", "name", "messages")
        rows = [line.split("\t") for line in listed.splitlines() if "\t" in line]
        return {name: int(messages) for name, messages in rows if int(messages)}

    await stack.until(lambda: {name for name in queues() if not name.endswith(".parked")} == set(), seconds, "queues")
    assert queues() == {}, "something is parked"
    account = await stack.account()
    assert account["received"] == account["ticketed"] + account["ignored"], account
    assert account["balances"], account


async def check_commands(stack: Stack, agents: Sequence[Agent]) -> None:
    """Each command is in the log exactly once, as it was answered; what was accepted as a reply has gone out once."""
    tickets, notify = stack.database("tickets"), stack.database("notify")
    try:
        logged = [from_doc(doc) for doc in await tickets["commits"].find({})]
        rows = await notify["outgoing"].find({"kind": "reply"}, {"mail": 0})
    finally:
        await tickets.close()
        await notify.close()
    causes = await causes_of(stack, {key: who for agent in agents for key, who in agent.keys.items()})
    check_once(causes, [answer for agent in agents for answer in agent.answers], logged)
    replied = Counter(
        f"{commit.stream}:{commit.seq}:{n}"
        for commit in logged
        for n, event in enumerate(commit.body)
        if event["type"] == "replied"
    )
    assert Counter(row["cause"] for row in rows) == replied
    assert {row["state"] for row in rows} <= {"sent"}


async def view_is_true(stack: Stack, seconds: float) -> None:
    """The lists of both gateways show each ticket as its newest commit has it."""
    tickets = stack.database("tickets")
    try:
        newest = await newest_tickets(tickets)
    finally:
        await tickets.close()
    truth = {
        number: (
            *(state[name] for name in ("queue", "status", "priority", "subject", "merged_into", "version", "messages")),
            state["owner"] and state["owner"]["id"],
        )
        for number, state in newest.items()
    }
    for gateway in range(stack.replicas["gateway"]):
        wrong: list[str] = []

        async def shown(gateway: int = gateway, wrong: list[str] = wrong) -> bool:
            found = {
                row["number"]: (
                    *(row[name] for name in ("queue", "status", "priority", "subject", "merged_into", "version")),
                    row["messages"],
                    row["owner"] and row["owner"]["id"],
                )
                for row in await _listed(stack, gateway)
            }
            wrong[:] = [f"{n}: {found.get(n)}, is {truth.get(n)}" for n in truth if found.get(n) != truth[n]]
            return found == truth

        try:
            await stack.until(shown, seconds)
        except AssertionError as error:
            raise AssertionError(f"gateway {gateway} shows {len(wrong)} tickets wrongly: {wrong[:5]}") from error


async def _listed(stack: Stack, gateway: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for queue in (*ADDRESSES, "unsorted"):
        cursor = ""
        while True:
            after = f"&cursor={cursor}" if cursor else ""
            page = await stack.get(f"queues/{queue}/tickets?status=all&sort=oldest&limit=200{after}", gateway=gateway)
            rows += page["items"]
            cursor = page["next"]
            if not cursor:
                break
    return rows


def verified(stack: Stack) -> None:
    """``ticketwire audit verify``: the chain is whole, the states follow from it, the gateway has heard the same."""
    program = Path(sys.executable).with_name("ticketwire")
    databases = {f"{name.upper()}_MONGO_DATABASE": f"tw{stack.tag}_{name}" for name in SERVICES}
    done = subprocess.run(
        [program, "audit", "verify"],
        env={**os.environ, **databases, "TICKETWIRE_MONGO_URL": stack.mongo_url},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "agree with what the gateway heard" in done.stdout, done.stdout
