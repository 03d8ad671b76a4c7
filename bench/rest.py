"""Commands over REST with kept-open connections: ``python -m bench.rest PORT TOKEN SECONDS LOGIN NUMBER…``.

Each connection works on tickets of its own, in turn a reply, a status, an owner. Prints one JSON object: commands a
second, by kind and together. A raw client, so that the asker costs little beside the servers.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator

CONNECTIONS = 8


def work(numbers: list[str], login: str) -> Iterator[tuple[str, str, str, dict[str, str | None]]]:
    """What is done to these tickets, for ever: kind, method, path, body. Each changes something."""
    for turn in itertools.count():
        for number in numbers:
            yield "reply", "POST", f"tickets/{number}/replies", {"text": f"An answer, the {turn}th. " * 10}
            yield "status", "PUT", f"tickets/{number}/status", {"status": ("stalled", "open")[turn % 2]}
            yield "owner", "PUT", f"tickets/{number}/owner", {"owner": (login, None)[turn % 2]}


async def command_for(port: int, token: str, login: str, numbers: list[str], seconds: float) -> dict[str, float]:
    """Commands for so long; gives the rates."""
    done: Counter[str] = Counter()
    end = time.monotonic() + seconds

    async def one_connection(own: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for kind, method, path, body in work(own, login):
            if time.monotonic() >= end:
                break
            octets = json.dumps(body).encode()
            head = (
                f"{method} /api/v1/{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(octets)}\r\n\r\n"
            )
            writer.write(head.encode() + octets)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            said = await reader.readexactly(length)
            if answer[9:12] not in (b"200", b"201"):
                raise RuntimeError(f"{method} {path}: {answer[:40]!r} {said[:300]!r}")
            done[kind] += 1
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(one_connection(numbers[n::CONNECTIONS]) for n in range(CONNECTIONS)))
    took = time.monotonic() - began
    return {**{kind: count / took for kind, count in done.items()}, "all": done.total() / took}


if __name__ == "__main__":
    port, token, seconds, login, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(command_for(int(port), token, login, numbers, float(seconds)))))
