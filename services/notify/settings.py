"""Settings of notify."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from ticketwire_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Variables begin with ``NOTIFY_``."""

    service: ClassVar[str] = "notify"
    port: int = Field(default=8084, ge=0, le=65535, description="HTTP port for health and metrics.")
    smtp_host: str = Field(default="127.0.0.1", description="Next mail server.")
    smtp_port: int = Field(default=2526, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="none", description="`starttls`, or `tls` from the first octet; the certificate is checked."
    )
    smtp_user: str = Field(default="", description="Login there; none without it.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password there.")
    smtp_timeout: float = Field(default=60.0, gt=0, description="Seconds to wait for an answer.")
    smtp_connections: int = Field(default=8, ge=1, le=64, description="Connections at once, at most.")
    public_url: str = Field(default="http://127.0.0.1:8080", description="Address of the pages, for links in mails.")
    mail_domain: str = Field(default="example.org", description="Domain in our Message-IDs.")
    fallback_address: str = Field(
        default="", description="Sender where a queue has no address; default `tickets@<mail_domain>`."
    )
    auto_replies_per_day: int = Field(default=40, ge=1, description="Automatic replies to one address in a day.")
    notices_per_ticket_per_day: int = Field(
        default=40, ge=1, description="Notices about one ticket to one address in a day."
    )

    @property
    def sender_address(self) -> str:
        """Sender where a queue has no address of its own."""
        return self.fallback_address or f"tickets@{self.mail_domain}"
