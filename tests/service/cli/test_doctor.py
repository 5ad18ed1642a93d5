"""`kan doctor` as a command: what it prints, and how it exits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import doctor
from service.cli.doctor_checks import Check
from service.cli.main import app

GOOD, NOTE = Check("python", "ok", "3.12"), Check("kernels", "note", "not compiled", "nothing")
BAD = Check("workers", "wrong", "none alive", "kan worker")


def asked(monkeypatch: pytest.MonkeyPatch, found: list[Check], *options: str) -> Any:
    monkeypatch.setattr(doctor, "checks", lambda _: found)
    return CliRunner().invoke(app, ["doctor", *options])


def test_all_well_exits_0(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asked(monkeypatch, [GOOD, NOTE])
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "ok     python: 3.12")


def test_something_wrong_exits_1_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asked(monkeypatch, [GOOD, BAD])
    assert done.exit_code == 1
    assert done.stdout.splitlines()[1:] == ["wrong  workers: none alive", "       -> kan worker"]


def test_json_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asked(monkeypatch, [GOOD, BAD], "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "well": False,
        "checks": [
            {"name": "python", "state": "ok", "found": "3.12", "advice": ""},
            {"name": "workers", "state": "wrong", "found": "none alive", "advice": "kan worker"},
        ],
    }
