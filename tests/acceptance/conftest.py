"""The service as a user runs it: `kan serve` in a process of its own, spoken to over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
JOB_SECONDS = 120.0
# Short leases, so that a takeover takes seconds and not the half minute that suits a real service.
SHORT = {"KAN_LEASE_SECONDS": "3", "KAN_HEARTBEAT_SECONDS": "0.5", "KAN_CHECKPOINT_SECONDS": "0.2"}


class Service:
    """One `kan serve`; may be stopped and started again on the same database."""

    def __init__(self, database_url: str, log: Path) -> None:
        self._log = log
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KAN_")},
            **SHORT,
            "KAN_DATABASE_URL": database_url,
            "KAN_PORT": str(self.port),
        }
        self.http = httpx.Client(base_url=self.url, timeout=30.0)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "service", "serve"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.wait_for("/readyz", lambda answer: answer.status_code == 200, START_SECONDS)

    def stop(self) -> int:
        """Asks it to stop as Ctrl-C does and gives its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def workers(self) -> list[psutil.Process]:
        """The worker processes that `kan serve` watches over."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if any("worker" in word for word in child.cmdline())]

    def wait_for(self, path: str, is_good: Any, seconds: float = JOB_SECONDS) -> httpx.Response:
        """Asks until the answer is good; fails with the last one and the log's end."""
        deadline, answer = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            try:
                answer = self.http.get(path)
                if is_good(answer):
                    return answer
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        body = answer.text[:2000] if answer is not None else "no answer"
        raise AssertionError(f"{path}: {body}\n{self._log.read_text()[-4000:]}")

    def upload(self, name: str, content: bytes) -> str:
        answer = self.http.post(f"/v1/datasets?name={name}", content=content, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def submit(self, **spec: Any) -> str:
        answer = self.http.post("/v1/jobs", json={"kind": "train", **spec})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def ended(self, job: str) -> dict[str, Any]:
        return dict(self.wait_for(f"/v1/jobs/{job}", lambda answer: answer.json().get("terminal")).json())


@pytest.fixture
def database_url(own_database_url: str) -> str:
    """Processes work on it, and some of them outlive their test for a moment."""
    return own_database_url


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    service = Service(database_url, tmp_path / "serve.log")
    service.start()
    yield service
    service.http.close()
    if service.process is not None and service.process.poll() is None:
        assert service.stop() == 0, (tmp_path / "serve.log").read_text()[-4000:]


@pytest.fixture
def concrete() -> bytes:
    return (ROOT / "examples" / "data" / "concrete.csv").read_bytes()


@pytest.fixture
def penguins() -> bytes:
    return (ROOT / "examples" / "data" / "penguins.csv").read_bytes()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
