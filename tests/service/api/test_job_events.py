"""Streams go on where they were left, over restarts and thinned logs; places are counted, and freed however it ends."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from service.api.job_events import stream_events
from service.domain.job_verbs import cancel_job
from service.domain.leasing import endings, leases
from service.domain.leasing.leases import Batch
from service.settings import Settings
from tests.service.domain.leasing.test_leases import claim, queue_job

if TYPE_CHECKING:
    from tests.service.conftest import Api

STREAM = {"Accept": "text/event-stream"}


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"^id: (\d+)$", text, re.MULTILINE)]


def fail_soon(api: Api, session: Session) -> threading.Thread:
    """Ends the job that is claimed by then, a moment after somebody follows it."""
    hold = claim(session)

    def end() -> None:
        pause, deadline = threading.Event(), time.monotonic() + 60
        while not api.app.state.feed._logs and time.monotonic() < deadline:
            pause.wait(0.01)
        pause.wait(0.3)
        endings.finish_failed(session, hold, "internal", "the test ends it")

    thread = threading.Thread(target=end)
    thread.start()
    return thread


async def leave(app: FastAPI, path: str) -> list[dict[str, Any]]:
    """Asks for a stream and is gone before the answer."""
    sent: list[dict[str, Any]] = []
    came = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return came.pop() if came else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"accept", b"text/event-stream")]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    async with asyncio.timeout(30.0):
        await app({**scope, "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1"}, receive, send)
    return sent


def test_stream_tells_the_log_and_closes_after_the_end(api: Api, session: Session) -> None:
    where = f"/v1/jobs/{queue_job(session)}/events"
    ending = fail_soon(api, session)
    text = api.get(where, headers=STREAM).text
    ending.join()
    log = api.get(where).json()["data"]
    assert numbers(text) == [event["seq"] for event in log] == [1, 2, 3, 4]
    assert log[-1]["type"] == "end"
    for query, headers in (("", {"Last-Event-ID": "3"}), ("?after=3", {})):
        rest = api.get(where + query, headers={**STREAM, **headers}).text
        assert re.findall(r"^event: (\w+)$", rest, re.MULTILINE) == ["end"]


def test_browser_that_has_seen_the_end_is_told_not_to_ask_again(api: Api, session: Session) -> None:
    job_id = queue_job(session)
    cancel_job(session, job_id)
    assert api.get(f"/v1/jobs/{job_id}/events", headers={**STREAM, "Last-Event-ID": "3"}).status_code == 204


def test_number_that_never_was_goes_on_with_what_comes(api: Api, session: Session) -> None:
    job_id = queue_job(session)
    ending = fail_soon(api, session)
    text = api.get(f"/v1/jobs/{job_id}/events?after=1000000", headers=STREAM).text
    ending.join()
    assert numbers(text) == [3, 4]


def test_stream_goes_on_in_another_process_without_gap_or_double(
    api_of: Callable[[Settings], Api], settings: Settings, session: Session
) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    leases.record_progress(session, hold, Batch([("metric", {"step": step}) for step in range(30)]), 1000)

    async def read(app: FastAPI, after: int, until: int) -> list[int]:
        found: list[int] = []
        async with aclosing(stream_events(app, job_id, after)) as stream:
            async for text in stream:
                found += numbers(text)
                if found and found[-1] >= until:
                    break
        return found

    before = asyncio.run(read(api_of(settings).app, 0, 32))
    leases.record_progress(session, hold, Batch([("metric", {"step": step}) for step in range(30, 60)]), 1000)
    endings.finish_failed(session, hold, "internal", "the test ends it")
    after = asyncio.run(read(api_of(settings).app, before[-1], 64))
    assert before + after == list(range(1, 65))


def test_stream_goes_on_over_numbers_that_were_thinned_out(api: Api, session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    for step in range(100):
        leases.record_progress(session, hold, Batch([("metric", {"step": step})]), 10)
    endings.finish_failed(session, hold, "internal", "the test ends it")
    where = f"/v1/jobs/{job_id}/events"
    kept = [event["seq"] for event in api.get(where).json()["data"]]
    assert len(kept) < 20
    for after in (0, 5, 50, kept[-3]):
        text = api.get(f"{where}?after={after}", headers=STREAM).text
        assert numbers(text) == [number for number in kept if number > after]


def test_silent_stream_says_that_it_is_there(
    api_of: Callable[[Settings], Api], settings: Settings, session: Session
) -> None:
    api = api_of(settings.model_copy(update={"stream_heartbeat_seconds": 0.05}))
    job_id = queue_job(session)
    ending = fail_soon(api, session)
    text = api.get(f"/v1/jobs/{job_id}/events", headers=STREAM).text
    ending.join()
    assert ": still here\n\n" in text


def test_stream_ends_with_the_server(api: Api, session: Session) -> None:
    job_id = queue_job(session)
    api.app.state.closing = threading.Event()
    closing = threading.Timer(0.3, api.app.state.closing.set)
    closing.start()
    text = api.get(f"/v1/jobs/{job_id}/events", headers=STREAM).text
    closing.join()
    assert "event: end" not in text


def test_stream_beyond_the_cap_is_503_and_places_are_free_again(
    api_of: Callable[[Settings], Api], settings: Settings, session: Session
) -> None:
    api = api_of(settings.model_copy(update={"max_streams": 1}))
    job_id = queue_job(session)
    api.app.state.streams.enter()
    refused = api.get(f"/v1/jobs/{job_id}/events", headers=STREAM)
    assert (refused.status_code, refused.json()["type"]) == (503, "/errors#too-many-streams")
    assert int(refused.headers["Retry-After"]) > 0
    api.app.state.streams.leave()
    for _ in range(3):
        asyncio.run(leave(api.app, f"/v1/jobs/{job_id}/events"))
    cancel_job(session, job_id)
    assert numbers(api.get(f"/v1/jobs/{job_id}/events", headers=STREAM).text) == [1, 2, 3]


@pytest.mark.parametrize("path", ["/v1/jobs/job_x", "/v1/jobs/job_x/events"])
def test_unknown_job_is_404_whatever_is_waited_for(api: Api, path: str) -> None:
    assert api.get(path, headers={**STREAM, "Prefer": "wait=30"}).status_code == 404
