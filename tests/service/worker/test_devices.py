"""KAN_DEVICES against what the machine has, told by a list that a test makes up."""

from __future__ import annotations

import pytest

from service.worker.devices import DeviceMissing, machine_devices, worker_devices

MACHINE = ("cuda:0", "cuda:1", "cpu")


def test_auto_is_all_that_the_machine_has() -> None:
    assert worker_devices(("auto",), lambda: MACHINE) == MACHINE


def test_named_devices_are_kept_in_their_order() -> None:
    assert worker_devices(("cpu", "cuda:1"), lambda: MACHINE) == ("cpu", "cuda:1")


def test_missing_device_is_named_beside_those_that_there_are() -> None:
    with pytest.raises(DeviceMissing, match="this machine has cuda:0, cuda:1, cpu; it has no cuda:2, cuda:7"):
        worker_devices(("cuda:2", "cuda:0", "cuda:7"), lambda: MACHINE)


def test_cpu_alone_asks_nobody() -> None:
    def asked() -> tuple[str, ...]:
        raise AssertionError

    assert worker_devices(("cpu",), asked) == ("cpu",)


def test_machine_has_a_cpu() -> None:
    assert machine_devices()[-1] == "cpu"
