"""What someone wrote into a form and nobody took, since they were signed out or it failed: it is carried along, to
be looked at and sent again with a click. It is never sent by itself: who signs in may be someone else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from starlette.requests import Request

from .forms import Form, read_form

MOST = 300_000
"""Characters: a text and its form, with room to spare."""
MOST_BYTES = 2_000_000
"""So much is read of what somebody sent who is not signed in; texts stand before files."""
SECRET = frozenset({"password", "current"})
"""A form with one of these is not carried: a password does not stand in a page."""
NOT_CARRIED = frozenset({"/login", "/logout", "/language"})
TEXTS = frozenset({"text", "note"})
OF_THE_FORM = frozenset({"command", "version"})


@dataclass(frozen=True)
class Carried:
    """A form on its way: where it was sent, and its fields in their order."""

    path: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: bool = False
    """Files came with it, which have to be chosen again."""

    @property
    def written(self) -> tuple[str, str]:
        """The field in which something was written, and what."""
        return next(((name, value) for name, value in self.fields if name in TEXTS and value.strip()), ("", ""))

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The fields that stand unseen beside the text."""
        return [one for one in self.fields if one != self.written]

    @property
    def internal(self) -> bool:
        """Only colleagues read it."""
        return self.path.endswith("/note") or self.written[0] == "note"

    @property
    def ticket(self) -> str:
        """The number of the ticket that it is about, if it is about one."""
        parts = self.path.split("/")
        return parts[2] if parts[1] == "tickets" and len(parts) > 2 else ""

    @property
    def to(self) -> list[str]:
        """To whom it goes, as it was written down."""
        return [value for name, value in self.fields if name in ("to", "cc", "also", "requesters") and value.strip()]

    def packed(self) -> str:
        """As one field of another form."""
        return json.dumps([self.path, self.fields, self.files], ensure_ascii=False)


def unpacked(text: str) -> Carried | None:
    """What the login page carried; nothing for anything else."""
    try:
        path, fields, files = json.loads(text)
        made = Carried(str(path), [(str(name), str(value)) for name, value in fields], bool(files))
    except (ValueError, TypeError, RecursionError):
        return None
    return made if len(text) <= 2 * MOST and may_be(made) else None


async def carried_of(request: Request) -> Carried | None:
    """What a request brought, if it was a form that can be sent again."""
    if request.method != "POST" or request.url.path in NOT_CARRIED:
        return None
    form: Form | None = getattr(request.state, "form", None)
    if form is None:
        try:
            form = await read_form(request, most_files=100, most_bytes=MOST_BYTES)
        except RuntimeError:  # it was read already, or cannot be any more
            return None
    fields = [(name, value) for name, values in form.fields.items() for value in values]
    made = Carried(request.url.path, fields, bool(form.files) or form.problem is not None)
    return made if may_be(made) else None


def may_be(carried: Carried) -> bool:
    """Whether it may be carried: a form of one of our pages, with something in it, no secret, and not too long."""
    names = {name for name, _ in carried.fields}
    return (
        carried.path.startswith("/")
        and not carried.path.startswith(("//", "/api/"))
        and carried.path.isprintable()
        and "\\" not in carried.path
        and bool(names - OF_THE_FORM)
        and not names & SECRET
        and sum(len(name) + len(value) for name, value in carried.fields) <= MOST
    )
