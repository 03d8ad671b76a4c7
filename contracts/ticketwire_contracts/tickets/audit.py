"""The history of queues, lifecycles, persons, groups and grants. Read-only."""

from __future__ import annotations

from typing import ClassVar

from ..audit import AuditQuestion


class ShowAuditV1(AuditQuestion):
    """Asks for changes of what tickets administers, newest first; the answer's result is an `AuditPage`."""

    topic: ClassVar[str] = "show_audit.v1"
    obeyed_by: ClassVar[str] = "tickets"
