"""How deep JSON is nested, found before anybody makes values of it."""

from __future__ import annotations

import re

import numpy as np

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"
_STEPS = bytes.maketrans(_OPENING + _CLOSING, b"\x01\x01\xff\xff")
_ALL_ELSE = bytes(set(range(256)) - set(_OPENING + _CLOSING))


def is_deeper(text: bytes, most: int) -> bool:
    """Is there a bracket outside of strings with more than `most` open ones around it, itself among them?

    Text that is no JSON gets some answer; whoever reads it will say so.
    """
    if sum(text.count(mark) for mark in (b"[", b"{")) <= most:
        return False
    steps = np.frombuffer(_STRING.sub(b"", text).translate(_STEPS, _ALL_ELSE), dtype=np.int8)
    return bool((np.cumsum(steps, dtype=np.int32) > most).any())
