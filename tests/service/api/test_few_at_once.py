"""Answers that cost much are made a few at once; meanwhile the server has threads for everybody else."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
from anyio import CapacityLimiter
from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts

from service.api.few_at_once import few_at_once

DEADLINE_SECONDS = 30.0
COSTLY = {
    "getDatasetRows",
    "getFormula",
    "getImportance",
    "getJobPredictions",
    "getPareto",
    "getPredictions",
    "getSuggestions",
    "testHypothesis",
}


def test_those_that_cost_much_are_these(api: Any) -> None:
    found = {
        route.operation_id for route in iter_route_contexts(api.app.routes) if hasattr(route.endpoint, "__wrapped__")
    }
    assert found == COSTLY


def test_one_too_many_waits_without_a_thread() -> None:
    app, go_on = FastAPI(), threading.Event()
    app.state.readings = CapacityLimiter(1)

    @app.get("/{number}")
    @few_at_once
    def read(number: int, request: Request) -> int:
        assert go_on.wait(DEADLINE_SECONDS)
        return number

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            asked = [asyncio.create_task(client.get(f"/{number}")) for number in (1, 2)]
            async with asyncio.timeout(DEADLINE_SECONDS):
                while app.state.readings.statistics().tasks_waiting == 0:
                    await asyncio.sleep(0)
            borrowed: int = app.state.readings.borrowed_tokens
            go_on.set()
            return [borrowed, *(answer.json() for answer in await asyncio.gather(*asked))]

    assert asyncio.run(ask()) == [1, 1, 2]
