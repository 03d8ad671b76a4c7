"""Agents who work by REST through everything: what was not answered is asked for again with the same key."""

from __future__ import annotations

import asyncio
import random
import secrets
from typing import Any

import httpx

from ..flow.stack import Stack

DEEDS = {"reply": 24, "note": 14, "status": 26, "owner": 14, "priority": 14, "merge": 8}
STATUSES = ("open", "open", "pending", "stalled", "resolved", "rejected")
LOOK = 20
"""After so many deeds an agent looks which tickets there are."""
IMPATIENT = 0.1
"""So many requests are given up within a moment, whatever becomes of them."""
PAUSE = 0.5


class Agent:
    """One agent at work; ``answers`` are what came of it in the end, ``keys`` under which it was asked, by whom."""

    def __init__(self, stack: Stack, token: str, person: str, seed: float) -> None:
        self._stack = stack
        self._headers = {"Authorization": f"Bearer {token}"}
        self._person = person
        self._dice = random.Random(seed)
        self._numbers: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.keys: dict[str, str] = {}
        self.tries = 0

    async def work(self, ending: asyncio.Event) -> None:
        """One deed after another until the end; the last is seen through."""
        async with httpx.AsyncClient(headers=self._headers) as client:
            while not ending.is_set():
                if len(self._numbers) < 2 or len(self.answers) % LOOK == 0:
                    await self._look(client)
                if len(self._numbers) >= 2:
                    await self._do(client, *self._deed())
                await asyncio.sleep(self._dice.uniform(0, 2 * PAUSE))

    async def _look(self, client: httpx.AsyncClient) -> None:
        """The newest tickets, and some older ones."""
        order = self._dice.choice(["newest", "updated", "urgency"])
        answer = await self._ask(client, "GET", f"tickets?status=all&sort={order}&limit=60", None, {}, 10)
        if answer is not None and answer.status_code == 200:
            self._numbers = [row["number"] for row in answer.json()["items"]]

    def _deed(self) -> tuple[str, str, dict[str, Any]]:
        dice = self._dice
        one, other = dice.sample(self._numbers, 2)
        match dice.choices(list(DEEDS), list(DEEDS.values()))[0]:
            case "reply":
                return "POST", f"tickets/{one}/replies", {"text": f"Please try {secrets.token_hex(6)}."}
            case "note":
                return "POST", f"tickets/{one}/notes", {"text": f"Seen {secrets.token_hex(6)}."}
            case "status":
                return "PUT", f"tickets/{one}/status", {"status": dice.choice(STATUSES)}
            case "owner":
                return "PUT", f"tickets/{one}/owner", {"owner": dice.choice(["mara", "oskar", "ines", None])}
            case "merge":
                return "POST", f"tickets/{one}/merge", {"into": other}
            case _:
                return "PUT", f"tickets/{one}/priority", {"priority": dice.randrange(101)}

    async def _do(self, client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]) -> None:
        """Until there is an answer that says what became of it."""
        key = secrets.token_hex(8)
        self.keys[key] = self._person
        while True:
            patience = self._dice.uniform(0.02, 0.2) if self._dice.random() < IMPATIENT else 20
            answer = await self._ask(client, method, path, body, {"Idempotency-Key": key}, patience)
            if answer is not None and answer.status_code < 500:
                break
            await asyncio.sleep(self._dice.uniform(0.1, 1))
        kind = answer.json()["type"].rpartition("/")[2] if answer.status_code >= 400 else ""
        self.answers.append({"key": key, "path": path, "status": answer.status_code, "problem": kind})

    async def _ask(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        headers: dict[str, str],
        patience: float,
    ) -> httpx.Response | None:
        self.tries += 1
        port = self._stack.ports["gateway", self._dice.randrange(2)]
        url = f"http://127.0.0.1:{port}/api/v1/{path}"
        try:
            return await client.request(method, url, json=body, headers=headers, timeout=patience)
        except httpx.HTTPError:
            return None
