"""The states of a job and every legal step between them, as one table."""

from __future__ import annotations

from typing import Literal

Status = Literal["queued", "running", "pausing", "paused", "cancelling", "cancelled", "succeeded", "failed"]
Verb = Literal["cancel", "pause", "resume", "claim", "succeed", "fail", "stop", "requeue"]

STATUSES: tuple[Status, ...] = (
    "queued",
    "running",
    "pausing",
    "paused",
    "cancelling",
    "cancelled",
    "succeeded",
    "failed",
)
TERMINAL: frozenset[str] = frozenset({"cancelled", "succeeded", "failed"})
HELD: frozenset[str] = frozenset({"running", "pausing", "cancelling"})
RETRIABLE: frozenset[str] = frozenset({"failed", "cancelled"})
LIVE: frozenset[str] = frozenset(STATUSES) - TERMINAL

# A step to the same state is legal and changes nothing, so that a verb may be sent twice.
STEPS: dict[tuple[Verb, str], Status] = {
    # What people ask for.
    ("cancel", "queued"): "cancelled",
    ("cancel", "paused"): "cancelled",
    ("cancel", "running"): "cancelling",
    ("cancel", "pausing"): "cancelling",
    ("cancel", "cancelling"): "cancelling",
    ("cancel", "cancelled"): "cancelled",
    ("pause", "queued"): "paused",
    ("pause", "running"): "pausing",
    ("pause", "pausing"): "pausing",
    ("pause", "paused"): "paused",
    ("resume", "paused"): "queued",
    ("resume", "pausing"): "running",
    ("resume", "queued"): "queued",
    ("resume", "running"): "running",
    # What the worker that holds the job does.
    ("claim", "queued"): "running",
    ("succeed", "running"): "succeeded",
    ("succeed", "pausing"): "succeeded",
    ("fail", "running"): "failed",
    ("fail", "pausing"): "failed",
    ("fail", "cancelling"): "cancelled",
    ("stop", "pausing"): "paused",
    ("stop", "cancelling"): "cancelled",
    # What hand-over, a lost attempt and rescue do.
    ("requeue", "running"): "queued",
    ("requeue", "pausing"): "paused",
    ("requeue", "cancelling"): "cancelled",
}


def next_status(verb: Verb, status: str) -> Status | None:
    """Gives the state that a step leads to, None where it is not legal."""
    return STEPS.get((verb, status))


def sources_of(verb: Verb) -> frozenset[str]:
    """Gives the states from which a step is legal."""
    return frozenset(source for (name, source) in STEPS if name == verb)
