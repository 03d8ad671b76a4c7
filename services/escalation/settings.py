"""Settings of escalation."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ticketwire_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Variables begin with ``ESCALATION_``."""

    service: ClassVar[str] = "escalation"
    port: int = Field(default=8083, ge=0, le=65535, description="HTTP port for health and metrics.")
    default_first_response_minutes: int = Field(
        default=240, ge=0, description="Promise that a new queue begins with; 0 for none."
    )
