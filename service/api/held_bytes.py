"""How many bytes of bodies this process holds at one time, whoever sent them."""

from __future__ import annotations

from service.domain.access.access_errors import Overloaded


class HeldBytes:
    """Counts the bytes of all open requests; used by one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    def add(self, count: int) -> None:
        """Counts more bytes.

        Raises:
            Overloaded: they do not fit beside those that are held; a single body always may be as large.
        """
        if self._held and self._held + count > self._most:
            raise Overloaded(self._most, "bytes of bodies")
        self._held += count

    def drop(self, count: int) -> None:
        """Counts them off."""
        self._held -= count
