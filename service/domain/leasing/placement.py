"""On which device a job is to run, and which of the waiting jobs a worker takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from kan.cost import GPU_WORK, Cost
from service.domain.errors import Fault, InvalidSpec
from service.domain.leasing.workers import list_workers, state_of
from service.store import workers
from service.store.engine import database_now
from service.store.jobs import Taker

AUTO, CPU, ANY_GPU = "auto", "cpu", "cuda"
# A free worker takes a job within a fraction of a second.
_LEFT_FOR = timedelta(seconds=5)


def device_facts(spec: Mapping[str, Any], costs: Collection[Cost]) -> dict[str, str]:
    """Gives the device that a job is meant for, and why; "cuda" is any GPU.

    A job that leaves it to us is meant for a GPU where a step is large enough to gain there, and still runs on the CPU
    where no GPU is free.
    """
    asked = str(spec.get("device") or AUTO)
    if asked != AUTO:
        return {"device": asked, "device_reason": "as asked for"}
    work = max(cost.step_work for cost in costs)
    told = f"a step handles {work:,} rows x parameters; a GPU gains from about {GPU_WORK:,}"
    return {"device": ANY_GPU if work >= GPU_WORK else CPU, "device_reason": told}


def check_device(session: Session, spec: Mapping[str, Any], lease_seconds: float) -> list[str]:
    """Refuses a device that none of the workers has; gives a warning where there is no worker to tell.

    Raises:
        InvalidSpec: with the devices that there are.
    """
    asked = str(spec.get("device") or AUTO)
    if asked == AUTO:
        return []
    known = sorted({row.device for row in list_workers(session, lease_seconds)})
    if asked in known:
        return []
    if not known:
        return [f"no worker is alive; the job waits for one with the device {asked}"]
    message = f"no worker has {asked}; expected auto, or a device of a worker: {', '.join(known)}"
    raise InvalidSpec(f"/device: {message}", [Fault("/device", "unknown_device", message)])


def taker(
    session: Session, worker_id: str, device: str, lease_seconds: float, longest_rest_seconds: float = 3600.0
) -> Taker:
    """Gives which jobs a worker takes now.

    It takes what asks for its device by name, and of what leaves the device to us everything; but what suits a CPU
    better it leaves to a free worker on a CPU, and what suits a GPU better to a free worker on a GPU. Not for ever: one
    that looks free may have no process yet to train in.

    Args:
        session: to read with.
        worker_id, device: of the worker.
        lease_seconds: for how long others count as alive.
        longest_rest_seconds: that a job may have between two attempts.
    """
    now, kind = database_now(session), kind_of(device)
    alive = workers.list_workers(session, now - timedelta(seconds=lease_seconds))
    others = [row.device for row in alive if state_of(row.job_id, row.ready_at) == "free" and row.id != worker_id]
    return Taker(
        device=device,
        kind=kind,
        now=now,
        longest_rest=timedelta(seconds=longest_rest_seconds),
        leaves_for=_LEFT_FOR if any(kind_of(other) != kind for other in others) else None,
    )


def kind_of(device: str) -> str:
    """Gives "cuda" of "cuda:1"."""
    return device.partition(":")[0]
