"""The run: start the stack, send mails, read, and print the table.

BENCH_MAILS=2000 BENCH_CONNECTIONS=8 BENCH_TICKETS=10000 make bench
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from deploy.local.plan import cache_gb
from tests.flow.stack import Stack
from tests.servers import Servers

from . import loader, meter

MAILS = int(os.environ.get("BENCH_MAILS", "1500"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "8"))
TICKETS = int(os.environ.get("BENCH_TICKETS", "10000"))
LATENCIES = int(os.environ.get("BENCH_LATENCIES", "60"))
WARM_UP = 150
SEED = 7
PEER = {"Request Tracker 5 on PostgreSQL": 7.5}
console = Console()


class Bench:
    """One run on one stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.results: dict[str, Any] = {"mails": MAILS, "connections": CONNECTIONS}

    def pids(self) -> dict[str, list[int]]:
        """All processes that a mail costs."""
        groups: dict[str, list[int]] = {}
        for (name, _), process in self.stack.processes.items():
            groups.setdefault(name, []).append(process.pid)
        groups["mongod"] = [meter.listener(self.stack.mongo_url)]
        groups["rabbitmq"] = [meter.listener(self.stack.broker_url)]
        groups["sink"] = [self.stack.sink_pid]
        return groups

    def ports(self) -> dict[str, list[int]]:
        """Where the services' metrics are."""
        groups: dict[str, list[int]] = {}
        for (name, _), port in self.stack.ports.items():
            groups.setdefault(name, []).append(port)
        return groups

    def read(self) -> meter.Reading:
        """The meters now."""
        return meter.read(self.pids(), self.ports())

    async def idle(self, seconds: float = 10) -> None:
        """What the whole system uses when nothing happens."""
        await asyncio.sleep(3)
        before = self.read()
        await asyncio.sleep(seconds)
        after = self.read()
        used = {name: (after.cpu[name] - before.cpu[name]) / seconds * 100 for name in after.cpu}
        self.results["idle_percent_of_a_core"] = {**used, "all": sum(used.values())}

    async def send(self, first: int, count: int) -> dict[str, Any]:
        """Mails from a process of their own; its CPU is counted apart."""
        began = os.times()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.mails", *map(str, (self.stack.smtp_port, first, count, CONNECTIONS, SEED)),
            stdout=subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        ended = os.times()
        used = ended.children_user + ended.children_system - began.children_user - began.children_system
        return {**json.loads(out), "cpu": used}

    async def visible(self) -> int:
        """Tickets in the gateway's queue view."""
        rows = (await self.stack.get("queues"))["items"]
        return next(int(row["new"]) + int(row["open"]) for row in rows if row["name"] == "support")

    def sunk(self) -> int:
        """Mails that lie in the sink."""
        return sum(entry.name.endswith(".eml") for entry in os.scandir(self.stack.outbox_folder))

    async def wait(self, tickets: int, replies: int, seconds: float = 300) -> float:
        """Until so many tickets are visible and so many answers sunk; gives the time of it."""
        end = time.monotonic() + seconds
        while True:
            if self.sunk() >= replies and await self.visible() >= tickets:
                return time.time()
            if time.monotonic() > end:
                raise RuntimeError(
                    f"stuck at {await self.visible()} of {tickets} tickets, {self.sunk()} of {replies} answers"
                )
            await asyncio.sleep(0.1)

    async def throughput(self) -> None:
        """Accepted and end to end."""
        await self.send(0, WARM_UP)
        await self.wait(WARM_UP, WARM_UP)
        await asyncio.sleep(1)
        before = self.read()
        sent = await self.send(WARM_UP, MAILS)
        done = await self.wait(WARM_UP + MAILS, WARM_UP + MAILS)
        await asyncio.sleep(0.5)
        after = self.read()
        took = done - sent["begun"]
        self.results |= {
            "refused": sent["refused"],
            "accepted_per_second": MAILS / (sent["ended"] - sent["begun"]),
            "end_to_end_per_second": MAILS / took,
            "times_the_peer": {name: MAILS / took / rate for name, rate in PEER.items()},
            "per_mail": self._per_mail(before, after, float(sent["cpu"])),
        }

    def _per_mail(self, before: meter.Reading, after: meter.Reading, generator: float) -> dict[str, dict[str, float]]:
        rows: dict[str, dict[str, float]] = {}
        for name in after.cpu:
            row = {"cpu_ms": (after.cpu[name] - before.cpu[name]) / MAILS * 1000, "memory_mb": after.memory[name] / 1e6}
            if name in after.counts:
                row["mongo_calls"] = meter.counted(before, after, name, "ticketwire_mongo_calls") / MAILS
                row["messages_out"] = meter.counted(before, after, name, "ticketwire_broker_sent") / MAILS
                row["messages_in"] = meter.counted(before, after, name, "ticketwire_broker_taken") / MAILS
                batches = meter.counted(before, after, name, "ticketwire_batch_events_count")
                events = meter.counted(before, after, name, "ticketwire_batch_events_sum")
                row["mean_batch"] = events / batches if batches else 0.0
            rows[name] = row
        rows["load generator"] = {"cpu_ms": generator / MAILS * 1000}
        return rows

    async def latency(self) -> None:
        """From the SMTP 250 to the SSE event, one mail at a time."""
        times = []
        url = f"{self.stack.base_url}/api/v1/stream"
        headers = {"Authorization": f"Bearer {self.stack.token}"}
        async with httpx.AsyncClient(timeout=30) as client, client.stream("GET", url, headers=headers) as stream:
            tickets = _tickets(stream)
            await asyncio.sleep(1)
            known: set[str] = set()
            for number in range(LATENCIES):
                self.stack.send(subject=f"Latency {number}", sender=f"latency{number % 10}@example.net")
                accepted = time.perf_counter()
                async for ticket in tickets:
                    if ticket not in known:
                        known.add(ticket)
                        break
                times.append((time.perf_counter() - accepted) * 1000)
                await asyncio.sleep(0.15)
        times.sort()
        p95 = times[int(len(times) * 0.95) - 1]
        self.results["latency_ms"] = {"p50": statistics.median(times), "p95": p95}

    async def reads(self) -> None:
        """Reads a second at many tickets."""
        have = await self.visible()
        environment = self.stack.environment("tickets")
        with console.status("loading tickets …") as status:
            await loader.load(TICKETS, environment, lambda n: status.update(f"loading tickets: {n} of {TICKETS}"))
        await self.wait(have + TICKETS, 0, 600)
        listed = await self.stack.get("queues/support/tickets?limit=50")
        numbers = [row["number"] for row in listed["items"]]
        port = self.stack.ports["gateway", 0]
        paths = {
            "tickets/{number}": [f"/api/v1/tickets/{number}" for number in numbers],
            "queues/support/tickets": ["/api/v1/queues/support/tickets"],
        }
        self.results["tickets"] = await self.visible()
        self.results["reads_per_second"] = {}
        for name, urls in paths.items():
            arguments = [str(port), self.stack.token, "6", *urls]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.reads", *arguments, stdout=subprocess.PIPE
            )
            out, _ = await process.communicate()
            self.results["reads_per_second"][name] = json.loads(out)["rate"]

    async def commands(self) -> None:
        """Commands a second over REST: replies, statuses, owners, each on tickets that customers opened."""
        listed = await self.stack.get("queues/support/tickets?status=new&limit=64")
        numbers = [row["number"] for row in listed["items"]]
        port = str(self.stack.ports["gateway", 0])
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.rest", port, self.stack.token, "8", "admin", *numbers, stdout=subprocess.PIPE
        )
        out, _ = await process.communicate()
        self.results["commands_per_second"] = json.loads(out)

    async def run(self) -> None:
        """Everything, in order."""
        await self.stack.make_queues()
        for title, part in (
            ("idle", self.idle),
            ("mails", self.throughput),
            ("latency", self.latency),
            ("commands", self.commands),
            ("reads", self.reads),
        ):
            console.print(f"[dim]{title} …[/]")
            await part()

    def show(self) -> None:
        """The table."""
        result = self.results
        table = Table(title=f"{MAILS} mails over {CONNECTIONS} connections")
        for column in ("", "CPU ms/mail", "Mongo calls", "msgs out", "msgs in", "mean batch", "MB", "idle %"):
            table.add_column(column, justify="left" if not column else "right")
        idle = result["idle_percent_of_a_core"]
        for name, row in result["per_mail"].items():
            cells = [
                row.get(key)
                for key in ("cpu_ms", "mongo_calls", "messages_out", "messages_in", "mean_batch", "memory_mb")
            ]
            shown = ["" if cell is None else f"{cell:.2f}" if cell < 100 else f"{cell:.0f}" for cell in cells]
            table.add_row(name, *shown, f"{idle[name]:.2f}" if name in idle else "")
        total = sum(row["cpu_ms"] for row in result["per_mail"].values())
        table.add_row("all", f"{total:.2f}", "", "", "", "", "", f"{idle['all']:.2f}")
        console.print(table)
        lines = {
            "accepted mails/s": result["accepted_per_second"],
            "end-to-end mails/s": result["end_to_end_per_second"],
            **{f"… times {name}": times for name, times in result["times_the_peer"].items()},
            "refused": result["refused"],
            "250 → SSE, p50 ms": result["latency_ms"]["p50"],
            "250 → SSE, p95 ms": result["latency_ms"]["p95"],
            **{
                f"GET {name}, reads/s at {result['tickets']} tickets": rate
                for name, rate in result["reads_per_second"].items()
            },
        }
        rates = result["commands_per_second"]
        lines["ticket commands/s over REST (reply, status, owner)"] = rates["all"]
        for name, value in lines.items():
            console.print(f"{name:<60}{value:>10.1f}")


async def _tickets(stream: httpx.Response) -> AsyncIterator[str]:
    kind = ""
    async for line in stream.aiter_lines():
        if line.startswith("event:"):
            kind = line[6:].strip()
        elif line.startswith("data:") and kind == "ticket":
            yield str(json.loads(line[5:])["ticket"])


def servers_as_run() -> Servers:
    """Servers with the settings of ``make run``, not the tests' small ones."""
    return Servers(cache_gb=cache_gb(os.environ), quick_ttl=False)


async def main() -> None:
    """Private servers, the stack, the run."""
    with tempfile.TemporaryDirectory(prefix="ticketwire-bench-") as folder, servers_as_run() as servers:
        servers.begin()
        stack = Stack(servers.mongo_url, servers.rabbit.vhost("bench"), Path(folder) / "stack")
        try:
            await stack.start()
            bench = Bench(stack)
            await bench.run()
        finally:
            await stack.stop()
    bench.show()
    out = Path("var") / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(bench.results, indent=2) + "\n")
    console.print(f"[dim]written to {out}[/]")


if __name__ == "__main__":
    asyncio.run(main())
