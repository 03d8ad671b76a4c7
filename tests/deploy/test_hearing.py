"""Each service is bound to those whose events it handles, and to no other: what it does not need costs it nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ticketwire_chassis.broker import INTERNAL, Broker
from ticketwire_contracts.catalogue import HEARS

from ..servers import Rabbit

MENU = """
import sys
from importlib import import_module
menu = import_module(f"services.{sys.argv[1]}.app").service._consumer._handlers
print(*sorted({event.publisher for event, _ in menu.values()}))
"""


@pytest.mark.parametrize("service", HEARS)
def test_a_service_is_bound_to_whom_it_hears(service: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MENU, service],
        env={"TICKETWIRE_SECRET": "s" * 32, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == sorted(HEARS[service])


async def test_a_binding_of_an_earlier_version_is_taken_away(broker_url: str, rabbit: Rabbit) -> None:
    vhost = broker_url.rpartition("/")[2]

    def bound() -> set[str]:
        rows = rabbit.ctl("list_bindings", "-p", vhost, "source_name", "destination_name", "routing_key").splitlines()
        found = (row.split("\t") for row in rows)
        return {row[2] for row in found if row[:2] == [INTERNAL, "notify"]}

    broker = Broker(broker_url, "notify")
    await broker.connect()
    try:
        assert bound() == set(HEARS["notify"])
        channel = await broker.connection.channel()
        queue = await channel.get_queue("notify")
        await queue.bind(INTERNAL, "ingest")
        assert "ingest" in bound()
    finally:
        await broker.close()
    broker = Broker(broker_url, "notify")
    await broker.connect()
    await broker.close()
    assert bound() == set(HEARS["notify"])
