"""`kan keys` from making to revoking, and the ends that a person may type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from service.cli.expiry import expiry
from service.cli.main import app
from service.settings import settings_from_environment

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture
def run(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    monkeypatch.setenv("KAN_DATABASE_URL", sqlite_url)
    settings_from_environment.cache_clear()
    yield CliRunner()
    settings_from_environment.cache_clear()


def test_key_is_made_listed_and_revoked(run: CliRunner) -> None:
    made = run.invoke(app, ["keys", "create", "board", "--scope", "read", "--scope", "predict", "--expires", "30d"])
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("kan_")
    assert made.stdout.count("\n") == 1
    key_id = made.stderr.split()[0]
    listed = run.invoke(app, ["keys", "list"]).stdout
    assert "'board'  read,predict  last used never, expires 20" in listed
    assert made.stdout.strip().rpartition("_")[2] not in listed
    assert run.invoke(app, ["keys", "revoke", key_id]).exit_code == 0
    assert run.invoke(app, ["keys", "revoke", key_id]).exit_code == 1
    assert "revoked" in run.invoke(app, ["keys", "list"]).stdout


@pytest.mark.parametrize(
    "options", [["--scope", "root"], ["--expires", "soon"], ["--expires", "2001-01-01"], ["--expires", "0d"]]
)
def test_key_that_cannot_be_is_refused(run: CliRunner, options: list[str]) -> None:
    assert run.invoke(app, ["keys", "create", "a", *options]).exit_code == 2
    assert run.invoke(app, ["keys", "list"]).stdout == ""


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("12h", datetime(2026, 1, 2, 15, 4, tzinfo=UTC)),
        ("2w", datetime(2026, 1, 16, 3, 4, tzinfo=UTC)),
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T10:00:00+02:00", datetime(2026, 2, 1, 8, tzinfo=UTC)),
    ],
)
def test_ends_that_a_person_may_type(text: str, end: datetime) -> None:
    assert expiry(text, NOW) == end


@pytest.mark.parametrize("text", ["", "d", "-1d", "30", "1y", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        expiry(text, NOW)
