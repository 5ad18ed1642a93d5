"""Commands are processes: each test of them has a database of its own."""

from __future__ import annotations

import pytest


@pytest.fixture
def database_url(own_database_url: str) -> str:
    """Processes work on it, and some of them outlive their test for a moment."""
    return own_database_url
