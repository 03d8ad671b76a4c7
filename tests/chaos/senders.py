"""Customers of every kind: new ones and old ones, machines, some who send twice, some who answer our answers."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Iterator

from ..flow.flood import CAP, Letter, Sender, Sink, answered_ticket, letter, stranger
from ..flow.stack import Stack

KINDS = {
    "new": 68, "regular": 9, "talkative": 5, "machine": 7, "again": 6, "same id": 2, "large": 2, "very large": 1,
}  # fmt: skip
REGULARS = 200
ANSWERED = 0.15
"""So many automatic replies are answered; a fifth of these by a machine."""


class Customers:
    """Who writes."""

    def __init__(self, stack: Stack, seed: float) -> None:
        self._sink = Sink(stack)
        self._dice = random.Random(seed)
        self._regulars = [stranger() for _ in range(REGULARS)]
        self._talkative = stranger()
        self._wrote = dict.fromkeys(self._regulars, 0)

    def letters(self, sender: int, ending: asyncio.Event) -> Iterator[Letter]:
        """What one sender has to send, until the end."""
        dice = random.Random(self._dice.random())
        before: list[Letter] = []
        while not ending.is_set():
            kind = dice.choices(list(KINDS), list(KINDS.values()))[0]
            if kind == "again" and before:
                yield dice.choice(before)
                continue
            one = self._letter(kind, f"{sender}.{len(before)}", dice, before)
            before.append(one)
            yield one

    def _letter(self, kind: str, mark: str, dice: random.Random, before: list[Letter]) -> Letter:
        subject = f"Chaos {mark} {secrets.token_hex(3)}"
        match kind:
            case "regular":
                address = dice.choice(self._regulars)
                self._wrote[address] += 1
                # Beyond the cap it would be the talkative one's case.
                return letter(address if self._wrote[address] <= CAP // 2 else stranger(), subject)
            case "talkative":
                return letter(self._talkative, subject)
            case "machine":
                return letter(stranger(), subject, headers={"Auto-Submitted": "auto-generated"})
            case "same id" if before:
                return letter(stranger(), subject, message_id=dice.choice(before).message_id)
            case "large":
                return letter(stranger(), subject, attached=dice.randbytes(80_000))
            case "very large":
                return letter(stranger(), subject, attached=dice.randbytes(500_000))
            case _:
                return letter(stranger(), subject)

    async def answer(self, sender: Sender, ending: asyncio.Event) -> None:
        """Answers some of the automatic replies, as they come."""
        seen: set[str] = set()
        while not ending.is_set():
            for head in await asyncio.to_thread(self._sink.look):
                number, reply = answered_ticket(head), str(head["Message-ID"])
                if not number or reply in seen:  # an id may come twice, and is one mail then
                    continue
                seen.add(reply)
                if self._dice.random() < ANSWERED:
                    machine = {"Auto-Submitted": "auto-replied"} if self._dice.random() < 0.2 else {}
                    headers = {"In-Reply-To": reply, "References": reply, **machine}
                    subject = f"Re: {head['Subject']}"
                    await sender.send(letter(str(head["To"]), subject, "Still.", headers=headers, joins=number))
            await asyncio.sleep(1)
