"""The commands that people and continuous integration type exist and say what they do."""

import os
import re
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path("Makefile").read_text()
PAGES = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").rglob("*.md"))]


def targets() -> set[str]:
    """Gives the targets that a person may name."""
    (line,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    return set(line.split())


def dry_run(*words: str, **variables: str) -> str:
    """Gives what make would run for these words, and runs nothing."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make", "--dry-run", *words], env=environment | variables, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("target", sorted(targets()))
def test_every_target_tells_what_it_does(target: str) -> None:
    assert re.search(rf"^{target}:.*## \w+", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_pages_name_only_targets_that_exist(page: Path) -> None:
    named = re.findall(r"^(?:\$ )?make ([a-z-]+)|`make ([a-z-]+)", page.read_text(), re.MULTILINE)
    assert {first or second for first, second in named} - targets() == set()


def test_continuous_integration_runs_what_a_person_types() -> None:
    lines = Path(".ci/run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make check", "make test"]
    assert os.access(".ci/run", os.X_OK)


def test_serve_passes_port_and_host_on() -> None:
    assert "serve --host 127.0.0.2 --port 8123" in dry_run("serve", "HOST=127.0.0.2", "PORT=8123")


def test_serve_takes_the_port_from_the_environment() -> None:
    assert "serve --port 8123" in " ".join(dry_run("serve", PORT="8123").split())


def test_serve_ignores_the_host_name_that_some_shells_export() -> None:
    assert "--host" not in dry_run("serve", HOST="my-machine")


def test_torch_index_is_asked_only_when_named() -> None:
    fresh = "VENV=an-environment-that-is-not-there"
    assert "--extra-index-url" not in dry_run("serve", fresh)
    assert "--extra-index-url http://127.0.0.1:9/cpu" in dry_run("serve", fresh, "TORCH_INDEX=http://127.0.0.1:9/cpu")
