"""Settings from the environment: ``<SERVICE>_<FIELD>``, else ``TICKETWIRE_<FIELD>`` for all services."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service needs to know. A service adds its own fields and sets ``service``."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)
    service: ClassVar[str]

    mongo_url: str = Field(
        default="mongodb://127.0.0.1:27017/?replicaSet=ticketwire",
        description="MongoDB connection string; a replica set is needed.",
    )
    mongo_database: str = Field(default="", description="Its own database; default `ticketwire_<service>`.")
    mongo_driver: Literal["motor", "pymongo"] = Field(
        default="motor", description="`motor`, or `pymongo` for PyMongo's own asyncio client."
    )
    blobs_database: str = Field(default="ticketwire_blobs", description="Database of the blob store.")
    broker_url: str = Field(default="amqp://guest:guest@127.0.0.1:5672/", description="RabbitMQ connection string.")
    host: str = Field(default="127.0.0.1", description="Address of the service's own HTTP port.")
    port: int = Field(default=8000, ge=0, le=65535, description="The service's own HTTP port.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="From where on to log.")
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json` for machines, `console` for eyes."
    )
    anchors: Path | None = Field(
        default=None, description="Folder for the signed head of the log, written once a day; none without it."
    )
    secret: SecretStr = Field(
        min_length=32, description="Key for reply tokens, signed Message-IDs and claims; the same for all services."
    )

    @property
    def database(self) -> str:
        """Name of the service's own database."""
        return self.mongo_database or f"ticketwire_{self.service}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The service's own variable wins over the common one."""
        return (
            init_settings,
            EnvSettingsSource(settings_cls, env_prefix=f"{cls.service.upper()}_", env_ignore_empty=True),
            EnvSettingsSource(settings_cls, env_prefix="TICKETWIRE_", env_ignore_empty=True),
        )
