"""The gateway's own database: views of everything said, and what nobody else keeps: passwords and sessions.

writing     events into views
tickets     lists and timelines, read
access      the directory, sessions, failed attempts
answers     idempotency keys
uploads     files on their way into a message
forgetting  what was erased, and stays erased whatever comes again
"""

from __future__ import annotations

from ticketwire_chassis.mongo import Database

from ..domain.changes import Changes
from .access import Access
from .answers import Answers
from .forgetting import Claim
from .passwords import Argon2
from .tickets import TicketRows
from .uploads import UploadRows
from .writing import Writing

__all__ = ["Access", "Answers", "Argon2", "Store", "TicketRows", "UploadRows", "Writing"]


class Store:
    """All collections of one database."""

    def __init__(self, db: Database, claim: Claim | None = None) -> None:
        self.tickets = TicketRows(db)
        self.access = Access(db)
        self.answers = Answers(db)
        self.uploads = UploadRows(db)
        self._writing = Writing(db, claim)

    async def prepare(self) -> None:
        """Indexes."""
        for part in (self.tickets, self.access, self.answers, self.uploads):
            await part.prepare()

    async def apply(self, changes: Changes) -> None:
        """Brings changes into the views; again makes no difference."""
        await self._writing.apply(changes)
