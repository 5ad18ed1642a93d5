"""Everything at once against a real server: predictions, uploads, trainings, event streams, pictures, deletes."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

LAW = {"name": "pendulum", "expression": "2*pi*sqrt(length/9.81)", "ranges": {"length": [0.1, 2.0]}}
VERSION = "/v1/models/pendulum/versions/1"
ROWS = {"rows": [[0.1 + 0.01 * number] for number in range(64)]}
TENSOR = {"name": "x", "shape": [2, 1], "datatype": "FP64", "data": [0.5, 1.5]}
# What answers the same for ever.
IMMUTABLE = (f"{VERSION}/activations", f"{VERSION}/plot.svg", f"{VERSION}/formula", f"{VERSION}/predict?length=1.25")
LISTS = ("/v1/models", "/v1/jobs?limit=5", "/v1/datasets?limit=5", "/v1/workers", "/readyz")
# Connections that do each, of 64.
SHARES = {"predict": 28, "infer": 8, "read": 8, "list": 6, "upload": 8, "train": 3, "follow": 3}
SAMPLE_SECONDS, IDLE_SECONDS = 0.5, 2.0

Action = Callable[["Load", int], Awaitable[None]]


class Refused(AssertionError):
    """An answer that should not have come."""


@dataclass
class Figures:
    """What a run came to.

    Attributes:
        done: how often each action ended well.
        seconds: how long each request of an action took.
        errors: what went wrong, with its number.
        memory: (seconds since the start, bytes of the API process).
    """

    done: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)

    def memory_growth(self, settled_seconds: float) -> float:
        """Gives by which share the memory grew from the moment when everything was warm to the end."""
        before = [size for at, size in self.memory if settled_seconds <= at < 1.2 * settled_seconds]
        after = [size for _, size in self.memory[-max(len(before), 1) :]]
        return statistics.median(after) / statistics.median(before) - 1

    def lines(self) -> list[str]:
        """Gives a line for each action: how many, median and 99th percentile in milliseconds."""
        found = [f"ended well: {dict(self.done)}"]
        for action, taken in sorted(self.seconds.items()):
            taken = sorted(taken)
            p50, p99 = (1000 * taken[int(share * (len(taken) - 1))] for share in (0.5, 0.99))
            found.append(f"{action}: {len(taken)} requests, p50 {p50:.1f} ms, p99 {p99:.0f} ms")
        first, last = self.memory[0][1] / 1e6, self.memory[-1][1] / 1e6
        return [*found, f"memory {first:.0f} -> {last:.0f} MB", f"errors {dict(self.errors)}"]


class Load:
    """One run of all actions for some seconds, on 64 connections."""

    def __init__(self, url: str, process: psutil.Process, seconds: float) -> None:
        self.figures = Figures()
        self._url, self._process, self._seconds = url, process, seconds
        self._first: dict[str, bytes] = {}
        self._started = 0.0

    def run(self) -> Figures:
        """Runs it all and gives the figures."""
        asyncio.run(self._run())
        return self.figures

    async def _run(self) -> None:
        connections = sum(SHARES.values())
        # Idle connections end before the server ends them, which is after five seconds: a request must not cross that.
        limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE_SECONDS
        )
        async with httpx.AsyncClient(base_url=self._url, timeout=60.0, limits=limits) as self._http:
            await self.ask("make", "POST", "/v1/models", 201, json=LAW)
            self._started = time.monotonic()
            actions = [_ACTIONS[name] for name, count in SHARES.items() for _ in range(count)]
            await asyncio.gather(self._watch(), *(self._repeat(action, place) for place, action in enumerate(actions)))

    @property
    def is_over(self) -> bool:
        """Has the time passed?"""
        return time.monotonic() - self._started >= self._seconds

    async def _watch(self) -> None:
        while not self.is_over:
            self.figures.memory.append((time.monotonic() - self._started, self._process.memory_info().rss))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _repeat(self, action: Action, place: int) -> None:
        name = action.__name__
        while not self.is_over:
            try:
                await action(self, place)
                self.figures.done[name] += 1
            except (Refused, httpx.HTTPError) as error:
                self.figures.errors[f"{name}: {type(error).__name__}: {error}"[:300]] += 1

    async def ask(self, name: str, method: str, path: str, *statuses: int, **options: Any) -> httpx.Response:
        """Sends one request and refuses any other status than these."""
        began = time.monotonic()
        answer = await self._http.request(method, path, **options)
        self.figures.seconds[name].append(time.monotonic() - began)
        if answer.status_code not in statuses:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def check_same(self, what: str, content: bytes) -> None:
        """Refuses an answer that is another one than the first."""
        if self._first.setdefault(what, content) != content:
            raise Refused(f"{what}: another answer than before")

    async def follow(self, job: str) -> None:
        """Reads a job's events until its end."""
        path, last = f"/v1/jobs/{job}/events", ""
        async with self._http.stream("GET", path, headers={"Accept": "text/event-stream"}) as answer:
            if answer.status_code != 200:
                raise Refused(f"GET {path}: {answer.status_code}")
            async for line in answer.aiter_lines():
                last = line if line.startswith("event:") else last
        if last != "event: end":
            raise Refused(f"{path}: ended with {last!r}")


