"""Demo data, made once: three queues, six agents in two groups, and a few mails that become tickets.

All of it goes in by the doors that everybody uses: the REST API and SMTP. It is made by a process of its own, so that
the supervisor goes on watching meanwhile, and it may be repeated after a failure half-way.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
import urllib.error
import urllib.request

from ..parts import inherited
from ..plan import ROOT, Plan
from ..processes import Child
from ..supervisor import Supervisor

SECONDS = 120.0


def ensure(supervisor: Supervisor, plan: Plan, password: str | None) -> None:
    """Makes the demo data, unless it was made before or nobody wants it."""
    done = plan.var / "demo.done"
    if not plan.demo or done.exists():
        return
    if password is None:
        supervisor.say("no demo data: it needs admin's password in TICKETWIRE_ADMIN_PASSWORD")
        return
    supervisor.say("making demo data: queues, agents, tickets")
    smtp = f"{plan.reach}:{plan.ports['smtp']}"
    command = [sys.executable, "-m", "deploy.local.demo", "--url", plan.pages, "--smtp", smtp]
    environment = {**inherited(), "TICKETWIRE_DEMO_PASSWORD": password}
    child = Child("demo", command, plan.logs / "demo.log", environment, plan.records, ROOT)
    child.start()
    end = time.monotonic() + SECONDS
    try:
        while child.running and time.monotonic() < end:
            supervisor.watch(0.2)
    finally:
        late = child.running
        child.stop(1.0)
    assert child.process is not None
    if child.process.returncode == 0 and not late:
        done.touch()
        return
    why = f"not done within {SECONDS:.0f} s" if late else child.last_error()
    supervisor.say(f"no demo data this time: {why}; see {child.log}. The next run tries again")


def log_in_works(plan: Plan, password: str | None) -> bool:
    """Does the gateway know admin by this password?"""
    if password is None:
        return False
    body = json.dumps({"login": "admin", "password": password}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{plan.pages}/api/v1/sessions", body, {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return False
