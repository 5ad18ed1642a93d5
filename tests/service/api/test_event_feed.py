"""All who follow jobs share one look at the database, and each gets every event once and in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, sessionmaker

from service.api.event_feed import EventFeed, Follower
from service.domain.errors import JobNotFound
from service.domain.job_verbs import cancel_job
from service.domain.jobs import delete_job
from service.domain.leasing import endings, leases
from service.domain.leasing.leases import Batch
from service.store.engine import reading_session_factory
from tests.service.domain.leasing.test_leases import claim, queue_job

DEADLINE_SECONDS = 30.0


@pytest.fixture
def feed(engine: Engine) -> EventFeed:
    return EventFeed(reading_session_factory(engine))


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """Every statement that reads events."""
    found: list[str] = []

    def note(*what: object) -> None:
        if "FROM events" in str(what[2]):
            found.append(str(what[2]))

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


async def numbers_to_the_end(feed: EventFeed, job_id: str, after: int) -> list[int]:
    found: list[int] = []
    with Follower(feed, job_id, after) as follower:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                events = await follower.next_events(1.0)
                found += [event.seq for event in events]
                if any(event.type == "end" for event in events):
                    return found


async def gathered(feed: EventFeed, job_id: str, afters: list[int]) -> list[list[int]]:
    return await asyncio.gather(*(numbers_to_the_end(feed, job_id, after) for after in afters))


def test_followers_share_the_reading_and_miss_nothing_that_is_written_meanwhile(
    feed: EventFeed, sessions: sessionmaker[Session], session: Session, statements: list[str]
) -> None:
    job_id = queue_job(session)
    hold = claim(session)

    def write() -> None:
        with sessions() as other:
            for step in range(50):
                leases.record_progress(other, hold, Batch([("metric", {"step": step})] * 5), 1000)
            endings.finish_failed(other, hold, "internal", "the test ends it")

    writing = threading.Thread(target=write)
    writing.start()
    found = asyncio.run(gathered(feed, job_id, [0] * 100 + [2] * 100))
    writing.join()
    last = 2 + 250 + 2
    assert found == [list(range(1, last + 1))] * 100 + [list(range(3, last + 1))] * 100
    # The writer's thinning counts, a part of them.
    assert len([text for text in statements if "count" not in text]) < 100


def test_follower_from_before_what_is_in_memory_reads_the_rest(feed: EventFeed, session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    leases.record_progress(session, hold, Batch([("metric", {"step": 1})] * 1500), 10_000)
    endings.finish_failed(session, hold, "internal", "the test ends it")

    async def one_after_the_other() -> list[int]:
        with Follower(feed, job_id, 1400):
            return await numbers_to_the_end(feed, job_id, 0)

    assert asyncio.run(one_after_the_other()) == list(range(1, 1505))


def test_follower_of_a_deleted_job_is_told(feed: EventFeed, session: Session) -> None:
    job_id = queue_job(session)

    async def follow() -> None:
        with Follower(feed, job_id, 1) as follower:
            cancel_job(session, job_id)
            delete_job(session, job_id)
            async with asyncio.timeout(DEADLINE_SECONDS):
                while True:
                    await follower.next_events(1.0)

    with pytest.raises(JobNotFound):
        asyncio.run(follow())


def test_feed_rests_when_nobody_follows(feed: EventFeed, session: Session) -> None:
    job_id = queue_job(session)
    cancel_job(session, job_id)
    assert asyncio.run(numbers_to_the_end(feed, job_id, 0)) == [1, 2, 3]
    for thread in threading.enumerate():
        if thread.name == "event-feed":
            thread.join(DEADLINE_SECONDS)
    assert not any(thread.name == "event-feed" for thread in threading.enumerate())
