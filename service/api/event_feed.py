"""One look at the database for all who follow jobs: new events are read once and handed to each follower."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from service.api.schemas.job_events import event_read
from service.domain import jobs
from service.domain.errors import JobNotFound
from service.domain.job_news import News, list_news
from service.log import get_logger
from service.store.tables import EventRow

_LOOK_SECONDS = 0.25
_BATCH = 500

log = get_logger()


@dataclass(frozen=True)
class FeedEvent:
    """An event as text/event-stream, written once for all who follow the job."""

    seq: int
    type: str
    text: str


@dataclass(eq=False)
class _Log:
    """The end of one job's log: its events above the number `start`.

    Attributes:
        seen: up to which number the database was asked.
        is_gone: was the job deleted?
    """

    start: int
    seen: int
    events: deque[FeedEvent] = field(default_factory=deque)
    followers: set[Follower] = field(default_factory=set)
    is_gone: bool = False


class EventFeed:
    """Any number of followers costs one query every quarter of a second, and one more for each job with news.

    A thread asks while there are followers: event loops come and go, and the database's driver blocks.
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._logs: dict[str, _Log] = {}
        self._thread: threading.Thread | None = None

    def enter(self, follower: Follower) -> None:
        """Begins to look for what comes after the follower's number."""
        with self._lock:
            found = self._logs.setdefault(follower.job_id, _Log(follower.after, follower.after))
            found.followers.add(follower)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="event-feed", daemon=True)
                self._thread.start()

    def leave(self, follower: Follower) -> None:
        """Ends it; a job that nobody follows is forgotten."""
        with self._lock:
            found = self._logs[follower.job_id]
            found.followers.discard(follower)
            if not found.followers:
                del self._logs[follower.job_id]

    def recent(self, job_id: str, after: int) -> Sequence[FeedEvent] | None:
        """Gives the events above a number that are in memory, None where older ones are asked for.

        Raises:
            JobNotFound: the job was deleted.
        """
        with self._lock:
            found = self._logs[job_id]
            if found.is_gone:
                raise JobNotFound(job_id)
            return None if after < found.start else [event for event in found.events if event.seq > after]

    def older(self, job_id: str, after: int) -> Sequence[FeedEvent]:
        """Gives the next events above a number from the database.

        Raises:
            JobNotFound: no such job.
        """
        with self._sessions() as session:
            return [_written(row) for row in jobs.list_events(session, job_id, after, _BATCH)]

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            with self._lock:
                if not self._logs:
                    self._thread = None
                    return
                seen = {job_id: found.seen for job_id, found in self._logs.items()}
            try:
                with self._sessions() as session:
                    news = list_news(session, seen, _BATCH)
                self._tell(seen, news)
            except SQLAlchemyError as error:
                # What followers miss meanwhile comes when the database is back.
                log.warning("event_feed_failed", error=type(error).__name__)
            except Exception:
                # The loop edge: without the thread everybody would wait for ever.
                log.exception("event_feed_trouble")
            pause.wait(_LOOK_SECONDS)

    def _tell(self, seen: dict[str, int], news: dict[str, News | None]) -> None:
        for job_id, new in news.items():
            events = [_written(row) for row in new.events] if new else []
            with self._lock:
                found = self._logs.get(job_id)
                # It may have been left, and followed from another number on, while the database was asked.
                if found is None or found.seen != seen[job_id]:
                    continue
                found.seen, found.is_gone = new.seen if new else found.seen, new is None
                found.events.extend(events)
                while len(found.events) > 2 * _BATCH:
                    found.start = found.events.popleft().seq
                for follower in found.followers:
                    follower.wake()


class Follower:
    """A context in which somebody follows a job from a number on, within one event loop."""

    def __init__(self, feed: EventFeed, job_id: str, after: int) -> None:
        self.job_id = job_id
        self.after = after
        self._feed = feed
        self._fresh = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> Self:
        self._feed.enter(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.leave(self)

    def wake(self) -> None:
        """Says that there is news; called from the feed's thread."""
        # A loop that has just been closed has nobody to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._fresh.set)

    async def next_events(self, seconds: float) -> Sequence[FeedEvent]:
        """Gives the next events, each once and in order; none where none has come within `seconds`.

        Raises:
            JobNotFound: the job was deleted.
        """
        events = await self._take()
        if not events:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._fresh.wait(), seconds)
            events = await self._take()
        return events

    async def _take(self) -> Sequence[FeedEvent]:
        # Before the look, so that what comes during it is not slept over.
        self._fresh.clear()
        events = self._feed.recent(self.job_id, self.after)
        if events is None:
            events = await run_in_threadpool(self._feed.older, self.job_id, self.after)
        if events:
            self.after = events[-1].seq
        return events


def _written(row: EventRow) -> FeedEvent:
    """Writes one event; its `id` is what `Last-Event-ID` will say."""
    text = f"id: {row.seq}\nevent: {row.type}\ndata: {event_read(row).model_dump_json()}\n\n"
    return FeedEvent(row.seq, row.type, text)
