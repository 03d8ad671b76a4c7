"""Seeded mails, and sending them over several connections: ``python -m bench.mails PORT COUNT CONNECTIONS SEED``.

Prints one JSON object: when the first was begun, when the last was accepted, and how many were refused.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

WORDS = """
juicer lid order delivery invoice number please thank morning broken replaced again customer red light cooling
plate express warranty card refund account password reset printer cable network weekend team answer question
""".split()  # noqa: SIM905  easier to read than a list
CUSTOMERS = 400


def compose(number: int, seed: int) -> tuple[str, bytes]:
    """The n-th mail of a seed: sender and octets; text and HTML, about 4 kB, always the same."""
    dice = random.Random(seed * 1_000_003 + number)
    sender = f"customer{dice.randrange(CUSTOMERS)}@example.net"
    lines = [" ".join(dice.choices(WORDS, k=12)) + "." for _ in range(14)]
    subject = f"{' '.join(dice.choices(WORDS, k=4)).capitalize()} {number}"
    html = "".join(f"<p>{line}</p>\n" for line in lines)
    mail = (
        f"From: Customer {number} <{sender}>\r\nTo: support@example.org\r\nSubject: {subject}\r\n"
        f"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{seed}.{number}@bench.example.net>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b1"\r\n\r\n'
        '--b1\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
        + "\r\n".join(lines)
        + '\r\n--b1\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
        + f"<html><body>{html}</body></html>\r\n--b1--\r\n"
    ).replace("\r\n\n", "\r\n")
    return sender, mail.replace("\r\n", "\n").replace("\n", "\r\n").encode()


async def send_all(port: int, first: int, count: int, connections: int, seed: int) -> dict[str, float]:
    """Sends mails ``first`` to ``first + count`` as fast as they are taken, as mail servers do it (RFC 2920)."""
    mails = iter([compose(number, seed) for number in range(first, first + count)])
    refused = 0
    begun = time.time()

    async def one_connection() -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def expect(code: bytes) -> bytes:
            while True:
                line = await reader.readline()
                if line[3:4] != b"-":
                    return line if line.startswith(code) else b""

        await expect(b"220")
        writer.write(b"EHLO bench\r\n")
        await expect(b"250")
        for sender, octets in mails:
            writer.write(f"MAIL FROM:<{sender}>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n".encode())
            answers = [await expect(code) for code in (b"250", b"250", b"354")]
            if all(answers):
                writer.write(octets + b".\r\n")
                answers.append(await expect(b"250"))
            refused += not all(answers)
        writer.write(b"QUIT\r\n")
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return {"begun": begun, "ended": time.time(), "refused": refused}


if __name__ == "__main__":
    port, first, count, connections, seed = map(int, sys.argv[1:6])
    print(json.dumps(asyncio.run(send_all(port, first, count, connections, seed))))
