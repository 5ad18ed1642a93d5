"""Runs one attempt of a job: starts its process, writes down what it says, and ends the attempt one way or another."""

from __future__ import annotations

import time
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from service.domain.datasets import column_types
from service.domain.leasing import endings, leases
from service.domain.leasing.beginnings import beginning_of
from service.domain.leasing.leases import Batch, Hold, LeaseLost
from service.domain.trained_model import TrainedModel
from service.log import get_logger
from service.settings import Settings
from service.store.blobs import BlobDamaged, get_blob, write_blob
from service.store.datasets import find_dataset
from service.store.jobs import Event
from service.store.tables import JobRow
from service.worker.child import FINISH, GO_ON, HAND_OVER
from service.worker.flag import Flag
from service.worker.heartbeat import Heartbeat
from service.worker.memory import MemoryWatch, memory_limit
from service.worker.order import TrainingOrder, new_table
from service.worker.process import SpareProcess, TrainingProcess
from service.worker.rescuer import backoff_of
from service.worker.retrying import Transactions

_LISTEN_SECONDS = 0.1
# Several events share one transaction; SQLite syncs the disk for each.
_FLUSH_SECONDS = 0.25

log = get_logger()


class Attempt:
    """One attempt of one job, from the claim to whatever ends it."""

    def __init__(
        self,
        hold: Hold,
        row: JobRow,
        settings: Settings,
        transactions: tuple[Transactions, Transactions],
        stop: Flag,
    ) -> None:
        self._hold = hold
        self._row = row
        self._settings = settings
        self._writing, self._reading = transactions
        self._stop = stop
        self._events: list[Event] = []
        self._progress: dict[str, Any] | None = None
        self._flushed = 0.0

    def run(self, run_class: str, spare: SpareProcess) -> str:
        """Runs the attempt; gives the job's state after it.

        Raises:
            LeaseLost: somebody else has the job; nothing more was written.
            OSError: the machine lacks what an attempt needs, such as room in its temporary folder.
        """
        with Heartbeat(self._hold, self._settings, self._writing, self._reading) as heartbeat:
            try:
                order, table = self._reading.run(lambda session: self._order(session, run_class))
            except (BlobDamaged, LookupError) as error:
                return self._fail("bad_data", str(error))
            most = memory_limit(self._settings.job_memory_bytes)
            with spare.take() as process, MemoryWatch(process.pid, most, process.kill) as memory:
                process.begin(order, table)
                try:
                    return self._follow(process, heartbeat, order.run_seconds)
                except EOFError:
                    return self._broken(process, memory)

    def _order(self, session: Session, run_class: str) -> tuple[TrainingOrder, BinaryIO]:
        dataset = find_dataset(session, self._row.dataset_id) if self._row.dataset_id else None
        if dataset is None:
            raise LookupError("the data set is gone")
        checkpoint, resolved = self._row.checkpoint_sha256, self._row.resolved or {}
        table = new_table()
        write_blob(session, dataset.blob_sha256, table)
        # A full disk shows here at the latest, before the process is told of a job.
        table.flush()
        order = TrainingOrder(
            run_class=run_class,
            resolved=resolved,
            column_types=column_types(dataset),
            checkpoint=get_blob(session, checkpoint) if checkpoint else None,
            checkpoint_seconds=self._settings.checkpoint_seconds,
            threads=self._settings.threads,
            run_seconds=float((self._row.checkpoint_info or {}).get("run_seconds", 0.0)),
            beginning=beginning_of(session, resolved),
        )
        return order, table

    def _follow(self, process: TrainingProcess, heartbeat: Heartbeat, run_seconds: float) -> str:
        """Listens until the attempt is over.

        Raises:
            EOFError: the process ended without a last word.
        """
        clock = _Deadlines(self._settings, self._row.max_runtime_s - run_seconds)
        while True:
            for message in process.messages(_LISTEN_SECONDS):
                clock.heard()
                ended = self._take(message)
                if ended is not None:
                    return ended
            if heartbeat.is_lost:
                raise LeaseLost(self._hold.job_id)
            if heartbeat.status == "cancelling":
                return self._writing.run(lambda session: endings.finish_stopped(session, self._hold))
            ended = self._mind(clock, process, heartbeat.status == "pausing")
            if ended is not None:
                return ended
            self._flush_if_due()

    def _broken(self, process: TrainingProcess, memory: MemoryWatch) -> str:
        if not memory.is_exceeded:
            return self._lose("worker_lost", process.ending())
        # Another attempt would take as much.
        message = f"the training took more than the {memory.max_bytes:,} bytes of memory of KAN_JOB_MEMORY_BYTES"
        return self._fail("out_of_memory", message)

    def _mind(self, clock: _Deadlines, process: TrainingProcess, is_pausing: bool) -> str | None:
        """Keeps the deadlines: shutdown or pause, the job's run time, a process that says nothing any more."""
        if is_pausing or self._stop.is_set():
            if clock.ask(HAND_OVER):
                process.say(HAND_OVER)
            elif clock.is_unanswered():
                return self._hand_over()
        elif clock.take_back(HAND_OVER):
            # A pause was taken back. A process that has answered already is handed over: to the queue, then.
            process.say(GO_ON)
        elif clock.is_runtime_over():
            if clock.ask(FINISH):
                process.say(FINISH)
            elif clock.is_stalled():
                silence = f"{self._settings.stall_seconds:g} seconds"
                return self._fail("max_runtime", f"max_runtime_s passed, and {silence} later there was no network yet")
        if clock.is_stalled():
            return self._lose("worker_lost", f"no sign of life for {self._settings.stall_seconds:g} seconds")
        return None

    def _take(self, message: tuple[Any, ...]) -> str | None:
        """Writes one message down; gives the job's state where the message ends the attempt."""
        kind, *parts = message
        if kind == "update":
            self._note(*parts)
        elif kind == "checkpoint":
            self._flush()
            self._writing.run(lambda session: leases.record_checkpoint(session, self._hold, *parts))
        elif kind == "result":
            self._flush()
            trained = TrainedModel(**parts[0])
            return self._writing.run(lambda session: endings.finish_with_model(session, self._hold, trained, parts[1]))
        elif kind == "answer":
            self._flush()
            answer, reason = parts
            return self._writing.run(lambda session: endings.finish_with_answer(session, self._hold, answer, reason))
        elif kind == "failed":
            return self._fail(parts[0], parts[1])
        elif kind == "stopped":
            return self._hand_over()
        return None

    def _note(self, kind: str, data: dict[str, Any], progress: dict[str, Any]) -> None:
        self._events.append((kind, data))
        self._progress = progress
        if kind != "metric":
            self._flush()

    def _flush_if_due(self) -> None:
        if self._events and time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        if not self._events and self._progress is None:
            return
        batch, most = Batch(self._events, self._progress), self._settings.max_metric_points
        self._writing.run(lambda session: leases.record_progress(session, self._hold, batch, most))
        self._events, self._progress, self._flushed = [], None, time.monotonic()

    def _hand_over(self) -> str:
        self._flush()
        return self._writing.run(lambda session: endings.hand_over(session, self._hold))

    def _fail(self, reason: str, message: str) -> str:
        self._flush()
        return self._writing.run(lambda session: endings.finish_failed(session, self._hold, reason, message))

    def _lose(self, reason: str, message: str) -> str:
        self._flush()
        log.warning("attempt_lost", job_id=self._hold.job_id, reason=reason, message=message)
        backoff = backoff_of(self._settings)
        return self._writing.run(lambda session: endings.lose_attempt(session, self._hold, reason, message, backoff))


class _Deadlines:
    """When the process has been silent, asked or running for too long."""

    def __init__(self, settings: Settings, runtime_left: float) -> None:
        self._settings = settings
        now = time.monotonic()
        self._runtime_end = now + runtime_left
        self._last_heard = now
        self._asked: dict[str, float] = {}

    def heard(self) -> None:
        self._last_heard = time.monotonic()

    def ask(self, word: str) -> bool:
        """Notes that a word is sent; False where it was sent before."""
        if word in self._asked:
            return False
        # What is asked for takes its time: the best network is scored on all rows before anything is heard again.
        self._asked[word] = self._last_heard = time.monotonic()
        return True

    def take_back(self, word: str) -> bool:
        """Forgets what was asked for, if this word was; says whether it was."""
        if word not in self._asked:
            return False
        # Each word that is sent stands in for the one before it.
        self._asked.clear()
        return True

    def is_unanswered(self) -> bool:
        """Has a stop or a pause waited for longer than it may?"""
        return time.monotonic() - max(self._asked.values()) > self._settings.shutdown_seconds

    def is_runtime_over(self) -> bool:
        return time.monotonic() > self._runtime_end

    def is_stalled(self) -> bool:
        return time.monotonic() - self._last_heard > self._settings.stall_seconds
