"""Only a well-formed traceparent counts, and it stays with the work it came with."""

from __future__ import annotations

import pytest

from service.tracing import current_traceparent, read_traceparent, trace_id_of, within_trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def test_traceparent_is_read() -> None:
    assert read_traceparent(GOOD) == GOOD
    assert trace_id_of(GOOD) == TRACE


def test_later_version_is_read_as_far_as_it_is_known() -> None:
    assert read_traceparent(f"cc-{TRACE}-{SPAN}-01-what-will-be") == GOOD


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "x",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_what_is_malformed_is_none(header: str | None) -> None:
    assert read_traceparent(header) is None


def test_trace_holds_within_its_context_only() -> None:
    assert current_traceparent() is None
    with within_trace(GOOD):
        assert current_traceparent() == GOOD
        with within_trace(None):
            assert current_traceparent() is None
        assert current_traceparent() == GOOD
    assert current_traceparent() is None
