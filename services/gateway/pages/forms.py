"""What a form sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from hashlib import sha256
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from ticketwire_contracts.base import Problem, within

from ..views import Asker, Refused, Views, refuse
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
    problem: Problem | None = None
    """Why it could not be read to its end; then its fields are those before."""

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
    """The form of a request, without files. Raises ``Refused`` for what is no form, or more than one holds."""
    form = await read_form(request, most_fields=most)
    return whole(form)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


async def form_with_files(request: Request) -> Form:
    """The same with files. One that is not ``whole`` is given too: it is for the page to show what was typed."""
    return await read_form(request, most_files=MAX_FILES)


def whole(form: Form) -> Form:
    """The form, if it could be read to its end. Raises ``Refused`` otherwise."""
    if form.problem is not None:
        raise Refused(form.problem)
    return form


async def read_form(
    request: Request, *, most_fields: int = MAX_FIELDS, most_files: int = 0, most_bytes: int | None = None
) -> Form:
    """What a request sent, as far as it may go; it is kept with the request, so that what was typed is not lost
    to the page that says why nothing came of it."""
    form = replace(await _read(request, most_fields, most_files, most_bytes), path=request.url.path)
    request.state.form = form
    return form


async def _read(request: Request, most_fields: int, most_files: int, most_bytes: int | None) -> Form:
    parser: MultiPartParser | FormParser
    async with aclosing(_limited(request.stream(), most_bytes)) as stream:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            parser = MultiPartParser(
                request.headers, stream, max_files=most_files, max_fields=most_fields, max_part_size=MAX_FIELD_BYTES
            )
        else:
            parser = FormParser(request.headers, stream, max_fields=most_fields, max_part_size=MAX_FIELD_BYTES)
        try:
            sent = await parser.parse()
        except (MultiPartException, HTTPException) as error:
            read = parser.items if isinstance(parser, MultiPartParser) else []
            return Form(_texts(read), problem=_too_much(error, most_files))
    files = [
        # one octet more than is allowed is enough for it to be refused
        Chosen(file.filename, file.content_type or "application/octet-stream", await file.read(MAX_BYTES + 1))
        for _, file in sent.multi_items()
        if not isinstance(file, str) and file.filename
    ]
    await sent.close()
    return Form(_texts(sent.multi_items()), files)


async def _limited(stream: AsyncGenerator[bytes, None], most: int | None) -> AsyncGenerator[bytes, None]:
    read = 0
    async with aclosing(stream):
        async for chunk in stream:
            read += len(chunk)
            if most is not None and read > most:
                raise HTTPException(413)
            yield chunk


def _texts(items: Iterable[tuple[str, object]]) -> dict[str, list[str]]:
    """The fields that are texts. Half a surrogate, which only a program can send, is no letter of any."""
    found: dict[str, list[str]] = {}
    for name, value in items:
        if isinstance(value, str):
            found.setdefault(name, []).append(value.encode("utf-8", "replace").decode("utf-8"))
    return found


def _too_much(error: MultiPartException | HTTPException, most_files: int) -> Problem:
    if isinstance(error, HTTPException):  # the guard's: the whole of it is too large
        detail = error.detail if error.detail != HTTPStatus(413).phrase else ""
        return Problem(type="too-large", title="Too large", status=error.status_code, detail=detail)
    if error.message.startswith("Too many files") and most_files:
        detail = f"At most {most_files} files go with it. Choose them again."
        return Problem(type="too-many-files", title="Too many files", status=413, detail=detail)
    if "exceeded" in error.message:
        return Problem(type="too-large", title="Too large", status=413, detail="A text in the form is too long.")
    return Problem(type="no-form", title="Not well formed", status=400, detail="Open the page again and fill it in.")


def any_time(text: str, zone: tzinfo) -> datetime:
    """A time as a form sends it, on the reader's clock. ``Refused`` when it is none."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise refuse("no-time", title="Not a time", status=422, detail="Choose a day and a time.") from None
    return when if when.tzinfo else when.replace(tzinfo=zone)


def moment(text: str, zone: tzinfo) -> datetime:
    """A time that can be kept, and shown in every zone. ``Refused`` when it is none."""
    try:
        return within(any_time(text, zone))
    except ValueError:
        raise refuse("no-time", title="Not a time", status=422, detail="Choose a year from 1970 to 8999.") from None


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
