"""The life of a worker: claim a job, run it, again; until it is told to stop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.domain.ids import new_id
from service.domain.leasing.claims import claim_next_job, give_back
from service.domain.leasing.endings import hand_over, lose_attempt
from service.domain.leasing.leases import Hold, LeaseLost
from service.domain.leasing.placement import taker
from service.log import get_logger
from service.settings import Settings
from service.store.blobs import with_blobs
from service.store.engine import make_engine, reading_session_factory, session_factory
from service.store.jobs import next_job_due
from service.store.tables import JobRow
from service.telemetry import spans_to
from service.worker.bell import Bell
from service.worker.devices import CPU
from service.worker.flag import Flag
from service.worker.job_trace import traced_job
from service.worker.presence import Presence
from service.worker.process import SpareProcess, warm_up
from service.worker.rescuer import Rescuer, backoff_of
from service.worker.retrying import Transactions, is_passing
from service.worker.runner import Attempt
from service.worker.temporary import take_temporary_folder

# By the kind of the job.
RUN_CLASSES = {
    "train": "service.domain.training:TrainingRun",
    "edit": "service.domain.training:TrainingRun",
    "compare": "service.domain.comparing:ComparisonRun",
    "predict": "service.domain.predict_jobs.run:PredictionRun",
}

log = get_logger()


class Worker:
    """One worker process: one job at a time, on one device."""

    def __init__(
        self, settings: Settings, *, worker_id: str | None = None, device: str = CPU, run_class: str | None = None
    ) -> None:
        self.worker_id = worker_id or new_id("wk")
        self._device = device
        self._settings = settings
        self._run_class = run_class
        self._engine = with_blobs(make_engine(settings.database_url, settings.lease_seconds), settings.blobs)
        retry = settings.database_retry_seconds
        self._writing = Transactions(session_factory(self._engine), retry)
        self._reading = Transactions(reading_session_factory(self._engine), retry)
        self._stop = Flag()
        self._presence = Presence(self.worker_id, device, self._writing)
        # May the database say that it holds a job, though it runs none?
        self._may_hold = False
        self._bell = Bell(self._engine)
        self._spans = spans_to(settings.otlp_endpoint)
        self._rest_seconds = settings.poll_seconds

    def stop(self) -> None:
        """Asks the worker to hand its job over and end; for signal handlers, any number of times."""
        self._stop.set()

    def stop_or_end(self) -> None:
        """Asks the same, and a second time ends the worker: its training ends with it, its lease gives the job back."""
        if self._stop.is_set():
            os._exit(1)
        self._stop.set()

    def run(self) -> None:
        """Works until `stop`; gives its job back and signs off at the end."""
        take_temporary_folder()
        warm_up(self._run_class)
        self._survive(self._presence.sign_on)
        log.info("worker_started", worker_id=self.worker_id, device=self._device)
        staying = threading.Thread(target=self._stay_present, name="presence", daemon=True)
        staying.start()
        rescuer = Rescuer(self._settings, self._writing, self._reading)
        with rescuer, self._bell, SpareProcess(self._bell.rung.set) as spare:
            while not self._stop.is_set():
                self._bell.rung.clear()
                if not self._survive(lambda: self._work_once(spare)):
                    wait([self._stop.fileno(), self._bell.rung.fileno()], self._rest_seconds)
        staying.join()
        self._survive(self._presence.sign_off)
        self._engine.dispose()
        if self._spans is not None:
            self._spans.close()
        log.info("worker_stopped", worker_id=self.worker_id)

    def _work_once(self, spare: SpareProcess) -> bool:
        """Claims and runs a job; says whether there was one and a process to run it."""
        self._rest_seconds = self._settings.poll_seconds
        if not spare.is_ready():
            return False
        self._presence.note_ready()
        if not (self._may_hold or self._reading.run(self._is_job_due)):
            return False
        # Until it is known what came of it: the database may go away in the middle.
        self._may_hold = True
        claim = self._writing.run(self._claim)
        if claim is not None:
            self._run_job(*claim, spare)
        self._may_hold = False
        return claim is not None

    def _claim(self, session: Session) -> tuple[Hold, JobRow] | None:
        give_back(session, self.worker_id)
        settings = self._settings
        return claim_next_job(
            session, self.worker_id, settings.lease_seconds, self._device, settings.backoff_max_seconds
        )

    def _is_job_due(self, session: Session) -> bool:
        settings = self._settings
        asking = taker(session, self.worker_id, self._device, settings.lease_seconds, settings.backoff_max_seconds)
        due = next_job_due(session, asking)
        if due is None:
            return False
        left = (due - asking.now).total_seconds()
        if left > 0:
            # To the moment: a job that rests between two attempts rings no bell when it may go on.
            self._rest_seconds = min(self._rest_seconds, left)
        return left <= 0

    def _run_job(self, hold: Hold, row: JobRow, spare: SpareProcess) -> None:
        with traced_job(self._spans, row, self.worker_id) as end:
            end(self._run_traced_job(hold, row, spare))

    def _run_traced_job(self, hold: Hold, row: JobRow, spare: SpareProcess) -> str:
        """Gives the job's state afterwards; "lost" where somebody else has it."""
        started = time.monotonic()
        self._presence.job_id = hold.job_id
        log.info("job_claimed", worker_id=self.worker_id, attempt=row.attempt)
        try:
            status = self._attempt(hold, row, spare)
        except LeaseLost:
            log.warning("lease_lost", worker_id=self.worker_id)
            return "lost"
        except Exception as error:  # the job edge: a defect of ours ends this attempt, not the worker
            if is_passing(error):
                # The database is away: nothing can be written, and the job is given back later.
                raise
            log.exception("attempt_broke")
            status = self._writing.run(lambda session: self._lose(session, hold))
        finally:
            # At once, for others leave to a free worker what suits it better.
            self._survive(self._presence.note_free)
        log.info("job_left", status=status, seconds=round(time.monotonic() - started, 3))
        return status

    def _attempt(self, hold: Hold, row: JobRow, spare: SpareProcess) -> str:
        """Runs an attempt; one that a full disk or a locked database broke does not count."""
        try:
            attempt = Attempt(hold, row, self._settings, (self._writing, self._reading), self._stop)
            return attempt.run(self._run_class or RUN_CLASSES[row.kind], spare)
        except OSError as error:
            log.error("machine_trouble", error=str(error))
        except SQLAlchemyError as error:
            if not is_passing(error):
                raise
            log.error("database_trouble", error=type(error).__name__)
        rest = backoff_of(self._settings).after(row.attempt)
        return self._writing.run(lambda session: hand_over(session, hold, rest))

    def _lose(self, session: Session, hold: Hold) -> str:
        message = "the worker broke; its log has the details"
        return lose_attempt(session, hold, "internal", message, backoff_of(self._settings))

    def _survive(self, function: Callable[[], object]) -> bool:
        """Gives whether `function` did something; a database that stays away must not end the worker."""
        try:
            return bool(function())
        except SQLAlchemyError as error:
            log.error("database_trouble", worker_id=self.worker_id, error=type(error).__name__)
        except Exception:
            # The loop edge: one bad job must not stop the queue.
            log.exception("worker_trouble", worker_id=self.worker_id)
        return False

    def _stay_present(self) -> None:
        while not self._stop.wait(self._settings.heartbeat_seconds):
            self._survive(self._presence.touch)
