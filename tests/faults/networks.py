"""Machines as network namespaces, each on a cable of its own to one bridge; a cable can be pulled and put back."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# The range that RFC 2544 keeps for tests of networks: nothing outside answers there.
NETWORK = "198.18.0.0/15"


class Machine:
    """One namespace with its cable."""

    def __init__(self, name: str, cable: str, bridge: str) -> None:
        self._cable = cable
        self._bridge = bridge
        # Words before a command that run it there.
        self.prefix = ("ip", "netns", "exec", name)

    def cut(self) -> None:
        """Pulls the cable in the middle: both ends are up, and hear nothing."""
        _ip("link", "set", self._cable, "nomaster")

    def mend(self) -> None:
        _ip("link", "set", self._cable, "master", self._bridge)


@contextmanager
def machines(count: int) -> Iterator[tuple[str, list[Machine]]]:
    """Gives the address of this machine on the bridge, and the others; skips, and says so, where that is refused."""
    tag = secrets.token_hex(3)
    bridge, names = f"kf{tag}", [f"kf{tag}-{place}" for place in range(count)]
    third = secrets.randbelow(256)
    try:
        _ip("netns", "add", names[0])
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"FAULT NOT TESTED: no network namespaces here: {error}")
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("addr", "add", f"198.18.{third}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for name in names[1:]:
            _ip("netns", "add", name)
        found = [_plugged(name, f"kf{tag}c{n}", bridge, f"198.18.{third}.{n + 2}/24") for n, name in enumerate(names)]
        yield f"198.18.{third}.1", found
    finally:
        # A cable goes with its namespace.
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", bridge], check=False, capture_output=True)


def _plugged(name: str, cable: str, bridge: str, address: str) -> Machine:
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", cable, "master", bridge, "up")
    _ip("-n", name, "addr", "add", address, "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "link", "set", "lo", "up")
    return Machine(name, cable, bridge)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
