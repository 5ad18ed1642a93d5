"""Settings that cannot work together, or do not work yet, stop the start with a sentence."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_heartbeat_of_half_the_lease_is_allowed() -> None:
    assert Settings(lease_seconds=10, heartbeat_seconds=5).heartbeat_seconds == 5


def test_heartbeat_over_half_the_lease_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"KAN_HEARTBEAT_SECONDS: expected at most half of .* \(10\), got 5\.1"):
        Settings(lease_seconds=10, heartbeat_seconds=5.1)


def test_cpu_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAN_DEVICES", " cpu ")
    assert Settings().devices == ("cpu",)


@pytest.mark.parametrize("devices", ["cuda:0", "cpu,cuda:0", "gpu", ""])
def test_any_device_but_the_cpu_is_refused(monkeypatch: pytest.MonkeyPatch, devices: str) -> None:
    monkeypatch.setenv("KAN_DEVICES", devices)
    with pytest.raises(ValidationError, match=r"KAN_DEVICES: expected cpu, got .* training on GPUs is not there yet"):
        Settings()
