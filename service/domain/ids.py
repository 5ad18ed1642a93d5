"""Ids that say what they name and sort by time: a prefix and a UUIDv7 in Crockford's base32."""

from __future__ import annotations

import re
import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
_RANDOM_BITS = 62


def new_id(prefix: str) -> str:
    """Gives a new id such as `job_06f3…`; ids of one process sort in the order they were made.

    Source: RFC 9562, section 6.2, method 3: the 12 bits behind the milliseconds hold a fraction of one.
    """
    milliseconds, fraction = divmod(_ticks.next(), 4096)
    number = milliseconds << 80 | 7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(_RANDOM_BITS)
    return f"{prefix}_{_base32(number)}"


def is_id(prefix: str, text: str) -> bool:
    """Could `text` be an id with this prefix? Asked before a database sees what a caller sent."""
    return re.fullmatch(rf"{prefix}_[{_ALPHABET}]{{{_LENGTH}}}", text) is not None


class _Ticks:
    """The time in 1/4096 milliseconds, always later than the last answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        now = time.time_ns() * 4096 // 1_000_000
        with self._lock:
            self._last = max(now, self._last + 1)
            return self._last


def _base32(number: int) -> str:
    digits = [_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH))]
    return "".join(digits)


_ticks = _Ticks()
