"""A spare training process is ready before there is an order, and is replaced when it is taken or dies."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from typing import Any

import pytest

from service.worker.child import HAND_OVER
from service.worker.flag import Flag
from service.worker.order import TrainingOrder, new_table
from service.worker.process import SpareProcess, TrainingProcess, warm_up
from tests.service.worker.conftest import FAKE_RUN

DEADLINE_SECONDS = 60.0


@pytest.fixture
def rung() -> Iterator[Flag]:
    rung = Flag()
    yield rung
    rung.close()


@pytest.fixture
def spare(rung: Flag) -> Iterator[SpareProcess]:
    warm_up(FAKE_RUN)
    with SpareProcess(rung.set) as spare:
        yield spare
        # One that is still starting would end in the middle of the next test.
        wait_until_ready(spare, rung)


def wait_until_ready(spare: SpareProcess, rung: Flag) -> None:
    while not spare.is_ready():
        assert rung.wait(DEADLINE_SECONDS)
        rung.clear()


def order(**resolved: object) -> TrainingOrder:
    return TrainingOrder(FAKE_RUN, resolved, {}, None, 600.0, 1, 0.0)


def all_messages(process: TrainingProcess) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    try:
        while True:
            found += process.messages(DEADLINE_SECONDS)
    except EOFError:
        return found


def messages(process: TrainingProcess) -> list[str]:
    return [message[0] for message in all_messages(process)]


def test_taken_process_trains_and_the_next_one_gets_ready(spare: SpareProcess, rung: Flag) -> None:
    for _ in range(2):
        wait_until_ready(spare, rung)
        with spare.take() as process:
            process.begin(order(steps=1), new_table())
            assert messages(process) == ["update", "checkpoint", "result"]


def test_stage_that_ends_as_the_job_is_handed_over_leaves_its_network(spare: SpareProcess, rung: Flag) -> None:
    wait_until_ready(spare, rung)
    with spare.take() as process:
        # Each step is a stage.
        process.begin(order(steps=1000, stage_steps=1, step_seconds=0.02), new_table())
        process.say(HAND_OVER)
        *_, (kind, _, _, moment), last = all_messages(process)
    assert (kind, last) == ("checkpoint", ("stopped",))
    assert moment.stage_ended


def test_process_killed_at_work_says_so(spare: SpareProcess, rung: Flag) -> None:
    wait_until_ready(spare, rung)
    with spare.take() as process:
        process.begin(order(steps=1, kill_at=0), new_table())
        assert messages(process) == []
        assert "killed by signal 9, as the kernel does when memory runs out" in process.ending()


def test_spare_process_that_was_killed_is_replaced(spare: SpareProcess, rung: Flag) -> None:
    wait_until_ready(spare, rung)
    for waiting in multiprocessing.active_children():
        waiting.kill()
        waiting.join(DEADLINE_SECONDS)
    assert not spare.is_ready()
    wait_until_ready(spare, rung)
    with spare.take() as process:
        process.begin(order(steps=1), new_table())
        assert messages(process)[-1] == "result"
