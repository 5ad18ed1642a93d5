"""W3C Trace Context: which trace a request or a job belongs to, from the caller's header to the worker's logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Version, trace id, span id, flags; ids of zeros only are invalid. Later versions may add parts behind these four.
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.{0,100})?"
)
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def read_traceparent(header: str | None) -> str | None:
    """Gives a caller's traceparent as one of version 00, None where there is none or it is malformed.

    Source: W3C Trace Context (recommendation of 23 November 2021), section 3.2.
    """
    found = _TRACEPARENT.fullmatch(header or "")
    if found is None or (found[1] == "00" and found[5]):
        return None
    return f"00-{found[2]}-{found[3]}-{found[4]}"


def trace_id_of(traceparent: str) -> str:
    """Gives the id that all of a trace share."""
    return traceparent.split("-")[1]


def current_traceparent() -> str | None:
    """Gives the trace of the request or job at hand."""
    return _current.get()


@contextmanager
def within_trace(traceparent: str | None) -> Iterator[None]:
    """A context whose work belongs to a trace, or to none."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)
