"""Clients of the Open Inference Protocol that others wrote, unchanged, against a real server."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from kan.encoding import NumberInput, NumberOutput

_ROOT = Path(__file__).resolve().parents[3]
_PYTHON = _ROOT / ".venv-clients" / "bin" / "python"
_SCRIPTS = _ROOT / "tests" / "service" / "clients"
_ROWS = [[0.25, -0.5], [0.75, 1.0], [-1.0, 0.0]]


@pytest.fixture
def address(app: FastAPI, publish: Any, network_of: Any) -> Iterator[str]:
    """Host and port of a server that serves the model `pair`."""
    inputs = (NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0), NumberInput("b", "b", 0.0, 1.0, -1.0, 1.0))
    publish(network_of(inputs, (NumberOutput("u", 1.0, 2.0), NumberOutput("v", 0.0, 1.0))), "pair")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    yield f"{host}:{port}"
    server.should_exit = True
    thread.join(30)


@pytest.mark.skipif(not _PYTHON.exists(), reason="no clients to test with: `make test` installs them in .venv-clients")
@pytest.mark.parametrize("script", sorted(path.stem for path in _SCRIPTS.glob("*.py")))
def test_client_gets_the_numbers_of_v1(address: str, script: str) -> None:
    url = f"http://{address}/v1/models/pair/versions/1/predict"
    expected = httpx.post(url, json={"rows": _ROWS}).json()["predictions"]
    command = [
        str(_PYTHON),
        "-W",
        "ignore",
        str(_SCRIPTS / f"{script}.py"),
        address,
        json.dumps(_ROWS),
        json.dumps(expected),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
