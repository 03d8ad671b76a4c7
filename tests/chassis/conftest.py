"""A vhost of its own for each test that needs the broker."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def broker_url(rabbit: Any, database_name: str) -> str:
    """An empty vhost."""
    return str(rabbit.vhost(database_name))
