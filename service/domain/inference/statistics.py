"""How often and how long each model version inferred in this process, in the words of Triton's statistics."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

# Versions, and sizes of batches of one version, that are told apart; the least recently used leave.
_MAX_VERSIONS = 1_000
_MAX_BATCH_SIZES = 64
PARTS = ("queue", "compute_input", "compute_infer", "compute_output")

Key = tuple[str, int]


@dataclass
class Duration:
    """A count and its nanoseconds."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int) -> None:
        """Counts one more."""
        self.count += 1
        self.ns += ns

    def shown(self) -> dict[str, int]:
        """Gives both as they are shown."""
        return {"count": self.count, "ns": self.ns}


@dataclass
class _Version:
    last_ms: int = 0
    rows: int = 0
    forwards: int = 0
    success: Duration = field(default_factory=Duration)
    fail: Duration = field(default_factory=Duration)
    parts: dict[str, Duration] = field(default_factory=lambda: {part: Duration() for part in PARTS})
    batches: OrderedDict[int, dict[str, Duration]] = field(default_factory=OrderedDict)


class InferenceStatistics:
    """Counts of this process since it started; safe to share between threads."""

    def __init__(self) -> None:
        self._versions: OrderedDict[Key, _Version] = OrderedDict()
        self._lock = Lock()

    def succeed(self, key: Key, rows: int, durations: dict[str, int]) -> None:
        """Counts an inference; `durations` are nanoseconds of each of `PARTS`."""
        with self._lock:
            found = self._version(key)
            found.last_ms = time.time_ns() // 1_000_000
            found.rows += rows
            found.forwards += 1
            found.success.add(sum(durations.values()))
            batch = found.batches.setdefault(rows, {part: Duration() for part in PARTS[1:]})
            found.batches.move_to_end(rows)
            for part, ns in durations.items():
                found.parts[part].add(ns)
                if part in batch:
                    batch[part].add(ns)
            if len(found.batches) > _MAX_BATCH_SIZES:
                found.batches.popitem(last=False)

    def fail(self, key: Key, ns: int) -> None:
        """Counts a request that was refused."""
        with self._lock:
            self._version(key).fail.add(ns)

    def shown(self, keys: Iterable[Key]) -> dict[str, Any]:
        """Gives the statistics of these versions, zeros for one that never inferred here."""
        with self._lock:
            return {"model_stats": [_shown(key, self._versions.get(key) or _Version()) for key in keys]}

    def keys(self) -> list[Key]:
        """Gives the versions that inferred here."""
        with self._lock:
            return sorted(self._versions)

    def _version(self, key: Key) -> _Version:
        found = self._versions.setdefault(key, _Version())
        self._versions.move_to_end(key)
        if len(self._versions) > _MAX_VERSIONS:
            self._versions.popitem(last=False)
        return found


def _shown(key: Key, found: _Version) -> dict[str, Any]:
    parts = {part: duration.shown() for part, duration in found.parts.items()}
    none = Duration().shown()
    return {
        "name": key[0],
        "version": str(key[1]),
        "last_inference": found.last_ms,
        "inference_count": found.rows,
        "execution_count": found.forwards,
        "inference_stats": {
            "success": found.success.shown(),
            "fail": found.fail.shown(),
            **parts,
            "cache_hit": none,
            "cache_miss": none,
        },
        "batch_stats": [
            {"batch_size": size, **{part: duration.shown() for part, duration in batch.items()}}
            for size, batch in sorted(found.batches.items())
        ],
    }
