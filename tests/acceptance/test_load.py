"""Sixty-four connections that do everything at once: no error of ours, the same answers, a memory that stays."""

from __future__ import annotations

import os
import sys

import psutil
import pytest

from tests.acceptance.conftest import Service
from tests.acceptance.mixed_load import SHARES, Figures, Load

SHORT_SECONDS = 6.0
# make test-load SECONDS=...
LONG_SECONDS = float(os.environ.get("LOAD_SECONDS", "1800"))
# Caches fill and threads start; then memory may grow no more.
SETTLED_SECONDS, MOST_GROWTH = 300.0, 0.05


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The database of a fresh clone."""
    return sqlite_url


def figures_of(service: Service, seconds: float) -> Figures:
    assert service.process is not None
    figures = Load(service.url, psutil.Process(service.process.pid), seconds).run()
    assert not figures.errors, "\n".join(f"{count} x {words}" for words, count in figures.errors.most_common(20))
    assert {name for name in figures.done if figures.done[name]} == {
        "list_things" if name == "list" else name for name in SHARES
    }
    return figures


def test_everything_at_once_is_answered(service: Service) -> None:
    figures = figures_of(service, SHORT_SECONDS)
    assert figures.done["predict"] > 50


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_half_an_hour_of_everything_leaves_the_memory_flat(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = figures_of(service, LONG_SECONDS)
    growth = figures.memory_growth(min(SETTLED_SECONDS, LONG_SECONDS / 3))
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *figures.lines(), f"growth {growth:.1%}", ""]))
    assert growth < MOST_GROWTH
