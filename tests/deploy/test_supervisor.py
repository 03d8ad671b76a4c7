"""The supervisor: readiness, crashes, the order of the stop, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from deploy.local.parts import Part
from deploy.local.plan import PORTS, Plan
from deploy.local.ports import free_ports
from deploy.local.processes import Child, clear_leftovers, error_text, recorded_process, session_members, write_record
from deploy.local.supervisor import Stopped, Supervisor, is_ready, running_elsewhere, why

FAKE = Path(__file__).with_name("fake_service.py")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(var=tmp_path / "var", ports=dict(zip(PORTS, free_ports(len(PORTS)), strict=True)))


def fake(plan: Plan, name: str, way: str = "good", edge: bool = False, last: bool = False) -> Part:
    port = plan.ports[name]
    command = (sys.executable, str(FAKE), str(port), way, str(plan.var))
    return Part(name, command, dict(os.environ), f"http://127.0.0.1:{port}/readyz", edge, last)


class Told(list[str]):
    """What the supervisor said."""

    def has(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self)


def test_all_parts_get_ready_and_stop_in_order(plan: Plan) -> None:
    told = Told()
    supervisor = Supervisor(plan, None, None, told.append)
    parts = [fake(plan, "gateway", edge=True), fake(plan, "tickets"), fake(plan, "sink", last=True)]
    supervisor.run_until_ready(parts)
    assert all(is_ready(part.ready) for part in parts)
    ends: dict[str, float] = {}

    def note_ends(name: str, pid: int) -> None:
        psutil.Process(pid).wait(10)
        ends[name] = time.monotonic()

    watchers = [
        threading.Thread(target=note_ends, args=(watched.part.name, watched.child.pid))
        for watched in supervisor.watched
    ]
    for watcher in watchers:
        watcher.start()
    begun = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - begun < 5
    for watcher in watchers:
        watcher.join()
    assert sorted(ends, key=lambda name: ends[name]) == ["gateway", "tickets", "sink"]
    assert list(plan.records.glob("*.pid")) == []


def test_a_crash_is_told_with_name_reason_and_error_and_mended(plan: Plan) -> None:
    told = Told()
    supervisor = Supervisor(plan, None, None, told.append)
    plan.var.mkdir()
    supervisor.run_until_ready([fake(plan, "notify", "crash")])
    assert told.has("notify ended", "exit code 1", "RuntimeError: no luck today", "starting it anew")
    first = supervisor.watched[0].child.pid
    os.kill(first, signal.SIGKILL)
    while supervisor.watched[0].child.pid == first or not is_ready(supervisor.watched[0].part.ready):
        supervisor.watch(0.05)
    assert told.has("notify ended", "killed by SIGKILL")
    supervisor.stop()


def test_whoever_keeps_failing_is_started_less_and_less_often(plan: Plan) -> None:
    supervisor = Supervisor(plan, None, None, Told().append)
    watched = supervisor.start_part(fake(plan, "notify"))
    pauses = [watched.pause() for _ in range(8)]
    supervisor.stop()
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]


def test_who_does_not_stop_is_killed_and_named_and_its_workers_go_too(plan: Plan) -> None:
    told = Told()
    supervisor = Supervisor(plan, None, None, told.append)
    supervisor.run_until_ready([fake(plan, "ingest", "stubborn", edge=True), fake(plan, "tickets", "forking")])
    sessions = [watched.child.pid for watched in supervisor.watched]
    assert sum(len(session_members(session)) for session in sessions) == 3
    begun = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - begun < 6
    assert told.has("ingest did not stop in time and was killed")
    assert [session_members(session) for session in sessions] == [[], []]


def test_a_stop_is_heard_while_waiting_for_readiness(plan: Plan) -> None:
    supervisor = Supervisor(plan, None, None, Told().append)
    threading.Timer(0.5, supervisor.ask_to_stop).start()
    with pytest.raises(Stopped):
        supervisor.run_until_ready([fake(plan, "tickets", "deaf")], remind_after=0.2)
    supervisor.stop()
    assert supervisor.watched[0].child.reason == "exit code 0"


def test_leftovers_are_ended_but_never_a_stranger_with_the_same_pid(tmp_path: Path) -> None:
    records = tmp_path / "run"
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(sleeper) as ours, subprocess.Popen(sleeper) as stranger:
        write_record(records / "tickets.pid", ours.pid)
        write_record(records / "mongod.pid", stranger.pid)
        record = json.loads((records / "mongod.pid").read_text())
        (records / "mongod.pid").write_text(json.dumps({**record, "started": record["started"] - 5}))
        (records / "broken.pid").write_text("{")
        assert recorded_process(records / "mongod.pid") is None
        assert clear_leftovers(records, last=("mongod",)) == ["tickets"]
        assert ours.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()
    assert list(records.iterdir()) == []


def test_only_one_supervisor_per_folder(plan: Plan) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from deploy.local.plan import Plan; "
        "from deploy.local.supervisor import running_elsewhere; "
        "print(running_elsewhere(Plan(Path(sys.argv[1]), {})), flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", hold, str(plan.var)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "None\n"
        assert running_elsewhere(plan) == first.pid
        first.kill()
    assert running_elsewhere(plan) is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            '{"level": "error", "event": "no_broker", "exception": "Traceback\\nOSError: refused"}',
            "no_broker: OSError: refused",
        ),
        ('{"level": "info", "event": "ready"}', ""),
        ("ValueError: bad", "ValueError: bad"),
        ("all is well", ""),
    ],
)  # fmt: skip
def test_the_last_error_is_found_in_a_log(line: str, text: str) -> None:
    assert error_text(line) == text


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('all is well'); os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("print('not this way'); sys.exit(3)", "exit code 3: not this way"),
        ("print('ValueError: bad'); print('{}'); sys.exit(1)", "exit code 1: ValueError: bad"),
        ("sys.exit(4)", "exit code 4"),
    ],
)
def test_why_a_process_ended_is_what_it_said_if_it_failed_itself(code: str, told: str, tmp_path: Path) -> None:
    child = Child("part", [sys.executable, "-uc", f"import os, sys; {code}"], tmp_path / "log", dict(os.environ))
    child.start()
    child.await_end(10)
    assert why(child) == told
