"""Custom fields: what a queue wants to know of its tickets, typed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..base import Value

FieldType = Literal["text", "number", "date", "choice", "several"]
FieldValue = str | int | float | list[str]
"""By type: text and date (``2026-11-24``) and choice are strings, several is a list of them."""


class FieldDefinition(Value):
    """One custom field of a queue."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Short name, the key in a ticket's `fields`.")
    title: str = Field(default="", max_length=100, description="Name to show; else the short name.")
    type: FieldType = Field(description="`text number date choice several`; a date is `YYYY-MM-DD`.")
    required: bool = Field(
        default=False, description="Cannot be emptied, and must be filled before a person closes the ticket."
    )
    options: list[str] = Field(
        default_factory=list, max_length=200, description="What may be chosen; for `choice` and `several` only."
    )