async def predict(load: Load, _: int) -> None:
    answer = await load.ask("predict", "POST", f"{VERSION}/predict", 200, json=ROWS)
    load.check_same("predict", answer.content)


async def infer(load: Load, _: int) -> None:
    answer = await load.ask("infer", "POST", "/v2/models/pendulum/infer", 200, json={"inputs": [TENSOR]})
    load.check_same("infer", answer.content)


async def read(load: Load, place: int) -> None:
    path = IMMUTABLE[place % len(IMMUTABLE)]
    answer = await load.ask("read", "GET", path, 200)
    load.check_same(path, answer.content)
    await load.ask("read", "GET", path, 304, headers={"If-None-Match": answer.headers["etag"]})


async def list_things(load: Load, place: int) -> None:
    await load.ask("list", "GET", LISTS[place % len(LISTS)], 200)


async def upload(load: Load, place: int) -> None:
    table = "a,b,y\n" + "".join(f"{row},{place + row % 7},{row * 0.5 + place}\n" for row in range(200))
    headers = {"Content-Type": "text/csv"}
    made = await load.ask("upload", "POST", f"/v1/datasets?name=t{place}", 201, content=table, headers=headers)
    path = made.headers["location"]
    rows = await load.ask("upload", "GET", f"{path}/rows", 200, headers={"Accept": "text/csv"})
    load.check_same(f"rows{place}", rows.content)
    await load.ask("upload", "DELETE", path, 204)


async def train(load: Load, place: int) -> None:
    """From a table to a prediction, and everything deleted again."""
    spec = {"name": f"s{place}", "generator": {"expression": "x*x", "ranges": {"x": [-1, 1]}, "rows": 60}}
    dataset = (await load.ask("train", "POST", "/v1/datasets", 201, json=spec)).json()["id"]
    recipe = [{"stage": "fit", "steps": 5}]
    job = {"dataset": dataset, "targets": ["y"], "model": f"m{place}", "recipe": recipe, "network": {"hidden": [1]}}
    path = (await load.ask("train", "POST", "/v1/jobs", 202, json=job)).headers["location"]
    await load.follow(path.rpartition("/")[2])
    result = (await load.ask("train", "GET", path, 200)).json()
    if result["status"] != "succeeded":
        raise Refused(f"{path}: {result['status']} {result['error']}")
    version = f"/v1/models/m{place}/versions/{result['result']['version']}"
    answer = await load.ask("train", "POST", f"{version}/predict", 200, json={"rows": [[0.5]]})
    load.check_same(f"trained{place}", repr(answer.json()["predictions"]).encode())
    await load.ask("train", "DELETE", version, 204)
    await load.ask("train", "DELETE", path, 204)
    await load.ask("train", "DELETE", f"/v1/datasets/{dataset}", 204)


async def follow(load: Load, place: int) -> None:
    """A job that is cancelled while it is followed, unless a worker was faster."""
    spec = {"name": f"f{place}", "generator": {"expression": "x", "ranges": {"x": [0, 1]}, "rows": 40}}
    dataset = (await load.ask("follow", "POST", "/v1/datasets", 201, json=spec)).json()["id"]
    job = {"dataset": dataset, "targets": ["y"], "model": f"f{place}", "priority": -1000}
    path = (await load.ask("follow", "POST", "/v1/jobs", 202, json=job)).headers["location"]
    following = asyncio.create_task(load.follow(path.rpartition("/")[2]))
    await load.ask("follow", "POST", f"{path}/cancel", 202, 409)
    await following
    await load.ask("follow", "DELETE", path, 204)
    await load.ask("follow", "DELETE", f"/v1/models/f{place}", 204, 404)
    await load.ask("follow", "DELETE", f"/v1/datasets/{dataset}", 204)


_ACTIONS: dict[str, Action] = {
    "predict": predict,
    "infer": infer,
    "read": read,
    "list": list_things,
    "upload": upload,
    "train": train,
    "follow": follow,
}
