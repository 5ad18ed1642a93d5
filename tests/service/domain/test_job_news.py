"""What is new in several logs at once, on both databases."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.domain.job_news import list_news
from service.domain.job_verbs import cancel_job, pause_job, resume_job
from service.domain.jobs import delete_job
from tests.service.domain.leasing.test_leases import queue_job


def test_only_jobs_with_news_are_told_each_event_once(session: Session) -> None:
    quiet, paused = queue_job(session), queue_job(session)
    pause_job(session, paused)
    news = list_news(session, {quiet: 1, paused: 1}, 100)
    assert set(news) == {paused}
    first = news[paused]
    assert first is not None
    assert ([event.seq for event in first.events], first.seen) == ([2], 2)
    assert list_news(session, {paused: first.seen}, 100) == {}


def test_many_events_come_in_parts(session: Session) -> None:
    job_id = queue_job(session)
    for _ in range(2):
        pause_job(session, job_id)
        resume_job(session, job_id)
    seen, numbers = 0, []
    while (news := list_news(session, {job_id: seen}, 2).get(job_id)) is not None:
        numbers += [event.seq for event in news.events]
        seen = news.seen
    assert numbers == [1, 2, 3, 4, 5]


def test_deleted_job_is_told_to_be_gone(session: Session) -> None:
    job_id = queue_job(session)
    cancel_job(session, job_id)
    delete_job(session, job_id)
    assert list_news(session, {job_id: 3}, 100) == {job_id: None}
