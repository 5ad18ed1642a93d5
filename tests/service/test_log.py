"""Lines of the log: JSON in ASCII, whatever the facts are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from service.log import configure_logging, get_logger


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    stream = StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        configure_logging()
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        ("plain", "plain"),
        (0.25, 0.25),
        ("a\nb\x1b[31m", "a\nb\x1b[31m"),
        ("größer \u2028 \x9b", "größer \u2028 \x9b"),
        ("\ud800", "\ud800"),
        (2**70, 2**70),
        ({1, 2}, "{1, 2}"),
    ],
)
def test_fact_stands_in_one_ascii_line_of_json(log: StringIO, fact: Any, shown: Any) -> None:
    get_logger().info("seen", fact=fact)
    text = log.getvalue()
    assert text.isascii()
    assert text.removesuffix("\n").isprintable()
    line = json.loads(text)
    assert (line["event"], line["level"], line["fact"]) == ("seen", "info", shown)


def test_error_is_told_with_its_trace(log: StringIO) -> None:
    try:
        raise ValueError("wrong")
    except ValueError:
        get_logger().exception("failed")
    line = json.loads(log.getvalue())
    assert line["level"] == "error"
    assert line["exception"].endswith("ValueError: wrong")
