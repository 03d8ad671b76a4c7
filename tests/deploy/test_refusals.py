"""What stands in the way of a set-up or a start is said in one clear line, with what to do about it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from deploy import setup
from deploy.local import checks
from deploy.local.plan import PORTS, ROOT, Plan, PlanWrong, plan
from deploy.local.ports import free_ports

DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture
def chosen(tmp_path: Path) -> Plan:
    return Plan(var=tmp_path / "var", ports=dict(zip(PORTS, free_ports(len(PORTS)), strict=True)))


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKETWIRE_")}
    return subprocess.run(
        [sys.executable, "-m", "deploy.local"],
        env={**kept, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_taken_port_is_named_with_who_holds_it_and_how_to_choose_another(chosen: Plan) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", chosen.ports["gateway"]))
        holder.listen()
        (line,) = checks.taken_ports(chosen)
    assert f"port {chosen.ports['gateway']} (pages and REST) is taken by " in line
    assert f"(pid {os.getpid()})" in line
    assert "TICKETWIRE_HTTP_PORT=" in line
    assert list(checks.taken_ports(chosen)) == []


def test_a_full_disk_is_named_before_the_start(chosen: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(checks.space(chosen)) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: DiskUsage(10**9, 10**9 - 10**8, 10**8))
    (line,) = checks.space(chosen)
    assert "has 0.1 GB free and 1 GB are needed" in line
    assert "TICKETWIRE_VAR=" in line


def test_a_folder_that_cannot_be_made_is_a_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = start(TICKETWIRE_VAR=str(tmp_path / "file" / "var"))
    assert done.returncode == 1
    assert "cannot start" in done.stderr
    assert "TICKETWIRE_VAR=/some/folder" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"TICKETWIRE_PORT_SHIFT": "many"}, "TICKETWIRE_PORT_SHIFT: 'many' is not a number"),
        ({"TICKETWIRE_HTTP_PORT": "70000"}, "TICKETWIRE_HTTP_PORT: 70000 is not a port"),
        ({"TICKETWIRE_SMTP_PORT": "2526"}, "TICKETWIRE_SMTP_PORT and TICKETWIRE_SINK_PORT are both 2526"),
        ({"TICKETWIRE_SUBSCRIBERS": "crm,Big One"}, "'Big One' is not a name"),
        ({"TICKETWIRE_MONGO_CACHE_GB": "much"}, "TICKETWIRE_MONGO_CACHE_GB: 'much' is not a number"),
        ({"TICKETWIRE_MONGO_CACHE_GB": "0.1"}, "0.1 is less than 0.25"),
    ],
)
def test_a_senseless_setting_is_named(environment: dict[str, str], words: str) -> None:
    with pytest.raises(PlanWrong, match=re.escape(words)):
        plan(environment)


# Set-up -------------------------------------------------------------------------------------------------------


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A machine without RabbitMQ; the commands that the set-up runs."""
    ran: list[list[str]] = []
    monkeypatch.setattr(setup, "missing_packages", lambda with_tests: ["rabbitmq-server", "gpg"])
    monkeypatch.setattr(setup, "run", lambda command, shown, may_fail=False: ran.append(command))
    monkeypatch.setattr(setup, "broker_service_active", lambda: False)
    return ran


def on_path(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in programs else None)


def test_without_apt_the_packages_are_named(lacking: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(monkeypatch)
    with pytest.raises(setup.SetupFailed, match=r"lacks rabbitmq-server gpg .* has no apt-get"):
        setup.install_system_packages(with_tests=False)
    assert lacking == []


def test_without_root_and_sudo_the_line_to_run_is_given(
    lacking: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    line = r"as root, please run:\s+apt-get update && apt-get install --no-install-recommends -y rabbitmq-server gpg"
    with pytest.raises(setup.SetupFailed, match=line):
        setup.install_system_packages(with_tests=False)
    assert lacking == []


def test_with_root_apt_is_run_and_what_it_did_not_bring_is_named(
    lacking: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(setup.SetupFailed, match="rabbitmq-server gpg cannot be found"):
        setup.install_system_packages(with_tests=False)
    assert [command[:4] for command in lacking] == [
        ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "update"],
        ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install"],
    ]


def test_too_little_space_is_named_before_anything_is_fetched(
    lacking: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: DiskUsage(10**9, 10**9 - 10**8, 10**8))
    with pytest.raises(setup.SetupFailed, match=r"has 0\.1 GB free, 0\.7 GB are needed; please make room"):
        setup.install_system_packages(with_tests=False)
    assert lacking == []
