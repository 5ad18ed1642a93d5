"""A job's log while it grows: server-sent events, and the wait for its end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from service.api.schemas.job_events import event_read
from service.domain import jobs
from service.domain.errors import JobNotFound, TooManyStreams
from service.domain.jobs import JobView
from service.store.tables import EventRow

T = TypeVar("T")
LONGEST_WAIT_SECONDS = 60
_LOOK_SECONDS = 0.25
_BATCH = 500


class Streams:
    """How many event streams this process serves; each costs a query every quarter of a second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = 0

    def enter(self) -> None:
        """Counts one more.

        Raises:
            TooManyStreams: all are taken.
        """
        if self._open >= self._most:
            raise TooManyStreams(self._most)
        self._open += 1

    def leave(self) -> None:
        """Counts one less."""
        self._open -= 1


async def stream_events(app: FastAPI, streams: Streams, job_id: str, after: int) -> AsyncIterator[str]:
    """Gives a job's events as text/event-stream, old ones first, until its `end` or the server's."""
    heartbeat = app.state.settings.stream_heartbeat_seconds
    silent_since = time.monotonic()
    try:
        yield "retry: 1000\n\n"
        while not is_closing(app):
            try:
                events = await _events_after(app, job_id, after)
            except JobNotFound:
                return
            for event in events:
                yield as_text(event)
                if event.type == "end":
                    return
            if events:
                after, silent_since = events[-1].seq, time.monotonic()
            elif time.monotonic() - silent_since >= heartbeat:
                yield ": still here\n\n"
                silent_since = time.monotonic()
            if len(events) < _BATCH:
                await asyncio.sleep(_LOOK_SECONDS)
    finally:
        streams.leave()


async def wait_for_end(app: FastAPI, job_id: str, seconds: float) -> JobView:
    """Gives a job when it has ended, or as it is after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        view = await _read(app, lambda session: jobs.get_job(session, job_id))
        if view.is_terminal or time.monotonic() >= deadline or is_closing(app):
            return view
        await asyncio.sleep(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))


def as_text(event: EventRow) -> str:
    """Gives one event in the format of server-sent events; its `id` is what `Last-Event-ID` will say."""
    return f"id: {event.seq}\nevent: {event.type}\ndata: {event_read(event).model_dump_json()}\n\n"


def is_closing(app: FastAPI) -> bool:
    """Has the server been told to stop? Streams end then, or they would hold it up."""
    closing: threading.Event | None = getattr(app.state, "closing", None)
    return closing is not None and closing.is_set()


async def _events_after(app: FastAPI, job_id: str, after: int) -> Sequence[EventRow]:
    return await _read(app, lambda session: jobs.list_events(session, job_id, after, _BATCH))


async def _read(app: FastAPI, function: Callable[[Session], T]) -> T:
    def run() -> T:
        with app.state.reading_sessions() as session:
            return function(session)

    return await run_in_threadpool(run)
