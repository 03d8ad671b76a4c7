"""One process that sends commands over REST, many at once: ``python -m tests.flow.hammer PLAN RESULTS``.

The plan is a list of ``{url, method, body, key, token}``. An answer that says "not available" is asked for again with
the same key, as a program should; what came in the end is written as ``{key, status, problem}``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

AT_ONCE = 16
TRIES = 20


async def run(plan: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sends everything; the answers in the order of the plan."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(timeout=30) as client:
        return await asyncio.gather(*(_send(client, gate, one) for one in plan))


async def _send(client: httpx.AsyncClient, gate: asyncio.Semaphore, one: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {one['token']}", "Idempotency-Key": one["key"]}
    async with gate:
        for _ in range(TRIES):
            answer = await client.request(one["method"], one["url"], json=one["body"], headers=headers)
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.2)
    kind = answer.json()["type"].rpartition("/")[2] if answer.status_code >= 400 else ""
    return {"key": one["key"], "status": answer.status_code, "problem": kind}


def main() -> None:
    """The plan in, the results out."""
    plan, results = map(Path, sys.argv[1:])
    results.write_text(json.dumps(asyncio.run(run(json.loads(plan.read_text())))))


if __name__ == "__main__":
    main()
