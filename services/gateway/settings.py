"""What the gateway needs to know from outside."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from ticketwire_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """``GATEWAY_<FIELD>``, else ``TICKETWIRE_<FIELD>``."""

    service: ClassVar[str] = "gateway"
    port: int = Field(default=8080, ge=0, le=65535, description="Port of pages, REST and health.")
    admin_password: SecretStr | None = Field(
        default=None, description="Password of the first user, `admin`, when there is none yet."
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses or networks of the servers in front, with commas, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed: for limits on signing in, and for cookies that only TLS carries.",
    )
