"""Templates: everything is escaped, every text comes from the catalogue, every time is the reader's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from ticketwire_chassis.i18n import N_, dates
from ticketwire_contracts.base import ERASED

from .admin.words import RIGHTS, SETTINGS
from .assets import Assets
from .prose import clean_line, parts
from .reader import Reader
from .refusals import translated
from .words import BANDS, LINKABLE, LINKS, PROMISES, ROLES, SIGNATURES, WHAT, band, priority_word, status_word, worked

KEPT_BY_NOBODY = "private, no-store"
"""What a page shows is not for the next one at this machine."""


class Templates:
    """The page templates, compiled when first used and once for the whole process."""

    def __init__(self, assets: Assets) -> None:
        self._asset = assets.address

    def render(self, template: str, reader: Reader, values: Mapping[str, Any]) -> str:
        """The page as HTML."""
        return ENVIRONMENT.get_template(template).render(reader=reader, asset=self._asset, **values)

    def page(self, template: str, reader: Reader, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """The page as an answer."""
        headers = {"Content-Language": reader.t.language, "Cache-Control": KEPT_BY_NOBODY}
        html = self.render(template, reader, values)
        if ERASED in html:
            html = html.replace(ERASED, escape(reader.t(N_("[erased]"))))
        return HTMLResponse(html, status, headers)


def filled(text: str, params: Mapping[str, Any]) -> Markup:
    """A text of the catalogue as markup: the text itself and what is put into it are escaped."""
    return escape(text).format_map({name: escape(value) for name, value in params.items()}) if params else escape(text)


@pass_context
def gettext(context: Context, text: str, **params: Any) -> Markup:
    """``_("To {name}", name=…)`` in templates; a value that is markup already (a ``<time>``) stays markup."""
    return filled(context["reader"].t.look(text), params)


@pass_context
def ngettext(context: Context, one: str, many: str, n: int, **params: Any) -> Markup:
    """The form that fits ``n``."""
    return filled(context["reader"].t.look_plural(one, many, n), {"n": n, **params})


@pass_context
def pgettext(context: Context, sense: str, text: str, **params: Any) -> Markup:
    """A text in one of its senses."""
    return filled(context["reader"].t.look(text, sense), params)


@pass_context
def status(context: Context, value: str) -> str:
    """A status as a word."""
    return clean_line(status_word(value, context["reader"].t))


@pass_context
def priority(context: Context, value: int) -> str:
    """A priority as the word for its band."""
    return priority_word(value, context["reader"].t)


@pass_context
def ago(context: Context, at: datetime) -> str:
    """A time, seen from now."""
    reader: Reader = context["reader"]
    return dates.ago(at, reader.now, reader.t, reader.zone)


@pass_context
def exact(context: Context, at: datetime) -> str:
    """A time in full."""
    reader: Reader = context["reader"]
    return dates.exact(at, reader.t, reader.zone)


@pass_context
def left(context: Context, at: datetime) -> str:
    """How much time is left until then, or has passed since."""
    reader: Reader = context["reader"]
    return dates.span(at - reader.now, reader.t)


@pass_context
def haste(context: Context, at: datetime) -> str:
    """``late`` when a deadline has passed, ``soon`` within the hour, ``calm`` otherwise."""
    remaining = at - context["reader"].now
    return "late" if remaining.total_seconds() < 0 else "soon" if remaining < dates.HOUR else "calm"


@pass_context
def size(context: Context, octets: int) -> str:
    """A size for people."""
    return dates.size(octets, context["reader"].t)


@pass_context
def span(context: Context, minutes: int) -> str:
    """So many minutes worked, to the minute."""
    return worked(minutes, context["reader"].t)


@pass_context
def local(context: Context, at: datetime | None) -> str:
    """A time as ``<input type="datetime-local">`` takes it, on the reader's clock."""
    return dates.on_clock(at, context["reader"].zone).strftime("%Y-%m-%dT%H:%M") if at else ""


@pass_context
def sentence(context: Context, text: str) -> str:
    """A reason that a service gave, in the reader's language."""
    return translated(text, context["reader"].t)


def iso(at: datetime) -> str:
    """A time for programs."""
    return dates.on_clock(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exactly(at: datetime) -> str:
    """A time for the log, which keeps milliseconds: a ticket is asked for as it was then."""
    return dates.on_clock(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def initials(name: str | None) -> str:
    """One or two letters that stand for a person."""
    words = [word for word in clean_line(name).split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


TEXTS = {"_": gettext, "ngettext": ngettext, "pgettext": pgettext}
FILTERS = {
    "ago": ago,
    "band": band,
    "exact": exact,
    "exactly": exactly,
    "haste": haste,
    "initials": initials,
    "iso": iso,
    "left": left,
    "line": clean_line,
    "local": local,
    "moment": datetime.fromisoformat,
    "parts": parts,
    "priority": priority,
    "sentence": sentence,
    "size": size,
    "span": span,
    "status": status,
}


def environment() -> Environment:
    """Templates with everything they may call, but for what belongs to one reader."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= TEXTS | {
        "bands": BANDS,
        "all_rights": RIGHTS,
        "linkable": LINKABLE,
        "link_titles": LINKS,
        "roles": ROLES,
        "settings": SETTINGS,
        "what": WHAT,
        "promises": PROMISES,
        "signatures": SIGNATURES,
        "new_command": lambda: uuid.uuid4().hex,
    }
    made.filters |= FILTERS
    return made


ENVIRONMENT = environment()
