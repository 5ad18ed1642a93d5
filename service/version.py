"""The version of this program, as it is installed."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version


@lru_cache
def code_version() -> str:
    """Gives the installed version, "0+source" where the code runs from a folder that was never installed."""
    try:
        return version("kan-service")
    except PackageNotFoundError:
        return "0+source"
