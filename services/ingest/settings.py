"""Settings of ingest."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ticketwire_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Variables begin with ``INGEST_``."""

    service: ClassVar[str] = "ingest"
    port: int = Field(default=8081, ge=0, le=65535, description="HTTP port for `POST /mail`, health and metrics.")
    smtp_host: str = Field(default="127.0.0.1", description="Address of the SMTP server.")
    smtp_port: int = Field(default=2525, ge=0, le=65535, description="Port of the SMTP server.")
    smtp_name: str = Field(default="localhost", description="What the SMTP server calls itself.")
    smtp_connections: int = Field(default=500, ge=1, description="Connections at once; more are told to come again.")
    mail_octets: int = Field(default=32 * 1024 * 1024, ge=1024, description="Largest mail that is taken.")
    in_flight_octets: int = Field(
        default=256 * 1024 * 1024, ge=1024, description="Mail held in memory at once; beyond it senders come again."
    )
    readers: int = Field(default=2, ge=1, le=64, description="Processes that read mails; started when needed.")
    read_seconds: float = Field(default=10.0, gt=0, description="CPU seconds that reading one mail may take.")
    read_megabytes: int = Field(default=1024, ge=256, description="Memory that a reading process may take.")
    read_patience: float = Field(
        default=0.25, ge=0, description="Seconds that accepting waits for the reader; after that it is read later."
    )
