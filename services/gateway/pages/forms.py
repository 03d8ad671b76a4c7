"""What a form sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from hashlib import sha256

from starlette.requests import Request

from ticketwire_contracts.base import Problem

from ..views import Asker, Views, refuse
from ..views.files import MAX_BYTES

MAX_FILES = 20
MAX_FIELDS = 300
MAX_FIELD_BYTES = 4_000_000
NOT_WISHED = frozenset({"command", "version"})
"""Fields that say where a form comes from, not what is wanted: a page that is shown again has newer ones."""


@dataclass(frozen=True)
class Chosen:
    """A file that was chosen in a form."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Form:
    """The fields of a form as text, and its files."""

    fields: Mapping[str, list[str]]
    files: list[Chosen] = field(default_factory=list)
    path: str = ""
    """Where it was sent to."""

    def raw(self, name: str) -> str:
        """A field as it was sent; empty when it was not."""
        return self.fields.get(name, [""])[0]

    def text(self, name: str) -> str:
        """A field without the space around it; line breaks are ``\\n``."""
        return _plain(self.raw(name))

    def all(self, name: str) -> list[str]:
        """Every value of a field, e.g. of checkboxes."""
        return self.fields.get(name, [])

    def listed(self, name: str) -> list[str]:
        """Values with commas, semicolons or line breaks between them."""
        parts = self.text(name).replace(";", ",").replace("\n", ",").split(",")
        return [part.strip() for part in parts if part.strip()]

    @property
    def id(self) -> str:
        """The hidden id that the page gave it; empty when none came."""
        return self.text("command")[:100]

    @property
    def command(self) -> str:
        """The id of what is asked for, which makes a second sending harmless: it is made of the form's own id and
        of what was filled in, so another wish from the same page (after Back, say) is another one. A form without
        an id is never the same as another.

        Files do not count: no browser keeps them where a page is shown again, and that must not send a text twice.
        """
        if not self.id:
            return uuid.uuid4().hex
        names = sorted(self.fields.keys() - NOT_WISHED)
        # as the fields are read: space around a text does not come back with the page that shows it again
        wished = [
            (name, filled) for name in names if (filled := [text for text in map(_plain, self.all(name)) if text])
        ]
        digest = sha256(json.dumps([self.path, wished]).encode()).hexdigest()
        return f"{self.id} {digest}"

    def number(self, name: str) -> int | None:
        """A number; none when it was not sent or is none."""
        value = self.text(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


async def form_of(request: Request, most: int = MAX_FIELDS) -> Form:
    """Reads the form of a request. Starlette raises ``HTTPException`` 400 for a malformed one."""
    fields: dict[str, list[str]] = {}
    files: list[Chosen] = []
    async with request.form(max_files=MAX_FILES, max_fields=most, max_part_size=MAX_FIELD_BYTES) as sent:
        for name, value in sent.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value)
            elif value.filename:
                # one octet more than is allowed is enough for it to be refused
                data = await value.read(MAX_BYTES + 1)
                files.append(Chosen(value.filename, value.content_type or "application/octet-stream", data))
    return Form(fields, files, path=request.url.path)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def moment(text: str, zone: tzinfo) -> datetime:
    """A time as a form sends it, on the reader's clock. ``Refused`` when it is none."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise refuse("no-time", title="Not a time", status=422, detail="Choose a day and a time.") from None
    return when if when.tzinfo else when.replace(tzinfo=zone)


async def uploaded(form: Form, views: Views, asker: Asker, now: datetime) -> list[str]:
    """Keeps the files of a form and gives their digests. Raises ``Refused`` for one that is too large."""
    return [
        (
            await views.files.upload(
                asker, filename=file.filename, content_type=file.content_type, data=file.data, now=now
            )
        ).sha256
        for file in form.files
    ]


@dataclass(frozen=True)
class Draft:
    """What stands in the forms of a ticket's page: empty at first, else as it was when it was refused."""

    what: str = ""
    reply: str = ""
    note: str = ""
    also: str = ""
    then_status: str = ""
    to: list[str] | None = None
    cc: list[str] | None = None
    command: str = ""
    problem: Problem | None = None
    typed: Mapping[str, list[str]] = field(default_factory=dict)
    """The fields of the other forms, as they were sent."""

    def kept(self, what: str, name: str, otherwise: str = "") -> str:
        """What stood in a field of a form that was refused, or else what stands there at first."""
        return self.typed.get(name, [otherwise])[0] if self.what == what else otherwise

    def refused(self, problem: Problem, command: str) -> Draft:
        """The same with the reason. What may have been done after all keeps its command's id, so that sending
        it again cannot do it twice; a refusal is final, so the next try gets an id of its own."""
        return replace(self, problem=problem, command=command if problem.status >= 500 else "")
