"""Fills a running system: ``python -m deploy.local.demo --url http://127.0.0.1:8080 --smtp 127.0.0.1:2525``.

Admin's password comes from ``TICKETWIRE_DEMO_PASSWORD``; the six agents get the same. Asked again, it adds nothing.
"""

from __future__ import annotations

import argparse
import os
import smtplib
import sys
import time
from email import message_from_bytes
from email.policy import default
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import httpx

from ticketwire_contracts.rights import AGENT_RIGHTS

MAILS = Path(__file__).with_name("mails")

AGENTS = {
    "anna": "Anna Berger",
    "ben": "Ben Okafor",
    "carla": "Carla Ruiz",
    "deniz": "Deniz Aydın",
    "emil": "Emil Novák",
    "fatima": "Fatima Haddad",
}

GROUPS = {"service-desk": ("anna", "ben", "carla"), "platform": ("deniz", "emil", "fatima")}

QUEUES: tuple[dict[str, Any], ...] = (
    {"name": "support", "title": "Support", "group": "service-desk", "supervisor": "anna"},
    {"name": "billing", "title": "Billing", "group": "service-desk", "supervisor": "carla"},
    {"name": "operations", "title": "Operations", "group": "platform", "supervisor": "deniz"},
)

THERE_ALREADY = 409


class Api:
    """The REST API as one person."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1/", timeout=20)
        answer = self._client.post("sessions", json={"login": login, "password": password})
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def do(self, method: str, path: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        """One request; that something is there already is no failure."""
        headers = {"Idempotency-Key": f"demo-{key}"} if key else {}
        answer = self._client.request(method, path, json=body, headers=headers)
        if answer.is_error and answer.status_code != THERE_ALREADY:
            raise SystemExit(f"error: {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content and not answer.is_error else {}

    def tickets(self, queue: str) -> dict[str, str]:
        """Subject → number of what lies in a queue."""
        answer = self._client.get(f"queues/{queue}/tickets")
        answer.raise_for_status()
        return {item["subject"]: item["number"] for item in answer.json()["items"]}


def people(admin: Api, password: str) -> None:
    """Six agents in two groups."""
    for login, name in AGENTS.items():
        body = {"login": login, "name": name, "addresses": [f"{login}@example.org"], "agent": True}
        admin.do("POST", "people", body, key=f"person-{login}")
        admin.do("PUT", f"people/{login}/password", {"password": password})
    for group, members in GROUPS.items():
        admin.do("POST", "groups", {"name": group}, key=f"group-{group}")
        for login in members:
            admin.do("PUT", f"groups/{group}/members/{login}", {})


def queues(admin: Api) -> None:
    """Three queues; their agents may do there what agents do."""
    for queue in QUEUES:
        name, group = queue["name"], queue["group"]
        body = {
            "name": name,
            "title": queue["title"],
            "addresses": [f"{name}@example.org"],
            "watchers": [f"group:{group}"],
            "supervisors": [f"person:{queue['supervisor']}"],
        }
        admin.do("POST", "queues", body, key=f"queue-{name}")
        for right in AGENT_RIGHTS:
            grant = {"right": right, "grantee": f"group:{group}", "scope": f"queue:{name}"}
            admin.do("POST", "rights", grant, key=f"right-{name}-{right}")


def mails(host: str, port: int) -> dict[str, set[str]]:
    """Sends the mails; which subjects each queue should have then. A mail sent twice is known by its id."""
    expected: dict[str, set[str]] = {}
    with smtplib.SMTP(host, port, timeout=30) as smtp:
        for path in sorted(MAILS.glob("*.eml")):
            mail = message_from_bytes(path.read_bytes(), policy=default)
            recipient = parseaddr(str(mail["To"]))[1]
            smtp.sendmail(parseaddr(str(mail["From"]))[1], [recipient], path.read_bytes(), ["BODY=8BITMIME"])
            expected.setdefault(recipient.partition("@")[0], set()).add(str(mail["Subject"]))
    return expected


def until_there(admin: Api, expected: dict[str, set[str]], seconds: float = 60.0) -> dict[str, str]:
    """Waits until each mail is a ticket; subject → number."""
    end = time.monotonic() + seconds
    while True:
        found = {subject: number for queue in expected for subject, number in admin.tickets(queue).items()}
        missing = set().union(*expected.values()) - set(found)
        if not missing:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"error: no ticket yet for {', '.join(sorted(missing))}")
        time.sleep(0.2)


def work(url: str, password: str, numbers: dict[str, str]) -> None:
    """A little life: two tickets that agents have begun to work on."""
    anna = Api(url, "anna", password)
    printer = numbers["Printer on the second floor prints every page twice"]
    anna.do("PUT", f"tickets/{printer}/owner", {"owner": "anna"})
    anna.do(
        "POST",
        f"tickets/{printer}/notes",
        {"text": "P-204 got its new driver on Friday. Ben still has the old one."},
        key=f"note-{printer}",
    )
    anna.do(
        "POST",
        f"tickets/{printer}/replies",
        {"text": "Hello Ms Marsh,\n\nthank you for telling us. We put the old driver back this afternoon.\n\nAnna"},
        key=f"reply-{printer}",
    )
    deniz = Api(url, "deniz", password)
    backup = numbers["Yedekleme sunucusu iki gündür yanıt vermiyor"]
    deniz.do("PUT", f"tickets/{backup}/owner", {"owner": "deniz"})
    deniz.do("PUT", f"tickets/{backup}/priority", {"priority": 90})


def main() -> None:
    """Fills it."""
    parser = argparse.ArgumentParser(description="Fills a running Ticketwire with demo data.")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--smtp", default="127.0.0.1:2525")
    given = parser.parse_args()
    password = os.environ.get("TICKETWIRE_DEMO_PASSWORD")
    if not password:
        sys.exit("error: please set TICKETWIRE_DEMO_PASSWORD to admin's password")
    admin = Api(given.url, "admin", password)
    people(admin, password)
    queues(admin)
    host, _, port = given.smtp.rpartition(":")
    numbers = until_there(admin, mails(host, int(port)))
    work(given.url, password, numbers)
    print(f"demo data: {len(QUEUES)} queues, {len(AGENTS)} agents, {len(numbers)} tickets")


if __name__ == "__main__":
    main()
