"""Settings of tickets: nothing of its own yet but its port."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ticketwire_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Variables begin with ``TICKETS_``."""

    service: ClassVar[str] = "tickets"
    port: int = Field(default=8082, ge=0, le=65535, description="HTTP port for health and metrics.")
