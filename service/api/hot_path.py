"""Where a prediction runs: at once on the event loop while it is quick, else on one of a few threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from service.domain.served_models import Served, ServedModels

# A hop to a thread costs as much as the prediction of one row; 64 KiB of JSON are read in about a millisecond.
_QUICK_BYTES = 65_536
# Bytes of weights times rows that a core reads in some milliseconds.
_QUICK_WORK = 20_000_000
# A written number is about so long.
_BYTES_PER_VALUE = 5

Answer = TypeVar("Answer")


async def answered(
    request: Request,
    name: str,
    version: str,
    body_bytes: int,
    answer: Callable[[Served], Answer],
    *,
    slow: bool = False,
) -> Answer:
    """Gives the answer of a version, without a thread and without the database where it is ready and quick.

    Args:
        request: of the app that serves.
        name, version: of the version; "latest" too.
        body_bytes: of what is to be predicted for.
        answer: makes it.
        slow: is known to take long, or to wait.
    """
    served: ServedModels = request.app.state.served
    found = served.held(name, version)
    if found is not None and not slow and _is_quick(found, body_bytes):
        return answer(found)
    limiter: CapacityLimiter = request.app.state.forwards
    return await to_thread.run_sync(lambda: answer(found or served.find(name, version)), limiter=limiter)


def _is_quick(found: Served, body_bytes: int) -> bool:
    rows = 1 + body_bytes // (_BYTES_PER_VALUE * max(1, len(found.model.columns)))
    return body_bytes <= _QUICK_BYTES and rows * found.model.bytes <= _QUICK_WORK
