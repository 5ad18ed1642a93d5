"""A job's log while it grows: server-sent events, and the wait for its end."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from service.api.event_feed import EventFeed, Follower
from service.api.validation import STORE_TROUBLE
from service.domain import jobs
from service.domain.errors import JobNotFound, TooManyStreams
from service.domain.jobs import JobView

EVENT_STREAM = "text/event-stream"
LONGEST_WAIT_SECONDS = 60
# How soon a stream notices that the server is to stop.
_LOOK_SECONDS = 0.5
# A stream ends here, and is asked for again.
_ENDINGS: tuple[type[Exception], ...] = (JobNotFound, *STORE_TROUBLE)


class Streams:
    """How many event streams this process serves.

    Attributes:
        open: now.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.open = 0

    def enter(self) -> None:
        """Counts one more.

        Raises:
            TooManyStreams: all are taken.
        """
        if self.open >= self._most:
            raise TooManyStreams(self._most)
        self.open += 1

    def leave(self) -> None:
        """Counts one less."""
        self.open -= 1


class EventStream(StreamingResponse):
    """An answer that follows a job's log; it takes a place that is counted already, and frees it however it ends."""

    media_type = EVENT_STREAM

    def __init__(self, app: FastAPI, job_id: str, after: int) -> None:
        self._streams: Streams = app.state.streams
        self._events = stream_events(app, job_id, after)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"}
        super().__init__(self._events, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it; a client that leaves before the first byte frees its place too."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()
            self._streams.leave()


def read_job(app: FastAPI, job_id: str) -> JobView:
    """Gives a job as it is now.

    Raises:
        JobNotFound: no such job.
    """
    with app.state.reading_sessions() as session:
        return jobs.get_job(session, job_id)


async def stream_events(app: FastAPI, job_id: str, after: int) -> AsyncGenerator[str]:
    """Gives a job's events as text/event-stream, old ones first, until its `end` or the server's.

    A stream that ends before `end` is asked for again by browsers, which say what they have seen.
    """
    heartbeat: float = app.state.settings.stream_heartbeat_seconds
    silent_since = time.monotonic()
    yield "retry: 1000\n\n"
    with Follower(_feed(app), job_id, after) as follower:
        while not is_closing(app):
            try:
                events = await follower.next_events(min(_LOOK_SECONDS, heartbeat))
            except _ENDINGS:
                return
            if events:
                yield "".join(event.text for event in events)
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since >= heartbeat:
                yield ": still here\n\n"
                silent_since = time.monotonic()
            if any(event.type == "end" for event in events):
                return


async def wait_for_end(app: FastAPI, job_id: str, seconds: float) -> JobView:
    """Gives a job when it has ended, or as it is after `seconds`.

    Raises:
        JobNotFound: no such job, or it was deleted meanwhile.
    """
    deadline = time.monotonic() + seconds
    view = await run_in_threadpool(read_job, app, job_id)
    if view.is_terminal or seconds <= 0:
        return view
    with Follower(_feed(app), job_id, view.row.event_seq) as follower:
        has_ended = False
        while not has_ended and not is_closing(app) and (left := deadline - time.monotonic()) > 0:
            events = await follower.next_events(min(_LOOK_SECONDS, left))
            has_ended = any(event.type == "end" for event in events)
    return await run_in_threadpool(read_job, app, job_id)


def is_closing(app: FastAPI) -> bool:
    """Has the server been told to stop? Streams end then, or they would hold it up."""
    closing: threading.Event | None = getattr(app.state, "closing", None)
    return closing is not None and closing.is_set()


def _feed(app: FastAPI) -> EventFeed:
    feed: EventFeed = app.state.feed
    return feed
