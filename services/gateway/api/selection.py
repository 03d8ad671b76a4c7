"""How lists of tickets are asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field


class Selection(BaseModel):
    """Filter, order and place of a list."""

    status: str = Field(
        default="not_closed", description="`not_closed`, `closed`, `all`, or one status, e.g. `pending`."
    )
    owner: str | None = Field(default=None, description="A login, `me`, or `none`.")
    requester: str | None = Field(default=None, description="Mail address of a requester.")
    overdue: bool = Field(default=False, description="Only those whose deadline has passed.")
    sort: str = Field(default="urgency", description="`urgency newest oldest updated priority`.")
    cursor: str | None = Field(default=None, max_length=500, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=200, description="Tickets on a page.")


Selected = Annotated[Selection, Query()]
