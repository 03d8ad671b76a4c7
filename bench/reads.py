"""Readers over REST with kept-open connections: ``python -m bench.reads PORT TOKEN SECONDS PATH…``.

Prints one JSON object: path → reads a second. A raw client, so that the reader costs little beside the server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

CONNECTIONS = 4


async def read_for(port: int, token: str, paths: list[str], seconds: float) -> float:
    """Reads the paths in turn, over and over; gives reads a second."""
    done = 0
    end = time.monotonic() + seconds

    async def one_connection(offset: int) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = offset
        while time.monotonic() < end:
            path = paths[turn % len(paths)]
            turn += 1
            writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head[:16]:
                raise RuntimeError(f"{path}: {head[:80]!r}")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            done += 1
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(one_connection(n * 37) for n in range(CONNECTIONS)))
    return done / (time.monotonic() - began)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    rate = asyncio.run(read_for(int(arguments[0]), arguments[1], arguments[3:], float(arguments[2])))
    print(json.dumps({"rate": rate}))
