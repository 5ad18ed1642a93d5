"""Settings that cannot work together, or at all, stop the start with a sentence."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_heartbeat_of_half_the_lease_is_allowed() -> None:
    assert Settings(lease_seconds=10, heartbeat_seconds=5).heartbeat_seconds == 5


def test_heartbeat_over_half_the_lease_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"KAN_HEARTBEAT_SECONDS: expected at most half of .* \(10\), got 5\.1"):
        Settings(lease_seconds=10, heartbeat_seconds=5.1)


@pytest.mark.parametrize(
    ("devices", "read"),
    [
        (" cpu ", ("cpu",)),
        ("auto", ("auto",)),
        ("cuda:0, cuda:11", ("cuda:0", "cuda:11")),
        ("cpu,cuda:1", ("cpu", "cuda:1")),
    ],
)
def test_devices_are_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, devices: str, read: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KAN_DEVICES", devices)
    assert Settings().devices == read


@pytest.mark.parametrize("devices", ["gpu", "", "auto,cpu", "cpu,cpu", "cuda", "cuda:", "cuda:01", "cuda:-1"])
def test_what_is_no_list_of_devices_is_refused(monkeypatch: pytest.MonkeyPatch, devices: str) -> None:
    monkeypatch.setenv("KAN_DEVICES", devices)
    with pytest.raises(ValidationError, match=r"KAN_DEVICES: expected auto, or devices such as cpu,cuda:0, got"):
        Settings()


@pytest.mark.parametrize("blobs", ["database", "file:///srv/kan", "file:///srv/kan%20blobs/"])
def test_bytes_are_kept_in_the_database_or_a_folder(monkeypatch: pytest.MonkeyPatch, blobs: str) -> None:
    monkeypatch.setenv("KAN_BLOBS", blobs)
    assert Settings().blobs == blobs


@pytest.mark.parametrize("blobs", ["", "/srv/kan", "file://srv/kan", "file:///", "s3://bucket", "file:///a?b"])
def test_what_is_no_place_for_bytes_is_refused(monkeypatch: pytest.MonkeyPatch, blobs: str) -> None:
    monkeypatch.setenv("KAN_BLOBS", blobs)
    with pytest.raises(ValidationError, match=r"KAN_BLOBS: expected database or file:///absolute/path, got"):
        Settings()
