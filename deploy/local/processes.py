"""Child processes: each in a session of its own, with a log file, a record of its pid, and a sure end."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LOG_BYTES = 20_000_000
"""A log longer than this is set aside as `<name>.log.1` when its process starts anew."""

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    # Runs between fork and exec. If we are killed outright, the kernel still tells the child to stop.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One process of ours. ``records`` is the folder for its pid record (none: not recorded)."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    records: Path | None = None
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    log_begins: int = 0
    family: list[psutil.Process] = field(default_factory=list)

    def start(self) -> None:
        """Starts it; its output goes to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        with self.log.open("ab") as output:
            self.log_begins = output.tell()
            # The kernel ties a child to the thread that made it: off the main thread that would be too short.
            bound = threading.current_thread() is threading.main_thread()
            self.process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_die_with_parent if bound else None,
            )
        self.started_at = time.monotonic()
        if self.records is not None:
            write_record(self.records / f"{self.name}.pid", self.process.pid)

    @property
    def pid(self) -> int:
        """Its process id; it must have been started."""
        assert self.process is not None, f"{self.name} was not started"
        return self.process.pid

    @property
    def running(self) -> bool:
        """Started, and not ended yet."""
        return self.process is not None and self.process.poll() is None

    def ask(self, number: int = signal.SIGTERM) -> None:
        """Sends a signal, if it still runs; notes whom it has started, so that none of them stays."""
        if self.process is not None and self.process.poll() is None:
            self.family = descendants(self.process.pid)
            self.process.send_signal(number)

    def await_end(self, patience: float) -> bool:
        """Waits ``patience`` seconds, then kills it with all it left; True if it went by itself."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(patience, 0))
            willing = True
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            willing = False
        end_all([*self.family, *session_members(self.process.pid)], patience=0.3)
        self.forget()
        return willing

    def stop(self, patience: float) -> bool:
        """Asks it to end and waits for that."""
        self.ask()
        return self.await_end(patience)

    def kill(self) -> None:
        """Ends it at once, as a power cut would, with everything it started."""
        if self.process is None:
            return
        self.ask(signal.SIGKILL)
        self.process.wait()
        end_all([*self.family, *session_members(self.process.pid)], patience=0.0)
        self.forget()

    def sweep(self) -> None:
        """After it ended by itself: ends what it may have left in its session."""
        if self.process is not None:
            end_all(session_members(self.process.pid), patience=0.0)
            self.forget()

    def forget(self) -> None:
        """Removes its pid record."""
        if self.records is not None:
            (self.records / f"{self.name}.pid").unlink(missing_ok=True)

    @property
    def reason(self) -> str:
        """Why it ended: exit code or signal."""
        code = self.process.returncode if self.process is not None else None
        if code is None:
            return "still running"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def last_error(self) -> str:
        """The last line of its log since its start that tells of an error; else, if it failed, its last plain line.

        Whoever was killed from outside has said only what went well.
        """
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(self.log_begins, self.log.stat().st_size - 50_000))
            lines = [line.decode(errors="replace").strip() for line in file.read().splitlines()]
        told = [text for text in map(error_text, lines) if text]
        failed = self.process is not None and (self.process.returncode or 0) > 0
        plain = [line for line in lines if failed and line and not line.startswith("{")]
        return (told or plain or [""])[-1][:300]


def error_text(line: str) -> str:
    """What an error's log line says in short; empty for a line that tells of no error."""
    try:
        entry = json.loads(line)
    except ValueError:
        words = ("error", "exception", "fatal", "critical")
        return line if any(word in line.lower() for word in words) and not line.startswith(("File ", "at ")) else ""
    if not isinstance(entry, dict) or entry.get("level") not in ("error", "critical"):
        return ""
    exception = str(entry.get("exception") or entry.get("error") or "").strip()
    return ": ".join(
        part for part in (str(entry.get("event", "")), exception.splitlines()[-1:][0] if exception else "") if part
    )


# Who else is there ------------------------------------------------------------------------------------------


def descendants(pid: int) -> list[psutil.Process]:
    """Children, their children, and so on."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def session_members(session: int) -> list[psutil.Process]:
    """All processes of a session; they outlive its leader if nobody ends them."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.pid != os.getpid() and lives(process):
                found.append(process)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def lives(process: psutil.Process) -> bool:
    """That very process runs; one that has ended, and whose parent has not asked for its exit code yet, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def await_all(processes: Sequence[psutil.Process], patience: float) -> list[psutil.Process]:
    """Waits until they have ended; who has not. Their exit codes are left to their parents, unlike psutil's wait."""
    end = time.monotonic() + patience
    left = [process for process in processes if lives(process)]
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = [process for process in left if lives(process)]
    return left


def end_all(processes: Sequence[psutil.Process], patience: float) -> None:
    """Gives them a moment to go by themselves, then kills them. psutil makes sure that a pid was not reused."""
    left = await_all(processes, patience)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    await_all(left, 2)


# Records of pids --------------------------------------------------------------------------------------------


def write_record(path: Path, pid: int) -> None:
    """Notes pid and start time: together they name one process, even after pids have come round."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        process = psutil.Process(pid)
        record = {"pid": pid, "started": process.create_time(), "boot": boot_id()}
    except psutil.NoSuchProcess:
        return
    path.write_text(json.dumps(record))


def recorded_process(path: Path) -> psutil.Process | None:
    """The process that a record names, if that very process still lives."""
    try:
        record = json.loads(path.read_text())
        process = psutil.Process(int(record["pid"]))
        ours = record["boot"] == boot_id() and abs(process.create_time() - float(record["started"])) < 0.05
    except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None
    return process if ours and lives(process) else None


def boot_id() -> str:
    """Changes with each start of the machine."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def clear_leftovers(records: Path, last: Sequence[str], patience: float = 10.0) -> list[str]:
    """Ends what an earlier run left (a kill -9 of it, say); ``last`` names what goes at the end, in order.

    Only processes that the records name and that are still the same are touched. Returns their names.
    """
    found: dict[str, psutil.Process] = {}
    for path in sorted(records.glob("*.pid")):
        process = recorded_process(path)
        if process is not None:
            found[path.stem] = process
    first = [name for name in found if name not in last]
    for group in [first, *([name] for name in last if name in found)]:
        members = [found[name] for name in group]
        family = [member for process in members for member in descendants(process.pid)]
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        end_all([*await_all(members, patience), *family], patience=0.3)
    for path in records.glob("*.pid"):
        path.unlink(missing_ok=True)
    return list(found)
