"""What each process has used: CPU seconds (with its children), resident memory, and what its metrics count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import psutil

_SAMPLE = re.compile(r"^(ticketwire_\w+?)(?:_total)?(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)


@dataclass
class Reading:
    """The counters of one moment."""

    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    counts: dict[str, dict[str, float]] = field(default_factory=dict)


def read(pids: Mapping[str, list[int]], ports: Mapping[str, list[int]]) -> Reading:
    """Reads all processes; ``ports`` are those of services with ``/metrics``."""
    reading = Reading()
    for name, group in pids.items():
        family = {child for pid in group for child in _family(pid)}
        reading.cpu[name] = sum(_cpu(process) for process in family)
        reading.memory[name] = sum(_memory(process) for process in family)
    for name, group in ports.items():
        counts: dict[str, float] = {}
        for port in group:
            for key, value in _SAMPLE.findall(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text):
                counts[key] = counts.get(key, 0.0) + float(value)
        reading.counts[name] = counts
    return reading


def counted(before: Reading, after: Reading, service: str, name: str) -> float:
    """How much a counter of a service has moved."""
    return after.counts[service].get(name, 0.0) - before.counts[service].get(name, 0.0)


def listener(url: str) -> int:
    """The process that listens at the port of a connection string."""
    port = urlsplit(url).port
    for connection in psutil.net_connections("tcp"):
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        ):
            return int(connection.pid)
    raise LookupError(f"nobody listens at port {port}")


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return float(times.user + times.system)
    except psutil.NoSuchProcess:
        return 0.0


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
