"""Answers that take seconds of a core or hundreds of megabytes: a few at once; the others wait, and hold no thread.

Else those who ask for them would take every thread, and nobody would look up keys or say that the server is ready.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

# In one process, of all routes together.
MOST_READINGS = 4

P = ParamSpec("P")
Answer = TypeVar("Answer")


def few_at_once(answer: Callable[P, Answer]) -> Callable[P, Awaitable[Answer]]:
    """Makes a route whose function, which takes the `request` by that name, runs on one of a few threads."""

    @wraps(answer)
    async def waiting(*args: P.args, **kwargs: P.kwargs) -> Answer:
        request = kwargs["request"]
        assert isinstance(request, Request)
        limiter: CapacityLimiter = request.app.state.readings
        return await to_thread.run_sync(partial(answer, *args, **kwargs), limiter=limiter)

    return waiting
