"""Which devices the workers of this machine train on: as the setting says, as far as the machine has them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

AUTO, CPU = "auto", "cpu"
# Imports torch, which neither workers nor the API may, and starts the GPU's driver, which no fork would survive.
_ASK = "import sys; from kan.devices import available_devices; sys.stdout.write(','.join(available_devices()))"


class DeviceMissing(Exception):
    """KAN_DEVICES names a device that this machine does not have."""


def machine_devices() -> tuple[str, ...]:
    """Gives what torch can train on here, as a process of its own tells it (some seconds)."""
    done = subprocess.run([sys.executable, "-c", _ASK], stdout=subprocess.PIPE, text=True, check=True)
    return tuple(done.stdout.split(","))


def worker_devices(
    setting: tuple[str, ...], list_devices: Callable[[], tuple[str, ...]] = machine_devices
) -> tuple[str, ...]:
    """Gives a device for each worker: one job at a time on each.

    Args:
        setting: KAN_DEVICES; "auto" is all that the machine has.
        list_devices: asked only where the setting says more than "cpu".

    Raises:
        DeviceMissing: with a sentence for people.
    """
    if setting == (CPU,):
        return setting
    found = list_devices()
    if setting == (AUTO,):
        return found
    missing = [device for device in setting if device not in found]
    if missing:
        raise DeviceMissing(f"KAN_DEVICES: this machine has {', '.join(found)}; it has no {', '.join(missing)}")
    return setting
