"""Rings when a job may be waiting, so that an idle worker need not look for one all the time."""

from __future__ import annotations

import threading

from sqlalchemy import Engine

from service.log import get_logger
from service.store.notices import NoticesLost, job_notices
from service.worker.flag import Flag

# Meanwhile the worker looks by itself, as often as KAN_POLL_SECONDS says.
_AGAIN_SECONDS = 1.0

log = get_logger()


class Bell:
    """A context in which a thread listens to the database.

    Attributes:
        rung: raised when a job may have come; whoever looks for one lowers it first.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ended = Flag()
        # It listens while a job runs too: Postgres keeps what nobody fetches.
        self._thread = threading.Thread(target=self._listen, name="bell", daemon=True)
        self.rung = Flag()

    def __enter__(self) -> Bell:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                for _ in job_notices(self._engine, self._ended):
                    self.rung.set()
            except NoticesLost as error:
                log.warning("bell_lost", error=type(error.__cause__).__name__)
                self._ended.wait(_AGAIN_SECONDS)
