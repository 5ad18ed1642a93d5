"""The port tells one process's metrics while it is open, and a taken one is said in words."""

from __future__ import annotations

import socket

import httpx
import pytest
import typer
from prometheus_client import CollectorRegistry, Gauge

from service.cli.metrics_port import LOOPBACK, metrics_on_port


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as found:
        return int(found.getsockname()[1])


def test_port_tells_the_metrics_of_its_registry_until_it_is_closed() -> None:
    registry, port = CollectorRegistry(), free_port()
    Gauge("kan_test", "Of a test.", registry=registry).set(7)
    with metrics_on_port(port, registry):
        assert "kan_test 7.0" in httpx.get(f"http://{LOOPBACK}:{port}/metrics").text
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{LOOPBACK}:{port}/metrics")


def test_taken_port_ends_the_command_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(typer.Exit), metrics_on_port(port, CollectorRegistry()):
            pass
    assert f"port {port}" in capsys.readouterr().err


def test_no_port_opens_nothing() -> None:
    with metrics_on_port(0, CollectorRegistry()):
        pass
